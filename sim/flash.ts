import { DormouseError } from "../modules/core/errors.js";
import type { Seeded } from "./seeded.js";

/** Bytes that one erase sets to 0xff, on ESP32's NOR flash. */
export const SECTOR = 4096;

/** Thrown out of a flash operation that the power did not last for. Not a DormouseError: firmware must not catch it. */
export class PowerCut extends Error {
	override readonly name = "PowerCut";
}

/**
 * NOR flash: erasing sets a sector to 0xff, programming only clears bits. Breaking these rules throws, because on a board
 * it would corrupt silently. Contents survive power cuts; a cut during a program leaves a prefix and perhaps some cleared
 * bits of the next byte, a cut during an erase leaves the sector in any state.
 */
export class NorFlash {
	readonly bytes: Uint8Array;
	/** Erases of each sector. */
	readonly wear: Uint32Array;
	/** Bytes programmed. */
	programmed = 0;
	readonly #sector: number;
	#left = Number.POSITIVE_INFINITY;
	#noise: Seeded | undefined;

	/**
	 * @param sectors all erased
	 * @param sectorBytes less than {@link SECTOR} only in proofs that try each cut
	 */
	constructor(sectors: number, sectorBytes = SECTOR) {
		this.#sector = sectorBytes;
		this.bytes = new Uint8Array(sectors * sectorBytes).fill(0xff);
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
	/**
	 * Cuts the power after so many more steps: each byte that is programmed is one, each sector that is erased two (it may
	 * be hit in the middle). The step that is not reached is left half done.
	 * @param noise decides what half done looks like
	 */
	cutAfter(steps: number, noise: Seeded): void {
		this.#left = steps;
		this.#noise = noise;
	}
	/** Programs bytes. @throws {DormouseError} `flash` beyond the end, or when a bit would have to be set */
	write(offset: number, bytes: Uint8Array): void {
		this.#check(offset, bytes.length);
		for (let n = 0; n < bytes.length; n++) {
			const old = this.bytes[offset + n]!;
			if ((old & bytes[n]!) !== bytes[n])
				throw new DormouseError("flash", `programming ${offset + n} would set bits: erase first`);
		}
		const done = Math.min(bytes.length, this.#left);
		this.bytes.set(bytes.subarray(0, done), offset);
		this.programmed += done;
		this.#left -= done;
		if (done === bytes.length) return;
		this.bytes[offset + done]! &= bytes[done]! | this.#noise!.u32(); // some of its bits got cleared
		throw new PowerCut();
	}
	/** Erases whole sectors. @throws {DormouseError} `flash` off sector bounds */
	erase(offset: number, count: number): void {
		this.#check(offset, count);
		const size = this.#sector;
		if (offset % size || count % size) throw new DormouseError("flash", "erases are whole sectors");
		for (let at = offset; at < offset + count; at += size) {
			this.wear[at / size]!++;
			if (this.#left < 2) this.#tear(this.bytes.subarray(at, at + size));
			this.#left -= 2;
			this.bytes.fill(0xff, at, at + size);
		}
	}
	/** Half-erases a sector: noise, a part erased, or some bits set. */
	#tear(sector: Uint8Array): never {
		const noise = this.#noise!;
		const way = noise.between(0, 3);
		const edge = noise.between(0, sector.length);
		if (this.#left > 0)
			for (let at = 0; at < sector.length; at++) {
				if (way === 0) sector[at] = noise.u32();
				else if (way === 1) sector[at]! |= noise.u32();
				else if (way === 2 ? at < edge : at >= edge) sector[at] = 0xff;
			}
		this.#left = 0;
		throw new PowerCut();
	}

	#check(offset: number, count: number) {
		if (offset < 0 || count < 0 || offset + count > this.bytes.length)
			throw new DormouseError("flash", `${offset} + ${count} is beyond the partition`);
	}
}
