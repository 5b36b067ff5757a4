import { DormouseError } from "../../modules/core/errors.js";
import type { EngineSlot } from "../engine/engine.js";

/** `modules/core/native` on a simulated board: the engine's own code, as a board's is in C. */

/** Given by the engine, fresh for each wake. */
declare const dormouseEngine: EngineSlot;

export function crc16(bytes: Uint8Array, from = 0, to = bytes.length, start = 0xffff): number {
	return dormouseEngine.crc(16, bytes, from, to, start);
}
export function crc32(bytes: Uint8Array, from = 0, to = bytes.length, start = 0): number {
	return dormouseEngine.crc(32, bytes, from, to, start);
}
export function utf8Length(text: string): number {
	return dormouseEngine.utf8(text, undefined, 0);
}
export function writeUtf8(text: string, into: Uint8Array, at = 0): number {
	const end = dormouseEngine.utf8(text, into, at);
	if (end < 0) throw new DormouseError("overflow");
	return end;
}
/** `text` as UTF-8 in a new array; for other shims. */
export function utf8(text: string): Uint8Array {
	const bytes = new Uint8Array(utf8Length(text));
	writeUtf8(text, bytes);
	return bytes;
}
