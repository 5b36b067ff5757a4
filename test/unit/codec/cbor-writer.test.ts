import { checkCbor } from "../../../modules/codec/cbor-check.js";
import { halfOf, halfValue } from "../../../modules/codec/cbor-float.js";
import { CborReader } from "../../../modules/codec/cbor-reader.js";
import { CborWriter } from "../../../modules/codec/cbor-writer.js";
import { fromHex, toHex } from "../../../modules/core/bytes.js";
import { Seeded } from "../../../sim/seeded.js";
import * as assert from "../../assert.js";
import { MINUS_ZERO } from "../../support/cbor-examples.js";
import { seedOf } from "../../support/seed.js";

const hexOf = (write: (w: CborWriter) => CborWriter) => toHex(write(new CborWriter(new Uint8Array(4000))).written);

/** Arguments around each size of head. */
const heads: readonly (readonly [argument: bigint, hex: string])[] = [
	[0n, "00"],
	[23n, "17"],
	[24n, "1818"],
	[0xffn, "18ff"],
	[0x100n, "190100"],
	[0xffffn, "19ffff"],
	[0x1_0000n, "1a00010000"],
	[0xffff_ffffn, "1affffffff"],
	[0x1_0000_0000n, "1b0000000100000000"],
	[2n ** 53n - 1n, "1b001fffffffffffff"],
	[2n ** 53n, "1b0020000000000000"],
	[2n ** 53n + 1n, "1b0020000000000001"],
	[2n ** 63n, "1b8000000000000000"],
	[2n ** 64n - 1n, "1bffffffffffffffff"],
];
/** The same head of another major type. */
const ofMajor = (major: number, hex: string) =>
	(Number.parseInt(hex.slice(0, 2), 16) + major).toString(16) + hex.slice(2);

describe("CBOR writer and reader: every kind", () => {
	for (const [argument, hex] of heads)
		it(`argument ${argument}: the shortest head, of integers of both signs and of tags`, () => {
			const safe = argument < 2n ** 53n;
			const negative = ofMajor(0x20, hex);
			const tagged = `${ofMajor(0xc0, hex)}00`;
			assert.equal(
				hexOf((w) => w.bigint(argument)),
				hex,
			);
			assert.equal(
				hexOf((w) => w.bigint(-1n - argument)),
				negative,
			);
			assert.equal(
				hexOf((w) => w.tag(argument).int(0)),
				tagged,
			);
			// As texts: to XS a bigint that lies in flash is not strictly equal to one in RAM.
			assert.equal(`${new CborReader(fromHex(hex)).bigint()}`, `${argument}`);
			assert.equal(`${new CborReader(fromHex(negative)).bigint()}`, `${-1n - argument}`);
			const tag = new CborReader(fromHex(tagged)).tag();
			assert.equal(`${tag}`, `${argument}`);
			const unsigned = new CborReader(fromHex(hex)).integer();
			const below = new CborReader(fromHex(negative)).integer();
			assert.equal(`${unsigned} ${below}`, `${argument} ${-1n - argument}`);
			assert.equal(typeof unsigned, safe ? "number" : "bigint");
			assert.equal(typeof below, argument < 2n ** 53n - 1n ? "number" : "bigint");
			assert.equal(typeof tag, safe ? "number" : "bigint");
			if (safe) {
				const value = Number(argument);
				assert.equal(
					hexOf((w) => w.int(value)),
					hex,
				);
				assert.equal(
					hexOf((w) => w.tag(value).int(0)),
					tagged,
				);
				assert.equal(new CborReader(fromHex(hex)).int(), value);
				assert.equal(new CborReader(fromHex(hex)).uint(), value);
				assert.equal(new CborReader(fromHex(hex)).number(), value);
			} else
				for (const ask of [(r: CborReader) => r.int(), (r: CborReader) => r.uint(), (r: CborReader) => r.number()]) {
					const reader = new CborReader(fromHex(hex));
					assert.throws(() => ask(reader), { code: "range", message: "CBOR at 0" });
					assert.equal(reader.offset, 0);
				}
			for (const digits of [hex, negative, tagged]) {
				assert.equal(checkCbor(fromHex(digits), 0, true), digits.length / 2);
				for (let room = 0; room < digits.length / 2; room++) {
					const into = new Uint8Array(room).fill(0xee);
					const writer = new CborWriter(into);
					assert.throws(() => writer.tag(argument).bigint(0n).bigint(argument).bigint(0n), { code: "overflow" });
					assert.ok(into.subarray(writer.length).every((byte) => byte === 0xee));
				}
			}
		});
	it("-2^53: beyond int, in both directions", () => {
		assert.equal(new CborReader(fromHex("3b001ffffffffffffe")).int(), -Number.MAX_SAFE_INTEGER);
		assert.throws(() => new CborReader(fromHex("3b001fffffffffffff")).int(), { code: "range" });
		assert.equal(new CborReader(fromHex("3b001fffffffffffff")).bigint() + 2n ** 53n, 0n);
	});
	it("what 64 bits, a tag or a simple value cannot be: range, and nothing written", () => {
		const writer = new CborWriter(new Uint8Array(20));
		for (const value of [2n ** 64n, -(2n ** 64n) - 1n, 2n ** 200n])
			assert.throws(() => writer.bigint(value), { code: "range" });
		for (const tag of [-1, 0.5, Number.NaN, 2 ** 53, -1n, 2n ** 64n])
			assert.throws(() => writer.tag(tag), { code: "range" });
		for (const value of [-1, 24, 31, 256, 0.5, 40.5, Number.NaN, 2 ** 32, 2 ** 32 + 1])
			assert.throws(() => writer.simple(value), { code: "range" });
		for (const length of [-1, 0.5, Number.NaN]) assert.throws(() => writer.bytesToFill(length), { code: "range" });
		assert.equal(writer.length, 0);
	});
	it("simple values: all 256, those of two bytes from 32 on", () => {
		for (let value = 0; value < 256; value++) {
			if (value >= 24 && value < 32) continue;
			const hex = hexOf((w) => w.simple(value));
			assert.equal(hex.length, value < 24 ? 2 : 4);
			assert.equal(new CborReader(fromHex(hex)).simple(), value);
			assert.equal(checkCbor(fromHex(hex), 0, true), hex.length / 2);
		}
		for (const hex of ["f800", "f814", "f81f"]) {
			assert.throws(() => new CborReader(fromHex(hex)).simple(), { code: "malformed" });
			assert.throws(() => new CborReader(fromHex(hex)).skip(), { code: "malformed" });
		}
	});
	it("number: an integer where it is one, else a float; float: a float always", () => {
		assert.equal(
			hexOf((w) => w.number(2)),
			"02",
		);
		assert.equal(
			hexOf((w) => w.float(2)),
			"f94000",
		);
		assert.equal(
			hexOf((w) => w.number(-3)),
			"22",
		);
		assert.equal(
			hexOf((w) => w.number(0)),
			"00",
		);
		assert.equal(
			hexOf((w) => w.number(-0)),
			MINUS_ZERO ? "f98000" : "00",
		);
		assert.equal(
			hexOf((w) => w.number(0.5)),
			"f93800",
		);
		assert.equal(
			hexOf((w) => w.number(2 ** 53)),
			"fa5a000000",
		);
		assert.equal(
			hexOf((w) => w.number(Number.MAX_SAFE_INTEGER)),
			"1b001fffffffffffff",
		);
		assert.equal(
			hexOf((w) => w.number(Number.NaN)),
			"f97e00",
		);
		assert.equal(
			hexOf((w) => w.number(Number.NEGATIVE_INFINITY)),
			"f9fc00",
		);
		assert.equal(new CborReader(fromHex("f94000")).number(), 2);
		assert.equal(new CborReader(fromHex("21")).number(), -2);
	});
	it("half floats: all 65,536 have the value that a single gives, and come back as they were", () => {
		const scratch = new DataView(new ArrayBuffer(4));
		for (let bits = 0; bits < 0x1_0000; bits++) {
			const value = halfValue(bits);
			// By hand, as a single: RFC 8949 appendix D the other way round.
			const exponent = (bits >> 10) & 31;
			const fraction = bits & 0x3ff;
			const size =
				exponent === 31
					? fraction
						? Number.NaN
						: Number.POSITIVE_INFINITY
					: exponent
						? (1 + fraction / 1024) * 2 ** (exponent - 15)
						: (fraction / 1024) * 2 ** -14;
			assert.equal(value, bits & 0x8000 ? -size : size);
			scratch.setFloat32(0, value);
			const back = halfOf(scratch.getUint32(0));
			if (Number.isNaN(value)) assert.equal(back, 0x7e00);
			else if (bits === 0x8000 && !MINUS_ZERO) assert.ok(back === 0 || back === 0x8000);
			else assert.equal(back, bits);
		}
	});
	it("singles around each half: exact or not at all", () => {
		const scratch = new DataView(new ArrayBuffer(4));
		let exact = 0;
		for (let bits = 0; bits < 0x8000; bits += 7) {
			scratch.setFloat32(0, halfValue(bits));
			const single = scratch.getUint32(0);
			for (const near of [single - 1, single + 1, single + 0x1000]) {
				if (near < 0 || bits >= 0x7bff) continue;
				assert.equal(halfOf(near), -1);
				exact++;
			}
		}
		assert.ok(exact > 13_000, `${exact}`);
	});
	const seed = seedOf(3949);
	it(`random floats (seed ${seed}): read back as written, and no shorter encoding would hold them`, () => {
		const random = new Seeded(seed);
		const view = new DataView(new ArrayBuffer(9));
		const sizes = [0, 0, 0];
		for (let run = 0; run < 4000; run++) {
			view.setUint32(0, random.u32());
			view.setUint32(4, run % 3 ? 0 : random.u32());
			const value = run % 4 ? view.getFloat64(0) : run % 8 ? view.getFloat32(0) : halfValue(random.u32() & 0xffff);
			const bytes = new CborWriter(new Uint8Array(9)).float(value).written;
			const reader = new CborReader(bytes);
			assert.equal(reader.float(), value);
			assert.ok(reader.done);
			assert.equal(checkCbor(bytes, 0, true), bytes.length);
			sizes[(bytes.length - 1) >> 2]!++;
		}
		assert.ok(
			sizes.every((count) => count > 200),
			`${sizes}`,
		);
	});
	it("65,536 and its like: no half float, least of all infinity", () => {
		for (const [value, hex] of [
			[65_504, "f97bff"],
			[65_520, "fa477ff000"],
			[65_536, "fa47800000"],
			[-65_536, "fac7800000"],
			[131_072, "fa48000000"],
		] as const) {
			assert.equal(
				hexOf((w) => w.float(value)),
				hex,
			);
			assert.equal(checkCbor(fromHex(hex), 0, true), hex.length / 2);
		}
	});
	it("all widths of a float, in half as in double", () => {
		for (const hex of ["f93e00", "fa3fc00000", "fb3ff8000000000000"])
			assert.equal(new CborReader(fromHex(hex)).float(), 1.5);
		for (const hex of ["f97c01", "fa7f800001", "fb7ff0000000000001", "f9fe00"])
			assert.ok(Number.isNaN(new CborReader(fromHex(hex)).float()));
	});
	it("arrays of integers in one call: as one by one, wherever it ends; overflow and range leave the length", () => {
		const edges = [0, 23, 24, 255, 256, 65_535, 65_536, 0xffff_ffff, 2 ** 32, Number.MAX_SAFE_INTEGER];
		const values = [
			...edges.slice(0, 6),
			...edges.slice(0, 6).map((n) => -1 - n),
			...edges,
			...edges.map((n) => -n + 0),
		];
		for (const some of [values, values.slice(0, 12), values.slice(0, 1), [], [...values.slice(0, 3), 65_536, 1, -1]]) {
			const expected = hexOf((w) => some.reduce((writer, value) => writer.int(value), w.array(some.length)));
			assert.equal(
				hexOf((w) => w.ints(some)),
				expected,
			);
			const size = expected.length / 2;
			assert.equal(toHex(new CborWriter(new Uint8Array(size)).ints(some).written), expected);
			for (let room = 0; room < size; room++) {
				const all = new Uint8Array(size + 3).fill(0xee);
				const writer = new CborWriter(all.subarray(1)).reset(room + 1).int(9);
				assert.throws(() => writer.ints(some), { code: "overflow" });
				assert.equal(writer.length, 1);
				assert.ok(all.subarray(2 + room).every((byte) => byte === 0xee));
			}
		}
		assert.equal(
			hexOf((w) => w.ints([7, 8, 9], 2)),
			"820708",
		);
		assert.equal(
			hexOf((w) => w.ints(Int32Array.of(-500, 70_000))),
			"823901f31a00011170",
		);
		for (const wrong of [0.5, -0.5, Number.NaN, 2 ** 53, -(2 ** 53), Number.POSITIVE_INFINITY, 65_536.5, 23.5, -7.25])
			for (const room of [4, 100]) {
				const writer = new CborWriter(new Uint8Array(room)).int(9);
				assert.throws(() => writer.ints([1, wrong]), { code: "range" });
				assert.equal(writer.length, 1);
			}
		const writer = new CborWriter(new Uint8Array(100));
		for (const count of [-1, 0.5, Number.NaN, 3]) assert.throws(() => writer.ints([1, 2], count), { code: "range" });
		assert.equal(writer.length, 0);
	});
	it("encoded: an item as it is, all or nothing", () => {
		const writer = new CborWriter(new Uint8Array(4)).map(1).encoded(fromHex("6161"));
		assert.throws(() => writer.encoded(fromHex("1818")), { code: "overflow" });
		assert.equal(toHex(writer.encoded(fromHex("05")).written), "a1616105");
	});
	it("bytes to fill: written in their place, all or nothing", () => {
		const writer = new CborWriter(new Uint8Array(6)).int(1);
		new CborWriter(writer.bytesToFill(3)).array(2).int(7).int(8);
		assert.equal(toHex(writer.written), "0143820708");
		assert.throws(() => writer.bytesToFill(1), { code: "overflow" });
		assert.equal(writer.bytesToFill(0).length, 0);
		assert.equal(toHex(writer.written), "014382070840");
	});
	it("texts: the same bytes with room to spare and without, around each size of head", () => {
		for (const letter of ["a", "é", "水", "😀", "\0", "\ud800"])
			for (const count of [1, 5, 7, 8, 11, 12, 22, 23, 24, 63, 64, 85, 86, 127, 128, 255, 256]) {
				const text = `${letter.repeat(count - 1)}b`;
				const roomy = hexOf((w) => w.reset().text(text).null());
				const exact = new CborWriter(new Uint8Array(roomy.length / 2)).text(text).null();
				assert.equal(toHex(exact.written), roomy);
				assert.equal(checkCbor(exact.written, 0, true), roomy.length / 2 - 1);
				assert.equal(new CborReader(exact.written).text(), text.replaceAll("\ud800", "\ufffd"));
				assert.throws(() => new CborWriter(new Uint8Array(roomy.length / 2 - 2)).text(text), { code: "overflow" });
			}
	});
	it("indefinite lengths: strings put together, containers until their break", () => {
		const reader = new CborReader(
			fromHex("5f42010240410 3ff 7f61616162ff 9f01029fffff bf6161019f0203ff04ff 5fff 7fff".replaceAll(" ", "")),
		);
		assert.equal(toHex(reader.byteString()), "010203");
		assert.equal(reader.text(), "ab");
		const items: number[] = [];
		let left = reader.array();
		assert.equal(left, -1);
		for (; reader.more(left) && left > -3; left--) items.push(reader.int());
		assert.deepEqual(items, [1, 2]);
		assert.ok(!reader.more(reader.array()));
		assert.ok(!reader.more(left));
		left = reader.map();
		assert.ok(reader.more(left));
		assert.equal(reader.text(), "a");
		assert.equal(reader.int(), 1);
		assert.ok(reader.more(left - 1));
		reader.skip();
		assert.throws(() => new CborReader(fromHex("bf00ff").subarray(2)).int(), { code: "malformed" });
		assert.equal(reader.int(), 4);
		assert.ok(!reader.more(left - 2));
		assert.equal(reader.byteString().length, 0);
		assert.equal(reader.text(), "");
		reader.end();
		assert.ok(new CborReader(fromHex("00")).more(1));
		assert.ok(!new CborReader(fromHex("00")).more(0));
		assert.throws(() => new CborReader(new Uint8Array(0)).more(-1), { code: "truncated" });
	});
	it("chunks of text that split a character: malformed, though the whole is UTF-8", () => {
		const reader = new CborReader(fromHex("7f61c361bcff"));
		assert.throws(() => reader.text(), { code: "malformed", message: "CBOR at 1: not UTF-8" });
		assert.equal(reader.offset, 0);
		assert.equal(new CborReader(fromHex("7f62c3bcff")).text(), "ü");
	});
	for (const [name, hex] of [
		["a byte that starts nothing", "80"],
		["0xff", "ff"],
		["an overlong slash of two", "c0af"],
		["an overlong slash of three", "e080af"],
		["an overlong slash of four", "f08080af"],
		["a surrogate", "eda080"],
		["beyond U+10FFFF", "f4908080"],
		["a lead byte of five", "f888808080"],
		["cut in the middle", "e6b0"],
		["a lead byte in place of a continuation", "e6c3b4"],
	] as const)
		it(`text, ${name}: malformed wherever it stands, when read and when skipped`, () => {
			for (const before of ["", "616263", "61626364", "c3bc"])
				for (const after of ["", "61", "616263646566"]) {
					const body = before + hex + after;
					const text = fromHex(`01${(0x60 + body.length / 2).toString(16)}${body}`);
					for (const ask of [(r: CborReader) => r.text(), (r: CborReader) => r.skip()]) {
						const reader = new CborReader(text);
						reader.int();
						assert.throws(() => ask(reader), { code: "malformed", message: "CBOR at 1: not UTF-8" });
						assert.equal(reader.offset, 1);
					}
				}
		});
	it("text, the first and last of each length in UTF-8: read, and passed over", () => {
		for (const hex of ["00", "7f", "c280", "dfbf", "e0a080", "ed9fbf", "ee8080", "efbfbf", "f0908080", "f48fbfbf"]) {
			const bytes = fromHex((0x60 + hex.length / 2).toString(16) + hex);
			assert.equal(toHex(new CborWriter(new Uint8Array(10)).text(new CborReader(bytes).text()).written), toHex(bytes));
			assert.equal(checkCbor(bytes), bytes.length);
		}
	});
});
