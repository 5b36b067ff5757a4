import { toHex, utf8 } from "../../../modules/core/bytes.js";
import { NodeRecord, RecordKind } from "../../../modules/core/record.js";
import { HmacSha256 } from "../../../modules/core/sha256.js";
import { ChainCodes, TAG } from "../../../modules/store/chain.js";
import { BATCH, TAGGED } from "../../../modules/store/entry.js";
import { readChainCell, TRAILER, trailerOf } from "../../../modules/store/hash-chain.js";
import { CellId } from "../../../modules/store/log.js";
import { LogCursor } from "../../../modules/store/log-queue.js";
import { recordBytesSize, writeRecordBytes } from "../../../modules/store/record-bytes.js";
import { RetainedQueue } from "../../../modules/store/retained-queue.js";
import { TieredQueue } from "../../../modules/store/tiered-queue.js";
import { Seeded } from "../../../sim/seeded.js";
import * as assert from "../../assert.js";
import { KEY, KEY_HEX, SCHEMA, slept, type TaggedQueue, taggedQueue } from "../../support/evidence.js";
import { CutPort, readAll, recordOf, WIDTH } from "../../support/log-script.js";
import { fill, type PlainRecord, plain, randomRecords } from "../../support/records.js";
import { runsOf, seedOf } from "../../support/seed.js";

const record = () => new NodeRecord(NodeRecord.widest);
const push = ({ queue }: TaggedQueue, ...numbers: number[]) => {
	for (const number of numbers) queue.push(fill(record(), recordOf(number, 1)));
};
function bytesOf(each: PlainRecord, late = false): Uint8Array {
	const view = new DataView(new ArrayBuffer(recordBytesSize(each.values.length)));
	return new Uint8Array(view.buffer, 0, writeRecordBytes(fill(record(), each), late, view));
}
/** The links in flash, each with the count and whether it is late. */
function links({ queue }: TaggedQueue): { number: number; count: number; tag: string; late: boolean }[] {
	const found: { number: number; count: number; tag: string; late: boolean }[] = [];
	queue.log.ready();
	const cursor = new LogCursor(queue);
	const into = record();
	while (cursor.advance()) {
		const { head, number } = cursor;
		if (head & TAGGED) {
			const at = trailerOf(cursor, queue.log);
			const { page } = queue.log;
			const count = new DataView(page.buffer).getUint32(at);
			found.push({ number, count, tag: toHex(page.subarray(at + 4, at + TRAILER)), late: (head & BATCH) > 0 });
		}
		cursor.read(into);
	}
	return found;
}
/** The links that these records must have, computed apart. */
function expected(first: number, records: readonly PlainRecord[], nodeId = "node-1", late: readonly number[] = []) {
	const codes = new ChainCodes(KEY, (key) => new HmacSha256(key));
	const tag = new Uint8Array(TAG);
	codes.genesis({ node: utf8(nodeId), chain: first }, tag);
	return records.map((each, n) => {
		const isLate = late.includes(each.number);
		codes.link(tag, each.number, bytesOf(each, isLate), tag);
		return { number: each.number, count: n + 1, tag: toHex(tag), late: isLate };
	});
}

describe("record's canonical bytes", () => {
	it("a sample with a missing value, wall time known: as docs/store.md says", () => {
		const sample: PlainRecord = {
			number: 7,
			kind: RecordKind.sample,
			epoch: 0x102,
			seconds: 0xfffe_0304,
			wall: true,
			values: [-2, undefined, 0x7fff_ffff],
		};
		assert.equal(toHex(bytesOf(sample)), "080102fffe030400000002fffffffe000000007fffffff");
		assert.equal(toHex(bytesOf(sample, true)).slice(0, 2), "88");
	});
	it("a record of health: its kind, no bitmap, its values", () => {
		const health: PlainRecord = { number: 7, kind: RecordKind.health, epoch: 1, seconds: 2, wall: false, values: [3] };
		assert.equal(toHex(bytesOf(health)), "0300010000000200000000" + "00000003");
	});
});

describe("evidence in the log", () => {
	const seed = seedOf(11);
	it(`records are pushed (seed ${seed}): each entry ends in count and tag, and reads as it was`, () => {
		const tagged = taggedQueue(new CutPort(8, 4096));
		const records = randomRecords(new Seeded(seed), WIDTH, runsOf(300), { number: 5 });
		const one = record(); // which keeps what a missing value was before
		for (const each of records) tagged.queue.push(fill(one, each));
		assert.deepEqual(readAll(tagged.queue), records);
		assert.deepEqual(links(tagged), expected(5, records));
	});
	it("a record with evidence: still one program", () => {
		const port = new CutPort(4, 4096);
		const tagged = taggedQueue(port);
		push(tagged, 1, 2);
		const { programs } = port.nor.counts;
		push(tagged, 3);
		assert.equal(port.nor.counts.programs, programs + 1);
	});
	it("a chain: its name and its genesis are in a cell, and where it stood when the sector was begun", () => {
		const tagged = taggedQueue(new CutPort(4, 256));
		let n = 9;
		for (const { log } = tagged.queue; log.sequence < 5; ) push(tagged, n++);
		const { sector } = tagged.queue.log.records;
		const cell = readChainCell(tagged.queue.log.get(CellId.evidence))!;
		assert.deepEqual([cell.name.chain, toHex(cell.name.node)], [9, toHex(utf8("node-1"))]);
		const first = links(tagged).filter(({ number }) => number >= tagged.queue.log.first);
		assert.ok(sector >= 0 && first[0]!.count === cell.count + 1, `${first[0]!.count} after ${cell.count}`);
	});
	it("no record is alike, but its tag covers all before: an equal record has another tag", () => {
		const one = taggedQueue(new CutPort(4, 4096));
		const other = taggedQueue(new CutPort(4, 4096));
		push(one, 1, 2, 3);
		push(other, 1, 3);
		assert.ok(links(one)[2]!.tag !== links(other)[1]!.tag);
	});
	it("deep sleep: the chain goes on from retained memory, flash is read as without it", () => {
		const port = new CutPort(4, 4096);
		let tagged = taggedQueue(port);
		const records = [1, 2, 3, 4, 5].map((number) => recordOf(number, 1));
		for (const { number } of records) {
			push(tagged, number);
			tagged = taggedQueue(port, { restored: slept(tagged) });
			tagged.queue.log.ready();
			assert.equal(tagged.queue.log.outcome, "resumed");
			const { reads } = port;
			tagged.chain.begin(tagged.queue, number + 1);
			assert.equal(port.reads, reads);
		}
		assert.deepEqual(links(tagged), expected(1, records));
	});
	for (const [name, sectors, bytes] of [
		["within a sector", 4, 4096],
		["over many sectors, the oldest dropped", 5, 256],
	] as const)
		it(`power loss after each record, ${name}: the chain goes on from flash`, () => {
			const port = new CutPort(sectors, bytes);
			const records: PlainRecord[] = [];
			for (let number = 1; number <= 60; number += number % 3 ? 1 : 5) {
				const tagged = taggedQueue(port);
				push(tagged, number);
				records.push(recordOf(number, 1));
			}
			const left = links(taggedQueue(port));
			assert.ok(left.length > 5);
			assert.deepEqual(left, expected(1, records).slice(-left.length));
		});
	it("a reset between the program and the commit of retained memory: flash is believed", () => {
		const port = new CutPort(4, 4096);
		const tagged = taggedQueue(port);
		push(tagged, 1, 2);
		const older = slept(tagged);
		push(tagged, 3);
		const next = taggedQueue(port, { restored: older });
		push(next, 4);
		assert.deepEqual(
			links(next),
			expected(
				1,
				[1, 2, 3, 4].map((number) => recordOf(number, 1)),
			),
		);
	});
	it("retained memory knows of more than flash: the chain goes on from there, so that the loss shows", () => {
		const port = new CutPort(4, 4096);
		const tagged = taggedQueue(port);
		push(tagged, 1, 2);
		const before = port.bytes.slice();
		push(tagged, 3);
		const later = slept(tagged);
		port.bytes.set(before); // someone put the partition's older contents back
		const next = taggedQueue(port, { restored: later });
		push(next, 4);
		const wanted = expected(
			1,
			[1, 2, 3, 4].map((number) => recordOf(number, 1)),
		);
		assert.deepEqual(links(next), [wanted[0], wanted[1], wanted[3]]);
	});
	it("the same, where flash is read because the log's retained section is lost: the later link is believed", () => {
		const port = new CutPort(4, 4096);
		const tagged = taggedQueue(port);
		push(tagged, 1, 2);
		const before = port.bytes.slice();
		push(tagged, 3);
		const view = new DataView(new ArrayBuffer(24));
		tagged.chain.retain(view);
		port.bytes.set(before);
		const next = taggedQueue(port, { restored: (_, chain) => void chain.restore(view, chain.retainedVersion) });
		push(next, 4);
		assert.deepEqual(
			links(next).map(({ count }) => count),
			[1, 2, 4],
		);
	});
	it("a cut behind the cell of a new chain: the older chain's records are not taken for its own", () => {
		const port = new CutPort(4, 4096);
		push(taggedQueue(port, { nodeId: "node-0" }), 1, 2);
		const cut = taggedQueue(port);
		cut.queue.log.ready();
		cut.chain.begin(cut.queue, 3);
		const next = taggedQueue(port);
		push(next, 4);
		const [, , link] = links(next);
		assert.equal(link!.count, 1);
		const codes = new ChainCodes(KEY, (key) => new HmacSha256(key));
		const tag = new Uint8Array(TAG);
		codes.genesis({ node: utf8("node-1"), chain: 3 }, tag);
		codes.link(tag, 4, bytesOf(recordOf(4, 1)), tag);
		assert.equal(link!.tag, toHex(tag));
	});
	for (const [name, change] of [
		["another key", { key: "ff".repeat(8) + "00".repeat(8) }],
		["the flash of another node", { nodeId: "node-2" }],
	] as const)
		it(`${name}: a chain of its own begins, named by its first record`, () => {
			const port = new CutPort(4, 4096);
			push(taggedQueue(port), 1, 2);
			const next = taggedQueue(port, change);
			push(next, 3);
			const found = links(next);
			assert.deepEqual([found[1]!.count, found[2]!.count], [2, 1]);
			assert.equal(readChainCell(next.queue.log.get(CellId.evidence))!.name.chain, 3);
			const back = taggedQueue(port); // and the older one does not come back
			push(back, 4, 5);
			assert.deepEqual(links(back).slice(3), expected(4, [recordOf(4, 1), recordOf(5, 1)]));
		});
	for (const [name, key] of [
		["no key", null],
		["an empty key", ""],
		["15 bytes", `${"01".repeat(14)}02`],
		["65 bytes", `${"01".repeat(64)}02`],
		["one byte over and over", "5a".repeat(32)],
		["an odd digit", `${KEY_HEX}0`],
		["not hexadecimal", "correct horse battery staple 1234567"],
	] as const)
		it(`${name}: records are stored without a tag, and it is said`, () => {
			const tagged = taggedQueue(new CutPort(4, 4096), { key });
			push(tagged, 1, 2);
			assert.equal(tagged.chain.problem, "key");
			assert.deepEqual(links(tagged), []);
			assert.equal(readAll(tagged.queue).length, 2);
			assert.equal(tagged.queue.log.get(CellId.evidence), undefined);
		});
	it("a key of 16 bytes, of 64: taken", () => {
		for (const key of [`${"01".repeat(15)}02`, `${"01".repeat(63)}02`]) {
			const tagged = taggedQueue(new CutPort(4, 4096), { key });
			push(tagged, 1);
			assert.deepEqual([tagged.chain.problem, links(tagged).length], [undefined, 1]);
		}
	});
	it("the key comes, goes and comes again: the chain goes on, what came between is not in it", () => {
		const port = new CutPort(4, 4096);
		push(taggedQueue(port, { key: null }), 1);
		push(taggedQueue(port), 2, 3);
		let tagged = taggedQueue(port, { key: null });
		push(tagged, 4);
		tagged = taggedQueue(port, { restored: slept(tagged) });
		push(tagged, 5);
		assert.deepEqual(
			links(tagged),
			expected(
				2,
				[2, 3, 5].map((number) => recordOf(number, 1)),
			),
		);
		assert.deepEqual(
			readAll(tagged.queue).map(({ number }) => number),
			[1, 2, 3, 4, 5],
		);
	});
	it("flash refuses for a while: records wait in RTC memory, are linked later in their order and marked late", () => {
		const port = new CutPort(4, 4096);
		const tagged = taggedQueue(port);
		const front = new RetainedQueue(SCHEMA, WIDTH, 400);
		const tiers = new TieredQueue(front, tagged.queue);
		tiers.push(fill(record(), recordOf(1, 1)), true);
		front.push(fill(record(), recordOf(2, 1))); // as the node does when flash threw
		front.push(fill(record(), recordOf(3, 1, true)));
		tiers.push(fill(record(), recordOf(4, 1)), true);
		const records = [recordOf(1, 1), recordOf(2, 1), recordOf(3, 1, true), recordOf(4, 1)];
		assert.deepEqual(readAll(tagged.queue), records);
		assert.deepEqual(links(tagged), expected(1, records, "node-1", [2, 3]));
	});
	it("a push that fails, a record that is refused: the chain stays where it was", () => {
		const port = new CutPort(4, 256);
		const tagged = taggedQueue(port, { policy: "newest" });
		let number = 1;
		while (tagged.queue.dropped === 0) push(tagged, number++);
		const held = links(tagged);
		assert.deepEqual(
			held,
			expected(
				1,
				held.map((each) => recordOf(each.number, 1)),
			),
		);
		tagged.queue.trim(held.at(-1)!.number - 1);
		push(tagged, number, number + 1);
		const now = links(tagged);
		const all = [...held, { number }, { number: number + 1 }].map((each) => recordOf(each.number, 1));
		assert.deepEqual(now, expected(1, all).slice(-now.length));
	});
	it("retained section: another version is refused, nothing known is nothing kept", () => {
		const { chain } = taggedQueue(new CutPort(4, 4096));
		const view = new DataView(new ArrayBuffer(24));
		assert.equal(chain.retain(view), 0);
		assert.ok(chain.restore(new DataView(new ArrayBuffer(0)), 1));
		assert.ok(!chain.restore(view, 2));
		assert.ok(!chain.restore(new DataView(new ArrayBuffer(23)), 1));
	});
	it("a declaration of more values: the chain goes on behind the records of the older one", () => {
		const port = new CutPort(4, 4096);
		push(taggedQueue(port), 1, 2);
		const next = taggedQueue(port, { schema: SCHEMA + 1 });
		push(next, 3);
		const cursor = new LogCursor(next.queue);
		cursor.passed = 0;
		cursor.start(next.queue.log.records.sector);
		assert.ok(cursor.advance());
		assert.equal(new DataView(next.queue.log.page.buffer).getUint32(trailerOf(cursor, next.queue.log)), 3);
		const into = record();
		cursor.read(into);
		assert.deepEqual(plain(into), recordOf(3, 1));
	});
});
