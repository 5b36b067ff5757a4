import { NodeRecord, RecordKind } from "../../../modules/core/record.js";
import { RetainedQueue } from "../../../modules/store/retained-queue.js";
import * as assert from "../../assert.js";
import { fill, type PlainRecord, plain } from "../../support/records.js";

const WIDTH = 2;

function sample(number: number, seconds = 60 * number, ...values: (number | undefined)[]): PlainRecord {
	const [a, b] = values.length ? values : [200 + number, 500 - number];
	return { number, kind: RecordKind.sample, epoch: 3, seconds, wall: false, values: [a, b] };
}
function push(queue: RetainedQueue, ...records: readonly PlainRecord[]): void {
	for (const record of records) queue.push(fill(new NodeRecord(NodeRecord.widest), record));
}
function all(queue: RetainedQueue, from = 0): PlainRecord[] {
	const cursor = queue.cursor();
	cursor.seek(from);
	const into = new NodeRecord(NodeRecord.widest);
	const records: PlainRecord[] = [];
	while (cursor.read(into)) records.push(plain(into));
	return records;
}
function retained(queue: RetainedQueue): DataView {
	const view = new DataView(new ArrayBuffer(600));
	return new DataView(view.buffer, 0, queue.retain(view));
}

describe("retained queue", () => {
	it("empty: nothing waits, nothing is read", () => {
		const queue = new RetainedQueue(1, WIDTH, 100);
		assert.deepEqual([queue.count, queue.oldest, queue.dropped, all(queue)], [0, 0, 0, []]);
		queue.trim(99);
		assert.equal(queue.count, 0);
	});
	it("extremes: values, times and bitmaps come back", () => {
		const [low, high] = [-0x8000_0000, 0x7fff_ffff];
		const records = [
			sample(1, 0xffff_ffff, high, low),
			sample(2, 0, low, high),
			sample(3, 0xffff_ffff, undefined, low),
			{ ...sample(4, 5), kind: RecordKind.health, wall: true, values: [low, high, 0, -1] },
			{ ...sample(5, 6), kind: RecordKind.sync, values: [] },
			sample(6, 7, undefined, undefined),
			sample(7, 8, low, high),
		];
		const queue = new RetainedQueue(1, WIDTH, 400);
		push(queue, ...records);
		assert.deepEqual(all(queue), records);
		for (const [at] of records.entries()) assert.deepEqual(all(queue, at + 1), records.slice(at));
	});
	it("record that does not follow: range, and nothing changed", () => {
		const queue = new RetainedQueue(1, WIDTH, 100);
		push(queue, sample(5));
		for (const record of [sample(5), sample(7), { ...sample(6), epoch: 4 }]) {
			assert.throws(() => push(queue, record), { code: "range" });
			assert.deepEqual(all(queue), [sample(5)]);
		}
		push(queue, sample(6));
		queue.trim(6);
		push(queue, { ...sample(900), epoch: 4 });
		assert.deepEqual(all(queue), [{ ...sample(900), epoch: 4 }]);
	});
	it("record larger than the queue: overflow, and nothing changed", () => {
		const queue = new RetainedQueue(1, WIDTH, 40);
		push(queue, sample(1));
		const large = { ...sample(2), kind: RecordKind.health, values: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12] };
		assert.throws(() => push(queue, large), { code: "overflow" });
		assert.deepEqual(all(queue), [sample(1)]);
		push(queue, sample(2));
		queue.trim(2);
		assert.throws(() => push(queue, large), { code: "overflow" });
		assert.deepEqual([queue.count, all(queue)], [0, []]);
	});
	it("full: the oldest go, are counted, and what stays is exact", () => {
		const queue = new RetainedQueue(1, WIDTH, 60);
		for (let n = 1; n <= 100; n++) {
			push(queue, sample(n, n * n, n % 5 ? n * 1000 : undefined, -n));
			assert.equal(queue.dropped + queue.count, n);
			const kept = all(queue);
			assert.equal(kept.length, queue.count);
			assert.equal(kept[0]!.number, queue.oldest);
			assert.deepEqual(kept.at(-1), sample(n, n * n, n % 5 ? n * 1000 : undefined, -n));
		}
		assert.ok(queue.dropped > 80 && queue.count > 3);
	});
	it("trim: up to a number, none, all, and beyond", () => {
		for (const [upTo, left] of [
			[0, 5],
			[9, 5],
			[10, 4],
			[12, 2],
			[14, 0],
			[0xffff_ffff, 0],
		] as const) {
			const queue = new RetainedQueue(1, WIDTH, 200);
			const records = [10, 11, 12, 13, 14].map((n) => sample(n));
			push(queue, ...records);
			queue.trim(upTo);
			assert.deepEqual(all(queue), records.slice(5 - left));
			assert.equal(queue.oldest, left ? 15 - left : 0);
			assert.equal(queue.dropped, 0);
		}
	});
	it("cursor moved to another: reads on from there, both independent", () => {
		const queue = new RetainedQueue(1, WIDTH, 200);
		push(queue, ...[1, 2, 3].map((n) => sample(n)));
		const [a, b] = [queue.cursor(), queue.cursor()];
		const into = new NodeRecord(NodeRecord.widest);
		a.read(into);
		b.moveTo(a);
		a.read(into);
		b.read(into);
		assert.deepEqual(plain(into), sample(2));
		a.read(into);
		assert.deepEqual(plain(into), sample(3));
		assert.ok(!a.read(into));
		assert.deepEqual(plain(into), sample(3));
	});
	it("sleep: the same queue, and it goes on", () => {
		let queue = new RetainedQueue(1, WIDTH, 90);
		for (let n = 1; n <= 60; n++) {
			push(queue, sample(n));
			if (n % 7 === 0) queue.trim(n - 2);
			const before = [queue.count, queue.oldest, queue.dropped, all(queue)];
			const section = retained(queue);
			queue = new RetainedQueue(1, WIDTH, 90);
			assert.ok(queue.restore(section, RetainedQueue.version));
			assert.deepEqual([queue.count, queue.oldest, queue.dropped, all(queue)], before);
		}
	});
	it("isSound: what was retained is; any byte cut, or a count that does not fit, is not", () => {
		const source = new RetainedQueue(1, 2, 200);
		assert.ok(source.isSound(), "an empty one");
		for (let number = 1; number <= 9; number++) push(source, sample(number));
		assert.ok(source.isSound());
		const section = retained(source);
		const records = section.byteLength - 20 - 16;
		for (let cut = 1; cut <= records; cut++) {
			const queue = new RetainedQueue(1, 2, 200);
			assert.ok(queue.restore(new DataView(section.buffer, 0, section.byteLength - cut), RetainedQueue.version));
			assert.ok(!queue.isSound(), `${cut} bytes cut`);
		}
		for (const count of [8, 10, 0xffff]) {
			section.setUint16(2, count);
			const queue = new RetainedQueue(1, 2, 200);
			assert.ok(queue.restore(section, RetainedQueue.version));
			assert.ok(!queue.isSound(), `${count} records`);
		}
	});
	it("restore: another version or schema, too short or too long, refused and empty", () => {
		const source = new RetainedQueue(1, WIDTH, 90);
		push(source, sample(1), sample(2));
		const section = retained(source);
		const refused = (queue: RetainedQueue, from: DataView, version = 1) => {
			assert.ok(!queue.restore(from, version));
			assert.deepEqual([queue.count, queue.oldest, all(queue)], [0, 0, []]);
		};
		refused(new RetainedQueue(1, WIDTH, 90), section, 2);
		refused(new RetainedQueue(2, WIDTH, 90), section);
		refused(new RetainedQueue(1, WIDTH, 2), section);
		for (let short = 0; short < 20 + 8 * WIDTH; short++)
			refused(new RetainedQueue(1, WIDTH, 90), new DataView(section.buffer, 0, short));
	});
	it("room: what roomIn says fits the budget, to the byte", () => {
		const budget = 200;
		const room = RetainedQueue.roomIn(budget, WIDTH);
		const queue = new RetainedQueue(1, WIDTH, room);
		let most = 0;
		for (let n = 1; n <= 300; n++) {
			push(queue, sample(n, n, n % 2 ? 0x7fff_ffff : -0x8000_0000, n));
			most = Math.max(most, retained(queue).byteLength);
		}
		assert.ok(most <= budget && most > budget - 30, `${most}`);
	});
	it("clear: empty, the count of dropped records too", () => {
		const queue = new RetainedQueue(1, WIDTH, 30);
		push(queue, ...[1, 2, 3, 4, 5].map((n) => sample(n)));
		assert.ok(queue.dropped > 0);
		queue.clear();
		assert.deepEqual([queue.count, queue.oldest, queue.dropped, all(queue)], [0, 0, 0, []]);
	});
});
