import type { Clock } from "../core/ports.js";

/**
 * Time since the epoch's start: monotonic across sleep, lost with the power. Should the board's clock step back without
 * a power loss, time goes on from where it stood, and the step is counted.
 */
export class EpochTime {
	static readonly version = 1;
	private readonly clock: Clock;
	private startMs = 0;
	private lastMs = 0;
	/** Times that the clock stepped back, in this wake. */
	steps = 0;

	constructor(clock: Clock) {
		this.clock = clock;
	}
	/** Begins an epoch now. */
	begin(): void {
		this.startMs = this.clock.nowMs();
		this.lastMs = 0;
	}
	/** Milliseconds since the epoch's start. */
	nowMs(): number {
		let now = this.clock.nowMs() - this.startMs;
		if (now < this.lastMs) {
			this.startMs -= this.lastMs - now;
			now = this.lastMs;
			this.steps++;
		}
		this.lastMs = now;
		return now;
	}
	/** Writes the retained section. @returns bytes written */
	retain(into: DataView): number {
		into.setFloat64(0, this.startMs);
		into.setFloat64(8, this.lastMs);
		return 16;
	}
	/** Takes back what {@link retain} wrote. @returns false when it cannot be; nothing has changed then */
	restore(from: DataView, version: number): boolean {
		if (version !== EpochTime.version || from.byteLength < 16) return false;
		const start = from.getFloat64(0);
		const last = from.getFloat64(8);
		if (!Number.isFinite(start) || !Number.isFinite(last) || last < 0) return false;
		this.startMs = start;
		this.lastMs = last;
		return true;
	}
}
