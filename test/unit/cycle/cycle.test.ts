import { ResetReason } from "../../../modules/core/ports.js";
import { NodeRecord, RecordKind } from "../../../modules/core/record.js";
import {
	BACKOFF_FIRST_MS,
	BACKOFF_LONGEST_MS,
	backoffMs,
	CycleState,
	EARLY_MS,
	Effect,
	Event,
	FAULTS_FREE,
	step,
	WOKEN_EARLY_MS,
} from "../../../modules/cycle/cycle.js";
import { EpochTime } from "../../../modules/cycle/epoch-time.js";
import { HEALTH_FIELDS, Health, Start } from "../../../modules/cycle/health.js";
import { REPORT_VERSION, WakeReport } from "../../../modules/cycle/report.js";
import { decodeReport } from "../../../modules/cycle/report-decoder.js";
import { Seeded } from "../../../sim/seeded.js";
import * as assert from "../../assert.js";

const PERIOD = 600_000;

function cycle(batch = 2, periodMs = PERIOD): CycleState {
	return new CycleState({ periodMs, batch, deadlineMs: 20_000 });
}
/** Feeds events; each with what it sets in `in`. @returns the effects */
function feed(s: CycleState, ...events: readonly (Event | [Event, Partial<CycleState["in"]>])[]): Effect[] {
	return events.map((entry) => {
		if (typeof entry === "number") return step(s, entry);
		Object.assign(s.in, entry[1]);
		return step(s, entry[0]);
	});
}
/** A wake up to the commit of its sample. */
function sampled(s: CycleState, nowMs: number, queued: number): Effect {
	feed(s, [Event.boot, { nowMs }], [Event.started, { waitMs: 10 }], Event.elapsed);
	return feed(s, [Event.stored, { nowMs: nowMs + 10, queued }])[0]!;
}

describe("cycle", () => {
	it("a wake that does not send: start, wait, collect, commit, sleep until the next sample", () => {
		const s = cycle();
		const effects = feed(
			s,
			[Event.boot, { nowMs: 0 }],
			[Event.started, { waitMs: 12 }],
			Event.elapsed,
			[Event.stored, { queued: 1 }],
			Event.committed,
		);
		assert.deepEqual(effects, [Effect.start, Effect.wait, Effect.collect, Effect.commit, Effect.sleep]);
		assert.equal(s.out.waitMs, 12);
		assert.equal(s.out.wakeMs, PERIOD);
	});
	it("woken by a pin between two samples: one more is taken, and the schedule stays", () => {
		const s = cycle(12);
		s.dueMs = PERIOD;
		s.in.woken = true;
		assert.equal(sampled(s, 200_000, 1), Effect.commit);
		assert.equal(step(s, Event.committed), Effect.sleep);
		assert.equal(s.out.wakeMs, PERIOD);
		assert.equal(s.missed, 0);
	});
	it("woken by a pin a second or less before a sample is due, or after it: it is that sample", () => {
		for (const [beforeMs, isOneMore] of [
			[WOKEN_EARLY_MS + 11, true],
			[WOKEN_EARLY_MS + 10, false],
			[0, false],
			[-2000, false],
		] as const) {
			const s = cycle(12);
			s.dueMs = 2 * PERIOD;
			s.in.woken = true;
			sampled(s, 2 * PERIOD - beforeMs, 1); // `sampled` takes 10 ms
			assert.equal(s.dueMs, isOneMore ? 2 * PERIOD : 3 * PERIOD, `${beforeMs} ms before`);
		}
	});
	it("woken by a pin that sends: the exchange comes whatever the batch, and again until it succeeds", () => {
		const s = cycle(12);
		s.dueMs = PERIOD;
		Object.assign(s.in, { woken: true, send: true, random: 0 });
		sampled(s, 1000, 1);
		assert.deepEqual(feed(s, Event.committed, Event.committed), [Effect.commit, Effect.exchange]);
		feed(s, [Event.failed, { nowMs: 3000 }], Event.committed);
		assert.ok(s.urgent && s.notBeforeMs > 3000);
		const next = cycle(12); // the next wake
		const bytes = new DataView(new ArrayBuffer(32));
		assert.ok(next.restore(new DataView(bytes.buffer, 0, s.retain(bytes)), CycleState.version));
		sampled(next, PERIOD, 2);
		assert.equal(step(next, Event.committed), Effect.sleep, "not before the wait after a failure is over");
		next.phase = "asleep";
		sampled(next, 2 * PERIOD, 3);
		assert.deepEqual(feed(next, Event.committed, Event.committed, Event.idle), [
			Effect.commit,
			Effect.exchange,
			Effect.commit,
		]);
		assert.equal(next.urgent, false);
	});
	it("retained by a firmware before there were pins: taken, and nothing is urgent", () => {
		const s = cycle();
		s.missed = 7;
		s.urgent = true;
		const bytes = new DataView(new ArrayBuffer(32));
		s.retain(bytes);
		const old = cycle();
		assert.ok(old.restore(new DataView(bytes.buffer, 0, 21), 1));
		assert.equal(old.missed, 7);
		assert.equal(old.urgent, false);
		assert.ok(!old.restore(new DataView(bytes.buffer, 0, 21), 2), "too short for layout 2");
	});
	it("after a wake that died: counted durably first, tried at once twice, then waits that grow, and forgiven by a wake that ends", () => {
		const s = cycle();
		s.in.random = 0;
		for (let fault = 1; fault <= FAULTS_FREE; fault++) {
			assert.deepEqual(feed(s, [Event.fault, { nowMs: 1000 * fault }], Event.committed), [Effect.commit, Effect.start]);
			assert.equal(s.faults, fault);
			s.phase = "asleep"; // it dies while it measures
		}
		const waits: number[] = [];
		for (let fault = FAULTS_FREE + 1; fault < 20; fault++) {
			assert.deepEqual(feed(s, [Event.fault, { nowMs: 5000 }], Event.committed), [Effect.commit, Effect.sleep]);
			waits.push(s.out.wakeMs - 5000);
			s.phase = "asleep";
		}
		assert.deepEqual(waits.slice(0, 3), [PERIOD, 2 * PERIOD, 4 * PERIOD]);
		assert.equal(waits.at(-1), BACKOFF_LONGEST_MS);
		assert.equal(sampled(s, 7 * 3_600_000, 1), Effect.commit);
		assert.ok(s.faults > 0, "not yet: it may still die while it sends");
		assert.deepEqual(feed(s, Event.committed, Event.committed), [Effect.commit, Effect.sleep]);
		assert.equal(s.faults, 0);
	});
	it("a wake that sends: both banks are committed before the exchange, and once more behind it", () => {
		const s = cycle();
		assert.equal(sampled(s, 0, 2), Effect.commit);
		assert.deepEqual(feed(s, Event.committed, Event.committed), [Effect.commit, Effect.exchange]);
		assert.equal(s.out.deadlineMs, 20_000);
		assert.deepEqual(feed(s, Event.delivered, Event.committed), [Effect.commit, Effect.none]);
		assert.deepEqual(feed(s, Event.idle, Event.committed), [Effect.commit, Effect.sleep]);
	});
	it("a busy sensor: waits again", () => {
		const s = cycle();
		const effects = feed(s, Event.boot, Event.started, Event.elapsed, [Event.pending, { waitMs: 5 }], Event.elapsed);
		assert.deepEqual(effects.slice(2), [Effect.collect, Effect.wait, Effect.collect]);
		assert.equal(s.out.waitMs, 5);
	});
	it("late and doubled events: without effect in every phase", () => {
		const { boot, started, elapsed, pending, stored, committed, delivered, idle, failed, deferred } = Event;
		const path: [fits: readonly Event[], next: Event][] = [
			[[boot, Event.fault], boot], // asleep
			[[started, elapsed, pending, stored], stored], // measuring
			[[committed], committed], // saving
			[[committed], committed], // securing
			[[delivered, idle, failed, deferred], idle], // sending
			[[committed], committed], // closing
		];
		const s = cycle(1);
		s.in.queued = 1;
		let tried = 0;
		for (const [fits, next] of path) {
			for (const event of Object.values(Event)) {
				if (fits.includes(event)) continue;
				const before = JSON.stringify(s);
				assert.equal(step(s, event), Effect.none, `${s.phase}: ${event}`);
				assert.equal(JSON.stringify(s), before);
				tried++;
			}
			step(s, next);
		}
		assert.equal(s.phase, "asleep");
		assert.equal(tried, 9 + 7 + 10 + 10 + 7 + 10);
	});
	for (const [name, dueMs, nowMs, effect, wakeMs] of [
		["due now", PERIOD, PERIOD, Effect.start, 0],
		["overdue", PERIOD, 5 * PERIOD, Effect.start, 0],
		["a little early", PERIOD, PERIOD - EARLY_MS, Effect.start, 0],
		["too early, by a pin or a reset", PERIOD, PERIOD - EARLY_MS - 1, Effect.sleep, PERIOD],
		["a whole period early", 2 * PERIOD, PERIOD, Effect.sleep, 2 * PERIOD],
		["due far away: the clock stepped back, or the period was made shorter", 9 * PERIOD, 5, Effect.sleep, PERIOD + 5],
	] as const)
		it(`boot ${name}: ${effect === Effect.start ? "a sample" : "sleeps on"}`, () => {
			const s = cycle();
			s.dueMs = dueMs;
			if (effect === Effect.start) {
				assert.deepEqual(feed(s, [Event.boot, { nowMs }]), [effect]);
				return;
			}
			// What the clock did is kept, so that a step back is one step.
			assert.deepEqual(feed(s, [Event.boot, { nowMs }], Event.committed), [Effect.commit, effect]);
			assert.equal(s.out.wakeMs, wakeMs);
		});
	for (const [name, queued, notBeforeMs, sends] of [
		["one short of a batch", 1, 0, false],
		["a batch", 2, 0, true],
		["more than a batch", 50, 0, true],
		["a batch, too soon after a failure", 2, 11, false],
		["a batch, just when it may", 2, 10, true],
	] as const)
		it(`${name}: ${sends ? "sent" : "not sent"}`, () => {
			const s = cycle();
			s.notBeforeMs = notBeforeMs;
			sampled(s, 0, queued);
			assert.equal(feed(s, Event.committed)[0], sends ? Effect.commit : Effect.sleep);
		});
	it("a month awake 3.3 s each time, waking up to a second late: the grid does not drift", () => {
		const s = cycle(1000);
		const random = new Seeded(4);
		let nowMs = 0;
		for (let n = 1; n <= 4320; n++) {
			sampled(s, nowMs + random.between(0, 1000), 1);
			nowMs += 3300;
			s.in.nowMs = nowMs;
			feed(s, Event.committed);
			assert.equal(s.out.wakeMs, n * PERIOD);
			nowMs = s.out.wakeMs;
		}
		assert.equal(s.missed, 0);
	});
	for (const [late, due, missed] of [
		[PERIOD - 20, 1, 0],
		[PERIOD - 10, 2, 1],
		[1.5 * PERIOD, 2, 1],
		[2.5 * PERIOD, 3, 2],
	] as const)
		it(`${late} ms late: one sample for what passed, the next at its own point`, () => {
			const s = cycle();
			sampled(s, late, 1);
			assert.deepEqual([s.dueMs / PERIOD, s.missed], [due, missed]);
			assert.ok(s.dueMs > late + 10);
		});
	it("awake for long: samples taken and missed add up to the grid, the last point that passed is made up for", () => {
		const random = new Seeded(6);
		const s = cycle(1000, 1000);
		let nowMs = 0;
		let taken = 0;
		for (let wakes = 0; wakes < 500; wakes++) {
			if (feed(s, [Event.boot, { nowMs }])[0] === Effect.start) {
				nowMs += random.real() < 0.2 ? random.between(0, 9000) : 50;
				feed(s, [Event.stored, { nowMs }]);
				taken++;
				nowMs += random.real() < 0.2 ? random.between(0, 9000) : 50;
				feed(s, [Event.committed, { nowMs }]);
			}
			assert.equal(s.dueMs % 1000, 0);
			assert.equal(taken + s.missed, s.dueMs / 1000);
			nowMs = Math.max(nowMs, s.out.wakeMs);
		}
		assert.ok(s.missed > 100);
	});
	it("failure: the next exchange only after the backoff; success: at once", () => {
		const s = cycle(1);
		for (let failures = 1; failures <= 3; failures++) {
			const nowMs = s.notBeforeMs;
			sampled(s, nowMs, 1);
			feed(s, Event.committed, Event.committed, [Event.failed, { nowMs, random: 0 }]);
			feed(s, Event.committed);
			assert.equal(s.failures, failures);
			assert.equal(s.notBeforeMs, nowMs + PERIOD * 2 ** (failures - 1));
		}
		sampled(s, s.notBeforeMs, 1);
		feed(s, Event.committed, Event.committed, Event.idle);
		assert.deepEqual([s.failures, s.notBeforeMs], [0, 0]);
	});
	it("deferred: waits as long as asked, and it is no failure", () => {
		const s = cycle(1);
		s.failures = 2;
		sampled(s, 100, 1);
		feed(s, Event.committed, Event.committed, [Event.deferred, { nowMs: 200, waitMs: 5000 }]);
		assert.deepEqual([s.failures, s.notBeforeMs], [2, 5200]);
	});
	it("counters: stay within their sixteen bits", () => {
		const s = cycle(1, 1000);
		s.failures = s.missed = 0xffff;
		sampled(s, 1_000_000, 1);
		feed(s, Event.committed, Event.committed, [Event.failed, { random: 0 }]);
		assert.deepEqual([s.failures, s.missed], [0xffff, 0xffff]);
		assert.ok(Number.isFinite(s.notBeforeMs));
	});
});

describe("backoff", () => {
	for (const [failures, periodMs, expected] of [
		[1, 10_000, BACKOFF_FIRST_MS],
		[2, 10_000, 2 * BACKOFF_FIRST_MS],
		[9, 10_000, 256 * BACKOFF_FIRST_MS],
		[10, 10_000, BACKOFF_LONGEST_MS],
		[0xffff, 10_000, BACKOFF_LONGEST_MS],
		[1, PERIOD, PERIOD],
		[3, PERIOD, 4 * PERIOD],
		[1, 86_400_000, 86_400_000],
		[5, 86_400_000, 86_400_000],
	] as const)
		it(`after ${failures} failures at a period of ${periodMs} ms: ${expected} ms, less up to a quarter`, () => {
			assert.equal(backoffMs(failures, periodMs, 0), expected);
			const least = backoffMs(failures, periodMs, 0xffff_ffff);
			assert.ok(least >= expected * 0.75 && least < expected * 0.7501);
			assert.near(backoffMs(failures, periodMs, 0x8000_0000), expected * 0.875, 1);
		});
});

/** Section bytes of something that is retained. */
function section(owner: { retain(into: DataView): number }): DataView {
	const view = new DataView(new ArrayBuffer(64));
	return new DataView(view.buffer, 0, owner.retain(view));
}

describe("cycle state across sleep", () => {
	it("schedule, backoff and counters: come back", () => {
		const s = cycle();
		Object.assign(s, { dueMs: 1.5e12, notBeforeMs: 1e12, failures: 7, missed: 0xffff });
		const back = cycle();
		assert.ok(back.restore(section(s), CycleState.version));
		assert.deepEqual([back.dueMs, back.notBeforeMs, back.failures, back.missed], [1.5e12, 1e12, 7, 0xffff]);
	});
	it("unknown version, a section cut anywhere, no number: refused, nothing changed", () => {
		const s = cycle();
		s.dueMs = 5;
		const whole = section(s);
		const back = cycle();
		assert.ok(!back.restore(whole, CycleState.version + 1));
		assert.ok(!back.restore(whole, 0));
		for (let short = 0; short < whole.byteLength; short++)
			assert.ok(!back.restore(new DataView(whole.buffer, 0, short), CycleState.version));
		for (const at of [0, 8]) {
			const broken = section(s);
			broken.setFloat64(at, at ? Number.NaN : Number.POSITIVE_INFINITY);
			assert.ok(!back.restore(broken, CycleState.version));
		}
		assert.deepEqual([back.dueMs, back.notBeforeMs, back.failures, back.missed], [0, 0, 0, 0]);
	});
	it("reset: due at once; at a time, due at that point of the grid and nothing missed", () => {
		const s = cycle();
		s.dueMs = 77;
		s.reset();
		assert.equal(s.dueMs, 0);
		s.reset(7.5 * PERIOD);
		assert.equal(s.dueMs, 7 * PERIOD);
		sampled(s, 7.5 * PERIOD, 1);
		assert.deepEqual([s.dueMs, s.missed], [8 * PERIOD, 0]);
	});
});

describe("epoch time", () => {
	it("sleep: goes on; a new epoch: from 0", () => {
		const clock = { now: 1000, nowMs: () => clock.now };
		const time = new EpochTime(clock);
		time.begin();
		clock.now = 61_000;
		assert.equal(time.nowMs(), 60_000);
		const back = new EpochTime(clock);
		assert.ok(back.restore(section(time), EpochTime.version));
		clock.now = 121_000;
		assert.equal(back.nowMs(), 120_000);
		back.begin();
		assert.equal(back.nowMs(), 0);
	});
	it("clock that steps back, awake or asleep: never back, counted, and it goes on from there", () => {
		const clock = { now: 50_000, nowMs: () => clock.now };
		const time = new EpochTime(clock);
		time.begin();
		clock.now = 60_000;
		time.nowMs();
		clock.now = 20_000;
		assert.equal(time.nowMs(), 10_000);
		assert.equal(time.steps, 1);
		clock.now = 21_000;
		assert.equal(time.nowMs(), 11_000);
		const back = new EpochTime(clock);
		clock.now = 0;
		assert.ok(back.restore(section(time), EpochTime.version));
		assert.equal(back.nowMs(), 11_000);
		clock.now = 500;
		assert.equal(back.nowMs(), 11_500);
		assert.equal(back.steps, 1);
	});
	it("unknown version, a section cut anywhere, nonsense: refused, nothing changed", () => {
		const clock = { nowMs: () => 5000 };
		const time = new EpochTime(clock);
		time.begin();
		const whole = section(time);
		const back = new EpochTime(clock);
		assert.ok(!back.restore(whole, EpochTime.version + 1));
		for (let short = 0; short < whole.byteLength; short++)
			assert.ok(!back.restore(new DataView(whole.buffer, 0, short), EpochTime.version));
		for (const [at, value] of [
			[0, Number.NaN],
			[8, Number.NaN],
			[8, -1],
			[16, Number.POSITIVE_INFINITY],
			[16, -1],
		] as const) {
			const broken = section(time);
			broken.setFloat64(at, value);
			assert.ok(!back.restore(broken, EpochTime.version), `${value} at ${at}`);
		}
		assert.equal(back.nowMs(), 5000);
	});
});

describe("health", () => {
	it("a record: one value a field, in order", () => {
		const health = new Health();
		const record = new NodeRecord(NodeRecord.widest);
		Object.assign(health, { start: Start.partial, resetReason: ResetReason.panic, absent: 1, nonsense: 2, range: 3 });
		Object.assign(health, {
			failed: 4,
			dropped: 5,
			missed: 6,
			sectionsLost: 7,
			storeFailed: 8,
			panics: 9,
			clockSteps: 10,
			lost: 11,
			flashFaults: 12,
			unsaved: 13,
		});
		health.fill(record);
		assert.equal(record.kind, RecordKind.health);
		assert.deepEqual([...record.values.subarray(0, record.length)], [3, 4, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13]);
		assert.equal(record.length, HEALTH_FIELDS.length);
	});
	it("due: at first, then when something changed and a day is over", () => {
		const health = new Health();
		assert.ok(health.isDue(0));
		health.fill(new NodeRecord(NodeRecord.widest));
		assert.ok(health.isDue(0)); // until it is queued
		health.reported(0);
		assert.ok(!health.isDue(10 * Health.intervalSeconds));
		health.absent++;
		assert.ok(!health.isDue(Health.intervalSeconds - 1));
		assert.ok(health.isDue(Health.intervalSeconds));
		health.urgent = true;
		assert.ok(health.isDue(1));
	});
	it("sleep: comes back; counters stay within sixteen bits", () => {
		const health = new Health();
		Object.assign(health, { start: 2, resetReason: 4, absent: 70_000, failed: 3, panics: 1, clockSteps: 2 });
		health.reported(99_999);
		const back = new Health();
		assert.ok(back.restore(section(health), Health.version));
		assert.deepEqual([back.start, back.resetReason, back.absent, back.failed, back.panics], [2, 4, 0xffff, 3, 1]);
		assert.equal(back.clockSteps, 2);
		assert.equal(back.urgent, false);
		assert.deepEqual([...new Uint8Array(section(back).buffer).subarray(34, 38)], [0, 1, 0x86, 0x9f]);
	});
	it("unknown version, a section cut anywhere: refused, nothing changed", () => {
		const health = new Health();
		health.absent = 5;
		const whole = section(health);
		const back = new Health();
		assert.ok(!back.restore(whole, Health.version + 1));
		for (let short = 0; short < whole.byteLength; short++)
			assert.ok(!back.restore(new DataView(whole.buffer, 0, short), Health.version));
		assert.equal(back.absent, 0);
	});
});

describe("wake report", () => {
	const full = () =>
		Object.assign(new WakeReport(), {
			cause: 1,
			resetReason: 2,
			start: 3,
			epoch: 0xffff,
			seconds: 0xffff_ffff,
			number: 0xffff_ffff,
			values: Array.from({ length: 24 }, (_, n) => (n === 3 ? undefined : -0x8000_0000 + n)),
			missing: [0xffff, 0xffff, 0xffff, 0xffff],
			queued: 0xffff,
			oldest: 0xffff_ffff,
			frames: 0xffff,
			frameBytes: 0xffff_ffff,
			acknowledged: 0xffff,
			dropped: 0xffff_ffff,
			unsaved: 0xffff_ffff,
			problem: "unresolved",
			failures: 0xffff,
			sleepMs: 86_400_000,
			woken: 2 ** 48 + 2 ** 47 + 2 ** 39 + 2 ** 31 + 2 ** 30 + 1,
			unarmed: 255 * 2 ** 41,
		});
	it("the largest: fits, and comes back", () => {
		const bytes = full().encode(new Uint8Array(WakeReport.largest));
		assert.deepEqual(decodeReport(bytes), full());
	});
	it("cut after any byte, another version, another length: a coded error", () => {
		const bytes = full().encode(new Uint8Array(WakeReport.largest));
		for (let short = 0; short < bytes.length; short++)
			assert.throws(() => decodeReport(bytes.subarray(0, short)), { code: "truncated" });
		const other = bytes.slice();
		other[1] = REPORT_VERSION + 1;
		assert.throws(() => decodeReport(other), { code: "unsupported" });
		other[1] = REPORT_VERSION;
		other[0] = 0x92;
		assert.throws(() => decodeReport(other), { code: "malformed" });
	});
});
