import { ContainerReader } from "../../../modules/codec/container.js";
import { toHex } from "../../../modules/core/bytes.js";
import { crc16 } from "../../../modules/core/crc.js";
import { DormouseError } from "../../../modules/core/errors.js";
import { ResetReason } from "../../../modules/core/ports.js";
import { RecordKind } from "../../../modules/core/record.js";
import { declareNode } from "../../../modules/cycle/declaration.js";
import { HEALTH_FIELDS, Start } from "../../../modules/cycle/health.js";
import { BANK, Section } from "../../../modules/cycle/retained.js";
import type { Filled } from "../../../net/uplink.js";
import { Seeded } from "../../../sim/seeded.js";
import * as assert from "../../assert.js";
import { Crash, deliverAll, FakeNode, fail } from "../../support/fake-node.js";

/** One more wake, in which the reading is n. */
function sample(node: FakeNode, n: number, reset?: ResetReason) {
	node.reading = n;
	const sleeps = node.sleeps;
	const report = node.next(reset);
	assert.equal(node.sleeps, sleeps + 1, "sleep is called once a wake");
	assert.equal(node.openDrivers, 0);
	assert.ok(!node.uplinkOpen);
	assert.equal(node.timers.open, 0);
	return report;
}
/** Readings of the samples that were sent. */
function readings(node: FakeNode): (number | undefined)[] {
	return node.sent.filter(({ kind }) => kind === RecordKind.sample).map(({ values }) => values[0]);
}
function health(node: FakeNode): Record<string, number | undefined>[] {
	const records = node.sent.filter(({ kind }) => kind === RecordKind.health);
	return records.map(({ values }) => Object.fromEntries(HEALTH_FIELDS.map((field, n) => [field, values[n]])));
}
/** Changes a byte of a section in a bank. */
function hurt(node: FakeNode, bank: number, section: keyof typeof Section): void {
	const bytes = node.rtc.subarray(bank * BANK, (bank + 1) * BANK);
	const view = new ContainerReader(bytes).section(Section[section].id);
	assert.ok(view, `no ${section} in bank ${bank}`);
	node.rtc[view.byteOffset]! ^= 0x40;
}
/** The bank with the higher sequence. */
function newest(node: FakeNode): number {
	const [a, b] = [0, 1].map((bank) => new ContainerReader(node.rtc.slice(bank * BANK, (bank + 1) * BANK)).sequence);
	return a! > b! ? 0 : 1;
}

/** Makes the records of a bank's queue unreadable, with a checksum that fits. */
function spoilQueue(bank: Uint8Array): void {
	const view = new ContainerReader(bank).section(Section.queue.id)!;
	const at = view.byteOffset - bank.byteOffset;
	bank.fill(0xff, at + 20 + 8 * 2, at + view.byteLength);
	new DataView(bank.buffer, bank.byteOffset).setUint16(at + view.byteLength, crc16(bank, at - 4, at + view.byteLength));
}

describe("node run", () => {
	it("cold start: epoch 1, a sample and a health record, then sleep to the grid", () => {
		const node = new FakeNode();
		const report = node.first();
		assert.deepEqual(
			[report.start, report.epoch, report.number, report.queued, report.sleepMs],
			[Start.cold, 1, 1, 2, 600_000 - 10],
		);
		assert.deepEqual(report.values, [0, undefined]);
		assert.deepEqual(report.missing, [0, 0, 1, 0]);
		assert.equal(node.exchanges, 0);
	});
	it("warm wakes: the batch is sent when it is full, in order, and flash is opened no more", () => {
		const node = new FakeNode();
		node.first();
		node.flashFails = true;
		for (let n = 1; n <= 30; n++) {
			const report = sample(node, n);
			assert.equal(report.start, Start.warm);
			assert.equal(report.problem, "");
		}
		assert.deepEqual(
			node.sent.map(({ number }) => number),
			node.sent.map((_, at) => at + 1),
		);
		assert.deepEqual(
			readings(node),
			readings(node).map((_, at) => at),
		);
		assert.deepEqual(
			node.sent.filter(({ kind }) => kind === RecordKind.sample).map(({ seconds }) => seconds % 600),
			readings(node).map(() => 0),
		);
		assert.ok(node.exchanges > 8);
		assert.equal(health(node)[0]!.start, Start.cold);
	});
	it("woken early by a reset: nothing is measured, it sleeps on to the same time", () => {
		const node = new FakeNode();
		node.first();
		node.scheduler.skipTo(200_000);
		const report = node.wake(ResetReason.software);
		assert.deepEqual([report.start, report.number, report.queued], [Start.warm, 0, 2]);
		assert.near(node.scheduler.now - 60_000 + report.sleepMs, 600_000, 60_000);
	});
	it("RTC memory turned to noise across deep sleep: a cold start, reported as corrupt, in a new epoch", () => {
		const node = new FakeNode(2);
		node.first();
		node.rtc.forEach((_, at) => {
			node.rtc[at] = node.random.u32();
		});
		const report = sample(node, 5);
		assert.deepEqual([report.start, report.epoch, report.number], [Start.corrupt, 2, 257]);
		assert.equal(health(node).at(-1)!.start, Start.corrupt);
	});
	it("an uplink that wants to greet: the first sample goes out when the power came, the next ones by the batch", () => {
		const node = new FakeNode(3, 600, "peer", { atPower: true });
		assert.deepEqual([node.first().queued, node.exchanges], [0, 1]);
		for (let n = 1; n <= 3; n++) sample(node, n);
		assert.deepEqual([node.exchanges, readings(node).length], [2, 4]);
		node.losePower();
		node.wake(ResetReason.power);
		assert.equal(node.exchanges, 3);
	});
	it("an uplink that wants to greet: what fails is tried again, after its backoff, before the batch is full", () => {
		const node = new FakeNode(10, 600, "peer", { atPower: true });
		node.script = fail("timeout");
		node.first();
		node.script = deliverAll;
		for (let n = 1; n <= 3; n++) sample(node, n);
		assert.deepEqual([node.exchanges, readings(node).length > 1], [2, true]);
	});
	for (const reset of [ResetReason.brownOut, ResetReason.software, ResetReason.panic, ResetReason.watchdog] as const)
		it(`an uplink that wants to greet: not after reset ${reset}, which the radio's current may be behind`, () => {
			const node = new FakeNode(10, 600, "peer", { atPower: true });
			node.first();
			node.losePower();
			node.wake(reset);
			assert.equal(node.exchanges, 1);
		});
	it("power loss that memory outlives: cold, because the clock did not; numbers go on behind the block", () => {
		const node = new FakeNode(10);
		node.first();
		sample(node, 1);
		node.poweredMs = node.scheduler.now + 1_000_000;
		node.scheduler.skipTo(node.poweredMs);
		const report = node.wake(ResetReason.power);
		assert.deepEqual([report.start, report.epoch, report.number, report.queued], [Start.cold, 2, 257, 2]);
		assert.equal(report.seconds, 0);
		assert.equal(sample(node, 2).start, Start.warm);
	});
	for (const section of ["cycle", "health", "queue"] as const)
		it(`section ${section} damaged in both banks: it begins anew alone, reported as partial`, () => {
			const node = new FakeNode(2);
			node.first();
			for (let n = 1; n <= 20; n++) sample(node, n);
			const before = node.sent.length;
			hurt(node, 0, section);
			hurt(node, 1, section);
			const report = sample(node, 21);
			assert.deepEqual([report.start, report.epoch], [Start.partial, 1]);
			assert.ok(node.sent.length > before);
			const { sectionsLost, missed, start } = health(node).at(-1)!;
			assert.deepEqual([sectionsLost, missed, start], [1, 0, Start.partial]);
			assert.equal(sample(node, 22).start, Start.warm);
			for (let n = 23; n < 200; n++) sample(node, n); // more than a day, so that another health record may come
			assert.equal(health(node).at(-1)!.missed, 0);
			const numbers = node.sent.map(({ number }) => number);
			assert.equal(new Set(numbers).size, numbers.length);
		});
	for (const section of ["numbers", "time"] as const)
		it(`section ${section} damaged in both banks: a cold start, reported as corrupt`, () => {
			const node = new FakeNode(2);
			node.first();
			sample(node, 1);
			hurt(node, 0, section);
			hurt(node, 1, section);
			assert.deepEqual([sample(node, 2).start, node.sent.at(-1)!.epoch], [Start.corrupt, 2]);
		});
	it("the newer bank damaged between two samples: the older one, reported as partial", () => {
		const node = new FakeNode(10);
		node.first();
		sample(node, 1);
		sample(node, 2);
		hurt(node, newest(node), "queue");
		const report = sample(node, 3);
		assert.equal(report.start, Start.partial);
		assert.equal(report.number, 4); // reading 2 is lost; its number was never seen
		node.script = deliverAll;
		for (let n = 4; n <= 12; n++) sample(node, n);
		assert.deepEqual(readings(node).slice(0, 4), [0, 1, 3, 4]);
	});
	it("crash while the radio sends, and one bank damaged, either one: no number is given to two records", () => {
		for (const bank of [0, 1])
			for (const resetReason of [ResetReason.brownOut, ResetReason.watchdog]) {
				const node = new FakeNode(4);
				node.first();
				sample(node, 1);
				node.script = ({ frame }) => {
					frame();
					throw new Crash();
				};
				node.reading = 2;
				assert.throws(() => node.next());
				node.scheduler.skipTo(node.scheduler.now + 5000);
				node.openDrivers = 0;
				hurt(node, bank, "queue");
				node.script = deliverAll;
				node.sleepMs = 600_000;
				const report = sample(node, 3, resetReason);
				assert.ok(report.start !== Start.cold && report.start !== Start.corrupt);
				sample(node, 4);
				const seen = new Map<number, string>();
				for (const record of node.sent) {
					const text = JSON.stringify(record);
					assert.equal(seen.get(record.number) ?? text, text);
					seen.set(record.number, text);
				}
				assert.ok(readings(node).includes(3));
				assert.ok(health(node).at(-1)!.panics! >= 1);
			}
	});
	it("flash that fails: samples are not queued but counted, the cycle goes on, and then it works", () => {
		const node = new FakeNode(2);
		node.flashFails = true;
		const report = node.first();
		assert.deepEqual([report.number, report.queued, report.problem, report.epoch], [0, 0, "flash", 0]);
		assert.deepEqual(report.values, [0, undefined]);
		assert.equal(sample(node, 1).queued, 0);
		node.flashFails = false;
		const third = sample(node, 2);
		assert.deepEqual([third.number, third.epoch, third.start], [1, 1, Start.warm]);
		assert.deepEqual(readings(node), [2]);
		assert.deepEqual([health(node)[0]!.storeFailed, health(node)[0]!.start], [2, Start.cold]);
	});
	it("flash that fails for the health record alone: it stays due", () => {
		const node = new FakeNode(255);
		node.script = deliverAll;
		node.first();
		while (node.next().number < 255);
		node.sensorFails = "absent"; // something to report, and more than a day since the last report
		node.flashFails = true; // the block of numbers ends with the sample
		const report = node.next();
		assert.equal(report.number, 256);
		node.flashFails = false;
		for (let n = 0; n < 300; n++) sample(node, n);
		const { absent } = health(node).find(({ storeFailed }) => storeFailed === 1)!;
		assert.ok(absent! >= 2);
		const { number, seconds } = node.sent
			.filter(({ kind }) => kind === RecordKind.health)
			.find(({ values }) => values[HEALTH_FIELDS.indexOf("storeFailed")] === 1)!;
		assert.deepEqual([number, seconds], [258, report.seconds + 600]);
	});
	it("the clock steps back: counted, and reported within a day", () => {
		const node = new FakeNode(1);
		node.first();
		sample(node, 1);
		node.poweredMs += 3_000_000;
		for (let n = 2; n < 160; n++) sample(node, n);
		assert.equal(health(node).at(-1)!.clockSteps, 1);
		const missed = Array.from({ length: 159 }, (_, n) => n + 1).filter((n) => !readings(node).includes(n));
		assert.deepEqual(missed, [2], "one wake is early by that clock, and it steps back but once");
	});
	it("records that pass their checksum and cannot be read: dropped after the wake that they killed, counted", () => {
		const node = new FakeNode(50);
		node.first();
		sample(node, 1);
		for (const bank of [0, BANK]) spoilQueue(node.rtc.subarray(bank, bank + BANK));
		const report = node.wake(ResetReason.panic);
		assert.equal(report.start, Start.partial);
		node.script = deliverAll;
		for (let n = 2; n < 160; n++) sample(node, n);
		assert.ok(readings(node).length >= 100, "the node goes on");
		assert.ok(health(node).some(({ sectionsLost }) => sectionsLost === 1));
	});
	it("chip that does not answer: the sample says so, and is counted", () => {
		const node = new FakeNode(2);
		node.sensorFails = "absent";
		const report = node.first();
		assert.deepEqual(
			[report.values, report.missing],
			[
				[undefined, undefined],
				[2, 0, 0, 0],
			],
		);
		node.sensorFails = undefined;
		assert.deepEqual(sample(node, 7).values, [7, undefined]);
	});
	it("uplink that fails: growing backoff; later everything in order, none twice", () => {
		const node = new FakeNode(2);
		node.script = fail("lost");
		node.first();
		let exchanges = node.exchanges;
		const tried: number[] = [];
		for (let n = 1; n <= 40; n++) {
			const report = sample(node, n);
			if (node.exchanges > exchanges) {
				tried.push(n);
				assert.equal(report.problem, "lost");
				assert.equal(report.failures, node.exchanges);
			}
			exchanges = node.exchanges;
		}
		assert.ok(tried.length >= 4 && tried.length <= 8, `${tried}`);
		for (let at = 2; at < tried.length; at++) assert.ok(tried[at]! - tried[at - 1]! >= tried[at - 1]! - tried[at - 2]!);
		assert.equal(node.sent.length, 0);
		node.script = deliverAll;
		let n = 41;
		for (; node.sent.length === 0; n++) sample(node, n);
		assert.deepEqual(
			readings(node),
			Array.from({ length: n }, (_, at) => at),
		);
		assert.equal(sample(node, n).failures, 0);
	});
	it("delivered in part, then lost: the next exchange begins behind it", () => {
		const node = new FakeNode(6);
		node.script = ({ frame, on }) => {
			const upTo = frame(12);
			frame(12); // sent, but never acknowledged
			on.delivered(upTo, "peer");
			on.failed("lost");
		};
		node.first();
		for (let n = 1; n <= 4; n++) sample(node, n);
		assert.equal(node.exchanges, 1);
		const first = node.sent.map(({ number }) => number);
		assert.deepEqual(first, [1, 2]);
		node.script = deliverAll;
		for (let n = 5; node.exchanges < 2; n++) sample(node, n);
		const again = node.sent.slice(first.length).map(({ number }) => number);
		assert.ok(again[0]! <= first.at(-1)! && again[0]! > 1);
		assert.equal(new Set([...first, ...again]).size, again.at(-1)!);
	});
	it("delivered and then a crash before the commit: what was sent comes again, the same", () => {
		const node = new FakeNode(2);
		node.script = ({ frame, on }) => {
			const upTo = frame();
			node.rtcLeft = 0;
			on.delivered(upTo, "peer");
		};
		node.reading = 1;
		assert.throws(() => node.first());
		node.rtcLeft = Number.POSITIVE_INFINITY;
		node.script = deliverAll;
		node.sleepMs = 600_000;
		node.openDrivers = 0;
		const before = node.sent.slice();
		const { start } = sample(node, 2, ResetReason.watchdog);
		assert.equal(start, Start.warm);
		assert.deepEqual(node.sent.slice(before.length, 2 * before.length), before);
	});
	it("sent without acknowledgement: trimmed only where the declaration says so", () => {
		for (const trimOn of ["peer", "sent"] as const) {
			const node = new FakeNode(2, 600, trimOn);
			node.script = ({ frame, on }) => {
				on.delivered(frame(), "sent");
				on.idle();
			};
			assert.equal(node.first().queued, trimOn === "sent" ? 0 : 2);
		}
	});
	it("deferred: sleeps with its records, and sends when it may", () => {
		const node = new FakeNode(2);
		node.script = ({ on }) => on.deferred(1_500_000);
		node.first();
		node.script = deliverAll;
		for (const n of [1, 2]) assert.equal(sample(node, n).acknowledged, 0);
		assert.ok(sample(node, 3).acknowledged > 4);
	});
	it("events behind the end, doubled ones, a downlink: no harm", () => {
		const node = new FakeNode(2);
		node.script = ({ frame, on }) => {
			const upTo = frame();
			assert.equal(on.downlink(new Uint8Array(3), false), undefined, "nobody takes it");
			on.delivered(upTo, "peer");
			on.delivered(upTo, "peer");
			on.idle();
			on.idle();
			on.failed("lost");
		};
		const report = node.first();
		assert.deepEqual([node.sleeps, report.queued, report.acknowledged, report.failures], [1, 0, 2, 0]);
	});
	it("downlinks: taken, refused or failed, as the handler says; its cell is durable, and the report tells of trouble", () => {
		const seen: string[] = [];
		const node = new FakeNode(1, 600, "peer", {
			downlink: {
				take(bytes, { cell, repeated, wallMs }) {
					const before = cell.read();
					seen.push(`${bytes[0]} ${repeated} ${before?.[0]} ${wallMs}`);
					if (bytes[0] === 1) throw new TypeError("not understood");
					if (bytes[0] === 2) throw new DormouseError("flash");
					cell.write(bytes.slice(0, 1));
					return bytes[0] !== 3;
				},
			},
		});
		const answers: (boolean | undefined)[] = [];
		const send = (byte: number, repeated = false) => {
			node.script = ({ on }) => {
				answers.push(on.downlink(Uint8Array.of(byte), repeated));
				on.idle();
			};
		};
		const problems: string[] = [];
		send(5);
		problems.push(node.first().problem);
		for (const [byte, repeated] of [
			[1, true],
			[2, false],
			[3, false],
			[6, false],
		] as const) {
			send(byte, repeated);
			problems.push(sample(node, byte).problem);
		}
		assert.deepEqual(answers, [true, undefined, undefined, false, true]);
		assert.deepEqual(problems, ["", "downlink", "flash", "downlink", ""]);
		node.losePower();
		send(7);
		node.first();
		const walls = seen.map((line) => line.split(" ").slice(0, 3).join(" "));
		assert.deepEqual(walls, ["5 false undefined", "1 true 5", "2 false 5", "3 false 5", "6 false 3", "7 false 6"]);
	});
	it("downlinks: a handler without an uplink for it, or the other way round, refused at declaration", () => {
		const { node } = new FakeNode();
		const options = { name: "n", every: 60, sensors: node.sensors };
		const take = () => true;
		assert.throws(() => declareNode({ ...options, uplink: node.uplink, downlink: { take } }), {
			code: "declaration",
			message:
				"downlink: it with this uplink is wrong; one with downlinks, such as mqtt({ downlinks: {} }), would be right",
		});
		const uplink = { ...node.uplink, downlinks: true };
		for (const downlink of [undefined, {}, 3])
			assert.throws(() => declareNode({ ...options, uplink, downlink: downlink as never }), {
				code: "declaration",
				message: "downlink: ",
			});
		assert.equal(declareNode({ ...options, uplink, downlink: { take } }).downlink?.take, take);
	});
	it("resumed: only from deep sleep with all that was retained", () => {
		const resumed: boolean[] = [];
		const node = new FakeNode();
		const note = () => resumed.push(node.run!.resumed);
		node.first();
		note();
		for (const reset of [ResetReason.deepSleep, ResetReason.panic, ResetReason.software, ResetReason.deepSleep]) {
			sample(node, 1, reset);
			note();
		}
		hurt(node, newest(node), "uplink");
		sample(node, 1);
		note();
		assert.deepEqual(resumed, [false, true, false, false, true, false]);
	});
	for (const seed of [11, 12, 13])
		it(`frames made again (seed ${seed}): equal to the byte, though records came and went; else none`, () => {
			const seeded = new Seeded(seed);
			const node = new FakeNode(1, 60, "peer", { full: "newest" });
			const inFlight: { frame: Filled; hex: string }[] = [];
			let compared = 0;
			node.script = ({ source, on }) => {
				const view = new Uint8Array(200);
				const room = 60;
				const first = inFlight[0]?.frame;
				if (first) {
					assert.equal(source.again(view, room, { ...first, count: first.count + 1 }), 0, "another number of records");
					assert.equal(source.again(view, room, { ...first, upTo: first.upTo - 1 }), 0, "another last record");
					source.rewind();
				}
				for (const { frame, hex } of inFlight) {
					assert.equal(toHex(view.subarray(0, source.again(view, room, frame))), hex);
					compared++;
				}
				while (inFlight.length < seeded.between(1, 4)) {
					const frame = { ...source.fill(view, room) };
					if (frame.length === 0) break;
					inFlight.push({ frame, hex: toHex(view.subarray(0, frame.length)) });
				}
				if (inFlight.length && seeded.real() < 0.4) on.delivered(inFlight.shift()!.frame.upTo, "peer");
				on.idle();
			};
			node.first();
			for (let n = 0; n < 200; n++) sample(node, seeded.between(-1000, 1000));
			assert.ok(compared > 50, `${compared}`);
		});
	it("battery that dies again and again: what is said of records that went with the power is spilt with the sample", () => {
		const node = new FakeNode(20, 600, "peer", { spill: { below: { temperature: 100 } } });
		node.reading = 200;
		node.first();
		for (let n = 0; n < 5; n++) sample(node, 200);
		for (let losses = 0; losses < 2; losses++) {
			node.losePower();
			node.reading = 50;
			node.first();
		}
		while (node.sent.length === 0) sample(node, 50);
		const [first, second] = health(node);
		assert.ok(first!.unsaved! >= 7, `${first!.unsaved}`);
		assert.ok(second!.unsaved! < 256 && node.sent.every(({ epoch }) => epoch! > 1));
	});
	it("flash that fails for some wakes, whatever they begin with: each comes to its sleep, what was taken down stays", () => {
		for (const reset of [ResetReason.deepSleep, ResetReason.panic, ResetReason.software]) {
			const node = new FakeNode(4, 600, "peer", { durability: "flash" });
			node.first();
			node.flashFails = true;
			for (let n = 1; n < 4; n++) assert.equal(sample(node, n, n === 1 ? reset : undefined).problem, "flash");
			node.flashFails = false;
			for (let n = 4; node.sent.length === 0; n++) sample(node, n);
			assert.deepEqual(readings(node).slice(0, 2), reset === ResetReason.deepSleep ? [0, 1] : [0, 4]);
			assert.ok(health(node).length > 0);
		}
	});
	it("queue full for long: the oldest are dropped, and the health record counts them", () => {
		const node = new FakeNode(2, 60, "peer", { sectors: 4, sectorBytes: 1024 });
		node.script = fail("timeout");
		node.first();
		let dropped = 0;
		for (let n = 1; n <= 1600; n++) dropped = sample(node, n).dropped;
		assert.ok(dropped > 100, `${dropped}`);
		node.script = deliverAll;
		for (let n = 1601; node.sent.length === 0; n++) sample(node, n);
		const numbers = node.sent.map(({ number }) => number);
		assert.ok(numbers[0]! > dropped);
		assert.equal(numbers.at(-1)! - numbers[0]! + 1, numbers.length);
		assert.ok(health(node).at(-1)!.dropped! > 0);
	});
});
