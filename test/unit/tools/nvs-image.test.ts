import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import { fromHex } from "../../../modules/core/bytes.js";
import {
	HMAC_KEY,
	keysPartition,
	LONGEST_TEXT,
	nvsImage,
	XTS_KEY,
	xtsKeyOf,
} from "../../../tools/provision/nvs-image.js";
import * as assert from "../../assert.js";

interface Vector {
	readonly name: string;
	readonly size: number;
	readonly settings: Readonly<Record<string, string>>;
	readonly xts?: string;
	readonly hmac?: string;
	readonly keysPartition?: string;
	readonly image: string;
}

describe("nvs image", () => {
	const { made, images }: { made: string; images: readonly Vector[] } = JSON.parse(
		readFileSync("test/fixtures/nvs-images.json", "utf8"),
	);
	for (const { name, size, settings, xts, hmac, keysPartition: keys, image } of images)
		it(`${name}: byte for byte as Espressif's tool makes it`, () => {
			const key = xts ? fromHex(xts) : hmac ? xtsKeyOf(fromHex(hmac)) : undefined;
			same(nvsImage(size, "dormouse", new Map(Object.entries(settings)), key), image);
			if (keys) same(keysPartition(key!), keys);
		});
	it("vectors: all came from Espressif's tool", () => {
		assert.ok(made.includes("Espressif"));
		assert.equal(images.length, 7);
	});
	it("a text or a name that NVS does not take: refused", () => {
		const longest = "x".repeat(LONGEST_TEXT);
		nvsImage(0x3000, "dormouse", new Map([["ca", longest]]));
		for (const [name, value] of [
			["ca", `${longest}x`],
			["ca", "a\0b"],
			["", "x"],
			["longerThanFifteen", "x"],
		] as const)
			assert.throws(() => nvsImage(0x3000, "dormouse", new Map([[name, value]])), { code: "range" });
	});
	it("more than the partition holds: refused, its last page is NVS's own", () => {
		const two = new Map(["a", "b"].map((name) => [name, "x".repeat(LONGEST_TEXT)]));
		nvsImage(0x4000, "dormouse", two);
		assert.throws(() => nvsImage(0x3000, "dormouse", two), { code: "overflow" });
		for (const size of [0, 0x2000, 0x3001]) assert.throws(() => nvsImage(size, "dormouse", two), { code: "range" });
	});
	it("keys: their lengths are those of the chip's", () => {
		assert.equal(xtsKeyOf(new Uint8Array(HMAC_KEY)).length, XTS_KEY);
		assert.equal(keysPartition(new Uint8Array(XTS_KEY)).length, 4096);
	});
});

function same(bytes: Uint8Array, vector: string): void {
	const expected = gunzipSync(Buffer.from(vector, "base64"));
	const at = expected.findIndex((byte, n) => byte !== bytes[n]);
	assert.equal(at, -1, `differs at ${at}: ${bytes[at]}, not ${expected[at]}`);
	assert.equal(bytes.length, expected.length);
}
