import { crc32 } from "../core/native.js";
import type { FlashPort } from "../core/ports.js";

const ENTRY = 32;
const MAGIC_LAYOUT = 0xce1101;

/**
 * The value of the partition's older layout, 1: entries of 32 bytes in its first two blocks (magic 0xce11, layout u8,
 * length u8, sequence u32, value, CRC-32), of which the highest sequence counts. It held epoch and record numbers.
 * @returns undefined when there is none
 */
export function readOldCell(port: FlashPort): Uint8Array | undefined {
	const entry = new Uint8Array(ENTRY);
	const view = new DataView(entry.buffer);
	let value: Uint8Array | undefined;
	let newest = 0;
	for (let at = 0; at < 2 * port.blockSize; at += ENTRY) {
		port.read(entry, at);
		if (view.getUint32(0) >>> 8 !== MAGIC_LAYOUT || view.getUint32(28) !== crc32(entry, 0, 28)) continue;
		if (view.getUint32(4) <= newest || entry[3]! > 20) continue;
		newest = view.getUint32(4);
		value = entry.slice(8, 8 + entry[3]!);
	}
	return value;
}
