import { VarintReader } from "../codec/varint.js";

// Flags above those of `record-fields.ts`, in the head byte of an entry's first record only.
export const EPOCH = 0x20;
export const BATCH = 0x40;
/**
 * The entry is of one record and ends in a link of the chain (`hash-chain.ts`). With `BATCH` the record was linked late:
 * it waited in RTC memory.
 */
export const TAGGED = 0x80;

/**
 * Reads what an entry of records begins with: head byte of the first record, varint of its number beyond the sector's
 * first; with `EPOCH` the epoch beyond the sector's; with `BATCH` how many records there are and the step of their numbers.
 */
export class EntryReader extends VarintReader {
	/** Head byte of the first record. */
	head = 0;
	/** Number of the next record. */
	number = 0;
	epoch = 0;
	/** Records that are still to be read. */
	left = 0;
	step = 1;
	/**
	 * @param at where the body is
	 * @param first the sector's first number, and `epoch` its epoch
	 */
	begin(at: number, first: number, epoch: number): void {
		this.at = at;
		this.head = this.byte();
		this.number = first + this.unsigned();
		this.epoch = this.head & EPOCH ? epoch + this.unsigned() : epoch;
		this.left = this.head & BATCH ? this.byte() : 1;
		this.step = this.head & BATCH ? this.byte() : 1;
	}
}
