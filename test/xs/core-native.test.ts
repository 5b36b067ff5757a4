import { bundleFirmware } from "../../sim/engine/bundle.js";
import type { Engine } from "../../sim/engine/engine.js";
import { NodeEngine } from "../../sim/engine/node.js";
import { XsEngine } from "../../sim/engine/xs.js";
import * as assert from "../assert.js";
import { fixture, needsXs, rig, wakes } from "./support.js";

const PIECES = 532;

describe("what a board has in C, on a simulated board", () => {
	const host = needsXs();
	const { load } = rig(host);
	const engines: readonly (readonly [string, () => Engine])[] = [
		["Node", () => new NodeEngine()],
		["XS", () => new XsEngine(host())],
	];
	for (const [name, engine] of engines)
		it(`${name}: CRCs of ${PIECES} pieces with any start, UTF-8 of texts, the reference's`, async () => {
			const { heard, wake } = wakes(engine(), await bundleFirmware("nodes/weather.ts", "test/fixtures/core-native.ts"));
			assert.equal(wake.fault, undefined);
			const [high, low] = heard[0]!;
			assert.equal((high! << 8) | low!, PIECES);
			assert.deepEqual([...heard[1]!], [8, 8]);
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
		for (const call of ["crc(16, new Uint8Array(1), 0, 1, 0)", 'utf8("a", undefined, 0)']) {
			const bundle = await fixture(`const value = (dormouseEngine as any).${call}; export const wake = () => value;`);
			for (const [, engine] of engines) assert.throws(() => engine().load(bundle), { code: "declaration" });
		}
	});
	it("XS: C is charged as C, a computron for three bytes of CRC and for seven of text", async () => {
		const spent = async (call: string) => {
			const code = `const bytes = new Uint8Array(9000), text = "a".repeat(7000);
				export function wake() { (dormouseEngine as any).${call}; }`;
			const wake = load(await fixture(code)).boot({ call: () => new Uint8Array(1) });
			return wake.figures()!.computrons;
		};
		const crc = (count: number) => spent(`crc(16, bytes, 0, ${count}, 0)`);
		assert.equal((await crc(9000)) - (await crc(0)), 3000);
		assert.near((await spent("utf8(text, undefined, 0)")) - (await spent('utf8("", undefined, 0)')), 1000, 5);
	});
});
