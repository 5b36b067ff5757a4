import { writeVarint } from "../codec/varint.js";
import { DormouseError } from "../core/errors.js";
import { NodeRecord, RecordKind } from "../core/record.js";
import { BATCH, EntryReader, EPOCH, TAGGED } from "./entry.js";
import type { Log } from "./log.js";
import type { RecordCursor, RecordQueue } from "./queue.js";
import { headOf, KIND, SOME_MISSING, WALL, writeFields } from "./record-fields.js";
import { BODY, DRAFT, HEADER, RECORDS, THINNED } from "./sectors.js";
import type { RecordChain } from "./tamper-evidence.js";

/**
 * What happens when there is no room for a record: the oldest sector's records go (`oldest`), the new record does not
 * come in (`newest`), or of two older sectors every n-th sample stays (`thin`).
 */
export type FullPolicy = "oldest" | "newest" | "thin";

/** Bytes that a record takes at most, without values. */
const MOST = 12;
const MOST_VALUE = 5;
/** Bytes of an entry before its first record's fields, at most. */
const PREFIX = 12;

/**
 * The queue of records in the log. A record is durable when `push` returns; numbers of the records increase.
 *
 * An entry holds one record or several, each told by its differences to the one before (the first: to zero), as in
 * `RetainedQueue`; the entry is complete in itself but for the sector's first number and epoch.
 */
export class LogQueue implements RecordQueue {
	readonly log: Log;
	readonly schema: number;
	/** Values of a sample. */
	readonly width: number;
	/** Links each record that comes, where the declaration wants evidence; entries then hold one record. Not with `thin`. */
	declare chain: RecordChain | undefined;
	private readonly policy: FullPolicy;
	private readonly every: number;
	// The entry that is being drafted. Declared alone: they take slots from the first one on.
	declare private values: Int32Array;
	declare private seconds: number;
	declare private at: number;
	declare private head: number;
	declare private number: number;
	declare private epoch: number;
	declare private count_: number;
	declare private step: number;
	declare private late: boolean;
	/** Room had to be made, or was refused. */
	declare private full: boolean | undefined;

	/**
	 * @param schema what the declaration's schema id is: records of another one are dropped and counted
	 * @param width values of a sample, 1 … 32
	 * @param every of samples that are thinned out, every so manieth stays, 2 … 10
	 */
	constructor(log: Log, schema: number, width: number, policy: FullPolicy = "oldest", every = 2) {
		this.log = log;
		this.schema = schema;
		this.width = width;
		this.policy = policy;
		this.every = every;
		log.queue = this;
	}
	get count(): number {
		this.log.known();
		return this.log.count;
	}
	get dropped(): number {
		this.log.known();
		return this.log.dropped;
	}
	/**
	 * Whether records take three quarters of the sectors that they may have, or there was no room for one since the queue
	 * was made: where sectors are worn out, that may be long before.
	 */
	get pressed(): boolean {
		const { log } = this;
		if (this.count === 0) return false;
		log.ready();
		// The newest sector counts as far as it is written: on few sectors each is a good part of the room.
		const { live, sectors, size, records, tail, tailAt } = log;
		const used = tailAt > 0 && tail === records.sector ? records.end - tailAt : (live - 1) * size + records.end;
		return this.full === true || 4 * used > 3 * (sectors - 2) * size;
	}
	/** The first number that may wait: what is below is gone. 0 when none waits. */
	get oldest(): number {
		return this.count === 0 ? 0 : this.log.floor + 1;
	}
	/**
	 * Appends a record; durable on return.
	 * @throws {DormouseError} `range` when its number is not above the last one's, or its epoch below; `flash` when nothing
	 * can be written. Nothing has changed then
	 */
	push(record: NodeRecord): void {
		const { log } = this;
		log.ready();
		if (record.number <= log.last) throw new DormouseError("range");
		this.chain?.begin(this, record.number);
		this.count_ = 0;
		this.late = false;
		this.add(record);
		this.flush();
	}
	/**
	 * Appends all records of a queue whose numbers are above the last one here, as few entries: durable on return.
	 * @param record is used for it
	 * @throws {DormouseError} as {@link push}; some of the records may be here then, and are passed over next time
	 */
	take(queue: RecordQueue, record: NodeRecord): void {
		const { log, chain } = this;
		log.ready();
		const cursor = queue.cursor();
		cursor.seek(log.last + 1);
		this.count_ = 0;
		while (cursor.read(record)) {
			if (chain) {
				this.flush();
				chain.begin(this, record.number);
				this.late = true;
			} else if (this.add(record)) continue;
			else this.flush();
			this.add(record);
		}
		this.flush();
	}
	trim(upTo: number): void {
		const { log } = this;
		if (this.count === 0) return;
		log.ready();
		if (log.count === 0 || upTo <= log.floor) return;
		const reader = new LogCursor(this);
		let { floor, taken, dropped, lost } = log;
		for (;;) {
			if (!reader.advance()) {
				// All that can be read is gone. What else was pushed, flash has lost.
				lost += Math.max(log.pushed - taken, 0);
				taken = log.pushed;
				floor = log.last;
				break;
			}
			if (reader.number > upTo && !reader.foreign) {
				floor = reader.number - 1;
				break;
			}
			floor = Math.max(floor, reader.number);
			reader.left--;
			reader.number += reader.step;
			taken++;
			if (reader.foreign) dropped++;
		}
		if (taken !== log.taken) log.writeState(floor, Math.min(taken, log.pushed), dropped, lost);
		reader.mark();
		log.provide(0);
	}
	cursor(): RecordCursor {
		this.log.ready();
		return new LogCursor(this);
	}

	/** Adds a record to the drafted entry. @returns false when it does not fit there: the entry must be flushed first */
	private add(record: NodeRecord): boolean {
		const { width, count_ } = this;
		const { draft, size } = this.log;
		let { at, values } = this;
		if (count_ === 0) {
			this.values = values ??= new Int32Array(width);
			values.fill(0);
			at = DRAFT;
			this.seconds = 0;
			this.number = record.number;
			this.epoch = record.epoch;
			this.step = 1;
			this.head = 0;
		} else {
			const step = (record.number - this.number) / count_;
			const room = Math.min(BODY, size - HEADER - 32) - PREFIX;
			if (
				record.epoch !== this.epoch ||
				count_ === 0xff ||
				step > 0xff ||
				(count_ > 1 && step !== this.step) ||
				at - DRAFT + MOST + MOST_VALUE * record.length > room
			)
				return false;
			this.step = step;
		}
		if (count_ === 0) this.head = headOf(record);
		else draft[at++] = headOf(record);
		at = writeFields(record, this.seconds, values, 0, width, draft, at);
		this.seconds = record.seconds;
		if (this.chain) {
			this.at = at;
			at = this.chain.append(record, this.late, draft, at);
			if (at > this.at) this.head |= TAGGED;
		}
		this.at = at;
		this.count_++;
		return true;
	}
	/** Writes what an entry begins with. @returns where the entry starts in the draft */
	private finish(first: number, epoch: number): number {
		const { draft } = this.log;
		const several = this.count_ > 1 || (this.late && (this.head & TAGGED) > 0);
		draft[1] = this.head | (this.epoch === epoch ? 0 : EPOCH) | (several ? BATCH : 0);
		let at = writeVarint(this.number - first, draft, 2);
		if (this.epoch !== epoch) at = writeVarint(this.epoch - epoch, draft, at);
		if (several) {
			draft[at++] = this.count_;
			draft[at++] = this.step;
		}
		draft.copyWithin(DRAFT - at, 0, at);
		return DRAFT - at;
	}
	/** Appends the drafted entry, in another sector where it must be; or counts its records as dropped. */
	private flush() {
		const { log, count_ } = this;
		if (count_ === 0) return;
		if (this.epoch < log.epoch && log.records.sequence > 0) throw new DormouseError("range", "epoch");
		for (;;) {
			const start = this.finish(log.first, log.epoch);
			if (this.schema === log.schema && log.append(log.records, start, this.at - start - 1) > 0) break;
			if (this.openSector()) continue;
			this.count_ = 0;
			log.provide(0);
			log.writeState(log.floor, log.taken, log.dropped + count_, log.lost);
			return;
		}
		this.count_ = 0;
		this.chain?.stored();
		log.pushed += count_;
		log.last = this.number + (count_ - 1) * this.step;
	}
	/** Takes a sector for the drafted entry and what follows. @returns false when the policy does not let it in */
	private openSector(): boolean {
		const { log } = this;
		const { records, view } = log;
		const drafted = log.draft.slice(); // cells are drafted there too
		log.map();
		for (let saved = !this.chain; ; saved = true) {
			// One sector stays free, for the cells.
			while (log.free() < 2) {
				this.full = true;
				if (this.policy === "newest") return false;
				if ((this.policy === "thin" && this.thin()) || this.dropOldest()) continue;
				throw new DormouseError("flash", "no sector is left");
			}
			if (saved) break;
			this.chain?.save(this); // the newest sector and this say together where the chain stands
		}
		log.seal(records);
		let sector: number;
		do {
			sector = log.take();
			if (sector < 0) throw new DormouseError("flash", "no sector is left");
			log.compose(RECORDS);
			view.setUint32(12, this.number);
			view.setUint32(16, log.pushed);
			view.setUint16(20, this.epoch);
			view.setUint16(22, this.schema);
			view.setUint16(24, records.sequence);
			view.setUint16(26, records.sequence ? records.end : 0);
		} while (!log.commit(sector));
		records.sector = sector;
		records.sequence = log.sequence;
		records.end = HEADER;
		records.closed = records.dubious = false;
		log.first = this.number;
		log.epoch = this.epoch;
		log.schema = this.schema;
		log.live++;
		log.saveRetired();
		log.draft.set(drafted);
		return true;
	}
	/** Drops the oldest sector's records, and counts them. @returns false when there is none but the newest sector */
	dropOldest(): boolean {
		const { log } = this;
		log.map();
		const oldest = log.after(0, 0);
		if (oldest < 0) return false;
		const next = log.after(log.firsts[oldest]!, log.sequences[oldest]!);
		if (next < 0) return false;
		const reader = new LogCursor(this);
		reader.start(oldest);
		let count = 0;
		while (reader.advance(oldest)) {
			count += reader.left;
			reader.left = 0;
		}
		log.writeState(log.firsts[next]! - 1, log.taken + count, log.dropped + count, log.lost);
		log.tailAt = 0;
		log.map();
		return true;
	}
	/**
	 * Makes one sector of two neighbours, behind those that were thinned last: of samples every n-th stays. They count
	 * until the new sector's header is written, which also says how many records went.
	 * @returns false when there are no two
	 */
	private thin(): boolean {
		const { log, every } = this;
		const { view } = log;
		let one = -1;
		for (let n = 0, newest = 0; n < log.sectors; n++)
			if (log.firsts[n]! > 0 && log.sequences[n]! > newest && log.kinds![n] === THINNED)
				newest = log.sequences[(one = n)]!;
		if (one >= 0) one = log.after(log.firsts[one]!, log.sequences[one]!);
		let two = one < 0 ? one : log.after(log.firsts[one]!, log.sequences[one]!);
		if (two < 0 || two === log.records.sector) {
			one = log.after(0, 0);
			two = one < 0 ? one : log.after(log.firsts[one]!, log.sequences[one]!);
			if (two < 0 || two === log.records.sector) return false;
		}
		// A retained log that does not know of this is to be recognised by the sector of cells.
		log.writeState(log.floor, log.taken, log.dropped, log.lost);
		log.map();
		const sector = log.take();
		if (sector < 0) return false;
		const { number, epoch, head, at, step, seconds, count_ } = this;
		const first = log.firsts[one]!;
		const third = log.after(log.firsts[two]!, log.sequences[two]!);
		if (third < 0 || log.firsts[third] === log.firsts[two]) return false; // one of them holds nothing
		const reader = new LogCursor(this);
		const record = new NodeRecord(Math.max(this.width, NodeRecord.widest));
		let removed = 0;
		let last = log.firsts[two]!;
		let samples = 0;
		let place = HEADER;
		let base = -1;
		let full = false;
		const write = () => {
			if (this.count_ === 0) return;
			const start = this.finish(first, base);
			const length = this.at - start - 1;
			const fits = !full && place + log.up(length + 4) <= log.size;
			const taken = fits ? log.programDraft(sector * log.size + place, start, length, log.sequence + 1) : 0;
			if (taken === 0) removed += this.count_;
			full ||= taken === 0;
			place += taken;
			this.count_ = 0;
		};
		this.count_ = 0;
		for (let n = 0; n < 2; n++) {
			const source = n ? two : one;
			reader.start(source);
			while (reader.advance(source)) {
				if (reader.foreign) {
					removed += reader.left;
					reader.left = 0;
					continue;
				}
				if (base < 0) base = reader.epoch;
				if (!reader.read(record)) break;
				last = Math.max(last, record.number);
				// Where the result would not fit, more go, evenly.
				const filled = place - HEADER + (this.count_ && this.at - DRAFT);
				const read = n * log.size + reader.place;
				const fits = filled <= ((log.size - HEADER - 24) * read) / (2 * log.size);
				if (record.kind === RecordKind.sample && (samples++ % every > 0 || !fits)) removed++;
				else if (!this.add(record)) {
					write();
					this.add(record);
				}
			}
		}
		write();
		log.compose(THINNED);
		view.setUint32(12, first);
		view.setUint32(16, log.taken + removed);
		view.setUint16(20, Math.max(base, 0));
		view.setUint16(22, this.schema);
		view.setUint32(24, last);
		const done = log.commit(sector);
		Object.assign(this, { number, epoch, head, at, step, seconds, count_ });
		if (!done) return true; // retired; the next round finds another way
		log.taken += removed;
		log.dropped += removed;
		log.firsts[one] = log.firsts[two] = 0;
		log.tailAt = 0;
		log.live--;
		return true;
	}
}

/** Reads the log's records, entry by entry; what was lost or delivered is passed over. */
export class LogCursor extends EntryReader implements RecordCursor {
	/** Records with numbers up to here are not read. */
	passed = 0;
	/** The sector's records are of another schema: they cannot be read, only counted. */
	foreign = false;
	private readonly queue: LogQueue;
	private readonly log: Log;
	private readonly values: Int32Array;
	private seconds = 0;
	/** Where it stands; −1 when it is at the end. */
	sector = -1;
	private sequence = 0;
	private first = 0;
	private base = 0;
	/** Offset of the next entry in the sector. */
	place = 0;
	/** Where the sector's valid part ends. */
	end = 0;
	// The entry at hand, and how far it was read.
	entry = 0;
	length_ = 0;
	private offset = 0;
	private fresh = false;

	constructor(queue: LogQueue) {
		super(queue.log.page);
		this.queue = queue;
		this.log = queue.log;
		this.values = new Int32Array(queue.width);
		this.seek(0);
	}
	seek(number: number): void {
		const { log } = this;
		this.passed = Math.max(log.floor, number - 1);
		this.left = 0;
		this.sector = -1;
		if (log.count === 0) return;
		if (log.tailAt > 0) {
			this.enter(log.tail);
			this.place = log.tailAt;
			return;
		}
		log.map();
		this.start(log.after(0, 0));
	}
	/** Begins with a sector. */
	start(sector: number): void {
		this.left = 0;
		if (sector >= 0) this.enter(sector);
		else this.sector = -1;
	}
	moveTo(other: LogCursor): void {
		const { values } = this;
		values.set(other.values);
		Object.assign(this, other, { values });
	}
	/**
	 * Makes sure that a record is at hand that was not read.
	 * @param only does not leave this sector
	 * @returns false when there is none
	 */
	advance(only = -1): boolean {
		const { log } = this;
		for (;;) {
			while (this.left > 0 && this.number <= this.passed) {
				if (this.foreign || this.number + (this.left - 1) * this.step <= this.passed) {
					this.left--;
					this.number += this.step;
				} else this.decode(undefined);
			}
			if (this.left > 0) return true;
			if (this.sector < 0) return false;
			let taken = log.fetch(this.sector, this.place, this.end, this.sequence);
			if (taken === 0 && this.place < this.end) {
				const next = log.search(this.sector, this.place, this.end, this.sequence);
				if (next > 0) {
					this.place = next;
					taken = log.fetch(this.sector, next, this.end, this.sequence);
					log.faults++;
				}
			}
			if (taken === 0) {
				if (this.sector === only || this.sequence === log.records.sequence) return false;
				log.map();
				const next = log.after(this.first, this.sequence);
				if (next < 0) return false;
				this.enter(next);
				continue;
			}
			this.entry = this.place;
			this.place += taken;
			if (log.length === 0) continue;
			this.length_ = log.length;
			this.begin(log.body, this.first, this.base);
			this.offset = this.at - log.body;
			this.seconds = 0;
			this.values.fill(0);
			this.fresh = true;
		}
	}
	read(into: NodeRecord): boolean {
		while (this.advance()) {
			if (!this.foreign) {
				this.decode(into);
				return true;
			}
			this.left = 0;
		}
		return false;
	}
	/** The log begins reading here from now on. */
	mark(): void {
		const { log } = this;
		log.tail = Math.max(this.sector, 0);
		log.tailAt = this.sector < 0 ? 0 : this.left > 0 ? this.entry : this.place;
	}

	/** Reads the record at hand. */
	private decode(into: NodeRecord | undefined) {
		const { log, values } = this;
		const body = log.load(this.sector * log.size + this.entry + 1, this.length_);
		this.at = body + this.offset;
		const head = this.fresh ? this.head : this.byte();
		this.fresh = false;
		const kind = (head & KIND) as RecordKind;
		this.seconds += this.signed();
		if (into) {
			into.kind = kind;
			into.wall = (head & WALL) !== 0;
			into.number = this.number;
			into.epoch = this.epoch;
			into.seconds = this.seconds;
			into.missing = 0;
			into.length = values.length;
		}
		if (kind === RecordKind.sample) {
			const missing = head & SOME_MISSING ? this.unsigned() : 0;
			if (into) into.missing = missing;
			for (let n = 0; n < values.length; n++) {
				if (missing & (1 << n)) continue;
				values[n]! += this.signed();
				if (into) into.values[n] = values[n]!;
			}
		} else {
			const length = this.byte();
			if (into) into.length = Math.min(length, into.values.length);
			for (let n = 0; n < length; n++) {
				const value = this.signed();
				if (into && n < into.length) into.values[n] = value;
			}
		}
		this.offset = this.at - body;
		this.passed = Math.max(this.passed, this.number);
		this.number += this.step;
		this.left--;
	}
	private enter(sector: number) {
		const { log } = this;
		const { view, records } = log;
		this.sector = sector;
		this.left = 0;
		this.place = HEADER;
		this.end = log.size;
		const kind = log.readHeader(sector);
		this.sequence = view.getUint32(8);
		this.first = view.getUint32(12);
		this.base = view.getUint16(20);
		this.foreign = view.getUint16(22) !== this.queue.schema;
		if (this.sequence === records.sequence) this.end = records.end;
		else if (kind === RECORDS) {
			// The sector behind it says where it ended, whatever else can be read there by now.
			log.map();
			const next = log.after(this.first, this.sequence);
			if (next >= 0 && log.readHeader(next) === RECORDS && view.getUint16(24) === (this.sequence & 0xffff))
				this.end = view.getUint16(26);
		}
	}
}
