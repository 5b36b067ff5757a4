/**
 * Seeded pseudo-random numbers (mulberry32, public domain, by Tommy Ettinger): small, fast, the same on every engine.
 * For simulation and tests only.
 */
export class Seeded {
	#state: number;
	constructor(seed: number) {
		this.#state = seed >>> 0;
	}
	/** Where the sequence stands: setting it repeats what followed. */
	get state(): number {
		return this.#state;
	}
	set state(value: number) {
		this.#state = value >>> 0;
	}
	/** 0 … 0xffff_ffff */
	u32(): number {
		this.#state = (this.#state + 0x6d2b79f5) >>> 0;
		let t = this.#state;
		t = Math.imul(t ^ (t >>> 15), t | 1);
		t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
		return (t ^ (t >>> 14)) >>> 0;
	}
	/** 0 ≤ x < 1 */
	real(): number {
		return this.u32() / 0x1_0000_0000;
	}
	/** An integer from `low` to `high`, both included. */
	between(low: number, high: number): number {
		return low + Math.floor(this.real() * (high - low + 1));
	}
	/** Roughly normal: mean 0, standard deviation 1 (sum of twelve, Irwin–Hall). */
	normal(): number {
		let sum = -6;
		for (let n = 0; n < 12; n++) sum += this.real();
		return sum;
	}
}
