import { TimeBase } from "../../modules/codec/frame.js";
import { FrameModel } from "../../modules/codec/frame-model.js";
import { RangeEncoder } from "../../modules/codec/range-coder.js";
import { NodeRecord } from "../../modules/core/record.js";
import { at, sample, WEATHER_SCHEMA } from "./frame-bytes.js";
import { fill, type PlainRecord } from "./records.js";

/** A frame that `docs/wire.md` spells out. */
export interface WorkedFrame {
	readonly name: string;
	readonly records: readonly PlainRecord[];
	readonly room: number;
	readonly hex: string;
}

/** The node's wall time when it makes these frames, and its seconds of epoch 7. */
export const WORKED_TIME = Object.freeze(at(7205, { wall: 1_700_000_005 }));

const first = { ...sample(300, 6000, 2150, 455, 10_132, 398), wall: true };
const second = { ...sample(301, 6600, 2147, 457, 10_132, 398), wall: true };
const third = { ...sample(302, 7200, 2139, undefined, 10_133, 398), wall: true };

/** Frames of the weather node. */
export const WORKED_FRAMES: readonly WorkedFrame[] = Object.freeze([
	{ name: "one sample", records: [third], room: 200, hex: "4d1c924d49b217a600ed7dd7e524" },
	{ name: "three samples", records: [first, second, third], room: 200, hex: "521c924d3194d789e3803d6568eac9120535dd" },
	{ name: "the short form", records: [first], room: 11, hex: "4a92012c34980671f7b98e" },
]);

/** The decisions of a long frame in base `recent`, a line for its header and for each record. */
export function decisionsOf(records: readonly PlainRecord[]): string[] {
	const bytes = new Uint8Array(200);
	const encoder = new RangeEncoder(bytes);
	encoder.begin(0, bytes.length);
	let told: string[] = [];
	const model = new FrameModel(WEATHER_SCHEMA, {
		code(outcome, n, p) {
			told.push(n > 0 ? `u${n}=${outcome}` : `b${p}=${outcome}`);
			return encoder.code(outcome, n, p);
		},
	});
	const lines: string[] = [];
	const end = () => {
		lines.push(told.join(" "));
		told = [];
	};
	model.base = TimeBase.recent;
	model.number = records[0]!.number;
	model.count = records.length;
	model.step = WEATHER_SCHEMA.every;
	model.time = WORKED_TIME.wall - (WORKED_TIME.seconds - records[0]!.seconds);
	model.header();
	end();
	const record = new NodeRecord(12);
	for (const [n, one] of records.entries()) {
		model.head(fill(record, one), n === 0);
		model.body(record);
		end();
	}
	return lines;
}
