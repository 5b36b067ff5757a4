import { JOIN_BYTES, WifiAddress, WifiStatus } from "../../../net/link/wifi-link.js";
import { Faults } from "../../../sim/faults.js";
import { AccessPoint } from "../../../sim/net/access-point.js";
import { WifiStation } from "../../../sim/net/wifi-station.js";
import { CHANNELS, WifiTimes } from "../../../sim/net/wifi-times.js";
import { Scheduler } from "../../../sim/scheduler.js";
import * as assert from "../../assert.js";

const { start, coldStart, key, hintDwell, scanDwell, associate, handshake, refusal, hop, dhcpServer, arpCheck } =
	WifiTimes;
const { associated, up, notFound, refused, lost } = WifiStatus;
const SCAN = CHANNELS * scanDwell;
const DHCP = 2 * (2 * hop + dhcpServer) + arpCheck;

function rig(...faults: string[]) {
	const scheduler = new Scheduler();
	const script = new Faults();
	for (const fault of faults) script.add(fault);
	const accessPoint = new AccessPoint({ faults: script });
	const station = new WifiStation(scheduler, accessPoint);
	const log: [status: number, ms: number][] = [];
	let began = 0;
	const join = (bytes: Uint8Array, settings: { ssid?: string; passphrase?: string } = {}, isCold = false) => {
		log.length = 0;
		began = scheduler.now;
		station.join({ ...accessPoint.settings, ...settings, join: bytes }, isCold, scheduler.now, (status) =>
			log.push([status, scheduler.now - began]),
		);
	};
	const pass = (ms: number) => {
		const until = scheduler.now + ms;
		while (scheduler.advance(until));
		scheduler.skipTo(until);
	};
	/** A join like the last one, with its access point as a hint. */
	const hint = (mode: number) => {
		const bytes = station.result.slice();
		bytes[0] = mode;
		return bytes;
	};
	return { scheduler, accessPoint, station, log, join, pass, hint };
}
const ANEW = new Uint8Array(JOIN_BYTES);

describe("wifi station", () => {
	it("wifi station: first join after power, cold start, key, scan, association, DHCP", () => {
		const { station, log, join, pass, accessPoint } = rig();
		join(ANEW, {}, true);
		pass(10_000);
		const linked = coldStart + key + SCAN + associate + handshake;
		assert.deepEqual(log, [
			[associated, linked],
			[up, linked + DHCP],
		]);
		const { channel, bssid, address } = accessPoint.at(0);
		assert.equal(station.result[1], channel);
		assert.deepEqual([...station.result.subarray(2, 24)], [...bssid, ...address]);
		assert.equal(new DataView(station.result.buffer).getUint32(24), 86_400);
		assert.ok(station.isReachable(10_000));
	});
	it("wifi station: with hint and lease, a tenth of a second", () => {
		const { station, log, join, pass, hint } = rig();
		join(ANEW);
		pass(10_000);
		station.leave(10_000);
		station.reset();
		join(hint(WifiAddress.use));
		pass(1000);
		const linked = start + hintDwell + associate + handshake;
		assert.deepEqual(log, [
			[associated, linked],
			[up, linked + hop],
		]);
		assert.ok(linked + hop < 130);
		station.leave(11_000);
		assert.equal(station.onMs, 1000);
		assert.ok(station.sentMs > 4 && station.sentMs < 20, `${station.sentMs} ms`);
	});
	it("wifi station: a lease is renewed, one turn and no check whether anybody has the address", () => {
		const { log, join, pass, hint } = rig();
		join(ANEW);
		pass(10_000);
		join(hint(WifiAddress.renew));
		pass(10_000);
		assert.equal(log[1]![1] - log[0]![1], 2 * hop + dhcpServer);
	});
	it("wifi station: the network has other addresses, renewal ends in a new one, and the old one leads nowhere", () => {
		const { station, accessPoint, log, join, pass, hint } = rig("subnet@20s");
		join(ANEW);
		pass(10_000);
		const old = hint(WifiAddress.use);
		assert.ok(station.isReachable(10_000));
		pass(10_000);
		assert.ok(!station.isReachable(20_000));
		join(old);
		pass(10_000);
		assert.equal(log[1]![0], up);
		assert.ok(!station.isReachable(30_000), "up, but nobody answers");
		join(hint(WifiAddress.renew));
		pass(10_000);
		assert.equal(log[1]![1] - log[0]![1], DHCP + 2 * hop + dhcpServer);
		assert.deepEqual([...station.result.subarray(8, 24)], [...accessPoint.at(30_000).address]);
		assert.ok(station.isReachable(40_000));
	});
	it("wifi station: the access point is replaced, the hint is not found, a scan finds it", () => {
		const { accessPoint, log, join, pass, hint } = rig("roam@20s");
		join(ANEW);
		pass(20_000);
		assert.notEqual(accessPoint.at(0).channel, accessPoint.at(20_000).channel);
		join(hint(WifiAddress.use));
		pass(5000);
		assert.deepEqual(log, [[notFound, start + CHANNELS * hintDwell]]);
		join(ANEW);
		pass(10_000);
		assert.equal(log[1]![0], up);
	});
	it("wifi station: nobody there, not found after one scan", () => {
		const { log, join, pass } = rig("ap@0s..1h");
		join(ANEW);
		pass(60_000);
		assert.deepEqual(log, [[notFound, start + key + SCAN]]);
	});
	it("wifi station: another name, not found; a wrong passphrase, refused; the key in digits, taken", () => {
		const { log, join, pass } = rig();
		join(ANEW, { ssid: "elsewhere" });
		pass(10_000);
		assert.equal(log[0]![0], notFound);
		join(ANEW, { passphrase: "wrong wrong" });
		pass(10_000);
		assert.deepEqual(log, [[refused, start + key + SCAN + associate + refusal]]);
		join(ANEW, { passphrase: "0".repeat(64) });
		pass(10_000);
		assert.equal(log[0]![0], refused);
	});
	it("wifi station: IEEE 802.11's example of a key, the digits are as good as the passphrase", () => {
		// IEEE 802.11-2020, J.4.2: PSK test case 1.
		const accessPoint = new AccessPoint({ ssid: "IEEE", passphrase: "password" });
		const digits = "f42c6fc52df0ebef9ebb4b90b38a5f902e83fe1b135a70e23aed762e9710a12e";
		assert.ok(
			accessPoint.accepts(digits) && accessPoint.accepts(digits.toUpperCase()) && accessPoint.accepts("password"),
		);
		assert.ok(!accessPoint.accepts(digits.replace("f", "e")));
	});
	it("wifi station: the key is made once, and again after a power loss", () => {
		const { station, log, join, pass } = rig();
		const linked = () => {
			join(ANEW);
			pass(10_000);
			station.leave(0);
			return log[0]![1];
		};
		const first = linked();
		station.reset();
		assert.equal(first - linked(), key);
		station.reset(false);
		assert.equal(linked(), first);
	});
	it("wifi station: the DHCP server is silent, associated and nothing more", () => {
		const { log, join, pass } = rig("dhcp@0s..1h");
		join(ANEW);
		pass(60_000);
		assert.deepEqual(
			log.map(([status]) => status),
			[associated],
		);
	});
	it("wifi station: the access point goes while it is up, nothing is reached, lost after the beacons' time", () => {
		const { station, log, join, pass } = rig("ap@30s..1h");
		join(ANEW);
		pass(29_999);
		assert.ok(station.isReachable(29_999));
		assert.ok(!station.isReachable(30_000));
		pass(60_000);
		assert.deepEqual(log.at(-1), [lost, 30_000 + WifiTimes.beaconTimeout]);
	});
	it("wifi station: left at any time, nothing more is told", () => {
		for (let ms = 0; ms < 4000; ms += 37) {
			const { station, scheduler, log, join, pass } = rig();
			join(ANEW);
			pass(ms);
			const told = log.length;
			station.leave(scheduler.now);
			pass(10_000);
			assert.equal(log.length, told);
			assert.equal(station.onMs, ms);
			assert.ok(!station.isReachable(scheduler.now));
		}
	});
	it("wifi station: never used, a link of the platform's own reaches everything", () => {
		const { station } = rig("ap@0s..1h");
		assert.ok(station.isReachable(10));
	});
});
