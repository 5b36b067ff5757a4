import { DormouseError } from "../core/errors.js";

/**
 * Signed and unsigned integers in a varying number of bytes, seven bits each, least significant first. Signed ones are
 * zigzag-coded (0, −1, 1, −2 … become 0, 1, 2, 3 …), so that small magnitudes are short. Exact for all of ±2^33.
 */
export const VARINT_LARGEST = 5;

/** Writes an unsigned integer, 0 … 2^35 − 1. @returns the offset behind it; the caller has made sure of the room */
export function writeVarint(value: number, into: Uint8Array, at: number): number {
	let rest = value;
	while (rest >= 0x80) {
		into[at++] = (rest % 0x80) | 0x80;
		rest = Math.floor(rest / 0x80);
	}
	into[at++] = rest;
	return at;
}

/** Zigzag: an integer as an unsigned one. */
export function zigzag(value: number): number {
	return value < 0 ? -2 * value - 1 : 2 * value;
}

/** Reads varints out of bytes, in order. */
export class VarintReader {
	private readonly bytes: Uint8Array;
	/** Offset of the next byte. */
	at: number;
	constructor(bytes: Uint8Array, at = 0) {
		this.bytes = bytes;
		this.at = at;
	}
	byte(): number {
		const value = this.bytes[this.at];
		if (value === undefined) throw new DormouseError("truncated");
		this.at++;
		return value;
	}
	/** @throws {DormouseError} `truncated`, `malformed` when longer than five bytes */
	unsigned(): number {
		let value = 0;
		for (let weight = 1; weight <= 0x1000_0000; weight *= 0x80) {
			const byte = this.bytes[this.at];
			if (byte === undefined) throw new DormouseError("truncated");
			this.at++;
			value += (byte & 0x7f) * weight;
			if (byte < 0x80) return value;
		}
		throw new DormouseError("malformed", "varint too long");
	}
	/** @throws {DormouseError} as {@link unsigned} */
	signed(): number {
		const value = this.unsigned();
		return value % 2 ? -(value + 1) / 2 : value / 2;
	}
}
