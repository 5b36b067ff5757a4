import { bundleFirmware } from "../../sim/engine/bundle.js";
import { XsEngine } from "../../sim/engine/xs.js";
import { moduleSizes } from "../../tools/size.js";
import * as assert from "../assert.js";
import { runOnBoard } from "../support/radio-board.js";
import { needsXs, rig } from "./support.js";

/** Bytes of flash that a driver may take with what both share and all boards. */
const FLASH = 24_000;

describe("radios on xs", () => {
	const host = needsXs();
	const { load } = rig(host);
	for (const [family, file] of [
		["sx127x", "test/fixtures/radio-127.ts"],
		["sx126x", "test/fixtures/radio.ts"],
	] as const)
		it(`${family}: an exchange on the simulated board, preloaded and frozen, within its share of flash`, async function () {
			this.timeout(120_000);
			const bundle = await bundleFirmware("nodes/weather.ts", file);
			const { logs, air, chip } = runOnBoard(load(bundle), family, 1);
			assert.equal(logs[0]!.fault, undefined);
			const sent = air.frames.filter(({ invertIq }) => !invertIq).map(({ bytes }) => Array.from(bytes));
			assert.deepEqual(sent, [
				[1, 2, 3],
				[9, 8, 7, 6, 5],
			]);
			assert.deepEqual(chip.violations, []);
			const engine = new XsEngine(host(), { measure: true, locate: false });
			const modules = moduleSizes(engine, bundle).filter(({ module }) => module.startsWith("net/radio/"));
			const bytes = modules.reduce((sum, module) => sum + module.bytes, 0);
			console.log(`      flash ${bytes}: ${modules.map((each) => `${each.module} ${each.bytes}`).join(", ")}`);
			assert.ok(bytes <= FLASH, `${bytes} bytes of flash`);
		});
});
