import type { NodeRecord } from "../core/record.js";
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
	count = 0;
	private last = 0;
	private step = 0;

	/**
	 * @param view where frames are written, from its start
	 * @param reader a cursor of the queue that is to be read, for the encoder alone
	 * @param record wide enough for all records, for the encoder while it encodes
	 */
	constructor(schema: FrameSchema, view: Uint8Array, reader: Reader, record: NodeRecord) {
		this.schema = schema;
		this.view = view;
		this.record = record;
		this.reader = reader;
		this.coder = new RangeEncoder(view);
		this.model = new FrameModel(schema, this.coder);
	}
	encode(from: Reader, room: number, time: FrameTime, end = 0xffff_ffff): number {
		const { coder, model, record, reader } = this;
		// A byte string of up to 23 bytes has a head of one byte, of up to 255 one of two (RFC 8949 §3).
		const most = room < 26 ? Math.min(room - 1, 23) : room < 259 ? Math.min(room - 2, 255) : Math.min(room - 3, 0xffff);
		const head = most < 24 ? 1 : most < 256 ? 2 : 3;
		let length = 0;
		for (let tried = FRAME_MOST; tried > 0 && length === 0; ) {
			this.survey(from, tried, end);
			tried = this.count;
			if (tried === 0) return 0;
			reader.moveTo(from);
			reader.read(record);
			this.begin(time, head, most);
			model.header();
			let done = 0;
			for (; done < tried; done++) {
				if (done > 0) reader.read(record);
				model.head(record, done === 0);
				model.body(record);
				if (coder.full) break;
			}
			coder.finish();
			if (!coder.full && most > 1) {
				this.upTo = record.number;
				length = byteString(this.view, head, coder.at - head);
			}
			// Two have their own usual step, which may cost less; and the declared batch costs less to tell than any other
			// number: it may fit where fewer do not.
			else if (tried > this.schema.batch && done < this.schema.batch) tried = this.schema.batch;
			else tried = Math.min(tried - 1, Math.max(done, 2));
		}
		if (length === 0) {
			reader.moveTo(from);
			reader.read(record);
			length = encodeShort(this.schema, record, time, this.view, room);
			this.upTo = record.number;
			this.count = 1;
		}
		if (length > 0) from.moveTo(reader); // which has read what went in, and no more
		return length;
	}

	/** Looks at up to `most` records of one epoch, with numbers up to `end`. */
	private survey(from: Reader, most: number, end: number): void {
		const { record, reader, schema } = this;
		let count = 0;
		let epoch = 0;
		let step = -1;
		reader.moveTo(from);
		while (count < most && reader.read(record) && (count === 0 || record.epoch === epoch)) {
			if (record.number > end) break;
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
	}
	/** Begins a frame of `count` records. The first one is at hand. */
	private begin(time: FrameTime, head: number, most: number): void {
		const { model, record, schema, view } = this;
		if (most > 1) {
			view[head] = schema.schema >> 8;
			view[head + 1] = schema.schema;
		}
		this.coder.begin(head + 2, head + most);
		model.count = this.count;
		model.number = record.number;
		model.step = this.step;
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
