import { DormouseError } from "../core/errors.js";
import { CellId, type Cells } from "./log.js";

/** Record numbers that one write to flash reserves. */
export const NUMBER_BLOCK = 256;
const LAST_EPOCH = 0xffff;
const LAST_NUMBER = 0xffff_ffff;
const CELL_LAYOUT = 1;
const CELL_BYTES = 7;
const RETAINED = 10;

/**
 * Hands out record numbers and the boot epoch, neither ever twice in a node's life, whatever the power does: a block of
 * numbers, and each new epoch, is written to flash before its first use.
 *
 * Across deep sleep the state lives in the retained container; after a power loss it starts from the cell, which skips
 * what was left of the block.
 */
export class Numbers {
	static readonly version = 1;
	/** Boot epoch, 1 … 65,535, 0 before its first number; it stays at 65,535 when a node has lost its power more often than that. */
	epoch = 0;
	/** The number that {@link take} gives next. */
	next = 1;
	private limit = 1;
	private past = 0;
	declare private doubtful: boolean | undefined;
	private readonly cells: Cells;

	/** @param cells asked for {@link CellId}'s `numbers` only when flash is needed, so that ordinary wakes never touch it */
	constructor(cells: Cells) {
		this.cells = cells;
	}
	/**
	 * Begins a new epoch after a power loss. Flash is neither read nor written before the first number is taken, so that a
	 * brown-out loop uses up neither epochs nor flash; until then `epoch` is 0.
	 */
	begin(): void {
		this.epoch = 0;
		this.next = 1;
		this.limit = 1;
	}
	/**
	 * The next number; durably reserved before it is given.
	 * @throws {DormouseError} `flash` when the reservation could not be read or written, `range` when all 2^32 − 2 are used,
	 * `unsupported` when another version wrote the cell: beginning anew would repeat numbers; no number is taken then
	 */
	take(): number {
		if (this.epoch === 0 || this.next >= this.limit) this.reserve();
		return this.next++;
	}
	/**
	 * Passes over numbers up to `number`, and epochs up to `epoch`, which were given: retained memory may be older than what
	 * is in flash.
	 * @param doubtful flash may have lost the newest value of the cell: it is written anew before the next number, and a new
	 * epoch begins a block further on
	 */
	pass(number: number, epoch = 0, doubtful = false): void {
		this.past = epoch;
		this.doubtful = doubtful;
		this.next = Math.max(this.next, number + 1);
		this.limit = doubtful ? this.next : Math.max(this.limit, this.next);
	}
	/** Writes the retained section. @returns bytes written */
	retain(into: DataView): number {
		into.setUint16(0, this.epoch);
		into.setUint32(2, this.next);
		into.setUint32(6, this.limit);
		return RETAINED;
	}
	/** Takes back what {@link retain} wrote. @returns false when it cannot be; nothing has changed then */
	restore(from: DataView, version: number): boolean {
		if (version !== Numbers.version || from.byteLength < RETAINED) return false;
		const epoch = from.getUint16(0);
		const next = from.getUint32(2);
		const limit = from.getUint32(6);
		if (next === 0 || next > limit) return false;
		this.epoch = epoch;
		this.next = next;
		this.limit = limit;
		return true;
	}

	/** Makes a block of numbers durable, of a new epoch where none has begun. */
	private reserve() {
		let { epoch, next } = this;
		if (epoch === 0) {
			const value = this.cells.get(CellId.numbers);
			if (value) {
				if (value[0] !== CELL_LAYOUT || value.length < CELL_BYTES)
					throw new DormouseError("unsupported", `layout ${value[0]}`);
				const view = new DataView(value.buffer, value.byteOffset, value.byteLength);
				epoch = view.getUint16(1);
				next = Math.max(next, view.getUint32(3));
			}
			epoch = Math.max(epoch, this.past) + 1;
			if (this.doubtful) {
				epoch++;
				next += NUMBER_BLOCK;
			}
			epoch = Math.min(epoch, LAST_EPOCH);
		}
		if (next >= LAST_NUMBER) throw new DormouseError("range", "no numbers left");
		const limit = Math.min(next + NUMBER_BLOCK, LAST_NUMBER);
		const value = new Uint8Array(CELL_BYTES);
		const view = new DataView(value.buffer);
		view.setUint8(0, CELL_LAYOUT);
		view.setUint16(1, epoch);
		view.setUint32(3, limit);
		this.cells.put(CellId.numbers, value);
		this.epoch = epoch;
		this.next = next;
		this.limit = limit;
	}
}
