import { Scheduler } from "../../sim/scheduler.js";
import { Seeded } from "../../sim/seeded.js";
import * as assert from "../assert.js";
import { seedOf } from "../support/seed.js";

describe("model: scheduler", () => {
	const seed = seedOf(31);
	it(`at, cancel, advance, skip (seed ${seed}): as a sorted list does it`, () => {
		const random = new Seeded(seed);
		for (let run = 0; run < 50; run++) {
			const scheduler = new Scheduler();
			let model: { at: number; id: number }[] = [];
			const cancels: (() => void)[] = [];
			const ran: number[] = [];
			let now = 0;
			for (let op = 0; op < 400; op++) {
				const dice = random.real();
				if (dice < 0.5) {
					const id = cancels.length;
					const at = now + random.between(-20, 60);
					cancels.push(scheduler.at(at, () => ran.push(id)));
					model.push({ at: Math.max(at, now), id });
				} else if (dice < 0.6 && cancels.length > 0) {
					const id = random.between(0, cancels.length - 1);
					cancels[id]!();
					model = model.filter((entry) => entry.id !== id);
				} else if (dice < 0.65) {
					now = Math.max(now, now + random.between(-30, 30));
					scheduler.skipTo(now);
				} else {
					const until = random.real() < 0.5 ? now + random.between(0, 20) : Number.POSITIVE_INFINITY;
					model.sort((a, b) => a.at - b.at || a.id - b.id);
					const due = model[0] !== undefined && model[0].at <= until ? model.shift() : undefined;
					const before = ran.length;
					assert.equal(scheduler.advance(until), due !== undefined);
					assert.deepEqual(ran.slice(before), due ? [due.id] : []);
					if (due) now = Math.max(now, due.at);
				}
				assert.equal(scheduler.now, now);
				assert.equal(
					scheduler.next,
					model.reduce<number | undefined>((least, { at }) => Math.min(least ?? at, at), undefined),
				);
			}
		}
	});
});
