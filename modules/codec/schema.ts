import { utf8 } from "../core/bytes.js";
import { crc16 } from "../core/crc.js";
import type { FrameSchema } from "./frame.js";

/** What a schema is made of: a sample's values, in order. */
export interface SchemaQuantity {
	readonly name: string;
	/** SenML unit. */
	readonly unit: string;
	/** What one step of the integer is, in `unit`. */
	readonly resolution: number;
	/** The range, inclusive, in `unit`. */
	readonly low: number;
	readonly high: number;
}

/** Frames of another version have other ids, whatever the declaration. */
const VERSION = 2;

/**
 * The id by which stored records are known: CRC-16 of names, units and resolutions in order. It changes when any of
 * these does.
 * @returns 0 … 0xffff
 */
export function schemaId(quantities: readonly SchemaQuantity[]): number {
	return crc16(utf8(quantities.map((q) => `${q.name}\t${q.unit}\t${q.resolution}\n`).join("")));
}

/**
 * What frames of a declaration are encoded and decoded with. The id by which a decoder knows them is a CRC-16 of all that
 * decoding depends on, without its highest bit: it changes when any of it does.
 * @param every declared seconds between samples
 * @param batch declared records a frame
 */
export function frameSchema(quantities: readonly SchemaQuantity[], every: number, batch: number): FrameSchema {
	const low: number[] = [];
	const high: number[] = [];
	let text = `${VERSION}\t${every}\t${batch}\t${schemaId(quantities)}\n`;
	for (const { resolution, ...q } of quantities) {
		const least = scaled(q.low, resolution);
		const most = scaled(q.high, resolution);
		low.push(least);
		high.push(most);
		text += `${least}\t${most}\n`;
	}
	const schema = crc16(utf8(text)) & 0x7fff;
	return Object.freeze({ schema, every, batch, low: Object.freeze(low), high: Object.freeze(high) });
}

/** As a sampler rounds, half away from zero: a reading at the end of its range is not beyond it. */
function scaled(value: number, resolution: number): number {
	const steps = resolution < 1 ? value * Math.round(1 / resolution) : value / resolution;
	return Math.sign(steps) * Math.round(Math.abs(steps)) + 0;
}
