import { Sha256 } from "../../modules/core/sha256.js";

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
