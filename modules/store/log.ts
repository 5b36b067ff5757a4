import { VARINT_LARGEST, VarintReader, writeVarint } from "../codec/varint.js";
import { DormouseError } from "../core/errors.js";
import type { FlashPort } from "../core/ports.js";
import { EntryReader } from "./entry.js";
import { readOldCell } from "./old-cell.js";
import { BAD, CELLS, DRAFT, HEADER, type Lane, RECORDS, Sectors } from "./sectors.js";

/** Label of the flash partition that the log is on. */
export const STORE_PARTITION = "store";
/** Most bytes that a cell holds. */
export const CELL_BYTES = 200;
/** Identifiers of cells are below this; 0 and 1 are the log's own. */
export const CELL_IDS = 32;
/** Whose a cell is. Values are stable: they are in flash. */
export const CellId = Object.freeze({
	numbers: 2,
	config: 3,
	update: 4,
	session: 5,
	counters: 6,
	evidence: 7,
	companion: 8,
	devNonce: 9,
	channels: 10,
});

/** Named values in flash, as the log has them. */
export interface Cells {
	/** A copy of a cell's value; undefined when nothing was written yet. */
	get(id: number): Uint8Array | undefined;
	/** Replaces it; durable on return, the old one or the new one after a cut. */
	put(id: number, value: Uint8Array): void;
}

/** Where the log finds its partition. */
export interface FlashSource {
	/** Opens a partition by its label. @throws {DormouseError} `flash` */
	flash(label: string): FlashPort;
}

/**
 * What opening the log came to: `resumed` after deep sleep, `opened` after a power loss, `recovered` where something was
 * found torn or broken, `migrated` from the older layout, `formatted` where nothing was the log's.
 */
export type LogOutcome = "resumed" | "opened" | "recovered" | "migrated" | "formatted";

const STATE = 0;
const RETIRED = 1;
const RETAINED = 48;
const DUBIOUS = 0x8000;

/**
 * The log-structured store on one flash partition: records, which `LogQueue` pushes and reads, and named cells. Layout,
 * promises and proofs: docs/store.md.
 *
 * Flash is touched when it is needed, not before: then a log that was restored from retained memory looks whether flash
 * is as it was left, and any other is recovered from the sectors' headers and the newest sector of each lane.
 */
export class Log extends Sectors implements Cells {
	static readonly version = 1;
	/** What opening it came to; undefined while flash was not touched. */
	declare outcome: LogOutcome | undefined;
	/** First number, epoch and schema of the newest sector of records; once flash was touched. */
	declare first: number;
	declare epoch: number;
	declare schema: number;
	/** Highest number that the log knows to be taken, 0 when none. */
	last = 0;
	/** Records with numbers up to here are gone. */
	floor = 0;
	/** Records pushed, and records gone again, in the log's life. */
	pushed = 0;
	taken = 0;
	/** Records dropped for want of room, and records that flash lost, in the log's life. */
	dropped = 0;
	lost = 0;
	/** Sectors of records in use. */
	live = 0;
	/** Where reading begins: a sector and an offset in it, 0 when that is not known. */
	tail = 0;
	tailAt = 0;
	/** What can drop the oldest records to make a sector free. The queue sets itself. */
	declare queue: { dropOldest(): boolean } | undefined;
	private readonly ports: FlashSource;
	/** 0: nothing is known; 1: what was retained, flash was not touched; 2: flash is known. */
	phase = 0;
	/** Where each cell's newest entry is, then how long their bodies are. */
	declare private places: Uint16Array | undefined;

	/** @param ports asked for {@link STORE_PARTITION} when flash is needed first */
	constructor(ports: FlashSource) {
		super();
		this.ports = ports;
	}
	/**
	 * Makes sure that flash is known; costs nothing where it is.
	 * @throws {DormouseError} `unsupported` when a newer layout, or one of another alignment, is on the partition, which is
	 * left as it is; `flash` when it cannot be read or written
	 */
	ready(): void {
		if (this.phase === 2) return;
		this.attach(this.ports.flash(STORE_PARTITION));
		this.first = this.epoch = this.schema = 0;
		if (this.phase === 1 && this.isAsRetained()) this.outcome = "resumed";
		else this.open();
		this.phase = 2;
	}
	/** Records that wait, those that flash lost included until all before them are gone. */
	get count(): number {
		return this.pushed - this.taken;
	}
	/** Makes sure that the figures are known: from retained memory, else from flash. @throws as {@link ready} */
	known(): void {
		if (this.phase === 0) this.ready();
	}

	/** A copy of a cell's value; undefined when nothing was written yet. */
	get(id: number): Uint8Array | undefined {
		this.ready();
		const { cells } = this;
		for (let tries = 0; tries < 2; tries++) {
			const place = this.index()[id]!;
			if (place === 0) break;
			if (this.fetch(cells.sector, place, cells.end, cells.sequence) > 0 && this.page[this.body] === id)
				return this.page.slice(this.body + 1, this.body + this.length);
			this.faults++;
			this.places = undefined; // the entry broke since it was found: an older one may be left
		}
		return undefined;
	}
	/**
	 * Replaces a cell's value; durable on return. One program, and now and then a compaction of all cells.
	 * @throws {DormouseError} `range` when it is too long, `overflow` when all cells together take too much of a sector,
	 * `flash` when it could not be written; the old value then stays
	 */
	put(id: number, value: Uint8Array): void {
		this.ready();
		const { cells } = this;
		if (value.length > CELL_BYTES || id >= CELL_IDS) throw new DormouseError("range");
		if (id !== STATE) {
			const places = this.index();
			let live = this.up(value.length + 5);
			for (let n = 0; n < CELL_IDS; n++) if (n !== id && places[n]) live += this.up(places[CELL_IDS + n]! + 4);
			if (live > 0.75 * (this.size - HEADER - this.reserve())) throw new DormouseError("overflow", "cells");
			this.provide(value.length);
		}
		if (this.appendCell(id, value, this.reserve())) return;
		while (!this.compact(id, value)) {
			if (id === STATE) {
				if (cells.closed) this.reopen();
				if (this.appendCell(id, value, 0)) return;
			} else if (this.queue?.dropOldest()) continue;
			throw new DormouseError("flash", "no sector is left");
		}
	}
	/** Sees to it that a cell, or the state, can be written: the oldest records go where no other sector is left. */
	provide(length: number): void {
		const { cells } = this;
		if (!cells.closed && cells.end + this.unit + this.up(length + 5) + this.reserve() <= this.size) return;
		this.map();
		if (this.free() === 0) this.queue?.dropOldest();
	}
	/** Writes down what became of records; durable on return. @throws {DormouseError} `flash`; nothing has changed then */
	writeState(floor: number, taken: number, dropped: number, lost: number): void {
		const value = new Uint8Array(4 * VARINT_LARGEST);
		let at = writeVarint(floor, value, 0);
		at = writeVarint(taken, value, at);
		at = writeVarint(dropped, value, at);
		at = writeVarint(lost, value, at);
		this.put(STATE, value.subarray(0, at));
		this.floor = floor;
		this.taken = taken;
		this.dropped = dropped;
		this.lost = lost;
	}
	/** Makes the map of sectors where there is none, and brings it up to date. */
	map(): void {
		if (!this.kinds) {
			const { sector, sequence } = this.cells;
			this.survey();
			this.cells.sector = sector;
			this.cells.sequence = sequence;
			const list = this.get(RETIRED);
			if (list) this.retireAll(list);
		}
		this.bury(this.floor);
		if (!this.firsts[this.tail]) this.tailAt = 0; // what was delivered there may be erased
		this.live = 0;
		for (let n = 0; n < this.sectors; n++) if (this.firsts[n]) this.live++;
	}
	/** Writes down sectors that were found bad, where there are new ones. */
	saveRetired(): void {
		if (!this.unsaved) return;
		this.unsaved = false;
		const list: number[] = [];
		for (let n = 0; n < this.sectors; n++) if (this.kinds![n] === BAD) list.push(n);
		this.put(RETIRED, Uint8Array.from(list));
	}

	/** Writes the retained section. @returns bytes written; 0 where flash is to be looked at anew */
	retain(into: DataView): number {
		const { records, cells } = this;
		// A lane that is closed goes through recovery: its end then tells nothing.
		if (this.phase === 0 || cells.closed || (records.sequence > 0 && records.closed)) return 0;
		into.setUint8(0, records.sector);
		into.setUint8(1, cells.sector);
		into.setUint8(2, this.tail);
		into.setUint8(3, Math.min(this.live, 0xff));
		into.setUint16(4, records.end | (records.dubious ? DUBIOUS : 0));
		into.setUint16(6, cells.end | (cells.dubious ? DUBIOUS : 0));
		into.setUint16(8, this.tailAt);
		into.setUint16(10, Math.min(this.faults, 0xffff));
		into.setUint32(12, records.sequence);
		into.setUint32(16, cells.sequence);
		into.setUint32(20, this.sequence);
		into.setUint32(24, this.last);
		into.setUint32(28, this.floor);
		into.setUint32(32, this.pushed);
		into.setUint32(36, this.taken);
		into.setUint32(40, this.dropped);
		into.setUint32(44, this.lost);
		return RETAINED;
	}
	/** Takes back what {@link retain} wrote; flash is looked at later. @returns false when it cannot be */
	restore(from: DataView, version: number): boolean {
		const { records, cells } = this;
		if (from.byteLength === 0) return true;
		if (version !== Log.version || from.byteLength < RETAINED) return false;
		records.sector = from.getUint8(0);
		cells.sector = from.getUint8(1);
		this.tail = from.getUint8(2);
		this.live = from.getUint8(3);
		records.end = from.getUint16(4) & ~DUBIOUS;
		records.dubious = (from.getUint16(4) & DUBIOUS) !== 0;
		cells.end = from.getUint16(6) & ~DUBIOUS;
		cells.dubious = (from.getUint16(6) & DUBIOUS) !== 0;
		this.tailAt = from.getUint16(8);
		this.faults = from.getUint16(10);
		records.sequence = from.getUint32(12);
		cells.sequence = from.getUint32(16);
		this.sequence = from.getUint32(20);
		this.last = from.getUint32(24);
		this.floor = from.getUint32(28);
		this.pushed = from.getUint32(32);
		this.taken = from.getUint32(36);
		this.dropped = from.getUint32(40);
		this.lost = from.getUint32(44);
		cells.closed = false;
		records.closed = records.sequence === 0;
		this.phase = 1;
		return true;
	}

	/** Room that the state always finds in the sector of cells, twice, each behind a unit of nothing. */
	private reserve(): number {
		return 2 * this.up(4 * VARINT_LARGEST + 5) + 2 * this.unit;
	}
	/**
	 * Where a cut closed the sector of cells, and the only free one turned out bad: the state that makes another one free
	 * has its place behind what is torn, where `scan` finds it.
	 */
	private reopen() {
		const { cells, size, unit } = this;
		const { sector, end } = cells;
		let behind = size;
		while (behind > end && this.isBlank(sector * size + behind - unit, unit)) behind -= unit;
		if (cells.sequence === 0 || behind + unit - end >= this.page.length) return;
		if (unit < 16) this.program(new Uint8Array(unit), sector * size + end); // what is torn is not to read well one day
		cells.end = behind;
		cells.closed = false;
		cells.dubious = true;
	}
	private appendCell(id: number, value: Uint8Array, spare: number): boolean {
		this.draft[DRAFT - 1] = id;
		this.draft.set(value, DRAFT);
		const place = this.append(this.cells, DRAFT - 2, value.length + 1, spare);
		if (place > 0 && this.places) {
			this.places[id] = place;
			this.places[CELL_IDS + id] = value.length + 1;
		}
		return place > 0;
	}
	/**
	 * Copies all cells, one with a new value, to a fresh sector. Its header comes last: until then the old one counts.
	 * @returns false when there is no sector for it
	 */
	private compact(id: number, value: Uint8Array): boolean {
		const { cells, draft } = this;
		const old = this.index();
		this.map();
		for (;;) {
			const sector = this.take();
			if (sector < 0) return false;
			this.compose(CELLS);
			const places = new Uint16Array(2 * CELL_IDS);
			let place = HEADER;
			let taken = 1;
			for (let n = 0; n < CELL_IDS && taken > 0; n++) {
				if (n === id) draft.set(value, DRAFT);
				else if (old[n]! === 0) continue;
				else if (this.fetch(cells.sector, old[n]!, cells.end, cells.sequence) === 0) {
					this.faults++;
					continue;
				} else draft.set(this.page.subarray(this.body + 1, this.body + this.length), DRAFT);
				draft[DRAFT - 1] = n;
				const length = n === id ? value.length + 1 : this.length;
				taken = this.programDraft(sector * this.size + place, DRAFT - 2, length, this.sequence + 1);
				places[n] = place;
				places[CELL_IDS + n] = length;
				place += taken;
			}
			if (taken === 0) {
				this.retire(sector);
				continue;
			}
			this.seal(cells);
			if (!this.commit(sector)) continue;
			cells.sector = sector;
			cells.sequence = this.sequence;
			cells.end = place;
			cells.closed = cells.dubious = false;
			this.places = places;
			return true;
		}
	}
	private index(): Uint16Array {
		if (!this.places) {
			this.places = new Uint16Array(2 * CELL_IDS);
			if (this.cells.sequence > 0) this.scan(this.cells, this.cells.end);
		}
		return this.places;
	}
	/** Recovers from flash alone. */
	private open() {
		const { records, cells } = this;
		this.faults = this.sequence = this.last = this.floor = this.pushed = this.taken = this.dropped = this.lost = 0;
		this.first = this.live = this.tailAt = this.thinnedTaken = 0;
		records.sequence = 0;
		records.closed = cells.closed = true;
		records.dubious = cells.dubious = false;
		this.places = new Uint16Array(2 * CELL_IDS);
		const found = this.survey();
		this.phase = 2;
		this.outcome = "opened";
		try {
			if (found === 0) {
				const numbers = readOldCell(this.port);
				this.outcome = numbers ? "migrated" : "formatted";
				if (numbers) this.put(CellId.numbers, numbers);
				else this.writeState(0, 0, 0, 0);
				return;
			}
			// The header that was written last may be weak; survey left it in the draft.
			this.strengthen(this.draft.subarray(0, HEADER), this.sequences.indexOf(this.sequence) * this.size);
			if (cells.sequence > 0) this.scan(cells, this.size, true);
			const state = this.get(STATE);
			if (state) {
				const reader = new VarintReader(state);
				this.floor = reader.unsigned();
				this.taken = reader.unsigned();
				this.dropped = reader.unsigned();
				this.lost = reader.unsigned();
			}
			this.dropped += Math.max(this.thinnedTaken - this.taken, 0);
			this.taken = Math.max(this.thinnedTaken, this.taken);
			const retired = this.get(RETIRED);
			if (retired) this.retireAll(retired);
			this.map();
			this.pushed = this.taken;
			const head = this.newest(0xffff_ffff);
			if (head >= 0) this.openHead(head);
			if (cells.sequence === 0) {
				this.faults++; // all cells are lost, and with them how far records were delivered
				// Records gone are then those that were pushed before the oldest sector.
				if (this.live && this.readHeader(this.after(0, 0)) === RECORDS) this.taken = this.view.getUint32(16);
				this.writeState(0, this.taken, this.dropped, this.lost);
			}
			if (this.faults || cells.closed || (head >= 0 && records.closed)) this.outcome = "recovered";
		} catch (error) {
			this.phase = 0;
			throw error;
		}
	}
	/** Recovers the newest sector of records. */
	private openHead(head: number) {
		const { records, view } = this;
		const kind = this.readHeader(head);
		records.sector = head;
		records.sequence = view.getUint32(8);
		this.first = view.getUint32(12);
		if (kind === RECORDS) this.pushed = view.getUint32(16);
		this.epoch = view.getUint16(20);
		this.schema = view.getUint16(22);
		this.last = this.first - 1;
		this.scan(records, this.size, true);
		if (kind !== RECORDS) records.closed = true; // the sector behind it was lost
		this.pushed = Math.max(this.pushed, this.taken);
	}
	/** Whether both lanes end where they ended when that was retained. */
	private isAsRetained(): boolean {
		const { cells, records, view } = this;
		for (let n = 0; n < 2; n++) {
			const lane = n ? records : cells;
			if (lane.sequence === 0) return false; // the first record since then would have left no trace in the other lane
			if (lane.sector >= this.sectors || lane.end < HEADER || lane.end >= this.size) return false;
			if (this.readHeader(lane.sector) !== (n ? RECORDS : CELLS) || view.getUint32(8) !== lane.sequence) return false;
			if (this.page[this.load(lane.sector * this.size + lane.end, 1)] !== 0xff) return false;
			lane.closed = false;
		}
		this.first = view.getUint32(12);
		this.epoch = view.getUint16(20);
		this.schema = view.getUint16(22);
		return true;
	}
	/**
	 * Reads a lane's sector.
	 * @param recover finds its end, and makes sure of what is there, as behind a power loss
	 */
	private scan(lane: Lane, end: number, recover = false) {
		const { sector, sequence } = lane;
		const from = sector * this.size;
		const reader = new EntryReader(this.page);
		let at = HEADER;
		let newest = 0;
		let broken = false;
		if (recover) lane.closed = false;
		for (;;) {
			const taken = this.fetch(sector, at, end, sequence);
			if (taken === 0) {
				const rest = Math.min(end - at, this.page.length);
				if (rest === 0 || (recover && this.isBlank(from + at, rest))) break;
				const next = this.search(sector, at, end, sequence);
				if (next === 0) {
					if (recover) lane.closed = true;
					break;
				}
				this.faults++;
				broken = true;
				at = next;
				continue;
			}
			if (this.length > 0 && lane === this.records) {
				reader.begin(this.body, this.first, this.epoch);
				if (broken) this.pushed += Math.max(0, reader.number - this.last - 1); // what was there instead
				broken = false;
				this.pushed += reader.left;
				this.last = reader.number + (reader.left - 1) * reader.step;
			} else if (this.length > 0) {
				const id = this.page[this.body]! % CELL_IDS;
				this.places![id] = at;
				this.places![CELL_IDS + id] = this.length;
			}
			if (recover) {
				// What verified is what strengthens: weak bits may read otherwise the next time.
				this.draft.fill(this.length && 0xff, 0, taken);
				if (this.length > 0) this.draft.set(this.page.subarray(this.body - 1, this.body + this.length + 3));
			}
			newest = at;
			at += taken;
		}
		if (!recover) return;
		lane.end = at;
		lane.dubious = true;
		if (newest > 0) this.strengthen(this.draft.subarray(0, at - newest), from + newest);
	}
}
