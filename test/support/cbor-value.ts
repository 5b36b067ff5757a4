import { Major } from "../../modules/codec/cbor.js";
import { compareKeys } from "../../modules/codec/cbor-keys.js";
import type { CborReader } from "../../modules/codec/cbor-reader.js";
import { CborWriter } from "../../modules/codec/cbor-writer.js";
import { utf8 } from "../../modules/core/bytes.js";
import type { Seeded } from "../../sim/seeded.js";

/** What any CBOR item is in JavaScript: what a general codec takes and gives. */
export type CborValue =
	| number
	| bigint
	| string
	| boolean
	| null
	| undefined
	| Uint8Array
	| readonly CborValue[]
	| ReadonlyMap<CborValue, CborValue>
	| CborTag
	| CborSimple;
export class CborTag {
	readonly tag: number | bigint;
	readonly content: CborValue;
	constructor(tag: number | bigint, content: CborValue) {
		this.tag = tag;
		this.content = content;
	}
}
export class CborSimple {
	readonly simple: number;
	constructor(simple: number) {
		this.simple = simple;
	}
}

/** Writes a value deterministically: maps are sorted by the encodings of their keys. */
export function writeValue(writer: CborWriter, value: CborValue): CborWriter {
	if (typeof value === "number") return writer.number(value);
	if (typeof value === "string") return writer.text(value);
	if (typeof value === "boolean") return writer.boolean(value);
	if (typeof value === "bigint") return writer.bigint(value);
	if (value === null) return writer.null();
	if (value === undefined) return writer.undefined();
	if (value instanceof Uint8Array) return writer.byteString(value);
	if (value instanceof CborTag) return writeValue(writer.tag(value.tag), value.content);
	if (value instanceof CborSimple) return writer.simple(value.simple);
	if (value instanceof Map) {
		const keys = [...value.keys()].map(
			(key) => [writeValue(new CborWriter(new Uint8Array(4096)), key).written, key] as const,
		);
		writer.map(keys.length);
		for (const [, key] of keys.sort(([a], [b]) => compareKeys(a, b)))
			writeValue(writeValue(writer, key), value.get(key));
		return writer;
	}
	const items = value as readonly CborValue[];
	writer.array(items.length);
	for (const item of items) writeValue(writer, item);
	return writer;
}

/** Reads an item of any kind. @throws {DormouseError} as the reader */
export function readValue(reader: CborReader): CborValue {
	const { initial, major } = reader;
	if (major === Major.unsigned || major === Major.negative) return reader.integer();
	if (major === Major.bytes) return reader.byteString();
	if (major === Major.text) return reader.text();
	if (major === Major.array) {
		const items: CborValue[] = [];
		for (let left = reader.array(); reader.more(left); left--) items.push(readValue(reader));
		return items;
	}
	if (major === Major.map) {
		const map = new Map<CborValue, CborValue>();
		for (let left = reader.map(); reader.more(left); left--) map.set(readValue(reader), readValue(reader));
		return map;
	}
	if (major === Major.tag) return new CborTag(reader.tag(), readValue(reader));
	if (initial >= 0xf9 && initial <= 0xfb) return reader.float();
	const simple = reader.simple();
	if (simple < 20 || simple > 23) return new CborSimple(simple);
	return [false, true, null, undefined][simple - 20];
}

/** Bytes of a value in one of the many ways that are not deterministic: longer heads and floats, indefinite lengths, keys in any order. */
export function looseBytes(value: CborValue, random: Seeded, indefiniteStrings = true): number[] {
	const head = (major: number, argument: bigint) => {
		const least =
			argument < 24n ? 0 : argument < 0x100n ? 1 : argument < 0x1_0000n ? 2 : argument < 0x1_0000_0000n ? 4 : 8;
		const size = random.real() < 0.5 ? least : ([0, 1, 2, 4, 8].filter((n) => n >= least)[random.between(0, 4)] ?? 8);
		if (size === 0) return [major | Number(argument)];
		const bytes = [major | [0, 24, 25, 0, 26, 0, 0, 0, 27][size]!];
		for (let shift = 8 * (size - 1); shift >= 0; shift -= 8) bytes.push(Number((argument >> BigInt(shift)) & 0xffn));
		return bytes;
	};
	const inner = (part: CborValue) => looseBytes(part, random, indefiniteStrings);
	if (typeof value === "number" && !(Number.isSafeInteger(value) && (value !== 0 || 1 / value > 0))) {
		const view = new DataView(new ArrayBuffer(9));
		view.setFloat32(1, value);
		const single = Number.isNaN(value) || view.getFloat32(1) === value;
		if (single && random.real() < 0.5) view.setUint8(0, 0xfa);
		else {
			view.setUint8(0, 0xfb);
			view.setFloat64(1, value);
		}
		return [...new Uint8Array(view.buffer, 0, view.getUint8(0) === 0xfa ? 5 : 9)];
	}
	if (typeof value === "number" || typeof value === "bigint")
		return value < 0 ? head(Major.negative, -1n - BigInt(value)) : head(Major.unsigned, BigInt(value));
	if (typeof value === "string" || value instanceof Uint8Array) {
		const major = typeof value === "string" ? Major.text : Major.bytes;
		const whole = (part: string | Uint8Array) => {
			const bytes = typeof part === "string" ? utf8(part) : part;
			return [...head(major, BigInt(bytes.length)), ...bytes];
		};
		if (!indefiniteStrings || random.real() < 0.6) return whole(value);
		const parts = typeof value === "string" ? [...value] : [value.subarray(0, 3), value.subarray(3)];
		return [major | 31, ...parts.flatMap(whole), 0xff];
	}
	if (value instanceof CborTag) return [...head(Major.tag, BigInt(value.tag)), ...inner(value.content)];
	const indefinite = random.real() < 0.4;
	if (value instanceof Map) {
		const pairs = [...value].sort(() => random.real() - 0.5).flatMap(([key, part]) => [...inner(key), ...inner(part)]);
		return indefinite ? [0xbf, ...pairs, 0xff] : [...head(Major.map, BigInt(value.size)), ...pairs];
	}
	if (Array.isArray(value)) {
		const items = value.flatMap(inner);
		return indefinite ? [0x9f, ...items, 0xff] : [...head(Major.array, BigInt(value.length)), ...items];
	}
	return [...writeValue(new CborWriter(new Uint8Array(2)), value).written];
}
