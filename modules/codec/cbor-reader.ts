import { fromUtf8 } from "../core/bytes.js";
import type { DormouseError } from "../core/errors.js";
import { Major, Simple } from "./cbor.js";
import { CBOR_DEPTH, cborError, checkCbor } from "./cbor-check.js";
import { halfValue } from "./cbor-float.js";

/** Choices of a {@link CborReader}. */
export interface CborReaderOptions {
	/** The bytes must be one item, deterministically encoded, and nothing else: for what is signed. Default false. */
	readonly strict?: boolean;
	/** How deep arrays, maps and tags may nest in what is checked or skipped. Default 16. */
	readonly depth?: number;
}

/**
 * Pulls CBOR items (RFC 8949) out of bytes, one call an item.
 *
 * Input is hostile: every length is checked against what is left before anything is made of it, and no memory is taken in
 * proportion to a length that is only declared. After a throw the reader stands where it stood before the call, and the
 * message has that offset. Errors of every call that reads: `truncated`; `malformed`; `type` when the next item is of
 * another kind.
 *
 * Only the reading of a text, of a string of indefinite length and of an integer beyond 2^53 takes memory.
 */
export class CborReader {
	private readonly bytes: Uint8Array;
	private readonly view: DataView;
	private readonly depth: number;
	private at = 0;
	private argument = 0;

	/**
	 * @param bytes input; views of it are handed out
	 * @throws {DormouseError} in strict mode only, as `checkCbor`, and `malformed` on bytes behind the item
	 */
	constructor(bytes: Uint8Array, { strict = false, depth = CBOR_DEPTH }: CborReaderOptions = {}) {
		this.bytes = bytes;
		this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
		this.depth = depth;
		if (strict) {
			// The whole of it before any part: nothing is believed, and done, of a message that turns out wrong later.
			this.at = checkCbor(bytes, 0, true, depth);
			this.end();
			this.at = 0;
		}
	}
	/** Offset of the next item. */
	get offset(): number {
		return this.at;
	}
	/** Whether all bytes were read. */
	get done(): boolean {
		return this.at === this.bytes.length;
	}
	/** First byte of the next item: major type and additional information. @throws {DormouseError} `truncated` at the end */
	get initial(): number {
		const byte = this.bytes[this.at];
		if (byte === undefined) throw this.error("truncated", "an item is missing");
		return byte;
	}
	/** Major type of the next item. @throws {DormouseError} `truncated` at the end */
	get major(): Major {
		return (this.initial & 0xe0) as Major;
	}
	/** Whether the next item is `null`. @throws {DormouseError} `truncated` at the end */
	get atNull(): boolean {
		return this.initial === (Major.simple | Simple.null);
	}
	/** An integer, −2^53 + 1 … 2^53 − 1. @throws {DormouseError} also `range` beyond */
	int(): number {
		const initial = this.bytes[this.at]!; // undefined at the end compares as false
		if (initial < 24 || (initial >= 0x20 && initial < 0x38)) {
			this.at++;
			return initial < 24 ? initial : 0x1f - initial;
		}
		if (!(initial < 0x40)) throw this.wrongType("an integer");
		const next = this.head(initial);
		const value = initial < 0x20 ? this.argument : -1 - this.argument;
		if (value > Number.MAX_SAFE_INTEGER || value < -Number.MAX_SAFE_INTEGER)
			throw this.error("range", "integer beyond 2^53 - 1");
		this.at = next;
		return value;
	}
	/** An integer of 0 or more. @throws {DormouseError} `type` when negative, else as {@link int} */
	uint(): number {
		if (this.initial >= 0x20) throw this.wrongType("an unsigned integer");
		return this.int();
	}
	/** An integer, −2^64 … 2^64 − 1 (bignums are tags 2 and 3 of byte strings). @returns a bigint beyond ±(2^53 − 1) only */
	integer(): number | bigint {
		const initial = this.initial;
		if (initial >= 0x40) throw this.wrongType("an integer");
		const argument = this.wide(initial);
		if (initial < 0x20) return argument;
		return argument < Number.MAX_SAFE_INTEGER ? -1 - (argument as number) : -1n - BigInt(argument);
	}
	/** As {@link integer}, always as a bigint. */
	bigint(): bigint {
		return BigInt(this.integer());
	}
	/** A float of any width. */
	float(): number {
		const initial = this.initial;
		if (initial < 0xf9 || initial > 0xfb) throw this.wrongType("a float");
		const next = this.head(initial);
		const view = this.view;
		const at = this.at + 1;
		this.at = next;
		return initial === 0xf9 ? halfValue(this.argument) : initial === 0xfa ? view.getFloat32(at) : view.getFloat64(at);
	}
	/** A number, integer or float. @throws {DormouseError} `range` for an integer beyond ±(2^53 − 1) */
	number(): number {
		return this.initial < 0x40 ? this.int() : this.float();
	}
	/** A byte string: a view that lives as long as the reader's bytes; a copy where its length is indefinite. */
	byteString(): Uint8Array {
		if (this.initial === (Major.bytes | 31)) return this.chunks();
		const start = this.span(Major.bytes, "a byte string");
		return this.bytes.subarray(start, this.at);
	}
	/** A text string. @throws {DormouseError} `malformed` also when it is not UTF-8 */
	text(): string {
		const start = this.at;
		let bytes = this.bytes;
		let at = 0;
		if (this.initial === (Major.text | 31)) bytes = this.chunks();
		else at = this.span(Major.text, "a text string");
		const end = bytes === this.bytes ? this.at : bytes.length;
		try {
			return textOf(bytes, at, end);
		} catch {
			this.at = start;
			throw this.error("malformed", "not UTF-8");
		}
	}
	/**
	 * Enters an array.
	 * @returns how many items follow, at most as many as bytes are left; −1 when a break ends them: see {@link more}
	 */
	array(): number {
		return this.count(Major.array, 1, "an array");
	}
	/** Enters a map. @returns how many pairs follow; −1 when a break ends them: see {@link more} */
	map(): number {
		return this.count(Major.map, 2, "a map");
	}
	/**
	 * Whether a container goes on, of either kind of length; a break that ends it is passed over.
	 * `for (let left = reader.array(); reader.more(left); left--) …`
	 * @param left what {@link array} or {@link map} gave, less what was read since
	 */
	more(left: number): boolean {
		if (left >= 0) return left > 0;
		if (this.initial !== 0xff) return true;
		this.at++;
		return false;
	}
	/** Enters a tag; its content is the next item. @returns its number, a bigint beyond 2^53 − 1 only */
	tag(): number | bigint {
		const initial = this.initial;
		if ((initial & 0xe0) !== Major.tag) throw this.wrongType("a tag");
		return this.wide(initial);
	}
	/** `null`. */
	null(): void {
		this.constant(Simple.null, "null");
	}
	/** `undefined`. */
	undefined(): void {
		this.constant(Simple.undefined, "undefined");
	}
	/** A boolean. */
	boolean(): boolean {
		const initial = this.initial;
		if (initial !== (Major.simple | Simple.false) && initial !== (Major.simple | Simple.true))
			throw this.wrongType("a boolean");
		this.at++;
		return initial === (Major.simple | Simple.true);
	}
	/** A simple value, 0 … 23 (among them `false`, `true`, `null`, `undefined`) or 32 … 255. */
	simple(): number {
		const initial = this.initial;
		if (initial < Major.simple || initial > 0xf8) throw this.wrongType("a simple value");
		const next = this.head(initial);
		if (initial === 0xf8 && this.argument < 32) throw this.error("malformed", "a simple value in two bytes");
		this.at = next;
		return this.argument;
	}
	/** Passes over the next item, whatever it holds. @throws {DormouseError} as `checkCbor`, with the offset inside the item */
	skip(): void {
		this.at = checkCbor(this.bytes, this.at, false, this.depth);
	}
	/** Makes sure that all was read. @throws {DormouseError} `malformed` */
	end(): void {
		if (this.at !== this.bytes.length) throw this.error("malformed", "bytes behind the item");
	}

	private constant(value: number, what: string) {
		if (this.initial !== (Major.simple | value)) throw this.wrongType(what);
		this.at++;
	}
	/** Passes over a string of definite length. @returns where its bytes start */
	private span(major: Major, what: string): number {
		const initial = this.initial;
		if ((initial & 0xe0) !== major) throw this.wrongType(what);
		const next = this.head(initial);
		const end = next + this.argument;
		if (end > this.bytes.length) throw this.error("truncated", what);
		this.at = end;
		return next;
	}
	/** A string of indefinite length, put together. */
	private chunks(): Uint8Array {
		const end = checkCbor(this.bytes, this.at);
		const whole = new Uint8Array(end - this.at);
		let length = 0;
		this.at++;
		while (this.initial !== 0xff) {
			const next = this.head(this.initial);
			this.at = next + this.argument;
			whole.set(this.bytes.subarray(next, this.at), length);
			length += this.argument;
		}
		this.at = end;
		return whole.subarray(0, length);
	}
	private count(major: Major, bytesEach: number, what: string): number {
		const initial = this.initial;
		if ((initial & 0xe0) !== major) throw this.wrongType(what);
		if ((initial & 31) === 31) {
			this.at++;
			return -1;
		}
		const next = this.head(initial);
		if (this.argument * bytesEach > this.bytes.length - next) throw this.error("truncated", what);
		this.at = next;
		return this.argument;
	}
	/** Reads a head whole. @returns its argument, a bigint beyond 2^53 − 1 only */
	private wide(initial: number): number | bigint {
		const next = this.head(initial);
		const at = this.at + 1;
		this.at = next;
		return this.argument > Number.MAX_SAFE_INTEGER ? this.view.getBigUint64(at) : this.argument;
	}
	/** Reads a head into `argument`, which is not exact beyond 2^53. @returns the offset behind it; `at` stays */
	private head(initial: number): number {
		const at = this.at + 1;
		const info = initial & 31;
		if (info < 24) {
			this.argument = info;
			return at;
		}
		if (info > 27) throw this.error("malformed", `additional information ${info}`);
		const next = at + (1 << (info - 24));
		if (next > this.bytes.length) throw this.error("truncated", "a head");
		const view = this.view;
		if (info === 24) this.argument = this.bytes[at]!;
		else if (info === 25) this.argument = view.getUint16(at);
		else if (info === 26) this.argument = view.getUint32(at);
		else this.argument = view.getUint32(at) * 0x1_0000_0000 + view.getUint32(at + 4);
		return next;
	}
	/** Why the next item is not what was asked for. */
	private wrongType(wanted: string): DormouseError {
		const initial = this.initial;
		if (initial === 0xff) return this.error("malformed", "a break");
		const info = initial & 31;
		return info > 27 && info < 31
			? this.error("malformed", `additional information ${info}`)
			: this.error("type", `not ${wanted}`);
	}
	private error(code: "truncated" | "malformed" | "type" | "range", why: string): DormouseError {
		return cborError(code, this.at, why);
	}
}

/** What XS adds to `String`. Source: `fx_String_fromArrayBuffer`, xs/sources/xsString.c. */
interface XsString {
	fromArrayBuffer(buffer: ArrayBufferLike, offset: number, length: number): string;
}

/**
 * Text of UTF-8, at less cost than `fromUtf8` where it is ASCII: by XS itself, else four characters at a time.
 * @throws {DormouseError} `malformed`
 */
function textOf(bytes: Uint8Array, at: number, end: number): string {
	const make = (String as Partial<XsString>).fromArrayBuffer;
	if (make) {
		try {
			// As many characters as bytes: ASCII, without the U+0000 at which XS ends. What else it takes is not looked at.
			const text = make(bytes.buffer, bytes.byteOffset + at, end - at);
			if (text.length === end - at) return text;
		} catch {
			// Not UTF-8, or of a kind that XS does not know: told below.
		}
		return fromUtf8(bytes.subarray(at, end));
	}
	let text = "";
	for (; end - at >= 4; at += 4) {
		const a = bytes[at]!;
		const b = bytes[at + 1]!;
		const c = bytes[at + 2]!;
		const d = bytes[at + 3]!;
		if ((a | b | c | d) > 0x7f) break;
		text += String.fromCharCode(a, b, c, d);
	}
	return at === end ? text : text + fromUtf8(bytes.subarray(at, end));
}
