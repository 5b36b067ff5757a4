import { CborWriter } from "../../../modules/codec/cbor-writer.js";
import { decodeFrame } from "../../../modules/codec/frame-decoder.js";
import { FrameEncoder } from "../../../modules/codec/frame-encoder.js";
import { schemaId } from "../../../modules/codec/schema.js";
import { fromHex, toHex } from "../../../modules/core/bytes.js";
import { DormouseError } from "../../../modules/core/errors.js";
import { RecordKind } from "../../../modules/core/record.js";
import { Seeded } from "../../../sim/seeded.js";
import * as assert from "../../assert.js";
import { PlainCursor, type PlainRecord, randomRecords } from "../../support/records.js";

function encode(records: readonly PlainRecord[], width: number, room: number, epoch: number, now: number) {
	const view = new Uint8Array(room + 8).fill(0xee);
	const cursor = new PlainCursor(records);
	const encoder = new FrameEncoder(0xbeef, width, view, () => new PlainCursor(records));
	const length = encoder.encode(cursor, room, epoch, now);
	assert.ok(
		view.subarray(Math.max(room, 0)).every((byte) => byte === 0xee),
		"written beyond the room",
	);
	return { bytes: view.subarray(0, length), taken: cursor.at, upTo: encoder.upTo };
}
function sample(number: number, seconds: number, ...values: (number | undefined)[]): PlainRecord {
	return { number, kind: RecordKind.sample, epoch: 7, seconds, wall: false, values };
}

describe("frame", () => {
	for (const [name, records, now, hex] of [
		["one sample", [sample(1, 600, 215, -3)], 601, "87 01 19beef 01 07 190258 190259 85 00 00 00 81 18d7 81 22"],
		[
			"regular samples: one step, differences",
			[sample(1, 0, 10), sample(2, 60, 11), sample(3, 120, 9)],
			125,
			"87 01 19beef 01 07 00 187d 84 00 00 183c 83 0a 01 21",
		],
		[
			"irregular samples: each step",
			[sample(1, 0, 10), sample(2, 60, 11), sample(3, 121, 9)],
			125,
			"87 01 19beef 01 07 00 187d 84 00 00 82 183c 183d 83 0a 01 21",
		],
		[
			"missing values: null, the difference is to the last that was there",
			[sample(1, 0, undefined), sample(2, 1, 5), sample(3, 2, undefined), sample(4, 3, 7)],
			4,
			"87 01 19beef 01 07 00 04 84 00 00 01 84 f6 05 f6 02",
		],
		[
			"another kind: a run of its own",
			[{ ...sample(9, 5, 1, -2), kind: RecordKind.health, wall: true }],
			5,
			"87 01 19beef 09 07 05 05 84 13 00 01 21",
		],
	] as const)
		it(`${name}: the bytes of the CDDL`, () => {
			const width = records[0]!.values.length;
			const { bytes, taken } = encode(records, width, 100, 7, now);
			assert.equal(toHex(bytes), hex.replaceAll(" ", ""));
			assert.equal(taken, records.length);
			assert.deepEqual(decodeFrame(bytes), { schema: 0xbeef, epoch: 7, now, records });
		});
	it("an epoch that is over: no now", () => {
		const records = [sample(1, 600, 1)];
		assert.equal(decodeFrame(encode(records, 1, 50, 8, 3).bytes).now, undefined);
		assert.equal(decodeFrame(encode(records, 1, 50, 7, 3).bytes).now, 3);
	});
	it("another epoch, or time going back: the frame ends before it", () => {
		const first = [sample(1, 600, 1), sample(2, 660, 1)];
		assert.equal(encode([...first, { ...sample(3, 700, 1), epoch: 8 }], 1, 100, 7, 700).taken, 2);
		assert.equal(encode([...first, sample(3, 659, 1)], 1, 100, 7, 700).taken, 2);
		assert.equal(encode([...first, sample(3, 660, 1)], 1, 100, 7, 700).taken, 3);
	});
	it("no record, or no room for one: 0 and nothing moves", () => {
		assert.equal(encode([], 1, 100, 1, 1).bytes.length, 0);
		const records = [sample(1, 0, 10)];
		const { length } = encode(records, 1, 100, 7, 0).bytes;
		for (let room = 0; room < length; room++) {
			const { bytes, taken } = encode(records, 1, room, 7, 0);
			assert.equal(bytes.length, 0);
			assert.equal(taken, 0);
		}
		assert.equal(encode(records, 1, length, 7, 0).bytes.length, length);
	});
	it("extremes: numbers, times and values at their ends come back", () => {
		const [low, high] = [-0x8000_0000, 0x7fff_ffff];
		const records = [
			{ ...sample(0xffff_fffd, 0, high, low), epoch: 0xffff },
			{ ...sample(0xffff_fffe, 0, low, high), epoch: 0xffff },
			{ ...sample(0xffff_ffff, 0xffff_ffff, high, low), epoch: 0xffff },
		];
		const { bytes, upTo } = encode(records, 2, 100, 0xffff, 0xffff_ffff);
		assert.deepEqual(decodeFrame(bytes, 2).records, records);
		assert.equal(upTo, 0xffff_ffff);
	});
	it("32 columns: bit 31 can be missing", () => {
		const values = Array.from({ length: 32 }, (_, n) => (n % 31 === 0 ? undefined : n));
		const records = [sample(1, 0, ...values)];
		assert.deepEqual(decodeFrame(encode(records, 32, 100, 7, 0).bytes).records, records);
	});
	it("one narrow column, much room: no record that fits is left behind", () => {
		const records = Array.from({ length: 200 }, (_, n) => sample(n + 1, n, 0));
		const { bytes, taken } = encode(records, 1, 120, 7, 200);
		assert.ok(bytes.length >= 119);
		assert.ok(taken > 95, `${taken} records`);
	});
	for (const width of [1, 2, 4, 12])
		it(`random records, ${width} wide (seed ${40 + width}): exact, all that fit, none more`, () => {
			const random = new Seeded(40 + width);
			let frames = 0;
			for (let run = 0; run < 60; run++) {
				const records = randomRecords(random, width, random.between(1, 30));
				for (let room = 0; room < 260; room += random.between(1, 9)) {
					const { bytes, taken, upTo } = encode(records, width, room, records[0]!.epoch, 0xffff_ffff);
					assert.ok(bytes.length <= room);
					assert.equal(taken > 0, bytes.length > 0);
					if (taken > 0) {
						frames++;
						assert.deepEqual(decodeFrame(bytes, width).records, records.slice(0, taken));
						assert.equal(upTo, records[taken - 1]!.number);
					}
					const next = records[taken];
					const back = taken > 0 && next !== undefined && next.seconds < records[taken - 1]!.seconds;
					if (!next || back) continue;
					// One more would not have fitted: with unlimited room it makes a frame that is larger than the room.
					const more = encode(records.slice(0, taken + 1), width, 4000, records[0]!.epoch, 0xffff_ffff);
					assert.equal(more.taken, taken + 1);
					assert.ok(more.bytes.length > room, `${taken} records in ${room}, ${taken + 1} take ${more.bytes.length}`);
				}
			}
			assert.ok(frames > 1000, `only ${frames} frames`);
		});
});

describe("frame decoder: hostile input", () => {
	const records = randomRecords(new Seeded(3), 3, 12, { number: 1, seconds: 0, epoch: 1 });
	const good = encode(records, 3, 300, 1, 99_999).bytes.slice();

	it("cut after any byte: a coded error", () => {
		for (let short = 0; short < good.length; short++) {
			try {
				decodeFrame(good.subarray(0, short));
			} catch (error) {
				if (error instanceof DormouseError) continue;
				throw error;
			}
			assert.fail(`a frame of ${short} bytes was taken`);
		}
	});
	it("bytes behind the frame: malformed", () => {
		assert.throws(() => decodeFrame(Uint8Array.of(...good, 0)), { code: "malformed" });
	});
	for (const [name, hex, code] of [
		["no array", "01", "type"],
		["no run", "86 01 00 01 01 00 00", "malformed"],
		["another version", "87 02 00 01 01 00 00 82 01 00", "unsupported"],
		["schema beyond 16 bits", "87 01 1a00010000 01 01 00 00 82 01 00", "malformed"],
		["number beyond 32 bits", "87 01 00 1b0000000100000000 01 00 00 82 01 00", "malformed"],
		["second number beyond 32 bits", "88 01 00 1affffffff 01 00 00 82 01 00 82 01 00", "malformed"],
		["epoch beyond 16 bits", "87 01 00 01 1a00010000 00 00 82 01 00", "malformed"],
		["negative seconds", "87 01 00 01 01 20 00 82 01 00", "type"],
		["seconds that run beyond 32 bits", "87 01 00 01 01 1affffffff 00 82 01 01", "malformed"],
		["steps that run beyond 32 bits", "87 01 00 01 01 00 00 84 00 00 1affffffff 83 00 00 00", "malformed"],
		["a run of one item", "87 01 00 01 01 00 00 81 01", "malformed"],
		["an unknown kind", "87 01 00 01 01 00 00 82 05 00", "malformed"],
		["unknown flags", "87 01 00 01 01 00 00 82 1821 00", "malformed"],
		["a sample without columns", "87 01 00 01 01 00 00 83 00 00 00", "malformed"],
		["an empty column", "87 01 00 01 01 00 00 84 00 00 00 80", "malformed"],
		["columns of different lengths", "87 01 00 01 01 00 00 85 00 00 00 81 00 82 00 00", "malformed"],
		["too few steps", "87 01 00 01 01 00 00 84 00 00 80 82 00 00", "malformed"],
		["too many steps", "87 01 00 01 01 00 00 84 00 00 81 01 81 00", "malformed"],
		["a value beyond 32 bits", "87 01 00 01 01 00 00 83 01 00 1a80000000", "malformed"],
		["differences beyond 32 bits", "87 01 00 01 01 00 00 84 00 00 00 82 1a7fffffff 01", "malformed"],
		["a float", "87 01 00 01 01 00 00 83 01 00 f93c00", "type"],
		["text for a value", "87 01 00 01 01 00 00 83 01 00 6131", "type"],
	] as const)
		it(`${name}: ${code}`, () => {
			assert.throws(() => decodeFrame(fromHex(hex)), { code });
		});
	it("another number of columns than the schema's: malformed", () => {
		assert.equal(decodeFrame(good, 3).records.length, 12);
		for (const width of [1, 2, 4]) assert.throws(() => decodeFrame(good, width), { code: "malformed" });
	});
	it("33 columns: malformed", () => {
		const writer = new CborWriter(new Uint8Array(200)).array(7).int(1).int(0).int(1).int(1).int(0).null();
		writer.array(36).int(0).int(0).int(0);
		for (let n = 0; n < 33; n++) writer.array(1).int(0);
		assert.throws(() => decodeFrame(writer.written), { code: "malformed" });
	});
	it("a good frame with bytes changed (seed 5): a frame or a coded error, never more records than bytes", () => {
		const random = new Seeded(5);
		let taken = 0;
		for (let run = 0; run < 20_000; run++) {
			const bytes = good.slice(0, random.real() < 0.2 ? random.between(0, good.length) : good.length);
			for (let hits = random.between(1, 4); hits > 0; hits--)
				if (bytes.length) bytes[random.between(0, bytes.length - 1)] = random.u32() & 0xff;
			try {
				const frame = decodeFrame(bytes);
				taken++;
				assert.ok(frame.records.length <= bytes.length && frame.records.length > 0);
				for (const { number, seconds, values } of frame.records) {
					assert.ok(number === number >>> 0 && seconds === seconds >>> 0);
					assert.ok(values.every((value) => value === undefined || value === (value | 0)));
				}
			} catch (error) {
				if (!(error instanceof DormouseError)) throw error;
			}
		}
		assert.ok(taken > 100, `only ${taken} were still frames`);
	});
});

describe("schema id", () => {
	const quantities = [
		{ name: "temperature", unit: "Cel", resolution: 0.01 },
		{ name: "humidity", unit: "%RH", resolution: 0.5 },
	] as const;
	it("names, units, resolutions and their order: each makes another id", () => {
		const [a, b] = quantities;
		const ids = [
			[a, b],
			[b, a],
			[a],
			[{ ...a, name: "outside" }, b],
			[{ ...a, unit: "K" }, b],
			[{ ...a, resolution: 0.1 }, b],
		].map(schemaId);
		assert.equal(new Set(ids).size, ids.length);
		assert.equal(schemaId([...quantities]), ids[0]!);
		assert.ok(ids.every((id) => id >= 0 && id <= 0xffff));
	});
});
