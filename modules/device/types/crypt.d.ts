/**
 * Digests and block ciphers of the SDK, in C.
 * Source: Moddable SDK 8.2.3, modules/crypt/digest/crypt.js, modCrypt.c. A build brings it with
 * `"$(MODULES)/crypt/digest/manifest.json"`.
 */
declare module "crypt" {
	import type { ByteBuffer } from "embedded:io/_common";

	export class Digest {
		/** @throws {Error} "crypt: unsupported digest" */
		constructor(type: "SHA256");
		/** Bytes of the message; a view's offset and length count. */
		write(bytes: ByteBuffer): void;
		/** The digest, in a new buffer. {@link reset} before the next message. */
		close(): ArrayBuffer;
		reset(): void;
	}

	export class BlockCipher {
		/** @param key 16, 24 or 32 bytes @throws {Error} "bad key size" */
		constructor(type: "AES", key: ArrayBufferLike);
		/** Encrypts the first 16 bytes of a buffer into another one, or the same. */
		encrypt(data: ArrayBufferLike, result: ArrayBufferLike): ArrayBuffer;
	}
}
