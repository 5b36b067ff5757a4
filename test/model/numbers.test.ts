import { ResetReason } from "../../modules/core/ports.js";
import { BANK } from "../../modules/cycle/retained.js";
import { Numbers } from "../../modules/store/numbers.js";
import { PowerCut } from "../../sim/flash.js";
import { Seeded } from "../../sim/seeded.js";
import * as assert from "../assert.js";
import { Crash, deliverAll, FakeNode, fail } from "../support/fake-node.js";
import { NorPort } from "../support/flash-port.js";
import { oldCells } from "../support/layout-1.js";
import { seedOf } from "../support/seed.js";

describe("model: numbers", () => {
	const seed = seedOf(2026);
	it(`sleeps, power losses, cuts in flash (seed ${seed}): no number and no epoch comes twice`, () => {
		const random = new Seeded(seed);
		const port = new NorPort(2, 128);
		const taken = new Set<number>();
		const epochs = new Map<number, number>(); // epoch → life it belongs to
		let life = 0;
		let [cuts, sleeps] = [0, 0];
		let retained: DataView | undefined;
		while (life < 4000) {
			port.nor.cutAfter(random.real() < 0.3 ? random.between(0, 60) : Number.POSITIVE_INFINITY, random);
			try {
				const numbers = new Numbers(oldCells(port));
				if (!retained || !numbers.restore(retained, Numbers.version)) {
					numbers.begin();
					life++;
				} else sleeps++;
				for (let left = random.between(0, random.real() < 0.1 ? 600 : 5); left > 0; left--) {
					const number = numbers.take();
					assert.ok(!taken.has(number), `number ${number} came twice`);
					taken.add(number);
					assert.equal(epochs.get(numbers.epoch) ?? life, life, `epoch ${numbers.epoch} came twice`);
					epochs.set(numbers.epoch, life);
				}
				retained = new DataView(new ArrayBuffer(16));
				retained = new DataView(retained.buffer, 0, numbers.retain(retained));
			} catch (error) {
				if (!(error instanceof PowerCut)) throw error;
				cuts++;
				retained = undefined;
			}
			if (random.real() < 0.3) retained = undefined;
		}
		assert.ok(cuts > 500 && sleeps > 1000 && taken.size > 10_000, `${cuts} cuts, ${sleeps} sleeps, ${taken.size}`);
	});

	it(`whole wakes with crashes at any byte of RTC memory, damaged banks, power losses (seed ${seed}): a number that was sent is one record for ever`, () => {
		const random = new Seeded(seed + 1);
		let [crashes, damages, duplicates] = [0, 0, 0];
		for (let run = 0; run < 240; run++) {
			const node = new FakeNode(random.between(1, 5), 600);
			const seen = new Map<number, string>();
			let checked = 0;
			let reset: ResetReason = ResetReason.power;
			for (let wake = 0; wake < 150; wake++) {
				node.reading = run * 1000 + wake;
				const dice = random.real();
				node.rtcLeft = dice < 0.1 ? random.between(0, 3000) : Number.POSITIVE_INFINITY;
				node.flashFails = random.real() < 0.05;
				node.script =
					random.real() < 0.6
						? deliverAll
						: random.real() < 0.5
							? fail("lost")
							: ({ frame }) => {
									frame(random.between(20, 100));
									throw new Crash();
								};
				try {
					node.wake(reset);
					reset = ResetReason.deepSleep;
				} catch (error) {
					if (!(error instanceof Crash)) throw error;
					crashes++;
					reset = random.real() < 0.5 ? ResetReason.brownOut : ResetReason.watchdog;
					node.openDrivers = 0;
				}
				node.scheduler.skipTo(node.scheduler.now + (reset === ResetReason.deepSleep ? node.sleepMs : 500_000));
				if (random.real() < 0.2) {
					const bank = random.between(0, 1) * BANK; // a brown-out rarely hits one byte only
					for (let hits = random.between(1, 5); hits > 0; hits--)
						node.rtc[bank + random.between(0, 300)]! ^= 1 << random.between(0, 7);
					damages++;
				}
				if (random.real() < 0.03) {
					if (random.real() < 0.5) node.losePower(); // else memory outlives it
					node.poweredMs = node.scheduler.now;
					reset = ResetReason.power;
				}
				for (; checked < node.sent.length; checked++) {
					const record = node.sent[checked]!;
					const text = JSON.stringify(record);
					const before = seen.get(record.number);
					if (before !== undefined) duplicates++;
					assert.equal(before ?? text, text, `run ${run}, wake ${wake}: number ${record.number} came twice`);
					seen.set(record.number, text);
				}
			}
			assert.ok(seen.size > 10);
		}
		assert.ok(crashes > 500 && damages > 500 && duplicates > 50, `${crashes}, ${damages}, ${duplicates}`);
	});
});
