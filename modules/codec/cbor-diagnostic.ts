import { toHex } from "../core/bytes.js";
import { Major } from "./cbor.js";
import { CBOR_DEPTH, checkCbor } from "./cbor-check.js";
import { CborReader } from "./cbor-reader.js";

/**
 * CBOR as people read it: diagnostic notation (RFC 8949 §8), a sequence of items with commas. For hosts.
 * @param depth how deep items may nest
 * @throws {DormouseError} as `checkCbor`; nothing is made of bytes that are not well-formed
 */
export function cborDiagnostic(bytes: Uint8Array, depth = CBOR_DEPTH): string {
	for (let at = 0; at < bytes.length; ) at = checkCbor(bytes, at, false, depth);
	const reader = new CborReader(bytes, { depth });
	const items: string[] = [];
	while (!reader.done) items.push(item(reader, bytes));
	return items.join(", ");
}

function item(reader: CborReader, bytes: Uint8Array): string {
	const { initial, major } = reader;
	if (initial === 0x5f || initial === 0x7f) {
		const chunks = new CborReader(bytes.subarray(reader.offset + 1));
		reader.skip();
		return `(_ ${list(chunks, bytes, -1)})`;
	}
	if (major === Major.unsigned || major === Major.negative) return `${reader.integer()}`;
	if (major === Major.bytes) return `h'${toHex(reader.byteString())}'`;
	if (major === Major.text) return JSON.stringify(reader.text());
	if (major === Major.tag) return `${reader.tag()}(${item(reader, bytes)})`;
	if (major === Major.array || major === Major.map) {
		const left = major === Major.map ? reader.map() : reader.array();
		const inside = (left < 0 ? "_ " : "") + list(reader, bytes, left, major === Major.map);
		return major === Major.map ? `{${inside}}` : `[${inside}]`;
	}
	if (initial >= 0xf9 && initial <= 0xfb) return float(reader.float());
	const value = reader.simple();
	return ["false", "true", "null", "undefined"][value - 20] ?? `simple(${value})`;
}

function list(reader: CborReader, bytes: Uint8Array, count: number, pairs = false): string {
	const parts: string[] = [];
	for (let left = count; reader.more(left); left--) {
		const first = item(reader, bytes);
		parts.push(pairs ? `${first}: ${item(reader, bytes)}` : first);
	}
	return parts.join(", ");
}

/** Always with a point, which tells it from an integer. */
function float(value: number): string {
	if (!Number.isFinite(value)) return `${value}`;
	const [digits, exponent] = `${value === 0 && 1 / value < 0 ? "-0" : value}`.split("e");
	return `${digits}${digits!.includes(".") ? "" : ".0"}${exponent === undefined ? "" : `e${exponent}`}`;
}
