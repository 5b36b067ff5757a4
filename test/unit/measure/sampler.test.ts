import { DormouseError, type ErrorCode } from "../../../modules/core/errors.js";
import { NodeRecord, RecordKind } from "../../../modules/core/record.js";
import { type Driver, Missing, MissingReason } from "../../../modules/measure/driver.js";
import { Sampler } from "../../../modules/measure/sampler.js";
import { type Channel, type Emit, type SensorDeclaration, sensor } from "../../../modules/measure/sensor.js";
import * as assert from "../../assert.js";

const channels: readonly Channel[] = [
	{ name: "temperature", unit: "Cel", step: 0.01, resolution: 0.1, low: -40, high: 85 },
	{ name: "humidity", unit: "%RH", step: 0.001, resolution: 0.1, low: 0, high: 100 },
];

/** A chip whose calls go by a script. */
class Fake implements Driver {
	created = 0;
	closed = 0;
	collected = 0;
	waitMs = 10;
	/** Thrown by create, start, and each collect in turn. */
	onCreate: Error | undefined;
	onStart: Error | undefined;
	readonly onCollect: (Error | undefined)[] = [];
	raw: readonly (number | MissingReason)[] = [2150, 50_000];
	skipped: readonly [channel: number, reason: MissingReason][] = [];

	declare(emit?: Readonly<Record<string, Emit>>): SensorDeclaration {
		const create = () => {
			if (this.onCreate) throw this.onCreate;
			this.created++;
			return this;
		};
		return sensor({ chip: "fake", port: "I2C.default", channels, emit, create });
	}
	start(): number {
		if (this.onStart) throw this.onStart;
		return this.waitMs;
	}
	collect(into: Int32Array, missing: Missing): void {
		const error = this.onCollect[this.collected++];
		if (error) throw error;
		this.raw.forEach((value, n) => {
			into[n] = value;
		});
		for (const [channel, reason] of this.skipped) missing.mark(channel, reason);
	}
	close(): void {
		this.closed++;
	}
}
function sample(...fakes: Fake[]) {
	const sampler = new Sampler(fakes.map((fake) => fake.declare()));
	const record = new NodeRecord(8);
	const waits = [sampler.start()];
	for (let wait = sampler.collect(record); wait > 0; wait = sampler.collect(record)) {
		waits.push(wait);
		if (waits.length > 100) assert.fail("busy for ever");
	}
	for (const fake of fakes) assert.ok(fake.closed >= fake.created, "left open");
	const values = Array.from({ length: record.length }, (_, n) => (record.isMissing(n) ? undefined : record.values[n]));
	return { values, waits, counts: [...sampler.counts], record };
}
const failing = (code: ErrorCode) => new DormouseError(code);

describe("sampler", () => {
	it("two chips: started together, their values in order", () => {
		const [a, b] = [new Fake(), new Fake()];
		b.waitMs = 35;
		b.raw = [-1234, 100_000];
		const { values, waits, counts, record } = sample(a, b);
		assert.deepEqual(values, [215, 500, -123, 1000]);
		assert.deepEqual(waits, [35]);
		assert.deepEqual(counts, [0, 0, 0, 0]);
		assert.equal(record.kind, RecordKind.sample);
	});
	for (const [raw, expected] of [
		[2154, 215],
		[2155, 216],
		[-2154, -215],
		[-2155, -216],
		[4, 0],
		[-4, 0],
		[-5, -1],
	] as const)
		it(`rounding: ${raw} hundredths, ${expected} tenths`, () => {
			const fake = new Fake();
			fake.raw = [raw, 0];
			assert.equal(sample(fake).values[0], expected);
		});
	for (const [channel, raw, expected] of [
		[1, 100_004, 1000], // 100.004 % rounds to 100.0
		[1, 100_049, 1000],
		[1, 100_050, undefined],
		[1, 100_060, undefined],
		[1, -49, 0],
		[1, -50, undefined],
		[0, 8504, 850],
		[0, 8505, undefined],
		[0, -4004, -400],
		[0, -4005, undefined],
		[0, 0x7fff_ffff, undefined],
		[0, -0x8000_0000, undefined],
	] as const)
		it(`range: channel ${channel} at ${raw} steps, ${expected ?? "missing and counted"}`, () => {
			const fake = new Fake();
			fake.raw = channel === 0 ? [raw, 0] : [0, raw];
			const { values, counts } = sample(fake);
			assert.equal(values[channel], expected);
			assert.deepEqual(counts, [0, 0, 0, expected === undefined ? 1 : 0]);
		});
	for (const [name, code, at, reason] of [
		["absent when opened", "absent", "create", MissingReason.absent],
		["bus fault when opened", "io", "create", MissingReason.absent],
		["absent when started", "absent", "start", MissingReason.absent],
		["another chip", "identity", "start", MissingReason.absent],
		["absent when collected", "absent", "collect", MissingReason.absent],
		["bad checksum", "malformed", "collect", MissingReason.nonsense],
		["anything else coded", "protocol", "collect", MissingReason.nonsense],
	] as const)
		it(`${name}: its readings are missing and counted, the other chip's are there`, () => {
			const [bad, good] = [new Fake(), new Fake()];
			if (at === "create") bad.onCreate = failing(code);
			else if (at === "start") bad.onStart = failing(code);
			else bad.onCollect.push(failing(code));
			const { values, counts } = sample(bad, good);
			assert.deepEqual(values, [undefined, undefined, 215, 500]);
			const expected = [0, 0, 0, 0];
			expected[reason] = 2;
			assert.deepEqual(counts, expected);
		});
	it("busy, then fine: asked again after a while, and nothing is missing", () => {
		const fake = new Fake();
		fake.onCollect.push(failing("busy"), failing("busy"));
		const { values, waits, counts } = sample(fake);
		assert.deepEqual(values, [215, 500]);
		assert.deepEqual(waits, [10, 5, 5]);
		assert.deepEqual(counts, [0, 0, 0, 0]);
	});
	it("busy for ever: given up after three times, counted as nonsense", () => {
		const fake = new Fake();
		for (let n = 0; n < 50; n++) fake.onCollect.push(failing("busy"));
		const { values, counts } = sample(fake);
		assert.deepEqual(values, [undefined, undefined]);
		assert.equal(fake.collected, 4);
		assert.deepEqual(counts, [0, 2, 0, 0]);
	});
	it("one busy behind one that answered: the first is collected once, its missing values stay counted", () => {
		const [first, second] = [new Fake(), new Fake()];
		first.skipped = [[1, MissingReason.skipped]];
		first.onCollect.push(undefined, failing("absent")); // gives its result only once
		second.onCollect.push(failing("busy"), failing("busy"));
		const { values, counts } = sample(first, second);
		assert.deepEqual(values, [215, undefined, 215, 500]);
		assert.equal(first.collected, 1);
		assert.deepEqual(counts, [0, 0, 1, 0]);
	});
	it("two busy chips: each is given its own three times", () => {
		const [first, second] = [new Fake(), new Fake()];
		for (const fake of [first, second]) for (let n = 0; n < 3; n++) fake.onCollect.push(failing("busy"));
		assert.deepEqual(sample(first, second).values, [215, 500, 215, 500]);
	});
	it("a second sample: nothing of the first is left", () => {
		const fake = new Fake();
		fake.onCollect.push(failing("malformed"));
		const sampler = new Sampler([fake.declare()]);
		const record = new NodeRecord(2);
		sampler.start();
		sampler.collect(record);
		assert.equal(record.missing, 3);
		sampler.start();
		sampler.collect(record);
		assert.deepEqual([record.missing, ...record.values, ...sampler.counts], [0, 215, 500, 0, 0, 0, 0]);
		assert.equal(fake.created, 2);
	});
	for (const [name, error] of [
		["a fault of the firmware", new TypeError("x is undefined")],
		["a port that the board has not", failing("declaration")],
	] as const)
		it(`${name}: escapes, with all drivers closed`, () => {
			for (const at of ["create", "start", "collect"] as const) {
				const [good, bad] = [new Fake(), new Fake()];
				if (at === "create") bad.onCreate = error;
				else if (at === "start") bad.onStart = error;
				else bad.onCollect.push(error);
				const sampler = new Sampler([good.declare(), bad.declare()]);
				let escaped: unknown;
				try {
					sampler.start();
					sampler.collect(new NodeRecord(4));
				} catch (thrown) {
					escaped = thrown;
				}
				assert.ok(escaped === error);
				assert.ok(good.closed === good.created && bad.closed === bad.created);
			}
		});
	it("close before collect: drivers closed once", () => {
		const fake = new Fake();
		const sampler = new Sampler([fake.declare()]);
		sampler.start();
		sampler.close();
		sampler.close();
		assert.equal(fake.closed, 1);
	});
});

describe("missing", () => {
	it("marks: each channel to 31, the first reason stays, clear forgets", () => {
		const missing = new Missing();
		missing.mark(31, MissingReason.range);
		missing.mark(31, MissingReason.absent);
		missing.mark(0, MissingReason.absent);
		assert.equal(missing.bits, 0x8000_0001);
		assert.equal(missing.reason(31), MissingReason.range);
		assert.equal(missing.reason(0), MissingReason.absent);
		assert.equal(missing.reason(1), undefined);
		missing.clear();
		assert.ok(!missing.has(31) && missing.bits === 0);
	});
});
