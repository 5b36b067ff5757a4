import { CborReader } from "../../../modules/codec/cbor-reader.js";
import { headSize, intSize } from "../../../modules/codec/cbor-size.js";
import { CborWriter } from "../../../modules/codec/cbor-writer.js";
import { fromHex, toHex } from "../../../modules/core/bytes.js";
import type { ErrorCode } from "../../../modules/core/errors.js";
import * as assert from "../../assert.js";

type Row = [name: string, hex: string, write: (w: CborWriter) => unknown, read: (r: CborReader) => unknown];

function int(value: number, hex: string): Row {
	return [`int ${value}`, hex, (w) => w.int(value), (r) => r.int()];
}
/** RFC 8949 appendix A, and each size boundary. */
const rows: readonly Row[] = [
	int(0, "00"),
	int(1, "01"),
	int(10, "0a"),
	int(23, "17"),
	int(24, "1818"),
	int(25, "1819"),
	int(100, "1864"),
	int(255, "18ff"),
	int(256, "190100"),
	int(1000, "1903e8"),
	int(65535, "19ffff"),
	int(65536, "1a00010000"),
	int(1_000_000, "1a000f4240"),
	int(0xffff_ffff, "1affffffff"),
	int(0x1_0000_0000, "1b0000000100000000"),
	int(1_000_000_000_000, "1b000000e8d4a51000"),
	int(Number.MAX_SAFE_INTEGER, "1b001fffffffffffff"),
	int(-1, "20"),
	int(-10, "29"),
	int(-24, "37"),
	int(-25, "3818"),
	int(-100, "3863"),
	int(-256, "38ff"),
	int(-257, "390100"),
	int(-1000, "3903e7"),
	int(-65536, "39ffff"),
	int(-65537, "3a00010000"),
	int(-0x1_0000_0000, "3affffffff"),
	int(-0x1_0000_0001, "3b0000000100000000"),
	int(-Number.MAX_SAFE_INTEGER, "3b001ffffffffffffe"),
	["false", "f4", (w) => w.boolean(false), (r) => r.boolean()],
	["true", "f5", (w) => w.boolean(true), (r) => r.boolean()],
	["null", "f6", (w) => w.null(), (r) => r.null()],
	["no bytes", "40", (w) => w.byteString(fromHex("")), (r) => r.byteString()],
	["four bytes", "4401020304", (w) => w.byteString(fromHex("01020304")), (r) => r.byteString()],
	["24 bytes", `5818${"00".repeat(24)}`, (w) => w.byteString(new Uint8Array(24)), (r) => r.byteString()],
	["256 bytes", `590100${"00".repeat(256)}`, (w) => w.byteString(new Uint8Array(256)), (r) => r.byteString()],
	["text, empty", "60", (w) => w.text(""), (r) => r.text()],
	["text a", "6161", (w) => w.text("a"), (r) => r.text()],
	["text IETF", "6449455446", (w) => w.text("IETF"), (r) => r.text()],
	["text with quotes", "62225c", (w) => w.text('"\\'), (r) => r.text()],
	["text ü", "62c3bc", (w) => w.text("ü"), (r) => r.text()],
	["text 水", "63e6b0b4", (w) => w.text("水"), (r) => r.text()],
	["text 𐅑", "64f0908591", (w) => w.text("𐅑"), (r) => r.text()],
	["text of 23", `77${"61".repeat(23)}`, (w) => w.text("a".repeat(23)), (r) => r.text()],
	["text of 24", `7818${"61".repeat(24)}`, (w) => w.text("a".repeat(24)), (r) => r.text()],
	["an empty array", "80", (w) => w.array(0), (r) => r.array()],
	["an empty map", "a0", (w) => w.map(0), (r) => r.map()],
	["[1, 2, 3]", "83010203", (w) => w.array(3).int(1).int(2).int(3), (r) => [r.array(), r.int(), r.int(), r.int()]],
	[
		'{"a": 1, "b": [2, 3]}',
		"a26161016162820203",
		(w) => w.map(2).text("a").int(1).text("b").array(2).int(2).int(3),
		(r) => [r.map(), r.text(), r.int(), r.text(), r.array(), r.int(), r.int()],
	],
];

describe("CBOR", () => {
	for (const [name, hex, write, read] of rows) {
		it(`${name}: ${hex.slice(0, 24)} both ways`, () => {
			const bytes = fromHex(hex);
			const into = new Uint8Array(bytes.length);
			const writer = new CborWriter(into);
			write(writer);
			assert.equal(toHex(writer.written), hex);
			assert.equal(writer.length, bytes.length);
			const reader = new CborReader(bytes);
			const value = read(reader);
			assert.ok(reader.done);
			// Reading and writing again tells whether the value was right.
			if (typeof value === "number" && name.startsWith("int")) assert.equal(`int ${value}`, name);
			if (typeof value === "string") assert.equal(toHex(new CborWriter(into).text(value).written), hex);
			if (typeof value === "boolean") assert.equal(String(value), name);
			const skipper = new CborReader(bytes);
			skipper.skip();
			assert.ok(skipper.done);
		});
		it(`${name}: in less room, overflow`, () => {
			const size = hex.length / 2;
			for (let room = 0; room < size; room++) {
				assert.throws(() => write(new CborWriter(new Uint8Array(room))), { code: "overflow" });
				assert.throws(() => write(new CborWriter(new Uint8Array(size)).reset(room)), { code: "overflow" });
			}
		});
		it(`${name}: cut after any byte, truncated, and the reader stands where it stood`, () => {
			const bytes = fromHex(hex);
			for (let short = 0; short < bytes.length; short++) {
				const reader = new CborReader(bytes.subarray(0, short));
				assert.throws(() => reader.skip(), { code: "truncated" });
				assert.equal(reader.offset, 0);
				assert.throws(() => read(new CborReader(bytes.subarray(0, short))), { code: "truncated" });
			}
		});
	}
	it("one item that does not fit: nothing changed, and a smaller one still fits", () => {
		for (const [name, hex, write] of rows.filter(([, digits]) => !/^(83|a2)/.test(digits))) {
			const into = new Uint8Array(hex.length / 2).fill(0xee);
			const writer = new CborWriter(into).int(5);
			assert.throws(() => write(writer), { code: "overflow" });
			assert.equal(writer.length, 1, name);
			assert.ok(
				into.every((byte, at) => byte === (at === 0 ? 5 : 0xee)),
				name,
			);
		}
	});
	it("bytes within a larger buffer: nothing outside is read or written", () => {
		const all = new Uint8Array(8).fill(0xee);
		assert.throws(() => new CborWriter(all.subarray(2, 5)).int(0x1_0000), { code: "overflow" });
		new CborWriter(all.subarray(2, 5)).int(0x1234);
		assert.equal(toHex(all), "eeee191234eeeeee");
		assert.throws(() => new CborReader(all.subarray(2, 4)).int(), { code: "truncated" });
		assert.equal(new CborReader(all.subarray(2, 5)).int(), 0x1234);
	});
	it("writer: what is no safe integer or no count, range and nothing written", () => {
		const writer = new CborWriter(new Uint8Array(20));
		for (const value of [0.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53, -(2 ** 53)])
			assert.throws(() => writer.int(value), { code: "range" });
		for (const count of [-1, 1.5, Number.NaN]) {
			assert.throws(() => writer.array(count), { code: "range" });
			assert.throws(() => writer.map(count), { code: "range" });
		}
		assert.equal(writer.length, 0);
		assert.equal(toHex(writer.int(-0).written), "00");
	});
	it("writer: reset starts over, and takes no more room than there is", () => {
		const writer = new CborWriter(new Uint8Array(2)).int(1).int(2);
		assert.equal(toHex(writer.reset(99).int(24).written), "1818");
		assert.throws(() => writer.int(0), { code: "overflow" });
	});
	it("sizes: as the writer writes them", () => {
		for (const [, hex] of rows.filter(([name]) => name.startsWith("int")))
			assert.equal(intSize(new CborReader(fromHex(hex)).int()), hex.length / 2);
		assert.equal(headSize(0xffff), 3);
	});
});

describe("CBOR reader: hostile input", () => {
	for (const [name, hex, code] of [
		["reserved additional information 28", "1c", "malformed"],
		["reserved additional information 30", "5e", "malformed"],
		["reserved simple 28", "fc", "malformed"],
		["an integer of indefinite length", "1f", "malformed"],
		["a negative of indefinite length", "3f", "malformed"],
		["a break", "ff", "malformed"],
		["text that is not UTF-8", "62c328", "malformed"],
		["bytes that say 2^32 - 1", "5affffffff00", "truncated"],
		["bytes that say 2^64 - 1", "5bffffffffffffffff00", "truncated"],
		["text that says 2^31", "7a80000000", "truncated"],
		["an array that says 2^32 - 1", "9affffffff00", "truncated"],
		["an array that says 2^64 - 1", "9bffffffffffffffff00", "truncated"],
		["an array with one item more than bytes", "820000".slice(0, 4), "truncated"],
		["a map that says 2^63", "bb800000000000000000", "truncated"],
		["a map with half a pair", "a100", "truncated"],
	] as const)
		it(`${name}: ${code}, and the reader stands where it stood`, () => {
			const reader = new CborReader(fromHex(`01${hex}`));
			assert.equal(reader.int(), 1);
			assert.throws(() => reader.skip(), { code: code as ErrorCode, message: "CBOR at " });
			assert.equal(reader.offset, 1);
		});
	it("another kind than asked for: type, and the reader stands where it stood", () => {
		const asks: [string, (r: CborReader) => unknown][] = [
			["00", (r) => r.int()],
			["00", (r) => r.uint()],
			["1b0020000000000000", (r) => r.bigint()],
			["40", (r) => r.byteString()],
			["60", (r) => r.text()],
			["80", (r) => r.array()],
			["a0", (r) => r.map()],
			["c000", (r) => r.tag()],
			["f6", (r) => r.null()],
			["f7", (r) => r.undefined()],
			["f4", (r) => r.boolean()],
			["f0", (r) => r.simple()],
			["f93c00", (r) => r.float()],
			["f93c00", (r) => r.number()],
		];
		const integer = /^[01]/;
		const simple = /^f[0467]/;
		for (const [own, ask] of asks)
			for (const [other] of asks) {
				const reader = new CborReader(fromHex(other));
				if (other === own) ask(reader);
				// What takes any integer, any simple value or any number has tests of its own.
				else if (
					!(integer.test(other) && (integer.test(own) || own === "f93c00")) &&
					!(own === "f0" && simple.test(other))
				) {
					assert.throws(() => ask(reader), { code: "type", message: "CBOR at 0: not " });
					assert.equal(reader.offset, 0);
				}
			}
		assert.throws(() => new CborReader(fromHex("20")).uint(), { code: "type" });
		for (const [, ask] of asks) assert.throws(() => ask(new CborReader(new Uint8Array(0))), { code: "truncated" });
	});
	it("byte string: a view, not a copy", () => {
		const bytes = fromHex("4201ff");
		const view = new CborReader(bytes).byteString();
		bytes[1] = 9;
		assert.equal(view[0], 9);
	});
});
