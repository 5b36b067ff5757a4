import { EARLIEST_MS, EpochTime } from "../../../modules/cycle/epoch-time.js";
import { Seeded } from "../../../sim/seeded.js";
import * as assert from "../../assert.js";
import { runsOf, seedOf } from "../../support/seed.js";

const START = Date.UTC(2026, 5, 1);
const HOUR = 3_600_000;
const DAY = 24 * HOUR;

/** A node's clock against the true one. The node wakes and sleeps: what is retained is all that it knows. */
class Rig {
	/** True time since the power came, and how fast the node's clock runs against it. */
	trueMs = 0;
	clockMs = 0;
	pace = 1;
	time = new EpochTime({ nowMs: () => this.clockMs });
	random = 0;

	constructor() {
		this.time.begin();
	}
	/** Deep sleep. */
	pass(ms: number): this {
		this.trueMs += ms;
		this.clockMs += ms * this.pace;
		const bytes = new DataView(new ArrayBuffer(64));
		const length = this.time.retain(bytes);
		this.time = new EpochTime({ nowMs: () => this.clockMs });
		assert.ok(this.time.restore(new DataView(bytes.buffer, 0, length), EpochTime.version));
		return this;
	}
	get wallMs(): number {
		return START + this.trueMs;
	}
	/** How far the node's wall time is off. */
	get error(): number {
		return this.time.wallMs() - this.wallMs;
	}
	/** A server answers, so far from the truth. @returns whether it was believed */
	answer(offsetMs = 0, uncertaintyMs = 20): boolean {
		return this.time.sync(this.wallMs + offsetMs, uncertaintyMs, EARLIEST_MS, this.random);
	}
	/** An exchange, in which the node asks if it wants to. @returns whether it did */
	exchange(offsetMs = 0): boolean {
		const asks = this.time.ask();
		if (asks) this.answer(offsetMs);
		return asks;
	}
}

describe("epoch time: what servers say", () => {
	it("the first answer: taken between two limits, both of whose sides are tried; a mark is due", () => {
		const latest = Date.UTC(2100, 0, 1);
		for (const [wallMs, isTaken] of [
			[EARLIEST_MS - 1, false],
			[EARLIEST_MS, true],
			[latest - 1, true],
			[latest, false],
			[-1, false],
			[Number.NaN, false],
			[Number.POSITIVE_INFINITY, false],
		] as const) {
			const { time } = new Rig().pass(HOUR);
			assert.equal(time.wallMs(), 0);
			assert.equal(time.wallAt(5), 0);
			assert.equal(time.sync(wallMs, 10, EARLIEST_MS, 0), isTaken, `${wallMs}`);
			assert.equal(time.isMarkDue, isTaken);
			assert.equal(time.wallMs(), isTaken ? wallMs : 0);
		}
		assert.equal(new Date(EARLIEST_MS).toISOString(), "2026-01-01T00:00:00.000Z");
	});
	it("wall time at seconds of the epoch: whole seconds, and the same for all records", () => {
		const { time } = new Rig().pass(3_600_400);
		time.sync(START + 3_600_400 + 300, 0, EARLIEST_MS, 0);
		assert.deepEqual([time.wallAt(0), time.wallAt(7200)], [START / 1000, START / 1000 + 7200]);
		assert.equal(time.wallMs(), START + 3_600_700);
	});
	it("a later answer: believed as far as the clock may have drifted, with what is unsure; not a millisecond more", () => {
		// 2 s, a 64th of an hour, 20 ms
		const most = 2000 + HOUR / 64 + 20;
		for (const sign of [1, -1])
			for (const [offset, isTaken] of [
				[most, true],
				[most + 1, false],
			] as const) {
				const rig = new Rig().pass(HOUR);
				assert.ok(rig.answer());
				assert.equal(rig.pass(HOUR).answer(sign * offset), isTaken);
				assert.near(rig.error, isTaken ? sign * offset : 0, 1e-3);
			}
	});
	it("one absurd answer is not believed, whatever comes before and after", () => {
		const rig = new Rig().pass(HOUR);
		rig.answer();
		for (const offset of [365 * DAY, -20 * DAY, 3 * HOUR, 300_000]) {
			rig.pass(2 * HOUR);
			assert.ok(!rig.answer(offset));
			assert.near(rig.error, 0, 1e-3);
			rig.pass(2 * HOUR);
			assert.ok(rig.time.ask(), "asks in the next exchange");
			assert.ok(rig.answer());
			assert.ok(!rig.time.isMarkDue, "nothing changed");
		}
	});
	it("two absurd answers that disagree: neither is believed; two that agree are, with a mark", () => {
		const rig = new Rig().pass(HOUR);
		rig.answer();
		assert.ok(!rig.pass(2 * HOUR).exchange(40 * DAY) || rig.error < 1);
		assert.near(rig.error, 0, 1e-3);
		rig.pass(2 * HOUR).exchange(50 * DAY);
		assert.near(rig.error, 0, 1e-3);
		rig.pass(2 * HOUR).exchange(50 * DAY + 5000);
		assert.near(rig.error, 50 * DAY + 5000, 1e-3);
		assert.ok(rig.time.isMarkDue);
	});
	it("the first answer was a lie: two true ones set the time back; the epoch's time goes on all the while", () => {
		const rig = new Rig().pass(HOUR);
		rig.answer(9 * 365 * DAY);
		let last = rig.time.nowMs();
		for (let n = 0; n < 2; n++) {
			rig.pass(2 * HOUR).exchange();
			assert.near(rig.time.nowMs() - last, 2 * HOUR, 1e-3);
			last = rig.time.nowMs();
		}
		assert.near(rig.error, 0, 1e-3);
		assert.near(rig.pass(DAY).error, 0, 1e-3, "and no rate was learnt from it");
	});
	it("what was doubted survives sleep, and is forgotten once an answer was believed", () => {
		const rig = new Rig().pass(HOUR);
		rig.answer();
		rig.pass(HOUR).exchange(DAY);
		rig.pass(HOUR).exchange();
		rig.pass(HOUR);
		assert.ok(!rig.answer(DAY), "it would have been the second one");
	});
	it("a new epoch: nothing is known", () => {
		const rig = new Rig().pass(HOUR);
		rig.answer();
		rig.time.begin();
		assert.deepEqual([rig.time.wallMs(), rig.time.nowMs()], [0, 0]);
		assert.ok(rig.time.ask());
	});
});

describe("epoch time: when it asks", () => {
	/** Exchanges every two hours. @returns hours at which it asked */
	function asked(days: number, answer: (rig: Rig) => void, rig = new Rig()): number[] {
		const hours: number[] = [];
		for (let n = 0; n < 12 * days; n++) {
			rig.pass(2 * HOUR);
			if (!rig.time.ask()) continue;
			hours.push(rig.trueMs / HOUR);
			answer(rig);
		}
		return hours;
	}
	it("a good clock: a quarter longer each time, then once a day", () => {
		const hours = asked(30, (rig) => rig.answer());
		assert.deepEqual(hours.slice(0, 12), [2, 4, 8, 14, 22, 32, 46, 64, 88, 112, 136, 160]);
		assert.equal(hours.length, 35);
	});
	it("a bad clock, whose rate changes by 500 ppm from one time to the next: often enough that it stays right", () => {
		let worst = 0;
		const rig = new Rig();
		const hours = asked(
			30,
			(one) => {
				if (one.trueMs > DAY) worst = Math.max(worst, Math.abs(one.error));
				one.answer();
				one.pace = one.pace > 1 ? 1 : 1.0005;
			},
			rig,
		);
		assert.ok(hours.length > 60 && hours.length < 360, `${hours.length} times`);
		assert.ok(worst < 15_000, `off by ${worst} ms`);
	});
	it("no answer, ever: a quarter of the time later each time, at most six hours", () => {
		const hours = asked(10, () => {});
		assert.deepEqual(hours.slice(0, 8), [2, 4, 6, 8, 10, 14, 18, 24]);
		assert.ok(hours.length < 45, `${hours.length} times in ten days`);
		const gaps = hours.slice(1).map((hour, n) => hour - hours[n]!);
		assert.equal(Math.max(...gaps), 6);
	});
	it("kiss-o'-death: not for a day", () => {
		assert.deepEqual(
			asked(4, (rig) => assert.ok(rig.time.sync(0, 0, EARLIEST_MS, 0))),
			[2, 26, 50, 74],
		);
	});
	it("a fleet does not ask as one: up to an eighth earlier, at random", () => {
		const rig = new Rig();
		rig.random = 0xffff_ffff;
		const often = asked(30, (one) => one.answer(), rig);
		assert.equal(often.at(-1)! - often.at(-2)!, 22);
	});
});

describe("epoch time: drift", () => {
	for (const ppm of [100, -100, 10_000, -10_000, 50_000, -50_000])
		it(`clock ${ppm} ppm off: learnt from the second answer, then right for days; a sleep takes what it should`, () => {
			const rig = new Rig();
			rig.pace = 1 + ppm / 1e6;
			for (let n = 0; n < 4; n++) rig.pass(2 * HOUR).exchange();
			assert.near(rig.error, 0, 8 * HOUR * 1.1e-6, "within the steps of the rate");
			const before = rig.time.nowMs();
			rig.pass(3 * DAY);
			assert.near(rig.error, 0, 80 * HOUR * 1.1e-6);
			assert.near(rig.time.nowMs() - before, 3 * DAY, 3 * DAY * 1.1e-6);
			assert.near(rig.time.clockUntil(rig.time.nowMs() + 600_000), 600_000 * rig.pace, 2);
			assert.equal(rig.time.clockUntil(rig.time.nowMs() - 5), 1);
		});
	it("a day's warmth and cold, 1,500 ppm up and down, exchanges each two hours: within 25 s", () => {
		const rig = new Rig();
		let worst = 0;
		let asks = 0;
		for (let step = 0; step < 30 * 144; step++) {
			rig.pace = 1.003 + 0.0015 * Math.sin((2 * Math.PI * step) / 144);
			rig.pass(600_000);
			if (rig.trueMs > DAY) worst = Math.max(worst, Math.abs(rig.error));
			if (step % 12 === 11 && rig.exchange()) asks++;
		}
		assert.ok(worst < 25_000, `off by ${worst} ms`);
		assert.ok(asks < 300, `${asks} asks in 30 days`);
	});
	const seed = seedOf(2036);
	it(`clocks within 1.5 %, and servers that lie now and then, never twice (seed ${seed}): no lie is believed, time stays right`, () => {
		const random = new Seeded(seed);
		let lies = 0;
		for (let run = 0; run < runsOf(300); run++) {
			const rig = new Rig();
			let lied = true; // the first answer is true
			const drift = (random.real() - 0.5) * 0.03;
			for (let n = 0; n < 200; n++) {
				rig.pace = 1 + drift + (random.real() - 0.5) * 1e-4;
				rig.pass(HOUR * (0.5 + 3 * random.real()));
				rig.random = random.u32();
				if (!rig.time.ask()) continue;
				const lie: boolean = !lied && random.real() < 0.3;
				lied = lie;
				if (lie) {
					lies++;
					const before = rig.error;
					const size = 10 ** (6.6 + 5 * random.real());
					assert.ok(!rig.answer(random.real() < 0.5 ? size : -size) || rig.time.wallMs() === 0, `${size}`);
					assert.near(rig.error, before, 1e-3);
				} else {
					const offset = (random.real() - 0.5) * 200;
					rig.answer(offset, 100);
					assert.near(rig.error, offset, 1e-3);
				}
				if (n > 20) assert.near(rig.error, 0, 60_000);
			}
		}
		assert.ok(lies > 10, `${lies} lies`);
	});
});
