import { DormouseError } from "../core/errors.js";
import { type NodeRecord, RecordKind } from "../core/record.js";
import { FRAME_MOST, type FrameSchema, RECENT_BITS, TimeBase } from "./frame.js";
import { choose, odds, RANGE_STEP, type RangeCoder, tally, uniform } from "./range-coder.js";

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
const HEADS = 8; // and behind these the last value of each column
/** Beyond so many halves counted, sum and count are halved, so that newer values weigh more. */
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
		this.state = new Int32Array(this.heads + HEADS + schema.low.length);
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
		if (coder.code(0, 0, VERSION_DIFFERS)) throw new DormouseError("unsupported", "a frame of another version");
		const differs = coder.code(this.base === TimeBase.recent ? 0 : 1, 0, BASE_DIFFERS);
		const base = (differs ? 1 + coder.code(this.base - 1, 3, 0) : TimeBase.recent) as TimeBase;
		this.base = base;
		this.wallKnown = base <= TimeBase.wall;
		// Most numbers in a node's life have 8 to 23 bits.
		const size = 32 - Math.clz32(this.number);
		const isRare = coder.code(size < 8 || size > 23 ? 1 : 0, 0, SIZE_DIFFERS);
		this.number = bits(coder, this.number, isRare ? coder.code(size, 33, 0) : 8 + coder.code(size - 8, 16, 0));
		const unusual = coder.code(this.count === schema.batch ? 0 : 1, 0, COUNT_DIFFERS);
		this.count = unusual ? 1 + coder.code(this.count - 1, FRAME_MOST, 0) : schema.batch;
		if (base === TimeBase.recent) this.time = uniform(coder, this.time % 2 ** RECENT_BITS, 2 ** RECENT_BITS);
		else if (base === TimeBase.wall) this.time = uniform(coder, this.time, U32);
		else if (base === TimeBase.age) this.age = natural(coder, this.age);
		else {
			this.epoch = natural(coder, this.epoch);
			this.time = natural(coder, this.time);
			this.age = coder.code(this.age < 0 ? 0 : 1, 0, EVEN) ? natural(coder, this.age) : -1;
		}
		this.step = coder.code(this.step === schema.every ? 0 : 1, 0, STEP_DIFFERS)
			? natural(coder, this.step)
			: schema.every;
	}
	/** What comes before the next record's values: its number, seconds, kind, wall, what is missing. */
	head(record: NodeRecord, first: boolean): void {
		const { coder, state, heads, schema } = this;
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
		if (choose(coder, state, heads + USUAL, gap !== 0 || delay !== 0 || hasHead ? 1 : 0)) {
			let head = 1;
			if (!first) {
				if (choose(coder, state, heads + GAP, gap === 0 ? 0 : 1)) gap = this.difference(width, gap, 0);
				else gap = 0;
				if (choose(coder, state, heads + DELAY, delay === 0 ? 0 : 1)) delay = this.difference(width + 1, delay, 0);
				else delay = 0;
				if (gap !== 0 || delay !== 0) head = coder.code(hasHead ? 1 : 0, 0, HEAD_DIFFERS);
			}
			const other = head && choose(coder, state, heads + KIND, isKind ? 0 : 1);
			if (other) {
				kind = coder.code(kind, 8, 0) as RecordKind;
				wall = coder.code(wall ? 1 : 0, 0, EVEN) === 1;
				if (kind === RecordKind.sample) {
					this.wallKnown = wall;
					head = coder.code(changes === 0 ? 0 : 1, 0, EVEN);
				} else head = 0;
			} else {
				kind = RecordKind.sample;
				wall = this.wallKnown;
			}
			while (head) {
				const next = 31 - Math.clz32(changes & -changes);
				const last = this.toggled;
				if (last < 0 || coder.code(next === last ? 0 : 1, 0, ANOTHER)) this.toggled = coder.code(next, width, 0);
				this.missing ^= 1 << this.toggled;
				changes &= changes - 1;
				head = coder.code(changes === 0 ? 0 : 1, 0, ANOTHER);
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
		record.missing = kind === RecordKind.sample ? this.missing >>> 0 : 0;
	}
	/** The values of a record behind its {@link head}: of a sample those that are not missing. */
	body(record: NodeRecord): void {
		const { values } = record;
		const { state } = this;
		const width = this.schema.low.length;
		if (record.kind !== RecordKind.sample) {
			record.length = this.coder.code(record.length, 33, 0);
			for (let n = 0; n < record.length; n++) values[n] = this.difference(width + 2, values[n]!, 0);
			return;
		}
		let before = 0;
		let last = this.heads + HEADS;
		record.length = width;
		for (let n = 0; n < width; n++, last++) {
			if (this.missing & (1 << n)) before = 0;
			else if (this.seen & (1 << n)) {
				before = this.difference(n, (values[n]! - state[last]!) | 0, before);
				state[last] = values[n] = state[last]! + before;
			} else {
				state[last] = values[n] = this.first(n, values[n]!);
				this.seen |= 1 << n;
				before = 0;
			}
		}
	}
	/** The first value of a column: within its range, or else all its bits. */
	private first(column: number, value: number): number {
		const { coder, schema } = this;
		const low = schema.low[column]!;
		const high = schema.high[column]!;
		if (coder.code(value < low || value > high ? 1 : 0, 0, OUT_OF_RANGE)) return uniform(coder, value >>> 0, U32) | 0;
		return low + uniform(coder, value - low, high - low + 1);
	}
	/**
	 * A difference, modulo 2^32.
	 * @param before the difference of the column before, in the same record: signs go together
	 */
	private difference(column: number, value: number, before: number): number {
		const { coder, state } = this;
		const at = column * STRIDE;
		let p = coder.code(value === 0 ? 0 : 1, 0, odds(state, at)); // as `choose`, where a wake's stack is deepest
		tally(state, at, p);
		if (p === 0) {
			state[at + SIGN] = 0;
			return 0;
		}
		const across = before === 0 ? -1 : at + (before < 0 ? ACROSS : ACROSS + 2);
		const along = state[at + SIGN] === 0 ? -1 : at + (state[at + SIGN]! < 0 ? ALONG : ALONG + 2);
		p = across < 0 ? EVEN : odds(state, across);
		if (along >= 0) p = across < 0 ? odds(state, along) : (p + odds(state, along)) >> 1;
		const sign = coder.code(value < 0 ? 0 : 1, 0, p);
		if (across >= 0) tally(state, across, sign);
		if (along >= 0) tally(state, along, sign);
		state[at + SIGN] = sign ? 1 : -1;
		let size = value < 0 ? -value : value;
		// Eight times the mean of all sizes less 1 so far, in half powers of two.
		p = ((state[at + SUM]! << 4) / state[at + COUNT]!) | 1;
		let index = 31 - Math.clz32(p);
		index = PASSES_MIDDLE + 6 - 2 * index - (index > 0 ? (p >> (index - 1)) & 1 : 0);
		let power = 1;
		p = PASSES[0]!;
		while (power < 0x8000_0000) {
			if (index > 0) p = PASSES[index] ?? PASSES_LEAST;
			if (!coder.code(size < 2 * power ? 0 : 1, 0, p)) break;
			power *= 2;
			index += 2;
		}
		if (power === 1) size = 1;
		else size = power + (power > RANGE_STEP ? uniform(coder, size - power, power) : coder.code(size - power, power, 0));
		state[at + SUM]! += size > 0x10_0000 ? 0x10_0000 : size - 1;
		state[at + COUNT]! += 2;
		if (state[at + COUNT]! > MOST_SUMMED) {
			state[at + SUM]! >>= 1;
			state[at + COUNT]! >>= 1;
		}
		return sign ? size | 0 : -size | 0;
	}
}

/** An integer of 0 … 2^32 − 1: how many bits it has, then those behind the first. */
function natural(coder: RangeCoder, value: number): number {
	return bits(coder, value, coder.code(32 - Math.clz32(value), 33, 0));
}

/** The bits behind the first of `count`. */
function bits(coder: RangeCoder, value: number, count: number): number {
	if (count < 2) return count;
	const above = 2 ** (count - 1);
	return above + uniform(coder, value - above, above);
}
