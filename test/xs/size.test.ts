import { XsEngine } from "../../sim/engine/xs.js";
import { firmwareFlash, smallestRam, survives } from "../../sim/engine/xs-size.js";
import { Status } from "../../sim/host/table.js";
import { ramProfile } from "../../sim/xs/profiles.js";
import * as assert from "../assert.js";
import { fixture, needsXs, rig } from "./support.js";

describe("xs: how little RAM firmware needs", () => {
	const host = needsXs();
	const { load } = rig(host);
	const board = { call: () => Uint8Array.of(Status.ok) };

	it("smallest RAM: survives there, and one step below it does not", async () => {
		const firmware = load(
			await fixture(
				"export function wake() {\n\tconst kept: unknown[] = [];\n\tfor (let n = 0; n < 100; n++) kept.push({ n }, new Uint8Array(20));\n\tsay(kept.length);\n}",
			),
			{ locate: false },
		);
		const run = (boot: (host: typeof board) => unknown) => void boot(board);
		const least = (await smallestRam(firmware, run))!;
		const plenty = { ...ramProfile("esp32"), chunks: 1 << 20, slots: 65_000, stack: 4096 };
		for (const [kind, step] of [
			["chunks", 64],
			["slots", 1],
			["stack", 1],
		] as const) {
			assert.ok(await survives(firmware, { ...plenty, [kind]: least[kind] }, run), kind);
			assert.ok(!(await survives(firmware, { ...plenty, [kind]: least[kind] - step }, run)), kind);
		}
		if (host().representative) {
			assert.near(least.slots, 950, 60); // 9 for each object and view
			assert.near(least.chunks, 7500, 2500); // 3,200 for the views, and the growing array twice
			assert.ok(least.linear > least.slots * 16 + least.chunks, `${least.linear}`);
		}
	});

	it("smallest RAM: firmware that fails anyway has none", async () => {
		const firmware = load(await fixture("export function wake() {\n\tthrow 1;\n}"), { locate: false });
		assert.equal(await smallestRam(firmware, (boot) => void boot(board)), undefined);
	});

	it("flash of firmware: more code takes more, an empty one nearly nothing", async () => {
		const engine = new XsEngine(host());
		const of = async (text: string) => firmwareFlash(engine, load(await fixture(text)).flash);
		const small = await of("export function wake() {}");
		const large = await of(
			`export function wake() {\n${Array.from({ length: 50 }, (_, n) => `\tsay(${n}, ${n * 3});`).join("\n")}\n}`,
		);
		assert.ok(small.bytecode >= 0 && small.bytecode < 100, `${small.bytecode}`);
		assert.ok(large.bytecode > small.bytecode + 500, `${large.bytecode}`);
		assert.ok(small.slots < 200, `${small.slots}`);
	});
});
