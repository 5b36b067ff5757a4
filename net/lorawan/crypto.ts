import { equalBytes } from "../../modules/core/bytes.js";
import type { BlockCipher } from "../../modules/core/ports.js";

const BLOCK = 16;
export const MIC_BYTES = 4;

/** What LoRaWAN makes of a block cipher; the cipher has the right key already. Sections are TS001-1.0.4's. */
export class Crypto {
	protected readonly cipher: BlockCipher;

	constructor(cipher: BlockCipher) {
		this.cipher = cipher;
	}
	/**
	 * AES-CMAC of `head`, where there is one, followed by `bytes[0 … length)`.
	 *
	 * Source: RFC 4493 §2.4.
	 * @param head a whole first block, which becomes the code
	 * @returns the code, 16 bytes
	 */
	cmac(head: Uint8Array | undefined, bytes: Uint8Array, length: number): Uint8Array {
		const { cipher } = this;
		const code = head ?? new Uint8Array(BLOCK);
		const sub = new Uint8Array(BLOCK);
		const rest = length % BLOCK;
		if (head && length) cipher.encrypt(code); // else it is the last block
		for (let at = 0; at < length; at++) {
			if (at && !(at % BLOCK)) cipher.encrypt(code);
			code[at % BLOCK]! ^= bytes[at]!;
		}
		cipher.encrypt(sub);
		// K1 for a last block that is whole; K2, which is K1 doubled once more, for one that is padded (§2.3).
		let times = 1;
		if (rest || !(head || length)) {
			code[rest]! ^= 0x80;
			times = 2;
		}
		while (times--) {
			const carry = sub[0]! >> 7;
			for (let n = 0; n < BLOCK; n++) sub[n] = (sub[n]! << 1) | (sub[n + 1]! >> 7);
			sub[BLOCK - 1]! ^= 0x87 * carry;
		}
		for (let n = 0; n < BLOCK; n++) code[n]! ^= sub[n]!;
		cipher.encrypt(code);
		return code;
	}
	/** Whether the MIC that ends `bytes` is right. */
	isSealed(head: Uint8Array | undefined, bytes: Uint8Array): boolean {
		const end = bytes.length - MIC_BYTES;
		return equalBytes(this.cmac(head, bytes, end).subarray(0, MIC_BYTES), bytes.subarray(end));
	}
	/**
	 * Encrypts or decrypts FRMPayload `bytes[from … to)` in place; both are the same. With AppSKey, or on port 0 NwkSKey.
	 * Source: §4.3.3.
	 * @param direction 0 up, 1 down
	 * @param fCnt all 32 bits
	 */
	crypt(direction: number, devAddr: number, fCnt: number, bytes: Uint8Array, from: number, to: number): void {
		for (let block = 1; from < to; block++) {
			const stream = this.head(1, direction, devAddr, fCnt, block);
			this.cipher.encrypt(stream);
			for (let n = 0; n < BLOCK && from < to; n++) bytes[from++]! ^= stream[n]!;
		}
	}
	/**
	 * The blocks A_i and B_0 of a data frame: the latter is the head of its MIC, with NwkSKey (§4.4). (LoRaWAN 1.1 has the
	 * counter of the frame that is acknowledged in it as well; 1.0.4 has not.)
	 * @param kind 0x49 for B_0
	 * @param last bytes of the frame without its MIC
	 */
	head(kind: number, direction: number, devAddr: number, fCnt: number, last: number): Uint8Array {
		const view = new DataView(new ArrayBuffer(BLOCK));
		view.setUint8(0, kind);
		view.setUint8(5, direction);
		view.setUint32(6, devAddr, true);
		view.setUint32(10, fCnt, true);
		view.setUint8(15, last);
		return new Uint8Array(view.buffer);
	}
}
