import { fromHex, toHex } from "../../../modules/core/bytes.js";
import { crc32 } from "../../../modules/core/crc.js";
import { NodeRecord } from "../../../modules/core/record.js";
import { CELL_BYTES, Log } from "../../../modules/store/log.js";
import { LogQueue } from "../../../modules/store/log-queue.js";
import { Numbers } from "../../../modules/store/numbers.js";
import { Seeded } from "../../../sim/seeded.js";
import * as assert from "../../assert.js";
import { oldCells } from "../../support/layout-1.js";
import { CutPort, readAll, recordOf, WIDTH } from "../../support/log-script.js";
import { fill, type PlainRecord, randomRecords } from "../../support/records.js";
import { runsOf, seedOf } from "../../support/seed.js";

const record = () => new NodeRecord(NodeRecord.widest);
const SCHEMA = 0x1234;

function opened(port: CutPort, policy?: "oldest" | "newest" | "thin", schema = SCHEMA): LogQueue {
	return new LogQueue(new Log({ flash: () => port }), schema, WIDTH, policy);
}
function numbersOf(queue: LogQueue): number[] {
	return readAll(queue).map(({ number }) => number);
}

describe("log: layout", () => {
	it("log: a sample is pushed, the bytes are those of docs/store.md", () => {
		const port = new CutPort(4, 4096);
		const queue = opened(port);
		const sample: PlainRecord = {
			number: 257,
			kind: 0,
			epoch: 1,
			seconds: 600,
			wall: false,
			values: [215, undefined, 4120],
		};
		queue.push(fill(record(), sample));
		queue.push(fill(record(), { ...sample, number: 258, seconds: 1200, values: [216, 55, 4119] }));
		const { sector } = queue.log.records;
		const found = toHex(port.bytes.subarray(sector * 4096, sector * 4096 + 56));
		assert.equal(
			found.slice(0, 64),
			`446d0201000000010000000200000101000000000001123400000000${toHex(crcOf(port.bytes.subarray(sector * 4096, sector * 4096 + 28)))}`,
		);
		assert.equal(found.slice(64, 64 + 2 * 9), "091000b00902ae03b0".slice(0, 18));
		assert.deepEqual(readAll(queue), [sample, { ...sample, number: 258, seconds: 1200, values: [216, 55, 4119] }]);
	});
	it("log: a record is pushed, it is one program", () => {
		const port = new CutPort(4, 4096);
		const queue = opened(port);
		for (let n = 1; n <= 3; n++) queue.push(fill(record(), recordOf(n, 1)));
		const { programs, erases } = port.nor.counts;
		for (let n = 4; n <= 13; n++) queue.push(fill(record(), recordOf(n, 1)));
		assert.equal(port.nor.counts.erases, erases);
		assert.ok(port.nor.counts.programs - programs <= 11, "one each, and one where a page ends");
	});
	it("log: 64 sectors of 4 KiB, opening reads at most 16 KiB whatever the fill", () => {
		const sectors = 4 + runsOf(60);
		const port = new CutPort(sectors, 4096);
		const queue = opened(port);
		let most = 0;
		for (let n = 1; n < 280 * sectors; n++) {
			queue.push(fill(record(), recordOf(n, 1)));
			if (n % 501) continue;
			const before = port.reads;
			const again = new Log({ flash: () => port });
			again.ready();
			most = Math.max(most, port.reads - before);
			assert.equal(again.last, n);
			assert.equal(again.outcome, "opened");
		}
		assert.ok(most <= 16_384, `${most} bytes`);
		assert.ok(queue.dropped > 0, "it was never full");
	});
	it("log: geometries that it does not work on, they are refused", () => {
		for (const [sectors, bytes] of [
			[3, 4096],
			[257, 128],
			[8, 64],
		] as const)
			assert.throws(() => new Log({ flash: () => new CutPort(sectors, bytes) }).ready(), { code: "flash" });
	});
});

function crcOf(bytes: Uint8Array): Uint8Array {
	const out = new Uint8Array(4);
	new DataView(out.buffer).setUint32(0, crc32(bytes));
	return out;
}

describe("log: what is found on the partition", () => {
	it("older layout: epoch and numbers go on", () => {
		const port = new CutPort(8, 4096);
		const before = new Numbers(oldCells(port));
		before.begin();
		for (let n = 0; n < 700; n++) before.take();
		const log = new Log({ flash: () => port });
		log.ready();
		assert.equal(log.outcome, "migrated");
		const after = new Numbers(log);
		after.begin();
		assert.equal(after.take(), 769);
		assert.equal(after.epoch, before.epoch + 1);
		const again = new Log({ flash: () => port });
		again.ready();
		assert.equal(again.outcome, "opened");
		const once = new Numbers(again);
		once.begin();
		assert.equal(once.take(), 769 + 256);
	});
	const seed = seedOf(5);
	const random = new Seeded(seed);
	const noise = (port: CutPort) => {
		for (let n = 0; n < port.size; n++) port.bytes[n] = random.u32();
	};
	const foreign: Readonly<Record<string, (port: CutPort) => void>> = {
		"nothing, all erased": () => {},
		"all zeros": (port) => void port.bytes.fill(0),
		"random bytes": noise,
		// The magic of each is where its format has it; the rest is noise.
		"littlefs, its superblock in blocks 0 and 1": (port) => {
			noise(port);
			for (const block of [0, 1]) port.bytes.set(fromHex("00000000f00ffff76c6974746c656673"), block * 4096);
		},
		"SPIFFS, its object index pages": (port) => {
			noise(port);
			for (let at = 0; at < port.size; at += 256) port.bytes.set(fromHex("0180000000f8"), at);
		},
		"FAT, its boot sector": (port) => {
			noise(port);
			port.bytes.set(fromHex("eb fe 90 4d 53 44 4f 53 35 2e 30 00 10 01 01 00"), 0);
			port.bytes.set(fromHex("55aa"), 510);
		},
		"NVS, its active pages": (port) => {
			noise(port);
			for (let at = 0; at < port.size; at += 4096) port.bytes.set(fromHex("feffffff00000000fe"), at);
		},
	};
	for (const [name, prepare] of Object.entries(foreign))
		it(`${name} (seed ${seed}): it is formatted, which is said, and holds records`, () => {
			const port = new CutPort(8, 4096);
			prepare(port);
			const queue = opened(port);
			queue.log.ready();
			assert.equal(queue.log.outcome, "formatted");
			for (let n = 1; n <= 1500; n++) queue.push(fill(record(), recordOf(n, 1)));
			const again = opened(port);
			assert.deepEqual(readAll(again), readAll(queue));
			assert.equal(again.log.outcome, "opened");
			assert.equal(port.nor.counts.violations, 0);
		});
	it("a newer layout, another alignment, protection: refused, and not a bit is changed", () => {
		for (const [at, value] of [
			[2, 3],
			[3, 0x41],
			[4, 1],
		] as const) {
			const port = new CutPort(4, 4096);
			const header = port.bytes.subarray(3 * 4096, 3 * 4096 + 32);
			header.set(fromHex("446d0201 00000001 00000001 00000001 00000000 00011234 00000000"));
			header[at] = value;
			header.set(crcOf(header.subarray(0, 28)), 28);
			const before = port.bytes.slice();
			const log = new Log({ flash: () => port });
			for (let tries = 0; tries < 2; tries++)
				assert.throws(() => log.put(3, Uint8Array.of(1)), { code: "unsupported" });
			assert.deepEqual(port.bytes, before);
		}
	});
	it("the sector of cells is lost: the records are not", () => {
		const port = new CutPort(6, 512);
		const queue = opened(port);
		for (let n = 1; n <= 60; n++) queue.push(fill(record(), recordOf(n, 1)));
		queue.trim(10);
		port.bytes.fill(0, queue.log.cells.sector * 512, queue.log.cells.sector * 512 + 40);
		const again = opened(port);
		again.log.ready();
		assert.equal(again.log.outcome, "recovered");
		assert.deepEqual(
			readAll(again).filter(({ number }) => number > 10),
			readAll(queue),
		);
	});
});

describe("log: cells", () => {
	it("cells: too long, or too much of all, refused; the old value stays", () => {
		const log = new Log({ flash: () => new CutPort(4, 512) });
		log.put(3, new Uint8Array(CELL_BYTES).fill(1));
		assert.throws(() => log.put(3, new Uint8Array(CELL_BYTES + 1)), { code: "range" });
		assert.throws(() => log.put(32, new Uint8Array(1)), { code: "range" });
		log.put(4, new Uint8Array(50));
		assert.throws(() => log.put(5, new Uint8Array(CELL_BYTES)), { code: "overflow" });
		assert.deepEqual(log.get(3), new Uint8Array(CELL_BYTES).fill(1));
		assert.equal(log.get(5), undefined);
		log.put(4, new Uint8Array(0));
		assert.equal(log.get(4)?.length, 0);
	});
});

describe("log: queue", () => {
	it("records of any kind and any size: read back as they were", () => {
		const random = new Seeded(seedOf(31));
		for (const width of [1, 4, 32]) {
			const port = new CutPort(8, 4096);
			const queue = new LogQueue(new Log({ flash: () => port }), SCHEMA, width);
			const records = randomRecords(random, width, 150, { number: 1, epoch: 3 });
			const one = new NodeRecord(Math.max(width, NodeRecord.widest));
			for (const each of records) queue.push(fill(one, each));
			const cursor = queue.cursor();
			for (const each of records) {
				assert.ok(cursor.read(one));
				assert.deepEqual(fill(new NodeRecord(32), each).values.subarray(0, each.values.length).length, one.length);
				assert.equal(one.number, each.number);
				assert.equal(one.seconds, each.seconds);
			}
			assert.ok(!cursor.read(one));
		}
	});
	it("numbers and epochs: must increase, else refused", () => {
		const queue = opened(new CutPort(4, 512));
		queue.push(fill(record(), recordOf(5, 2)));
		assert.throws(() => queue.push(fill(record(), recordOf(5, 2))), { code: "range" });
		assert.throws(() => queue.push(fill(record(), recordOf(6, 1))), { code: "range" });
		queue.push(fill(record(), recordOf(9, 4)));
		assert.deepEqual(readAll(queue), [recordOf(5, 2), recordOf(9, 4)]);
	});
	it("all delivered, then none for long: reading begins with the oldest, though the sector where it stood is used again", () => {
		const queue = opened(new CutPort(5, 256));
		let number = 0;
		for (let round = 0; round < 8; round++) {
			for (let n = 0; n < 3 + round; n++) queue.push(fill(record(), recordOf(++number, 1)));
			queue.trim(number);
			assert.deepEqual(numbersOf(queue), []);
			const { dropped } = queue;
			const first = number + 1;
			while (queue.dropped === dropped) {
				queue.push(fill(record(), recordOf(++number, 1)));
				for (let n = 0; n < 12; n++) queue.log.put(3, Uint8Array.of(n, number)); // cells take the sector, too
				if (queue.dropped === dropped) assert.equal(numbersOf(queue)[0], first, `round ${round}`);
				assert.equal(numbersOf(queue).length, queue.count);
			}
			queue.trim(number);
		}
	});
	it("another schema: its records are dropped and counted, the new ones are read", () => {
		const port = new CutPort(6, 512);
		const old = opened(port);
		for (let n = 1; n <= 40; n++) old.push(fill(record(), recordOf(n, 1)));
		const queue = opened(port, "oldest", 0x4321);
		for (let n = 41; n <= 50; n++) queue.push(fill(record(), recordOf(n, 2)));
		assert.deepEqual(numbersOf(queue), [41, 42, 43, 44, 45, 46, 47, 48, 49, 50]);
		queue.trim(45);
		assert.equal(queue.dropped, 40);
		assert.equal(queue.count, 5);
		assert.equal(queue.oldest, 46);
	});
	it("thinned out again and again: every n-th sample stays, alarms stay, the newest are whole", () => {
		const queue = opened(new CutPort(10, 512), "thin");
		for (let n = 1; n <= 1500; n++) queue.push(fill(record(), recordOf(n, 1, n % 50 === 7)));
		const found = readAll(queue);
		assert.equal(found.length + queue.dropped, 1500);
		assert.ok(found[0]!.number < 60, `the oldest is ${found[0]!.number}`);
		assert.equal(found.filter(({ kind }) => kind === 1).length, 30);
		assert.ok(found.slice(-10).every(({ number }, n) => number === 1491 + n));
		const gaps = found.map(({ number }, n) => number - (found[n - 1]?.number ?? 0));
		assert.ok(Math.max(...gaps) <= 64, `a gap of ${Math.max(...gaps)}`);
	});
	it("cursors: seek and moveTo, also within a batch", () => {
		const queue = opened(new CutPort(6, 512));
		const source = opened(new CutPort(6, 512));
		for (let n = 10; n <= 60; n++) source.push(fill(record(), recordOf(n, 1)));
		queue.take(source, record());
		assert.deepEqual(readAll(queue), readAll(source));
		const one = record();
		const [a, b] = [queue.cursor(), queue.cursor()];
		for (let n = 0; n <= 61; n++) {
			a.seek(n);
			b.moveTo(a);
			const expected = Math.max(n, 10);
			assert.equal(a.read(one), expected <= 60);
			if (expected <= 60) assert.equal(one.number, expected);
			assert.equal(b.read(one), expected <= 60);
			if (expected <= 60) assert.deepEqual([one.number, one.values[0]], [expected, 3 * expected]);
			queue.trim(0);
		}
	});
});
