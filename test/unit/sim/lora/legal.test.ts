import { as923 } from "../../../../net/lorawan/region-as923.js";
import { au915 } from "../../../../net/lorawan/region-au915.js";
import { cn470 } from "../../../../net/lorawan/region-cn470.js";
import { eu868 } from "../../../../net/lorawan/region-eu868.js";
import { in865 } from "../../../../net/lorawan/region-in865.js";
import { kr920 } from "../../../../net/lorawan/region-kr920.js";
import { BANDWIDTHS, tablesOf } from "../../../../net/lorawan/region-tables.js";
import { us915 } from "../../../../net/lorawan/region-us915.js";
import { type Law, lawOf } from "../../../../sim/lora/law.js";
import { type Identified, LegalWatch, type LegalWatchOptions } from "../../../../sim/lora/legal.js";
import { RadioAir } from "../../../../sim/lora/radio-air.js";
import { Scheduler } from "../../../../sim/scheduler.js";
import * as assert from "../../../assert.js";
import { FLAT, type FrameWish, frameOf } from "../../../support/lora-frames.js";

/** A data uplink's bytes, so long. */
function data(length = 20, fCnt = 0): Uint8Array {
	const bytes = new Uint8Array(length).fill(7);
	bytes.set([0x40, 1, 2, 3, 4, 0, fCnt, fCnt >> 8, 1]);
	return bytes;
}
function joinRequest(devNonce: number): Uint8Array {
	const bytes = new Uint8Array(23).fill(9);
	bytes[0] = 0;
	bytes[17] = devNonce;
	bytes[18] = devNonce >> 8;
	return bytes;
}

function setUp(name: string, more: Partial<LegalWatchOptions> & { gainDbi?: number } = {}) {
	const { gainDbi = 2.15, ...options } = more;
	const scheduler = new Scheduler();
	const air = new RadioAir({ scheduler, seed: 1, loss: FLAT });
	const node = air.station({ xM: 0, yM: 0, gainDbi });
	const other = air.station({ xM: 0, yM: 0, gainDbi: 0 });
	const watch = new LegalWatch({ law: lawOf(name), channels: () => [], ...options });
	const send = (wish: FrameWish) => {
		watch.device(frameOf({ bytes: data(), ...wish }), node);
		return watch.violations;
	};
	return { scheduler, watch, node, other, send };
}
/** Fails unless there is one violation, which says that. */
function one(violations: readonly string[], text: string) {
	assert.equal(violations.length, 1, violations.join("; "));
	assert.ok(violations[0]!.includes(text), `"${violations[0]}" does not say "${text}"`);
}

describe("legal watch: where and how loud", () => {
	it("a channel of the plan, the network's or a default one: fine; another is not", () => {
		assert.deepEqual(setUp("EU868").send({}), []);
		assert.deepEqual(setUp("EU868", { channels: () => [867_100_000] }).send({ frequencyHz: 867_100_030 }), []);
		one(setUp("EU868").send({ frequencyHz: 867_100_000 }), "867.1000 MHz is no channel of the plan");
		one(setUp("US915").send({ frequencyHz: 902_400_000, spreadingFactor: 10 }), "is no channel of the plan");
	});
	it("a network that is not ours: any channel in a band", () => {
		const { watch, node } = setUp("EU868");
		const free = new LegalWatch({ law: lawOf("EU868") });
		free.device(frameOf({ bytes: data(), frequencyHz: 867_100_000 }), node);
		assert.deepEqual(free.violations, []);
		assert.deepEqual(watch.violations, []);
	});
	it("outside of every band: told, also when a frame's edge is", () => {
		one(setUp("EU868", { channels: () => [869_300_000] }).send({ frequencyHz: 869_300_000 }), "is in no band");
		one(setUp("EU868", { channels: () => [868_550_000] }).send({ frequencyHz: 868_550_000 }), "is in no band");
		assert.deepEqual(setUp("IN865").send({ frequencyHz: 865_062_500 }), [], "on the edge");
	});
	it("an uplink that is not shaped as LoRaWAN wants it: CRC, coding rate, preamble, sync word", () => {
		const send = (change: object, syncWord?: number) => {
			const { watch, node } = setUp("EU868", syncWord === undefined ? {} : { syncWord });
			watch.device({ ...frameOf({ bytes: data() }), ...change }, node);
			return watch.violations;
		};
		one(send({ crc: false }), "without CRC");
		one(send({ implicit: true }), "without CRC or header");
		for (const change of [{ codingRate: 2 }, { preambleSymbols: 6 }, { preambleSymbols: 65_535 }, { syncWord: 0x12 }])
			one(send(change), "not LoRaWAN's");
		assert.deepEqual(send({ syncWord: 0x12 }, 0x12), [], "a private network's");
		one(send({}, 0x12), "sync word 52");
	});
	it("what a gateway does wrong is told as its own", () => {
		const { watch, other, send } = setUp("EU868");
		watch.gateway(frameOf({ bytes: data() }), other);
		one(watch.violations, "s: a gateway: a downlink without inverted IQ");
		send({ invertIq: true, startMs: 1000 });
		assert.ok(!watch.violations[1]!.includes("gateway"), watch.violations[1]);
	});
	it("joins: on default channels alone", () => {
		const { send } = setUp("EU868", { channels: () => [867_100_000] });
		one(send({ frequencyHz: 867_100_000, bytes: joinRequest(0) }), "a join at 867.1000 MHz");
	});
	for (const [name, wish, most] of [
		["EU868", {}, 16.13],
		["US915", { frequencyHz: 902_300_000, spreadingFactor: 10 }, 30],
		["US915", { frequencyHz: 903_000_000, spreadingFactor: 8, bandwidthHz: 500_000 }, 26],
		["AU915", { frequencyHz: 915_200_000, spreadingFactor: 9 }, 30],
		["AS923-1", { frequencyHz: 923_200_000 }, 16],
		["IN865", { frequencyHz: 865_062_500 }, 30],
		["CN470-20A", { frequencyHz: 470_300_000 }, 19.15],
	] as const)
		it(`${name}, ${"bandwidthHz" in wish ? "wide" : "narrow"}: ${most} dBm EIRP and no more, with the antenna's gain`, () => {
			assert.deepEqual(setUp(name).send({ ...wish, powerDbm: most - 2.15 }), []);
			one(setUp(name).send({ ...wish, powerDbm: most - 2.05 }), "dBm EIRP");
			one(setUp(name, { gainDbi: 6 }).send({ ...wish, powerDbm: most - 2.15 }), "dBm EIRP");
		});
	it("US915: fewer than 50 channels, 21 dBm", () => {
		const wish = { frequencyHz: 902_300_000, spreadingFactor: 10 };
		one(setUp("US915", { hopping: 8 }).send({ ...wish, powerDbm: 19 }), "where 21 are the most");
		assert.deepEqual(setUp("US915", { hopping: 8 }).send({ ...wish, powerDbm: 18.85 }), []);
		assert.deepEqual(setUp("US915", { hopping: 50 }).send({ ...wish, powerDbm: 27 }), []);
	});
	it("KR920: 10 dBm below 922 MHz, 14 above", () => {
		const listen = (powerDbm: number, frequencyHz: number) => {
			const { node, watch } = setUp("KR920", { channels: () => [frequencyHz] });
			for (let ms = 0; ms <= 5; ms++) node.rssiDbm(frequencyHz, 125_000, ms);
			watch.device(frameOf({ bytes: data(), frequencyHz, powerDbm, startMs: 6 }), node);
			return watch.violations;
		};
		one(listen(8, 921_900_000), "where 10 are the most");
		assert.deepEqual(listen(7.8, 921_900_000), []);
		one(listen(12, 922_100_000), "where 14 are the most");
		assert.deepEqual(listen(11.8, 922_100_000), []);
	});
	it("a modulation that is none of the region's; inverted IQ; no LoRaWAN", () => {
		one(setUp("EU868").send({ bandwidthHz: 500_000, frequencyHz: 868_300_000 }), "is no data rate of uplinks");
		one(setUp("IN865").send({ frequencyHz: 865_402_500, bandwidthHz: 250_000 }), "SF7/250 is no data rate");
		one(setUp("EU868").send({ invertIq: true }), "inverted IQ");
		one(setUp("EU868").send({ bytes: Uint8Array.of(0xe0, 1, 2) }), "no uplink of LoRaWAN");
	});
});

describe("legal watch: how much and how long", () => {
	for (const [name, spreadingFactor, size] of [
		["EU868", 12, 59],
		["EU868", 9, 123],
		["EU868", 7, 250],
		["US915", 10, 19],
		["US915", 8, 133],
		["CN470-20A", 11, 31],
	] as const)
		it(`${name}: ${size} bytes of MACPayload at SF${spreadingFactor}, not one more`, () => {
			const frequencyHz = lawOf(name).channels[0]!;
			assert.deepEqual(setUp(name).send({ frequencyHz, spreadingFactor, bytes: data(size + 5) }), []);
			const told = setUp(name).send({ frequencyHz, spreadingFactor, bytes: data(size + 6) });
			assert.ok(
				told.some((each) => each.includes(`where ${size} are the most`)),
				told.join("; "),
			);
		});
	for (const [name, wish, ms] of [
		["US915", { spreadingFactor: 10, bytes: data(25) }, 400],
		["AU915", { spreadingFactor: 10, bytes: data(25) }, 400],
		["AS923-2", { spreadingFactor: 11, bytes: data(13) }, 400],
		["CN470-26B", { spreadingFactor: 11, bytes: data(37) }, 1000],
	] as const)
		it(`${name}: a frame of more than ${ms} ms`, () => {
			const frequencyHz = lawOf(name).channels[0]!;
			const told = setUp(name).send({ frequencyHz, ...wish });
			assert.ok(
				told.some((each) => each.includes(`ms long, where ${ms} are the most`)),
				told.join("; "),
			);
		});
	it("AS923, AU915: the network may lift the dwell time; US915: it may not", () => {
		for (const [name, count] of [
			["AS923-1", 0],
			["AU915", 0],
			["US915", 2],
		] as const) {
			const frequencyHz = lawOf(name).channels[0]!;
			const told = setUp(name, { dwellLifted: () => true }).send({ frequencyHz, spreadingFactor: 10, bytes: data(25) });
			assert.equal(told.filter((each) => each.includes("ms long") || each.includes("occupied")).length, count);
		}
	});
	for (const [name, frequencyHz, perMille] of [
		["EU868", 868_100_000, 10],
		["EU868", 867_100_000, 10],
		["EU868", 868_900_000, 1],
		["EU868", 864_100_000, 1],
		["EU868", 869_525_000, 100],
		["AS923-1", 923_200_000, 10],
	] as const)
		it(`${name}, ${frequencyHz / 1e6} MHz: ${perMille} ‰ of any hour, to the last frame`, () => {
			const { watch, node, send } = setUp(name, { channels: () => [frequencyHz] });
			const wish = { frequencyHz, spreadingFactor: 9, powerDbm: 10, bytes: data(100) };
			const airtime = frameOf(wish).endMs;
			const most = Math.floor((perMille * 3600) / airtime);
			const dwell = name !== "EU868"; // those frames are too long, too: not what is asked here
			const told = () => watch.violations.filter((each) => each.includes("‰"));
			for (let n = 0; n < most; n++) send({ ...wish, startMs: n * (airtime + 100) });
			assert.deepEqual(told(), []);
			send({ ...wish, startMs: 3_600_000 - airtime });
			assert.equal(told().length, 1);
			assert.ok(watch.fullest(node)[0]!.perMille > perMille);
			assert.equal(watch.violations.length, dwell ? most + 2 : 1);
			// An hour later it is free again.
			send({ ...wish, startMs: 7_300_000 });
			assert.equal(told().length, 1);
		});
	it("EU868: each band by itself, each sender by itself", () => {
		const { watch, node, other } = setUp("EU868", { channels: () => [867_100_000] });
		const wish = { spreadingFactor: 12, bytes: data(60), powerDbm: 10 };
		const airtime = frameOf(wish).endMs;
		const most = Math.floor(36_000 / airtime);
		for (let n = 0; n < most; n++) {
			const startMs = 3 * n * airtime;
			watch.device(frameOf({ ...wish, startMs }), node);
			watch.device(frameOf({ ...wish, startMs }), other);
			watch.device(frameOf({ ...wish, startMs: startMs + 1.5 * airtime, frequencyHz: 867_100_000 }), node);
		}
		assert.deepEqual(watch.violations, []);
		assert.equal(watch.fullest(node).length, 2);
		watch.gateway(frameOf({ ...wish, invertIq: true, startMs: 3_000_000 }), other);
		one(watch.violations, "in band M");
	});
	it("US915: a channel for 400 ms in 20 s, or in 0.4 s for each of fewer channels", () => {
		const wish = { frequencyHz: 902_300_000, spreadingFactor: 10, bytes: data(20) };
		const airtime = frameOf(wish).endMs;
		assert.ok(airtime > 300);
		const twice = (hopping: number, startMs: number, frequencyHz = 902_300_000) => {
			const { send } = setUp("US915", { hopping });
			send(wish);
			return send({ ...wish, startMs, frequencyHz });
		};
		one(twice(64, 19_000), "a channel occupied for");
		assert.deepEqual(twice(64, 20_001), []);
		one(twice(8, 2800), "in 3200 ms");
		assert.deepEqual(twice(8, 3201), []);
		assert.deepEqual(twice(64, 1000, 902_500_000), [], "another channel");
	});
	it("two frames at a time", () => {
		const { send } = setUp("EU868");
		send({});
		one(send({ startMs: 10, frequencyHz: 868_300_000 }), "two frames of one sender at a time");
	});
});

describe("legal watch: listen before talk", () => {
	for (const [name, frequencyHz, dbm] of [
		["KR920", 922_100_000, -65],
		["AS923-1 JP", 923_200_000, -80],
	] as const) {
		const listen = (options: { ms?: number; agoMs?: number; hz?: number; noiseDbm?: number }) => {
			const { watch, node, other } = setUp(name);
			const { ms = 5, agoMs = 1, hz = frequencyHz, noiseDbm } = options;
			if (noiseDbm !== undefined)
				other.transmit(frameOf({ frequencyHz, startMs: 0, powerDbm: noiseDbm + 100 - 2.15, spreadingFactor: 12 }));
			for (let at = 0; at <= ms; at++) node.rssiDbm(hz, 125_000, 100 + at);
			watch.device(frameOf({ bytes: data(), frequencyHz, powerDbm: 10, startMs: 100 + ms + agoMs }), node);
			return watch.violations;
		};
		it(`${name}: 5 ms right before, on that channel, with less than ${dbm} dBm`, () => {
			assert.deepEqual(listen({}), []);
			assert.deepEqual(listen({ agoMs: 50 }), []);
			assert.deepEqual(listen({ noiseDbm: dbm - 1 }), []);
			one(listen({ ms: 4 }), "not listened for 5 ms before");
			one(listen({ agoMs: 51 }), "not listened");
			one(listen({ hz: frequencyHz + 200_000 }), "not listened");
			one(listen({ noiseDbm: dbm + 1 }), "were on the channel");
		});
	}
	it("nobody listened at all: told", () =>
		one(setUp("KR920").send({ frequencyHz: 922_100_000, powerDbm: 10 }), "not listened"));
});

describe("legal watch: counters and joins", () => {
	const session = {};
	const identify =
		(nbTrans: number, whose: object = session) =>
		(bytes: Uint8Array): Identified => ({ session: whose, fCnt: bytes[6]! + 256 * bytes[7]!, nbTrans });

	it("FCntUp: it grows; the same frame again is a repetition, as often as NbTrans has it", () => {
		const { send } = setUp("EU868", { identify: identify(2) });
		send({ bytes: data(20, 0) });
		send({ bytes: data(20, 5), startMs: 1000 });
		assert.deepEqual(send({ bytes: data(20, 5), startMs: 2000 }), []);
		one(send({ bytes: data(20, 5), startMs: 3000 }), "FCntUp 5 went 3 times, where NbTrans is 2");
	});
	it("FCntUp: the same number with other bytes", () => {
		const { send } = setUp("EU868", { identify: identify(3) });
		send({ bytes: data(20, 5) });
		one(send({ bytes: data(21, 5), startMs: 1000 }), "FCntUp 5 after 5");
	});
	it("FCntUp: a smaller number, also after another session", () => {
		const other = {};
		let whose: object = session;
		const { send } = setUp("EU868", { identify: (bytes) => identify(1, whose)(bytes) });
		send({ bytes: data(20, 5) });
		whose = other;
		assert.deepEqual(send({ bytes: data(20, 0), startMs: 1000 }), [], "a new session begins anew");
		whose = session;
		one(send({ bytes: data(20, 4), startMs: 2000 }), "FCntUp 4 after 5");
	});
	it("DevNonce: the same or a smaller one", () => {
		const { send } = setUp("EU868");
		send({ bytes: joinRequest(3) });
		assert.deepEqual(send({ bytes: joinRequest(4), startMs: 5000 }), []);
		one(send({ bytes: joinRequest(4), startMs: 10_000 }), "DevNonce 4 after 4");
	});
	for (const [period, fromMs, mostMs] of [
		["first hour", 0, 36_000],
		["ten hours after it", 3_600_000, 36_000],
		["24 hours after these", 11 * 3_600_000, 8700],
		["24 hours after", 35 * 3_600_000, 8700],
	] as const)
		it(`joins: ${mostMs} ms in the ${period}; a restart begins anew`, () => {
			const { watch, node, send } = setUp("IN865"); // where no share of an hour comes first
			watch.restarted(node, 0);
			const wish = { frequencyHz: 865_062_500, spreadingFactor: 12 };
			const airtime = frameOf({ ...wish, bytes: joinRequest(0) }).endMs;
			let nonce = 0;
			let startMs = fromMs;
			const join = () => {
				send({ ...wish, bytes: joinRequest(nonce++), startMs });
				startMs += airtime + 10;
			};
			for (let n = 0; n < Math.floor(mostMs / airtime); n++) join();
			assert.deepEqual(watch.violations, []);
			join();
			one(watch.violations, `of joins in this period, where ${mostMs} are the most`);
			watch.restarted(node, startMs);
			join();
			assert.equal(watch.violations.length, 1);
		});
	it("many violations: all are counted, the first are kept", () => {
		const { watch, send } = setUp("EU868");
		for (let n = 0; n < 1000; n++) send({ startMs: 1e7 * n, frequencyHz: 867_100_000 });
		assert.deepEqual([watch.count, watch.violations.length], [1000, 200]);
	});
});

describe("laws", () => {
	const regions = [
		...[eu868, us915(), au915(), as923(1), as923(2), as923(3), as923(4), in865, kr920],
		...(["20A", "20B", "26A", "26B"] as const).map(cn470),
	];
	for (const region of regions.map(tablesOf))
		it(`${region.name}: the firmware's region says the same of channels and sizes, and allows itself no more`, () => {
			const law: Law = lawOf(region.name);
			const own = region.groups.flatMap(({ count, first, step }) =>
				Array.from({ length: count }, (_, n) => (first + step * n) * 100),
			);
			assert.deepEqual([...region.channels.map((each) => each * 100), ...own], law.channels);
			for (let rate = 0; rate <= region.highest; rate++) {
				const code = region.rates[rate]!;
				const size = law.sizes[`${code & 15}/${BANDWIDTHS[code >> 4]! / 1000}`];
				if (region.sizes[rate]) assert.equal(region.sizes[rate], size, `DR${rate}`);
			}
			for (const hz of law.channels) {
				const theirs = region.bands.find(({ low, high }) => hz / 100 >= low && hz / 100 < high)!;
				const ours = law.bands.find(({ lowHz, highHz }) => hz >= lowHz && hz <= highHz)!;
				assert.ok(theirs.perMille <= ours.perMille && theirs.eirp <= ours.eirpDbm, `${hz}`);
			}
		});
	it("a region that is not known: an error", () => assert.throws(() => lawOf("MARS"), { message: "MARS" }));
});
