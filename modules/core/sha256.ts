import type { Digest, Mac } from "./ports.js";

const BLOCK = 64;
const HASH = 32;
/** Where a message's length has to stand in its last block. */
const LENGTH_AT = 56;

// The first 32 bits of the fractional parts of the cube roots of the first 64 primes (FIPS 180-4 §4.2.2).
const K = Int32Array.of(
	0x428a2f98,
	0x71374491,
	0xb5c0fbcf,
	0xe9b5dba5,
	0x3956c25b,
	0x59f111f1,
	0x923f82a4,
	0xab1c5ed5,
	0xd807aa98,
	0x12835b01,
	0x243185be,
	0x550c7dc3,
	0x72be5d74,
	0x80deb1fe,
	0x9bdc06a7,
	0xc19bf174,
	0xe49b69c1,
	0xefbe4786,
	0x0fc19dc6,
	0x240ca1cc,
	0x2de92c6f,
	0x4a7484aa,
	0x5cb0a9dc,
	0x76f988da,
	0x983e5152,
	0xa831c66d,
	0xb00327c8,
	0xbf597fc7,
	0xc6e00bf3,
	0xd5a79147,
	0x06ca6351,
	0x14292967,
	0x27b70a85,
	0x2e1b2138,
	0x4d2c6dfc,
	0x53380d13,
	0x650a7354,
	0x766a0abb,
	0x81c2c92e,
	0x92722c85,
	0xa2bfe8a1,
	0xa81a664b,
	0xc24b8b70,
	0xc76c51a3,
	0xd192e819,
	0xd6990624,
	0xf40e3585,
	0x106aa070,
	0x19a4c116,
	0x1e376c08,
	0x2748774c,
	0x34b0bcb5,
	0x391c0cb3,
	0x4ed8aa4a,
	0x5b9cca4f,
	0x682e6ff3,
	0x748f82ee,
	0x78a5636f,
	0x84c87814,
	0x8cc70208,
	0x90befffa,
	0xa4506ceb,
	0xbef9a3f7,
	0xc67178f2,
);

/** The first 32 bits of the fractional parts of the square roots of the first 8 primes (FIPS 180-4 §5.3.3). */
const START = Int32Array.of(
	0x6a09e667,
	0xbb67ae85,
	0x3c6ef372,
	0xa54ff53a,
	0x510e527f,
	0x9b05688c,
	0x1f83d9ab,
	0x5be0cd19,
);

/**
 * SHA-256 in TypeScript, incremental, for platforms without one. Messages of up to 2^32 − 1 bytes.
 *
 * Source: FIPS 180-4. Words are kept as signed 32-bit integers: XS computes with those, and not with floats, as far as
 * they go. Few buffers, since each costs eight slots.
 */
export class Sha256 implements Digest {
	/** The chaining value in its first eight words, and how many bytes went into it. */
	readonly state: Int32Array;
	length = 0;
	private readonly block = new Uint8Array(BLOCK);
	private readonly view = new DataView(this.block.buffer);
	/** The message schedule, which takes the place of the block while that is used up. */
	private readonly words = new Int32Array(this.block.buffer);

	/** @param words of the state: eight, and what a subclass keeps behind them */
	constructor(words = 8) {
		this.state = new Int32Array(words);
		this.state.set(START);
	}
	reset(): void {
		this.state.set(START);
		this.length = 0;
	}
	update(bytes: Uint8Array, from = 0, to = bytes.length): void {
		let filled = this.length % BLOCK;
		this.length += to - from;
		while (from < to) {
			const piece = Math.min(BLOCK - filled, to - from);
			this.block.set(piece === bytes.length ? bytes : bytes.subarray(from, from + piece), filled);
			from += piece;
			filled += piece;
			if (filled < BLOCK) return;
			this.compress();
			filled = 0;
		}
	}
	/** See {@link Digest.finish}. The digest is then at the block's start as well. */
	finish(into: Uint8Array): void {
		const { block, view, state } = this;
		let filled = this.length % BLOCK;
		block[filled++] = 0x80;
		if (filled > LENGTH_AT) {
			block.fill(0, filled);
			this.compress();
			filled = 0;
		}
		block.fill(0, filled);
		view.setUint32(LENGTH_AT, this.length / 0x2000_0000); // in bits, 64 of them
		view.setUint32(LENGTH_AT + 4, this.length << 3);
		this.compress();
		for (let n = 0; n < 8; n++) view.setInt32(4 * n, state[n]!);
		into.set(block.subarray(0, Math.min(into.length, HASH)));
	}

	/** Takes the block at hand into the chaining value. One function: calls cost more than what they would save. */
	private compress() {
		const { state, words, view } = this;
		let a = state[0]!;
		let b = state[1]!;
		let c = state[2]!;
		let d = state[3]!;
		let e = state[4]!;
		let f = state[5]!;
		let g = state[6]!;
		let h = state[7]!;
		for (let t = 0; t < 64; t++) {
			const at = t & 15;
			let word: number;
			if (t < 16) word = view.getInt32(4 * t);
			else {
				const x = words[(t - 15) & 15]!;
				const y = words[(t - 2) & 15]!;
				word =
					(((x >>> 7) | (x << 25)) ^ ((x >>> 18) | (x << 14)) ^ (x >>> 3)) +
					(((y >>> 17) | (y << 15)) ^ ((y >>> 19) | (y << 13)) ^ (y >>> 10)) +
					words[at]! +
					words[(t - 7) & 15]!;
			}
			words[at] = word; // over bytes that were read already
			const one =
				(h +
					(((e >>> 6) | (e << 26)) ^ ((e >>> 11) | (e << 21)) ^ ((e >>> 25) | (e << 7))) +
					(g ^ (e & (f ^ g))) +
					K[t]! +
					word) |
				0;
			const two =
				(((a >>> 2) | (a << 30)) ^ ((a >>> 13) | (a << 19)) ^ ((a >>> 22) | (a << 10))) + ((a & b) | (c & (a | b)));
			h = g;
			g = f;
			f = e;
			e = (d + one) | 0;
			d = c;
			c = b;
			b = a;
			a = (one + two) | 0;
		}
		state[0]! += a;
		state[1]! += b;
		state[2]! += c;
		state[3]! += d;
		state[4]! += e;
		state[5]! += f;
		state[6]! += g;
		state[7]! += h;
	}
}

/**
 * HMAC-SHA-256. What the key does to the digest is computed once, so that a message of up to 55 bytes costs two blocks.
 *
 * Source: RFC 2104, FIPS 198-1.
 */
export class HmacSha256 extends Sha256 implements Mac {
	/** @param key of any length: it is not kept, only what it makes of the chaining value, inner and outer */
	constructor(key: Uint8Array) {
		super(24);
		const pad = new Uint8Array(BLOCK);
		if (key.length > BLOCK) {
			this.update(key);
			super.finish(pad);
		} else pad.set(key);
		for (let at = 8; at <= 16; at += 8) {
			for (let n = 0; n < BLOCK; n++) pad[n]! ^= at === 8 ? 0x36 : 0x36 ^ 0x5c;
			super.reset();
			this.update(pad);
			this.state.copyWithin(at, 0, 8);
		}
		this.reset();
	}
	override reset(): void {
		this.state.copyWithin(0, 8, 16);
		this.length = BLOCK;
	}
	override finish(into: Uint8Array): void {
		super.finish(into);
		this.state.copyWithin(0, 16, 24);
		this.length = BLOCK + HASH; // the inner digest stands in the block already
		super.finish(into);
		this.reset();
	}
}
