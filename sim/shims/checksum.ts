import type { EngineSlot } from "../engine/engine.js";

/** `modules/core/checksum` on a simulated board: the engine's own code, as a board's is in C. */

/** Given by the engine, fresh for each wake. */
declare const dormouseEngine: EngineSlot;

export function crc16(bytes: Uint8Array, from = 0, to = bytes.length, start = 0xffff): number {
	return dormouseEngine.crc(16, bytes, from, to, start);
}
export function crc32(bytes: Uint8Array, from = 0, to = bytes.length, start = 0): number {
	return dormouseEngine.crc(32, bytes, from, to, start);
}
