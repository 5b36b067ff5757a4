import {
	centiCelsius,
	deciPascal,
	fineTemperature,
	milliPercent,
	parseCalibration,
} from "../../../sensors/bme280-convert.js";
import * as assert from "../../assert.js";
import { blocks, EXAMPLE, PIMORONI } from "./bme280-vectors.js";

const RAW_PRESSURES = [415148, 0, 1048575, 600000];
const RAW_HUMIDITIES = [30000, 18000, 45000, 0, 40000];
/**
 * Raw temperature, t_fine, 0.01 °C, then Q24.8 Pa and Q22.10 % for the raw words above: printed by a C program with int32_t
 * and int64_t that follows the data sheet, without its clamps. Both signs of each quotient and shift are among them.
 */
const C_VALUES = [
	[519888, 128422, 2508, [25767233, 44339071, -1697504, 17643390], [55759, -13265, 140145, -119328, 112250]],
	[524289, 135479, 2646, [25821581, 44436026, -1704331, 17679408], [55930, -13306, 140568, -119701, 112590]],
	[0, -721301, -14088, [19744336, 33608192, -912172, 13654162], [35159, -8334, 88777, -74573, 70997]],
	[300000, -227131, -4436, [23101007, 39585143, -1356622, 15876980], [47154, -11201, 118746, -100536, 95049]],
	[700000, 415464, 8115, [27995834, 48315973, -1972950, 19120829], [62690, -14932, 157317, -134564, 126071]],
	[1048575, 960246, 18755, [32041603, 55536661, -2442530, 21807830], [75807, -18098, 189667, -163653, 152149]],
] as const;

describe("bme280 conversion", () => {
	it("temperature: the data sheet's example, 25.08 °C and t_fine 128422", () => {
		const fine = fineTemperature(519_888, EXAMPLE);
		assert.equal(fine, 128_422);
		assert.equal(centiCelsius(fine), 2508);
	});
	it("pressure: the data sheet's example, 100653.27 Pa within the integer formula's 0.1 Pa", () => {
		assert.near(deciPascal(415_148, 128_422, EXAMPLE), 1_006_532.7, 1);
	});
	it("humidity: raw 30000 at t_fine 128422, Q22.10 55759 as C code gives", () => {
		assert.equal(milliPercent(30_000, 128_422, EXAMPLE), Math.round((55_759 * 1000) / 1024));
	});
	it("all three: a real chip's raw words, what its floating-point driver gives", () => {
		const fine = fineTemperature(529_191, PIMORONI);
		assert.near(centiCelsius(fine), 2478.948_776_76, 1);
		assert.near(deciPascal(326_816, fine, PIMORONI), 1_006_615.175_64, 10);
		assert.near(milliPercent(30_281, fine, PIMORONI), 68_669.966, 20);
	});
	it("humidity: raw words beyond both ends, below 0 and above 100 % instead of clamped", () => {
		assert.ok(milliPercent(18_000, 128_422, EXAMPLE) < 0, "below");
		assert.ok(milliPercent(45_000, 128_422, EXAMPLE) > 100_000, "above");
	});
	it("pressure: a slope of zero, 0 instead of a division by zero", () => {
		assert.equal(deciPascal(415_148, 128_422, { ...EXAMPLE, P1: 0 }), 0);
	});
	for (const [raw, fine, celsius, pressures, humidities] of C_VALUES)
		it(`all three: raw temperature ${raw}, bit for bit what C computes`, () => {
			assert.equal(fineTemperature(raw, EXAMPLE), fine);
			assert.equal(centiCelsius(fine), celsius);
			for (let n = 0; n < RAW_PRESSURES.length; n++)
				assert.equal(
					deciPascal(RAW_PRESSURES[n]!, fine, EXAMPLE),
					Math.floor((pressures[n]! * 10 + 128) / 256),
					`pressure ${RAW_PRESSURES[n]}`,
				);
			for (let n = 0; n < RAW_HUMIDITIES.length; n++)
				assert.equal(
					milliPercent(RAW_HUMIDITIES[n]!, fine, EXAMPLE),
					Math.round((humidities[n]! * 1000) / 1024),
					`humidity ${RAW_HUMIDITIES[n]}`,
				);
		});
});

describe("bme280 calibration", () => {
	it("blocks: a known set, the same set", () => {
		for (const set of [EXAMPLE, PIMORONI]) {
			const { low, high } = blocks(set);
			assert.deepEqual(parseCalibration(low, high), set);
		}
	});
	for (const [name, E4, E5, E6, H4, H5] of [
		["nibbles apart", 0x12, 0xab, 0x34, 0x12b, 0x34a],
		["H4 at its highest", 0x7f, 0x0f, 0x00, 2047, 0],
		["H4 at its lowest", 0x80, 0x00, 0x00, -2048, 0],
		["H4 = -1", 0xff, 0x0f, 0x00, -1, 0],
		["H5 at its highest", 0x00, 0xf0, 0x7f, 0, 2047],
		["H5 at its lowest", 0x00, 0x00, 0x80, 0, -2048],
		["H5 = -1", 0x00, 0xf0, 0xff, 0, -1],
	] as const)
		it(`H4 and H5: ${name}, ${H4} and ${H5}`, () => {
			const { low, high } = blocks(EXAMPLE);
			high.set([E4, E5, E6], 3);
			const set = parseCalibration(low, high);
			assert.equal(set.H4, H4);
			assert.equal(set.H5, H5);
		});
	it("signs: every word at its ends, signed where the data sheet says so", () => {
		const low = new Uint8Array(26).fill(0xff);
		const high = new Uint8Array(7).fill(0xff);
		high[0] = 0xfe;
		const set = parseCalibration(low, high);
		assert.deepEqual([set.T1, set.T2, set.T3, set.P1, set.P2, set.P9], [65_535, -1, -1, 65_535, -1, -1]);
		assert.deepEqual([set.H1, set.H2, set.H3, set.H4, set.H5, set.H6], [255, -2, 255, -1, -1, -1]);
	});
	it("blocks: views into a larger buffer, read at their own offset", () => {
		const { low, high } = blocks(PIMORONI);
		const bytes = new Uint8Array(64);
		bytes.set(low, 5);
		bytes.set(high, 40);
		assert.deepEqual(parseCalibration(bytes.subarray(5, 31), bytes.subarray(40, 47)), PIMORONI);
	});
	for (const [name, low, high] of [
		["all 0x00", new Uint8Array(26), new Uint8Array(7)],
		["all 0xff", new Uint8Array(26).fill(0xff), new Uint8Array(7).fill(0xff)],
		["T1 = 0", blocks({ ...EXAMPLE, T1: 0 }).low, blocks(EXAMPLE).high],
		["P1 = 0", blocks({ ...EXAMPLE, P1: 0 }).low, blocks(EXAMPLE).high],
	] as const)
		it(`blocks: ${name}, malformed`, () => {
			assert.throws(() => parseCalibration(low, high), { code: "malformed" });
		});
});
