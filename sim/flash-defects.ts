import type { Seeded } from "./seeded.js";

/** Bits of one byte that are not as they should be. */
interface Defect {
	/** Cannot be programmed to 0. */
	stuckHigh: number;
	/** Cannot be erased to 1. */
	stuckLow: number;
	/** Half programmed or half erased: reads as 0 or 1, each time anew. Programming or erasing it ends that. */
	weak: number;
	/** Cleared by the chip itself, not by a program. Erasing ends that. */
	lost: number;
}

/** What is wrong with the cells of a flash, by byte; empty for a sound one. */
export class FlashDefects {
	readonly #bytes = new Map<number, Defect>();

	get none(): boolean {
		return this.#bytes.size === 0;
	}
	/** Marks bits of a byte. */
	mark(at: number, kind: keyof Defect, mask: number): void {
		let defect = this.#bytes.get(at);
		if (!defect) {
			defect = { stuckHigh: 0, stuckLow: 0, weak: 0, lost: 0 };
			this.#bytes.set(at, defect);
		}
		defect[kind] |= mask & 0xff;
	}
	/** Bits that firmware may take for 1 though the cell is not: programming a 1 there is no mistake of its own. */
	forgiven(at: number): number {
		const defect = this.#bytes.get(at);
		return defect ? defect.stuckLow | defect.weak | defect.lost : 0;
	}
	/** What a byte becomes when `value` is programmed over `old`. */
	programmed(at: number, old: number, value: number): number {
		const defect = this.#bytes.get(at);
		if (!defect) return old & value;
		defect.weak &= value;
		return old & (value | defect.stuckHigh);
	}
	/** After an erase of `[from, to)`: bits that did not become 1 are cleared in `bytes`; what an erase heals is forgotten. */
	erased(bytes: Uint8Array, from: number, to: number): void {
		for (const [at, defect] of this.#bytes) {
			if (at < from || at >= to) continue;
			defect.weak = 0;
			defect.lost = 0;
			bytes[at]! &= ~defect.stuckLow;
			if (!defect.stuckHigh && !defect.stuckLow) this.#bytes.delete(at);
		}
	}
	/** What a read at `offset` gives: the same bytes, or a copy where weak bits read as 0 this time. */
	read(bytes: Uint8Array, offset: number, noise: Seeded): Uint8Array {
		let result = bytes;
		for (const [at, { weak }] of this.#bytes) {
			if (!weak || at < offset || at >= offset + bytes.length) continue;
			if (result === bytes) result = bytes.slice();
			result[at - offset]! &= ~(weak & noise.u32());
		}
		return result;
	}
	/** Becomes a copy of `other`. */
	copy(other: FlashDefects): void {
		this.#bytes.clear();
		for (const [at, defect] of other.#bytes) this.#bytes.set(at, { ...defect });
	}
}
