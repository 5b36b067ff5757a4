import { toHex } from "../../../../modules/core/bytes.js";
import { clockSync } from "../../../../net/lorawan/clock-sync.js";
import { as923 } from "../../../../net/lorawan/region-as923.js";
import { au915 } from "../../../../net/lorawan/region-au915.js";
import { cn470 } from "../../../../net/lorawan/region-cn470.js";
import { eu868 } from "../../../../net/lorawan/region-eu868.js";
import { in865 } from "../../../../net/lorawan/region-in865.js";
import { kr920 } from "../../../../net/lorawan/region-kr920.js";
import { us915 } from "../../../../net/lorawan/region-us915.js";
import { Faults } from "../../../../sim/faults.js";
import * as assert from "../../../assert.js";
import { NetworkRig } from "../../../support/lora-network.js";

const MINUTES = 60_000;

/** Counts 0 … n − 1. */
const upTo = (count: number) => Array.from({ length: count }, (_, n) => n);

describe("lorawan over the simulated air", () => {
	for (const family of ["sx126x", "sx127x"] as const)
		it(`${family}: joins, 200 uplinks, ADR from DR0 to the best, a confirmed downlink; nothing illegal`, () => {
			const rig = new NetworkRig({ family, seed: 3 });
			const { network, devEui } = rig;
			network.server.link.adr = false;
			rig.run(1, 10 * MINUTES);
			network.server.request(devEui, { kind: "linkAdr", dataRate: 0, txPower: 0, nbTrans: 1, mask: 0xff, control: 0 });
			rig.run(2, 10 * MINUTES);
			assert.equal(rig.uplinks.at(-1)!.dataRate, 0);
			network.server.link.adr = true;
			let acked = 0;
			network.queue(devEui, { port: 9, payload: Uint8Array.of(4, 5), confirmed: true, onAcked: () => acked++ });
			rig.node.queue.push(Uint8Array.of(0, 3));
			const { downlinks } = rig.node.exchange();
			assert.deepEqual(downlinks, ["0405"]);
			assert.equal(acked, 1, "the node says so at once");
			rig.run(196, 10 * MINUTES);
			const settings = network.server.device(devEui)!.session!.settings;
			assert.equal(settings.dataRate, 5);
			assert.equal(rig.uplinks.at(-1)!.dataRate, 5);
			const at = rig.uplinks.findIndex(({ dataRate, fCnt }) => dataRate === 5 && fCnt > 3);
			assert.ok(at > 20 && at < 30, `DR5 came with uplink ${at}`);
			assert.equal(rig.uplinks.filter(({ port }) => port === 1).length, 200);
			assert.equal(network.counts.lostOnAir, 0);
			assert.deepEqual(rig.chip.violations, []);
			assert.deepEqual(network.violations, []);
			for (const { perMille, allowed } of network.fullest) assert.ok(perMille < allowed);
		});
	const regions = [us915(2), au915(1), as923(1), as923(2), as923(3), as923(4), in865, kr920];
	const plans = (["20A", "20B", "26A", "26B"] as const).map(cn470);
	for (const [name, region] of [
		["US915, all channels", us915()] as const,
		...[...regions, ...plans].map((each) => [each.name, each] as const),
	])
		it(`${name}: joins, ADR, downlinks in both windows; nothing illegal`, () => {
			const rig = new NetworkRig({ region, seed: 2 });
			const { network, devEui } = rig;
			rig.run(40, 10 * MINUTES);
			const heard: string[] = [];
			for (const which of [1, 2] as const) {
				network.server.downlinks.windows = [which];
				network.queue(devEui, { port: 2, payload: Uint8Array.of(which) });
				rig.node.queue.push(Uint8Array.of(0, 40));
				heard.push(...rig.node.exchange().downlinks);
				rig.node.sleep(10 * MINUTES);
			}
			assert.deepEqual(heard, ["01", "02"]);
			assert.equal(network.counts.joins, 1);
			assert.equal(rig.uplinks.length, 42);
			assert.deepEqual(network.violations, []);
			assert.ok(network.counts.rx1 > 0 && network.counts.rx2 > 0);
		});
	it("Japan: a node that does not listen before it talks breaks the law of the country", () => {
		const rig = new NetworkRig({ region: as923(1), network: { country: "JP" } });
		rig.run(2, 10 * MINUTES);
		assert.ok(rig.network.violations[0]!.includes("not listened for 5 ms"));
	});
	it("commands: channels, delays and windows change, and each uplink still comes", () => {
		const rig = new NetworkRig({ seed: 4 });
		const { network, devEui } = rig;
		rig.run(1, 10 * MINUTES);
		const outcomes: boolean[] = [];
		for (const request of [
			{ kind: "newChannel", channel: 8, frequencyHz: 867_300_000, lowest: 0, highest: 5 },
			{ kind: "dlChannel", channel: 0, frequencyHz: 869_525_000 },
			{ kind: "rxTimingSetup", seconds: 4 },
			{ kind: "rxParamSetup", rx1Offset: 1, rx2Rate: 3, rx2FrequencyHz: 869_525_000 },
			{ kind: "dutyCycle", exponent: 1 },
			{ kind: "devStatus" },
		] as const)
			network.server.request(devEui, request, (accepted) => outcomes.push(accepted));
		rig.run(10, 10 * MINUTES);
		assert.deepEqual(outcomes, [true, true, true, true, true, true]);
		assert.equal(network.server.device(devEui)!.status!.battery, 255);
		for (const which of [1, 2] as const) {
			network.server.downlinks.windows = [which];
			network.queue(devEui, { port: 3, payload: Uint8Array.of(which) });
			rig.node.queue.push(Uint8Array.of(1));
			assert.equal(rig.node.exchange().downlinks[0], `0${which}`);
			rig.node.sleep(10 * MINUTES);
		}
		assert.deepEqual(rig.numbers.slice(0, 11), upTo(11));
		assert.deepEqual(network.violations, []);
	});
	for (const [name, packages, uncertainty] of [
		["DeviceTimeReq, to 100 ms", [], 100],
		["TS003 on port 202, to a second", [clockSync], 1000],
	] as const)
		it(`the time: the node learns it by ${name}`, () => {
			const rig = new NetworkRig({ node: { packages } });
			rig.node.wantsTime = true;
			rig.node.queue.push(Uint8Array.of(1));
			const { wallMs } = rig.node.exchange();
			const truth = Date.UTC(2026, 2, 1);
			assert.equal(wallMs.length, 1);
			// It was told after the join and before the exchange's end.
			assert.ok(wallMs[0]! > truth + 5000 - uncertainty, `${wallMs[0]! - truth} ms`);
			assert.ok(wallMs[0]! < truth + rig.node.scheduler.now + uncertainty);
		});
});

describe("lorawan network: what may go wrong", () => {
	it("gateways away: nothing comes, nothing is answered; then all goes on", () => {
		const rig = new NetworkRig({ network: { faults: new Faults().add("gateway@1h..3h") } });
		rig.run(30, 10 * MINUTES);
		const missing = upTo(30).filter((n) => !rig.numbers.includes(n));
		assert.ok(missing.length >= 11 && missing.length <= 13, `${missing.length} are missing`);
		assert.equal(rig.network.counts.lostOnAir, missing.length);
		assert.deepEqual(rig.network.violations, []);
	});
	it("downlinks lost: a node that cannot join goes on trying, within its limits, and comes back", () => {
		const rig = new NetworkRig({ network: { faults: new Faults().add("downlink@0s..5h") } });
		rig.network.restarted();
		rig.run(60, 10 * MINUTES);
		assert.ok(rig.network.counts.joins > 5);
		assert.ok(rig.uplinks.length > 20);
		assert.deepEqual(rig.network.violations, []);
	});
	it("a network that forgets: the node notices and joins anew", () => {
		const rig = new NetworkRig({ network: { faults: new Faults().add("forget@6h") } });
		rig.run(120, 10 * MINUTES);
		assert.equal(rig.network.counts.joins, 2);
		assert.ok(rig.network.counts.unknown > 10);
		assert.equal(rig.uplinks.at(-1)!.payload[1], 119);
		assert.deepEqual(rig.network.violations, []);
	});
	it("three gateways: one uplink each, from the best", () => {
		const rig = new NetworkRig({
			network: { gateways: [{ distanceM: 900 }, { distanceM: 1000 }, { distanceM: 1500 }] },
		});
		rig.run(30, 10 * MINUTES);
		assert.deepEqual(rig.numbers, upTo(30));
		assert.ok(rig.network.counts.duplicates > 10);
		assert.ok(Math.max(...rig.uplinks.map(({ gateways }) => gateways)) > 1);
	});
	it("other nodes, many of them: some frames are lost to collisions, the law is kept, nobody's frame is taken for ours", () => {
		const rig = new NetworkRig({ network: { background: 20_000 }, seed: 6 });
		rig.run(60, 2 * MINUTES);
		const { collisions, lostOnAir, unknown } = rig.network.counts;
		assert.ok(collisions > 100, `${collisions} collisions`);
		assert.ok(lostOnAir > 0 && lostOnAir < 25, `${lostOnAir} lost`);
		assert.ok(unknown > 1000);
		assert.ok(rig.numbers.length > 35 && rig.numbers.length < 61);
		assert.deepEqual(rig.network.violations, []);
	});
	it("equal seeds: equal runs", () => {
		const run = (seed: number) => {
			const rig = new NetworkRig({ seed, network: { background: 1000 } });
			rig.run(20, 10 * MINUTES);
			return JSON.stringify([
				rig.network.counts,
				rig.uplinks.map(({ at, snrDb, payload }) => [at, snrDb, toHex(payload)]),
			]);
		};
		assert.equal(run(8), run(8));
		assert.notEqual(run(8), run(9));
	});
	it("provisioning: of an identity and a seed, the same again, others for others", () => {
		const rig = new NetworkRig();
		const keys = (...identity: number[]) => rig.network.provision(Uint8Array.from(identity));
		const first = keys(0x16, 0x3f, 0xe8, 0xfd, 0x5b, 0xf5);
		assert.equal(first.devEui, "163fe8fffefd5bf5");
		assert.equal(first.appKey!.length, 32);
		assert.deepEqual(first, keys(0x16, 0x3f, 0xe8, 0xfd, 0x5b, 0xf5));
		assert.notEqual(first.appKey, keys(0x16, 0x3f, 0xe8, 0xfd, 0x5b, 0xf6).appKey);
	});
	it("a private network: its own sync word, at both ends", () => {
		const rig = new NetworkRig({ node: { private: true }, network: { syncWord: 0x12 } });
		rig.run(3, 10 * MINUTES);
		assert.deepEqual(rig.numbers, [0, 1, 2]);
		const other = new NetworkRig({ node: { private: true } });
		other.run(1, 10 * MINUTES);
		assert.equal(other.network.counts.joins, 0);
	});
	it("a country without a law, a region without one: told at once", () => {
		assert.throws(() => new NetworkRig({ region: eu868, network: { country: "JP" } }), { message: "EU868 JP" });
	});
});
