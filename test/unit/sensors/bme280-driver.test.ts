import type { I2cPort } from "../../../modules/device/io.js";
import { Missing, MissingReason } from "../../../modules/measure/driver.js";
import { Bme280, type Bme280Options, declareBme280, measurementMs } from "../../../sensors/bme280-driver.js";
import * as assert from "../../assert.js";
import { blocks, EXAMPLE } from "./bme280-vectors.js";
import { FakeBus, FakeRegisters } from "./fake-i2c.js";

/** Registers of a chip with the published calibration that has just measured 25.08 °C, 1006.53 hPa, 54.45 %. */
function chip(): FakeRegisters {
	const registers = new FakeRegisters();
	const { low, high } = blocks(EXAMPLE);
	registers.bytes[0xd0] = 0x60;
	registers.bytes.set(low, 0x88);
	registers.bytes.set(high, 0xe1);
	raw(registers, 415_148, 519_888, 30_000);
	return registers;
}
function raw(registers: FakeRegisters, p: number, t: number, h: number): void {
	const bytes = [p >> 12, (p >> 4) & 255, (p & 15) << 4, t >> 12, (t >> 4) & 255, (t & 15) << 4, h >> 8, h & 255];
	registers.bytes.set(bytes, 0xf7);
}
function open(bus: FakeBus, more: object = {}): Bme280 {
	return new Bme280({ ...bus.port, address: 0x76, hz: 400_000, ...more });
}
const UNTOUCHED = -77_777;
function collect(driver: Bme280): { values: number[]; reasons: (number | undefined)[]; missing: Missing } {
	const into = new Int32Array(3).fill(UNTOUCHED);
	const missing = new Missing();
	driver.collect(into, missing);
	return {
		values: Array.from(into),
		reasons: [0, 1, 2].map((n) => missing.reason(n)),
		missing,
	};
}

describe("bme280 driver", () => {
	it("a measurement: transfers in the data sheet's order, forced mode last, ready in 10 ms", () => {
		const bus = new FakeBus(chip());
		const driver = open(bus);
		assert.deepEqual(bus.opened, [{ data: 21, clock: 22, address: 0x76, hz: 400_000 }]);
		assert.equal(driver.start(), 10);
		const { values, missing } = collect(driver);
		assert.deepEqual(values, [2508, 54_452, 1_006_533]);
		assert.equal(missing.bits, 0);
		assert.deepEqual(bus.log, [
			...["w d0", "r 1", "w f3", "r 1", "w 88", "r 26", "w e1", "r 7"],
			"w f2 1 f5 0 f4 25",
			...["w f3", "r 1", "w f7", "r 8"],
		]);
	});
	it("a second measurement: the calibration is not read again, the chip's id is", () => {
		const bus = new FakeBus(chip());
		const driver = open(bus);
		driver.start();
		collect(driver);
		bus.log.length = 0;
		driver.start();
		assert.deepEqual(bus.log, ["w d0", "r 1", "w f2 1 f5 0 f4 25"]);
	});
	for (const [times, code] of [
		[1, 1],
		[2, 2],
		[4, 3],
		[8, 4],
		[16, 5],
	] as const)
		it(`oversampling: ×${times}, code ${code} in each field`, () => {
			const bus = new FakeBus(chip());
			open(bus, { oversampling: { temperature: times, humidity: times, pressure: times } }).start();
			const meas = ((code << 5) | (code << 2) | 1).toString(16);
			assert.equal(bus.log.at(-1), `w f2 ${code} f5 0 f4 ${meas}`);
		});
	for (const [t, h, p, ms] of [
		[1, 1, 1, 10], // 9.3
		[1, 1, 4, 17], // 16.2
		[16, 16, 16, 113], // 112.8
	] as const)
		it(`measurement time: oversampling ${t}, ${h}, ${p}, at most ${ms} ms`, () => {
			assert.equal(measurementMs(t, h, p), ms);
		});

	it("no acknowledge: at each transfer in turn, absent, and the next measurement works", () => {
		const whole = new FakeBus(chip());
		const model = open(whole);
		model.start();
		collect(model);
		assert.equal(whole.log.length, 13);
		for (let at = 0; at < whole.log.length; at++) {
			const bus = new FakeBus(chip());
			const driver = open(bus);
			bus.failAt = at;
			assert.throws(
				() => {
					driver.start();
					collect(driver);
				},
				{ code: "absent", message: "BME280 at 0x76" },
			);
			bus.failAt = -1;
			driver.start();
			assert.deepEqual(collect(driver).values, [2508, 54_452, 1_006_533], `after transfer ${at}`);
		}
	});
	it("not an error of the bus: what an engine throws to end the wake, passed through", () => {
		const sentinel = { ended: true };
		const bus = new FakeBus({
			write: () => {
				throw sentinel;
			},
			read: () => true,
		});
		let seen: unknown;
		try {
			open(bus).start();
		} catch (error) {
			seen = error;
		}
		assert.equal(seen, sentinel);
	});
	it("a bus that cannot be opened: io", () => {
		const port: I2cPort = {
			...new FakeBus(chip()).port,
			io: class {
				constructor() {
					throw new RangeError("in use");
				}
				read() {}
				write() {}
				close() {}
			},
		};
		assert.throws(() => new Bme280({ ...port, address: 0x76, hz: 1 }), { code: "io", message: "in use" });
	});
	for (const id of [0x58, 0x61, 0x00, 0xff])
		it(`chip id: 0x${id.toString(16)}, identity`, () => {
			const registers = chip();
			registers.bytes[0xd0] = id;
			const bus = new FakeBus(registers);
			assert.throws(() => open(bus).start(), { code: "identity", message: `0x${id.toString(16)}` });
			assert.equal(bus.log.length, 2, "nothing was written to a stranger");
		});
	it("reset that does not end: busy after a bounded number of looks", () => {
		const registers = chip();
		registers.bytes[0xf3] = 1;
		const bus = new FakeBus(registers);
		assert.throws(() => open(bus).start(), { code: "busy" });
		assert.ok(bus.log.length < 64, `${bus.log.length}`);
	});
	for (const byte of [0x00, 0xff])
		it(`calibration: all 0x${byte.toString(16)}, malformed, and read again next time`, () => {
			const registers = chip();
			registers.bytes.fill(byte, 0x88, 0xa2).fill(byte, 0xe1, 0xe8);
			const driver = open(new FakeBus(registers));
			assert.throws(() => driver.start(), { code: "malformed" });
			registers.bytes.set(chip().bytes);
			driver.start();
			assert.equal(collect(driver).values[0], 2508);
		});
	for (const status of [0x08, 0x01, 0x09, 0xff])
		it(`status: 0x${status.toString(16)} at collect, busy, and the result can be had later`, () => {
			const registers = chip();
			const driver = open(new FakeBus(registers));
			driver.start();
			registers.bytes[0xf3] = status;
			assert.throws(() => collect(driver), { code: "busy" });
			registers.bytes[0xf3] = 0;
			assert.equal(collect(driver).values[0], 2508);
		});
	it("status: bits without a meaning, ignored", () => {
		const registers = chip();
		registers.bytes[0xf3] = 0xf6;
		const driver = open(new FakeBus(registers));
		driver.start();
		assert.equal(collect(driver).values[0], 2508);
	});
	it("collect: without a start, or twice, busy rather than an old reading", () => {
		const driver = open(new FakeBus(chip()));
		assert.throws(() => collect(driver), { code: "busy" });
		driver.start();
		collect(driver);
		assert.throws(() => collect(driver), { code: "busy" });
	});
	for (const byte of [0x00, 0xff])
		it(`data: all 0x${byte.toString(16)}, malformed, nothing written`, () => {
			const registers = chip();
			registers.bytes.fill(byte, 0xf7, 0xff);
			const driver = open(new FakeBus(registers));
			driver.start();
			const into = new Int32Array(3).fill(UNTOUCHED);
			const missing = new Missing();
			assert.throws(() => driver.collect(into, missing), { code: "malformed" });
			assert.deepEqual(Array.from(into), [UNTOUCHED, UNTOUCHED, UNTOUCHED]);
			assert.equal(missing.bits, 0);
		});
	const { skipped } = MissingReason;
	const U = UNTOUCHED;
	for (const [name, p, t, h, values, reasons] of [
		["temperature", 415_148, 0x80000, 30_000, [U, U, U], [skipped, skipped, skipped]],
		["humidity", 415_148, 519_888, 0x8000, [2508, U, 1_006_533], [undefined, skipped, undefined]],
		["pressure", 0x80000, 519_888, 30_000, [2508, 54_452, U], [undefined, undefined, skipped]],
		["all, as after power-on", 0x80000, 0x80000, 0x8000, [U, U, U], [skipped, skipped, skipped]],
	] as const)
		it(`skipped conversion: ${name}, missing with its integer left alone`, () => {
			const registers = chip();
			raw(registers, p, t, h);
			const driver = open(new FakeBus(registers));
			driver.start();
			const got = collect(driver);
			assert.deepEqual(got.values, values);
			assert.deepEqual(got.reasons, reasons);
		});
	for (const [p, t, h] of [
		[0x80001, 0x80001, 0x8001],
		[0x7ffff, 0x7ffff, 0x7fff],
	] as const)
		it(`beside the reserved codes: ${t}, ${h}, readings`, () => {
			const registers = chip();
			raw(registers, p, t, h);
			const driver = open(new FakeBus(registers));
			driver.start();
			const { missing, values } = collect(driver);
			assert.equal(missing.bits, 0);
			assert.equal(values[0], 2646);
		});
	it("beyond the range: given as it is, not clamped", () => {
		const registers = chip();
		raw(registers, 1_000_000, 0, 1);
		const driver = open(new FakeBus(registers));
		driver.start();
		const { values, missing } = collect(driver);
		assert.equal(missing.bits, 0);
		assert.equal(values[0], -14_088);
		assert.ok(values[1]! < 0 && values[2]! < 300_000, String(values));
	});
	it("close: twice, one close of the bus; then closed", () => {
		const bus = new FakeBus(chip());
		const driver = open(bus);
		driver.start();
		driver.close();
		driver.close();
		assert.equal(bus.closed, 1);
		assert.throws(() => driver.start(), { code: "closed" });
		assert.throws(() => collect(driver), { code: "closed" });
	});
});

describe("bme280 declaration", () => {
	const opened: string[] = [];
	const declare = (options: object) =>
		declareBme280(options as Bme280Options, (port) => {
			opened.push(port);
			return new FakeBus(chip()).port;
		});
	it("defaults: three quantities with their units, resolutions and ranges", () => {
		const { quantities, sources, ratios } = declare({ port: "I2C.default" });
		assert.deepEqual(quantities, [
			{ name: "temperature", unit: "Cel", resolution: 0.01, low: -40, high: 85 },
			{ name: "humidity", unit: "%RH", resolution: 0.1, low: 0, high: 100 },
			{ name: "pressure", unit: "hPa", resolution: 0.1, low: 300, high: 1100 },
		]);
		assert.deepEqual(sources, [0, 1, 2]);
		assert.deepEqual(ratios, [1, 100, 100]);
	});
	it("create: opens the declared port with the declared address, not earlier", () => {
		opened.length = 0;
		const declared = declare({ port: "I2C.second", address: 0x77 });
		assert.deepEqual(opened, []);
		const driver = declared.create();
		assert.deepEqual(opened, ["I2C.second"]);
		assert.equal(driver.start(), 10);
	});
	for (const [name, options, message] of [
		["no port", {}, "bme280.port"],
		["port of another kind", { port: "Analog.default" }, '"I2C.default" would be right'],
		["port with nothing behind the dot", { port: "I2C." }, "bme280.port"],
		["misspelt field", { port: "I2C.default", adress: 0x76 }, "bme280.adress"],
		["address next to the right ones", { port: "I2C.default", address: 0x78 }, "0x76 (SDO at ground)"],
		["address as text", { port: "I2C.default", address: "0x76" }, "bme280.address"],
		["speed of 0", { port: "I2C.default", hz: 0 }, "bme280.hz"],
		["speed beyond 1 MHz", { port: "I2C.default", hz: 1_000_001 }, "bme280.hz"],
		["oversampling ×3", { port: "I2C.default", oversampling: { pressure: 3 } }, "1, 2, 4, 8 or 16"],
		["oversampling of what it is not", { port: "I2C.default", oversampling: { light: 1 } }, "oversampling.light"],
		["unknown reading", { port: "I2C.default", emit: { preasure: {} } }, "emit.preasure"],
		["resolution finer than a step", { port: "I2C.default", emit: { temperature: { resolution: 0.001 } } }, "0.01"],
	] as const)
		it(`refused: ${name}, the field is named`, () => {
			assert.throws(() => declare(options), { code: "declaration", message });
		});
});
