import { bundleFirmware } from "../../sim/engine/bundle.js";
import type { Engine } from "../../sim/engine/engine.js";
import { NodeEngine } from "../../sim/engine/node.js";
import { XsEngine } from "../../sim/engine/xs.js";
import * as assert from "../assert.js";
import { fixture, needsXs, rig, wakes } from "./support.js";

const PIECES = 532;

describe("the platform's CRCs on a simulated board", () => {
	const host = needsXs();
	const { load } = rig(host);
	const engines: readonly (readonly [string, () => Engine])[] = [
		["Node", () => new NodeEngine()],
		["XS", () => new XsEngine(host())],
	];
	for (const [name, engine] of engines)
		it(`${name}: ${PIECES} pieces with any start, the reference's`, async () => {
			const { heard, wake } = wakes(engine(), await bundleFirmware("nodes/weather.ts", "test/fixtures/checksum.ts"));
			assert.equal(wake.fault, undefined);
			const [high, low] = heard[0]!;
			assert.equal((high! << 8) | low!, PIECES);
		});
	const refused: readonly (readonly [string, string])[] = [
		["begins behind its end", "new Uint8Array(8), 5, 4, 0"],
		["ends behind the bytes", "new Uint8Array(8).subarray(4), 0, 5, 0"],
		["is none of bytes", "[1, 2], 0, 2, 0"],
	];
	for (const [what, parameters] of refused)
		it(`XS: a piece that ${what}, refused`, async () => {
			const code = `export function wake() { (dormouseEngine as any).crc(16, ${parameters}); }`;
			assert.equal(wakes({ name: "xs", load }, await fixture(code)).wake.fault?.reason, "exception");
		});
	it("while modules are evaluated: refused by each engine, as C is on a board", async () => {
		const code =
			"const value = (dormouseEngine as any).crc(16, new Uint8Array(1), 0, 1, 0); export const wake = () => value;";
		const bundle = await fixture(code);
		for (const [, engine] of engines) assert.throws(() => engine().load(bundle), { code: "declaration" });
	});
	it("XS: C is charged as C, a computron for three bytes", async () => {
		const spent = async (count: number) => {
			const code = `const bytes = new Uint8Array(9000);
				export function wake() { (dormouseEngine as any).crc(16, bytes, 0, ${count}, 0); }`;
			const wake = load(await fixture(code)).boot({ call: () => new Uint8Array(1) });
			return wake.figures()!.computrons;
		};
		assert.equal((await spent(9000)) - (await spent(0)), 3000);
	});
});
