import { DormouseError } from "../core/errors.js";
import { utf8Length, writeUtf8 } from "../core/native.js";
import { Major, Simple } from "./cbor.js";

/**
 * Writes deterministic CBOR (RFC 8949 §4.2.1: shortest heads, definite lengths) into the caller's bytes: what telemetry
 * needs. `CborWriter` adds the rest of CBOR.
 *
 * Each call is all or nothing: when an item does not fit, it throws `overflow` and nothing has changed. Keys of a map are
 * the caller's to sort, by their encodings (`compareKeys`); `checkCbor` in strict mode tells whether they are.
 */
export class CborCoreWriter {
	protected readonly bytes: Uint8Array;
	protected readonly view: DataView;
	protected at = 0;
	protected limit: number;

	/** @param bytes where to write, from its start */
	constructor(bytes: Uint8Array) {
		this.bytes = bytes;
		this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
		this.limit = bytes.byteLength;
	}
	/** Bytes written. */
	get length(): number {
		return this.at;
	}
	/** What was written: a view that lives as long as the caller's bytes. */
	get written(): Uint8Array {
		return this.bytes.subarray(0, this.at);
	}
	/** Starts over, with at most `room` of the caller's bytes. */
	reset(room?: number): this {
		const most = this.bytes.length;
		this.at = 0;
		this.limit = room !== undefined && room < most ? room : most;
		return this;
	}
	/** An integer, −2^53 + 1 … 2^53 − 1. @throws {DormouseError} `range`, `overflow` */
	int(value: number): this {
		const argument = value < 0 ? -1 - value : value;
		// Most are found to be integers by an operator; a call costs more.
		if (argument >>> 0 !== argument && !Number.isSafeInteger(value))
			throw new DormouseError("range", `${value} is not a safe integer`);
		const at = this.at;
		// Most are small: without another call.
		if (argument < 24 && at < this.limit) {
			this.bytes[at] = value < 0 ? 0x20 | argument : argument;
			this.at = at + 1;
		} else this.head(value < 0 ? 0x20 : 0, argument, 0);
		return this;
	}
	/** A byte string. @throws {DormouseError} `overflow` */
	byteString(value: Uint8Array): this {
		this.head(Major.bytes, value.length, value.length);
		this.bytes.set(value, this.at - value.length);
		return this;
	}
	/** A text string; lone surrogates become U+FFFD. @throws {DormouseError} `overflow` */
	text(value: string): this {
		const length = utf8Length(value);
		this.head(Major.text, length, length);
		writeUtf8(value, this.bytes, this.at - length);
		return this;
	}
	/** The head of an array; `count` items must follow, 0 … 2^32 − 1. @throws {DormouseError} `range`, `overflow` */
	array(count: number): this {
		return this.counted(Major.array, count);
	}
	/** The head of a map; `count` pairs must follow, keys in ascending order of their encodings. */
	map(count: number): this {
		return this.counted(Major.map, count);
	}
	/** @throws {DormouseError} `overflow` */
	null(): this {
		this.head(Major.simple, Simple.null, 0);
		return this;
	}
	/** @throws {DormouseError} `overflow` */
	boolean(value: boolean): this {
		this.head(Major.simple, value ? Simple.true : Simple.false, 0);
		return this;
	}

	private counted(major: number, count: number): this {
		if (count >>> 0 !== count) throw new DormouseError("range", `${count} is not a count`);
		this.head(major, count, 0);
		return this;
	}
	/** Writes a head, and moves past it and the `following` bytes, after making sure that both fit. */
	protected head(major: number, argument: number, following: number): void {
		const size = argument < 24 ? 1 : argument < 0x100 ? 2 : argument < 0x1_0000 ? 3 : argument < 0x1_0000_0000 ? 5 : 9;
		const at = this.at;
		const end = at + size + following;
		if (end > this.limit) throw new DormouseError("overflow");
		this.at = end;
		if (size === 1) this.bytes[at] = major | argument;
		else if (size === 2) this.view.setUint16(at, ((major | 24) << 8) | argument);
		else {
			const view = this.view;
			this.bytes[at] = major | (size === 3 ? 25 : size === 5 ? 26 : 27);
			if (size === 3) view.setUint16(at + 1, argument);
			else if (size === 5) view.setUint32(at + 1, argument);
			else {
				view.setUint32(at + 1, Math.floor(argument / 0x1_0000_0000));
				view.setUint32(at + 5, argument % 0x1_0000_0000);
			}
		}
	}
}
