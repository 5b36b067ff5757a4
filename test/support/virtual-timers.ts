import type { Timer, Timers } from "../../modules/core/ports.js";
import type { Scheduler } from "../../sim/scheduler.js";

/** Timers in virtual time; `open` counts those that are neither closed nor over. */
export class VirtualTimers implements Timers {
	open = 0;
	readonly #scheduler: Scheduler;
	constructor(scheduler: Scheduler) {
		this.#scheduler = scheduler;
	}
	set(callback: () => void, ms: number): Timer {
		let pending = true;
		this.open++;
		const end = () => {
			if (pending) this.open--;
			pending = false;
		};
		const cancel = this.#scheduler.after(ms, () => {
			end();
			callback();
		});
		return {
			close() {
				end();
				cancel();
			},
		};
	}
}
