import { NodeRecord } from "../../modules/core/record.js";
import { RetainedQueue } from "../../modules/store/retained-queue.js";
import { Seeded } from "../../sim/seeded.js";
import * as assert from "../assert.js";
import { fill, type PlainRecord, plain, randomRecords } from "../support/records.js";
import { seedOf } from "../support/seed.js";

describe("model: retained queue", () => {
	const seed = seedOf(77);
	for (const width of [1, 4, 24])
		it(`push, trim, seek, sleep, clear, ${width} wide (seed ${seed + width}): as an array does it`, () => {
			const random = new Seeded(seed + width);
			let [drops, sleeps, reads] = [0, 0, 0];
			for (let run = 0; run < 30; run++) {
				const trims = run % 2 ? 0.7 : 0.55; // every other one only fills up
				const room = random.between(130, 700);
				let queue = new RetainedQueue(9, width, room);
				let cursor = queue.cursor();
				let model: PlainRecord[] = [];
				let dropped = 0;
				let epoch = 1;
				let supply = randomRecords(random, width, 400, { number: 1, epoch });
				const record = new NodeRecord(Math.max(width, NodeRecord.widest));
				for (let op = 0; op < 300; op++) {
					const dice = random.real();
					if (dice < 0.55) {
						const next = supply.shift()!;
						queue.push(fill(record, next));
						model.push(next);
						// How many had to go is the queue's affair; but it must be the oldest, and no more than a worst record needs.
						const gone = queue.dropped - dropped;
						dropped = queue.dropped;
						drops += gone;
						model = model.slice(gone);
						if (supply.length === 0) break;
					} else if (dice < trims) {
						const upTo = random.between((model[0]?.number ?? 1) - 1, (model.at(-1)?.number ?? 1) + 1);
						queue.trim(upTo);
						model = model.filter(({ number }) => number > upTo);
					} else if (dice < 0.8) {
						const view = new DataView(new ArrayBuffer(1000));
						const length = queue.retain(view);
						queue = new RetainedQueue(9, width, room);
						assert.ok(queue.restore(new DataView(view.buffer, 0, length), RetainedQueue.version));
						cursor = queue.cursor();
						sleeps++;
					} else if (dice < 0.82) {
						queue.clear();
						model = [];
						dropped = 0;
						supply = randomRecords(random, width, 400, { number: random.between(1, 0xffff_0000), epoch: ++epoch });
					} else {
						const from = random.between((model[0]?.number ?? 1) - 1, (model.at(-1)?.number ?? 1) + 1);
						cursor.seek(from);
						for (const expected of model.filter(({ number }) => number >= from)) {
							assert.ok(cursor.read(record));
							assert.deepEqual(plain(record), expected);
							reads++;
						}
						assert.ok(!cursor.read(record));
					}
					assert.equal(queue.count, model.length);
					assert.equal(queue.oldest, model[0]?.number ?? 0);
					assert.equal(queue.dropped, dropped);
				}
			}
			assert.ok(drops > 100 && sleeps > 100 && reads > 1000, `${drops}, ${sleeps}, ${reads}`);
		});
});
