import type { NodeEncoding } from "../../modules/codec/encoding.js";
import type { FrameTime } from "../../modules/codec/frame.js";
import { frameSchema, type SchemaQuantity } from "../../modules/codec/schema.js";
import { senml } from "../../modules/codec/senml.js";
import { NodeRecord } from "../../modules/core/record.js";
import type { Seeded } from "../../sim/seeded.js";
import * as assert from "../assert.js";
import { PlainCursor, type PlainRecord } from "./records.js";

/** The id of the node in these packs: an EUI-48. */
export const NODE_ID = "02005e102030";

export function planOf(quantities: readonly SchemaQuantity[], every = 600, batch = 12): NodeEncoding {
	return senml.plan({ quantities, frame: frameSchema(quantities, every, batch) });
}

/** Encodes a pack from the first of the records. Nothing beyond the room may be written. */
export function encodePack(
	quantities: readonly SchemaQuantity[],
	records: readonly PlainRecord[],
	room: number,
	time: Partial<FrameTime>,
	nodeId = NODE_ID,
): { bytes: Uint8Array; taken: number; upTo: number } {
	const view = new Uint8Array(room + 8).fill(0xee);
	const cursor = new PlainCursor(records);
	const encoder = planOf(quantities).create(nodeId, view, new PlainCursor(records), new NodeRecord(32));
	const length = encoder.encode(cursor, room, { epoch: 1, seconds: 0, wall: 0, stamped: false, ...time });
	assert.ok(length <= room, "longer than the room");
	assert.ok(
		view.subarray(length).every((byte) => byte === 0xee),
		"written beyond the pack",
	);
	return { bytes: view.slice(0, length), taken: cursor.at, upTo: encoder.upTo };
}

const UNITS = Object.freeze("Cel hPa V %RH dBm km/h mm/h m/h Wh/km kWh ppm /100 mV ug/m3 GB KiB min lx 1/s".split(" "));
const RESOLUTIONS = Object.freeze([0.01, 0.1, 1, 0.05, 0.5, 0.002, 10, 5, 1000, 1e-6, 200_000]);

/** One to six readings of any units and resolutions, of ranges that 32 bits hold. */
export function randomQuantities(random: Seeded): SchemaQuantity[] {
	return Array.from({ length: random.between(1, 6) }, (_, n) => {
		const resolution = RESOLUTIONS[random.between(0, RESOLUTIONS.length - 1)]!;
		return {
			name: `${"tuvwxy"[n]}${"_long-name-of-it".slice(0, random.between(0, 16))}`,
			unit: UNITS[random.between(0, UNITS.length - 1)]!,
			resolution,
			low: -0x7fff_ffff * resolution,
			high: 0x7fff_ffff * resolution,
		};
	});
}
