import { DormouseError } from "../core/errors.js";
import { type NodeRecord, RecordKind } from "../core/record.js";
import { FRAME_MOST, type FrameSchema, RECENT_BITS, TimeBase } from "./frame.js";
import type { RangeCoder } from "./range-coder.js";

/** Columns beside a sample's values: gaps between numbers, times, and the values of other records. */
const EXTRA = 3;
/** Numbers that a column's state takes. */
const STRIDE = 13;
/** Differences that were 0, and others. */
const ZEROS = 0;
const OTHERS = 1;
/** Others in halves, and the sum of their sizes less 1 each. */
const COUNT = 2;
const SUM = 3;
/** Negative and positive ones after a negative, then after a positive one of the column before in the same record. */
const ACROSS = 4;
/** The same after the column's own last one. */
const ALONG = 8;
/** The column's own last one: −1, 0 or 1. */
const SIGN = 12;
/**
 * Behind the columns: how many records had nothing unusual and how many something; and of the latter, how many had not
 * and had a gap before their number, another time, another kind.
 */
const USUAL = 0;
const GAP = 2;
const DELAY = 4;
const KIND = 6;
const HEADS = 8;
/** Counts are in quarters; beyond this, both of a pair are halved, so that newer values weigh more. */
const MOST_COUNTED = 255;
const MOST_SUMMED = 8;
// How likely what is rare is, of 4096.
const VERSION_DIFFERS = 64;
const BASE_DIFFERS = 512;
const SIZE_DIFFERS = 512;
const COUNT_DIFFERS = 512;
const STEP_DIFFERS = 512;
const HEAD_DIFFERS = 512;
const ANOTHER = 512;
const OUT_OF_RANGE = 16;
const EVEN = 2048;
const U32 = 0x1_0000_0000;

/**
 * How likely a magnitude passes the next power of two: by that power, against the mean so far, in half powers of two
 * from −10 to 10. It is ((A + z) / (A + 2 z))^(A + 1) with A = 4 and z the quotient over 1.3: a geometric distribution
 * whose parameter is not quite known (Pareto type II).
 */
const PASSES: readonly number[] = Object.freeze([
	3976, 3928, 3861, 3770, 3647, 3484, 3273, 3008, 2690, 2327, 1939, 1555, 1202, 906, 674, 503, 383, 301, 246, 209, 184,
]);
const PASSES_MIDDLE = 10;
/** And beyond those. */
const PASSES_LEAST = 184;

/**
 * What a frame is made of, in order, and the statistics by which its integers are coded: a column each, small and of
 * fixed size. Each column starts from the same odds and adapts to its own values; so does the decoder, from what it has
 * decoded. With an encoder these methods write what the fields and the record say, with a decoder they fill them.
 */
export class FrameModel {
	private readonly schema: FrameSchema;
	private readonly coder: RangeCoder;
	private readonly state: Int32Array;
	/** Where the state has how usual records were. */
	private readonly heads: number;
	/** Last value of each column. */
	private readonly values: Int32Array;
	/** Bit n is set once column n had a value. */
	private seen = 0;
	/** What the last sample had, and the next has unless it says otherwise. */
	private missing = 0;
	private wallKnown = false;
	/** The value that was missing, or was not, other than before; −1 at first. */
	private toggled = -1;

	base: TimeBase = TimeBase.epoch;
	/** Record number: the first one's, then the last one's. */
	number = 0;
	/** Records in the frame. */
	count = 0;
	/** `epoch`: the epoch; else 0. */
	epoch = 0;
	/** `recent`, `wall`: wall time of the first record. `epoch`: seconds in that epoch. `age`: any; only steps are told. */
	time = 0;
	/** `age`; and `epoch` while it lasts: how old the last record is. Else −1. */
	age = 0;
	/** The usual time between records, in seconds. */
	step = 0;
	/** Seconds of the last record, from the same start as `time` if that is told. */
	seconds = 0;

	constructor(schema: FrameSchema, coder: RangeCoder) {
		const columns = schema.low.length + EXTRA;
		this.schema = schema;
		this.coder = coder;
		this.heads = columns * STRIDE;
		this.state = new Int32Array(this.heads + HEADS);
		this.values = new Int32Array(schema.low.length);
	}
	/** Begins a frame: what is said once. @throws {DormouseError} `unsupported` when decoding another version */
	header(): void {
		const { coder, state, schema } = this;
		this.seen = 0;
		this.missing = 0;
		this.toggled = -1;
		state.fill(4);
		for (let at = 0; at < this.heads; at += STRIDE) {
			state[at + ZEROS] = 2;
			state[at + OTHERS] = 2;
			state[at + COUNT] = 1;
			state[at + SUM] = 3;
			state[at + SIGN] = 0;
		}
		state[this.heads + USUAL] = 60;
		state[this.heads + GAP] = 28;
		state[this.heads + KIND] = 12;
		if (coder.bit(VERSION_DIFFERS, 0)) throw new DormouseError("unsupported", "a frame of another version");
		const differs = coder.bit(BASE_DIFFERS, this.base === TimeBase.recent ? 0 : 1);
		const base = (differs ? 1 + coder.uniform(this.base - 1, 3) : TimeBase.recent) as TimeBase;
		this.base = base;
		this.wallKnown = base <= TimeBase.wall;
		// Most numbers in a node's life have 8 to 23 bits.
		const size = 32 - Math.clz32(this.number);
		const isRare = coder.bit(SIZE_DIFFERS, size < 8 || size > 23 ? 1 : 0);
		this.number = this.sized(this.number, isRare ? coder.uniform(size, 33) : 8 + coder.uniform(size - 8, 16));
		const unusual = coder.bit(COUNT_DIFFERS, this.count === schema.batch ? 0 : 1);
		this.count = unusual ? 1 + coder.uniform(this.count - 1, FRAME_MOST) : schema.batch;
		if (base === TimeBase.recent) this.time = coder.uniform(this.time % 2 ** RECENT_BITS, 2 ** RECENT_BITS);
		else if (base === TimeBase.wall) this.time = coder.uniform(this.time, U32);
		else if (base === TimeBase.age) this.age = this.natural(this.age);
		else {
			this.epoch = this.natural(this.epoch);
			this.time = this.natural(this.time);
			this.age = coder.bit(EVEN, this.age < 0 ? 0 : 1) ? this.natural(this.age) : -1;
		}
		this.step = coder.bit(STEP_DIFFERS, this.step === schema.every ? 0 : 1) ? this.natural(this.step) : schema.every;
	}
	/** The next record: its number, seconds, kind, whether the wall time was known, missing and other values. */
	record(record: NodeRecord, first: boolean): void {
		const { coder, schema, heads } = this;
		const width = schema.low.length;
		const number = this.number + (first ? 0 : 1);
		const seconds = first ? record.seconds : this.seconds + this.step;
		let gap = (record.number - number) | 0;
		let delay = (record.seconds - seconds) | 0;
		let { kind, wall } = record;
		// What a sample has missing, the next one has as well, unless it says otherwise.
		let changes = kind === RecordKind.sample ? record.missing ^ this.missing : 0;
		const isKind = kind === RecordKind.sample && wall === this.wallKnown;
		const hasHead = !isKind || changes !== 0;
		if (this.decide(heads + USUAL, gap !== 0 || delay !== 0 || hasHead ? 1 : 0)) {
			let head = 1;
			if (!first) {
				if (this.decide(heads + GAP, gap === 0 ? 0 : 1)) gap = this.residual(width, gap, 0);
				else gap = 0;
				if (this.decide(heads + DELAY, delay === 0 ? 0 : 1)) delay = this.residual(width + 1, delay, 0);
				else delay = 0;
				if (gap !== 0 || delay !== 0) head = coder.bit(HEAD_DIFFERS, hasHead ? 1 : 0);
			}
			const other = head && this.decide(heads + KIND, isKind ? 0 : 1);
			if (other) {
				kind = coder.uniform(kind, 8) as RecordKind;
				wall = coder.bit(EVEN, wall ? 1 : 0) === 1;
				if (kind === RecordKind.sample) {
					this.wallKnown = wall;
					head = coder.bit(EVEN, changes === 0 ? 0 : 1);
				} else head = 0;
			} else {
				kind = RecordKind.sample;
				wall = this.wallKnown;
			}
			while (head) {
				const next = 31 - Math.clz32(changes & -changes);
				const last = this.toggled;
				if (last < 0 || coder.bit(ANOTHER, next === last ? 0 : 1)) this.toggled = coder.uniform(next, width);
				this.missing ^= 1 << this.toggled;
				changes &= changes - 1;
				head = coder.bit(ANOTHER, changes === 0 ? 0 : 1);
			}
		} else {
			gap = delay = 0;
			kind = RecordKind.sample;
			wall = this.wallKnown;
		}
		record.number = this.number = (number + gap) >>> 0;
		record.seconds = this.seconds = (seconds + delay) >>> 0;
		record.kind = kind;
		record.wall = wall;
		if (kind === RecordKind.sample) {
			record.missing = this.missing >>> 0;
			record.length = width;
			this.sample(record.values, this.missing);
		} else {
			record.missing = 0;
			record.length = coder.uniform(record.length, 33);
			for (let n = 0; n < record.length; n++) record.values[n] = this.residual(width + 2, record.values[n]!, 0);
		}
	}

	/** An integer of 0 … 2^32 − 1: the number of its bits, then those behind the first. */
	private natural(value: number): number {
		return this.sized(value, this.coder.uniform(32 - Math.clz32(value), 33));
	}
	/** The bits behind the first one. @param bits how many there are, the first one too */
	private sized(value: number, bits: number): number {
		if (bits < 2) return bits;
		const above = 2 ** (bits - 1);
		return above + this.coder.uniform(value - above, above);
	}
	/** A sample's values that are not missing: the first within its range, then differences. */
	private sample(values: Int32Array, missing: number): void {
		const { coder, schema, values: last } = this;
		let before = 0;
		for (let n = 0; n < last.length; n++) {
			const bit = 1 << n;
			if (missing & bit) before = 0;
			else if (this.seen & bit) {
				before = this.residual(n, (values[n]! - last[n]!) | 0, before);
				last[n] = last[n]! + before;
				values[n] = last[n]!;
			} else {
				const low = schema.low[n]!;
				const high = schema.high[n]!;
				const value = values[n]!;
				const out = coder.bit(OUT_OF_RANGE, value < low || value > high ? 1 : 0);
				last[n] = out ? coder.uniform(value >>> 0, U32) : low + coder.uniform(value - low, high - low + 1);
				values[n] = last[n]!;
				this.seen |= bit;
				before = 0;
			}
		}
	}
	/**
	 * A difference, modulo 2^32.
	 * @param before the difference of the column before, in the same record: signs go together
	 */
	private residual(column: number, value: number, before: number): number {
		const { coder, state } = this;
		const at = column * STRIDE;
		const along = state[at + SIGN]!;
		if (!this.decide(at, value === 0 ? 0 : 1)) {
			state[at + SIGN] = 0;
			return 0;
		}
		const across = at + (before < 0 ? ACROSS : ACROSS + 2);
		const own = at + (along < 0 ? ALONG : ALONG + 2);
		let p = EVEN;
		if (before !== 0) p = odds(state, across);
		if (along !== 0) p = before !== 0 ? (p + odds(state, own)) >> 1 : odds(state, own);
		const positive = coder.bit(p, value < 0 ? 0 : 1);
		if (before !== 0) this.tally(across, positive);
		if (along !== 0) this.tally(own, positive);
		state[at + SIGN] = positive ? 1 : -1;
		const size = value < 0 ? -value : value;
		const top = 31 - Math.clz32(size);
		// Eight times the mean of all sizes less 1 so far, in half powers of two.
		const mean = ((state[at + SUM]! << 4) / state[at + COUNT]!) | 1;
		const power = 31 - Math.clz32(mean);
		let index = PASSES_MIDDLE + 6 - 2 * power - (power > 0 ? (mean >> (power - 1)) & 1 : 0);
		let bits = 0;
		p = PASSES[0]!;
		while (bits < 31) {
			if (index > 0) p = PASSES[index] ?? PASSES_LEAST;
			if (!coder.bit(p, bits < top ? 1 : 0)) break;
			bits++;
			index += 2;
		}
		const above = 2 ** bits;
		const result = bits > 0 ? above + coder.uniform(size - above, above) : 1;
		state[at + SUM]! += result > 0x10_0000 ? 0x10_0000 : result - 1;
		state[at + COUNT]! += 2;
		if (state[at + COUNT]! > MOST_SUMMED) {
			state[at + SUM]! >>= 1;
			state[at + COUNT]! >>= 1;
		}
		return positive ? result | 0 : -result | 0;
	}
	/** A decision after what was decided before, by the pair of counts at `pair`. */
	private decide(pair: number, outcome: number): number {
		const decided = this.coder.bit(odds(this.state, pair), outcome);
		this.tally(pair, decided);
		return decided;
	}
	/** Counts one more outcome. */
	private tally(pair: number, outcome: number): void {
		const { state } = this;
		state[pair + outcome]! += 4;
		if (state[pair]! + state[pair + 1]! > MOST_COUNTED) {
			state[pair] = (state[pair]! >> 1) | 1;
			state[pair + 1] = (state[pair + 1]! >> 1) | 1;
		}
	}
}

/** How likely a 1 is, of 4096, after so many zeros and ones. */
function odds(state: Int32Array, pair: number): number {
	const ones = state[pair + 1]!;
	return ((ones << 12) / (state[pair]! + ones)) | 0;
}
