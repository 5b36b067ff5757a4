import { createHash, createHmac } from "node:crypto";
import { HmacSha256, Sha256 } from "../../modules/core/sha256.js";
import { Seeded } from "../../sim/seeded.js";
import * as assert from "../assert.js";
import { seedOf } from "../support/seed.js";

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString("hex");

describe("sha256 and Node's crypto (OpenSSL)", () => {
	const seed = seedOf(256);
	it(`messages and keys of all lengths to 300, in random pieces (seed ${seed}): equal digests and codes`, () => {
		const random = new Seeded(seed);
		const bytes = (length: number) => Uint8Array.from({ length }, () => random.u32());
		const into = new Uint8Array(32);
		for (let length = 0; length <= 300; length++) {
			const message = bytes(length);
			const key = bytes(random.between(0, 150));
			const [digest, mac] = [new Sha256(), new HmacSha256(key)];
			for (let at = 0; at < length; ) {
				const piece = random.between(1, length - at);
				digest.update(message, at, at + piece);
				mac.update(message, at, at + piece);
				at += piece;
			}
			digest.finish(into);
			assert.equal(hex(into), createHash("sha256").update(message).digest("hex"), `${length} bytes`);
			mac.finish(into);
			assert.equal(hex(into), createHmac("sha256", key).update(message).digest("hex"), `${length} bytes`);
		}
	});
	it("a million times a, a million zeros: the vectors of FIPS 180 and NIST", () => {
		for (const [byte, digest] of [
			[0x61, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"],
			[0, "d29751f2649b32ff572b5e0a9f541ea660a50f94ff0beedfb0b692b924cc8025"],
		] as const) {
			const sha256 = new Sha256();
			const chunk = new Uint8Array(1000).fill(byte);
			for (let n = 0; n < 1000; n++) sha256.update(chunk);
			const into = new Uint8Array(32);
			sha256.finish(into);
			assert.equal(hex(into), digest);
		}
	});
	it("more than half a gigabyte: the length in bits takes more than 32 of them", () => {
		// The count of bytes is set forward: only its encoding in the last block is at stake.
		const sha256 = new Sha256();
		sha256.length = 0x2000_0040;
		const into = new Uint8Array(32);
		sha256.finish(into);
		const last = new Uint8Array(64);
		last[0] = 0x80;
		new DataView(last.buffer).setUint32(56, 1); // 0x1_0000_0200 bits
		new DataView(last.buffer).setUint32(60, 0x200);
		const wanted = new Sha256();
		wanted.update(last);
		const view = new DataView(into.buffer);
		assert.deepEqual(
			wanted.state,
			Int32Array.from({ length: 8 }, (_, n) => view.getInt32(4 * n)),
		);
	});
});
