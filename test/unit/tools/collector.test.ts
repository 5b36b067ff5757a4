import type { FrameTime } from "../../../modules/codec/frame.js";
import { RecordKind } from "../../../modules/core/record.js";
import { Seeded } from "../../../sim/seeded.js";
import { Collector } from "../../../tools/collector.js";
import * as assert from "../../assert.js";
import { at, encodeFrame, schemaOf } from "../../support/frame-bytes.js";
import type { PlainRecord } from "../../support/records.js";

const SCHEMA = schemaOf([0], [100_000]);
const quantities = [{ name: "temperature", unit: "Cel", resolution: 0.1 }] as const;
const WALL = 1_700_000_000;

function sample(number: number, seconds: number, epoch = 1): PlainRecord {
	return { number, kind: RecordKind.sample, epoch, seconds, wall: false, values: [number] };
}
function sync(number: number, seconds: number, wallSeconds: number, epoch = 1): PlainRecord {
	return { number, kind: RecordKind.sync, epoch, seconds, wall: true, values: [wallSeconds | 0] };
}
/** @param seconds now, in that epoch */
function frame(
	records: readonly PlainRecord[],
	epoch: number,
	seconds: number,
	more: Partial<FrameTime> = {},
	schema = SCHEMA,
	room = 500,
): Uint8Array {
	return encodeFrame(records, schema, room, at(seconds, { epoch, ...more })).bytes;
}
/** One record in its short form. */
function short(number: number, seconds = 0, now = seconds, epoch = 1): Uint8Array {
	return frame([sample(number, seconds, epoch)], epoch, now, {}, SCHEMA, 8);
}
function collector(): Collector {
	return new Collector({ frame: SCHEMA, quantities });
}
const walls = (records: readonly { readonly wallMs: number }[]) => records.map(({ wallMs }) => wallMs);
const numbers = (records: readonly { readonly number: number }[]) => records.map(({ number }) => number);

describe("collector", () => {
	it("frames that overlap: each record once, the others counted", () => {
		const one = collector();
		const records = [1, 2, 3, 4, 5].map((n) => sample(n, n));
		assert.equal(one.take(frame(records.slice(0, 3), 1, 3), 0).records.length, 3);
		const second = one.take(frame(records.slice(1), 1, 5), 0);
		assert.deepEqual(numbers(second.records), [4, 5]);
		assert.equal(second.duplicates, 2);
		assert.equal(one.take(frame(records, 1, 5), 0).records.length, 0);
		assert.deepEqual([one.duplicates, one.frames, one.undecodable], [7, 3, 0]);
	});
	it("times from the frame's age; a quicker frame makes them better, a slower one does not", () => {
		const one = collector();
		const at = (number: number, lateMs: number) =>
			one.take(frame([sample(number, 600)], 1, 700), 1000 * (WALL + 700) + lateMs).records[0]!.wallMs;
		assert.equal(at(1, 500), 1000 * (WALL + 600) + 500);
		assert.equal(at(2, 90), 1000 * (WALL + 600) + 90);
		assert.equal(at(3, 70_000), 1000 * (WALL + 600) + 90);
	});
	it("sync record: exact for the whole epoch, also for records before it in the frame; ages count no more", () => {
		const one = collector();
		const start = WALL - 60;
		const { records } = one.take(frame([sample(1, 10), sync(2, 60, WALL)], 1, 70), 5000);
		assert.deepEqual(walls(records), [1000 * (start + 10), 1000 * WALL]);
		assert.equal(one.take(frame([sample(3, 100)], 1, 100), 0).records[0]!.wallMs, 1000 * (start + 100));
		assert.equal(one.take(frame([sync(4, 200, WALL + 1000)], 1, 200), 0).records[0]!.wallMs, 1000 * (WALL + 1000));
	});
	it("sync record in a frame that tells wall times: it names its epoch and seconds, and later frames of that epoch follow it", () => {
		const one = collector();
		const mark = { ...sync(3, 500, WALL), values: [WALL | 0, 7, 500] };
		one.take(frame([{ ...mark, epoch: 7 }], 7, 510, { wall: WALL + 10 }), 1000 * (WALL + 10));
		const { records } = one.take(frame([sample(4, 1100, 7)], 8, 5, { wall: WALL + 90_000 }), 1000 * (WALL + 90_000));
		assert.deepEqual([records[0]!.epoch, records[0]!.wallMs, records[0]!.timed], [7, 1000 * (WALL + 600), true]);
	});
	it("two sync records: between them the clock drifted evenly; before the first and behind the last it did not", () => {
		const one = collector();
		const marks = [sync(2, 1000, WALL), sync(4, 11_000, WALL + 10_100)];
		const { records } = one.take(
			frame([sample(1, 400), marks[0]!, sample(3, 6000), marks[1]!, sample(5, 11_600)], 1, 11_700),
			0,
		);
		assert.deepEqual(
			walls(records).map((wallMs) => wallMs / 1000 - WALL),
			[-600, 0, 5050, 10_100, 10_700],
		);
		const jump = collector();
		const [, , between] = jump.take(
			frame([sync(1, 1000, WALL), sync(3, 11_000, WALL + 900_000), sample(4, 6000)], 1, 11_700),
			0,
		).records;
		assert.equal(between!.wallMs, 1000 * (WALL + 5000), "no clock drifts so: the first mark stands until the second");
	});
	it("a slow clock, never synchronised: ages move the epoch's start on, by a 64th of the time at most", () => {
		const at = (pace: number) => {
			const one = collector();
			return [1, 2, 3].map((n) => {
				const now = 100_000 * n;
				return one.take(frame([sample(n, now)], 1, now), 1000 * (WALL + now * pace)).records[0]!.wallMs / 1000 - WALL;
			});
		};
		assert.deepEqual(at(1.01), [101_000, 202_000, 303_000]);
		assert.deepEqual(at(0.99), [99_000, 198_000, 297_000]);
		const far = at(1.5);
		assert.near(far[1]! - far[0]!, 100_000 * (1 + 1 / 64), 1e-3);
	});
	it("sync after 2038: unsigned seconds", () => {
		const wall = 0x9000_0000;
		assert.equal(collector().take(frame([sync(1, 5, wall)], 1, 5), 0).records[0]!.wallMs, 1000 * wall);
	});
	it("epochs: each with its own start; one that is over and never synchronised ends at its arrival", () => {
		const one = collector();
		const first = one.take(frame([sample(1, 600, 1)], 1, 600), 1000 * (WALL + 600));
		const second = one.take(frame([sample(257, 0, 2)], 2, 0), 1000 * (WALL + 9000));
		const late = one.take(frame([sample(2, 1200, 1)], 2, 50), 1000 * (WALL + 9050));
		const unknown = one.take(frame([sample(600, 700, 3), sample(601, 760, 3)], 4, 0), 1000 * (WALL + 9100));
		assert.deepEqual(
			[first, second, late, unknown].flatMap(({ records }) => walls(records).map((wallMs) => wallMs / 1000 - WALL)),
			[600, 9000, 1200, 9040, 9100],
		);
	});
	it("stamped arrivals: the arrival less the age", () => {
		const bytes = frame([sample(1, 600), sample(2, 660)], 1, 670, { stamped: true });
		assert.deepEqual(walls(collector().take(bytes, 1000 * WALL).records), [1000 * (WALL - 70), 1000 * (WALL - 10)]);
	});
	it("wall time in full: whenever it arrives", () => {
		const records = [sample(1, 0), sample(2, 60)];
		const bytes = frame(records, 1, 900_000, { wall: WALL });
		const start = WALL - 900_000;
		for (const arrived of [0, WALL, WALL + 100_000_000, 0xffff_ffff])
			assert.deepEqual(walls(collector().take(bytes, 1000 * arrived).records), [1000 * start, 1000 * (start + 60)]);
	});
	for (const made of [WALL, 1621 * 2 ** 20, 1621 * 2 ** 20 - 1, 1621 * 2 ** 20 + 30, 0xffff_ffff])
		for (const [name, late, old] of [
			["at once", 0, 0],
			["18 hours before its last record, by a receiver that is behind", -65_476, 0],
			["a second late", 1, 30],
			["5 days late, of records 6 days old", 458_752, 524_287],
			["11 days late, of new records", 983_039, 0],
		] as const)
			it(`recent wall time, made at ${made}, arrived ${name}: to the second`, () => {
				const records = [sample(1, 700_000 - old), sample(2, 700_000 - old + 60)];
				const { records: got } = collector().take(
					frame(records, 1, 700_000, { wall: made }),
					1000 * (made + late) + 999,
				);
				assert.deepEqual(walls(got), [1000 * (made - old), 1000 * (made - old + 60)]);
			});
	it("recent wall time beyond those limits: a window off, which is what its 20 bits can tell", () => {
		const bytes = frame([sample(1, 700_000)], 1, 700_000, { wall: WALL });
		assert.equal(collector().take(bytes, 1000 * (WALL + 983_040)).records[0]!.wallMs, 1000 * (WALL + 2 ** 20));
		assert.equal(collector().take(bytes, 1000 * (WALL - 65_537)).records[0]!.wallMs, 1000 * (WALL - 2 ** 20));
	});

	it("short form: the age tells the time; without one the arrival does", () => {
		const one = collector();
		assert.equal(one.take(short(1, 600, 660), 1000 * WALL).records[0]!.wallMs, 1000 * (WALL - 60));
		assert.equal(one.take(short(2, 600, 660, 1), 1000 * WALL).records[0]!.wallMs, 1000 * (WALL - 60));
		const over = encodeFrame([sample(3, 600, 1)], SCHEMA, 8, at(9)).bytes;
		assert.equal(one.take(over, 1000 * WALL).records[0]!.wallMs, 1000 * WALL);
	});
	it("short form: numbers grow beyond their 16 bits", () => {
		const one = collector();
		for (let number = 1; number < 400_000; number += 997) {
			const { records } = one.take(short(number), 0);
			assert.deepEqual(numbers(records), [number]);
		}
	});
	it("short form: out of order and twice around the wrap, each once by its whole number", () => {
		const one = collector();
		const take = (number: number) => one.take(short(number), 0);
		take(65_530);
		for (const number of [65_540, 65_535, 65_537, 65_536, 65_531])
			assert.deepEqual(numbers(take(number).records), [number]);
		for (const number of [65_530, 65_536, 65_540, 65_531]) assert.equal(take(number).duplicates, 1);
		assert.deepEqual(numbers(take(65_540 + 32_767).records), [98_307]);
		assert.deepEqual(numbers(take(65_540).records), []);
		assert.equal(one.duplicates, 5);
	});
	it("short form: a long frame before tells the whole number; the low bits of 0 are a number too", () => {
		const one = collector();
		one.take(frame([sample(131_071, 0)], 1, 0), 0);
		assert.deepEqual(numbers(one.take(short(131_072), 0).records), [131_072]);
		assert.equal(one.take(frame([sample(131_072, 0)], 1, 0), 0).duplicates, 1);
	});
	it("short form: what a young node's numbers are when they come in any order", () => {
		const one = collector();
		for (const number of [3, 1, 300, 2, 33_000, 299]) {
			const { records } = one.take(short(number), 0);
			assert.deepEqual(numbers(records), [number]);
		}
	});

	for (const [name, bytes, code] of [
		["another schema", frame([sample(1, 1)], 1, 1, {}, { ...SCHEMA, schema: 99 }), "unsupported"],
		["no bytes", new Uint8Array(0), "truncated"],
		["half a frame", frame([sample(1, 1)], 1, 1).subarray(0, 5), "truncated"],
	] as const)
		it(`${name}: told, counted, and nothing is learnt`, () => {
			const one = collector();
			const { records, duplicates, error } = one.take(bytes, 0);
			assert.deepEqual([records.length, duplicates, error?.code], [0, 0, code]);
			assert.deepEqual([one.undecodable, one.frames, one.bytes], [1, 1, bytes.length]);
			assert.equal(one.take(frame([sample(1, 1)], 1, 1), 1000 * WALL).records[0]!.wallMs, 1000 * WALL);
		});
	it("good frames with bytes changed (seed 12): never thrown, counts add up", () => {
		const random = new Seeded(12);
		const one = collector();
		const some = [...[1, 2, 3, 4].map((n) => sample(n, 60 * n)), sync(5, 300, WALL)];
		const frames = [
			frame(some, 1, 301),
			frame(some, 1, 301, { wall: WALL }),
			frame(some, 1, 900_000, { wall: WALL }),
			frame(some, 1, 301, { stamped: true }),
			short(7, 60),
		];
		const runs = typeof process === "undefined" ? 1000 : 10_000;
		let errors = 0;
		for (let run = 0; run < runs; run++) {
			const good = frames[run % frames.length]!;
			const bytes = good.slice(0, random.real() < 0.2 ? random.between(0, good.length) : good.length);
			for (let hits = random.between(1, 3); hits > 0 && bytes.length; hits--)
				bytes[random.between(0, bytes.length - 1)] = random.u32();
			const { records, error } = one.take(bytes, 1000 * WALL);
			if (error) errors++;
			for (const { number, wallMs } of records) assert.ok(Number.isFinite(wallMs) && number >= 0);
		}
		assert.deepEqual([one.frames, one.undecodable], [runs, errors]);
		assert.ok(errors > runs / 10 && errors < runs, `${errors} errors`);
	});
});
