/** A point in virtual time: milliseconds since the simulation began, fractions allowed. */
export type Instant = number;

interface Entry {
	readonly at: Instant;
	readonly order: number;
	run: (() => void) | undefined;
}

/** Undoes a scheduled call; idempotent. */
export type Cancel = () => void;

/**
 * Virtual time: a heap ordered by (time, insertion). It only advances when someone calls `advance`, that is when every
 * engine is idle; equal seeds therefore give equal runs.
 */
export class Scheduler {
	#now: Instant = 0;
	#order = 0;
	readonly #heap: Entry[] = [];

	get now(): Instant {
		return this.#now;
	}
	/** When the next call is due; undefined when nothing is scheduled. */
	get next(): Instant | undefined {
		this.#dropCancelled();
		return this.#heap[0]?.at;
	}
	/** Schedules `run` at an instant; one in the past runs next, without setting time back. */
	at(when: Instant, run: () => void): Cancel {
		const entry: Entry = { at: Math.max(when, this.#now), order: this.#order++, run };
		this.#push(entry);
		return () => {
			entry.run = undefined;
		};
	}
	/** Schedules `run` so many milliseconds from now. */
	after(ms: number, run: () => void): Cancel {
		return this.at(this.#now + Math.max(0, ms), run);
	}
	/**
	 * Runs the next scheduled call, moving time to it.
	 * @param until nothing later than this runs; time then stays
	 * @returns false when nothing was due
	 */
	advance(until: Instant = Number.POSITIVE_INFINITY): boolean {
		this.#dropCancelled();
		const entry = this.#heap[0];
		if (!entry || entry.at > until) return false;
		this.#pop();
		this.#now = Math.max(this.#now, entry.at);
		const run = entry.run!;
		entry.run = undefined;
		run();
		return true;
	}
	/** Moves time on without running anything. Calls that became due run at the new time. */
	skipTo(when: Instant): void {
		if (when > this.#now) this.#now = when;
	}

	#dropCancelled() {
		while (this.#heap.length && !this.#heap[0]!.run) this.#pop();
	}
	#before(a: number, b: number): boolean {
		const x = this.#heap[a]!;
		const y = this.#heap[b]!;
		return x.at < y.at || (x.at === y.at && x.order < y.order);
	}
	#swap(a: number, b: number) {
		const entry = this.#heap[a]!;
		this.#heap[a] = this.#heap[b]!;
		this.#heap[b] = entry;
	}
	#push(entry: Entry) {
		let at = this.#heap.push(entry) - 1;
		while (at > 0) {
			const parent = (at - 1) >> 1;
			if (!this.#before(at, parent)) return;
			this.#swap(at, parent);
			at = parent;
		}
	}
	#pop() {
		const last = this.#heap.pop()!;
		if (!this.#heap.length) return;
		this.#heap[0] = last;
		for (let at = 0; ; ) {
			const left = 2 * at + 1;
			let least = at;
			if (left < this.#heap.length && this.#before(left, least)) least = left;
			if (left + 1 < this.#heap.length && this.#before(left + 1, least)) least = left + 1;
			if (least === at) return;
			this.#swap(at, least);
			at = least;
		}
	}
}
