import { bundleFirmware } from "../../sim/engine/bundle.js";
import type { Engine } from "../../sim/engine/engine.js";
import { NodeEngine } from "../../sim/engine/node.js";
import { XsEngine } from "../../sim/engine/xs.js";
import * as assert from "../assert.js";
import { needsXs, wakes } from "./support.js";

describe("the platform's HMAC on a simulated board", () => {
	const host = needsXs();
	const engines: readonly (readonly [string, () => Engine])[] = [
		["Node", () => new NodeEngine()],
		["XS", () => new XsEngine(host())],
	];
	for (const [name, engine] of engines)
		it(`${name}: the codes of RFC 4231`, async () => {
			const { heard, wake } = wakes(engine(), await bundleFirmware("nodes/weather.ts", "test/fixtures/mac.ts"));
			assert.equal(wake.fault, undefined);
			assert.deepEqual(
				heard.map((bytes) => Buffer.from(bytes).toString("hex")),
				[
					"5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
					"60e431591ee0b67f0d8a26aacbf5b77f",
					"60e431591ee0b67f0d8a26aacbf5b77f",
				],
			);
		});
});
