import { NodeRecord } from "../core/record.js";
import {
	FRAME_MOST,
	type FrameSchema,
	type FrameTime,
	RECENT_BITS,
	type RecordEncoder,
	type RecordReader,
	TimeBase,
} from "./frame.js";
import { FrameModel } from "./frame-model.js";
import { RangeEncoder } from "./range-coder.js";
import { encodeShort } from "./short-frame.js";

/**
 * Encodes frames (see `docs/wire.md`): as many records as fit, none split. Records are read twice, to see how many go
 * together and to encode them; where not all of them fit, some times more.
 */
export class FrameEncoder<Reader extends RecordReader<Reader>> implements RecordEncoder<Reader> {
	private readonly schema: FrameSchema;
	private readonly view: Uint8Array;
	private readonly record: NodeRecord;
	private readonly reader: Reader;
	private readonly coder: RangeEncoder;
	private readonly model: FrameModel;
	upTo = 0;
	// What `survey` finds: how many records go together, the last one's time, the usual step.
	private count = 0;
	private last = 0;
	private step = 0;

	/**
	 * @param view where frames are written, from its start
	 * @param cursor makes a cursor of the queue that is to be read
	 */
	constructor(schema: FrameSchema, view: Uint8Array, cursor: () => Reader) {
		this.schema = schema;
		this.view = view;
		this.record = new NodeRecord(Math.max(schema.low.length, NodeRecord.widest));
		this.reader = cursor();
		this.coder = new RangeEncoder(view);
		this.model = new FrameModel(schema, this.coder);
	}
	encode(from: Reader, room: number, time: FrameTime): number {
		const { record, reader } = this;
		const { batch } = this.schema;
		let length = 0;
		for (let most = FRAME_MOST; most > 0 && length === 0; ) {
			if (!this.survey(from, most)) return 0;
			const tried = this.count;
			length = this.attempt(from, room, time);
			// `count` is now how many did fit. Two have their own usual step, which may cost less; and the declared batch costs
			// less to tell than any other number: it may fit where fewer do not.
			most = tried > batch && this.count < batch ? batch : Math.min(tried - 1, Math.max(this.count, 2));
		}
		if (length === 0) {
			reader.moveTo(from);
			reader.read(record);
			length = encodeShort(this.schema, record, time, this.view, room);
			this.upTo = record.number;
			this.count = 1;
		}
		if (length > 0) for (let n = this.count; n > 0; n--) from.read(record);
		return length;
	}

	/** Looks at up to `most` records of one epoch. @returns whether there is any */
	private survey(from: Reader, most: number): boolean {
		const { record, reader, schema } = this;
		let count = 0;
		let epoch = 0;
		let step = -1;
		reader.moveTo(from);
		while (count < most && reader.read(record) && (count === 0 || record.epoch === epoch)) {
			// The usual step is what the first two agree on, or else the declared one.
			const delay = record.seconds - this.last;
			if (count === 1) step = delay;
			else if (count === 2 && delay !== step) step = -1;
			epoch = record.epoch;
			this.last = record.seconds;
			count++;
		}
		this.count = count;
		this.step = step < 0 ? schema.every : step;
		return count > 0;
	}
	/** Encodes `count` records. @returns the frame's bytes; 0 when they do not fit, `count` is then how many did */
	private attempt(from: Reader, room: number, time: FrameTime): number {
		const { coder, model, record, reader, schema, view } = this;
		// A byte string of up to 23 bytes has a head of one byte, of up to 255 one of two (RFC 8949 §3).
		const most = room < 26 ? Math.min(room - 1, 23) : room < 259 ? Math.min(room - 2, 255) : Math.min(room - 3, 0xffff);
		const head = most < 24 ? 1 : most < 256 ? 2 : 3;
		const start = head + 2;
		coder.begin(start, head + most);
		reader.moveTo(from);
		reader.read(record);
		model.count = this.count;
		model.number = record.number;
		model.step = this.step;
		this.setTime(time);
		model.header();
		this.count = 0;
		for (let n = 0; n < model.count; ) {
			model.record(record, n === 0);
			if (coder.full) break;
			this.count = ++n;
			if (n < model.count) reader.read(record);
		}
		const end = coder.finish();
		if (coder.full || most < 2) {
			if (this.count === model.count) this.count--;
			return 0;
		}
		view[head] = schema.schema >> 8;
		view[head + 1] = schema.schema;
		this.upTo = record.number;
		return byteString(view, head, end - head);
	}
	/** Tells the model what times count from. The first record is at hand. */
	private setTime(time: FrameTime): void {
		const { model, record } = this;
		const current = record.epoch === time.epoch;
		const old = time.seconds - record.seconds;
		const wall = current && time.wall > 0 ? time.wall - old : 0;
		model.epoch = record.epoch;
		model.time = record.seconds;
		model.age = current ? Math.max(time.seconds - this.last, 0) : -1;
		model.base = current && time.stamped ? TimeBase.age : TimeBase.epoch;
		if (wall > 0 && wall < 0x1_0000_0000) {
			model.time = wall;
			// Nearly half of what the lowest bits tell apart is left for the way: a broker may hold a frame for days.
			model.base = old > -0x8000 && old < 2 ** (RECENT_BITS - 1) ? TimeBase.recent : TimeBase.wall;
		}
	}
}

/** Puts the head of a byte string before `length` bytes at `from`, and moves both to the start. @returns bytes in all */
export function byteString(view: Uint8Array, from: number, length: number): number {
	const head = length < 24 ? 1 : length < 256 ? 2 : 3;
	if (head < from) view.copyWithin(head, from, from + length);
	if (head === 1) view[0] = 0x40 | length;
	else {
		view[0] = 0x56 + head;
		if (head === 3) view[1] = length >> 8;
		view[head - 1] = length;
	}
	return head + length;
}
