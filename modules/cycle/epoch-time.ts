import type { Clock } from "../core/ports.js";

/** A server that tells an earlier time than this is wrong: this firmware is younger. 2026-01-01; moves on with releases. */
export const EARLIEST_MS = 1_767_225_600_000;
/** So is one that tells a later one: 2100-01-01. */
const LATEST_MS = 4_102_444_800_000;
/**
 * How far an answer may be from what the node's clock says, beside its own uncertainty: two seconds, and a 64th of the
 * time since the last one. The clock that runs in deep sleep is an RC oscillator that is calibrated at each boot; it is
 * some hundred ppm off, some thousand where temperature changes fast.
 */
const SLACK_MS = 2000;
const DRIFT = 64;
/** Two answers agree when they are as close, for the clock went on between them: perhaps at a rate that was not known. */
const DRIFT_MOST = 16;
/** One more of the rate is so much: 2^-19, about 2 ppm. In 16 bits it reaches 6 %. */
const RATE = 0x8_0000;
/** Over shorter times an error says more of the network than of the clock. */
const LEARN_MS = 3_600_000;
/** From answer to answer: at first, and at most, less an eighth at random. */
const ASK_FIRST_S = 3600;
const ASK_LAST_S = 86_400;
/** In between, until the clock may be so far off; and only so much longer each time, as day and night hide each other. */
const ERROR_MS = 5000;
const LONGER = 1.25;
/** Without an answer: a quarter of the time that there has been none, at most this. */
const RETRY_LAST_S = 21_600;
/** A correction that is worth a mark. */
const MARK_MS = 500;

const RETAINED = 38;

/**
 * Time since the epoch's start: monotonic across sleep, lost with the power. Should the board's clock step back without
 * a power loss, time goes on from where it stood, and the step is counted.
 *
 * Once a server told the wall time, that is known as well; and from the second time on, how fast the board's clock runs.
 * Epoch time is then told by what the clock should say, so that samples keep their grid, and marks stay true for long.
 */
export class EpochTime {
	static readonly version = 2;
	private readonly clock: Clock;
	/** The board's clock, and time by it, when they were last looked at. */
	private clockMs = 0;
	private lastMs = 0;
	/** How much faster than the board's clock time runs. */
	private rate = 0;
	/** Wall time of the epoch's start; 0 when unknown. */
	private startMs = 0;
	/** When that was learnt. Seconds of the epoch, as all that follows. */
	private syncedAt = 0;
	/** No server is asked before. */
	private askAt = 0;
	/** The epoch's start in seconds since 1970, by the last answer if that was not believed; else 0. */
	private doubted = 0;
	/** When that was, if this exchange is the next one that asks. Not retained. */
	private doubtedAt = 0;
	/** Times that the clock stepped back, in this wake. */
	steps = 0;
	/** Whether the wall time was learnt, or corrected, in this wake: a mark is to be recorded. */
	isMarkDue = false;

	constructor(clock: Clock) {
		this.clock = clock;
	}
	/** Begins an epoch now. */
	begin(): void {
		this.clockMs = this.clock.nowMs();
		this.lastMs = this.rate = this.startMs = this.syncedAt = this.askAt = this.doubted = 0;
	}
	/** Milliseconds since the epoch's start. */
	nowMs(): number {
		const clock = this.clock.nowMs();
		const passed = clock - this.clockMs;
		this.clockMs = clock;
		if (passed < 0) this.steps++;
		else this.lastMs += passed + (passed * this.rate) / RATE;
		return this.lastMs;
	}
	/** What the board's clock takes from now until `untilMs`, at least 1 millisecond. */
	clockUntil(untilMs: number): number {
		const ms = untilMs - this.nowMs();
		return Math.max(1, Math.ceil(ms - (ms * this.rate) / (RATE + this.rate)));
	}
	/** Wall time at so many seconds of the epoch, in seconds since 1970; 0 when unknown. */
	wallAt(seconds: number): number {
		return this.startMs && Math.round(this.startMs / 1000) + seconds;
	}
	/** Wall time now, in milliseconds since 1970; 0 when unknown. */
	wallMs(): number {
		return this.startMs && this.startMs + this.nowMs();
	}
	/** Whether a server should be asked in this exchange. If so, it counts as asked in vain until {@link sync}. */
	ask(): boolean {
		const now = this.nowMs() / 1000;
		if (now < this.askAt) return false;
		this.doubtedAt = this.askAt; // where an answer was doubted, it was then
		this.askAt = Math.floor(now + Math.min((now - this.syncedAt) / 4, RETRY_LAST_S));
		return true;
	}
	/**
	 * Takes what a server said the time is now, where that is plausible: between two limits, and no farther from what was
	 * known than a clock drifts. Beyond that it takes two answers, in different exchanges, that agree.
	 * @param wallMs milliseconds since 1970; 0: the server wants to be left alone, and so it is for a day
	 * @param uncertaintyMs how far that may be off
	 * @param earliestMs the lower limit
	 * @param random 0 … 0xffff_ffff, so that a fleet does not ask as one
	 * @returns false when it was not believed
	 */
	sync(wallMs: number, uncertaintyMs: number, earliestMs: number, random: number): boolean {
		const now = this.nowMs();
		let interval = ASK_LAST_S;
		if (wallMs !== 0) {
			if (!(wallMs >= earliestMs && wallMs < LATEST_MS)) return false;
			const start = wallMs - now;
			const known = this.startMs;
			const error = Math.abs(start - known);
			const passed = now - 1000 * this.syncedAt;
			if (known && error > uncertaintyMs + SLACK_MS + passed / DRIFT) {
				const before = this.doubted * 1000;
				const since = (now - 1000 * this.doubtedAt) / DRIFT_MOST;
				if (Math.abs(start - before) > uncertaintyMs + SLACK_MS + since) {
					this.doubted = Math.round(start / 1000);
					this.askAt = Math.floor(now / 1000); // in the next exchange
					return false;
				}
			}
			// What is too much for any clock was no drift: what was known was wrong.
			if (known && passed >= LEARN_MS && error < passed / DRIFT_MOST) {
				const rate = this.rate + Math.round(((RATE + this.rate) * (start - known)) / passed);
				this.rate = Math.max(-0x7fff, Math.min(rate, 0x7fff));
			}
			interval = (passed / 1000) * Math.min(LONGER, ERROR_MS / error);
			interval = known ? Math.max(ASK_FIRST_S, Math.min(interval, ASK_LAST_S)) : ASK_FIRST_S;
			this.isMarkDue ||= !known || error >= MARK_MS;
			this.startMs = start;
			this.syncedAt = Math.floor(now / 1000);
			this.doubted = 0;
		}
		this.askAt = Math.floor(now / 1000 + interval * (1 - random / 0x8_0000_0000));
		return true;
	}
	/** Writes the retained section. @returns bytes written */
	retain(into: DataView): number {
		into.setFloat64(0, this.clockMs);
		into.setFloat64(8, this.lastMs);
		into.setFloat64(16, this.startMs);
		into.setUint32(24, this.syncedAt);
		into.setUint32(28, this.askAt);
		into.setUint32(32, this.doubted);
		into.setInt16(36, this.rate);
		return RETAINED;
	}
	/** Takes back what {@link retain} wrote. @returns false when it cannot be; nothing has changed then */
	restore(from: DataView, version: number): boolean {
		if (version !== EpochTime.version || from.byteLength < RETAINED) return false;
		const clock = from.getFloat64(0);
		const last = from.getFloat64(8);
		const start = from.getFloat64(16);
		if (!Number.isFinite(clock + last + start) || last < 0 || start < 0) return false;
		this.clockMs = clock;
		this.lastMs = last;
		this.startMs = start;
		this.syncedAt = from.getUint32(24);
		this.askAt = from.getUint32(28);
		this.doubted = from.getUint32(32);
		this.rate = from.getInt16(36);
		return true;
	}
}
