import { Scheduler } from "../../../sim/scheduler.js";
import * as assert from "../../assert.js";

describe("scheduler", () => {
	it("order: by time, then by insertion", () => {
		const scheduler = new Scheduler();
		const ran: string[] = [];
		for (const [name, at] of [
			["c", 20],
			["a", 10],
			["d", 20],
			["b", 10],
			["e", 20.5],
		] as const)
			scheduler.at(at, () => ran.push(`${name}${scheduler.now}`));
		assert.equal(scheduler.next, 10);
		while (scheduler.advance());
		assert.deepEqual(ran, ["a10", "b10", "c20", "d20", "e20.5"]);
		assert.equal(scheduler.next, undefined);
	});
	it("cancelled: does not run, neither twice cancelled nor after it ran", () => {
		const scheduler = new Scheduler();
		let runs = 0;
		const first = scheduler.at(1, () => runs++);
		const second = scheduler.at(2, () => runs++);
		first();
		first();
		assert.equal(scheduler.next, 2);
		assert.ok(scheduler.advance());
		second();
		assert.ok(!scheduler.advance());
		assert.deepEqual([runs, scheduler.now], [1, 2]);
	});
	it("past: runs next, time does not go back", () => {
		const scheduler = new Scheduler();
		const ran: string[] = [];
		scheduler.at(50, () => {
			scheduler.at(10, () => ran.push(`past ${scheduler.now}`));
			scheduler.after(-5, () => ran.push(`negative ${scheduler.now}`));
		});
		scheduler.at(51, () => ran.push("later"));
		while (scheduler.advance());
		assert.deepEqual(ran, ["past 50", "negative 50", "later"]);
	});
	it("until: what is later stays, and time too", () => {
		const scheduler = new Scheduler();
		scheduler.at(10, () => {});
		assert.ok(!scheduler.advance(9.9));
		assert.equal(scheduler.now, 0);
		assert.ok(scheduler.advance(10));
		assert.equal(scheduler.now, 10);
	});
	it("skipped over: what became due runs at the new time, which does not go back", () => {
		const scheduler = new Scheduler();
		const at: number[] = [];
		scheduler.at(10, () => at.push(scheduler.now));
		scheduler.at(30, () => at.push(scheduler.now));
		scheduler.skipTo(20);
		scheduler.skipTo(5);
		assert.equal(scheduler.now, 20);
		while (scheduler.advance());
		assert.deepEqual(at, [20, 30]);
	});
	it("a call that throws: is gone, the next one runs", () => {
		const scheduler = new Scheduler();
		scheduler.at(1, () => assert.fail("on purpose"));
		let ran = false;
		scheduler.at(2, () => {
			ran = true;
		});
		assert.throws(() => scheduler.advance());
		assert.ok(scheduler.advance() && ran);
	});
});
