import { fromUtf8 } from "../core/bytes.js";
import { DormouseError } from "../core/errors.js";
import { Major, Simple } from "./cbor.js";

const MAX_DEPTH = 16;

/**
 * Pulls CBOR items (RFC 8949) out of bytes, one call an item. Definite lengths, integers to ±(2^53 − 1), byte and text
 * strings, arrays, maps, `null`, booleans; tags, floats and indefinite lengths give `unsupported`.
 *
 * Input is hostile: every length is checked against what is left before anything is made of it. After a throw the reader
 * stands where it stood before the call.
 */
export class CborReader {
	private readonly bytes: Uint8Array;
	private readonly view: DataView;
	private at = 0;
	private argument = 0;

	constructor(bytes: Uint8Array) {
		this.bytes = bytes;
		this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
	}
	/** Offset of the next item. */
	get offset(): number {
		return this.at;
	}
	/** Whether all bytes were read. */
	get done(): boolean {
		return this.at === this.bytes.length;
	}
	/** Major type of the next item. @throws {DormouseError} `truncated` at the end */
	get major(): Major {
		return (this.initial() & 0xe0) as Major;
	}
	/** Whether the next item is `null`. @throws {DormouseError} `truncated` at the end */
	get atNull(): boolean {
		return this.initial() === (Major.simple | Simple.null);
	}
	/** An integer. @throws {DormouseError} `truncated`, `malformed`, `type`, `range` beyond 2^53 − 1 */
	int(): number {
		const major = this.major;
		if (major !== Major.unsigned && major !== Major.negative) throw this.wrongType("an integer");
		const next = this.head();
		const value = major === Major.negative ? -1 - this.argument : this.argument;
		if (!Number.isSafeInteger(value)) throw this.error("range", "integer beyond 2^53 - 1");
		this.at = next;
		return value;
	}
	/** An integer of 0 or more. @throws {DormouseError} `type` when negative, else as {@link int} */
	uint(): number {
		if (this.major !== Major.unsigned) throw this.wrongType("an unsigned integer");
		return this.int();
	}
	/** A byte string: a view that lives as long as the reader's bytes. @throws {DormouseError} as {@link int} */
	byteString(): Uint8Array {
		return this.string(Major.bytes, "a byte string");
	}
	/** A text string. @throws {DormouseError} as {@link int}, and `malformed` when it is not UTF-8 */
	text(): string {
		const start = this.at;
		const bytes = this.string(Major.text, "a text string");
		try {
			return fromUtf8(bytes);
		} catch (error) {
			this.at = start;
			throw error;
		}
	}
	/**
	 * Enters an array.
	 * @returns how many items follow; at most as many as bytes are left
	 * @throws {DormouseError} as {@link int}
	 */
	array(): number {
		return this.count(Major.array, 1, "an array");
	}
	/** Enters a map. @returns how many pairs follow. @throws {DormouseError} as {@link int} */
	map(): number {
		return this.count(Major.map, 2, "a map");
	}
	/** `null`. @throws {DormouseError} `type`, `truncated` */
	null(): void {
		if (!this.atNull) throw this.wrongType("null");
		this.at++;
	}
	/** A boolean. @throws {DormouseError} `type`, `truncated` */
	boolean(): boolean {
		const initial = this.initial();
		if (initial !== (Major.simple | Simple.false) && initial !== (Major.simple | Simple.true))
			throw this.wrongType("a boolean");
		this.at++;
		return initial === (Major.simple | Simple.true);
	}
	/** Passes over the next item, whatever it holds. @throws {DormouseError} as {@link int}, and `depth` beyond 16 levels */
	skip(): void {
		const start = this.at;
		try {
			this.skipItem(MAX_DEPTH);
		} catch (error) {
			this.at = start;
			throw error;
		}
	}

	private skipItem(depth: number) {
		if (depth < 0) throw this.error("depth", `deeper than ${MAX_DEPTH}`);
		const major = this.major;
		if (major === Major.array || major === Major.map) {
			for (let items = major === Major.array ? this.array() : 2 * this.map(); items > 0; items--)
				this.skipItem(depth - 1);
		} else if (major === Major.bytes) this.byteString();
		else if (major === Major.text) this.text();
		else if (major === Major.simple) {
			if (this.atNull) this.null();
			else this.skipSimple();
		} else this.int();
	}
	private skipSimple() {
		const info = this.initial() & 31;
		if (info === Simple.false || info === Simple.true) this.at++;
		else if (info <= 27) throw this.error("unsupported", `simple value or float ${info}`);
		else throw this.error("malformed", info === 31 ? "a break" : `additional information ${info}`);
	}
	private string(major: Major, what: string): Uint8Array {
		if (this.major !== major) throw this.wrongType(what);
		const next = this.head();
		if (this.argument > this.bytes.length - next) throw this.error("truncated");
		this.at = next + this.argument;
		return this.bytes.subarray(next, this.at);
	}
	private count(major: Major, bytesEach: number, what: string): number {
		if (this.major !== major) throw this.wrongType(what);
		const next = this.head();
		if (this.argument * bytesEach > this.bytes.length - next) throw this.error("truncated");
		this.at = next;
		return this.argument;
	}
	private initial(): number {
		const byte = this.bytes[this.at];
		if (byte === undefined) throw this.error("truncated");
		return byte;
	}
	/** Reads a head into `argument`. @returns the offset behind it; `at` stays */
	private head(): number {
		const at = this.at + 1;
		const info = this.initial() & 31;
		if (info < 24) {
			this.argument = info;
			return at;
		}
		if (info > 27) {
			// RFC 8949 §3.2: only strings, arrays and maps have an indefinite length.
			const indefinite = info === 31 && this.major >= Major.bytes && this.major <= Major.map;
			throw this.error(indefinite ? "unsupported" : "malformed", `additional information ${info}`);
		}
		const size = 1 << (info - 24);
		if (at + size > this.bytes.length) throw this.error("truncated");
		const view = this.view;
		if (size === 1) this.argument = view.getUint8(at);
		else if (size === 2) this.argument = view.getUint16(at);
		else if (size === 4) this.argument = view.getUint32(at);
		else this.argument = view.getUint32(at) * 0x1_0000_0000 + view.getUint32(at + 4);
		return at + size;
	}
	private wrongType(wanted: string): DormouseError {
		const initial = this.initial();
		if (initial >> 5 === 6) return this.error("unsupported", "a tag");
		if (initial >= 0xf9 && initial <= 0xfb) return this.error("unsupported", "a float");
		return this.error("type", `not ${wanted}`);
	}
	private error(
		code: "truncated" | "malformed" | "type" | "range" | "unsupported" | "depth",
		why: string = code,
	): DormouseError {
		return new DormouseError(code, `CBOR at ${this.at}: ${why}`);
	}
}
