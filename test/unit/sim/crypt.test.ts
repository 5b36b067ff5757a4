import { createCipheriv } from "node:crypto";
import { toHex } from "../../../modules/core/bytes.js";
import { BlockCipher } from "../../../sim/shims/crypt.js";
import * as assert from "../../assert.js";

describe("crypt on a simulated board", () => {
	it("AES of 128 bits, into the same buffer or another: OpenSSL's block; other keys: refused, as the SDK does", () => {
		const key = Uint8Array.from({ length: 16 }, (_, n) => 11 * n);
		const plain = Uint8Array.from({ length: 16 }, (_, n) => 3 * n);
		const wanted = createCipheriv("aes-128-ecb", key, null).setAutoPadding(false).update(plain).toString("hex");
		const cipher = new BlockCipher("AES", key.buffer);
		const other = new Uint8Array(16);
		cipher.encrypt(plain.buffer, other.buffer);
		assert.equal(toHex(other), wanted);
		cipher.encrypt(plain.buffer, plain.buffer);
		assert.equal(toHex(plain), wanted);
		assert.throws(() => new BlockCipher("AES", new ArrayBuffer(15)), { message: "bad key size" });
		assert.throws(() => new BlockCipher("DES", key.buffer), { message: "bad key size" });
	});
});
