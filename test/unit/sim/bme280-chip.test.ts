import { Missing, MissingReason } from "../../../modules/measure/driver.js";
import { Bme280 } from "../../../sensors/bme280-driver.js";
import { Bme280Chip, type Bme280ChipOptions, type Bme280Fault } from "../../../sim/chips/bme280.js";
import { PUBLISHED_TRIM, seededTrim } from "../../../sim/chips/bme280-trim.js";
import { Seeded } from "../../../sim/seeded.js";
import * as assert from "../../assert.js";
import { FakeBus } from "../sensors/fake-i2c.js";

type Truth = Record<string, number | undefined>;
const ROOM: Truth = { temperature: 21.5, humidity: 45, pressure: 1013.25 };

function chipIn(truth: Truth, more: Partial<Bme280ChipOptions> = {}): Bme280Chip {
	return new Bme280Chip({ trim: PUBLISHED_TRIM, read: (phenomenon) => truth[phenomenon], ...more });
}
function registers(chip: Bme280Chip, from: number, count: number, nowMs: number): Uint8Array {
	const into = new Uint8Array(count);
	assert.ok(chip.write(Uint8Array.of(from), nowMs) && chip.read(into, nowMs), "no acknowledge");
	return into;
}
const status = (chip: Bme280Chip, nowMs: number) => registers(chip, 0xf3, 1, nowMs)[0];
const set = (chip: Bme280Chip, nowMs: number, ...pairs: number[]) => chip.write(Uint8Array.from(pairs), nowMs);
/** Raw codes: pressure, temperature, humidity. */
function codes(chip: Bme280Chip, nowMs: number): number[] {
	const d = registers(chip, 0xf7, 8, nowMs);
	return [
		(d[0]! << 12) | (d[1]! << 4) | (d[2]! >> 4),
		(d[3]! << 12) | (d[4]! << 4) | (d[5]! >> 4),
		(d[6]! << 8) | d[7]!,
	];
}
const RESERVED = [0x80000, 0x80000, 0x8000];
const FORCED_X1 = 0x25;

describe("simulated bme280", () => {
	it("power-on: chip id, sleep, reserved data, trimming values where the data sheet has them", () => {
		const chip = chipIn(ROOM);
		assert.equal(chip.address, 0x76);
		assert.deepEqual(registers(chip, 0xd0, 1, 0), Uint8Array.of(0x60));
		assert.deepEqual(registers(chip, 0xf2, 4, 0), Uint8Array.of(0, 0, 0, 0));
		assert.deepEqual(codes(chip, 0), RESERVED);
		assert.deepEqual(registers(chip, 0x88, 4, 0), Uint8Array.of(0x70, 0x6b, 0x43, 0x67)); // 27504, 26435
		assert.deepEqual(registers(chip, 0xa1, 1, 0), Uint8Array.of(75));
		assert.deepEqual(registers(chip, 0xe1, 7, 0), Uint8Array.of(0x6a, 0x01, 0, 0x13, 0x2d, 0x03, 30)); // H4 317, H5 50
	});
	it("forced mode: measuring for the typical time, old data until its end, then sleep", () => {
		const chip = chipIn(ROOM);
		set(chip, 100, 0xf2, 1, 0xf4, FORCED_X1);
		assert.equal(status(chip, 100), 8);
		assert.equal(status(chip, 107.9), 8);
		assert.deepEqual(codes(chip, 107.9), RESERVED);
		assert.equal(status(chip, 108), 0); // 1 + 2 + 2.5 + 2.5
		assert.notEqual(codes(chip, 108)[1], 0x80000);
		assert.deepEqual(registers(chip, 0xf4, 1, 108), Uint8Array.of(0x24));
	});
	it("forced mode: the world is seen when the conversion begins", () => {
		const asked: number[] = [];
		const chip = chipIn(
			{},
			{
				read: (_, atMs) => {
					asked.push(atMs);
					return undefined;
				},
			},
		);
		set(chip, 250, 0xf2, 1, 0xf4, FORCED_X1);
		codes(chip, 900);
		codes(chip, 901);
		assert.deepEqual(asked, [250, 250, 250]);
	});
	it("ctrl_hum: written alone, without effect until ctrl_meas is written", () => {
		const chip = chipIn(ROOM);
		set(chip, 0, 0xf4, FORCED_X1);
		assert.equal(codes(chip, 50)[2], 0x8000, "reset value: skipped");
		set(chip, 100, 0xf4, FORCED_X1, 0xf2, 1);
		assert.equal(codes(chip, 150)[2], 0x8000, "written after ctrl_meas");
		set(chip, 200, 0xf4, FORCED_X1);
		assert.notEqual(codes(chip, 250)[2], 0x8000);
	});
	for (const [name, hum, meas, skipped] of [
		["humidity", 0, 0x25, [false, false, true]],
		["pressure", 1, 0x21, [true, false, false]],
		["temperature", 1, 0x05, [false, true, false]],
	] as const)
		it(`oversampling 0: ${name} skipped, reserved code`, () => {
			const chip = chipIn(ROOM);
			set(chip, 0, 0xf2, hum, 0xf4, meas);
			const got = codes(chip, 50).map((code, n) => code === RESERVED[n]);
			assert.deepEqual(got, [...skipped]);
		});
	it("resolution: 16 bits at ×1, one more at each step, 20 at ×16", () => {
		const chip = chipIn(ROOM);
		for (let osrs = 1; osrs <= 5; osrs++) {
			set(chip, osrs * 1000, 0xf4, (osrs << 5) | (osrs << 2) | 1);
			const [p, t] = codes(chip, osrs * 1000 + 500);
			const step = 2 ** (5 - osrs);
			assert.equal(p! % step, 0);
			assert.equal(t! % step, 0);
		}
	});
	it("normal mode: again and again with standby between, until sleep is written", () => {
		let celsius = 10;
		const chip = chipIn({}, { read: (name) => (name === "temperature" ? celsius : undefined) });
		set(chip, 0, 0xf5, 1 << 5, 0xf4, 0x23); // 62.5 ms; temperature only, 3 ms
		const first = codes(chip, 3)[1]!;
		celsius = 30;
		assert.equal(status(chip, 65.4), 0);
		assert.equal(codes(chip, 65.4)[1], first);
		assert.equal(status(chip, 65.5), 8);
		assert.equal(codes(chip, 68.4)[1], first);
		assert.ok(codes(chip, 68.5)[1]! > first);
		celsius = 10;
		assert.equal(codes(chip, 100_000.2)[1], first);
		set(chip, 100_030, 0xf5, 0, 0xf4, 0x20);
		assert.deepEqual(registers(chip, 0xf5, 1, 100_030), Uint8Array.of(1 << 5), "config is ignored in normal mode");
		celsius = 30;
		assert.equal(codes(chip, 200_000)[1], first, "asleep");
	});
	it("ctrl_meas during a conversion: waits for its end, a further one is ignored", () => {
		const chip = chipIn(ROOM);
		set(chip, 0, 0xf4, 0x21);
		set(chip, 1, 0xf4, 0x25);
		set(chip, 2, 0xf4, 0x20);
		assert.equal(status(chip, 2.9), 8);
		assert.equal(status(chip, 3), 8, "the second conversion");
		assert.equal(codes(chip, 3)[0], 0x80000);
		assert.equal(status(chip, 8.4), 8);
		assert.equal(status(chip, 8.5), 0);
		assert.notEqual(codes(chip, 8.5)[0], 0x80000);
	});
	it("reset: 0xb6 only; registers as at power-on, trimming values after the copy", () => {
		const chip = chipIn(ROOM);
		set(chip, 0, 0xf2, 1, 0xf4, FORCED_X1);
		set(chip, 50, 0xe0, 0xb5);
		assert.notEqual(codes(chip, 50)[1], 0x80000);
		set(chip, 60, 0xe0, 0xb6);
		assert.deepEqual(codes(chip, 60), RESERVED);
		assert.equal(status(chip, 61.9), 1);
		assert.deepEqual(registers(chip, 0x88, 2, 61.9), Uint8Array.of(0, 0));
		assert.equal(status(chip, 62), 0);
		assert.deepEqual(registers(chip, 0x88, 2, 62), Uint8Array.of(0x70, 0x6b));
	});
	it("power cut: in the middle of a conversion, no result of it", () => {
		const chip = chipIn(ROOM);
		set(chip, 0, 0xf2, 1, 0xf4, FORCED_X1);
		chip.powerCycle();
		assert.deepEqual(codes(chip, 100), RESERVED);
		assert.equal(status(chip, 100), 0);
	});
	it("read-only registers: writes change nothing", () => {
		const chip = chipIn(ROOM);
		set(chip, 0, 0xd0, 1, 0x88, 1, 0xf3, 0xff, 0xfa, 1);
		assert.deepEqual(registers(chip, 0xd0, 1, 0), Uint8Array.of(0x60));
		assert.deepEqual(registers(chip, 0x88, 1, 0), Uint8Array.of(0x70));
		assert.equal(status(chip, 0), 0);
		assert.deepEqual(codes(chip, 0), RESERVED);
	});
	it("register pointer: counts up over 0xff, goes on with the next read", () => {
		const chip = chipIn(ROOM);
		chip.write(Uint8Array.of(0xd0), 0);
		chip.read(new Uint8Array(1), 0);
		const next = new Uint8Array(0x100 - 0xd1 + 0xd1);
		chip.read(next, 0);
		assert.equal(next[0xff], 0x60, "all around");
	});
	it("the reserved code: truth that would give it moves by one instead of looking skipped", () => {
		let hits = 0;
		for (let t = 26.44; t < 26.49; t += 0.0005) {
			const chip = chipIn({ ...ROOM, temperature: t });
			set(chip, 0, 0xf4, 0x25);
			const code = codes(chip, 50)[1]!;
			assert.notEqual(code, 0x80000, `at ${t}`);
			if (Math.abs(code - 0x80000) === 1) hits++;
		}
		assert.ok(hits > 5, `the place was missed: ${hits}`);
	});
	it("truth beyond the converter: first or last code, never the reserved one", () => {
		for (const [truth, expected] of [
			[{ temperature: 500, humidity: 10_000, pressure: -100_000 }, [0xffff0, 0xffff0, 0xffff]],
			[{ temperature: -500, humidity: -10_000, pressure: 100_000 }, [0, 0, 0]],
		] as const) {
			const chip = chipIn(truth);
			set(chip, 0, 0xf2, 1, 0xf4, FORCED_X1);
			assert.deepEqual(codes(chip, 50), [...expected]);
		}
	});
	it("seeds: different chips, the same chip for the same seed", () => {
		assert.deepEqual(seededTrim(7), seededTrim(7));
		assert.notEqual(JSON.stringify(seededTrim(7)), JSON.stringify(seededTrim(8)));
	});
});

/** The driver's readings with the chip on a bus, no board between. */
function measure(chip: Bme280Chip, clock: { ms: number }): { values: number[]; missing: Missing } {
	const bus = new FakeBus({ write: (b) => chip.write(b, clock.ms), read: (b) => chip.read(b, clock.ms) });
	const driver = new Bme280({ ...bus.port, address: 0x76, hz: 400_000 });
	const into = new Int32Array(3);
	const missing = new Missing();
	try {
		clock.ms += driver.start();
		driver.collect(into, missing);
	} finally {
		driver.close();
	}
	return { values: Array.from(into), missing };
}

describe("bme280 driver and simulated chip", () => {
	const seed = 20_261_121;
	it(`truth to reading: random chips over the whole range (seed ${seed}), within a conversion's step`, () => {
		const random = new Seeded(seed);
		const worst = [0, 0, 0];
		for (let n = 0; n < 4000; n++) {
			const trim = seededTrim(random.u32());
			const truth = {
				temperature: -40 + 125 * random.real(),
				humidity: 100 * random.real(),
				pressure: 300 + 800 * random.real(),
			};
			const { values, missing } = measure(chipIn(truth, { trim }), { ms: 0 });
			const where = `${JSON.stringify(truth)} ${JSON.stringify(trim)}`;
			assert.equal(missing.bits, 0, where);
			const errors = [
				Math.abs(values[0]! / 100 - truth.temperature),
				Math.abs(values[1]! / 1000 - truth.humidity),
				Math.abs(values[2]! / 1000 - truth.pressure) * 100, // Pa
			];
			// half a code of 16 bits (0.0026 °C, 0.006 %, 1.5 Pa), half a step, and what integers lose
			assert.ok(errors[0]! <= 0.01, `${errors} ${where}`);
			assert.ok(errors[1]! <= 0.02, `${errors} ${where}`);
			assert.ok(errors[2]! <= 2, `${errors} ${where}`);
			for (const [i, error] of errors.entries()) worst[i] = Math.max(worst[i]!, error);
		}
		assert.ok(worst[0]! > 0.004 && worst[2]! > 0.5, `suspiciously exact: ${worst}`);
	});
	for (const [gap, reasons] of [
		["temperature", 0b111],
		["humidity", 0b010],
		["pressure", 0b100],
	] as const)
		it(`a gap in ${gap}: a skipped conversion, missing as skipped`, () => {
			const { missing } = measure(chipIn({ ...ROOM, [gap]: undefined }), { ms: 0 });
			assert.equal(missing.bits, reasons);
			for (const n of [0, 1, 2])
				assert.equal(missing.reason(n), reasons & (1 << n) ? MissingReason.skipped : undefined);
		});
	it("outside the range: the reading is what the world said", () => {
		const { values } = measure(chipIn({ temperature: 90, humidity: 101, pressure: 1105 }), { ms: 0 });
		assert.near(values[0]!, 9000, 1);
		assert.near(values[1]!, 101_000, 20);
		assert.near(values[2]!, 1_105_000, 20);
	});
	it("a chip in its reset: busy, and a measurement once it is out", () => {
		const chip = chipIn(ROOM);
		set(chip, 0, 0xe0, 0xb6);
		const clock = { ms: 1 };
		assert.throws(() => measure(chip, clock), { code: "busy" });
		clock.ms = 2;
		assert.near(measure(chip, clock).values[0]!, 2150, 1);
	});
	for (const [fault, code] of [
		["absent", "absent"],
		["measuring", "busy"],
		["nonsense", "malformed"],
	] as const)
		it(`fault by time: ${fault}, ${code} while it lasts`, () => {
			const script = (ms: number): Bme280Fault | undefined => (ms >= 1000 && ms < 2000 ? fault : undefined);
			const chip = chipIn(ROOM, { fault: script });
			assert.equal(measure(chip, { ms: 0 }).missing.bits, 0);
			assert.throws(() => measure(chip, { ms: 1500 }), { code });
			assert.equal(measure(chip, { ms: 3000 }).missing.bits, 0);
		});
});
