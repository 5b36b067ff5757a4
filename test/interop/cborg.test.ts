import { decode as decode2, encode as encode2 } from "cbor2";
import { decode, encode, rfc8949EncodeOptions } from "cborg";
import { CborReader } from "../../modules/codec/cbor-reader.js";
import { CborWriter } from "../../modules/codec/cbor-writer.js";
import { Seeded } from "../../sim/seeded.js";
import * as assert from "../assert.js";
import { at, encodeFrame, schemaOf } from "../support/frame-bytes.js";
import { randomRecords } from "../support/records.js";
import { seedOf } from "../support/seed.js";

type Item = number | string | boolean | null | Uint8Array | Item[] | Map<string, Item>;
const INTEGERS = [0, 23, 24, 255, 256, 65_535, 65_536, 0xffff_ffff, 0x1_0000_0000, Number.MAX_SAFE_INTEGER];

function randomItem(random: Seeded, depth: number): Item {
	switch (random.between(0, depth > 0 ? 6 : 4)) {
		case 0: {
			const value = random.real() < 0.5 ? INTEGERS[random.between(0, 9)]! : random.u32() >>> random.between(0, 31);
			return random.real() < 0.5 ? -value + 0 : value;
		}
		case 1:
			return String.fromCodePoint(
				...Array.from({ length: random.between(0, 30) }, () => [0x61, 0xe9, 0x20ac, 0x1f600][random.between(0, 3)]!),
			);
		case 2:
			return random.real() < 0.5;
		case 3:
			return null;
		case 4:
			return Uint8Array.from({ length: random.between(0, 300) }, () => random.u32() & 0xff);
		case 5:
			return Array.from({ length: random.between(0, 30) }, () => randomItem(random, depth - 1));
		default: {
			// Keys of one letter, ascending: RFC 8949 §4.2.1 orders them by their encodings.
			const keys = [..."abcdefgh"].filter(() => random.real() < 0.5);
			return new Map(keys.map((key) => [key, randomItem(random, depth - 1)]));
		}
	}
}
function write(writer: CborWriter, item: Item): void {
	if (typeof item === "number") writer.int(item);
	else if (typeof item === "string") writer.text(item);
	else if (typeof item === "boolean") writer.boolean(item);
	else if (item === null) writer.null();
	else if (item instanceof Uint8Array) writer.byteString(item);
	else if (Array.isArray(item)) {
		writer.array(item.length);
		for (const part of item) write(writer, part);
	} else {
		writer.map(item.size);
		for (const [key, part] of item) {
			writer.text(key);
			write(writer, part);
		}
	}
}
/** Reads as an item of the same shape. */
function read(reader: CborReader, like: Item): Item {
	if (typeof like === "number") return reader.int();
	if (typeof like === "string") return reader.text();
	if (typeof like === "boolean") return reader.boolean();
	if (like === null) {
		reader.null();
		return null;
	}
	if (like instanceof Uint8Array) return reader.byteString().slice();
	if (Array.isArray(like)) {
		assert.equal(reader.array(), like.length);
		return like.map((part) => read(reader, part));
	}
	assert.equal(reader.map(), like.size);
	return new Map([...like.values()].map((part) => [reader.text(), read(reader, part)]));
}

describe("interop: cborg", () => {
	const seed = seedOf(8949);
	it(`random items (seed ${seed}): the same bytes from both, read back by both`, () => {
		const random = new Seeded(seed);
		for (let run = 0; run < 1500; run++) {
			const item = randomItem(random, 3);
			const writer = new CborWriter(new Uint8Array(1_000_000));
			write(writer, item);
			const theirs = encode(item, rfc8949EncodeOptions);
			assert.deepEqual(writer.written, theirs);
			assert.deepEqual(decode(writer.written, { useMaps: true, strict: true }), item);
			const reader = new CborReader(theirs);
			assert.deepEqual(read(reader, item), item);
			assert.ok(reader.done);
			const skipper = new CborReader(theirs);
			skipper.skip();
			assert.ok(skipper.done);
		}
	});
	it(`random frames (seed ${seed}): a byte string to cborg and cbor2, which write the same bytes again`, () => {
		const random = new Seeded(seed);
		const heads = new Set<number>();
		for (let run = 0; run < 400; run++) {
			const width = random.between(1, 6);
			const schema = schemaOf(new Array(width).fill(-5000), new Array(width).fill(5000));
			const records = randomRecords(random, width, random.between(1, 60), { epoch: 7 });
			const room = run % 2 ? random.between(11, 40) : random.between(40, 1200);
			const { bytes } = encodeFrame(records, schema, room, at(records[0]!.seconds));
			if (bytes.length === 0) continue;
			const content = decode(bytes, { strict: true });
			assert.ok(content instanceof Uint8Array);
			assert.deepEqual(decode2(bytes, { requirePreferred: true }), content);
			assert.deepEqual(encode(content, rfc8949EncodeOptions), bytes);
			assert.deepEqual(encode2(content, { cde: true }), bytes);
			heads.add(bytes[0]! < 0x58 ? 1 : bytes[0]! - 0x56);
		}
		assert.deepEqual([...heads].sort(), [1, 2, 3]);
	});
});
