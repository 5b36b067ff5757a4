import { NodeRecord } from "../../modules/core/record.js";
import { Log } from "../../modules/store/log.js";
import { LogQueue } from "../../modules/store/log-queue.js";
import { PowerCut } from "../../sim/flash.js";
import { Seeded } from "../../sim/seeded.js";
import * as assert from "../assert.js";
import { CutPort, newLedger, type Op, readAll, recordOf, runScript, WIDTH } from "../support/log-script.js";
import { fill } from "../support/records.js";
import { runsOf, seedOf } from "../support/seed.js";

const POLICIES = ["oldest", "newest", "thin"] as const;

/** A script of all that can be done, at random. */
function randomScript(random: Seeded, length: number): Op[] {
	const trims = random.real() * 0.3;
	return Array.from({ length }, (): Op => {
		const dice = random.real();
		if (dice < trims) return { do: "trim", count: random.between(1, 12) };
		if (dice < 0.4) return { do: "cell", id: random.between(2, 4), bytes: random.between(1, 9) };
		if (dice < 0.45) return { do: "sleep" };
		if (dice < 0.48) return { do: "panic" };
		if (dice < 0.55) return { do: "batch", count: random.between(1, 12) };
		return { do: "push", alarm: dice > 0.95 };
	});
}

function told(text: string) {
	if (typeof console !== "undefined") console.log(`      ${text}`); // XS has none
}

describe("model: log on flash that misbehaves", () => {
	const seed = seedOf(4711);
	for (const weak of [false, true])
		it(`cuts at random${weak ? " that leave weak bits" : ""} (seed ${seed}): what was promised is there, payload by payload`, () => {
			const random = new Seeded(seed);
			let [cuts, steps] = [0, 0];
			for (let run = 0; run < runsOf(150); run++) {
				const alignment = ([1, 1, 4, 16] as const)[run % 4]!;
				const port = new CutPort(random.between(4, 8), alignment > 1 ? 512 : 256, {
					alignment,
					seed: seed + run,
					weakTears: weak,
				});
				const ledger = newLedger(weak);
				const script = randomScript(random, 150);
				const policy = POLICIES[run % 3]!;
				for (let boot = 0; ; boot++) {
					port.cutAfter(boot < 40 ? random.between(0, 400) : Number.POSITIVE_INFINITY, random);
					try {
						runScript(port, ledger, script, { policy });
						break;
					} catch (error) {
						if (!(error instanceof PowerCut)) {
							(error as Error).message = `run ${run}, ${policy}: ${(error as Error).message}`;
							throw error;
						}
						cuts++;
					}
				}
				steps += ledger.step;
			}
			assert.ok(cuts > runsOf(2000), `${cuts} cuts`);
			told(`${cuts} cuts in ${steps} operations`);
		});
	it(`headers cut in their last byte, which reads well at some boots (seed ${seed}): what was written after is not undone`, () => {
		let cuts = 0;
		const cell: Op = { do: "cell", id: 3, bytes: 5 };
		const fill: Op[] = Array.from({ length: 60 }, () => cell);
		for (let run = 0; run < runsOf(400); run++) {
			// A long value makes the first compaction, whose steps an undisturbed run tells; short ones still find room.
			const port = new CutPort(4, 256, { seed: seed + run, weakTears: true });
			const ledger = newLedger(true);
			let steps = 0;
			runScript(port, ledger, fill.slice(0, 1));
			const { erases } = port.nor.counts;
			const script: Op[] = [cell];
			for (; steps === 0; script.push(cell)) {
				const before = port.nor.snapshot();
				const promised = { ...ledger };
				const { programmed } = port.nor.counts;
				runScript(port, ledger, [...script, { do: "cell", id: 4, bytes: 40 }]);
				if (port.nor.counts.erases === erases) {
					port.nor.restore(before);
					Object.assign(ledger, promised);
					runScript(port, ledger, [...script, cell]);
					continue;
				}
				// The script ends with one more boot.
				const ended = port.nor.counts.programmed;
				new Log({ flash: () => port }).ready();
				steps = 2 + ended - programmed - (port.nor.counts.programmed - ended);
				port.nor.restore(before);
				Object.assign(ledger, promised);
				script.pop();
			}
			const random = new Seeded(seed + run + 10_000); // not the flash's own
			port.cutAfter(steps - 1, random);
			try {
				runScript(port, ledger, [...script, { do: "cell", id: 4, bytes: 40 }]);
			} catch (error) {
				if (!(error instanceof PowerCut)) throw error;
				cuts++;
			}
			port.cutAfter(Number.POSITIVE_INFINITY, random);
			for (let boot = 0; boot < 6; boot++) runScript(port, ledger, fill.slice(0, ledger.step + ((boot + 1) % 2)));
		}
		assert.ok(cuts >= runsOf(300), `${cuts} cuts`);
	});
	it(`headers of thinned sectors that read otherwise the second time (seed ${seed}): each record is there, or counted`, () => {
		const port = new CutPort(5, 256, { seed });
		const queue = new LogQueue(new Log({ flash: () => port }), 1, WIDTH, "thin");
		const record = new NodeRecord(NodeRecord.widest);
		let pushed = 0;
		for (let thinned = false; !thinned; pushed++) {
			const before = port.nor.snapshot();
			queue.push(fill(record, recordOf(pushed + 1, 1)));
			thinned = queue.dropped > 0;
			if (!thinned) continue;
			// Once more, and the power goes when the last byte of the header that counts the dropped ones is there.
			const { dropped } = queue;
			for (let steps = 0, found = 0; found < dropped; steps++) {
				port.nor.restore(before);
				port.nor.cutAfter(steps, new Seeded(seed));
				const again = new LogQueue(new Log({ flash: () => port }), 1, WIDTH, "thin");
				try {
					again.push(fill(record, recordOf(pushed + 1, 1)));
				} catch (error) {
					if (!(error instanceof PowerCut)) throw error;
				}
				port.cutAfter(Number.POSITIVE_INFINITY, new Seeded(seed));
				const cut = port.nor.snapshot();
				found = new LogQueue(new Log({ flash: () => port }), 1, WIDTH, "thin").dropped;
				if (found === dropped) port.nor.restore(cut);
			}
			pushed--; // that one was not promised
		}
		port.nor.flipReads(3, 5); // of five headers each was read once; so often one is tried again
		const again = new LogQueue(new Log({ flash: () => port }), 1, WIDTH, "thin");
		const present = readAll(again).length;
		again.trim(pushed);
		const { dropped, lost } = again.log;
		assert.deepEqual([present + dropped, lost], [pushed, 0], `${present} there, ${dropped} dropped`);
	});
	it(`stuck bits, sectors that do not erase, and cuts (seed ${seed}): nothing is lost, or an operation is refused`, () => {
		const random = new Seeded(seed + 1);
		let [cuts, refused, faults] = [0, 0, 0];
		for (let run = 0; run < runsOf(150); run++) {
			const port = new CutPort(8, 256, { seed: seed + run });
			const ledger = newLedger(false);
			const script = randomScript(random, 200);
			for (let left = random.between(0, 6); left > 0; left--)
				port.nor.stick(
					random.between(0, port.size - 1),
					1 << random.between(0, 7),
					random.real() < 0.5 ? "high" : "low",
				);
			for (let left = random.between(0, 3); left > 0; left--)
				port.nor.failErases(random.between(0, 7), random.real() < 0.5 ? "partly" : "refused", random.between(1, 3));
			for (let boot = 0; ; boot++) {
				port.cutAfter(run % 2 && boot < 20 ? random.between(0, 1000) : Number.POSITIVE_INFINITY, random);
				try {
					runScript(port, ledger, script, { policy: "oldest", bad: true, onRefused: () => refused++ });
					break;
				} catch (error) {
					if (!(error instanceof PowerCut)) {
						(error as Error).message = `run ${run}: ${(error as Error).message}`;
						throw error;
					}
					cuts++;
				}
			}
			port.cutAfter(Number.POSITIVE_INFINITY, random);
			const log = new Log({ flash: () => port });
			log.ready();
			faults += log.faults;
		}
		told(`${cuts} cuts, ${refused} operations refused, ${faults} faults found at the last boots`);
	});
	it(`bits that flip in stored records (seed ${seed}): only those records are lost, by number, and counted`, () => {
		const random = new Seeded(seed + 2);
		let [flips, lost] = [0, 0];
		for (let run = 0; run < runsOf(200); run++) {
			const port = new CutPort(8, 512, { seed: seed + run });
			const queue = new LogQueue(new Log({ flash: () => port }), 1, WIDTH);
			const record = new NodeRecord(NodeRecord.widest);
			const begins = new Map<number, [number, number]>();
			const count = random.between(20, 120);
			for (let n = 1; n <= count; n++) {
				queue.push(fill(record, recordOf(n, 1)));
				const { records, size } = queue.log;
				begins.set(n, [records.sector * size, records.end]);
			}
			// An entry ends where the log stood after it, and begins where the one before ended.
			const hit = new Set<number>();
			for (let left = random.between(1, 3); left > 0; left--) {
				const n = random.between(1, count);
				const [sector, end] = begins.get(n)!;
				const before = begins.get(n - 1);
				const start = before?.[0] === sector ? before[1] : 32;
				port.nor.disturb(1, sector + start, sector + end);
				flips++;
				hit.add(n);
			}
			const again = new LogQueue(new Log({ flash: () => port }), 1, WIDTH);
			assert.deepEqual(
				readAll(again).map(({ number }) => number),
				Array.from({ length: count }, (_, n) => n + 1).filter((n) => !hit.has(n)),
				`run ${run}, hit ${[...hit]}`,
			);
			for (const entry of readAll(again)) assert.deepEqual(entry, recordOf(entry.number, 1));
			again.trim(count);
			assert.equal(again.count, 0);
			// What broke behind the last sound record was never seen to be there.
			const tail = [...hit].filter((n) => n > queue.log.first && !readable(n, count, hit)).length;
			assert.ok(again.log.lost <= hit.size && again.log.lost >= hit.size - tail, `run ${run}: ${again.log.lost}`);
			lost += again.log.lost;
		}
		assert.ok(lost > runsOf(200), `${lost}`);
		told(`${flips} bits flipped, ${lost} records lost and counted`);
	});
});

/** Whether a sound record follows. */
function readable(n: number, count: number, hit: ReadonlySet<number>): boolean {
	for (let later = n + 1; later <= count; later++) if (!hit.has(later)) return true;
	return false;
}
