import { NodeRecord } from "../../modules/core/record.js";
import { Log } from "../../modules/store/log.js";
import { LogQueue } from "../../modules/store/log-queue.js";
import { RetainedQueue } from "../../modules/store/retained-queue.js";
import { TieredQueue } from "../../modules/store/tiered-queue.js";
import { PowerCut } from "../../sim/flash.js";
import { Seeded } from "../../sim/seeded.js";
import * as assert from "../assert.js";
import { CutPort, recordOf, WIDTH } from "../support/log-script.js";
import { fill, type PlainRecord, plain } from "../support/records.js";
import { runsOf, seedOf } from "../support/seed.js";

const SCHEMA = 7;

/** A node's queue, what it retains in RTC memory, and the flash below. */
class Tiers {
	readonly port: CutPort;
	queue!: TieredQueue;
	readonly record = new NodeRecord(NodeRecord.widest);
	/** What the last commit of retained memory holds. */
	committed: { front: DataView; log: DataView } | undefined;
	constructor(seed: number) {
		this.port = new CutPort(8, 512, { seed });
		this.boot();
	}
	/** From retained memory where there is some, as a wake does it. */
	boot(): void {
		const front = new RetainedQueue(SCHEMA, WIDTH, 160);
		const log = new Log({ flash: () => this.port });
		this.queue = new TieredQueue(front, new LogQueue(log, SCHEMA, WIDTH));
		if (!this.committed) return;
		assert.ok(front.restore(this.committed.front, RetainedQueue.version));
		if (this.committed.log.byteLength) log.restore(this.committed.log, Log.version);
	}
	commit(): void {
		const view = () => new DataView(new ArrayBuffer(300));
		const [front, log] = [view(), view()];
		this.committed = {
			front: new DataView(front.buffer, 0, this.queue.front.retain(front)),
			log: new DataView(log.buffer, 0, this.queue.back.log.retain(log)),
		};
	}
	read(): PlainRecord[] {
		const cursor = this.queue.cursor();
		const all: PlainRecord[] = [];
		while (cursor.read(this.record)) all.push(plain(this.record));
		return all;
	}
}

describe("model: tiered queue", () => {
	const seed = seedOf(17);
	it(`push, spill, trim, sleep, panic and power cuts (seed ${seed}): durable records stay, none is read twice`, () => {
		const random = new Seeded(seed);
		let [cuts, panics, twice, spills] = [0, 0, 0, 0];
		for (let run = 0; run < runsOf(120); run++) {
			const tiers = new Tiers(seed + run);
			let number = 0;
			let epoch = 1;
			let acknowledged = 0;
			/** All that was ever pushed, by number. */
			const pushed = new Map<number, PlainRecord>();
			/** In RTC memory, as far as is known: lost with the power, or back to the last commit after a panic. */
			let waiting: number[] = [];
			let safe: number[] = [];
			let committedWaiting: number[] = [];
			const settle = () => {
				const { queue } = tiers;
				const found = tiers.read();
				const numbers = found.map((each) => each.number);
				assert.ok(
					numbers.every((each, n) => n === 0 || each > numbers[n - 1]!),
					`run ${run}: ${numbers}`,
				);
				for (const each of found) assert.deepEqual(each, pushed.get(each.number), `run ${run}`);
				assert.equal(queue.count, found.length, `run ${run}: count`);
				const first = numbers[0] ?? 0;
				assert.ok(queue.oldest <= first && (first === 0 || queue.oldest > 0), `run ${run}: oldest`);
				return numbers;
			};
			for (let op = 0; op < 200; op++) {
				const dice = random.real();
				if (random.real() < 0.1) tiers.port.cutAfter(random.between(0, 60), random);
				try {
					if (dice < 0.6) {
						const durable = random.real() < 0.2;
						const record = recordOf(++number, epoch);
						pushed.set(number, record);
						const before = tiers.queue.front.count;
						tiers.queue.push(fill(tiers.record, record), durable);
						waiting.push(number);
						if (tiers.queue.front.count <= before) {
							safe = waiting.filter((each) => durable || each !== number);
							spills++;
						}
					} else if (dice < 0.65) {
						tiers.queue.spill();
						safe = waiting.slice();
					} else if (dice < 0.75 && waiting.length > 0) {
						const upTo = waiting[random.between(0, Math.min(12, waiting.length - 1))]!;
						acknowledged = upTo;
						tiers.queue.trim(upTo);
						waiting = waiting.filter((each) => each > upTo);
						safe = safe.filter((each) => each > upTo);
					} else if (dice < 0.95) {
						tiers.commit();
						committedWaiting = waiting.slice();
						tiers.boot();
					} else {
						// A panic: what is in flash stays, what is in front goes back to the last commit.
						panics++;
						const before = tiers.queue.back.log.last;
						tiers.boot();
						// As a node does: what was retained may be older than flash.
						tiers.queue.back.log.ready();
						const { front } = tiers.queue;
						if (front.count > 0 && front.first <= before) twice++;
						front.trim(tiers.queue.back.log.last);
						if (panics % 2) tiers.queue.spill(); // before anything was read
						const found = settle();
						assert.ok(safe.every((each) => found.includes(each)));
						for (const each of committedWaiting)
							if (each > acknowledged) assert.ok(found.includes(each), `run ${run}: ${each} was retained`);
						waiting = found;
						number = Math.max(number, 0);
						tiers.queue.front.trim(0);
						epoch++;
						tiers.queue.spill(); // the next record is not the next number
						safe = found.slice();
						continue;
					}
				} catch (error) {
					if (!(error instanceof PowerCut)) throw error;
					cuts++;
					tiers.port.cutAfter(Number.POSITIVE_INFINITY, random);
					tiers.committed = undefined;
					committedWaiting = [];
					epoch++;
					tiers.boot();
					const found = settle();
					for (const each of safe)
						if (each > acknowledged) assert.ok(found.includes(each), `run ${run}: ${each} was durable`);
					waiting = found;
					safe = found.slice();
					continue;
				}
				tiers.port.cutAfter(Number.POSITIVE_INFINITY, random);
				assert.deepEqual(settle(), waiting, `run ${run}, op ${op}`);
			}
			assert.equal(tiers.queue.dropped, 0);
		}
		assert.ok(
			cuts >= runsOf(100) && panics > runsOf(200) && twice > 0 && spills > runsOf(200),
			`${cuts} ${panics} ${twice} ${spills}`,
		);
		if (typeof console !== "undefined")
			console.log(`      ${cuts} power cuts, ${panics} panics, ${twice} with records in both tiers, ${spills} spills`);
	});
});
