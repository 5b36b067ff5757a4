import { equalBytes, fromHex, fromUtf8, toHex, utf8, utf8Length, writeUtf8 } from "../../../modules/core/bytes.js";
import * as assert from "../../assert.js";

describe("bytes: hex", () => {
	it("all byte values: there and back", () => {
		const all = Uint8Array.from({ length: 256 }, (_, n) => n);
		assert.equal(toHex(all).length, 512);
		assert.equal(toHex(all).slice(0, 8), "00010203");
		assert.deepEqual(fromHex(toHex(all)), all);
	});
	it("capitals and spaces: taken", () => {
		assert.deepEqual(fromHex(" DE ad\u0020Be ef"), Uint8Array.of(0xde, 0xad, 0xbe, 0xef));
		assert.deepEqual(fromHex(""), new Uint8Array(0));
	});
	for (const text of ["0", "0g", "g0", "0x10", "1 2 3", "é0", "/0", ":0"])
		it(`not hex: ${JSON.stringify(text)}, malformed`, () => {
			assert.throws(() => fromHex(text), { code: "malformed" });
		});
});

describe("bytes: equalBytes", () => {
	it("same contents: equal, whatever the buffer", () => {
		assert.ok(equalBytes(Uint8Array.of(1, 2), Uint8Array.of(0, 1, 2, 3).subarray(1, 3)));
		assert.ok(equalBytes(new Uint8Array(0), new Uint8Array(0)));
	});
	it("one bit anywhere, or another length: not equal", () => {
		const bytes = Uint8Array.of(0, 0x55, 0xff);
		for (let bit = 0; bit < 24; bit++) {
			const other = bytes.slice();
			other[bit >> 3]! ^= 1 << (bit & 7);
			assert.ok(!equalBytes(bytes, other), `bit ${bit}`);
		}
		assert.ok(!equalBytes(bytes, bytes.subarray(0, 2)));
		assert.ok(!equalBytes(bytes.subarray(0, 2), bytes));
	});
});

/** Both sides of each boundary of RFC 3629 §3. */
const points = [
	[0x00, "00"],
	[0x41, "41"],
	[0x7f, "7f"],
	[0x80, "c280"],
	[0xe9, "c3a9"],
	[0x7ff, "dfbf"],
	[0x800, "e0a080"],
	[0x20ac, "e282ac"],
	[0xd7ff, "ed9fbf"],
	[0xe000, "ee8080"],
	[0xfffd, "efbfbd"],
	[0xffff, "efbfbf"],
	[0x1_0000, "f0908080"],
	[0x1_f600, "f09f9880"],
	[0x10_ffff, "f48fbfbf"],
] as const;

describe("bytes: UTF-8", () => {
	for (const [point, hex] of points) {
		const text = String.fromCodePoint(point);
		it(`point ${point.toString(16)}: ${hex} both ways`, () => {
			assert.equal(toHex(utf8(text)), hex);
			assert.equal(utf8Length(text), hex.length / 2);
			assert.equal(fromUtf8(fromHex(hex)), text);
		});
		it(`point ${point.toString(16)}: cut short or with another byte behind the lead, malformed`, () => {
			const bytes = fromHex(hex);
			for (let short = 1; short < bytes.length; short++) {
				assert.throws(() => fromUtf8(bytes.subarray(0, short)), { code: "malformed" });
				assert.throws(() => fromUtf8(Uint8Array.of(...bytes.subarray(0, short), 0x41, 0x41, 0x41)), {
					code: "malformed",
				});
				assert.throws(() => fromUtf8(Uint8Array.of(...bytes.subarray(0, short), 0xc3, 0xa9, 0x41)), {
					code: "malformed",
				});
			}
		});
		it(`point ${point.toString(16)}: too little room, overflow and nothing written`, () => {
			for (let room = 0; room < hex.length / 2; room++) {
				const into = new Uint8Array(room + 1).fill(7);
				assert.throws(() => writeUtf8(text, into, 1), { code: "overflow" });
				assert.ok(into.every((byte) => byte === 7));
			}
		});
	}
	it("a text of many: written at an offset, the end returned", () => {
		const text = points.map(([point]) => String.fromCodePoint(point)).join("");
		const hex = points.map(([, digits]) => digits).join("");
		const into = new Uint8Array(hex.length / 2 + 3);
		assert.equal(writeUtf8(text, into, 2), into.length - 1);
		assert.equal(toHex(into), `0000${hex}00`);
		assert.equal(fromUtf8(into.subarray(2, into.length - 1)), text);
	});
	for (const [name, text] of [
		["a high one at the end", "a\ud83d"],
		["a high one before a letter", "\ud83da"],
		["a low one", "\ude00a"],
	] as const)
		it(`lone surrogate: ${name}, U+FFFD`, () => {
			assert.equal(toHex(utf8(text)), text.startsWith("a") ? "61efbfbd" : "efbfbd61");
			assert.equal(utf8Length(text), 4);
		});
	for (const [name, hex] of [
		["a continuation alone", "80"],
		["a continuation alone, the last", "bf"],
		["overlong in two bytes", "c080"],
		["overlong slash", "c0af"],
		["overlong in two bytes, the longest", "c1bf"],
		["overlong in three", "e08080"],
		["overlong in three, the longest", "e09fbf"],
		["overlong in four", "f0808080"],
		["overlong in four, the longest", "f08fbfbf"],
		["the first surrogate", "eda080"],
		["the last surrogate", "edbfbf"],
		["a surrogate pair", "eda0bdedb880"],
		["the first point beyond Unicode", "f4908080"],
		["lead f5", "f5808080"],
		["lead f7", "f7bfbfbf"],
		["lead f8", "f888808080"],
		["lead fe", "fe"],
		["lead ff", "ff"],
	] as const)
		it(`not UTF-8: ${name}, malformed, also behind good text`, () => {
			assert.throws(() => fromUtf8(fromHex(hex)), { code: "malformed" });
			assert.throws(() => fromUtf8(fromHex(`41c3a9${hex}`)), { code: "malformed" });
		});
});
