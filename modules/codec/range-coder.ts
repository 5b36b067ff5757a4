/**
 * Binary range coding after G. N. N. Martin (1979): each decision costs what it was unlikely. 24 bits of range, so that
 * all arithmetic stays in 31-bit integers, which XS does fastest.
 *
 * An encoder and a decoder have the same face: the encoder is told each outcome, the decoder tells it. What is modelled
 * with it is written once, for both.
 */
export interface RangeCoder {
	/** One decision. @param p how likely a 1 is, 1 … 4095 of 4096 @returns the outcome, 0 or 1 */
	bit(p: number, outcome: number): number;
	/** One of `n` equally likely values, 0 … n − 1. @param n 1 … 2^32 */
	uniform(value: number, n: number): number;
}

/** Range and low have 24 bits; below 16 bits of range, a byte is shifted out. */
export const RANGE_TOP = 0x100_0000;
export const RANGE_LOW = 0x1_0000;
/** The most values that are told apart in one step. */
export const RANGE_STEP = 4096;

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
	bit(p: number, outcome: number): number {
		const bound = (this.range >> 12) * p;
		if (outcome === 0) this.narrow(bound, this.range - bound);
		else if (bound < RANGE_LOW) this.narrow(0, bound);
		else this.range = bound;
		return outcome;
	}
	uniform(value: number, n: number): number {
		if (n > RANGE_STEP) {
			const above = Math.floor(value / 256);
			this.uniform(above, Math.ceil(n / 256));
			this.uniform(value - above * 256, 256);
		} else {
			const share = (this.range / n) | 0;
			this.narrow(share * value, share);
		}
		return value;
	}
	/** Ends the code: fewest bytes, of which those that are 0 at the end are left out. @returns offset behind the last */
	finish(): number {
		// The shortest number within: one that ends here, or one byte longer, as the range is at least 2^16.
		if (this.low + this.range > RANGE_TOP) this.narrow(RANGE_TOP - this.low, RANGE_TOP);
		else if (this.low > 0) this.narrow(0xffff, 0x100);
		let { at } = this;
		while (at > this.start && this.bytes[at - 1] === 0) at--;
		this.at = at;
		return at;
	}

	private narrow(by: number, range: number): void {
		if (this.full) return; // bytes are missing: there is nothing to carry to
		const { bytes } = this;
		let low = this.low + by;
		if (low >= RANGE_TOP) {
			low -= RANGE_TOP;
			let n = this.at - 1;
			while (bytes[n] === 0xff) bytes[n--] = 0;
			bytes[n]!++;
		}
		while (range < RANGE_LOW) {
			if (this.at < this.end) bytes[this.at++] = low >> 16;
			else this.full = true;
			low = (low & 0xffff) << 8;
			range <<= 8;
		}
		this.low = low;
		this.range = range;
	}
}
