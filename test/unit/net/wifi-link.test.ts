import { LINK_RETAINED, type LinkPorts } from "../../../net/link/link.js";
import {
	declareWifi,
	HINT_MS,
	RENEW_MS,
	WifiAddress,
	WifiLink,
	type WifiOptions,
	WifiStatus,
} from "../../../net/link/wifi-link.js";
import { Scheduler } from "../../../sim/scheduler.js";
import { Seeded } from "../../../sim/seeded.js";
import * as assert from "../../assert.js";
import { FakeRadio, joinedTo } from "../../support/fake-radio.js";
import { runsOf, seedOf } from "../../support/seed.js";
import { VirtualTimers } from "../../support/virtual-timers.js";

const SEED = seedOf(41);
const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const JOIN_MS = 8000;
const { associated, up, notFound, refused, lost } = WifiStatus;
const { ask, use, renew } = WifiAddress;
const HOME: Record<string, string> = { ssid: "home", passphrase: "not to be told" };

function rig(options: WifiOptions = {}, settings = HOME) {
	const scheduler = new Scheduler();
	const timers = new VirtualTimers(scheduler);
	const radio = new FakeRadio();
	const ports: LinkPorts = { clock: { nowMs: () => scheduler.now }, timers, setting: (name) => settings[name] };
	const declaration = declareWifi(options, radio);
	let link = declaration.create(ports);
	const log: string[] = [];
	const started = { now: 0 };
	const start = (deadlineMs = 20_000) => {
		started.now = scheduler.now;
		link.start(deadlineMs, {
			up: () => log.push("up"),
			down: (code) => log.push(`down ${code} ${scheduler.now - started.now}`),
		});
	};
	const pass = (ms: number) => {
		const until = scheduler.now + ms;
		while (scheduler.advance(until));
		scheduler.skipTo(until);
	};
	/** Deep sleep: the link is closed, and a new one finds what was retained. */
	const sleep = (ms: number) => {
		link.close();
		const bytes = new Uint8Array(LINK_RETAINED);
		const length = link.retain(new DataView(bytes.buffer));
		pass(ms);
		link = declaration.create(ports);
		link.restore(new DataView(bytes.buffer, 0, length));
		return length;
	};
	/** Joins as new, comes up, and a peer answers unless it is said otherwise. */
	const first = (leaseSeconds: number, answered = true) => {
		start();
		radio.result = joinedTo(6, 1, leaseSeconds);
		radio.tell(associated);
		radio.tell(up);
		if (answered) link.proven?.();
	};
	return { scheduler, timers, radio, log, start, pass, sleep, first, link: () => link };
}

describe("wifi link", () => {
	it("wifi link: nothing remembered, all channels and DHCP, then up", () => {
		const { radio, log, start, timers } = rig();
		start();
		assert.deepEqual(log, [], "no event from inside start");
		assert.deepEqual([radio.last.ssid, radio.last.passphrase], ["home", "not to be told"]);
		assert.deepEqual([radio.last.channel, radio.last.mode], [0, ask]);
		radio.tell(associated);
		assert.deepEqual(log, []);
		radio.result = joinedTo(6, 1, 3600);
		radio.tell(up);
		assert.deepEqual(log, ["up"]);
		assert.equal(timers.open, 0, "nothing runs while it is up");
	});
	it("wifi link: the hint is good and the lease young, both are used and DHCP is not asked", () => {
		const { radio, log, start, first, sleep } = rig();
		first(86_400);
		assert.ok(sleep(2 * HOUR) <= LINK_RETAINED);
		start();
		assert.deepEqual([radio.last.channel, radio.last.mode], [6, use]);
		assert.deepEqual([...radio.last.bytes.subarray(2)], [...joinedTo(6, 1, 86_400).subarray(2)]);
		radio.tell(associated);
		radio.tell(up);
		assert.deepEqual(log, ["up", "up"]);
		assert.equal(radio.asked.length, 2);
	});
	for (const [ageMs, mode, what] of [
		[12 * HOUR - 1, use, "just under half, used"],
		[12 * HOUR, renew, "half, renewed"],
		[DAY - 1, renew, "nearly over, renewed"],
		[DAY, ask, "over, asked for anew"],
	] as const)
		it(`wifi link: a lease of a day that is ${what}`, () => {
			const { radio, start, first, sleep } = rig();
			first(86_400);
			sleep(ageMs);
			start();
			assert.deepEqual([radio.last.channel, radio.last.mode], [6, mode]);
		});
	it("wifi link: a renewed lease counts from the renewal", () => {
		const { radio, start, first, sleep, link } = rig();
		first(86_400);
		sleep(13 * HOUR);
		start();
		radio.tell(associated);
		radio.tell(up);
		link().proven?.();
		sleep(11 * HOUR);
		start();
		assert.equal(radio.last.mode, use);
	});
	it("wifi link: a lease that is used is as old as it was", () => {
		const { radio, start, first, sleep, link } = rig();
		first(86_400);
		for (let n = 0; n < 3; n++) {
			sleep(5 * HOUR);
			start();
			assert.equal(radio.last.mode, n < 2 ? use : renew);
			radio.tell(associated);
			radio.tell(up);
			link().proven?.();
		}
	});
	it("wifi link: no peer answered under a lease that was used, the next join asks DHCP", () => {
		const { radio, start, first, sleep, link } = rig();
		first(86_400);
		sleep(HOUR);
		start();
		radio.tell(associated);
		radio.tell(up);
		sleep(HOUR);
		start();
		assert.deepEqual([radio.last.channel, radio.last.mode], [6, ask], "the access point is as good as before");
		radio.tell(associated);
		radio.tell(up);
		link().proven?.();
		sleep(HOUR);
		start();
		assert.equal(radio.last.mode, use);
	});
	it("wifi link: nobody was there while a lease was to be used, it is in doubt", () => {
		const { radio, start, first, sleep, pass } = rig();
		first(86_400);
		sleep(HOUR);
		start();
		radio.tell(notFound);
		radio.tell(notFound);
		pass(1);
		sleep(HOUR);
		start();
		assert.deepEqual([radio.last.channel, radio.last.mode], [6, ask]);
	});
	it("wifi link: lease reuse is switched off, DHCP at each join", () => {
		const { radio, start, first, sleep } = rig({ lease: false });
		first(86_400);
		sleep(1000);
		start();
		assert.deepEqual([radio.last.channel, radio.last.mode], [6, ask]);
	});
	it("wifi link: an address of its own, never DHCP, with hint and without", () => {
		const address = { ip: "192.0.2.9", mask: "255.255.255.0", gateway: "192.0.2.1", dns: "9.9.9.9" };
		const { radio, start, first, sleep } = rig({ address });
		first(0, false);
		sleep(30 * DAY);
		start();
		assert.deepEqual(
			radio.asked.map(({ mode, channel }) => [mode, channel]),
			[
				[use, 0],
				[use, 6],
			],
		);
		for (const { bytes } of radio.asked)
			assert.deepEqual([...bytes.subarray(8, 24)], [192, 0, 2, 9, 255, 255, 255, 0, 192, 0, 2, 1, 9, 9, 9, 9]);
	});
	for (const [status, what] of [
		[notFound, "is not found"],
		[lost, "lets go"],
	] as const)
		it(`wifi link: the remembered access point ${what}, all channels are scanned and what is found is remembered`, () => {
			const { radio, log, start, first, sleep, link } = rig();
			first(86_400);
			sleep(HOUR);
			start();
			radio.tell(status);
			assert.deepEqual([radio.last.channel, radio.last.mode], [0, ask], "another router has another network");
			radio.tell(associated);
			radio.result = joinedTo(11, 9, 86_400);
			radio.tell(up);
			link().proven?.();
			assert.deepEqual(log, ["up", "up"]);
			sleep(HOUR);
			start();
			assert.deepEqual([radio.last.channel, radio.last.mode, radio.last.bytes[7]], [11, use, 9]);
		});
	it("wifi link: the remembered access point says nothing, a scan after its time", () => {
		const { radio, start, first, sleep, pass } = rig();
		first(86_400);
		sleep(HOUR);
		start();
		pass(HINT_MS - 1);
		assert.equal(radio.asked.length, 2);
		pass(1);
		assert.deepEqual([radio.asked.length, radio.last.channel], [3, 0]);
	});
	it("wifi link: no access point at all, down at once when the scan ends", () => {
		const { radio, log, start, pass, timers } = rig();
		start();
		pass(1600);
		radio.tell(notFound);
		assert.deepEqual(log, ["down absent 1600"]);
		assert.deepEqual([timers.open, radio.isOn], [0, false]);
	});
	it("wifi link: the passphrase is wrong, refused, and nothing is remembered", () => {
		const { radio, log, start, first, sleep, pass } = rig();
		first(86_400);
		sleep(HOUR);
		start();
		pass(10);
		radio.tell(refused);
		assert.deepEqual(log, ["up", "down refused 10"]);
		assert.equal(sleep(HOUR), 0);
		start();
		assert.deepEqual([radio.last.channel, radio.last.mode], [0, ask]);
	});
	it("wifi link: the DHCP server is silent, down at the deadline", () => {
		const { radio, log, start, pass, timers } = rig();
		start();
		radio.tell(associated);
		pass(60_000);
		assert.deepEqual(log, [`down timeout ${JOIN_MS}`]);
		assert.deepEqual([timers.open, radio.isOn], [0, false]);
	});
	it("wifi link: the DHCP server is silent and the lease still good, it is used", () => {
		const { radio, log, start, first, sleep, pass } = rig();
		first(86_400);
		sleep(13 * HOUR);
		start();
		radio.tell(associated);
		pass(RENEW_MS);
		assert.deepEqual([radio.last.channel, radio.last.mode], [6, use]);
		radio.tell(associated);
		radio.tell(up);
		assert.deepEqual(log, ["up", "up"]);
	});
	it("wifi link: the association ends while it is up, lost", () => {
		const { radio, log, pass, first } = rig();
		first(86_400);
		pass(500);
		radio.tell(lost);
		assert.deepEqual(log, ["up", "down lost 500"]);
		assert.equal(radio.isOn, false);
	});
	it("wifi link: the deadline at every stage, never exceeded, nothing left open", () => {
		for (const [told, ageMs] of [
			[[], 0],
			[[associated], 0],
			[[], HOUR],
			[[associated], HOUR],
			[[notFound], HOUR],
			[[notFound, associated], HOUR],
			[[], 13 * HOUR],
			[[associated], 13 * HOUR],
		] as const)
			for (const deadlineMs of [1, 700, HINT_MS, RENEW_MS + 1, JOIN_MS, 20_000]) {
				const { radio, log, start, pass, first, sleep, timers } = rig();
				if (ageMs) {
					first(86_400);
					sleep(ageMs);
					log.length = 0;
				}
				start(deadlineMs);
				for (const status of told) radio.tell(status);
				pass(30_000);
				assert.deepEqual(log, [`down timeout ${Math.min(deadlineMs, JOIN_MS)}`], `${told} ${ageMs} ${deadlineMs}`);
				assert.deepEqual([timers.open, radio.isOn], [0, false]);
			}
	});
	it("wifi link: closed at every stage, no event follows, nothing left open, and it starts again", () => {
		for (const told of [[], [associated], [notFound], [notFound, associated], [associated, up]]) {
			const { radio, log, start, pass, first, sleep, timers, link } = rig();
			first(86_400);
			sleep(HOUR);
			start();
			for (const status of told) radio.tell(status);
			log.length = 0;
			link().close();
			link().close();
			radio.tell(up);
			pass(30_000);
			assert.deepEqual([log, timers.open, radio.isOn], [[], 0, false]);
			start();
			radio.tell(associated);
			radio.tell(up);
			assert.deepEqual(log, ["up"]);
		}
	});
	it("wifi link: started while it runs, the first one tells nothing more", () => {
		const { radio, log, start, pass } = rig();
		start(100);
		pass(50);
		start(1000);
		radio.tell(associated);
		pass(500);
		assert.deepEqual(log, []);
		radio.tell(up);
		assert.deepEqual(log, ["up"]);
	});
	for (const [settings, what] of [
		[{}, "no name of the network"],
		[{ ssid: "" }, "an empty name"],
		[{ ssid: "ä".repeat(17) }, "a name of 34 bytes"],
		[{ ssid: "home", passphrase: "1234567" }, "a passphrase of seven characters"],
		[{ ssid: "home", passphrase: "x".repeat(65) }, "a passphrase of 65"],
	] as const)
		it(`wifi link: ${what}, down with declaration, the radio stays off`, () => {
			const { radio, log, start, pass } = rig({}, settings as Record<string, string>);
			start();
			assert.deepEqual(log, []);
			pass(1);
			assert.deepEqual(log, ["down declaration 0"]);
			assert.equal(radio.asked.length, 0);
		});
	it("wifi link: an open network, a name of 32 bytes, the key in 64 digits, all are taken", () => {
		for (const settings of [
			{ ssid: "ä".repeat(16) },
			{ ssid: "home", passphrase: "12345678" },
			{ ssid: "home", passphrase: "0123456789abcdef".repeat(4) },
		]) {
			const { radio, start } = rig({}, settings as Record<string, string>);
			start();
			assert.equal(radio.asked.length, 1);
		}
	});
	it("wifi link: the clock stepped back, the lease counts for nothing and the hint still does", () => {
		const { first, link } = rig();
		first(86_400);
		const bytes = new Uint8Array(LINK_RETAINED);
		link().retain(new DataView(bytes.buffer));
		new DataView(bytes.buffer).setFloat64(28, 1e12);
		const { radio, start, link: other } = rig();
		other().restore(new DataView(bytes.buffer));
		start();
		assert.deepEqual([radio.last.channel, radio.last.mode], [6, ask]);
	});
	it(`wifi link: garbage of any length is restored (seed ${SEED}), the join is new or a hint that falls back in time`, () => {
		const random = new Seeded(SEED);
		let hints = 0;
		for (let run = runsOf(3000); run > 0; run--) {
			const { radio, log, start, pass, link, timers } = rig();
			const bytes = Uint8Array.from({ length: random.between(0, 48) }, () => random.u32());
			if (bytes.length > 0 && random.between(0, 1)) bytes[0] = 0xa2 + random.between(0, 1);
			link().restore(new DataView(bytes.buffer));
			start();
			const { channel, mode } = radio.last;
			if (channel) hints++;
			assert.ok(channel <= 177 && mode <= 2, `${channel} ${mode}`);
			pass(60_000);
			assert.deepEqual([log, timers.open], [[`down timeout ${JOIN_MS}`], 0]);
			assert.equal(radio.last.channel, 0, "ends with a scan");
			const again = new Uint8Array(LINK_RETAINED);
			assert.ok(link().retain(new DataView(again.buffer)) <= LINK_RETAINED);
		}
		assert.ok(hints > 0, "some of them looked like hints");
	});
	it("wifi link: each single byte of what is retained is damaged, a join all the same", () => {
		for (let at = 0; at < 36; at++) {
			const { first, link } = rig();
			first(86_400);
			const bytes = new Uint8Array(36);
			assert.equal(link().retain(new DataView(bytes.buffer)), 36);
			bytes[at]! ^= 0xff;
			const { radio, log, start, link: other } = rig();
			other().restore(new DataView(bytes.buffer));
			start();
			for (let tries = 0; tries < 3 && !log.length; tries++) {
				radio.tell(radio.last.channel === 0 ? associated : notFound);
				if (radio.last.channel === 0) radio.tell(up);
			}
			assert.deepEqual(log, ["up"], `byte ${at}`);
		}
	});
	it("wifi link: declarations that cannot work are refused with what would be right", () => {
		const radio = new FakeRadio();
		for (const [options, message] of [
			[{ ssid: "home" }, "link.ssid: this field is wrong; address, lease or join (name and passphrase are settings)"],
			[{ lease: 3 }, "link.lease: 3 is wrong; true or false"],
			[{ join: 1 }, "link.join: 1 is wrong; 2 … 60 seconds"],
			[{ join: 61 }, "link.join: 61"],
			[{ address: { ip: "192.0.2.256" } }, "link.address.ip"],
			[{ address: { ip: "192.0.2.1", mask: "24" } }, "link.address.mask: 24 is wrong"],
			[null, "link: null"],
		] as const)
			assert.throws(() => declareWifi(options as unknown as WifiOptions, radio), { code: "declaration", message });
		assert.equal(declareWifi({ join: 60 }, radio).kind, "wifi");
		assert.ok(rig().link() instanceof WifiLink);
	});
});
