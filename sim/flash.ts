import { DormouseError } from "../modules/core/errors.js";

/** Bytes that one erase sets to 0xff, on ESP32's NOR flash. */
export const SECTOR = 4096;

/**
 * NOR flash: erasing sets a sector to 0xff, programming only clears bits. Breaking these rules throws, because on a board
 * it would corrupt silently. Contents survive power cuts.
 */
export class NorFlash {
	readonly bytes: Uint8Array;
	/** Erases of each sector. */
	readonly wear: Uint32Array;
	/** Bytes programmed. */
	programmed = 0;

	/** @param sectors of 4 KiB each, all erased */
	constructor(sectors: number) {
		this.bytes = new Uint8Array(sectors * SECTOR).fill(0xff);
		this.wear = new Uint32Array(sectors);
	}
	get size(): number {
		return this.bytes.length;
	}
	/** A view of the contents; do not keep it. @throws {DormouseError} `flash` beyond the end */
	read(offset: number, count: number): Uint8Array {
		this.#check(offset, count);
		return this.bytes.subarray(offset, offset + count);
	}
	/** Programs bytes. @throws {DormouseError} `flash` beyond the end, or when a bit would have to be set */
	write(offset: number, bytes: Uint8Array): void {
		this.#check(offset, bytes.length);
		for (let n = 0; n < bytes.length; n++) {
			const old = this.bytes[offset + n]!;
			if ((old & bytes[n]!) !== bytes[n])
				throw new DormouseError("flash", `programming ${offset + n} would set bits: erase first`);
		}
		this.bytes.set(bytes, offset);
		this.programmed += bytes.length;
	}
	/** Erases whole sectors. @throws {DormouseError} `flash` off sector bounds */
	erase(offset: number, count: number): void {
		this.#check(offset, count);
		if (offset % SECTOR || count % SECTOR) throw new DormouseError("flash", "erases are whole sectors");
		this.bytes.fill(0xff, offset, offset + count);
		for (let sector = offset / SECTOR; sector < (offset + count) / SECTOR; sector++) this.wear[sector]!++;
	}

	#check(offset: number, count: number) {
		if (offset < 0 || count < 0 || offset + count > this.bytes.length)
			throw new DormouseError("flash", `${offset} + ${count} is beyond the partition`);
	}
}
