import { VARINT_LARGEST, VarintReader, writeVarint, zigzag } from "../../../modules/codec/varint.js";
import { fromHex, toHex } from "../../../modules/core/bytes.js";
import * as assert from "../../assert.js";

describe("varint", () => {
	for (const [value, hex] of [
		[0, "00"],
		[1, "01"],
		[127, "7f"],
		[128, "8001"],
		[16_383, "ff7f"],
		[16_384, "808001"],
		[2_097_151, "ffff7f"],
		[2_097_152, "80808001"],
		[2 ** 28 - 1, "ffffff7f"],
		[2 ** 28, "8080808001"],
		[0x7fff_ffff, "ffffffff07"],
		[0x8000_0000, "8080808008"],
		[0xffff_ffff, "ffffffff0f"],
		[2 ** 34 - 1, "ffffffff3f"],
		[2 ** 35 - 1, "ffffffff7f"],
	] as const)
		it(`unsigned ${value}: ${hex} both ways, truncated when cut`, () => {
			const into = new Uint8Array(VARINT_LARGEST);
			assert.equal(toHex(into.subarray(0, writeVarint(value, into, 0))), hex);
			const reader = new VarintReader(fromHex(`${hex}55`));
			assert.equal(reader.unsigned(), value);
			assert.equal(reader.at, hex.length / 2);
			for (let short = 0; short < hex.length; short += 2)
				assert.throws(() => new VarintReader(fromHex(hex.slice(0, short))).unsigned(), { code: "truncated" });
		});
	for (const value of [0, -1, 1, -2, 63, -64, 64, -65, 0x7fff_ffff, -0x8000_0000, 0xffff_ffff, -0xffff_ffff])
		it(`signed ${value}: comes back`, () => {
			const into = new Uint8Array(VARINT_LARGEST);
			const end = writeVarint(zigzag(value), into, 0);
			assert.equal(new VarintReader(into.subarray(0, end)).signed(), value);
		});
	it("signed, all of ±2^33: exact at the ends and at each power of two", () => {
		const into = new Uint8Array(VARINT_LARGEST);
		for (let power = 1; power <= 2 ** 33; power *= 2)
			for (const value of [power - 1, power, -power, 1 - power]) {
				assert.ok(writeVarint(zigzag(value), into, 0) <= VARINT_LARGEST);
				assert.equal(new VarintReader(into).signed(), value);
			}
	});
	it("six bytes: malformed", () => {
		assert.throws(() => new VarintReader(fromHex("808080808001")).unsigned(), { code: "malformed" });
	});
});
