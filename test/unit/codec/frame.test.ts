import { FRAME_MOST, type FrameSchema, RECENT_BITS, TimeBase } from "../../../modules/codec/frame.js";
import { decodeFrame, frameSchemaId } from "../../../modules/codec/frame-decoder.js";
import { frameSchema, schemaId } from "../../../modules/codec/schema.js";
import { toHex } from "../../../modules/core/bytes.js";
import { crc16 } from "../../../modules/core/crc.js";
import { DormouseError } from "../../../modules/core/errors.js";
import { RecordKind } from "../../../modules/core/record.js";
import { Seeded } from "../../../sim/seeded.js";
import * as assert from "../../assert.js";
import {
	at,
	baseOf,
	decodedOf,
	encodeFrame,
	sample,
	schemaOf,
	WEATHER_QUANTITIES,
	WEATHER_SCHEMA,
} from "../../support/frame-bytes.js";
import type { PlainRecord } from "../../support/records.js";
import { randomRecords } from "../../support/records.js";
import { seedOf } from "../../support/seed.js";

const NOW = 1_700_000_000;
const [LEAST, MOST] = [-0x8000_0000, 0x7fff_ffff];
/** XS takes some ten times as long. */
const share = (runs: number) => (typeof process === "undefined" ? Math.ceil(runs / 10) : runs);

/** On XS the board's clock is a host call, which the runner does not answer; its meter bounds time there. */
const clockMs = () => (typeof process === "undefined" ? 0 : Date.now());

/** Ranges of all sorts: one value, narrow, a sensor's, all 32 bits. */
function randomSchema(random: Seeded, width: number): FrameSchema {
	const low: number[] = [];
	const high: number[] = [];
	for (let n = 0; n < width; n++) {
		const around = random.between(-4000, 4000);
		const span = [0, 3, 500, 5000, MOST][random.between(0, 4)]!;
		low.push(Math.max(around - span, LEAST));
		high.push(Math.min(around + span, MOST));
	}
	return schemaOf(low, high, random.between(1, 3600), random.between(1, 40));
}
/** Records with gaps between their numbers too. */
function gappy(random: Seeded, width: number, count: number): PlainRecord[] {
	const records = randomRecords(random, width, count, {
		epoch: 7,
		number: random.between(1, 0xffff_f000 >>> random.between(0, 31)),
	});
	const rate = random.real() * 0.3;
	let ahead = 0;
	for (const record of records) {
		if (random.real() < rate) ahead += random.between(1, 2000 >>> random.between(0, 11));
		record.number = Math.min(record.number + ahead, 0xffff_ffff);
	}
	return records;
}

describe("frame: what comes back", () => {
	const seed = seedOf(20);
	for (const base of ["recent", "wall", "age", "epoch"] as const)
		it(`random records, base ${base} (seed ${seed}): exact, in one frame`, () => {
			const random = new Seeded(seed + TimeBase[base]);
			let records = 0;
			for (let run = 0; run < share(500); run++) {
				const width = run % 24 ? random.between(1, 6) : random.between(7, 24);
				const some = gappy(random, width, random.between(1, random.real() < 0.9 ? 20 : 120));
				const schema = randomSchema(random, width);
				const first = some[0]!.seconds;
				const late = base === "wall" ? random.between(524_288, 0x1fff_ffff) : random.between(-32_767, 524_287);
				const far = base === "recent" || base === "wall";
				const time = at(first + late, {
					wall: far ? random.between(0x2000_0000, 0xffff_ffff) : 0,
					stamped: base === "age",
				});
				assert.equal(baseOf(some, time), TimeBase[base]);
				const { bytes, taken } = encodeFrame(some, schema, 60_000, time);
				assert.equal(taken, some.length);
				const frame = decodeFrame(bytes, schema);
				assert.deepEqual(frame.records, decodedOf(some, TimeBase[base], time));
				const last = some[some.length - 1]!.seconds;
				const made = base === "age" ? 0 : base === "epoch" ? Math.max(time.seconds, last) : undefined;
				assert.deepEqual(
					[frame.schema, frame.short, frame.base, frame.now, frame.truncated],
					[schema.schema, false, TimeBase[base], made, false],
				);
				assert.deepEqual(frameSchemaId(bytes), { id: schema.schema, short: false });
				records += taken;
			}
			assert.ok(records > share(4000), `only ${records} records`);
		});
	it("extremes: numbers, times and values from end to end of 32 bits", () => {
		const schema = schemaOf([LEAST, 0], [MOST, 1]);
		const records = [
			{ ...sample(1, 0, MOST, LEAST), epoch: 0xffff },
			{ ...sample(0xffff_fffe, 0xffff_ffff, LEAST, MOST), epoch: 0xffff },
			{ ...sample(0xffff_ffff, 0, MOST, 0), epoch: 0xffff },
			{ ...sample(0xffff_ffff, 0x8000_0000, -1, LEAST), epoch: 0xffff },
		];
		const time = at(0xffff_ffff, { epoch: 0xffff });
		assert.deepEqual(
			decodeFrame(encodeFrame(records, schema, 200, time).bytes, schema).records,
			decodedOf(records, TimeBase.epoch, time),
		);
	});
	it("each number of bits: first numbers and ages of 1 to 32 of them", () => {
		const schema = schemaOf([0], [9]);
		for (let bits = 0; bits < 32; bits++)
			for (const value of [2 ** bits, 2 ** (bits + 1) - 1]) {
				const records = [sample(value, value, 5)];
				const time = at(Math.min(2 * value, 0xffff_ffff), { stamped: bits % 2 === 1 });
				const frame = decodeFrame(encodeFrame(records, schema, 40, time).bytes, schema);
				assert.deepEqual(frame.records, decodedOf(records, bits % 2 ? TimeBase.age : TimeBase.epoch, time));
			}
	});
	it("differences: each power of two and its neighbours, up and down", () => {
		const schema = schemaOf([LEAST], [MOST]);
		const records = [sample(1, 0, 0)];
		let value = 0;
		for (let bits = 0; bits < 32; bits++)
			for (const difference of [2 ** bits - 1, 2 ** bits, -(2 ** bits), 1 - 2 ** bits]) {
				value = (value + difference) | 0;
				records.push(sample(records.length + 1, 60 * records.length, value));
			}
		const { bytes, taken } = encodeFrame(records, schema, 2000, at(9999));
		assert.equal(taken, 129);
		assert.deepEqual(decodeFrame(bytes, schema).records, decodedOf(records, TimeBase.epoch, at(9999)));
	});
	it("missing values: each subset of five columns after each other", () => {
		const schema = schemaOf([0, 0, 0, 0, 0], [99, 99, 99, 99, 99]);
		const records: PlainRecord[] = [];
		for (let from = 0; from < 32; from++)
			for (let to = 0; to < 32; to++)
				for (const set of [from, to])
					if (records.length < FRAME_MOST)
						records.push(
							sample(
								records.length + 1,
								records.length * 60,
								...[0, 1, 2, 3, 4].map((n) => ((set >> n) & 1 ? undefined : (records.length * (n + 1)) % 100)),
							),
						);
		const { bytes, taken } = encodeFrame(records, schema, 16_000, at(99_999));
		assert.equal(taken, FRAME_MOST);
		assert.deepEqual(decodeFrame(bytes, schema).records, decodedOf(records, TimeBase.epoch, at(99_999)));
	});
	it("24 columns: the last one can be missing, and all of them", () => {
		const schema = schemaOf(new Array(24).fill(0), new Array(24).fill(50));
		const full = Array.from({ length: 24 }, (_, n) => n);
		const records = [
			sample(1, 0, ...full.map((n) => (n === 23 ? undefined : n))),
			sample(2, 60, ...full.map(() => undefined)),
			sample(3, 120, ...full),
		];
		const { bytes } = encodeFrame(records, schema, 200, at(130));
		assert.deepEqual(decodeFrame(bytes, schema).records, decodedOf(records, TimeBase.epoch, at(130)));
	});
	it("other kinds: all of them, with 0 to 12 values of all sizes, and their own wall", () => {
		const schema = schemaOf([0], [9]);
		const records: PlainRecord[] = [];
		for (const kind of [RecordKind.alarm, RecordKind.command, RecordKind.health, RecordKind.sync])
			for (let length = 0; length <= 12; length++)
				for (const wall of [false, true]) {
					const values = Array.from({ length }, (_, n) => [0, -1, LEAST, MOST, 77][(n + length) % 5]!);
					records.push({ number: records.length + 5, kind, epoch: 7, seconds: 60 * records.length, wall, values });
					if (length % 3 === 0) records.push({ ...sample(records.length + 5, 60 * records.length, 3), wall });
				}
		const { bytes, taken } = encodeFrame(records, schema, 16_000, at(99_999));
		assert.equal(taken, records.length);
		assert.deepEqual(decodeFrame(bytes, schema).records, decodedOf(records, TimeBase.epoch, at(99_999)));
	});
	it("the declared period and batch: told by their absence", () => {
		const regular = (step: number, count: number) =>
			Array.from({ length: count }, (_, n) => sample(300 + n, 1000 + n * step, 2100, 500, 7000, 400));
		const bytesOf = (step: number, count: number) =>
			encodeFrame(regular(step, count), WEATHER_SCHEMA, 200, at(10_000)).bytes.length;
		assert.ok(bytesOf(600, 12) < bytesOf(600, 11), "eleven take more bytes than the declared twelve");
		assert.ok(bytesOf(600, 12) + 2 <= bytesOf(60, 12), "another step takes its bytes once");
		assert.ok(bytesOf(60, 12) <= bytesOf(600, 12) + 3, "and only once");
	});
});

describe("frame: the format", () => {
	it("random records on all bases: the bytes of version 2, by their CRC", () => {
		// What encoder and decoder change together is another format, and wants another version.
		const random = new Seeded(2);
		let crc = 0;
		let bytes = 0;
		for (let run = 0; run < 60; run++) {
			const width = random.between(1, 6);
			const schema = randomSchema(random, width);
			const records = gappy(random, width, random.between(1, 40));
			const late = run % 5 ? 9 : 600_000;
			const time = at(records[0]!.seconds + late, { stamped: run % 2 === 0, wall: run % 3 ? 0 : NOW });
			const frame = encodeFrame(records, schema, run % 7 ? 4000 : 12, time).bytes;
			crc = crc16(Uint8Array.of(crc >> 8, crc, ...frame));
			bytes += frame.length;
		}
		assert.deepEqual([bytes, crc], [8411, 482]);
	});
});

describe("frame: what times count from", () => {
	const schema = schemaOf([0], [9]);
	const frameOf = (records: readonly PlainRecord[], time: Parameters<typeof at>[1] & { seconds: number }) =>
		decodeFrame(encodeFrame(records, schema, 100, at(time.seconds, time)).bytes, schema);

	for (const [name, old, wall, base] of [
		["just now", 0, NOW, TimeBase.recent],
		["6 days less a second", 524_287, NOW, TimeBase.recent],
		["6 days", 524_288, NOW, TimeBase.wall],
		["9 hours ahead less a second", -32_767, NOW, TimeBase.recent],
		["9 hours ahead", -32_768, NOW, TimeBase.wall],
		["now the first second of all", 0, 1, TimeBase.recent],
		["before 1970", 2, 1, TimeBase.epoch],
		["in 1970, second 0", 1, 1, TimeBase.epoch],
		["the last second of 32 bits", 0, 0xffff_ffff, TimeBase.recent],
		["beyond 32 bits", -1, 0xffff_ffff, TimeBase.epoch],
		["old, and the last second of 32 bits", 600_000, 0xffff_ffff, TimeBase.wall],
	] as const)
		it(`wall time known, a record of ${name}: base ${base}`, () => {
			const frame = frameOf([{ ...sample(1, 700_000, 1), wall: true }], { seconds: 700_000 + old, wall });
			assert.equal(frame.base, base);
			const [record] = frame.records;
			if (base === TimeBase.epoch) assert.equal(record!.seconds, 700_000);
			else assert.equal(record!.seconds, base === TimeBase.wall ? wall - old : (wall - old) % 2 ** RECENT_BITS);
			assert.equal(record!.wall, true);
		});
	it("an epoch that is over: its number and no age, whatever else is known", () => {
		for (const more of [{}, { wall: NOW }, { stamped: true }]) {
			const frame = frameOf([sample(1, 600, 1)], { seconds: 10, epoch: 8, ...more });
			assert.deepEqual([frame.base, frame.now, frame.records[0]!.epoch], [TimeBase.epoch, undefined, 7]);
		}
		const current = frameOf([sample(1, 600, 1)], { seconds: 610 });
		assert.deepEqual([current.base, current.now, current.records[0]!.epoch], [TimeBase.epoch, 610, 7]);
	});
	it("a clock behind its records: an age of 0, never a negative one", () => {
		assert.equal(frameOf([sample(1, 600, 1)], { seconds: 500 }).now, 600);
		assert.equal(frameOf([sample(1, 600, 1)], { seconds: 500, stamped: true }).records[0]!.seconds, 0);
	});
	it("stamped by the transport: seconds before the frame, the last record's age", () => {
		const { base, now, records } = frameOf([sample(1, 600, 1), sample(2, 660, 2)], { seconds: 700, stamped: true });
		assert.deepEqual([base, now], [TimeBase.age, 0]);
		assert.deepEqual(
			records.map(({ seconds }) => seconds),
			[-100, -40],
		);
	});
	it("wall time and stamped: the wall time", () => {
		assert.equal(frameOf([sample(1, 600, 1)], { seconds: 700, stamped: true, wall: NOW }).base, TimeBase.recent);
	});
	it("another epoch: the frame ends before it", () => {
		const records = [sample(1, 600, 1), sample(2, 660, 1), { ...sample(3, 700, 1), epoch: 8 }];
		assert.equal(encodeFrame(records, schema, 100, at(700)).taken, 2);
	});
});

describe("frame: room", () => {
	const seed = seedOf(50);
	it("no record: 0 bytes, nothing moves", () => {
		assert.equal(encodeFrame([], WEATHER_SCHEMA, 100, at(1)).bytes.length, 0);
	});
	it(`random records in rooms of 0 to 600 (seed ${seed}): all that fit, none split, none more`, () => {
		const random = new Seeded(seed);
		let frames = 0;
		let tight = 0;
		let loose = 0;
		for (let run = 0; run < share(150); run++) {
			const width = random.between(1, 5);
			const schema = randomSchema(random, width);
			const records = gappy(random, width, random.between(1, 40));
			const time = at(records[0]!.seconds + 9, { stamped: run % 2 === 0, wall: run % 3 ? 0 : NOW });
			for (let room = random.between(0, 9); room <= 600; room += random.between(1, 120)) {
				const { bytes, taken } = encodeFrame(records, schema, room, time);
				if (taken > 0) {
					frames++;
					const frame = decodeFrame(bytes, schema);
					assert.equal(frame.records.length, taken);
					if (!frame.short)
						assert.deepEqual(frame.records, decodedOf(records.slice(0, taken), baseOf(records, time), time));
				}
				// Told that there are so many and no more, the encoder tries them all first: none of these fits.
				for (let more = taken + 1; more <= records.length; more++) {
					const all = encodeFrame(records.slice(0, more), schema, room, time);
					assert.ok(all.taken < more, `${taken} records in ${room} bytes, but ${more} fit as well`);
				}
				if (taken > 0 && taken < records.length) {
					const next = encodeFrame(records.slice(0, taken + 1), schema, 4000, time).bytes;
					if (next.length > room) tight++;
					else loose++; // it would fit because it happens to end in zeros
				}
			}
		}
		assert.ok(frames > share(500), `only ${frames} frames`);
		assert.ok(loose <= tight / 50, `${loose} of ${tight + loose} frames have room for one more`);
	});
	it("records that cost next to nothing: the declared batch fits where fewer do not, and goes in", () => {
		const schema = schemaOf([0], [9], 60, 100);
		const records = Array.from({ length: 400 }, (_, n) => sample(n + 300, n * 60, 5));
		const { length } = encodeFrame(records.slice(0, 100), schema, 100, at(30_000)).bytes;
		assert.ok(length < encodeFrame(records.slice(0, 90), schema, 100, at(30_000)).bytes.length);
		assert.equal(encodeFrame(records, schema, length, at(30_000)).taken, 100);
	});
	it("a large step that only two records have: told as theirs, where the two fit and three do not", () => {
		const schema = schemaOf([0], [9], 1, 1);
		const records = [sample(300, 0, 5), sample(301, 0x4000_0000, 5), sample(302, 0x6000_0000, 5)];
		const { length } = encodeFrame(records.slice(0, 2), schema, 100, at(0x6000_0009)).bytes;
		assert.ok(length + 5 < encodeFrame(records, schema, 100, at(0x6000_0009)).bytes.length);
		assert.equal(encodeFrame(records, schema, length, at(0x6000_0009)).taken, 2);
	});
	it("each head of a byte string: frames of each size up to 300 bytes fit exactly, and not one byte less", () => {
		const schema = schemaOf([LEAST], [MOST]);
		const random = new Seeded(5);
		const records = Array.from({ length: 80 }, (_, n) => sample(300 + n, n * 60, random.u32() | 0));
		const sizes = new Set<number>();
		const zeros = new Set<number>();
		for (let room = 12; room <= 330; room++) {
			const { bytes, taken } = encodeFrame(records, schema, room, at(9000));
			if (taken < 2) continue; // alone, a record has its short form too
			const head = bytes.length <= 24 ? 1 : bytes.length <= 257 ? 2 : 3;
			assert.equal(bytes[0], head === 1 ? 0x40 + bytes.length - 1 : 0x56 + head);
			sizes.add(bytes.length);
			const exact = records.slice(0, taken);
			const snug = encodeFrame(exact, schema, bytes.length, at(9000)).taken;
			if (snug < taken) zeros.add(bytes.length); // a byte that is 0 at the end needs its room until it is left out
			assert.ok(encodeFrame(exact, schema, bytes.length - 1, at(9000)).taken < taken, `${bytes.length - 1} bytes`);
		}
		assert.ok(sizes.size > 30 && zeros.size < 3, `${sizes.size} sizes, ${zeros.size} with a zero at the end`);
		assert.ok(!sizes.has(25) && !sizes.has(258), "no shortest head gives these sizes");
	});
	it("the sizes where the head grows: 24, 26, 257 and 259 bytes are all made", () => {
		const schema = schemaOf([LEAST], [MOST]);
		const random = new Seeded(6);
		const sizes = new Set<number>();
		for (let run = 0; run < 200; run++) {
			const count = run % 2 ? random.between(2, 6) : random.between(45, 70);
			const records = Array.from({ length: count }, (_, n) =>
				sample(300 + n, n * 60, random.u32() >>> random.between(0, 31)),
			);
			for (const room of [24, 25, 26, 257, 258, 259]) {
				const { bytes, taken } = encodeFrame(records, schema, room, at(9000));
				if (taken === 0) continue;
				assert.equal(decodeFrame(bytes, schema).records.length, taken);
				sizes.add(bytes.length);
			}
		}
		for (const size of [24, 26, 257, 259]) assert.ok(sizes.has(size), `no frame of ${size} bytes`);
		assert.ok(!sizes.has(25) && !sizes.has(258));
	});
	it("more room than the longest head can tell: 65,535 bytes at most, and they decode", () => {
		const schema = schemaOf(new Array(24).fill(LEAST), new Array(24).fill(MOST));
		const random = new Seeded(7);
		const records = Array.from({ length: 620 }, (_, n) =>
			sample(n + 1, n * 60, ...Array.from({ length: 24 }, () => random.u32() | 0)),
		);
		const { bytes, taken } = encodeFrame(records, schema, 70_000, at(99_999));
		assert.ok(taken < 620 && bytes.length > 65_300 && bytes.length <= 65_538, `${taken} in ${bytes.length}`);
		assert.equal(decodeFrame(bytes, schema).records.length, taken);
	});
	it("more records than a frame may hold: 1,024 of them", () => {
		const schema = schemaOf([0], [9]);
		const records = Array.from({ length: 1100 }, (_, n) => sample(n + 1, n * 60, 5));
		const { bytes, taken } = encodeFrame(records, schema, 600, at(99_999));
		assert.equal(taken, FRAME_MOST);
		assert.equal(decodeFrame(bytes, schema).records.length, FRAME_MOST);
	});
	it("zeros at the end: left out, however many, and read back", () => {
		const schema = schemaOf(new Array(24).fill(1), new Array(24).fill(2));
		const records = [sample(1, 0, ...new Array(24).fill(0))];
		const { bytes } = encodeFrame(records, schema, 300, at(0));
		assert.ok(bytes.length < 12, `${bytes.length} bytes for 24 values of 40 bits each`);
		assert.deepEqual(decodeFrame(bytes, schema).records, decodedOf(records, TimeBase.epoch, at(0)));
	});
});

describe("frame decoder: hostile input", () => {
	const schema = schemaOf([-400, 0, 3000], [850, 200, 11_000]);
	const records = randomRecords(new Seeded(3), 3, 12, { number: 1, seconds: 0, epoch: 7 });
	const good = encodeFrame(records, schema, 300, at(99_999)).bytes;
	const weather = encodeFrame([sample(70_000, 0, 2150, 455, 7132, 398)], WEATHER_SCHEMA, 11, at(61)).bytes;

	/** @returns how many records it was decoded to; 0 for a coded error */
	function hostile(bytes: Uint8Array, with_: FrameSchema): number {
		try {
			const { records: decoded } = decodeFrame(bytes, with_);
			assert.ok(decoded.length > 0 && decoded.length <= FRAME_MOST);
			for (const { number, kind, seconds, values } of decoded) {
				assert.ok(number === number >>> 0 && Number.isSafeInteger(seconds) && values.length <= 32);
				assert.ok(kind >= RecordKind.sample && kind <= RecordKind.sync);
				assert.ok(values.every((value) => value === undefined || value === (value | 0)));
			}
			return decoded.length;
		} catch (error) {
			if (!(error instanceof DormouseError)) throw error;
			return 0;
		}
	}

	it("cut after any byte: a coded error", () => {
		for (const frame of [good, weather])
			for (let short = 0; short < frame.length; short++)
				assert.throws(() => decodeFrame(frame.subarray(0, short), frame === good ? schema : WEATHER_SCHEMA), {
					code: "truncated",
				});
	});
	it("a shorter byte string, well-formed: a coded error, or other records, never the same", () => {
		let refused = 0;
		for (let short = 2; short < good.length - 2; short++) {
			const cut = good.subarray(2, 2 + short);
			const frame = Uint8Array.of(...(short < 24 ? [0x40 + short] : [0x58, short]), ...cut);
			if (hostile(frame, schema) === 0) refused++;
			else
				assert.notEqual(
					JSON.stringify(decodeFrame(frame, schema).records.at(-1)),
					JSON.stringify(decodeFrame(good, schema).records.at(-1)),
				);
		}
		assert.ok(refused > 0);
	});
	it("bytes behind the frame, or in it that no record needs: malformed", () => {
		assert.throws(() => decodeFrame(Uint8Array.of(...good, 0), schema), { code: "malformed" });
		for (const more of [[0], [1], [1, 2], [0xff], [0, 0], [0x80, 0], [1, 2, 3]]) {
			const longer = Uint8Array.of(0x58, good.length - 2 + more.length, ...good.subarray(2), ...more);
			if (more.length > 1 || more[0] === 0) assert.throws(() => decodeFrame(longer, schema), { code: "malformed" });
			else hostile(longer, schema);
		}
		const one = Uint8Array.of(0x40 + weather.length, ...weather.subarray(1), 0);
		assert.throws(() => decodeFrame(one, WEATHER_SCHEMA), { code: "malformed" });
	});
	it("another schema: unsupported, in both forms", () => {
		const other = frameSchema(WEATHER_QUANTITIES, 601, 12);
		assert.throws(() => decodeFrame(good, { ...schema, schema: 0x1235 }), { code: "unsupported" });
		assert.throws(() => decodeFrame(weather, other), { code: "unsupported" });
		assert.equal(frameSchemaId(weather).short, true);
		assert.equal(frameSchemaId(weather).id, WEATHER_SCHEMA.schema & 0x7f);
	});
	it("another version: unsupported", () => {
		assert.throws(() => decodeFrame(Uint8Array.of(0x43, 0x12, 0x34, 0x00), schema), { code: "unsupported" });
		assert.throws(() => decodeFrame(Uint8Array.of(0x42, 0x12, 0x34), schema), { code: "unsupported" });
	});
	for (const [name, bytes, code] of [
		["nothing", [], "truncated"],
		["no byte string", [0x01], "type"],
		["an empty one", [0x40], "truncated"],
		["one byte", [0x41, 0x12], "truncated"],
		["indefinite length", [0x5f, 0x42, 0x12, 0x34, 0xff], "unsupported"],
	] as const)
		it(`${name}: ${code}`, () => {
			assert.throws(() => decodeFrame(Uint8Array.from(bytes), schema), { code });
		});
	it("good frames with bytes changed (seed 5): a frame or a coded error, at most 1,024 records", () => {
		const random = new Seeded(5);
		let taken = 0;
		let errors = 0;
		for (let run = 0; run < share(8000); run++) {
			const isShort = run % 4 === 0;
			const frame = isShort ? weather : good;
			const bytes = frame.slice(0, random.real() < 0.2 ? random.between(0, frame.length) : frame.length);
			for (let hits = random.between(1, 4); hits > 0; hits--)
				if (bytes.length) bytes[random.between(0, bytes.length - 1)] = random.u32();
			if (hostile(bytes, isShort ? WEATHER_SCHEMA : schema)) taken++;
			else errors++;
		}
		assert.ok(taken > share(600) && errors > share(600), `${taken} taken, ${errors} refused`);
	});
	it("random bytes behind the right schema (seed 6): a frame or a coded error, in bounded time", () => {
		const random = new Seeded(6);
		const runs = share(600);
		const begin = clockMs();
		let most = 0;
		for (let run = 0; run < runs; run++) {
			const length = random.between(2, 250);
			const content = Uint8Array.from({ length }, () => (run % 3 ? random.u32() : run % 2 ? 0xff : 0));
			content.set([0x12, 0x34]);
			if (run % 5 === 0) content[0] = 0xb4; // the short form of that schema
			most = Math.max(most, hostile(Uint8Array.of(0x58, length, ...content), schema));
		}
		assert.ok((clockMs() - begin) / runs < 250, `${clockMs() - begin} ms for ${runs} frames`);
		assert.ok(most > 10, `never more than ${most} records`);
	});
	it("the longest that may follow from few bytes: 1,024 records of 24 values, then an end", () => {
		const wide = schemaOf(new Array(24).fill(0), new Array(24).fill(0), 60, FRAME_MOST);
		const constant = Array.from({ length: FRAME_MOST }, (_, n) => sample(300 + n, n * 60, ...new Array(24).fill(0)));
		const { bytes, taken } = encodeFrame(constant, wide, 1000, at(99_999));
		assert.equal(taken, FRAME_MOST);
		assert.ok(bytes.length < 200, `${bytes.length} bytes`);
		assert.equal(decodeFrame(bytes, wide).records.length, FRAME_MOST);
	});
});

describe("schema id", () => {
	const [a, b] = WEATHER_QUANTITIES;
	const lists = [
		[a!, b!],
		[b!, a!],
		[a!],
		[{ ...a!, name: "outside" }, b!],
		[{ ...a!, unit: "K" }, b!],
		[{ ...a!, resolution: 0.1 }, b!],
	];
	const ranges = [
		[{ ...a!, low: -41 }, b!],
		[a!, { ...b!, high: 101 }],
	];

	it("stored records: names, units, resolutions and their order make another id; ranges do not", () => {
		const ids = lists.map(schemaId);
		assert.equal(new Set(ids).size, ids.length);
		for (const other of ranges) assert.equal(schemaId(other), ids[0]!);
		assert.ok(ids.every((id) => id >= 0 && id <= 0xffff));
	});
	it("frames: these, the ranges, the period and the batch make another id, and nothing else does", () => {
		const schemas = [...lists, ...ranges].map((list) => frameSchema(list, 600, 12));
		schemas.push(frameSchema([a!, b!], 601, 12), frameSchema([a!, b!], 600, 13), frameSchema([a!, b!], 12, 600));
		const ids = schemas.map(({ schema }) => schema);
		assert.equal(new Set(ids).size, ids.length);
		assert.ok(ids.every((id) => id >= 0 && id <= 0x7fff));
		assert.deepEqual(frameSchema([{ ...a! }, { ...b! }], 600, 12), schemas[0]);
		const renamed = frameSchema([{ ...a!, extra: 1 } as typeof a & object, b!], 600, 12);
		assert.equal(renamed.schema, ids[0]!);
	});
	it("ranges that end between steps: rounded as readings are, so that none at an end is beyond it", () => {
		const q = { name: "t", unit: "Cel", resolution: 0.5, low: -12.25, high: 12.25 };
		const { low, high } = frameSchema([q, { ...q, name: "u", resolution: 20, low: -50, high: 50 }], 60, 1);
		assert.deepEqual(
			[low, high],
			[
				[-25, -3],
				[25, 3],
			],
		);
	});
	it("the weather node: frozen, and what the document says", () => {
		assert.ok(Object.isFrozen(WEATHER_SCHEMA) && Object.isFrozen(WEATHER_SCHEMA.low));
		assert.deepEqual(
			[WEATHER_SCHEMA.low, WEATHER_SCHEMA.high],
			[
				[-4000, 0, 3000, 0],
				[8500, 1000, 11_000, 490],
			],
		);
		assert.equal(toHex(Uint8Array.of(WEATHER_SCHEMA.schema >> 8, WEATHER_SCHEMA.schema)).length, 4);
	});
});
