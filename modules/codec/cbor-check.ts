import { DormouseError, type ErrorCode } from "../core/errors.js";
import { Major } from "./cbor.js";
import { halfOf } from "./cbor-float.js";

/** How deep arrays, maps and tags may nest unless the caller says otherwise. */
export const CBOR_DEPTH = 16;

/** What the innermost container is, in place of the offset of a map's last key. */
const NO_KEY = -1;
const ITEMS = -2;
const BYTES_CHUNKS = -3;
const TEXT_CHUNKS = -4;

/**
 * Finds the end of one item (RFC 8949), whatever it holds, and that it is well-formed and its texts are UTF-8.
 *
 * Time is proportional to the item's bytes and memory to its depth, whatever its lengths say; no item is made of it, and a
 * single one takes no memory at all.
 * @param bytes input, hostile; nothing outside this view is read
 * @param at where the item starts
 * @param strict whether it must be deterministic as well (§4.2.1): shortest heads and floats, definite lengths, keys in
 * ascending order of their encodings and so each but once. Of NaN only 0xf97e00 passes.
 * @param depth how deep arrays, maps and tags may nest
 * @returns the offset behind the item
 * @throws {DormouseError} `truncated`; `malformed`, also for what is not deterministic; `depth`. The message has the offset
 */
export function checkCbor(bytes: Uint8Array, at = 0, strict = false, depth = CBOR_DEPTH): number {
	const end = bytes.length;
	let stack: number[] | undefined; // three a level
	let level = 0;
	let left = 1; // items that the innermost container still takes; from -1 downwards until a break
	let last = ITEMS; // what it is: a map has the offset of the key before, or NO_KEY
	let key = 0; // offset of a map's latest key
	for (;;) {
		const start = at;
		const initial = bytes[at++];
		if (initial === undefined) throw cborError("truncated", start, "an item is missing");
		if (initial === 0xff) {
			// Where items left are odd, a map of either kind is between pairs or before a value; counted down from -1: between.
			if (left >= 0 || (last >= NO_KEY && (left & 1) === 0)) throw cborError("malformed", start, "a break");
			left = 0;
		} else {
			const major = initial & 0xe0;
			const info = initial & 31;
			if (last <= BYTES_CHUNKS && (major !== (last === BYTES_CHUNKS ? Major.bytes : Major.text) || info === 31))
				throw cborError("malformed", start, "no chunk of this string");
			if (strict && last >= NO_KEY) {
				if (left & 1) {
					if (last !== NO_KEY) inOrder(bytes, last, key, start);
					last = key;
				} else key = start;
			}
			left--;
			let argument = info;
			if (info > 23 && info < 28) {
				const size = 1 << (info - 24);
				if (size > end - at) throw cborError("truncated", start, "a head");
				argument = 0;
				for (const next = at + size; at < next; at++) argument = argument * 256 + bytes[at]!;
				if (major === Major.simple) {
					if (size === 1 && argument < 32) throw cborError("malformed", start, "a simple value in two bytes");
					if (strict && size > 1) shortest(bytes, start, size);
				} else if (strict && argument < (size === 1 ? 24 : 2 ** (4 * size)))
					throw cborError("malformed", start, "a head that is not the shortest");
			} else if (info > 27 && (info < 31 || major < Major.bytes || major > Major.map))
				throw cborError("malformed", start, `additional information ${info}`);
			else if (info === 31 && strict) throw cborError("malformed", start, "an indefinite length");

			let items = 0;
			let kind = ITEMS;
			if (major === Major.bytes || major === Major.text) {
				if (info === 31) kind = major === Major.bytes ? BYTES_CHUNKS : TEXT_CHUNKS;
				else {
					if (argument > end - at) throw cborError("truncated", start, "a string");
					at += argument;
					if (major === Major.text && !isUtf8(bytes, at - argument, at))
						throw cborError("malformed", start, "not UTF-8");
				}
			} else if (major === Major.array) items = argument;
			else if (major === Major.tag) items = 1;
			else if (major === Major.map) {
				items = 2 * argument;
				kind = NO_KEY;
			}
			if (info === 31) items = -1;
			if (items !== 0) {
				if (items > end - at) throw cborError("truncated", start, "fewer bytes than items");
				if (level >= depth && kind > BYTES_CHUNKS) throw cborError("depth", start, `deeper than ${depth}`);
				stack ??= [];
				stack[3 * level] = left;
				stack[3 * level + 1] = last;
				stack[3 * level + 2] = key;
				level++;
				left = items;
				last = kind;
			}
		}
		while (left === 0) {
			if (level === 0) return at;
			level--;
			left = stack![3 * level]!;
			last = stack![3 * level + 1]!;
			key = stack![3 * level + 2]!;
		}
	}
}

/** A `DormouseError` that tells the offset. */
export function cborError(code: ErrorCode, at: number, why: string): DormouseError {
	return new DormouseError(code, `CBOR at ${at}: ${why}`);
}

/** Refuses a key that does not come after the one before. No encoding is the start of another: both end where they differ. */
function inOrder(bytes: Uint8Array, last: number, key: number, end: number) {
	let at = key;
	while (at < end && bytes[last] === bytes[at]) {
		last++;
		at++;
	}
	if (at === end) throw cborError("malformed", key, "a key for the second time");
	if (bytes[last]! > bytes[at]!) throw cborError("malformed", key, "a key out of order");
}

/** Refuses a float that a shorter one could hold, and all NaN but one. */
function shortest(bytes: Uint8Array, start: number, size: number) {
	const view = new DataView(bytes.buffer, bytes.byteOffset + start + 1, size);
	const half = size === 2 ? view.getUint16(0) : size === 4 ? halfOf(view.getUint32(0)) : -1;
	const double = size === 8 ? view.getFloat64(0) : 0.1;
	if (
		size === 2
			? half !== 0x7e00 && (half & 0x7c00) === 0x7c00 && half & 0x3ff
			: half >= 0 || Number.isNaN(double) || double === Math.fround(double)
	)
		throw cborError("malformed", start, "a float that is not the shortest");
}

/** Whether bytes are UTF-8: no overlong forms, surrogates or points above U+10FFFF. Source: RFC 3629 §4. */
function isUtf8(bytes: Uint8Array, at: number, end: number): boolean {
	while (at < end) {
		const lead = bytes[at++]!;
		if (lead < 0x80) continue;
		if (lead < 0xc2 || lead > 0xf4) return false;
		let more = lead >= 0xf0 ? 3 : lead >= 0xe0 ? 2 : 1;
		if (more > end - at) return false;
		const second = bytes[at]!;
		if (lead === 0xe0 ? second < 0xa0 : lead === 0xed ? second > 0x9f : lead === 0xf0 ? second < 0x90 : false)
			return false;
		if (lead === 0xf4 && second > 0x8f) return false;
		for (; more > 0; more--) if ((bytes[at++]! & 0xc0) !== 0x80) return false;
	}
	return true;
}
