import type { FrameSchema, FrameTime } from "../../../modules/codec/frame.js";
import { decodeFrame } from "../../../modules/codec/frame-decoder.js";
import { encodeShort, shortAgeBits, shortBits, shortSize } from "../../../modules/codec/short-frame.js";
import { toHex } from "../../../modules/core/bytes.js";
import { NodeRecord, RecordKind } from "../../../modules/core/record.js";
import { Seeded } from "../../../sim/seeded.js";
import * as assert from "../../assert.js";
import { at, encodeFrame, sample, schemaOf, WEATHER_SCHEMA } from "../../support/frame-bytes.js";
import { fill, type PlainRecord } from "../../support/records.js";

/** The short form, whatever the long one would take. */
function short(record: PlainRecord, schema: FrameSchema, room: number, time: FrameTime): Uint8Array {
	const view = new Uint8Array(room + 8).fill(0xee);
	const length = encodeShort(schema, fill(new NodeRecord(32), record), time, view, room);
	assert.ok(length <= room);
	for (let n = room; n < view.length; n++) assert.equal(view[n], 0xee, "written beyond the room");
	return view.slice(0, length);
}
function decoded(record: PlainRecord, schema = WEATHER_SCHEMA, time = at(record.seconds), room = 120) {
	const frame = decodeFrame(short(record, schema, room, time), schema);
	assert.ok(frame.short && frame.records.length === 1);
	return { ...frame, record: frame.records[0]! };
}
const health = (...values: number[]): PlainRecord => ({ ...sample(5, 60, ...values), kind: RecordKind.health });

describe("short frame", () => {
	it("the weather node: 11 bytes, what LoRaWAN's DR0 carries in US915", () => {
		assert.equal(shortSize(WEATHER_SCHEMA), 11);
		assert.equal(shortAgeBits(WEATHER_SCHEMA), 9);
		assert.equal(short(sample(1, 0, 2150, 455, 7132, 398), WEATHER_SCHEMA, 11, at(61)).length, 11);
		assert.equal(short(sample(1, 0, 2150, 455, 7132, 398), WEATHER_SCHEMA, 10, at(61)).length, 0);
	});
	it("an encoder with too little room for one in the long form: the short one; with more, the long one", () => {
		const records = [sample(70_000, 0, 2150, 455, 7132, 398), sample(70_001, 600, 2151, 455, 7133, 398)];
		for (let room = 0; room < 11; room++) assert.equal(encodeFrame(records, WEATHER_SCHEMA, room, at(700)).taken, 0);
		const { bytes, taken, upTo } = encodeFrame(records, WEATHER_SCHEMA, 11, at(700));
		assert.deepEqual([bytes.length, taken, upTo], [11, 1, 70_000]);
		assert.equal(decodeFrame(bytes, WEATHER_SCHEMA).short, true);
		assert.equal(decodeFrame(encodeFrame(records, WEATHER_SCHEMA, 30, at(700)).bytes, WEATHER_SCHEMA).short, false);
	});
	for (const [low, high, bits] of [
		[0, 0, 1],
		[0, 1, 2],
		[0, 2, 2],
		[0, 3, 3],
		[-3, 3, 3],
		[-4, 3, 4],
		[0, 1022, 10],
		[0, 1023, 11],
		[0, 0x7fff_fffd, 31],
		[-1, 0x7fff_fffd, 31],
		[-2, 0x7fff_fffd, 32],
		[-0x7fff_ffff, 0x7fff_ffff, 32],
	] as const)
		it(`a range of ${low} … ${high}: ${bits} bits; both ends, missing, and what is beyond`, () => {
			assert.equal(shortBits(low, high), bits);
			const schema = schemaOf([0, low, 0], [6, high, 6]);
			for (const value of [low, high, undefined])
				assert.deepEqual(decoded(sample(1, 0, 6, value, 0), schema).record.values, [6, value, 0]);
			for (const value of [low - 1, high + 1])
				if (value === (value | 0))
					assert.deepEqual(decoded(sample(1, 0, 6, value, 0), schema).record.values, [6, undefined, 0]);
		});
	it("a code beyond the range: malformed", () => {
		const bytes = short(sample(1, 0, 1), schemaOf([0], [4]), 20, at(0)); // 3 bits: 5 and 6 are nothing
		const schema = schemaOf([0], [4]);
		let refused = 0;
		for (let code = 0; code < 8; code++) {
			bytes[bytes.length - 1] = (bytes[bytes.length - 1]! & 0xf8) | code;
			if (code === 5 || code === 6) {
				assert.throws(() => decodeFrame(bytes, schema), { code: "malformed" });
				refused++;
			} else decodeFrame(bytes, schema);
		}
		assert.equal(refused, 2);
	});
	it("ages: exact up to 63 s, then within a sixteenth, never younger told than older, until they are unknown", () => {
		let before = 0;
		for (let age = 0; age < 2_000_000; age += 1 + Math.floor(age / 97)) {
			const { now, record } = decoded(sample(1, 1000, 1, 1, 5000, 1), WEATHER_SCHEMA, at(1000 + age));
			if (age >= 63 * 4 ** 7) {
				assert.deepEqual([now, record.seconds], [undefined, 0], `${age} s`);
				continue;
			}
			assert.equal(now, 0);
			const told = 0 - record.seconds;
			assert.ok(told <= age && told > age - Math.max(age / 16, 1) && told >= before, `${age} s told as ${told}`);
			if (age < 64) assert.equal(told, age);
			before = told;
		}
		assert.ok(before > 950_000, `${before}`);
	});
	it("ages of other kinds, in 8 bits: exact up to 31 s, unknown from 31 · 4^7 s", () => {
		for (const [age, told] of [
			[0, 0],
			[31, 31],
			[33, 32],
			[31 * 4 ** 7 - 1, 30 * 4 ** 7],
			[31 * 4 ** 7, undefined],
		] as const) {
			const { now, record } = decoded(health(1), WEATHER_SCHEMA, at(60 + age));
			assert.equal(now === undefined ? undefined : 0 - record.seconds, told);
		}
	});
	it("another epoch: an unknown age; a clock behind the record: age 0", () => {
		assert.equal(decoded(sample(1, 0, 1, 1, 5000, 1), WEATHER_SCHEMA, at(5, { epoch: 8 })).now, undefined);
		const { now, record } = decoded(sample(1, 9, 1, 1, 5000, 1), WEATHER_SCHEMA, at(5));
		assert.deepEqual([now, record.seconds], [0, 0]);
	});
	it("numbers: their lowest 16 bits", () => {
		for (const number of [1, 65_535, 65_536, 65_537, 0xffff_ffff])
			assert.equal(decoded(sample(number, 0, 1, 1, 5000, 1)).record.number, number % 65_536);
	});
	it("other kinds in rooms of 0 to 30: cut to the values that fit, and flagged; nothing below 7", () => {
		const values = [0, -1, 1, 300, -70_000, 0x7fff_ffff, -0x8000_0000, 5, 0, 0, 0, -9];
		let whole = 0;
		for (let room = 0; room <= 30; room++) {
			const bytes = short(health(...values), WEATHER_SCHEMA, room, at(61));
			assert.equal(bytes.length > 0, room >= 7);
			if (!bytes.length) continue;
			const { records, truncated } = decodeFrame(bytes, WEATHER_SCHEMA);
			const [record] = records;
			assert.deepEqual([record!.number, record!.kind, record!.seconds], [5, RecordKind.health, -1]);
			assert.deepEqual(record!.values, values.slice(0, record!.values.length));
			assert.equal(truncated, record!.values.length < values.length);
			if (room === 11) assert.equal(record!.values.length, 4);
			if (!truncated) whole++;
		}
		assert.equal(whole, 0, "two values of 63 and 65 bits do not fit 23 bytes beside the rest");
		assert.equal(short(health(3, -3), WEATHER_SCHEMA, 24, at(61)).length, 8, "no longer than it needs");
		assert.equal(short(health(), WEATHER_SCHEMA, 24, at(61)).length, 7);
	});
	it("each kind but a sample comes back; unknown ones are malformed", () => {
		for (const kind of [RecordKind.alarm, RecordKind.command, RecordKind.health, RecordKind.sync])
			assert.equal(decoded({ ...health(7, -7), kind }).record.kind, kind);
		const bytes = short(health(7), WEATHER_SCHEMA, 20, at(60));
		for (const kind of [0, 5, 6, 7]) {
			// The kind is told in bits 33 … 35 of the content.
			const other = bytes.slice();
			other[5] = (other[5]! & 0x8f) | (kind << 4);
			assert.throws(() => decodeFrame(other, WEATHER_SCHEMA), { code: "malformed" });
		}
	});
	it("other kinds (seed 31): random values of all sizes, as many as fit, exactly", () => {
		const random = new Seeded(31);
		let some = 0;
		for (let run = 0; run < 500; run++) {
			const values = Array.from({ length: random.between(0, 12) }, () => (random.u32() | 0) >> random.between(0, 31));
			const { record, truncated } = decoded(health(...values), WEATHER_SCHEMA, at(60), random.between(7, 24));
			assert.deepEqual(record.values, values.slice(0, record.values.length));
			assert.equal(truncated, record.values.length < values.length);
			if (record.values.length) some++;
		}
		assert.ok(some > 300);
	});
	it("bits behind the last value: malformed", () => {
		const bytes = short(health(0), WEATHER_SCHEMA, 20, at(60));
		const longer = Uint8Array.of(bytes[0]! + 1, ...bytes.subarray(1), 0);
		assert.throws(() => decodeFrame(longer, WEATHER_SCHEMA), { code: "malformed" });
		const dirty = bytes.slice();
		dirty[dirty.length - 1]! |= 1;
		assert.throws(() => decodeFrame(dirty, WEATHER_SCHEMA), { code: "malformed" });
	});
	it("24 columns of 32 bits: two bytes of head, and back", () => {
		const schema = schemaOf(new Array(24).fill(-0x7fff_ffff), new Array(24).fill(0x7fff_ffff));
		const values = Array.from({ length: 24 }, (_, n) => (n % 5 ? n * 89_478_485 * (n % 2 ? 1 : -1) : undefined));
		assert.equal(shortSize(schema), 103);
		assert.deepEqual(decoded(sample(1, 0, ...values), schema).record.values, values);
	});
	it("whatever the widths, the last byte is full: 23 bytes of content have one byte of head, 24 have two", () => {
		for (let columns = 1; columns <= 24; columns++)
			for (const high of [0, 1, 6, 1000, 0x7fff_0000]) {
				const schema = schemaOf(new Array(columns).fill(0), new Array(columns).fill(high));
				const record = sample(9, 0, ...new Array(columns).fill(high));
				const bytes = short(record, schema, 120, at(0));
				assert.equal(bytes.length, shortSize(schema));
				assert.equal(toHex(bytes.subarray(0, 1)), bytes.length < 25 ? toHex(Uint8Array.of(0x3f + bytes.length)) : "58");
				assert.deepEqual(decodeFrame(bytes, schema).records[0]!.values, record.values);
			}
	});
});
