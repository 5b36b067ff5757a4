import { decodeFrame } from "../../../modules/codec/frame-decoder.js";
import { ResetReason } from "../../../modules/core/ports.js";
import { RecordKind } from "../../../modules/core/record.js";
import { HEALTH_FIELDS } from "../../../modules/cycle/health.js";
import type { UplinkListener } from "../../../net/uplink.js";
import * as assert from "../../assert.js";
import { Crash, deliverAll, FakeNode, type FakeNodeOptions, type Script } from "../../support/fake-node.js";

/** Wall time of the scheduler's 0. */
const START = Date.UTC(2026, 5, 1);
const DAY = 86_400_000;

/** A node in whose exchanges a server may tell the time: as it is, off, or none. */
function rig(batch = 3, options: FakeNodeOptions = {}, offsetMs: number | undefined = 0) {
	const node = new FakeNode(batch, 600, "peer", options);
	const server: { offsetMs: number | undefined; told: number; isLate: boolean; ends: Script } = {
		offsetMs,
		told: 0,
		isLate: false,
		ends: deliverAll,
	};
	node.script = (uplink) => {
		const tell = (on: UplinkListener) => {
			if (server.offsetMs === undefined) return;
			server.told++;
			on.wallTime(START + node.scheduler.now + server.offsetMs, 10);
		};
		if (!server.isLate) tell(uplink.on);
		const { idle } = uplink.on;
		const on = {
			...uplink.on,
			idle: () => {
				if (server.isLate) tell(uplink.on);
				idle();
			},
		};
		server.ends({ ...uplink, on });
	};
	const wakes = (count: number) => {
		for (let n = 0; n < count; n++) node.next();
	};
	const marks = () => node.sent.filter(({ kind }) => kind === RecordKind.sync);
	const health = () => {
		const values = node.sent.filter(({ kind }) => kind === RecordKind.health).at(-1)!.values;
		return Object.fromEntries(HEALTH_FIELDS.map((field, n) => [field, values[n]]));
	};
	node.first();
	return { node, server, wakes, marks, health };
}

describe("node run: wall time", () => {
	it("told in the first exchange: frames from then on tell wall times, and the mark stands behind what was there", () => {
		const { node, wakes, marks } = rig();
		wakes(1);
		assert.equal(node.exchanges, 1);
		const first = node.sent.slice();
		for (const { epoch, seconds, kind, number } of first) {
			assert.equal(epoch, undefined, "told by wall time");
			if (kind === RecordKind.sample) assert.equal((seconds - START / 1000) & 0xfffff, number === 1 ? 0 : 600);
		}
		assert.deepEqual(
			first.map(({ kind, wall }) => [kind, wall]),
			[
				[RecordKind.sample, false],
				[RecordKind.health, false],
				[RecordKind.sample, false],
				[RecordKind.sync, true],
			],
		);
		wakes(3);
		const [mark] = marks();
		assert.deepEqual(mark!.values.slice(1), [1, 600], "epoch and seconds");
		assert.equal((mark!.values[0]! >>> 0) - START / 1000, 600, "wall time");
		const later = node.sent.slice(first.length).filter(({ kind }) => kind === RecordKind.sample);
		assert.ok(later.every(({ wall }) => wall));
		assert.near(node.run!.wallMs(), START + node.scheduler.now, 1);
	});
	it("told when all is delivered already: known all the same, and recorded", () => {
		const { node, server, wakes, marks } = rig();
		server.isLate = true;
		wakes(2);
		assert.ok(node.sent.every(({ epoch }) => epoch === 1));
		wakes(3);
		assert.equal(marks().length, 1);
		assert.equal(marks()[0]!.epoch, undefined);
	});
	it("the exchange failed, but a server told the time: known, and recorded", () => {
		const { node, server, wakes, marks } = rig();
		server.ends = ({ on }) => on.failed("lost");
		wakes(2);
		assert.ok(node.run!.wallMs() > 0);
		server.ends = deliverAll;
		wakes(6);
		assert.deepEqual(
			marks().map(({ values }) => values[2]),
			[600],
		);
	});
	it("no server: nothing is recorded, times are the epoch's", () => {
		const { node, server, wakes, marks } = rig();
		server.offsetMs = undefined;
		wakes(30);
		assert.deepEqual([marks().length, node.run!.wallMs()], [0, 0]);
		assert.ok(node.sent.every(({ epoch, wall }) => epoch === 1 && !wall));
	});
	it("a lie, once known: counted, not believed, nothing recorded; asked again in the next exchange", () => {
		const { node, server, wakes, marks, health } = rig(2);
		wakes(40);
		assert.equal(marks().length, 1);
		const { told } = server;
		server.offsetMs = 500 * DAY;
		wakes(2);
		assert.near(node.run!.wallMs(), START + node.scheduler.now, 1);
		server.offsetMs = 0;
		wakes(200);
		assert.ok(server.told > told);
		assert.equal(marks().length, 1);
		assert.equal(health().clockSteps, 1);
	});
	it("out of the limits: counted, not believed; the setting `notBefore` moves the lower one", () => {
		const { node, wakes, health } = rig(3, {}, -10 * 365 * DAY);
		wakes(200);
		assert.equal(node.run!.wallMs(), 0);
		assert.ok(health().clockSteps! > 0);
		const old = rig(3, {}, -10 * 365 * DAY);
		old.node.settings.notBefore = String(Date.UTC(2013, 0, 1) / 1000);
		old.wakes(2);
		assert.ok(old.node.run!.wallMs() > 0);
	});
	it("the wall time steps back: numbers, epoch and its seconds go on; both marks tell", () => {
		const { node, server, wakes, marks } = rig(3, {}, 400 * DAY);
		wakes(2);
		server.offsetMs = 0;
		wakes(30);
		assert.near(node.run!.wallMs(), START + node.scheduler.now, 1);
		assert.equal(marks().length, 2);
		const [one, two] = marks().map(({ values }) => values);
		assert.ok(one![0]! >>> 0 > two![0]! >>> 0 && one![2]! < two![2]!);
		node.sent.forEach(({ number }, at) => {
			assert.equal(number, at + 1);
		});
	});
	it("a durable node loses power right behind the answer: the mark is in flash, and tells of the epoch that is over", () => {
		const { node, server, wakes } = rig(3, { durability: "flash" });
		server.ends = () => {
			throw new Crash();
		};
		assert.throws(() => node.next());
		assert.equal(node.sent.length, 0);
		node.losePower();
		node.crashed();
		server.offsetMs = undefined;
		server.ends = deliverAll;
		node.scheduler.skipTo(node.scheduler.now + 5 * DAY);
		node.wake(ResetReason.power);
		wakes(4);
		const old = node.sent.filter(({ epoch }) => epoch === 1);
		assert.deepEqual(
			old.map(({ kind, seconds }) => [kind, seconds]),
			[
				[RecordKind.sample, 0],
				[RecordKind.health, 0],
				[RecordKind.sample, 600],
				[RecordKind.sync, 600],
			],
		);
		assert.equal(old[3]!.values[0]! >>> 0, START / 1000 + 600);
	});
	it("flash refuses the mark: the node goes on, and it waits in RTC memory", () => {
		const { node, wakes, marks } = rig(3, { durability: "flash" });
		node.onCollect = () => {
			node.flashFails = node.exchanges > 0;
		};
		wakes(2);
		wakes(1);
		node.onCollect = undefined;
		node.flashFails = false;
		wakes(6);
		assert.equal(marks().length, 1);
	});
	it("asks in few exchanges once the time is known", () => {
		const { node, server, wakes } = rig(1);
		let wanted = 0;
		const { script } = node;
		node.onStart = (source) => {
			if (source.wantsTime) wanted++;
			else server.offsetMs = undefined;
		};
		node.script = (uplink) => {
			script(uplink);
			server.offsetMs = 0;
		};
		wakes(144 * 10);
		assert.ok(wanted > 10 && wanted < 40, `${wanted} of ${node.exchanges} exchanges`);
		assert.equal(wanted + 1, server.told);
	});
	it("frames are smaller with wall time than without", () => {
		const bytes = [0, undefined].map((offsetMs) => {
			const { node, server, wakes } = rig(12);
			server.offsetMs = offsetMs;
			let sum = 0;
			node.onFrame = (frame) => {
				assert.ok(decodeFrame(frame, node.node.frame));
				sum += frame.length;
			};
			wakes(144 * 3);
			return sum;
		});
		assert.ok(bytes[0]! < bytes[1]!, bytes.join());
	});
});
