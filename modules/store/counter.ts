import { DormouseError } from "../core/errors.js";
import type { Cells } from "./log.js";

const BYTES = 4;

/**
 * A counter that never gives a value twice, whatever the power does, and seldom writes: values are reserved in flash in
 * blocks before the first of a block is used. A power loss skips what was left of the block.
 */
export class Counter {
	/** The value that {@link take} gives next. Retain it with `limit` across deep sleep. */
	next = 0;
	/** Values below this are reserved. */
	limit = 0;
	private readonly cells: Cells;
	private readonly id: number;
	private readonly block: number;

	/**
	 * @param id the cell: `CellId`
	 * @param block values that one write reserves, 1 … 65,536
	 */
	constructor(cells: Cells, id: number, block: number) {
		this.cells = cells;
		this.id = id;
		this.block = block;
	}
	/**
	 * The next value, 0 … 2^32 − 2.
	 * @throws {DormouseError} `range` when all are used, `malformed` when the cell holds something else, `flash` when
	 * nothing could be reserved; no value is taken then
	 */
	take(): number {
		if (this.next >= this.limit) {
			const value = this.cells.get(this.id);
			if (value && value.length !== BYTES) throw new DormouseError("malformed", "not a counter");
			const bytes = value ?? new Uint8Array(BYTES);
			const view = new DataView(bytes.buffer);
			const next = Math.max(view.getUint32(0), this.next);
			const limit = Math.min(next + this.block, 0xffff_ffff);
			if (next >= limit) throw new DormouseError("range");
			view.setUint32(0, limit);
			this.cells.put(this.id, bytes);
			this.next = next;
			this.limit = limit;
		}
		return this.next++;
	}
}
