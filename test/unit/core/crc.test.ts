import { utf8 } from "../../../modules/core/bytes.js";
import { crc16, crc32 } from "../../../modules/core/crc.js";
import * as assert from "../../assert.js";

const digits = utf8("123456789");

describe("crc", () => {
	it("crc16: the catalogue's check value", () => {
		assert.equal(crc16(digits), 0x29b1);
	});
	it("crc32: the catalogue's check value", () => {
		assert.equal(crc32(digits), 0xcbf43926);
	});
	it("nothing: the start values", () => {
		assert.equal(crc16(new Uint8Array(0)), 0xffff);
		assert.equal(crc32(new Uint8Array(0)), 0);
	});
	it("in two pieces, cut anywhere: the same as in one", () => {
		for (let cut = 0; cut <= digits.length; cut++) {
			assert.equal(crc16(digits, cut, digits.length, crc16(digits, 0, cut)), 0x29b1);
			assert.equal(crc32(digits, cut, digits.length, crc32(digits, 0, cut)), 0xcbf43926);
		}
	});
	it("a range: what is outside does not count", () => {
		const inside = Uint8Array.of(1, 2, ...digits, 3);
		assert.equal(crc16(inside, 2, 11), 0x29b1);
		assert.equal(crc32(inside, 2, 11), 0xcbf43926);
	});
	it("tables: every byte value agrees with the polynomial, bit by bit", () => {
		for (let byte = 0; byte < 256; byte++) {
			let slow16 = 0xffff ^ (byte << 8);
			let slow32 = ~0 ^ byte;
			for (let bit = 0; bit < 8; bit++) {
				slow16 = ((slow16 << 1) ^ (slow16 & 0x8000 ? 0x1021 : 0)) & 0xffff;
				slow32 = (slow32 >>> 1) ^ (slow32 & 1 ? 0xedb88320 : 0);
			}
			assert.equal(crc16(Uint8Array.of(byte)), slow16);
			assert.equal(crc32(Uint8Array.of(byte)), ~slow32 >>> 0);
		}
	});
});
