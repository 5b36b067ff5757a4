import { VARINT_LARGEST, VarintReader, writeVarint, zigzag } from "../codec/varint.js";
import { DormouseError } from "../core/errors.js";
import { NodeRecord, RecordKind } from "../core/record.js";
import type { RecordCursor, RecordQueue } from "./queue.js";

const HEADER = 20;
const KIND = 0x07;
const WALL = 0x08;
const SOME_MISSING = 0x10;

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
	private readonly schema: number;
	private readonly width: number;
	private readonly bytes: Uint8Array;
	private readonly base: NodeRecord;
	private readonly last: NodeRecord;
	private readonly scratch: NodeRecord;
	private readonly reader: Cursor;
	private end = 0;
	count = 0;
	dropped = 0;

	/**
	 * @param schema what the declaration's schema id is; records of another schema are not taken back
	 * @param width values of a sample, 1 … 32
	 * @param room bytes for records
	 */
	constructor(schema: number, width: number, room: number) {
		this.schema = schema;
		this.width = width;
		this.bytes = new Uint8Array(room);
		const widest = Math.max(width, NodeRecord.widest);
		this.base = new NodeRecord(widest);
		this.last = new NodeRecord(widest);
		this.scratch = new NodeRecord(widest);
		this.reader = new Cursor(this.bytes, this.base, width, () => this.count);
	}
	/** Bytes for records that a section of so many bytes has room for. */
	static roomIn(budget: number, width: number): number {
		return budget - HEADER - 8 * width;
	}
	get oldest(): number {
		return this.count > 0 ? this.base.number : 0;
	}
	push(record: NodeRecord): void {
		if (this.count === 0) this.restart(record);
		else if (record.number !== this.last.number + 1 || record.epoch !== this.last.epoch)
			throw new DormouseError("range", `record ${record.number} does not follow ${this.last.number}`);
		const needed = this.largest(record);
		if (needed > this.bytes.length) throw new DormouseError("overflow", "the record is larger than the queue");
		while (this.end + needed > this.bytes.length && this.count > 0) {
			this.dropFirst();
			this.dropped++;
		}
		if (this.count === 0) this.restart(record);
		this.end = this.append(record, this.end);
		this.count++;
	}
	trim(upTo: number): void {
		const reader = this.reader;
		reader.seek(0);
		let taken = 0;
		while (taken < this.count && this.base.number + taken <= upTo && reader.read(this.scratch)) taken++;
		if (taken > 0) this.forget(taken, reader);
	}
	/** Forgets everything, the count of dropped records too. */
	clear(): void {
		this.count = 0;
		this.end = 0;
		this.dropped = 0;
	}
	cursor(): RecordCursor {
		return new Cursor(this.bytes, this.base, this.width, () => this.count);
	}
	/** Writes the retained section. @returns bytes written */
	retain(into: DataView): number {
		into.setUint16(0, this.schema);
		into.setUint16(2, this.count);
		into.setUint32(4, this.base.number);
		into.setUint32(8, this.base.seconds);
		into.setUint16(12, this.base.epoch);
		into.setUint16(14, Math.min(this.dropped, 0xffff));
		into.setUint32(16, this.last.seconds);
		let at = HEADER;
		for (let n = 0; n < this.width; n++, at += 8) {
			into.setInt32(at, this.base.values[n]!);
			into.setInt32(at + 4, this.last.values[n]!);
		}
		new Uint8Array(into.buffer, into.byteOffset + at, this.end).set(this.bytes.subarray(0, this.end));
		return at + this.end;
	}
	/** Takes back what {@link retain} wrote. @returns false when it cannot be; the queue is then empty */
	restore(from: DataView, version: number): boolean {
		const values = HEADER + 8 * this.width;
		const end = from.byteLength - values;
		if (version !== RetainedQueue.version || end < 0 || end > this.bytes.length) return false;
		if (from.getUint16(0) !== this.schema) return false;
		this.count = from.getUint16(2);
		this.base.number = from.getUint32(4);
		this.base.seconds = from.getUint32(8);
		this.base.epoch = from.getUint16(12);
		this.dropped = from.getUint16(14);
		this.last.number = this.base.number + this.count - 1;
		this.last.epoch = this.base.epoch;
		this.last.seconds = from.getUint32(16);
		for (let n = 0, at = HEADER; n < this.width; n++, at += 8) {
			this.base.values[n] = from.getInt32(at);
			this.last.values[n] = from.getInt32(at + 4);
		}
		this.bytes.set(new Uint8Array(from.buffer, from.byteOffset + values, end));
		this.end = end;
		return true;
	}

	/** An empty queue's base and last state are those of the record that comes first. */
	private restart(record: NodeRecord) {
		this.end = 0;
		this.base.number = record.number;
		this.base.epoch = record.epoch;
		this.base.seconds = record.seconds;
		this.last.seconds = record.seconds;
		this.base.values.fill(0);
		this.last.values.fill(0);
		if (record.kind === RecordKind.sample)
			for (let n = 0; n < this.width; n++)
				if (!record.isMissing(n)) this.base.values[n] = this.last.values[n] = record.values[n]!;
	}
	private largest(record: NodeRecord): number {
		return 2 + VARINT_LARGEST * (2 + record.length);
	}
	private append(record: NodeRecord, start: number): number {
		const bytes = this.bytes;
		const last = this.last;
		const sample = record.kind === RecordKind.sample;
		let at = start;
		bytes[at++] = record.kind | (record.wall ? WALL : 0) | (record.missing ? SOME_MISSING : 0);
		at = writeVarint(zigzag(record.seconds - last.seconds), bytes, at);
		if (sample) {
			if (record.missing) at = writeVarint(record.missing, bytes, at);
			for (let n = 0; n < this.width; n++) {
				if (record.isMissing(n)) continue;
				at = writeVarint(zigzag(record.values[n]! - last.values[n]!), bytes, at);
				last.values[n] = record.values[n]!;
			}
		} else {
			bytes[at++] = record.length;
			for (let n = 0; n < record.length; n++) at = writeVarint(zigzag(record.values[n]!), bytes, at);
		}
		last.number = record.number;
		last.epoch = record.epoch;
		last.seconds = record.seconds;
		return at;
	}
	private dropFirst() {
		this.reader.seek(0);
		this.reader.read(this.scratch);
		this.forget(1, this.reader);
	}
	/** Drops what `reader` has passed, and makes its place the new base. */
	private forget(records: number, reader: Cursor) {
		this.base.number += records;
		this.base.seconds = reader.seconds;
		this.base.values.set(reader.values);
		this.bytes.copyWithin(0, reader.at, this.end);
		this.end -= reader.at;
		this.count -= records;
	}
}

/** Reads records by adding differences up. */
class Cursor implements RecordCursor {
	private readonly base: NodeRecord;
	private readonly reader: VarintReader;
	private readonly width: number;
	private readonly count: () => number;
	readonly values: Int32Array;
	private readonly passed: NodeRecord;
	seconds = 0;
	private index = 0;

	constructor(bytes: Uint8Array, base: NodeRecord, width: number, count: () => number) {
		this.base = base;
		this.reader = new VarintReader(bytes);
		this.width = width;
		this.count = count;
		this.values = new Int32Array(base.values.length);
		this.passed = new NodeRecord(base.values.length);
		this.seek(0);
	}
	get at(): number {
		return this.reader.at;
	}
	seek(number: number): void {
		this.reader.at = 0;
		this.index = 0;
		this.seconds = this.base.seconds;
		this.values.set(this.base.values);
		while (this.base.number + this.index < number && this.read(this.passed));
	}
	moveTo(other: Cursor): void {
		this.reader.at = other.reader.at;
		this.index = other.index;
		this.seconds = other.seconds;
		this.values.set(other.values);
	}
	read(into: NodeRecord): boolean {
		if (this.index >= this.count()) return false;
		const reader = this.reader;
		const head = reader.byte();
		this.seconds += reader.signed();
		into.kind = (head & KIND) as RecordKind;
		into.wall = (head & WALL) !== 0;
		into.number = this.base.number + this.index++;
		into.epoch = this.base.epoch;
		into.seconds = this.seconds;
		into.missing = 0;
		if (into.kind === RecordKind.sample) {
			if (head & SOME_MISSING) into.missing = reader.unsigned();
			into.length = this.width;
			for (let n = 0; n < this.width; n++) {
				if (into.isMissing(n)) continue;
				this.values[n]! += reader.signed();
				into.values[n] = this.values[n]!;
			}
		} else {
			into.length = Math.min(reader.byte(), into.values.length);
			for (let n = 0; n < into.length; n++) into.values[n] = reader.signed();
		}
		return true;
	}
}
