import { type NodeRecord, RecordKind } from "../core/record.js";
import { type FrameSchema, type FrameTime, SHORT_AGE_BITS, SHORT_NUMBER_BITS } from "./frame.js";

/** Bits before the age: form, schema, number, kind. */
const SHORT_HEAD = 9 + SHORT_NUMBER_BITS;
/** Bytes of the short form of a record of another kind, without any values: a link must carry these too. */
export const SHORT_LEAST = 7;

/** Bits of a value in the short form: its range, and one code more, all ones, for a missing one. */
export function shortBits(low: number, high: number): number {
	const codes = high - low + 1;
	return codes > 0x7fff_ffff ? 32 : 32 - Math.clz32(codes);
}

/** Bits of the age in a sample's short form: what is left of its last byte is the age's. */
export function shortAgeBits(schema: FrameSchema): number {
	let bits = SHORT_HEAD + SHORT_AGE_BITS;
	for (let n = 0; n < schema.low.length; n++) bits += shortBits(schema.low[n]!, schema.high[n]!);
	return SHORT_AGE_BITS + (-bits & 7);
}

/** Bytes of a sample's short form with its CBOR head: what a link must carry at least. */
export function shortSize(schema: FrameSchema): number {
	let bits = SHORT_HEAD + shortAgeBits(schema);
	for (let n = 0; n < schema.low.length; n++) bits += shortBits(schema.low[n]!, schema.high[n]!);
	return bits / 8 + (bits < 24 * 8 ? 1 : 2);
}

/**
 * Encodes the short form of one record, for links that carry no more. A sample has fields of fixed size; a value outside
 * its range, which a sampler never gives, is told as missing. Of another kind of record as many values go in as fit.
 * @returns the frame's bytes; 0 when it does not fit
 */
export function encodeShort(
	schema: FrameSchema,
	record: NodeRecord,
	time: FrameTime,
	view: Uint8Array,
	room: number,
): number {
	const isSample = record.kind === RecordKind.sample;
	const size = shortSize(schema);
	let all = isSample ? size : Math.min(room, 24);
	if (all > room || (!isSample && all < SHORT_LEAST)) return 0;
	const start = all < 25 ? 1 : 2;
	let at = start * 8;
	view.fill(0, 0, all);
	const put = (value: number, bits: number) => {
		for (let rest = bits - 1; rest >= 0; rest--, at++)
			if (rest < 32 && (value >>> rest) & 1) view[at >> 3]! |= 0x80 >> (at & 7);
	};
	put(1, 1);
	put(schema.schema, 7);
	put(record.number, SHORT_NUMBER_BITS);
	put(isSample ? 0 : 1, 1);
	// The age: an exponent of four in three bits, then the rest. All ones: unknown, or more than that.
	const ageBits = isSample ? shortAgeBits(schema) : SHORT_AGE_BITS;
	const unknown = 2 ** ageBits - 1;
	let age = record.epoch === time.epoch ? Math.max(time.seconds - record.seconds, 0) : unknown * 4 ** 8;
	let exponent = 0;
	for (; exponent < 8 && age >= 2 ** (ageBits - 3); exponent++) age = Math.floor(age / 4);
	put(exponent < 8 ? exponent * 2 ** (ageBits - 3) + age : unknown, ageBits);
	if (isSample) {
		for (let n = 0; n < schema.low.length; n++) {
			const low = schema.low[n]!;
			const value = record.values[n]!;
			const isThere = !record.isMissing(n) && value >= low && value <= schema.high[n]!;
			put(isThere ? value - low : 0xffff_ffff, shortBits(low, schema.high[n]!));
		}
	} else {
		const head = at;
		at += 8;
		let count = 0;
		for (; count < record.length && count < 15; count++) {
			// Exponential Golomb: as many zeros as bits follow the first one.
			const value = record.values[count]!;
			const code = (value < 0 ? -2 * value - 1 : 2 * value) + 1;
			const bits = code > 0xffff_ffff ? 33 : 32 - Math.clz32(code);
			if (at + 2 * bits - 1 > all * 8) break;
			put(0, bits - 1);
			put(1, 1);
			put(code, bits - 1);
		}
		all = (at + 7) >> 3;
		at = head;
		put(record.kind, 3);
		put(count < record.length ? 1 : 0, 1);
		put(count, 4);
	}
	if (start === 1) view[0] = 0x40 | (all - 1);
	else {
		view[0] = 0x58;
		view[1] = all - 2;
	}
	return all;
}
