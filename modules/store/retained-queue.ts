import { VARINT_LARGEST, VarintReader } from "../codec/varint.js";
import { DormouseError } from "../core/errors.js";
import { type NodeRecord, RecordKind } from "../core/record.js";
import type { RecordCursor, RecordQueue } from "./queue.js";
import { headOf, KIND, SOME_MISSING, WALL, writeFields } from "./record-fields.js";

const HEADER = 20;

/**
 * The queue in RTC memory: survives deep sleep, not a power loss. Records are differences to the one before, about seven
 * bytes for a weather sample, so that 1,400 bytes hold a day and more.
 *
 * A record: head byte (kind, wall, whether some are missing), seconds since the record before, then for a sample the
 * bitmap of missing values and each other value's difference to its last one; for other kinds the count of values and
 * the values. All varints.
 *
 * Retained section: schema u16, count u16, first number u32, base seconds u32, epoch u16, dropped u16, last seconds u32,
 * then the base values and the last values (i32 each), then the records.
 */
export class RetainedQueue implements RecordQueue {
	static readonly version = 1;
	count = 0;
	dropped = 0;
	private readonly schema: number;
	private end = 0;
	private lastSeconds = 0;
	// What follows is for cursors too. The first record's number, epoch and seconds are those that it is told against.
	/** Values of a sample. */
	readonly width: number;
	readonly bytes: Uint8Array;
	/** Base values, then last values: `width` of each. */
	readonly values: Int32Array;
	first = 0;
	epoch = 0;
	seconds = 0;

	/**
	 * @param schema what the declaration's schema id is; records of another schema are not taken back
	 * @param width values of a sample, 1 … 32
	 * @param room bytes for records
	 */
	constructor(schema: number, width: number, room: number) {
		this.schema = schema;
		this.width = width;
		this.bytes = new Uint8Array(room);
		this.values = new Int32Array(2 * width);
	}
	/** Bytes for records that a section of so many bytes has room for. */
	static roomIn(budget: number, width: number): number {
		return budget - HEADER - 8 * width;
	}
	get pressed(): boolean {
		return 4 * this.end > 3 * this.bytes.length;
	}
	get oldest(): number {
		return this.count > 0 ? this.first : 0;
	}
	push(record: NodeRecord): void {
		if (this.count === 0) this.restart(record);
		else if (record.number !== this.first + this.count || record.epoch !== this.epoch) throw new DormouseError("range");
		const needed = 2 + VARINT_LARGEST * (2 + record.length); // at most
		if (needed > this.bytes.length) throw new DormouseError("overflow");
		while (this.end + needed > this.bytes.length && this.count > 0) {
			this.forget(1);
			this.dropped++;
		}
		if (this.count === 0) this.restart(record);
		const { bytes, values, width, end } = this;
		bytes[end] = headOf(record);
		this.end = writeFields(record, this.lastSeconds, values, width, width, bytes, end + 1);
		this.lastSeconds = record.seconds;
		this.count++;
	}
	trim(upTo: number): void {
		const taken = Math.min(upTo - this.first + 1, this.count);
		if (taken > 0) this.forget(taken);
	}
	/** Forgets everything, the count of dropped records too. */
	clear(): void {
		this.count = 0;
		this.end = 0;
		this.dropped = 0;
	}
	cursor(): RecordCursor {
		return new Cursor(this);
	}
	/** Writes the retained section. @returns bytes written */
	retain(into: DataView): number {
		const { values, width } = this;
		into.setUint16(0, this.schema);
		into.setUint16(2, this.count);
		into.setUint32(4, this.first);
		into.setUint32(8, this.seconds);
		into.setUint16(12, this.epoch);
		into.setUint16(14, Math.min(this.dropped, 0xffff));
		into.setUint32(16, this.lastSeconds);
		let at = HEADER;
		for (let n = 0; n < width; n++, at += 8) {
			into.setInt32(at, values[n]!);
			into.setInt32(at + 4, values[width + n]!);
		}
		new Uint8Array(into.buffer, into.byteOffset + at, this.end).set(this.bytes.subarray(0, this.end));
		return at + this.end;
	}
	/** Takes back what {@link retain} wrote. @returns false when it cannot be; the queue is then empty */
	restore(from: DataView, version: number): boolean {
		const { values, width } = this;
		const start = HEADER + 8 * width;
		const end = from.byteLength - start;
		if (version !== RetainedQueue.version || end < 0 || end > this.bytes.length) return false;
		if (from.getUint16(0) !== this.schema) return false;
		this.count = from.getUint16(2);
		this.first = from.getUint32(4);
		this.seconds = from.getUint32(8);
		this.epoch = from.getUint16(12);
		this.dropped = from.getUint16(14);
		this.lastSeconds = from.getUint32(16);
		for (let n = 0, at = HEADER; n < width; n++, at += 8) {
			values[n] = from.getInt32(at);
			values[width + n] = from.getInt32(at + 4);
		}
		this.bytes.set(new Uint8Array(from.buffer, from.byteOffset + start, end));
		this.end = end;
		return true;
	}

	/** Whether all records can be read: walks them, which ordinary wakes need not. */
	isSound(): boolean {
		try {
			const reader = new Cursor(this);
			for (let n = 0; n < this.count; n++) reader.read();
			return reader.at === this.end;
		} catch {
			return false; // `truncated` or `malformed`
		}
	}

	/** An empty queue's base and last state are those of the record that comes first. */
	private restart(record: NodeRecord) {
		const { values, width } = this;
		this.end = 0;
		this.first = record.number;
		this.epoch = record.epoch;
		this.seconds = this.lastSeconds = record.seconds;
		values.fill(0);
		if (record.kind !== RecordKind.sample) return;
		for (let n = 0; n < width; n++) if (!record.isMissing(n)) values[n] = values[width + n] = record.values[n]!;
	}
	/** Drops the oldest records; the place behind them is the new base. */
	private forget(records: number) {
		if (records === this.count) {
			this.count = this.end = 0; // the next record is the base
			return;
		}
		const reader = new Cursor(this);
		for (let n = 0; n < records; n++) reader.read();
		this.first += records;
		this.seconds = reader.seconds;
		this.values.set(reader.values);
		this.bytes.copyWithin(0, reader.at, this.end);
		this.end -= reader.at;
		this.count -= records;
	}
}

/** Reads records by adding differences up. */
class Cursor extends VarintReader implements RecordCursor {
	private readonly queue: RetainedQueue;
	readonly values: Int32Array;
	seconds = 0;
	private index = 0;

	constructor(queue: RetainedQueue) {
		super(queue.bytes);
		this.queue = queue;
		this.values = new Int32Array(queue.width);
		this.seek(0);
	}
	seek(number: number): void {
		const { queue, values } = this;
		this.at = this.index = 0;
		if (number >= queue.first + queue.count) {
			this.index = queue.count; // the end: nothing is read there, so that nothing need be added up
			return;
		}
		this.seconds = queue.seconds;
		values.set(queue.values.subarray(0, queue.width));
		while (queue.first + this.index < number && this.read());
	}
	moveTo(other: Cursor): void {
		this.at = other.at;
		this.index = other.index;
		this.seconds = other.seconds;
		this.values.set(other.values);
	}
	/** @param into where to; without it, the record is passed over */
	read(into?: NodeRecord): boolean {
		const { queue, values } = this;
		const { bytes } = queue;
		if (this.index >= queue.count) return false;
		const head = this.byte();
		const kind = (head & KIND) as RecordKind;
		let step = this.unsigned(); // here and below not signed(): one call more, where a wake's stack is deepest
		this.seconds += step % 2 ? -(step + 1) / 2 : step / 2;
		if (into) {
			into.kind = kind;
			into.wall = (head & WALL) !== 0;
			into.number = queue.first + this.index;
			into.epoch = queue.epoch;
			into.seconds = this.seconds;
			into.missing = 0;
			into.length = values.length;
		}
		this.index++;
		if (kind === RecordKind.sample) {
			const missing = head & SOME_MISSING ? this.unsigned() : 0;
			if (into) into.missing = missing;
			const { length } = values;
			const to = into?.values;
			for (let n = 0; n < length; n++) {
				if (missing & (1 << n)) continue;
				step = bytes[this.at]!;
				if (step < 0x80)
					this.at++; // as most are: a call costs more than all else here
				else step = this.unsigned();
				step = values[n]! + (step % 2 ? -(step + 1) / 2 : step / 2);
				values[n] = step;
				if (to) to[n] = step;
			}
		} else {
			const length = this.byte();
			if (into) into.length = Math.min(length, into.values.length);
			for (let n = 0; n < length; n++) {
				const value = this.signed();
				if (into && n < into.length) into.values[n] = value;
			}
		}
		return true;
	}
}
