import { Sha256 } from "../../modules/core/sha256.js";
import { Aes128 } from "../../net/lorawan/aes.js";

/**
 * `crypt` on a simulated board: the part that `modules/device/types/crypt.d.ts` tells of. The SDK's is in C; what this one
 * takes of the engine's work and memory, a device does not.
 */
export class Digest {
	readonly #digest = new Sha256();

	constructor(type: string) {
		if (type !== "SHA256") throw new Error("crypt: unsupported digest");
	}
	write(bytes: ArrayBuffer | ArrayBufferView): void {
		this.#digest.update(
			bytes instanceof ArrayBuffer
				? new Uint8Array(bytes)
				: new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength),
		);
	}
	close(): ArrayBuffer {
		const hash = new Uint8Array(32);
		this.#digest.finish(hash);
		return hash.buffer;
	}
	reset(): void {
		this.#digest.reset();
	}
}

/** AES of 128 bits alone. */
export class BlockCipher {
	readonly #cipher = new Aes128();

	constructor(type: string, key: ArrayBuffer) {
		if (type !== "AES" || key.byteLength !== 16) throw new Error("bad key size");
		this.#cipher.setKey(new Uint8Array(key));
	}
	encrypt(data: ArrayBuffer, result: ArrayBuffer): ArrayBuffer {
		const bytes = new Uint8Array(result);
		bytes.set(new Uint8Array(data, 0, 16));
		this.#cipher.encrypt(bytes);
		return result;
	}
}
