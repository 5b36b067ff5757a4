import { DormouseError } from "../core/errors.js";
import { NodeRecord, RecordKind } from "../core/record.js";
import { CborReader } from "./cbor-reader.js";
import { FRAME_MOST, type FrameSchema, SHORT_AGE_BITS, SHORT_NUMBER_BITS, TimeBase } from "./frame.js";
import { FrameModel } from "./frame-model.js";
import { RANGE_LOW, RANGE_TOP, type RangeCoder } from "./range-coder.js";
import { shortAgeBits, shortBits, shortSize } from "./short-frame.js";

/** A record out of a frame. */
export interface DecodedRecord {
	/** In the short form its lowest 16 bits. */
	readonly number: number;
	readonly kind: RecordKind;
	/** Boot epoch, where the frame's `base` is that. */
	readonly epoch: number | undefined;
	/** Seconds, from what the frame's `base` says; for `age` from the frame's making, so negative. */
	readonly seconds: number;
	/** Whether the node knew the wall time. */
	readonly wall: boolean;
	/** Scaled integers, undefined where missing. Of a short form perhaps not all: see `truncated`. */
	readonly values: readonly (number | undefined)[];
}

/** A frame, decoded. */
export interface DecodedFrame {
	readonly schema: number;
	readonly short: boolean;
	/** What the records' seconds count from; of `recent` only the lowest `RECENT_BITS` are known. */
	readonly base: TimeBase;
	/** When the frame was made, on the same clock as the records' seconds, where it says so. */
	readonly now: number | undefined;
	/** In order of their numbers; at least one. */
	readonly records: readonly DecodedRecord[];
	/** Whether values of the (only) record were left out to make it fit. */
	readonly truncated: boolean;
}

/** The schema id of a frame: all of it, or the lowest seven bits in the short form. @throws as {@link decodeFrame} */
export function frameSchemaId(bytes: Uint8Array): { readonly id: number; readonly short: boolean } {
	const content = contentOf(new CborReader(bytes));
	if (content.length < 2) throw new DormouseError("truncated");
	const short = content[0]! >= 0x80;
	return { id: short ? content[0]! & 0x7f : (content[0]! << 8) | content[1]!, short };
}

/**
 * Decodes a frame (see `docs/wire.md`). For hosts: it allocates, in proportion to the records, at most 1,024.
 * @throws {DormouseError} `unsupported` (another schema or version), `malformed`, `truncated`, `type`
 */
export function decodeFrame(bytes: Uint8Array, schema: FrameSchema): DecodedFrame {
	const reader = new CborReader(bytes);
	const content = contentOf(reader);
	if (!reader.done) throw new DormouseError("malformed", "bytes behind the frame");
	const { id, short } = frameSchemaId(bytes);
	if (id !== (short ? schema.schema & 0x7f : schema.schema))
		throw new DormouseError("unsupported", `schema ${id} is not ${schema.schema}, the declaration's`);
	return short ? decodeShort(content, schema, bytes.length) : decodeLong(content, schema);
}

function contentOf(reader: CborReader): Uint8Array {
	if (reader.initial === 0x5f) throw new DormouseError("unsupported", "a byte string in parts");
	return reader.byteString();
}

const KINDS: readonly number[] = Object.freeze(Object.values(RecordKind));

function decodeLong(content: Uint8Array, schema: FrameSchema): DecodedFrame {
	const coder = new RangeDecoder(content, 2);
	const model = new FrameModel(schema, coder);
	model.header();
	const { base, count, age, time } = model;
	const epoch = base === TimeBase.epoch ? model.epoch : undefined;
	const record = new NodeRecord(Math.max(schema.low.length, 32));
	record.number = model.number;
	record.seconds = time;
	const records: DecodedRecord[] = [];
	for (let n = 0; n < count; n++) {
		model.head(record, n === 0);
		const { number, seconds, kind, wall } = record;
		if (!KINDS.includes(kind)) throw new DormouseError("malformed", `record kind ${kind}`);
		model.body(record);
		records.push({ number, kind, epoch, seconds, wall, values: valuesOf(record) });
	}
	if (!coder.atEnd) throw new DormouseError("malformed", "bytes that no record needs");
	const last = records.at(-1)!.seconds;
	return {
		schema: schema.schema,
		short: false,
		base,
		now: base === TimeBase.age ? 0 : base === TimeBase.epoch && age >= 0 ? last + age : undefined,
		records:
			base === TimeBase.age ? records.map((one) => ({ ...one, seconds: ((one.seconds - last) | 0) - age })) : records,
		truncated: false,
	};
}

function decodeShort(content: Uint8Array, schema: FrameSchema, length: number): DecodedFrame {
	let at = 0;
	const take = (bits: number): number => {
		if (at + bits > content.length * 8) throw new DormouseError("truncated");
		let value = 0;
		for (let n = 0; n < bits; n++, at++) value = value * 2 + ((content[at >> 3]! >> (7 - (at & 7))) & 1);
		return value;
	};
	take(8);
	const number = take(SHORT_NUMBER_BITS);
	const isSample = take(1) === 0;
	if (isSample && length !== shortSize(schema))
		throw new DormouseError(length < shortSize(schema) ? "truncated" : "malformed", `${length} bytes`);
	const ageBits = isSample ? shortAgeBits(schema) : SHORT_AGE_BITS;
	const exponent = take(3);
	const mantissa = take(ageBits - 3);
	const known = exponent < 7 || mantissa < 2 ** (ageBits - 3) - 1;
	const values: (number | undefined)[] = [];
	let kind: RecordKind = RecordKind.sample;
	let truncated = false;
	if (isSample)
		for (let n = 0; n < schema.low.length; n++) {
			const bits = shortBits(schema.low[n]!, schema.high[n]!);
			const code = take(bits);
			const value = code + schema.low[n]!;
			if (code !== 2 ** bits - 1 && value > schema.high[n]!) throw new DormouseError("malformed", `code ${code}`);
			values.push(code === 2 ** bits - 1 ? undefined : value);
		}
	else {
		kind = take(3) as RecordKind;
		if (kind === RecordKind.sample || !KINDS.includes(kind))
			throw new DormouseError("malformed", `record kind ${kind}`);
		truncated = take(1) === 1;
		for (let left = take(4); left > 0; left--) {
			let bits = 0;
			while (take(1) === 0) bits++;
			const code = 2 ** bits + take(bits) - 1;
			const value = code % 2 ? -(code + 1) / 2 : code / 2;
			if (bits > 32 || value !== (value | 0)) throw new DormouseError("malformed", "a value beyond 32 bits");
			values.push(value);
		}
		const left = content.length * 8 - at;
		if (left > 7 || take(left) !== 0) throw new DormouseError("malformed", "bits that no value needs");
	}
	return {
		schema: schema.schema,
		short: true,
		base: TimeBase.age,
		now: known ? 0 : undefined,
		records: [
			{ number, kind, epoch: undefined, seconds: known ? 0 - mantissa * 4 ** exponent : 0, wall: false, values },
		],
		truncated,
	};
}

function valuesOf(record: NodeRecord): (number | undefined)[] {
	const values: (number | undefined)[] = [];
	for (let n = 0; n < record.length; n++) values.push(record.isMissing(n) ? undefined : record.values[n]!);
	return values;
}

/**
 * The other half of `RangeEncoder`: tells outcomes. Behind the end it reads zeros, which the encoder left out; `truncated`
 * when it goes on and on, `malformed` on a code that stands for no value.
 */
export class RangeDecoder implements RangeCoder {
	private readonly bytes: Uint8Array;
	private at: number;
	private ahead = 0;
	private range = RANGE_TOP;

	constructor(bytes: Uint8Array, at: number) {
		this.bytes = bytes;
		this.at = at;
		for (let n = 0; n < 3; n++) this.ahead = (this.ahead << 8) | this.next();
	}
	/** Whether no byte is left over: an encoder writes at most the first of the three at hand, and no zeros at the end. */
	get atEnd(): boolean {
		return this.at - 2 >= this.bytes.length && this.bytes[this.bytes.length - 1] !== 0;
	}
	code(_outcome: number, n: number, p: number): number {
		let { range } = this;
		let outcome = 0;
		if (n > 0) {
			range = (range / n) | 0;
			outcome = (this.ahead / range) | 0;
			if (outcome >= n) throw new DormouseError("malformed", `${outcome} of ${n}`);
			this.ahead -= outcome * range;
		} else {
			const bound = (range >> 12) * p;
			if (this.ahead < bound) {
				outcome = 1;
				range = bound;
			} else {
				this.ahead -= bound;
				range -= bound;
			}
		}
		while (range < RANGE_LOW) {
			this.ahead = (this.ahead << 8) | this.next();
			range <<= 8;
		}
		this.range = range;
		return outcome;
	}

	/** Zeros follow the end: the encoder left them out. More than the coder looks ahead are none of its making. */
	private next(): number {
		const byte = this.bytes[this.at++];
		if (byte !== undefined) return byte;
		// Zeros at the end were left out; what reads on and on is no frame.
		if (this.at > this.bytes.length + FRAME_MOST) throw new DormouseError("truncated");
		return 0;
	}
}
