import { utf8 } from "../core/bytes.js";
import { crc16 } from "../core/crc.js";
import type { SchemaQuantity } from "./frame.js";

/**
 * The id by which a decoder knows what a frame's columns mean: CRC-16 of names, units and resolutions in order. It
 * changes when any of these does.
 * @returns 0 … 0xffff
 */
export function schemaId(quantities: readonly SchemaQuantity[]): number {
	return crc16(utf8(quantities.map((q) => `${q.name}\t${q.unit}\t${q.resolution}\n`).join("")));
}
