import { equalBytes } from "../../modules/core/bytes.js";
import { crc32 } from "../../modules/core/crc.js";
import { DormouseError } from "../../modules/core/errors.js";
import type { FlashPort } from "../../modules/core/ports.js";
import type { Cells } from "../../modules/store/log.js";

/** Most bytes that a cell holds. */
export const CELL_ROOM = 20;
const ENTRY = 32; // a multiple of 16: fits hardware-encrypted partitions too
const MAGIC = 0xce11;
const LAYOUT = 1;
const BLOCKS = 2;

/**
 * The store's layout 1, as nodes before the log wrote it: what the log takes over. A small value in flash that survives a power cut at any moment: after a cut it is the old one or the new one.
 *
 * Entries are appended to one of two blocks; when it is full, the other one is erased and takes the next entry, so that a
 * valid entry exists at all times. The highest sequence number wins.
 *
 * Entry, 32 bytes: magic u16, layout u8, length u8, sequence u32, value 20 bytes, CRC-32 of all these.
 */
export class Cell {
	private readonly flash: FlashPort;
	private readonly entry = new Uint8Array(ENTRY);
	private readonly check = new Uint8Array(ENTRY);
	private readonly view = new DataView(this.entry.buffer);
	private readonly slots: number;
	private sequence = 0;
	private block = BLOCKS - 1;
	private slot: number;

	/**
	 * Finds the newest entry: reads up to two blocks, in pieces of 32 bytes.
	 * @param flash the cell has its first two blocks
	 * @throws {DormouseError} `flash` when the partition is smaller than that
	 */
	constructor(flash: FlashPort) {
		if (flash.size < BLOCKS * flash.blockSize) throw new DormouseError("flash", "needs two blocks");
		this.flash = flash;
		this.slots = Math.floor(flash.blockSize / ENTRY);
		this.slot = this.slots; // nothing found yet: the first write erases block 0
		for (let block = 0; block < BLOCKS; block++) this.scan(block);
	}
	/**
	 * The value.
	 * @returns a copy; undefined when nothing was written yet
	 */
	read(): Uint8Array | undefined {
		if (this.sequence === 0) return undefined;
		this.flash.read(this.entry, this.offset(this.block, this.slot - 1));
		return this.entry.slice(8, 8 + this.view.getUint8(3));
	}
	/**
	 * Replaces the value; durable when it returns.
	 * @throws {DormouseError} `range` when it is longer than {@link CELL_ROOM}; `flash` when no entry could be written; the
	 * old value then stays
	 */
	write(value: Uint8Array): void {
		if (value.length > CELL_ROOM) throw new DormouseError("range");
		const view = this.view;
		let sequence = this.sequence + 1;
		this.entry.fill(0);
		view.setUint16(0, MAGIC);
		view.setUint8(2, LAYOUT);
		view.setUint8(3, value.length);
		this.entry.set(value, 8);
		// A slot that does not read back is worn out or was torn by a cut: the next one is tried. The block that holds the
		// old value is never erased here. A torn entry may read well at another time, with bits that were only just cleared:
		// each slot that is passed over takes a sequence number, so that such an entry never wins over a later one.
		let block = this.block;
		let slot = this.slot;
		for (let erasures = 0; ; erasures++) {
			for (; slot < this.slots; slot++, sequence++) if (this.program(this.offset(block, slot), sequence)) break;
			if (slot < this.slots) break;
			if (erasures === 1) throw new DormouseError("flash", "cell worn out");
			block = 1 - this.block;
			slot = 0;
			this.flash.erase(block * this.flash.blockSize);
		}
		this.sequence = sequence;
		this.block = block;
		this.slot = slot + 1;
	}

	private offset(block: number, slot: number): number {
		return block * this.flash.blockSize + slot * ENTRY;
	}
	private scan(block: number) {
		for (let slot = 0; slot < this.slots; slot++) {
			this.flash.read(this.entry, this.offset(block, slot));
			if (!this.isEntry()) continue;
			const sequence = this.view.getUint32(4);
			if (sequence <= this.sequence) continue;
			this.sequence = sequence;
			this.block = block;
			this.slot = slot + 1;
		}
	}
	private isEntry(): boolean {
		const view = this.view;
		return (
			view.getUint16(0) === MAGIC &&
			view.getUint8(2) === LAYOUT &&
			view.getUint8(3) <= CELL_ROOM &&
			view.getUint32(ENTRY - 4) === crc32(this.entry, 0, ENTRY - 4)
		);
	}
	/** Writes the entry where flash is erased. @returns whether it reads back */
	private program(at: number, sequence: number): boolean {
		this.flash.read(this.check, at);
		for (const byte of this.check) if (byte !== 0xff) return false;
		this.view.setUint32(4, sequence);
		this.view.setUint32(ENTRY - 4, crc32(this.entry, 0, ENTRY - 4));
		this.flash.write(this.entry, at);
		this.flash.read(this.check, at);
		return equalBytes(this.check, this.entry);
	}
}

/** The one cell of a partition as those of a log, whatever the id. @param opened told when it is opened, at its first use */
export function oldCells(flash: FlashPort, opened: () => void = () => {}): Cells {
	let cell: Cell | undefined;
	const open = () => {
		if (!cell) opened();
		return (cell ??= new Cell(flash));
	};
	return { get: () => open().read(), put: (_, value) => open().write(value) };
}
