/**
 * The wake cycle as a pure state machine: what a node does from boot to deep sleep. The shell (`node-run.ts`) performs
 * the effect that `step` asks for, feeds the outcome back as one event, and repeats until `Effect.sleep`.
 *
 * Times are milliseconds since the epoch's start, `s.in.nowMs` at each event.
 */

export const Event = Object.freeze({
	/** The processor runs. */
	boot: 0,
	/** Sensors were started; `in.waitMs` until they are ready. */
	started: 1,
	/** The wait is over. */
	elapsed: 2,
	/** A sensor has not finished; `in.waitMs` more. */
	pending: 3,
	/** Readings were taken and queued; `in.queued` records wait. */
	stored: 4,
	/** State is in retained memory. */
	committed: 5,
	/** The peer has records up to a number; the queue is trimmed. */
	delivered: 6,
	/** Exchange over: all delivered. */
	idle: 7,
	/** Exchange over: it failed. */
	failed: 8,
	/** Exchange over: the link asks to wait `in.waitMs`. */
	deferred: 9,
	/** The processor runs because the last wake died: panic, watchdog, brown-out. Takes the place of `boot`. */
	fault: 10,
});
export type Event = (typeof Event)[keyof typeof Event];

export const Effect = Object.freeze({
	/** Wait for the next event. */
	none: 0,
	/** Start all sensors → `started`. */
	start: 1,
	/** Wait `out.waitMs` → `elapsed`. */
	wait: 2,
	/** Collect readings and queue them as a record → `stored` or `pending`. */
	collect: 3,
	/** Write state to retained memory → `committed`. */
	commit: 4,
	/** Start an exchange of at most `out.deadlineMs`. */
	exchange: 5,
	/** Release the uplink and all else, and sleep until `out.wakeMs`. */
	sleep: 6,
});
export type Effect = (typeof Effect)[keyof typeof Effect];

/** What of the declaration the cycle needs. */
export interface CycleOptions {
	readonly periodMs: number;
	/** Records that are collected before they are sent. */
	readonly batch: number;
	readonly deadlineMs: number;
}

type Phase = "asleep" | "recovering" | "braking" | "measuring" | "saving" | "securing" | "sending" | "closing";

/** Shortest and longest time without an exchange after one failed. */
export const BACKOFF_FIRST_MS = 60_000;
export const BACKOFF_LONGEST_MS = 6 * 3_600_000;
/** Wakes that may die in a row before the node waits between them. */
export const FAULTS_FREE = 2;
/** A node that wakes this much early counts as on time: sleep clocks drift. */
export const EARLY_MS = 500;
/** A pin that wakes a node this shortly before a sample is due brings that one, and none of its own. */
export const WOKEN_EARLY_MS = 1000;

const RETAINED = 22;

export class CycleState {
	static readonly version = 2;
	readonly options: CycleOptions;
	/** Operands of the event at hand, set by the shell. */
	readonly in = { nowMs: 0, waitMs: 0, queued: 0, pressed: false, random: 0, woken: false, send: false };
	/** Operands of the effect at hand. */
	readonly out = { waitMs: 0, deadlineMs: 0, wakeMs: 0 };
	phase: Phase = "asleep";
	/** When the next sample is due. Retained. */
	dueMs = 0;
	/** No exchange before this. Retained. */
	notBeforeMs = 0;
	/** Exchanges that failed in a row. Retained. */
	failures = 0;
	/** Wakes that died in a row. Retained. */
	faults = 0;
	/** Samples that were not taken because the node was still awake when they were due. Retained. */
	missed = 0;
	/** Whether a sample waits that was to be sent at once. Retained. */
	urgent = false;

	constructor(options: CycleOptions) {
		this.options = options;
	}
	/** As after a power loss: a sample is due at once. @param nowMs when the schedule was lost alone: the time of its grid */
	reset(nowMs = 0): void {
		const { periodMs } = this.options;
		this.dueMs = Math.floor(nowMs / periodMs) * periodMs; // what came before was not missed
		this.notBeforeMs = 0;
		this.failures = 0;
		this.faults = 0;
		this.missed = 0;
		this.urgent = false;
	}
	/** Writes the retained section. @returns bytes written */
	retain(into: DataView): number {
		into.setFloat64(0, this.dueMs);
		into.setFloat64(8, this.notBeforeMs);
		into.setUint16(16, this.failures);
		into.setUint16(18, this.missed);
		into.setUint8(20, this.faults);
		into.setUint8(21, this.urgent ? 1 : 0);
		return RETAINED;
	}
	/** Takes back what {@link retain} wrote. @returns false when it cannot be; nothing has changed then */
	restore(from: DataView, version: number): boolean {
		if (version < 1 || version > CycleState.version || from.byteLength < RETAINED - 2 + version) return false;
		const due = from.getFloat64(0);
		const notBefore = from.getFloat64(8);
		if (!Number.isFinite(due) || !Number.isFinite(notBefore)) return false;
		this.dueMs = due;
		this.notBeforeMs = notBefore;
		this.failures = from.getUint16(16);
		this.missed = from.getUint16(18);
		this.faults = from.getUint8(20);
		this.urgent = version > 1 && from.getUint8(21) !== 0; // added in layout 2
		return true;
	}
}

/** Takes an event, changes `s`, and says what to do. Events that do not fit the phase are late: tolerated, without effect. */
export function step(s: CycleState, event: Event): Effect {
	switch (s.phase) {
		case "asleep":
			return event === Event.boot ? wake(s) : event === Event.fault ? recover(s) : Effect.none;
		case "recovering":
			return event === Event.committed ? wake(s) : Effect.none;
		case "braking":
			if (event !== Event.committed) return Effect.none;
			s.phase = "asleep";
			return Effect.sleep;
		case "measuring":
			return measure(s, event);
		case "saving":
			if (event !== Event.committed) return Effect.none;
			if (!worthSending(s)) return s.faults > 0 ? close(s) : sleep(s);
			// Retained memory has two banks. What a peer sees must be in both: were the newer one damaged while the radio
			// draws its current, the older one would give out the same record numbers again.
			s.phase = "securing";
			return Effect.commit;
		case "securing":
			if (event !== Event.committed) return Effect.none;
			s.phase = "sending";
			s.out.deadlineMs = s.options.deadlineMs;
			return Effect.exchange;
		case "sending":
			return exchange(s, event);
		case "closing":
			return event === Event.committed ? sleep(s) : Effect.none;
	}
}

function wake(s: CycleState): Effect {
	const { nowMs } = s.in;
	const { periodMs } = s.options;
	if (s.dueMs - nowMs > periodMs) s.dueMs = nowMs + periodMs; // the schedule was changed, or the clock stepped back
	if (s.dueMs - nowMs > EARLY_MS && !s.in.woken) {
		s.phase = "closing"; // commits: a clock that stepped back must not do so again at the next wake
		return Effect.commit;
	}
	s.phase = "measuring";
	return Effect.start;
}

function measure(s: CycleState, event: Event): Effect {
	switch (event) {
		case Event.started:
		case Event.pending:
			s.out.waitMs = s.in.waitMs;
			return Effect.wait;
		case Event.elapsed:
			return Effect.collect;
		case Event.stored:
			if (s.in.woken && s.in.send) s.urgent = true;
			// A sample for a pin is one more: the schedule stays as it is.
			if (!s.in.woken || s.dueMs - s.in.nowMs <= WOKEN_EARLY_MS) advance(s);
			s.phase = "saving";
			return Effect.commit; // before the radio draws its current: a brown-out then loses nothing
		default:
			return Effect.none;
	}
}

function exchange(s: CycleState, event: Event): Effect {
	switch (event) {
		case Event.delivered:
			return Effect.commit;
		case Event.idle:
			s.failures = 0;
			s.notBeforeMs = 0;
			s.urgent = false;
			break;
		case Event.failed:
			s.failures = Math.min(s.failures + 1, 0xffff);
			s.notBeforeMs = s.in.nowMs + backoffMs(s.failures, s.options.periodMs, s.in.random);
			break;
		case Event.deferred:
			s.notBeforeMs = s.in.nowMs + s.in.waitMs;
			break;
		default:
			return Effect.none;
	}
	return close(s);
}

/** The wake came to its end: faults before it count no more. */
function close(s: CycleState): Effect {
	s.faults = 0;
	s.phase = "closing";
	return Effect.commit;
}

/**
 * After a wake that died. It is counted durably before anything that may die again; from the third in a row on, the node
 * sleeps before it tries, longer each time, so that a fault of every wake cannot drain the battery.
 */
function recover(s: CycleState): Effect {
	s.faults = Math.min(s.faults + 1, 0xff);
	s.phase = "recovering";
	if (s.faults > FAULTS_FREE) {
		s.phase = "braking";
		s.out.wakeMs = s.in.nowMs + backoffMs(s.faults - FAULTS_FREE, s.options.periodMs, s.in.random);
	}
	return Effect.commit;
}

function worthSending(s: CycleState): boolean {
	const enough = s.in.queued >= s.options.batch || s.in.pressed || s.urgent; // a batch may be more than the queue holds
	return enough && s.in.nowMs >= s.notBeforeMs;
}

/** The next sample's time: the grid of periods from the epoch's start, so that awake time does not add up to drift. */
function advance(s: CycleState) {
	const { periodMs } = s.options;
	s.dueMs += periodMs;
	// What is due already was missed: two samples of almost the same time would be of no use.
	const behind = Math.floor((s.in.nowMs - s.dueMs) / periodMs) + 1;
	if (behind > 0) {
		s.dueMs += behind * periodMs;
		s.missed = Math.min(s.missed + behind, 0xffff);
	}
}

function sleep(s: CycleState): Effect {
	s.phase = "asleep";
	s.out.wakeMs = s.dueMs;
	return Effect.sleep;
}

/**
 * How long not to try again after so many failures in a row: doubles from the period or a minute, whichever is longer, up
 * to six hours, less up to a quarter at random, so that a fleet does not come back as one.
 * @param random 0 … 0xffff_ffff
 */
export function backoffMs(failures: number, periodMs: number, random: number): number {
	const doubled = Math.max(periodMs, BACKOFF_FIRST_MS) * 2 ** Math.min(failures - 1, 20);
	const full = Math.min(doubled, Math.max(BACKOFF_LONGEST_MS, periodMs));
	return Math.round(full * (1 - random / 0x1_0000_0000 / 4));
}
