import { AdcChannel } from "../../../sim/chips/adc.js";
import * as assert from "../../assert.js";

describe("simulated adc", () => {
	for (const [volts, bits, code] of [
		[0, 12, 0],
		[2.45, 12, 4095],
		[2.45 * (4094.4 / 4095), 12, 4094],
		[2.45 * (4094.6 / 4095), 12, 4095],
		[9, 12, 4095],
		[-1, 12, 0],
		[1.225, 10, 512], // 511.5
	] as const)
		it(`conversion: ${volts} V at ${bits} bits, ${code}`, () => {
			assert.equal(new AdcChannel({ volts: () => volts, bits }).read(0), code);
		});
	it("time: given to the source", () => {
		const adc = new AdcChannel({ volts: (ms) => ms / 1000, referenceVolts: 4.095 });
		assert.equal(adc.read(1500), 1500);
	});
	it("unknown voltage: no code", () => {
		assert.equal(new AdcChannel({ volts: () => undefined }).read(0), undefined);
	});
	it("noise: none by default; with a seed, the same each time", () => {
		const quiet = new AdcChannel({ volts: () => 1 });
		assert.equal(quiet.read(0), quiet.read(0));
		const run = () => {
			const adc = new AdcChannel({ volts: () => 1, noise: { seed: 5, codes: 4 } });
			return Array.from({ length: 50 }, () => adc.read(0)!);
		};
		assert.deepEqual(run(), run());
		assert.ok(new Set(run()).size > 5);
	});
});
