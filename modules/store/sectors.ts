import { DormouseError } from "../core/errors.js";
import { crc32 } from "../core/native.js";
import type { FlashPort } from "../core/ports.js";

/** Bytes of a sector's header. */
export const HEADER = 32;
/** Most bytes of an entry's body: an entry is within one page program of NOR flash. */
export const BODY = 250;
/** Where in the draft a body's fixed part ends and what an entry holds begins. */
export const DRAFT = 18;
/** What a sector is for. Values are stable: they are in flash. */
export const RECORDS = 1;
export const CELLS = 2;
export const THINNED = 3;

const MAGIC = 0x446d; // "Dm"
const LAYOUT = 2; // 1 was the cell of two blocks: see old-cell.ts
const PAGE = 256;
const TRIES = 3;
const BLANK = 0xff;
/** An entry's bytes beside its body: length, CRC. */
const FRAME = 4;
/** Of the map alone: a sector that is retired, and one whose header is torn. */
export const BAD = 4;
const TORN = 5;

/** Where a lane is written: its newest sector. */
export class Lane {
	/** Meaningless while `sequence` is 0: the lane has no sector yet. */
	sector = 0;
	sequence = 0;
	/** Offset in the sector where the next entry goes. */
	end = 0;
	/** Nothing more may be written to the sector. */
	closed = true;
	/** A program may have been cut at `end` without leaving a trace: the first unit there must not be relied on. */
	dubious = false;
}

/**
 * The flash layer of the log: sectors with headers, entries with CRCs. Layout: docs/store.md.
 *
 * Header, 32 bytes, big-endian: magic u16, layout u8, alignment (log2) and kind u8, protection u8 (0: none), erases u24,
 * sequence u32, then for records: first number u32, total u32, epoch u16, schema u16, and either the low half of the
 * previous sector's sequence u16 with its end u16 or, where thinned, the highest number replaced u32; CRC-32 of all these.
 *
 * Entry: length of the body u8 (1 … 250), body, CRC-32 seeded by the sector's sequence, its low 24 bits; padded to the
 * alignment with 0xff. Length 0 is a unit of nothing.
 */
export class Sectors {
	/** Programs that did not read back, erases that failed, headers and entries found broken, since the log was opened. */
	faults = 0;
	/** Highest sequence in use. */
	sequence = 0;
	readonly cells = new Lane();
	readonly records = new Lane();
	// What is declared alone takes memory from when it is set: in wakes that leave flash alone, none. A field takes a slot.
	/** Bytes of a sector, and of the unit that writes are made of. */
	declare size: number;
	declare unit: number;
	/** Sectors of the partition. */
	declare sectors: number;
	declare protected port: FlashPort;
	/** The window that reads go through. */
	declare page: Uint8Array;
	/** Where entries are built. */
	declare draft: Uint8Array;
	/** The header that was read or composed last. */
	declare header: Uint8Array;
	declare view: DataView;
	/** Of the entry fetched last: where its body is in the page, and its length, 0 for a unit of nothing. */
	declare body: number;
	declare length: number;
	declare protected unsaved: boolean | undefined;
	/** Records that were taken out in all by the time of the last thinning. */
	declare protected thinnedTaken: number;
	declare private base: number;
	declare private erases: number;
	// The map, nine bytes a sector: made when a sector is taken or left, which most wakes do not.
	/** Of each sector what it is for, 0 when it has no header. */
	declare kinds: Uint8Array | undefined;
	/** First number of a live sector of records; 0 marks what is not one. */
	declare firsts: Uint32Array;
	declare sequences: Uint32Array;

	/** @throws {DormouseError} `flash` when the partition's geometry is none that the log works on */
	protected attach(port: FlashPort): void {
		const { size, blockSize, writeAlignment } = port;
		const sectors = size / blockSize;
		if (sectors < 4 || sectors > 256 || blockSize < 128 || blockSize > 0x4000 || writeAlignment > 16)
			throw new DormouseError("flash", "4 to 256 sectors of 128 to 16,384 bytes, alignment up to 16");
		this.port = port;
		this.size = blockSize;
		this.unit = writeAlignment;
		this.sectors = sectors;
		this.base = -1;
		// One buffer for all: each of its own would take three slots more.
		const bytes = new ArrayBuffer(PAGE + HEADER + DRAFT + BODY + FRAME + 16);
		this.page = new Uint8Array(bytes, 0, PAGE);
		this.header = new Uint8Array(bytes, PAGE, HEADER);
		this.view = new DataView(bytes, PAGE, HEADER);
		this.draft = new Uint8Array(bytes, PAGE + HEADER);
	}
	/** So many bytes in whole units. */
	up(bytes: number): number {
		return Math.ceil(bytes / this.unit) * this.unit;
	}

	/** Brings flash `[at, at + count)`, at most a page, into the window. @returns where it is in `page` */
	load(at: number, count: number): number {
		if (this.base < 0 || at < this.base || at + count > this.base + PAGE) {
			const base = Math.min(at, this.port.size - PAGE);
			this.base = -1; // should it throw
			this.port.read(this.page, base);
			this.base = base;
		}
		return at - this.base;
	}
	/**
	 * Looks for an entry. What does not verify is read anew before it counts as broken.
	 * @param end of the sector's valid part
	 * @returns bytes that it takes; 0 when there is none
	 */
	fetch(sector: number, at: number, end: number, sequence: number, tries = TRIES): number {
		const from = sector * this.size + at;
		if (at >= end) return 0;
		for (; tries > 0; tries--) {
			let index = this.load(from, 1);
			const length = this.page[index]!;
			if (length === 0) {
				this.body = index + 1;
				this.length = 0;
				return this.unit;
			}
			const taken = this.up(length + FRAME);
			if (length <= BODY && at + taken <= end) {
				index = this.load(from, length + FRAME);
				if (this.sum(this.page, index, length, sequence)) {
					this.body = index + 1;
					this.length = length;
					return taken;
				}
			}
			if (tries > 1) this.base = -1;
		}
		return 0;
	}
	/** Looks for the next entry behind something broken. @returns its offset; 0 when none begins within a page */
	search(sector: number, at: number, end: number, sequence: number): number {
		const stop = Math.min(at + PAGE, end);
		for (let next = at + this.unit; next < stop; next += this.unit)
			if (this.fetch(sector, next, end, sequence, 1) > 0 && this.length > 0) return next;
		return 0;
	}
	/** Whether all of `[at, at + count)` is erased. */
	isBlank(at: number, count: number): boolean {
		const { page } = this;
		const words = new Uint32Array(page.buffer, 0, PAGE / 4);
		this.base = -1;
		for (let left = count; left > 0; left -= PAGE, at += PAGE) {
			page.fill(BLANK);
			this.port.read(left < PAGE ? page.subarray(0, left) : page, at);
			for (let n = 0; n < words.length; n++) if (words[n] !== 0xffff_ffff) return false;
		}
		return true;
	}
	/** Programs bytes, at most a page and not those of the window. @returns whether they read back; that they do not is counted */
	program(bytes: Uint8Array, at: number): boolean {
		let left = bytes.length;
		const found = this.page.subarray(0, left);
		this.base = -1;
		try {
			this.port.write(bytes, at);
			this.port.read(found, at);
			while (left > 0 && found[left - 1] === bytes[left - 1]) left--;
			if (left === 0) return true;
		} catch (error) {
			if (!(error instanceof DormouseError)) throw error;
		}
		this.faults++;
		return false;
	}
	/** Programs what is drafted from `start` on. @returns bytes taken, 0 when it did not read back */
	programDraft(at: number, start: number, length: number, sequence: number): number {
		const { draft } = this;
		draft[start] = length;
		this.sum(draft, start, length, sequence, true);
		const taken = this.up(length + FRAME);
		draft.fill(BLANK, start + length + FRAME, start + taken);
		return this.program(draft.subarray(start, start + taken), at) ? taken : 0;
	}
	/**
	 * Appends what is drafted from `start` on, in one program.
	 * @param spare bytes that are to stay free in the sector
	 * @returns its offset in the sector; 0 when the lane needs another sector: nothing has changed then, or it is closed
	 */
	append(lane: Lane, start: number, length: number, spare = 0): number {
		const at = lane.dubious ? lane.end + this.unit : lane.end;
		if (lane.closed || at + this.up(length + FRAME) + spare > this.size) return 0;
		if (lane.dubious) this.seal(lane);
		const taken = this.programDraft(lane.sector * this.size + at, start, length, lane.sequence);
		if (taken === 0) {
			lane.closed = true;
			return 0;
		}
		lane.end = at + taken;
		return at;
	}
	/** Writes a unit of nothing: what was retained before, or may be half programmed there, counts no more. */
	seal(lane: Lane): void {
		if (lane.closed || lane.end + this.unit > this.size) return;
		this.program(new Uint8Array(this.unit), lane.sector * this.size + lane.end);
		lane.end += this.unit;
		lane.dubious = false;
	}

	/** Reads a header. @returns its kind; 0 when there is none. @throws {DormouseError} `unsupported` */
	readHeader(sector: number): number {
		const { header, view } = this;
		for (let tries = TRIES; tries > 0; tries--) {
			this.port.read(header, sector * this.size);
			const magic = view.getUint16(0);
			if (magic === 0xffff && tries === TRIES - 1) return 0;
			if (magic !== MAGIC || view.getUint32(28) !== crc32(header, 0, 28)) continue;
			const kind = header[3]! & 15;
			if (header[2] !== LAYOUT || kind < RECORDS || kind > THINNED || header[4] || 1 << (header[3]! >> 4) !== this.unit)
				throw new DormouseError("unsupported", `log layout ${header[2]}`);
			return kind;
		}
		return view.getUint16(0) === MAGIC ? TORN : 0;
	}
	/** Makes the map: reads all headers; the newest, where it was not known, is then in the draft. @returns how many there are; the newest sector of cells is in `cells.sector` */
	protected survey(): number {
		const { sectors, view, cells } = this;
		const map = new ArrayBuffer(9 * sectors);
		const kinds = new Uint8Array(map, 8 * sectors);
		this.firsts = new Uint32Array(map, 0, sectors);
		this.sequences = new Uint32Array(map, 4 * sectors, sectors);
		let found = 0;
		let newest = -1;
		cells.sequence = 0;
		for (let n = 0; n < sectors; n++) {
			const kind = this.readHeader(n);
			kinds[n] = kind;
			if (kind === 0 || kind === TORN) continue;
			found++;
			const sequence = view.getUint32(8);
			this.sequences[n] = sequence;
			if (sequence > this.sequence) {
				this.sequence = sequence;
				newest = n;
				this.draft.set(this.header);
			}
			if (kind !== CELLS) this.firsts[n] = view.getUint32(12);
			else if (sequence > cells.sequence) {
				cells.sequence = sequence;
				cells.sector = n;
			}
		}
		for (let n = 0; n < sectors; n++) {
			// A header that was cut must not read well one day. An encrypted block that was cut is noise, and stays it.
			if (kinds[n] === TORN && found > 0) {
				this.faults++;
				if (this.unit < 16) this.program(new Uint8Array(Math.max(this.unit, 2)), n * this.size);
			}
			if (kinds[n] !== THINNED) continue;
			// Weak bits of the newest one may read otherwise by now: what verified is what counts, and is made firm.
			if (n === newest) this.header.set(this.draft.subarray(0, HEADER));
			else if (this.readHeader(n) !== THINNED) continue;
			const last = view.getUint32(24);
			this.thinnedTaken = Math.max(this.thinnedTaken, view.getUint32(16));
			for (let m = 0; m < sectors; m++)
				if (this.sequences[m]! < this.sequences[n]! && this.firsts[m]! >= this.firsts[n]! && this.firsts[m]! <= last)
					this.firsts[m] = 0;
		}
		this.kinds = kinds;
		return found;
	}
	/** Sectors whose records are all up to `floor` are free: all but the last of those that begin by then. */
	bury(floor: number): void {
		const { firsts } = this;
		const last = this.newest(floor + 1);
		for (let n = 0; n < firsts.length; n++) if (n !== last && firsts[n]! <= floor + 1) firsts[n] = 0;
	}
	/** The last live sector of records that begins with `number` or before. @returns −1 when there is none */
	newest(number: number): number {
		const { firsts, sequences } = this;
		let best = -1;
		for (let n = 0; n < firsts.length; n++) {
			const first = firsts[n]!;
			if (first === 0 || first > number) continue;
			const other = best < 0 ? 0 : firsts[best]!;
			if (first > other || (first === other && sequences[n]! > sequences[best]!)) best = n;
		}
		return best;
	}
	/** The live sector of records behind this one. @returns −1 when there is none */
	after(first: number, sequence: number): number {
		const { firsts, sequences } = this;
		let best = -1;
		for (let n = 0; n < firsts.length; n++) {
			const other = firsts[n]!;
			if (other < first || other === 0 || (other === first && sequences[n]! <= sequence)) continue;
			if (best >= 0 && (other > firsts[best]! || (other === firsts[best] && sequences[n]! > sequences[best]!)))
				continue;
			best = n;
		}
		return best;
	}
	/** Sectors that may be taken. */
	free(): number {
		let count = 0;
		for (let n = 0; n < this.sectors; n++) if (this.isFree(n)) count++;
		return count;
	}
	/** Erases a free sector, the one that has not been used for longest. @returns −1 when there is none */
	take(): number {
		const { sectors, sequences } = this;
		for (;;) {
			let best = -1;
			for (let n = 2; n < sectors + 2; n++) {
				const sector = n % sectors; // the first two last: an older layout may be there
				if (this.isFree(sector) && (best < 0 || sequences[sector]! < sequences[best]!)) best = sector;
			}
			if (best < 0) return best;
			const kind = this.readHeader(best);
			// Where the count was lost, the average: each use of a sector takes one sequence.
			this.erases = 1 + (kind && kind !== TORN ? this.view.getUint32(4) : Math.floor(this.sequence / sectors));
			try {
				this.port.erase(best * this.size);
				if (this.isBlank(best * this.size, this.size)) return best;
			} catch (error) {
				if (!(error instanceof DormouseError)) throw error;
			}
			this.retire(best);
		}
	}
	/** Does not use a sector any more. */
	retire(sector: number): void {
		this.faults++;
		this.kinds![sector] = BAD;
		this.unsaved = true;
	}
	/** Composes the header of a sector that was taken: the next in sequence. The fields of records are the caller's. */
	compose(kind: number): void {
		const { header, view } = this;
		header.fill(0);
		view.setUint32(4, this.erases); // protection: none
		view.setUint16(0, MAGIC);
		view.setUint8(2, LAYOUT);
		view.setUint8(3, kind | (Math.log2(this.unit) << 4));
		view.setUint32(8, this.sequence + 1);
	}
	/** Writes what was composed: the sector is in use. @returns false when it does not read back; it is then retired */
	commit(sector: number): boolean {
		const { header, view } = this;
		view.setUint32(28, crc32(header, 0, 28));
		if (!this.program(header, sector * this.size)) {
			this.retire(sector);
			return false;
		}
		const kind = header[3]! & 15;
		this.sequence++;
		this.kinds![sector] = kind;
		this.sequences[sector] = this.sequence;
		this.firsts[sector] = view.getUint32(12);
		return true;
	}
	/** Of each retired sector its index: sectors that are not used any more. */
	protected retireAll(list: Uint8Array): void {
		for (let n = 0; n < list.length; n++) if (list[n]! < this.sectors) this.kinds![list[n]!] = BAD;
	}
	/** Programs an entry or a header once more, which was found behind a power loss: its last bits may be weak. */
	protected strengthen(bytes: Uint8Array, at: number): void {
		if (this.unit < 16) this.program(bytes, at); // an encrypted block is programmed once; one that was cut is noise
	}

	private isFree(sector: number): boolean {
		const { cells, records } = this;
		if (this.firsts[sector] || this.kinds![sector] === BAD) return false;
		return (sector !== cells.sector || cells.sequence === 0) && (sector !== records.sector || records.sequence === 0);
	}
	/** Whether an entry's CRC is right; with `write`, makes it so. */
	private sum(bytes: Uint8Array, start: number, length: number, sequence: number, write = false): boolean {
		const crc = crc32(bytes, start, start + 1 + length, sequence);
		const at = start + 1 + length;
		if (write) {
			bytes[at] = crc >> 16;
			bytes[at + 1] = crc >> 8;
			bytes[at + 2] = crc;
		}
		return ((bytes[at]! << 16) | (bytes[at + 1]! << 8) | bytes[at + 2]!) === (crc & 0xff_ffff);
	}
}
