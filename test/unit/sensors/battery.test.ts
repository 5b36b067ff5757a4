import type { AnalogPort } from "../../../modules/device/io.js";
import { findPort } from "../../../modules/device/ports.js";
import { Missing, MissingReason } from "../../../modules/measure/driver.js";
import { type BatteryOptions, declareBattery } from "../../../sensors/battery-driver.js";
import * as assert from "../../assert.js";

/** An input that gives these codes, the last one for ever. */
function input(codes: readonly (number | undefined)[], resolution = 12): AnalogPort & { closed: number } {
	let at = 0;
	const port = {
		pin: 36,
		closed: 0,
		io: class {
			readonly resolution = resolution;
			read() {
				return codes[Math.min(at++, codes.length - 1)];
			}
			close() {
				port.closed++;
			}
		},
	};
	return port;
}
function sample(options: Omit<BatteryOptions, "port">, port: AnalogPort): { value: number; missing: Missing } {
	const driver = declareBattery({ port: "Analog.default", ...options }, () => port).create();
	assert.equal(driver.start(), 0);
	const into = Int32Array.of(-1);
	const missing = new Missing();
	driver.collect(into, missing);
	driver.close();
	return { value: into[0]!, missing };
}

describe("battery", () => {
	for (const [name, raw, options, resolution, millivolts] of [
		["nothing", 0, {}, 12, 0],
		["half", 2048, {}, 12, 1225], // 1225.3
		["one below full scale", 4094, {}, 12, 2449], // 2449.4
		["with a divider", 3510, { divider: 2 }, 12, 4200],
		["with another reference", 2048, { referenceMillivolts: 3300 }, 12, 1650],
		["13 bits", 4096, {}, 13, 1225],
	] as const)
		it(`voltage: ${name}, ${millivolts} mV`, () => {
			const { value, missing } = sample(options, input([raw], resolution));
			assert.equal(value, millivolts);
			assert.equal(missing.bits, 0);
		});
	it("several readings: their mean, rounded once", () => {
		assert.equal(sample({ samples: 4 }, input([1000, 1001, 1001, 1001])).value, 599); // 1000.75 codes
	});
	it("full scale: missing as range, even when only one reading of several is", () => {
		for (const codes of [[4095], [100, 4095, 100, 100]]) {
			const { value, missing } = sample({ samples: 4 }, input(codes));
			assert.equal(value, -1);
			assert.equal(missing.reason(0), MissingReason.range);
		}
	});
	it("converter that fails: missing as nonsense", () => {
		const { value, missing } = sample({}, input([100, undefined]));
		assert.equal(value, -1);
		assert.equal(missing.reason(0), MissingReason.nonsense);
	});
	it("close: twice, one close of the input; then closed", () => {
		const port = input([1]);
		const driver = declareBattery({ port: "Analog.default" }, () => port).create();
		driver.close();
		driver.close();
		assert.equal(port.closed, 1);
		assert.throws(() => driver.start(), { code: "closed" });
		assert.throws(() => driver.collect(new Int32Array(1), new Missing()), { code: "closed" });
	});
	it("declaration: the range reaches to the input's full scale", () => {
		const { quantities } = declareBattery({ port: "Analog.default", divider: 2 }, () => input([0]));
		assert.deepEqual(quantities, [{ name: "battery", unit: "V", resolution: 0.01, low: 0, high: 4.9 }]);
	});
	for (const [name, options, message] of [
		["bus for a port", { port: "I2C.default" }, '"Analog.default" would be right'],
		["misspelt field", { port: "Analog.default", dividor: 2 }, "battery.dividor"],
		["divider below 1", { port: "Analog.default", divider: 0.5 }, "battery.divider"],
		["divider that is no number", { port: "Analog.default", divider: Number.NaN }, "battery.divider"],
		["reference in volts", { port: "Analog.default", referenceMillivolts: 3.3 }, "battery.referenceMillivolts"],
		["no samples", { port: "Analog.default", samples: 0 }, "battery.samples"],
		["half a sample", { port: "Analog.default", samples: 1.5 }, "battery.samples"],
	] as const)
		it(`refused: ${name}, the field is named`, () => {
			assert.throws(() => declareBattery(options as BatteryOptions, () => input([0])), {
				code: "declaration",
				message,
			});
		});
});

describe("ports of a board", () => {
	const entries = { default: 1, qwiic: 2 };
	it("a name that it has: the entry", () => {
		assert.equal(findPort("I2C", entries, "I2C.qwiic"), 2);
	});
	for (const name of ["I2C.other", "Analog.default", "I2C.toString", "I2Cxdefault", "I2C"])
		it(`a name that it has not: ${name}, the known ones are named`, () => {
			assert.throws(() => findPort("I2C", entries, name), {
				code: "declaration",
				message: `no "${name}"; "I2C.default" or "I2C.qwiic" would be right`,
			});
		});
	it("a board without such ports: said so", () => {
		assert.throws(() => findPort("Analog", undefined, "Analog.default"), { message: "it has no Analog at all" });
	});
});
