const HOUR_MS = 3_600_000;

/** How long was transmitted in any hour: exact, and bounded by the frames of an hour. */
export class DutyLedger {
	#frames: { readonly startMs: number; readonly endMs: number }[] = [];
	/** Of the fullest hour so far, in milliseconds. */
	fullestMs = 0;

	/** Adds a frame; in the order of their beginnings. @returns milliseconds of the hour that ends with it */
	add(startMs: number, endMs: number): number {
		this.#frames.push({ startMs, endMs });
		const spent = this.spentMs(endMs);
		// Between two frames' ends the sum is nowhere larger than at one of them.
		this.fullestMs = Math.max(this.fullestMs, spent);
		return spent;
	}
	/** Milliseconds of the hour that ends at an instant; what was before it is forgotten. */
	spentMs(atMs: number): number {
		const from = atMs - HOUR_MS;
		if (this.#frames.length && this.#frames[0]!.endMs <= from)
			this.#frames = this.#frames.filter(({ endMs }) => endMs > from);
		// A gateway's queue may hold frames that begin later.
		return this.#frames.reduce(
			(sum, { startMs, endMs }) => sum + Math.max(0, Math.min(endMs, atMs) - Math.max(startMs, from)),
			0,
		);
	}
}
