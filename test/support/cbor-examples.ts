import type { CborWriter } from "../../modules/codec/cbor-writer.js";

/** Whether this engine has −0: the device's does not. */
export const MINUS_ZERO = 1 / -0 < 0;

type Example = readonly [diagnostic: string, hex: string, write?: (w: CborWriter) => unknown];

const bytes = (...values: number[]) => Uint8Array.from(values);
const upTo25 = Array.from({ length: 25 }, (_, n) => n + 1);

/**
 * RFC 8949 appendix A, the whole of it in its order. What has no writer is not deterministic, and for reading only. A
 * bignum is shown as its tag.
 */
export const appendixA: readonly Example[] = [
	["0", "00", (w) => w.int(0)],
	["1", "01", (w) => w.int(1)],
	["10", "0a", (w) => w.int(10)],
	["23", "17", (w) => w.int(23)],
	["24", "1818", (w) => w.int(24)],
	["25", "1819", (w) => w.int(25)],
	["100", "1864", (w) => w.int(100)],
	["1000", "1903e8", (w) => w.int(1000)],
	["1000000", "1a000f4240", (w) => w.int(1_000_000)],
	["1000000000000", "1b000000e8d4a51000", (w) => w.int(1_000_000_000_000)],
	["18446744073709551615", "1bffffffffffffffff", (w) => w.bigint(18446744073709551615n)],
	["2(h'010000000000000000')", "c249010000000000000000", (w) => w.tag(2).byteString(bytes(1, 0, 0, 0, 0, 0, 0, 0, 0))],
	["-18446744073709551616", "3bffffffffffffffff", (w) => w.bigint(-18446744073709551616n)],
	["3(h'010000000000000000')", "c349010000000000000000", (w) => w.tag(3).byteString(bytes(1, 0, 0, 0, 0, 0, 0, 0, 0))],
	["-1", "20", (w) => w.int(-1)],
	["-10", "29", (w) => w.int(-10)],
	["-100", "3863", (w) => w.int(-100)],
	["-1000", "3903e7", (w) => w.int(-1000)],
	["0.0", "f90000", (w) => w.float(0)],
	MINUS_ZERO ? ["-0.0", "f98000", (w) => w.float(-0)] : ["0.0", "f98000"],
	["1.0", "f93c00", (w) => w.float(1)],
	["1.1", "fb3ff199999999999a", (w) => w.float(1.1)],
	["1.5", "f93e00", (w) => w.float(1.5)],
	["65504.0", "f97bff", (w) => w.float(65504)],
	["100000.0", "fa47c35000", (w) => w.float(100_000)],
	["3.4028234663852886e+38", "fa7f7fffff", (w) => w.float(3.4028234663852886e38)],
	["1.0e+300", "fb7e37e43c8800759c", (w) => w.float(1e300)],
	["5.960464477539063e-8", "f90001", (w) => w.float(2 ** -24)],
	["0.00006103515625", "f90400", (w) => w.float(0.00006103515625)],
	["-4.0", "f9c400", (w) => w.float(-4)],
	["-4.1", "fbc010666666666666", (w) => w.float(-4.1)],
	["Infinity", "f97c00", (w) => w.float(Number.POSITIVE_INFINITY)],
	["NaN", "f97e00", (w) => w.float(Number.NaN)],
	["-Infinity", "f9fc00", (w) => w.float(Number.NEGATIVE_INFINITY)],
	["Infinity", "fa7f800000"],
	["NaN", "fa7fc00000"],
	["-Infinity", "faff800000"],
	["Infinity", "fb7ff0000000000000"],
	["NaN", "fb7ff8000000000000"],
	["-Infinity", "fbfff0000000000000"],
	["false", "f4", (w) => w.boolean(false)],
	["true", "f5", (w) => w.boolean(true)],
	["null", "f6", (w) => w.null()],
	["undefined", "f7", (w) => w.undefined()],
	["simple(16)", "f0", (w) => w.simple(16)],
	["simple(255)", "f8ff", (w) => w.simple(255)],
	[
		'0("2013-03-21T20:04:00Z")',
		"c074323031332d30332d32315432303a30343a30305a",
		(w) => w.tag(0).text("2013-03-21T20:04:00Z"),
	],
	["1(1363896240)", "c11a514b67b0", (w) => w.tag(1).int(1363896240)],
	["1(1363896240.5)", "c1fb41d452d9ec200000", (w) => w.tag(1).float(1363896240.5)],
	["23(h'01020304')", "d74401020304", (w) => w.tag(23).byteString(bytes(1, 2, 3, 4))],
	["24(h'6449455446')", "d818456449455446", (w) => w.tag(24).byteString(bytes(0x64, 0x49, 0x45, 0x54, 0x46))],
	[
		'32("http://www.example.com")',
		"d82076687474703a2f2f7777772e6578616d706c652e636f6d",
		(w) => w.tag(32).text("http://www.example.com"),
	],
	["h''", "40", (w) => w.byteString(bytes())],
	["h'01020304'", "4401020304", (w) => w.byteString(bytes(1, 2, 3, 4))],
	['""', "60", (w) => w.text("")],
	['"a"', "6161", (w) => w.text("a")],
	['"IETF"', "6449455446", (w) => w.text("IETF")],
	['"\\"\\\\"', "62225c", (w) => w.text('"\\')],
	['"ü"', "62c3bc", (w) => w.text("\u00fc")],
	['"水"', "63e6b0b4", (w) => w.text("\u6c34")],
	['"𐅑"', "64f0908591", (w) => w.text("\u{10151}")],
	["[]", "80", (w) => w.array(0)],
	["[1, 2, 3]", "83010203", (w) => w.array(3).int(1).int(2).int(3)],
	["[1, [2, 3], [4, 5]]", "8301820203820405", (w) => w.array(3).int(1).array(2).int(2).int(3).array(2).int(4).int(5)],
	[
		`[${upTo25.join(", ")}]`,
		"98190102030405060708090a0b0c0d0e0f101112131415161718181819",
		(w) => {
			w.array(25);
			for (const n of upTo25) w.int(n);
		},
	],
	["{}", "a0", (w) => w.map(0)],
	["{1: 2, 3: 4}", "a201020304", (w) => w.map(2).int(1).int(2).int(3).int(4)],
	['{"a": 1, "b": [2, 3]}', "a26161016162820203", (w) => w.map(2).text("a").int(1).text("b").array(2).int(2).int(3)],
	['["a", {"b": "c"}]', "826161a161626163", (w) => w.array(2).text("a").map(1).text("b").text("c")],
	[
		'{"a": "A", "b": "B", "c": "C", "d": "D", "e": "E"}',
		"a56161614161626142616361436164614461656145",
		(w) => {
			w.map(5);
			for (const letter of "abcde") w.text(letter).text(letter.toUpperCase());
		},
	],
	["(_ h'0102', h'030405')", "5f42010243030405ff"],
	['(_ "strea", "ming")', "7f657374726561646d696e67ff"],
	["[_ ]", "9fff"],
	["[_ 1, [2, 3], [_ 4, 5]]", "9f018202039f0405ffff"],
	["[_ 1, [2, 3], [4, 5]]", "9f01820203820405ff"],
	["[1, [2, 3], [_ 4, 5]]", "83018202039f0405ff"],
	["[1, [_ 2, 3], [4, 5]]", "83019f0203ff820405"],
	[`[_ ${upTo25.join(", ")}]`, "9f0102030405060708090a0b0c0d0e0f101112131415161718181819ff"],
	['{_ "a": 1, "b": [_ 2, 3]}', "bf61610161629f0203ffff"],
	['["a", {_ "b": "c"}]', "826161bf61626163ff"],
	['{_ "Fun": true, "Amt": -2}', "bf6346756ef563416d7421ff"],
];

/** RFC 8949 appendix F.1, the whole of it: what is not well-formed, by kind. */
export const appendixF: readonly (readonly [kind: string, codes: string, items: string])[] = [
	[
		"end of input in a head",
		"truncated",
		"18, 19, 1a, 1b, 19 01, 1a 01 02, 1b 01 02 03 04 05 06 07, 38, 58, 78, 98, 9a 01 ff 00, b8, d8, f8, f9 00, fa 00 00, fb 00 00 00",
	],
	[
		"definite-length strings with short data",
		"truncated",
		"41, 61, 5a ff ff ff ff 00, 5b ff ff ff ff ff ff ff ff 01 02 03, 7a ff ff ff ff 00, 7b 7f ff ff ff ff ff ff ff 01 02 03",
	],
	[
		"definite-length maps and arrays not closed with enough items",
		"truncated",
		"81, 81 81 81 81 81 81 81 81 81, 82 00, a1, a2 01 02, a1 00, a2 00 00 00",
	],
	["tag number not followed by tag content", "truncated", "c0"],
	["indefinite-length strings not closed by a break", "truncated", "5f 41 00, 7f 61 00"],
	[
		"indefinite-length maps and arrays not closed by a break",
		"truncated",
		"9f, 9f 01 02, bf, bf 01 02 01 02, 81 9f, 9f 80 00, 9f 9f 9f 9f 9f ff ff ff ff, 9f 81 9f 81 9f 9f ff ff ff",
	],
	[
		"reserved additional information values",
		"malformed",
		"1c, 1d, 1e, 3c, 3d, 3e, 5c, 5d, 5e, 7c, 7d, 7e, 9c, 9d, 9e, bc, bd, be, dc, dd, de, fc, fd, fe",
	],
	["reserved two-byte encodings of simple values", "malformed", "f8 00, f8 01, f8 18, f8 1f"],
	[
		"indefinite-length string chunks not of the correct type",
		"malformed",
		"5f 00 ff, 5f 21 ff, 5f 61 00 ff, 5f 80 ff, 5f a0 ff, 5f c0 00 ff, 5f e0 ff, 7f 41 00 ff",
	],
	["indefinite-length string chunks not definite length", "malformed", "5f 5f 41 00 ff ff, 7f 7f 61 00 ff ff"],
	["break on its own outside of an indefinite-length item", "malformed", "ff"],
	// Where fewer bytes are left than items, that is told before the break.
	[
		"break in a definite-length array or map or a tag",
		"malformed truncated",
		"81 ff, 82 00 ff, a1 ff, a1 ff 00, a1 00 ff, a2 00 00 ff, 9f 81 ff, 9f 82 9f 81 9f 9f ff ff ff ff",
	],
	["break in an indefinite-length map in a value position", "malformed", "bf 00 ff, bf 00 00 00 ff"],
	["major type 0, 1, 6 with additional information 31", "malformed", "1f, 3f, df"],
];
