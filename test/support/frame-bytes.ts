import { type FrameSchema, type FrameTime, RECENT_BITS, TimeBase } from "../../modules/codec/frame.js";
import { FrameEncoder } from "../../modules/codec/frame-encoder.js";
import { frameSchema, type SchemaQuantity } from "../../modules/codec/schema.js";
import { NodeRecord, RecordKind } from "../../modules/core/record.js";
import * as assert from "../assert.js";
import { PlainCursor, type PlainRecord } from "./records.js";

/** What the weather node measures. */
export const WEATHER_QUANTITIES: readonly SchemaQuantity[] = Object.freeze([
	Object.freeze({ name: "temperature", unit: "Cel", resolution: 0.01, low: -40, high: 85 }),
	Object.freeze({ name: "humidity", unit: "%RH", resolution: 0.1, low: 0, high: 100 }),
	Object.freeze({ name: "pressure", unit: "hPa", resolution: 0.1, low: 300, high: 1100 }),
	Object.freeze({ name: "battery", unit: "V", resolution: 0.01, low: 0, high: 4.9 }),
]);
/** Its frames: a sample every ten minutes, twelve together. */
export const WEATHER_SCHEMA: FrameSchema = frameSchema(WEATHER_QUANTITIES, 600, 12);

/** A schema without a declaration. */
export function schemaOf(low: readonly number[], high: readonly number[], every = 60, batch = 12): FrameSchema {
	return { schema: 0x1234, every, batch, low, high };
}

/** A sample of epoch 7. */
export function sample(number: number, seconds: number, ...values: (number | undefined)[]): PlainRecord {
	return { number, kind: RecordKind.sample, epoch: 7, seconds, wall: false, values };
}

/** What an encoder knows of time: in epoch 7, without wall time, unless `more` says otherwise. */
export function at(seconds: number, more: Partial<FrameTime> = {}): FrameTime {
	return { epoch: 7, seconds, wall: 0, stamped: false, ...more };
}

export interface Encoded {
	/** The frame; empty when nothing fitted. */
	readonly bytes: Uint8Array;
	/** How many records went in. */
	readonly taken: number;
	readonly upTo: number;
}

/** Encodes one frame, and sees to it that nothing beyond its room was written and the cursor stands where it should. */
export function encodeFrame(
	records: readonly PlainRecord[],
	schema: FrameSchema,
	room: number,
	time: FrameTime,
): Encoded {
	const view = new Uint8Array(room + 8).fill(0xee);
	const cursor = new PlainCursor(records);
	const encoder = new FrameEncoder(schema, view, new PlainCursor(records), new NodeRecord(32));
	const length = encoder.encode(cursor, room, time);
	assert.ok(length <= room, `${length} bytes in a room of ${room}`);
	for (let n = room; n < view.length; n++) assert.equal(view[n], 0xee, "written beyond the room");
	if (length > 0) assert.equal(encoder.upTo, records[cursor.at - 1]!.number);
	assert.equal(cursor.at > 0, length > 0, "the cursor moves exactly when there is a frame");
	return { bytes: view.slice(0, length), taken: cursor.at, upTo: encoder.upTo };
}

/** The base that the first of these records asks for: what `docs/wire.md` says, in other words than the encoder's. */
export function baseOf(records: readonly PlainRecord[], time: FrameTime): TimeBase {
	const { epoch, seconds } = records[0]!;
	if (epoch !== time.epoch) return TimeBase.epoch;
	const age = time.seconds - seconds;
	const wall = time.wall - age;
	if (time.wall > 0 && wall > 0 && wall <= 0xffff_ffff)
		return age > -32_768 && age < 524_288 ? TimeBase.recent : TimeBase.wall;
	return time.stamped ? TimeBase.age : TimeBase.epoch;
}

/** What a decoder tells of these records, all of them in one long frame. */
export function decodedOf(records: readonly PlainRecord[], base: TimeBase, time: FrameTime) {
	const first = records[0]!;
	const last = records[records.length - 1]!.seconds;
	const age = Math.max(time.seconds - last, 0);
	let start = time.wall - (time.seconds - first.seconds);
	if (base === TimeBase.recent) start %= 2 ** RECENT_BITS;
	return records.map(({ number, kind, epoch, seconds, wall, values }) => ({
		number,
		kind,
		epoch: base === TimeBase.epoch ? epoch : undefined,
		seconds:
			base === TimeBase.epoch
				? seconds
				: base === TimeBase.age
					? ((seconds - last) | 0) - age
					: (start + seconds - first.seconds) >>> 0,
		wall,
		values,
	}));
}
