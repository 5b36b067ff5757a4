import type { BlockCipher } from "../../modules/core/ports.js";

const BLOCK = 16;

/**
 * AES-CMAC of `head`, where there is one, followed by `bytes[0 … length)`. The cipher has its key already.
 *
 * Source: RFC 4493 §2.4.
 * @param head a whole first block
 * @param into gets as many of the code's first bytes as it has room for, at most 16
 */
export function cmac(
	cipher: BlockCipher,
	head: Uint8Array | undefined,
	bytes: Uint8Array,
	length: number,
	into: Uint8Array,
): void {
	const code = new Uint8Array(BLOCK);
	const sub = new Uint8Array(BLOCK);
	if (head) {
		code.set(head);
		if (length > 0) cipher.encrypt(code); // else it is the last block
	}
	const whole = length > 0 ? length % BLOCK === 0 : head !== undefined;
	for (let at = 0; at < length; at++) {
		if (at > 0 && at % BLOCK === 0) cipher.encrypt(code);
		code[at % BLOCK]! ^= bytes[at]!;
	}
	cipher.encrypt(sub);
	// K1 for a last block that is whole; K2, which is K1 doubled once more, for one that is padded (§2.3).
	for (let times = whole ? 1 : 2; times > 0; times--) {
		const carry = sub[0]! & 0x80;
		for (let n = 0; n < BLOCK; n++) sub[n] = (sub[n]! << 1) | ((sub[n + 1] ?? 0) >> 7);
		if (carry) sub[BLOCK - 1]! ^= 0x87;
	}
	if (!whole) code[length % BLOCK]! ^= 0x80;
	for (let n = 0; n < BLOCK; n++) code[n]! ^= sub[n]!;
	cipher.encrypt(code);
	into.set(code.subarray(0, Math.min(into.length, BLOCK)));
}
