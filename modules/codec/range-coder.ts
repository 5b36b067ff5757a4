import { DormouseError } from "../core/errors.js";

/**
 * Binary range coding after G. N. N. Martin (1979): each decision costs what it was unlikely. 24 bits of range, so that
 * all arithmetic stays in 31-bit integers, which XS does fastest.
 *
 * An encoder and a decoder have the same face: the encoder is told each outcome, the decoder tells it. What is modelled
 * with it is written once, for both.
 */
export interface RangeCoder {
	/**
	 * One decision.
	 * @param outcome 0 or 1, or 0 … n − 1; any number for a decoder
	 * @param n of how many alike outcomes it is one, 1 … {@link RANGE_STEP}; 0 when it is 0 or 1 with odds `p`
	 * @param p how likely a 1 is, 1 … 4095 of 4096
	 * @returns the outcome
	 */
	code(outcome: number, n: number, p: number): number;
}

/** Range and low have 24 bits; below 16 bits of range, a byte is shifted out. */
export const RANGE_TOP = 0x100_0000;
export const RANGE_LOW = 0x1_0000;
/** The most alike outcomes that are told apart in one step. */
export const RANGE_STEP = 4096;

/**
 * One of `n` alike numbers, 0 … n − 1; n up to 2^32. Beyond {@link RANGE_STEP}, in digits of 256.
 * @throws {DormouseError} `malformed` when a decoder finds none of these
 */
export function uniform(coder: RangeCoder, value: number, n: number): number {
	let scale = 1;
	let steps = n;
	for (; steps > RANGE_STEP; steps = Math.ceil(steps / 256)) scale *= 256;
	let result = coder.code(Math.floor(value / scale), steps, 0);
	for (; scale > 1; result = result * 256 + coder.code(Math.floor(value / scale) & 0xff, 256, 0)) scale /= 256;
	if (result >= n) throw new DormouseError("malformed", `${result} of ${n}`);
	return result;
}

/** A decision after what was decided before, by the two counts at `pair`; counts the outcome. */
export function choose(coder: RangeCoder, counts: Int32Array, pair: number, outcome: number): number {
	const chosen = coder.code(outcome, 0, odds(counts, pair));
	tally(counts, pair, chosen);
	return chosen;
}

/** How likely a 1 is, of 4096, after so many zeros and ones. */
export function odds(counts: Int32Array, pair: number): number {
	return ((counts[pair + 1]! << 12) / (counts[pair]! + counts[pair + 1]!)) | 0;
}

/** Counts one more outcome, in quarters. Beyond 255 both are halved, so that newer ones weigh more. */
export function tally(counts: Int32Array, pair: number, outcome: number): void {
	counts[pair + outcome]! += 4;
	if (counts[pair]! + counts[pair + 1]! > 255) {
		counts[pair] = (counts[pair]! >> 1) | 1;
		counts[pair + 1] = (counts[pair + 1]! >> 1) | 1;
	}
}

export class RangeEncoder implements RangeCoder {
	private readonly bytes: Uint8Array;
	private start = 0;
	private end = 0;
	private low = 0;
	private range = RANGE_TOP;
	/** Offset behind the last byte. */
	at = 0;
	/** Whether something did not fit. Nothing is written beyond the limit. */
	full = false;

	constructor(bytes: Uint8Array) {
		this.bytes = bytes;
	}
	/** Starts over: writes from `start`, not beyond `end`. */
	begin(start: number, end: number): void {
		this.start = this.at = start;
		this.end = end;
		this.low = 0;
		this.range = RANGE_TOP;
		this.full = false;
	}
	code(outcome: number, n: number, p: number): number {
		let { low, range } = this;
		if (n > 0) {
			range = (range / n) | 0;
			low += range * outcome;
		} else if (outcome) range = (range >> 12) * p;
		else {
			n = (range >> 12) * p;
			low += n;
			range -= n;
		}
		if (low >= RANGE_TOP) {
			low -= RANGE_TOP;
			this.carry();
		}
		while (range < RANGE_LOW) {
			if (this.at < this.end) this.bytes[this.at++] = low >> 16;
			else this.full = true;
			low = (low & 0xffff) << 8;
			range <<= 8;
		}
		this.low = low;
		this.range = range;
		return outcome;
	}
	/** Ends the code: fewest bytes, of which those that are 0 at the end are left out. */
	finish(): void {
		const { bytes } = this;
		// The shortest number within: one that ends here, or one byte longer, as the range is at least 2^16.
		if (this.low + this.range > RANGE_TOP) this.carry();
		else if (this.low > 0) {
			const last = (this.low + 0xffff) >> 16;
			if (this.at < this.end) bytes[this.at++] = last;
			else this.full = true;
		}
		while (this.at > this.start && bytes[this.at - 1] === 0) this.at--;
	}

	private carry(): void {
		if (this.full) return; // bytes are missing: there is nothing to carry to
		let n = this.at - 1;
		while (this.bytes[n] === 0xff) this.bytes[n--] = 0;
		this.bytes[n]!++;
	}
}
