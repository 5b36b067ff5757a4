import { BlockCipher as Cipher } from "crypt";
import type { BlockCipher } from "../core/ports.js";

const BLOCK = 16;

/**
 * AES-128 over the SDK's in C. Builds for boards, simulated ones too, put it in the place of `net/lorawan/aes.ts`; they have
 * to bring the SDK's `crypt`.
 */
export class Aes128 implements BlockCipher {
	private cipher: Cipher | undefined;
	/** The SDK takes whole buffers alone. */
	private readonly block = new Uint8Array(BLOCK);

	setKey(key: Uint8Array, at = 0): void {
		this.cipher = new Cipher("AES", key.slice(at, at + BLOCK).buffer);
	}
	encrypt(bytes: Uint8Array, at = 0): void {
		const { block } = this;
		block.set(bytes.subarray(at, at + BLOCK));
		this.cipher!.encrypt(block.buffer, block.buffer);
		bytes.set(block, at);
	}
}
