import { FrameEncoder } from "../../../modules/codec/frame-encoder.js";
import { RecordKind } from "../../../modules/core/record.js";
import { Seeded } from "../../../sim/seeded.js";
import { Collector } from "../../../tools/collector.js";
import * as assert from "../../assert.js";
import { PlainCursor, type PlainRecord } from "../../support/records.js";

const SCHEMA = 0x1234;
const quantities = [{ name: "temperature", unit: "Cel", resolution: 0.1 }] as const;
const WALL = 1_700_000_000;

function sample(number: number, seconds: number, epoch = 1): PlainRecord {
	return { number, kind: RecordKind.sample, epoch, seconds, wall: false, values: [number] };
}
function sync(number: number, seconds: number, wallSeconds: number, epoch = 1): PlainRecord {
	return { number, kind: RecordKind.sync, epoch, seconds, wall: true, values: [wallSeconds | 0] };
}
function frame(records: readonly PlainRecord[], epoch: number, now: number, schema = SCHEMA, width = 1): Uint8Array {
	const view = new Uint8Array(500);
	const encoder = new FrameEncoder(schema, width, view, () => new PlainCursor(records));
	return view.slice(0, encoder.encode(new PlainCursor(records), view.length, epoch, now));
}
function collector(): Collector {
	return new Collector({ schema: SCHEMA, quantities });
}

describe("collector", () => {
	it("frames that overlap: each record once, the others counted", () => {
		const one = collector();
		const records = [1, 2, 3, 4, 5].map((n) => sample(n, n));
		assert.equal(one.take(frame(records.slice(0, 3), 1, 3), 0).records.length, 3);
		const second = one.take(frame(records.slice(1), 1, 5), 0);
		assert.deepEqual(
			second.records.map(({ number }) => number),
			[4, 5],
		);
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
		assert.deepEqual(
			records.map(({ wallMs }) => wallMs),
			[1000 * (start + 10), 1000 * WALL],
		);
		assert.equal(one.take(frame([sample(3, 100)], 1, 100), 0).records[0]!.wallMs, 1000 * (start + 100));
		assert.equal(one.take(frame([sync(4, 200, WALL + 1000)], 1, 200), 0).records[0]!.wallMs, 1000 * (WALL + 1000));
	});
	it("sync after 2038: unsigned seconds", () => {
		const wall = 0x9000_0000;
		assert.equal(collector().take(frame([sync(1, 5, wall)], 1, 5), 0).records[0]!.wallMs, 1000 * wall);
	});
	it("epochs: each with its own start; one that is over and never synchronised is as old as its arrival", () => {
		const one = collector();
		const first = one.take(frame([sample(1, 600, 1)], 1, 600), 1000 * (WALL + 600));
		const second = one.take(frame([sample(257, 0, 2)], 2, 0), 1000 * (WALL + 9000));
		const late = one.take(frame([sample(2, 1200, 1)], 2, 50), 1000 * (WALL + 9050));
		const unknown = one.take(frame([sample(600, 7, 3)], 4, 0), 1000 * (WALL + 9100));
		assert.deepEqual(
			[first, second, late, unknown].map(({ records }) => records[0]!.wallMs / 1000 - WALL),
			[600, 9000, 1200, 9107],
		);
	});
	for (const [name, bytes, code] of [
		["another schema", frame([sample(1, 1)], 1, 1, 99), "unsupported"],
		["columns that the schema has not", frame([{ ...sample(1, 1), values: [1, 2] }], 1, 1, SCHEMA, 2), "malformed"],
		["no bytes", new Uint8Array(0), "truncated"],
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
		const good = frame([...[1, 2, 3, 4].map((n) => sample(n, 60 * n)), sync(5, 300, WALL)], 1, 301);
		let errors = 0;
		for (let run = 0; run < 10_000; run++) {
			const bytes = good.slice(0, random.real() < 0.2 ? random.between(0, good.length) : good.length);
			for (let hits = random.between(1, 3); hits > 0 && bytes.length; hits--)
				bytes[random.between(0, bytes.length - 1)] = random.u32();
			const { records, error } = one.take(bytes, 1000 * WALL);
			if (error) errors++;
			for (const { wallMs } of records) assert.ok(Number.isFinite(wallMs));
		}
		assert.deepEqual([one.frames, one.undecodable], [10_000, errors]);
		assert.ok(errors > 1000 && errors < 10_000);
	});
});
