import { type Arrival, preambleMs, symbolMs } from "../../../../sim/chips/lora-air.js";
import { meanLossDb, OULU } from "../../../../sim/lora/path-loss.js";
import { neededSnrDb, noiseDbm, RadioAir, type RadioStation, sensitivityDbm } from "../../../../sim/lora/radio-air.js";
import { Scheduler } from "../../../../sim/scheduler.js";
import * as assert from "../../../assert.js";
import { FLAT, type FrameWish, frameOf } from "../../../support/lora-frames.js";

const HERE = { xM: 0, yM: 0, gainDbi: 0 };

function setUp(cross = true) {
	const scheduler = new Scheduler();
	const air = new RadioAir({ scheduler, seed: 1, loss: FLAT, cross });
	const [receiver, a, b] = [air.station(HERE), air.station(HERE), air.station(HERE)];
	const arrivals: (() => Arrival)[] = [];
	const powers: number[] = [];
	receiver.listenWide(({ frame, arrival }) => {
		arrivals.push(arrival);
		powers.push(frame.powerDbm);
	});
	/** How the first of two frames came through; undefined when it was not heard. */
	const fate = (wanted: FrameWish, other: FrameWish, from: RadioStation = b) => {
		arrivals.length = 0;
		a.transmit(frameOf(wanted));
		const mine = arrivals[0];
		from.transmit(frameOf(other));
		return mine?.().kind;
	};
	return { scheduler, air, receiver, a, b, arrivals, powers, fate };
}

describe("radio air: loss and noise", () => {
	it("mean loss: Oulu's law by distance, as published", () => {
		assert.near(meanLossDb(OULU, 1000), 128.95, 1e-9);
		assert.near(meanLossDb(OULU, 10_000), 128.95 + 23.2, 1e-9);
		assert.near(meanLossDb(OULU, 2000), 135.93, 0.01);
		assert.equal(meanLossDb(OULU, 0), meanLossDb(OULU, 10));
	});
	it("sensitivity: within 2 dB of the SX1276 data sheet's table 13 at 125 kHz", () => {
		const published = [-123, -126, -129, -132, -133, -136];
		published.forEach((dbm, n) => {
			assert.near(sensitivityDbm(7 + n, 125_000), dbm, 2, `SF${7 + n}`);
		});
		assert.near(noiseDbm(125_000), -117.03, 0.01);
		assert.near(noiseDbm(500_000) - noiseDbm(125_000), 6.02, 0.01);
	});
	for (let sf = 7; sf <= 12; sf++)
		it(`SF${sf}: heard 0.1 dB above what it needs, not heard 0.1 dB below`, () => {
			for (const [above, count] of [
				[0.1, 1],
				[-0.1, 0],
			] as const) {
				const { a, arrivals } = setUp();
				const powerDbm = 100 + sensitivityDbm(sf, 125_000) + above;
				a.transmit(frameOf({ spreadingFactor: sf, powerDbm }));
				assert.equal(arrivals.length, count);
				if (count) assert.near(arrivals[0]!().snrDb, neededSnrDb(sf) + above, 0.13);
			}
		});
	it("snr: in quarters, and no higher than chips tell", () => {
		const { a, arrivals } = setUp();
		a.transmit(frameOf({ powerDbm: 14 }));
		assert.equal(arrivals[0]!().snrDb, 13);
		a.transmit(frameOf({ powerDbm: -15.6, startMs: 1000 }));
		assert.equal(arrivals[1]!().snrDb, 1.5);
		assert.near(arrivals[1]!().rssiDbm, -115.6, 1e-9);
	});
	it("links: symmetrical, the same for equal seeds, others for others; shadows are held to two deviations", () => {
		const losses = (seed: number) => {
			const air = new RadioAir({ scheduler: new Scheduler(), seed });
			const here = air.station(HERE);
			return Array.from({ length: 50 }, () => {
				const there = air.station({ xM: 1000, yM: 0, gainDbi: 0 });
				assert.equal(air.lossDb(here, there), air.lossDb(there, here));
				return air.lossDb(here, there);
			});
		};
		assert.deepEqual(losses(1), losses(1));
		assert.notEqual(losses(1)[0], losses(2)[0]);
		for (const loss of losses(3)) assert.near(loss, 128.95, 2 * 7.8);
		const spread = losses(4).reduce((sum, loss) => sum + (loss - 128.95) ** 2, 0) / 50;
		assert.near(Math.sqrt(spread), 7.8, 2.5);
	});
	it("fading: from frame to frame, and the same however often it is asked", () => {
		const scheduler = new Scheduler();
		const air = new RadioAir({ scheduler, seed: 5 });
		const [a, b] = [air.station(HERE), air.station({ xM: 300, yM: 0, gainDbi: 0 })];
		const levels: number[] = [];
		b.listenWide(({ arrival }) => {
			levels.push(arrival().rssiDbm);
			assert.equal(arrival().rssiDbm, levels.at(-1));
		});
		for (let n = 0; n < 20; n++) a.transmit(frameOf({ startMs: 100 * n }));
		assert.ok(Math.max(...levels) - Math.min(...levels) > 1, "no fading");
		assert.ok(Math.max(...levels) - Math.min(...levels) < 4.1, "too much fading");
	});
	it("gains: of both antennas", () => {
		const scheduler = new Scheduler();
		const air = new RadioAir({ scheduler, seed: 1, loss: FLAT });
		const [a, b] = [air.station({ ...HERE, gainDbi: 2 }), air.station({ ...HERE, gainDbi: 3 })];
		let dbm = 0;
		b.listenWide(({ arrival }) => (dbm = arrival().rssiDbm));
		a.transmit(frameOf({ powerDbm: 10 }));
		assert.near(dbm, -85, 1e-9);
	});
});

describe("radio air: collisions", () => {
	for (const [difference, kind] of [
		[6.05, "whole"],
		[5.95, "header"],
		[0, "header"],
		[-10, "header"],
	] as const)
		it(`equal frames: ${difference} dB louder, ${kind}`, () => {
			const { fate } = setUp();
			assert.equal(fate({ powerDbm: difference }, { powerDbm: 0 }), kind);
		});
	it("timing: what ends within the first three symbols of the preamble does no harm, later it does", () => {
		for (const sf of [7, 10, 12]) {
			const symbol = symbolMs(frameOf({ spreadingFactor: sf }));
			for (const [symbols, kind] of [
				[2.99, "whole"],
				[3.01, "header"],
			] as const) {
				const { fate } = setUp();
				const other = frameOf({ spreadingFactor: sf });
				const startMs = other.endMs - symbols * symbol;
				assert.equal(fate({ spreadingFactor: sf, startMs }, { spreadingFactor: sf }), kind, `SF${sf}, ${symbols}`);
			}
		}
	});
	it("timing: what begins after the header spoils the payload, before its end the header, after the frame nothing", () => {
		const wanted = frameOf();
		const headerMs = preambleMs(wanted) + 8 * symbolMs(wanted);
		for (const [startMs, kind] of [
			[headerMs - 0.01, "header"],
			[headerMs + 0.01, "payload"],
			[wanted.endMs - 0.01, "payload"],
			[wanted.endMs, "whole"],
		] as const)
			assert.equal(setUp().fate({}, { startMs }), kind, `${startMs}`);
	});
	// Croce et al. 2018, table I: row by row.
	const table = [
		[undefined, -8, -9, -9, -9, -9],
		[-11, undefined, -11, -12, -13, -13],
		[-15, -13, undefined, -13, -14, -15],
		[-19, -18, -17, undefined, -17, -18],
		[-22, -22, -21, -20, undefined, -20],
		[-25, -25, -25, -24, -23, undefined],
	];
	it("spreading factors: each pair on both sides of its threshold, and without a bound when they are held to be orthogonal", () => {
		let pairs = 0;
		table.forEach((row, wanted) => {
			row.forEach((threshold, other) => {
				if (threshold === undefined) return;
				pairs++;
				const meet = (difference: number, cross = true) =>
					setUp(cross).fate(
						{ spreadingFactor: 7 + wanted, powerDbm: 10 },
						{
							spreadingFactor: 7 + other,
							powerDbm: 10 - difference,
							startMs: frameOf({ spreadingFactor: 7 + wanted }).endMs - 5,
						},
					);
				const name = `SF${7 + wanted} under SF${7 + other}`;
				assert.equal(meet(threshold + 0.05), "whole", name);
				assert.notEqual(meet(threshold - 0.05), "whole", name);
				assert.equal(meet(-40, false), "whole", name);
			});
		});
		assert.equal(pairs, 30);
	});
	it("channels: neighbours of 200 kHz do not meet; a downlink disturbs an uplink as another spreading factor does", () => {
		assert.equal(setUp().fate({}, { frequencyHz: 868_300_000, powerDbm: 40 }), "whole");
		assert.equal(setUp().fate({}, { invertIq: true, powerDbm: 13 }), "whole");
		assert.notEqual(setUp().fate({}, { invertIq: true, powerDbm: 13 + 8.1 }), "whole");
	});
	it("half duplex: a station that sends hears nothing meanwhile, on whatever channel", () => {
		const { receiver, fate } = setUp();
		assert.equal(fate({}, { frequencyHz: 869_525_000, powerDbm: -30, startMs: 10 }, receiver), "header");
		assert.equal(fate({ startMs: 5000 }, { startMs: 6000 }, receiver), "whole");
	});
	it("three at once: each alone is weak enough", () => {
		const { a, b, air, arrivals } = setUp();
		a.transmit(frameOf({ powerDbm: 10 }));
		b.transmit(frameOf({ powerDbm: 3 }));
		air.station(HERE).transmit(frameOf({ powerDbm: 3 }));
		assert.equal(arrivals[0]!().kind, "whole");
	});
});

describe("radio air: who hears what", () => {
	it("a receiver: what it is tuned to, what is on air when it begins, not its own station's", () => {
		const { scheduler, a, b } = setUp();
		const heard: number[] = [];
		const tuned = { ...frameOf(), heard: ({ frame }: { frame: { powerDbm: number } }) => heard.push(frame.powerDbm) };
		a.transmit(frameOf({ powerDbm: 1 }));
		const leave = b.listen(tuned);
		a.listen(tuned);
		a.transmit(frameOf({ powerDbm: 2 }));
		a.transmit(frameOf({ powerDbm: 3, spreadingFactor: 8 }));
		a.transmit(frameOf({ powerDbm: 4, frequencyHz: 868_300_000 }));
		a.transmit(frameOf({ powerDbm: 5, syncWord: 0x12 }));
		a.transmit(frameOf({ powerDbm: 6, invertIq: true }));
		leave();
		a.transmit(frameOf({ powerDbm: 7 }));
		assert.deepEqual(heard, [1, 2]);
		scheduler.skipTo(1000);
		b.listen(tuned);
		assert.deepEqual(heard, [1, 2], "frames that are over");
	});
	it("a lost frame: nobody hears it, then or later, but it disturbs", () => {
		const scheduler = new Scheduler();
		const air = new RadioAir({ scheduler, seed: 1, loss: FLAT, loses: ({ powerDbm }) => powerDbm === 9 });
		const [a, b, c] = [air.station(HERE), air.station(HERE), air.station(HERE)];
		const heard: (() => Arrival)[] = [];
		c.listenWide(({ arrival }) => heard.push(arrival));
		a.transmit(frameOf({ powerDbm: 9 }));
		b.transmit(frameOf({ powerDbm: 8 }));
		c.listen({ ...frameOf(), heard: ({ arrival }) => heard.push(arrival) });
		assert.equal(heard.length, 2);
		for (const arrival of heard) assert.equal(arrival().kind, "header");
	});
	it("rssi: noise alone, one frame, two frames' sum; the look is remembered", () => {
		const { a, b, receiver } = setUp();
		assert.near(receiver.rssiDbm(868_100_000, 125_000, 0), -117.03, 0.01);
		a.transmit(frameOf({ powerDbm: 10 }));
		assert.near(receiver.rssiDbm(868_100_000, 125_000, 1), -90, 0.01);
		b.transmit(frameOf({ powerDbm: 10, spreadingFactor: 9 }));
		assert.near(receiver.rssiDbm(868_100_000, 125_000, 2), -86.99, 0.01);
		assert.near(receiver.rssiDbm(868_300_000, 125_000, 3), -117.03, 0.01);
		assert.near(receiver.rssiDbm(868_100_000, 125_000, 10_000), -117.03, 0.01);
		assert.deepEqual({ ...receiver.sensed }, { frequencyHz: 868_100_000, fromMs: 10_000, toMs: 10_000 });
	});
	it("memory: twenty thousand frames leave those of some seconds", () => {
		const { scheduler, a, air } = setUp();
		for (let n = 0; n < 20_000; n++) {
			scheduler.skipTo(200 * n);
			a.transmit(frameOf({ startMs: 200 * n }));
			assert.ok(air.remembered < 100, `${air.remembered} frames are remembered`);
		}
	});
});
