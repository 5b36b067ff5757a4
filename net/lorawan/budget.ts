import type { Band } from "./region.js";

const HOUR_MS = 3_600_000;
/** Share of an hour's allowance that may be spent at once. */
const BURST = 0.25;
/** Share of an hour's allowance that comes back in an hour; what is missing to one covers a clock that runs 7 % fast. */
const REFILL = 0.7;
/** Bytes that {@link AirBudget.retain} writes a band, and before them. */
const BAND_BYTES = 2;

/**
 * How long a node may yet transmit in each band, so that no hour has more than the law allows, however often the power goes.
 *
 * Each band is a bucket of a quarter of an hour's allowance, filled at 0.7 allowances an hour: any hour then has at most
 * 0.95. What is in it survives deep sleep. After a power loss it is empty: whatever was sent before the loss came out of
 * the full bucket or of the refill up to then, so that the sum still holds, and the node waits for its next frame's
 * airtime alone (8 s for a join at SF7 with 1 %), not for an hour.
 */
export class AirBudget {
	private readonly bands: readonly Band[];
	/** Milliseconds of airtime, a band. */
	private readonly left: Float64Array;
	private atMs: number;

	/** Empty. @param nowMs of the clock that all times here are of */
	constructor(bands: readonly Band[], nowMs: number) {
		this.bands = bands;
		this.left = new Float64Array(bands.length);
		this.atMs = nowMs;
	}
	/** @returns the band that holds `frequency` (100 Hz), −1 where nobody may send */
	bandOf(frequency: number): number {
		return this.bands.findIndex(({ low, high }) => frequency >= low && frequency < high);
	}
	/** Milliseconds until so much airtime may be spent in the band: 0 for now, Infinity for never. */
	waitMs(band: number, airtime: number, nowMs: number): number {
		const { perMille } = this.bands[band]!;
		if (perMille >= 1000) return 0;
		const allowance = (perMille / 1000) * HOUR_MS;
		if (airtime > allowance * BURST) return Number.POSITIVE_INFINITY;
		this.refill(nowMs);
		return Math.max(0, Math.ceil((airtime - this.left[band]!) / ((perMille / 1000) * REFILL)));
	}
	/** Takes the airtime of a frame that is about to be sent. */
	spend(band: number, airtime: number, nowMs: number): void {
		this.refill(nowMs);
		this.left[band]! -= airtime;
	}
	/** Writes two bytes a band: what is left, in units of 2 ms, rounded down. @returns bytes written */
	retain(into: DataView, at: number, nowMs: number): number {
		this.refill(nowMs);
		for (let n = 0; n < this.left.length; n++)
			into.setUint16(at + BAND_BYTES * n, Math.min(0xffff, Math.max(0, Math.floor(this.left[n]! / 2))));
		return BAND_BYTES * this.left.length;
	}
	/** Takes back what {@link retain} wrote at `atMs`. */
	restore(from: DataView, at: number, atMs: number): void {
		for (let n = 0; n < this.left.length; n++) this.left[n] = 2 * from.getUint16(at + BAND_BYTES * n);
		this.atMs = atMs;
	}

	private refill(nowMs: number) {
		// A clock that stepped back gives nothing, and counts from there on.
		const ms = Math.max(0, nowMs - this.atMs);
		this.atMs = nowMs;
		for (let n = 0; n < this.left.length; n++) {
			const share = this.bands[n]!.perMille / 1000;
			this.left[n] = Math.min(share * HOUR_MS * BURST, this.left[n]! + ms * share * REFILL);
		}
	}
}
