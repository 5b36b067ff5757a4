import type { BlockCipher } from "../../modules/core/ports.js";

const ROUNDS = 10;

/** The S-box of FIPS 197 §5.1.1: the inverse in GF(2^8), then an affine map. Made when the module is: that is in the build. */
const SBOX = substitutions();

function substitutions(): Uint8Array {
	const box = new Uint8Array(256);
	// p runs through all powers of the generator 3, q through their inverses, the powers of 3's inverse 0xf6.
	let p = 1;
	let q = 1;
	do {
		p = (p ^ (p << 1) ^ (p & 0x80 ? 0x11b : 0)) & 0xff;
		q ^= q << 1;
		q ^= q << 2;
		q = (q ^ (q << 4)) & 0xff;
		if (q & 0x80) q ^= 9;
		const twice = q | (q << 8);
		box[p] = q ^ (twice >> 7) ^ (twice >> 6) ^ (twice >> 5) ^ (twice >> 4) ^ 0x63;
	} while (p !== 1);
	box[0] = 0x63;
	return box;
}

/**
 * AES-128, encryption alone, for platforms without one: LoRaWAN needs no more, since its servers use the other direction
 * for what nodes decrypt.
 *
 * Source: FIPS 197. A column is a 32-bit word, so that a round's mixing is done on four bytes at once.
 */
export class Aes128 implements BlockCipher {
	/** The key schedule: eleven round keys of four words. */
	private readonly keys = new Int32Array(4 * (ROUNDS + 1));

	setKey(key: Uint8Array, at = 0): void {
		const { keys } = this;
		const view = new DataView(key.buffer, key.byteOffset + at, 16);
		for (let n = 0; n < 4; n++) keys[n] = view.getInt32(4 * n);
		let rcon = 1;
		for (let n = 4; n < keys.length; n++) {
			let word = keys[n - 1]!;
			if (n % 4 === 0) {
				word =
					((SBOX[(word >>> 16) & 0xff]! ^ rcon) << 24) |
					(SBOX[(word >>> 8) & 0xff]! << 16) |
					(SBOX[word & 0xff]! << 8) |
					SBOX[word >>> 24]!;
				rcon = (rcon << 1) ^ (rcon & 0x80 ? 0x11b : 0);
			}
			keys[n] = keys[n - 4]! ^ word;
		}
	}
	encrypt(block: Uint8Array, at = 0): void {
		const { keys } = this;
		const view = new DataView(block.buffer, block.byteOffset + at, 16);
		let a = view.getInt32(0) ^ keys[0]!;
		let b = view.getInt32(4) ^ keys[1]!;
		let c = view.getInt32(8) ^ keys[2]!;
		let d = view.getInt32(12) ^ keys[3]!;
		for (let n = 4; ; n += 4) {
			const last = n === 4 * ROUNDS;
			const w = column(a, b, c, d, last) ^ keys[n]!;
			const x = column(b, c, d, a, last) ^ keys[n + 1]!;
			const y = column(c, d, a, b, last) ^ keys[n + 2]!;
			d = column(d, a, b, c, last) ^ keys[n + 3]!;
			a = w;
			b = x;
			c = y;
			if (last) break;
		}
		view.setInt32(0, a);
		view.setInt32(4, b);
		view.setInt32(8, c);
		view.setInt32(12, d);
	}
}

/** SubBytes, ShiftRows and, but in the last round, MixColumns of one column (FIPS 197 §5.1). */
function column(a: number, b: number, c: number, d: number, last: boolean): number {
	const word =
		(SBOX[a >>> 24]! << 24) | (SBOX[(b >>> 16) & 0xff]! << 16) | (SBOX[(c >>> 8) & 0xff]! << 8) | SBOX[d & 0xff]!;
	if (last) return word;
	const twice = ((word & 0x7f7f7f7f) << 1) ^ (((word >>> 7) & 0x01010101) * 0x1b);
	const thrice = twice ^ word;
	return twice ^ ((thrice << 8) | (thrice >>> 24)) ^ ((word << 16) | (word >>> 16)) ^ ((word << 24) | (word >>> 8));
}
