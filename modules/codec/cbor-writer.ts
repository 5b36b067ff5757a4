import { writeUtf8 } from "../core/bytes.js";
import { DormouseError } from "../core/errors.js";
import { Major, Simple } from "./cbor.js";
import { CborCoreWriter } from "./cbor-core-writer.js";
import { halfOf } from "./cbor-float.js";

const INFO_64 = 27;

/** What XS adds to `ArrayBuffer`. Source: `fx_ArrayBuffer_fromString`, xs/sources/xsDataView.c. */
interface XsArrayBuffer {
	fromString(text: string): ArrayBuffer;
}

/**
 * Writes all of CBOR (RFC 8949), deterministically (§4.2.1), into the caller's bytes. As in {@link CborCoreWriter} each
 * call is all or nothing.
 */
export class CborWriter extends CborCoreWriter {
	private readonly scratch = new DataView(new ArrayBuffer(4));

	/**
	 * An integer of 64 bits and a sign, in as few bytes as {@link int} takes where that can write it.
	 * @param value −2^64 … 2^64 − 1
	 * @throws {DormouseError} `range`, `overflow`
	 */
	bigint(value: bigint): this {
		return value < 0n ? this.wide(Major.negative, -1n - value) : this.wide(Major.unsigned, value);
	}
	/**
	 * A float, also of an integral value, in the shortest of 16, 32 and 64 bits that is exact; every NaN is 0xf97e00.
	 * Where the engine has no −0, it is 0.
	 * @throws {DormouseError} `overflow`
	 */
	float(value: number): this {
		const scratch = this.scratch;
		scratch.setFloat32(0, value);
		const bits = scratch.getUint32(0);
		// NaN is the one value that differs from itself.
		const single = Number.isNaN(value) || scratch.getFloat32(0) === value;
		const half = single ? halfOf(bits) : -1;
		const at = this.at;
		const end = at + (half >= 0 ? 3 : single ? 5 : 9);
		if (end > this.limit) throw new DormouseError("overflow");
		const view = this.view;
		if (half >= 0) {
			this.bytes[at] = 0xf9;
			view.setUint16(at + 1, half);
		} else if (single) {
			this.bytes[at] = 0xfa;
			view.setUint32(at + 1, bits);
		} else {
			this.bytes[at] = 0xfb;
			view.setFloat64(at + 1, value);
		}
		this.at = end;
		return this;
	}
	/**
	 * An integer where the value is one within ±(2^53 − 1), else a float; −0 is a float, too.
	 * @throws {DormouseError} `overflow`
	 */
	number(value: number): this {
		const integral = (value | 0) === value || Number.isSafeInteger(value);
		return integral && (value !== 0 || 1 / value > 0) ? this.int(value) : this.float(value);
	}
	/** The head of a tag, 0 … 2^64 − 1; one item must follow. @throws {DormouseError} `range`, `overflow` */
	tag(tag: number | bigint): this {
		if (typeof tag === "bigint") return this.wide(Major.tag, tag);
		if (!Number.isSafeInteger(tag) || tag < 0) throw new DormouseError("range", `${tag} is not a tag`);
		this.head(Major.tag, tag, 0);
		return this;
	}
	/** A simple value, 0 … 23 (among them `false`, `true`, `null`, `undefined`) or 32 … 255. @throws {DormouseError} `range`, `overflow` */
	simple(value: number): this {
		if (value & ~0xff || value !== (value | 0) || (value > 23 && value < 32))
			throw new DormouseError("range", `${value} is not a simple value`);
		this.head(Major.simple, value, 0);
		return this;
	}
	/** @throws {DormouseError} `overflow` */
	undefined(): this {
		return this.simple(Simple.undefined);
	}
	/**
	 * A byte string that the caller fills: what is nested is encoded in its place, without a copy.
	 * @param length bytes of the string, all of which must be filled
	 * @returns where they go: a view that lives as long as the caller's bytes
	 * @throws {DormouseError} `range`, `overflow`
	 */
	bytesToFill(length: number): Uint8Array {
		if (!Number.isSafeInteger(length) || length < 0) throw new DormouseError("range", `${length} is not a length`);
		this.head(Major.bytes, length, length);
		return this.bytes.subarray(this.at - length, this.at);
	}
	/**
	 * One item that is encoded already, as it is: a key that never changes, a part that was built before. Not checked.
	 * @throws {DormouseError} `overflow`
	 */
	encoded(item: Uint8Array): this {
		const at = this.at;
		const end = at + item.length;
		if (end > this.limit) throw new DormouseError("overflow");
		this.bytes.set(item, at);
		this.at = end;
		return this;
	}
	/**
	 * An array of integers, as {@link array} and {@link int} would write it, in one call: on XS calls cost most of the time.
	 * After a throw {@link length} is as before, but bytes behind it may have been written.
	 * @param count how many of them
	 * @throws {DormouseError} `range`, `overflow`
	 */
	ints(values: ArrayLike<number>, count = values.length): this {
		if (count >>> 0 !== count) throw new DormouseError("range", `${count} is not a count`);
		const start = this.at;
		const room = this.limit - start;
		const bytes = this.bytes;
		if (count < 24 && room > 0) {
			bytes[start] = Major.array | count;
			this.at = start + 1;
		} else this.head(Major.array, count, 0);
		const fast = room >= 5 + 3 * count ? count : 0;
		// Declared out here, and each sign has its own branch: on XS every declaration and operator takes its time.
		let value = 0;
		let n = 0;
		let shift = this.at; // integer n goes to n + shift, as long as each takes a byte
		for (; n < fast; n++) {
			value = values[n]!;
			if (value >= 0) {
				if ((value & 0xffff) !== value) break; // no integer, or a large one
				if (value < 24) bytes[n + shift] = value;
				else if (value < 0x100) {
					bytes[n + shift++] = 0x18;
					bytes[n + shift] = value;
				} else {
					bytes[n + shift++] = 0x19;
					bytes[n + shift++] = value >> 8;
					bytes[n + shift] = value;
				}
			} else {
				value = -1 - value;
				if ((value & 0xffff) !== value) break;
				if (value < 24) bytes[n + shift] = 0x20 | value;
				else if (value < 0x100) {
					bytes[n + shift++] = 0x38;
					bytes[n + shift] = value;
				} else {
					bytes[n + shift++] = 0x39;
					bytes[n + shift++] = value >> 8;
					bytes[n + shift] = value;
				}
			}
		}
		this.at = n + shift;
		if (n < count) this.rest(values, n, count, start);
		return this;
	}
	/**
	 * As in {@link CborCoreWriter}, at less cost. XS has its strings in UTF-8 and hands a copy out in a fraction of the time
	 * that their characters take one by one; this copy is garbage, the only one that a writer makes.
	 */
	override text(value: string): this {
		const count = value.length;
		if (count >= 4) {
			const copy = (ArrayBuffer as Partial<XsArrayBuffer>).fromString?.(value);
			// As many bytes as characters: ASCII. There XS has U+0000 and lone surrogates in a way that is not UTF-8.
			if (copy?.byteLength === count) {
				this.head(Major.text, count, count);
				this.bytes.set(new Uint8Array(copy), this.at - count);
				return this;
			}
		}
		const start = this.at;
		if (start + 9 + 4 * count > this.limit) return super.text(value);
		// There is room for the longest encoding: no need to count its bytes beforehand.
		this.head(Major.text, count, 0); // right unless it has more bytes than characters
		const body = this.at;
		const end = writeUtf8(value, this.bytes, body);
		this.at = end;
		const length = end - body;
		if (length !== count) {
			this.at = start;
			this.head(Major.text, length, length);
			if (this.at !== end) writeUtf8(value, this.bytes, this.at - length); // the head is longer: once more behind it
		}
		return this;
	}

	/** Writes integers one by one. @param start where to stand after a throw */
	private rest(values: ArrayLike<number>, from: number, count: number, start: number) {
		try {
			for (let n = from; n < count; n++) this.int(values[n]!);
		} catch (error) {
			this.at = start;
			throw error;
		}
	}
	private wide(major: Major, argument: bigint): this {
		if (argument <= 0x1f_ffff_ffff_ffffn && argument >= 0n) this.head(major, Number(argument), 0);
		else {
			if (argument < 0n || argument > 0xffff_ffff_ffff_ffffn)
				throw new DormouseError("range", `${argument} is beyond 64 bits`);
			const at = this.at;
			if (at + 9 > this.limit) throw new DormouseError("overflow");
			this.view.setUint8(at, major | INFO_64);
			this.view.setBigUint64(at + 1, argument);
			this.at = at + 9;
		}
		return this;
	}
}
