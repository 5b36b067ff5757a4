import { checkCbor } from "../../../modules/codec/cbor-check.js";
import { compareKeys } from "../../../modules/codec/cbor-keys.js";
import { CborReader } from "../../../modules/codec/cbor-reader.js";
import { fromHex } from "../../../modules/core/bytes.js";
import * as assert from "../../assert.js";

/** Well-formed, but not deterministic: what, bytes, offset of the error, what its message says. */
const refused: readonly (readonly [name: string, hex: string, at: number, says: string])[] = [
	["23 in two bytes", "1817", 0, "shortest"],
	["255 in three bytes", "1900ff", 0, "shortest"],
	["65,535 in five bytes", "1a0000ffff", 0, "shortest"],
	["2^32 - 1 in nine bytes", "1b00000000ffffffff", 0, "shortest"],
	["-24 in two bytes", "3817", 0, "shortest"],
	["-2^32 in nine bytes", "3b00000000ffffffff", 0, "shortest"],
	["an empty byte string of a longer head", "5800", 0, "shortest"],
	["a text of a longer head", "79000161", 0, "shortest"],
	["an array of a longer head", "980100", 0, "shortest"],
	["a map of a longer head", "b8010000", 0, "shortest"],
	["a tag of a longer head", "d81700", 0, "shortest"],
	["1.0 in a single", "fa3f800000", 0, "float"],
	["1.0 in a double", "fb3ff0000000000000", 0, "float"],
	["a single in a double", "fb40f86a0000000000", 0, "float"],
	["0.0 in a single", "fa00000000", 0, "float"],
	["the least half float, 2^-24, in a single", "fa33800000", 0, "float"],
	["65504 in a single", "fa477fe000", 0, "float"],
	["infinity in a single", "fa7f800000", 0, "float"],
	["-infinity in a double", "fbfff0000000000000", 0, "float"],
	["NaN in a single", "fa7fc00000", 0, "float"],
	["NaN in a double", "fb7ff8000000000000", 0, "float"],
	["NaN with another payload", "f97e01", 0, "float"],
	["NaN with a sign", "f9fe00", 0, "float"],
	["NaN of a double's payload", "fb7ff8000000000001", 0, "float"],
	["bytes of indefinite length", "5fff", 0, "indefinite"],
	["text of indefinite length", "7f6161ff", 0, "indefinite"],
	["an array of indefinite length", "9fff", 0, "indefinite"],
	["a map of indefinite length", "bfff", 0, "indefinite"],
	["keys out of order", "a202000100", 3, "out of order"],
	["the first key again", "a201000100", 3, "second time"],
	["the last key again, of three", "a3010002000200", 5, "second time"],
	["the first again after another", "a3010002000100", 5, "out of order"],
	["a longer text before a shorter", "a2626161006162 00", 5, "out of order"],
	["a text before an integer", "a26161001864 00", 4, "out of order"],
	["-1 before 10", "a220000a00", 3, "out of order"],
	["keys of an inner map", "82 00 a2 02 00 01 00", 5, "out of order"],
	["keys of a map in a value, outer ones in order", "a2 01 a2 05 00 04 00 02 00", 5, "out of order"],
	["outer keys after an inner map as a value", "a2 02 a2 04 00 05 00 01 00", 7, "out of order"],
	["arrays as keys", "a2 82 01 02 00 82 01 01 00", 5, "out of order"],
	["a tagged key twice", "a2 c1 01 00 c1 01 00", 4, "second time"],
	["a map as a key, its own keys out of order", "a1 a2 02 00 01 00 00", 4, "out of order"],
	["a map as a key, twice", "a2 a1 01 00 00 a1 01 00 00", 5, "second time"],
	["maps as keys, out of order", "a2 a1 02 00 00 a1 01 00 00", 5, "out of order"],
	["deep inside", "81 81 81 18 17", 3, "shortest"],
];
const taken: readonly (readonly [name: string, hex: string])[] = [
	[
		'the example of §4.2.1: 10, 100, -1, "z", "aa", [100], [-1], false',
		"a8 0a00 186400 2000 617a00 62616100 81186400 812000 f400",
	],
	["keys in order in an inner map and an outer one", "a2 01 a2 04 00 05 00 02 00"],
	["the same keys in an inner map and an outer one", "a2 01 a2 01 00 02 00 02 00"],
	["a map as a key", "a2 a1 01 00 00 a1 01 01 00"],
	["the same keys in two maps of an array", "82 a1 01 00 a1 01 00"],
	["a half float", "f90001"],
	["the least single that is no half", "fa33000000"],
	["65,505", "fa477fe100"],
	["a half subnormal with one digit too many", "fa33c00000"],
	["2^-127, a single's subnormal", "fa00400000"],
	["the greatest single", "fa7f7fffff"],
	["2^1023", "fb7fe0000000000000"],
	["a double's subnormal", "fb0000000000000001"],
	["0.1", "fb3fb999999999999a"],
	["NaN", "f97e00"],
	["24", "1818"],
	["256", "190100"],
	["65,536", "1a00010000"],
	["2^32", "1b0000000100000000"],
	["2^64 - 1", "1bffffffffffffffff"],
];

describe("CBOR strict", () => {
	for (const [name, hex, at, says] of refused)
		it(`${name}: malformed at ${at}; well-formed all the same`, () => {
			const bytes = fromHex(hex);
			assert.equal(checkCbor(bytes), bytes.length);
			assert.throws(() => checkCbor(bytes, 0, true), { code: "malformed", message: `CBOR at ${at}: ` });
			assert.throws(() => new CborReader(bytes, { strict: true }), { code: "malformed", message: says });
			new CborReader(bytes).skip();
		});
	for (const [name, hex] of taken)
		it(`${name}: taken`, () => {
			const bytes = fromHex(hex);
			assert.equal(checkCbor(bytes, 0, true), bytes.length);
			const reader = new CborReader(bytes, { strict: true });
			assert.equal(reader.offset, 0);
			reader.skip();
			reader.end();
		});
	it("bytes behind the item: malformed where they start; without strict, for end() to tell", () => {
		const bytes = fromHex("82010200");
		assert.throws(() => new CborReader(bytes, { strict: true }), {
			code: "malformed",
			message: "CBOR at 3: bytes behind",
		});
		const reader = new CborReader(bytes);
		reader.skip();
		assert.throws(() => reader.end(), { code: "malformed", message: "CBOR at 3: bytes behind" });
		reader.skip();
		reader.end();
	});
	it("no bytes: truncated", () => {
		assert.throws(() => new CborReader(new Uint8Array(0), { strict: true }), { code: "truncated" });
	});
	it("depth: arrays, maps and tags count, strings of indefinite length do not, a million levels do not hurt", () => {
		for (const [open, close] of [
			["81", "00"],
			["a100", "00"],
			["a1", "0000"],
			["c1", "00"],
			["9f", ""],
			["bf00", ""],
			["81", "5f4100ff"],
		] as const) {
			const nested = (levels: number) => {
				const end = open === "9f" || open === "bf00" ? `00${"ff".repeat(levels)}` : close;
				const tail = open === "a1" ? `00${"00".repeat(levels)}` : end;
				return fromHex(open.repeat(levels) + tail);
			};
			for (const depth of [0, 1, 3, 16]) {
				const fits = nested(depth);
				assert.equal(checkCbor(fits, 0, false, depth), fits.length, `${open} ${depth}`);
				new CborReader(fits, { depth }).skip();
				const at = (depth * open.length) / 2;
				assert.throws(() => checkCbor(nested(depth + 1), 0, false, depth), {
					code: "depth",
					message: `CBOR at ${at}: `,
				});
			}
		}
		for (const byte of [0x81, 0xc1, 0x9f, 0xa1]) {
			const bytes = new Uint8Array(1_000_000).fill(byte);
			const reader = new CborReader(bytes);
			assert.throws(() => reader.skip(), { code: "depth" });
			assert.equal(reader.offset, 0);
		}
		assert.equal(checkCbor(fromHex(`${"81".repeat(40)}00`), 0, true, 40), 41);
	});
	it("a strict reader with a depth: held to it before anything is read", () => {
		assert.throws(() => new CborReader(fromHex("818100"), { strict: true, depth: 1 }), { code: "depth" });
		new CborReader(fromHex("818100"), { strict: true, depth: 2 });
	});
	it("compareKeys: the order of §4.2.1, and 0 for the same key", () => {
		const order = ["0a", "1864", "20", "617a", "626161", "811864", "8120", "f4"];
		const keys = order.map(fromHex);
		assert.deepEqual([...keys].reverse().sort(compareKeys), keys);
		assert.equal(compareKeys(fromHex("626161"), fromHex("626161")), 0);
		assert.ok(compareKeys(fromHex("41"), fromHex("4100")) < 0);
		assert.ok(compareKeys(fromHex("20"), fromHex("1864")) > 0);
	});
});
