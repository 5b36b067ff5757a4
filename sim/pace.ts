import type { Instant, Scheduler } from "./scheduler.js";

/** With real sockets: how long the process waits before it looks at the clock again. */
const REAL_STEP_MS = 1;

/** Keeps virtual time to real time, while real sockets are open or a speed was asked for. */
export class Pace {
	readonly #scheduler: Scheduler;
	readonly #speed: number;
	#anchor: { realMs: number; virtualMs: Instant; speed: number } | undefined;

	constructor(scheduler: Scheduler, speed: number) {
		this.#scheduler = scheduler;
		this.#speed = speed;
	}
	get now(): Instant {
		const { realMs, virtualMs, speed } = this.#anchor!;
		return virtualMs + (performance.now() - realMs) * speed;
	}
	/** Waits until the next call is due, but not long; sets the anchor at its first call and whenever the speed changes. */
	async wait(live: boolean, next: Instant): Promise<void> {
		const speed = live ? 1 : this.#speed;
		if (this.#anchor?.speed !== speed)
			this.#anchor = { realMs: performance.now(), virtualMs: this.#scheduler.now, speed };
		const ms = live ? REAL_STEP_MS : Math.min(50, (next - this.now) / speed);
		await new Promise((resolve) => (ms > REAL_STEP_MS ? setTimeout(resolve, ms) : setImmediate(resolve)));
	}
	forget(): void {
		this.#anchor = undefined;
	}
}
