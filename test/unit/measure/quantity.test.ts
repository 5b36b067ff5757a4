import { decimals, fromScaled, type Quantity, quantity, toScaled } from "../../../modules/measure/quantity.js";
import { type Channel, type Emit, sensor } from "../../../modules/measure/sensor.js";
import { Seeded } from "../../../sim/seeded.js";
import * as assert from "../../assert.js";

const good: Quantity = { name: "temperature", unit: "Cel", resolution: 0.01, low: -40, high: 85 };

describe("quantity", () => {
	it("a good one: itself, frozen", () => {
		assert.deepEqual(quantity(good), good);
		assert.ok(Object.isFrozen(quantity(good)));
	});
	for (const [name, change] of [
		["name of one letter", { name: "t" }],
		["name of 32", { name: "t".repeat(32) }],
		["name with all that may be", { name: "Air_temp-2" }],
		["resolution 0.000001", { resolution: 1e-6, high: 2000 }],
		["resolution 0.5", { resolution: 0.5 }],
		["resolution 20", { resolution: 20 }],
		["resolution 1000000", { resolution: 1e6 }],
		["range to the end of 32 bits", { resolution: 1, low: -0x7fff_ffff, high: 0x7fff_ffff }],
		["narrow range", { low: 0, high: 0.01 }],
	] as const)
		it(`${name}: taken`, () => {
			quantity({ ...good, ...change });
		});
	for (const [name, change, message] of [
		["empty name", { name: "" }, "x.name"],
		["name of 33", { name: "t".repeat(33) }, "x.name"],
		["name that begins with a digit", { name: "2m" }, "x.name"],
		["name with a space", { name: "air temp" }, "x.name"],
		["name with a line behind it", { name: "t\n" }, "x.name"],
		["name that is a number", { name: 5 }, "x.name"],
		["unit in another case", { unit: "cel" }, '"Cel" would be right'],
		["unit by a common name", { unit: "°C" }, '"Cel" would be right'],
		["unit that nobody knows", { unit: "furlong" }, "a SenML unit"],
		["no unit", { unit: undefined }, "x.unit"],
		["resolution 0", { resolution: 0 }, "x.resolution"],
		["negative resolution", { resolution: -0.01 }, "x.resolution"],
		["resolution 0.3", { resolution: 0.3 }, "1, 2 or 5 times a power of ten"],
		["resolution NaN", { resolution: Number.NaN }, "x.resolution"],
		["resolution as text", { resolution: "0.01" }, "x.resolution"],
		["resolution too fine", { resolution: 1e-7 }, "x.resolution"],
		["resolution too coarse", { resolution: 2e6 }, "x.resolution"],
		["empty range", { low: 5, high: 5 }, "the lower one first"],
		["range upside down", { low: 85, high: -40 }, "x.range"],
		["endless range", { high: Number.POSITIVE_INFINITY }, "x.range"],
		["no range", { low: undefined }, "x.range"],
		["range beyond 32 bits", { high: 21_474_837 }, "fits 32 bits in steps of 0.01"],
		["range beyond 32 bits below", { low: -21_474_837 }, "fits 32 bits"],
	] as const)
		it(`${name}: refused, the field is named`, () => {
			assert.throws(() => quantity({ ...good, ...change } as Quantity, "x"), { code: "declaration", message });
		});
});

describe("scaled integers", () => {
	for (const [value, resolution, scaled] of [
		[21.53, 0.01, 2153],
		[-21.53, 0.01, -2153],
		[0.1 + 0.2, 0.1, 3],
		[0.25, 0.5, 1], // half away from zero
		[-0.25, 0.5, -1],
		[0.24, 0.5, 0],
		[-0.24, 0.5, 0],
		[1013.25, 0.1, 10133],
		[15, 10, 2],
		[-15, 10, -2],
		[14.9, 10, 1],
		[1.15, 0.1, 12],
	] as const)
		it(`${value} at ${resolution}: ${scaled}`, () => {
			const result = toScaled(value, { ...good, resolution });
			assert.equal(result, scaled);
			assert.ok(!Object.is(result, -0));
		});
	it("every scaled integer (seed 11): there and back, at each resolution", () => {
		const random = new Seeded(11);
		for (const resolution of [1e-6, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 200, 1e6]) {
			const q = { ...good, resolution };
			for (const scaled of [
				0,
				1,
				-1,
				0x7fff_ffff,
				-0x7fff_ffff,
				...Array.from({ length: 500 }, () => random.u32() | 0),
			])
				assert.equal(toScaled(fromScaled(scaled, q), q), scaled);
		}
	});
	it("fromScaled: free of binary noise", () => {
		assert.equal(fromScaled(2153, good), 21.53);
		assert.equal(fromScaled(3, { ...good, resolution: 0.1 }), 0.3);
		assert.equal(fromScaled(-7, { ...good, resolution: 0.5 }), -3.5);
		assert.equal(fromScaled(7, { ...good, resolution: 20 }), 140);
	});
	for (const [resolution, digits] of [
		[1e-6, 6],
		[0.001, 3],
		[0.02, 2],
		[0.05, 2],
		[0.1, 1],
		[0.5, 1],
		[1, 0],
		[20, 0],
	] as const)
		it(`decimals of ${resolution}: ${digits}`, () => {
			assert.equal(decimals(resolution), digits);
		});
});

describe("sensor declaration", () => {
	const channels: readonly Channel[] = [
		{ name: "temperature", unit: "Cel", step: 0.01, resolution: 0.1, low: -40, high: 85 },
		{ name: "humidity", unit: "%RH", step: 0.001, resolution: 0.5, low: 0, high: 100 },
	];
	const create = () => assert.fail("created");
	const declare = (emit?: Readonly<Record<string, Emit>>, port = "I2C.default") =>
		sensor({ chip: "chip", port, channels, emit, create });

	it("without emit: all readings, at the channels' resolutions", () => {
		const { quantities, sources, ratios } = declare();
		assert.deepEqual(
			quantities.map(({ name, resolution }) => [name, resolution]),
			[
				["temperature", 0.1],
				["humidity", 0.5],
			],
		);
		assert.deepEqual(
			[sources, ratios],
			[
				[0, 1],
				[10, 500],
			],
		);
		assert.ok(Object.isFrozen(quantities) && Object.isFrozen(sources) && Object.isFrozen(ratios));
	});
	it("emit: its order, names and resolutions", () => {
		const { quantities, sources, ratios } = declare({ humidity: { name: "rh", resolution: 2 }, temperature: {} });
		assert.deepEqual(quantities[0], { name: "rh", unit: "%RH", resolution: 2, low: 0, high: 100 });
		assert.deepEqual(
			[sources, ratios],
			[
				[1, 0],
				[2000, 10],
			],
		);
	});
	for (const [name, emit, port, message] of [
		["port without a bus", undefined, "default", "chip.port"],
		["port in lower case", undefined, "i2c.default", '"I2C.default"'],
		["port with more", undefined, "I2C.default.x", "chip.port"],
		["port that is a number", undefined, 21, "chip.port"],
		["emit of nothing", {}, "I2C.default", "temperature, humidity would be right"],
		["emit that is null", null, "I2C.default", undefined],
		["emit that is text", "temperature", "I2C.default", "chip.emit"],
		["reading that the chip has not", { pressure: {} }, "I2C.default", "chip.emit.pressure"],
		["reading by a name of objects", { toString: {} }, "I2C.default", "chip.emit.toString"],
		["reading that is null", { humidity: null }, "I2C.default", "chip.emit.humidity"],
		["reading that is undefined", { humidity: undefined }, "I2C.default", "chip.emit.humidity"],
		["reading that is a number", { humidity: 0.5 }, "I2C.default", "chip.emit.humidity"],
		["misspelt field", { humidity: { resolutoin: 1 } }, "I2C.default", "chip.emit.humidity.resolutoin"],
		["finer than the chip", { temperature: { resolution: 0.001 } }, "I2C.default", "a multiple of 0.01"],
		["not a decimal step", { temperature: { resolution: 0.03 } }, "I2C.default", "chip.emit.temperature.resolution"],
		["bad name", { temperature: { name: "a b" } }, "I2C.default", "chip.emit.temperature.name"],
	] as const)
		it(`${name}: refused, the field is named`, () => {
			if (message === undefined)
				declare(emit as unknown as undefined, port as string); // all readings, as when left out
			else assert.throws(() => declare(emit as Record<string, Emit>, port as string), { code: "declaration", message });
		});
});
