import { eu868 as europe } from "../../../../net/lorawan/region-eu868.js";
import { type RegionTables, tablesOf } from "../../../../net/lorawan/region-tables.js";
import { us915 as america } from "../../../../net/lorawan/region-us915.js";
import type { LoraFrame } from "../../../../sim/chips/lora-air.js";
import { DutyLedger } from "../../../../sim/lora/duty.js";
import { Gateway, type Received, type Transmission } from "../../../../sim/lora/gateway.js";
import { gatewayPlan } from "../../../../sim/lora/gateway-plan.js";
import { RadioAir } from "../../../../sim/lora/radio-air.js";
import { Scheduler } from "../../../../sim/scheduler.js";
import { Seeded } from "../../../../sim/seeded.js";
import * as assert from "../../../assert.js";
import { FLAT, frameOf } from "../../../support/lora-frames.js";
import { seedOf } from "../../../support/seed.js";

const eu868 = tablesOf(europe);
const us915 = (subBand = 0) => tablesOf(america(subBand));
const HERE = { xM: 0, yM: 0, gainDbi: 0 };
const DOWN: Transmission = {
	bytes: new Uint8Array(12),
	frequencyHz: 868_100_000,
	spreadingFactor: 7,
	bandwidthHz: 125_000,
	powerDbm: 14,
};

function setUp({
	region = eu868,
	tmstAtZero = 0,
	absent = false,
	syncWord = 0x34,
}: {
	region?: RegionTables;
	tmstAtZero?: number;
	absent?: boolean;
	syncWord?: number;
} = {}) {
	const scheduler = new Scheduler();
	const air = new RadioAir({ scheduler, seed: 1, loss: FLAT, cross: false });
	const station = air.station(HERE);
	const received: Received[] = [];
	const sent: LoraFrame[] = [];
	const gateway = new Gateway({
		...{ scheduler, station, channels: gatewayPlan(region), bands: region.bands, eui: "0102030405060708" },
		...{ tmstAtZero, syncWord, absent: () => absent },
	});
	gateway.onReceived = (each) => received.push(each);
	air.onFrame = (frame, from) => {
		if (from === station) sent.push(frame);
	};
	const run = (ms: number) => {
		const until = scheduler.now + ms;
		while (scheduler.advance(until));
		scheduler.skipTo(until);
	};
	return { scheduler, air, gateway, received, sent, run, node: () => air.station(HERE) };
}

describe("gateway: receiving", () => {
	it("channels: the plan of EU868 has eight narrow ones and one of 250 kHz; US915 eight and one, or all", () => {
		const count = (region: RegionTables, wide: boolean) =>
			gatewayPlan(region).filter(({ spreadingFactor }) => (spreadingFactor !== undefined) === wide).length;
		assert.deepEqual([count(eu868, false), count(eu868, true)], [8, 1]);
		assert.deepEqual([count(us915(2), false), count(us915(2), true)], [8, 1]);
		assert.deepEqual([count(us915(), false), count(us915(), true)], [64, 8]);
		assert.equal(gatewayPlan(us915(2))[0]!.frequencyHz, 903_900_000);
		assert.equal(gatewayPlan(us915(2))[8]!.frequencyHz, 904_600_000);
	});
	it("every narrow channel at SF7 … SF12, some hertz beside; nothing on others, inverted or of another network", () => {
		const { received, node, run } = setUp();
		let startMs = 0;
		const plan = gatewayPlan(eu868).filter(({ bandwidthHz }) => bandwidthHz === 125_000);
		for (const { frequencyHz } of plan)
			for (let sf = 7; sf <= 12; sf++) {
				const frame = frameOf({ frequencyHz: frequencyHz + 24, spreadingFactor: sf, startMs });
				node().transmit(frame);
				run(frame.endMs - startMs + 100);
				startMs = frame.endMs + 100;
			}
		assert.equal(received.length, 48);
		assert.equal(received[0]!.frequencyHz, plan[0]!.frequencyHz, "the channel's own frequency is told");
		node().transmit(frameOf({ startMs, frequencyHz: 869_525_000 }));
		node().transmit(frameOf({ startMs, invertIq: true }));
		node().transmit(frameOf({ startMs, syncWord: 0x12 }));
		run(5000);
		assert.equal(received.length, 48);
		const other = setUp({ syncWord: 0x12 });
		other.node().transmit(frameOf({ syncWord: 0x12 }));
		other.run(1000);
		assert.equal(other.received.length, 1);
	});
	it("demodulators: eight frames at once, not the ninth; the wide channel has one of its own", () => {
		const { received, gateway, node, run } = setUp();
		let sent = 0;
		for (let sf = 7; sf <= 8; sf++)
			for (const channel of gatewayPlan(eu868).slice(0, 5)) {
				if (sent++ === 9) break;
				node().transmit(frameOf({ ...channel, spreadingFactor: sf, bytes: new Uint8Array(200) }));
			}
		node().transmit(frameOf({ frequencyHz: 868_300_000, bandwidthHz: 250_000, spreadingFactor: 7, startMs: 10 }));
		run(2000);
		assert.equal(received.length, 9);
		assert.equal(received.filter(({ frame }) => frame.bandwidthHz === 250_000).length, 1);
		assert.equal(gateway.counts.busy, 1);
		node().transmit(frameOf({ startMs: 2000 }));
		run(1000);
		assert.equal(received.length, 10, "they are free again");
	});
	it("spoiled frames: told with a wrong CRC and other bytes; a spoiled header is not told; both are counted", () => {
		const { received, gateway, node, run } = setUp();
		node().transmit(frameOf());
		node().transmit(frameOf({ startMs: 45 }));
		run(1000);
		assert.equal(received.length, 1);
		assert.equal(received[0]!.crc, "wrong");
		assert.notEqual(received[0]!.bytes[0], 1);
		assert.equal(gateway.counts.spoiled, 2);
	});
	it("cut off: it neither hears nor sends", () => {
		const { received, sent, gateway, node, run } = setUp({ absent: true });
		node().transmit(frameOf());
		assert.equal(gateway.send(DOWN), "NONE");
		run(1000);
		assert.equal(received.length, 0);
		assert.equal(sent.length, 0);
	});
	it("half duplex: an uplink that meets its own frame on another channel is lost", () => {
		const { received, gateway, node, run } = setUp();
		gateway.send({ ...DOWN, tmst: 100_000, frequencyHz: 869_525_000 });
		run(110);
		node().transmit(frameOf({ startMs: 110 }));
		run(1000);
		assert.equal(received.length, 0);
		assert.equal(gateway.counts.spoiled, 1);
	});
});

describe("gateway: sending", () => {
	it("the counter: microseconds, modulo 2^32; a frame beyond its end goes at the right time", () => {
		const { gateway, sent, run } = setUp({ tmstAtZero: 2 ** 32 - 500_000 });
		assert.equal(gateway.tmst(0), 4_294_467_296);
		assert.equal(gateway.tmst(499.999), 4_294_967_295);
		assert.equal(gateway.tmst(500), 0);
		assert.equal(gateway.send({ ...DOWN, tmst: 250_000 }), "NONE");
		run(1000);
		assert.near(sent[0]!.startMs, 750, 1e-6);
		assert.equal(sent[0]!.invertIq, true);
		assert.equal(sent[0]!.crc, false);
	});
	for (const [name, tmst, expected] of [
		["as late as can be", 32_500, "NONE"],
		["a microsecond too late", 32_499, "TOO_LATE"],
		["in the past", 2 ** 32 - 1, "TOO_LATE"],
		["as early as can be", 512_000_000, "NONE"],
		["a microsecond too early", 512_000_001, "TOO_EARLY"],
	] as const)
		it(`time: ${name}, ${expected}`, () => assert.equal(setUp().gateway.send({ ...DOWN, tmst }), expected));
	it("one at a time: a frame that meets another in the queue is refused, with the time to start it", () => {
		const { gateway, sent, run } = setUp();
		assert.equal(gateway.send({ ...DOWN, tmst: 1_000_000 }), "NONE");
		const airtime = frameOf({ bytes: DOWN.bytes, crc: false }).endMs;
		for (const [ms, expected] of [
			[1000 + airtime + 2.4, "COLLISION_PACKET"],
			[1000 - airtime - 2.4, "COLLISION_PACKET"],
			[1000, "COLLISION_PACKET"],
			[1000 + airtime + 2.6, "NONE"],
			[1000 - airtime - 2.6, "NONE"],
		] as const)
			assert.equal(gateway.send({ ...DOWN, tmst: Math.round(1000 * ms), frequencyHz: 868_300_000 }), expected, `${ms}`);
		run(3000);
		assert.equal(sent.length, 3);
		assert.deepEqual({ sent: gateway.counts.sent, refused: gateway.counts.refused }, { sent: 3, refused: 3 });
	});
	it("at once: as soon as it can, behind what is in the queue", () => {
		const { gateway, sent, run } = setUp();
		gateway.send({ ...DOWN, tmst: 40_000 });
		assert.equal(gateway.send(DOWN), "NONE");
		run(1000);
		assert.equal(sent.length, 2);
		assert.ok(sent[1]!.startMs >= sent[0]!.endMs);
		assert.ok(sent[1]!.startMs < sent[0]!.endMs + 5);
	});
	it("queue: 32 frames, no more", () => {
		const { gateway } = setUp();
		for (let n = 1; n <= 32; n++) assert.equal(gateway.send({ ...DOWN, tmst: n * 1_000_000 }), "NONE");
		assert.equal(gateway.send({ ...DOWN, tmst: 50_000_000 }), "COLLISION_PACKET");
	});
	it("frequency and power: what it cannot or may not, is refused", () => {
		const { gateway } = setUp();
		assert.equal(gateway.send({ ...DOWN, frequencyHz: 915_000_000 }), "TX_FREQ");
		assert.equal(gateway.send({ ...DOWN, frequencyHz: 869_300_000 }), "TX_FREQ");
		assert.equal(gateway.send({ ...DOWN, powerDbm: 27.5 }), "TX_POWER");
		assert.equal(gateway.send({ ...DOWN, powerDbm: 27 }), "NONE");
	});
	it("duty: a band's hour is used up, another's is not, and an hour later it is free", () => {
		const { gateway, run } = setUp();
		const frame = { ...DOWN, spreadingFactor: 12, bytes: new Uint8Array(60) };
		const airtime = frameOf({ ...frame, crc: false }).endMs;
		let count = 0;
		for (; gateway.mayTransmit(868_100_000, gateway.busyUntilMs + 100, airtime) && count < 100; count++) {
			run(4000);
			assert.equal(gateway.send(frame), "NONE");
		}
		assert.equal(count, Math.floor(36_000 / airtime));
		assert.ok(gateway.mayTransmit(869_525_000, gateway.busyUntilMs, airtime));
		assert.ok(!gateway.mayTransmit(869_300_000, 0, airtime), "no band");
		run(3_600_000);
		assert.ok(gateway.mayTransmit(868_100_000, gateway.busyUntilMs + 3_600_000, airtime));
	});
});

describe("duty ledger", () => {
	const seed = seedOf(11);
	it(`the fullest hour: as a search at each millisecond's frame ends and begins finds it (seed ${seed})`, () => {
		const random = new Seeded(seed);
		for (let run = 0; run < 50; run++) {
			const ledger = new DutyLedger();
			const frames: [number, number][] = [];
			let at = 0;
			for (let n = 0; n < 60; n++) {
				const startMs = at + random.between(0, 200_000);
				at = startMs + random.between(1, 60_000);
				frames.push([startMs, at]);
				ledger.add(startMs, at);
			}
			const within = (from: number) =>
				frames.reduce((sum, [a, b]) => sum + Math.max(0, Math.min(b, from + 3_600_000) - Math.max(a, from)), 0);
			const fullest = Math.max(
				...frames.flatMap(([a, b]) => [within(a), within(b - 3_600_000), within(b), within(a - 3_600_000)]),
			);
			assert.near(ledger.fullestMs, fullest, 1e-6);
		}
	});
	it("frames that are queued for later take nothing off an hour before them", () => {
		const ledger = new DutyLedger();
		ledger.add(0, 1000);
		ledger.add(100_000, 130_000);
		assert.equal(ledger.spentMs(2000), 1000);
	});
});
