import type { Region } from "../../net/lorawan/region.js";
import { eu868 } from "../../net/lorawan/region-eu868.js";
import { tablesOf } from "../../net/lorawan/region-tables.js";
import { us915 } from "../../net/lorawan/region-us915.js";
import { Seeded } from "../../sim/seeded.js";
import * as assert from "../assert.js";
import { LoraRig, type Uplinked } from "../support/lorawan.js";
import { runsOf, seedOf } from "../support/seed.js";

const HOUR = 3_600_000;
const DAY = 24 * HOUR;

/** The most airtime that any hour has, as a share of what the band allows; 0 where no band is limited. */
function mostOfAnyHour(uplinks: readonly Uplinked[], region: Region): number {
	let most = 0;
	for (const { low, high, perMille } of tablesOf(region).bands) {
		if (perMille >= 1000) continue;
		const own = uplinks.filter(({ how }) => how.frequencyHz >= low * 100 && how.frequencyHz < high * 100);
		// The fullest hour begins where a frame does, or ends where one does.
		for (const end of own) {
			const from = end.startMs + end.airtime - HOUR;
			let sum = 0;
			for (const { startMs, airtime } of own) {
				if (startMs > end.startMs) break;
				sum += Math.max(0, startMs + airtime - Math.max(from, startMs));
			}
			most = Math.max(most, sum / ((HOUR * perMille) / 1000));
		}
	}
	return most;
}

/**
 * Hourly uplinks over so many days: power cuts in the middle of exchanges, writes and sleep, panics, lost downlinks in both
 * windows, an attacker who sends old downlinks again, MAC commands, and a server that forgets now and then.
 */
function live(days: number, seed: number, region: Region, confirmed: boolean) {
	const random = new Seeded(seed);
	const fixed = tablesOf(region).groups.length > 0;
	const rig = new LoraRig(random, { region, confirmed });
	const { server, air, cells } = rig;
	const chance = (n: number) => random.between(1, n) === 1;
	const counts = { cuts: 0, panics: 0, replays: 0, forgotten: 0, exchanges: 0, longest: 0, joins: 0, downlinks: 0 };
	let serial = 0;
	let heard = 0;
	const down = new Map<string, number>();
	server.loses = () => chance(5);
	cells.cut = () => (chance(400) ? (chance(2) ? "before" : "after") : "");
	const { received } = air;
	air.received = (uplink) => {
		if (chance(6)) return; // lost on the way up
		received(uplink);
		// The attacker has heard all, and answers in either window at once.
		if (server.sent.length && chance(3)) {
			const old = server.sent[random.between(0, server.sent.length - 1)]!;
			const join = uplink.bytes[0] === 0;
			const which = chance(2) ? 1 : 2;
			air.send(
				uplink.startMs + uplink.airtime + (join ? 4000 : 0) + 1000 * which,
				server.window(uplink, which, join),
				old,
			);
			counts.replays++;
		}
	};
	for (let hour = 0; hour < days * 24; hour++) {
		if (rig.queue.length < 20) {
			serial++;
			rig.queue.push(Uint8Array.of(serial >> 16, serial >> 8, serial, 1, 2, 3, 4, 5));
		}
		if (chance(24 * 60)) {
			// The server loses its sessions, and says nothing to the old one's frames.
			server.sessions = [];
			counts.forgotten++;
			heard = Math.max(heard, 0);
		}
		if (chance(12) && server.session)
			server.next = {
				...(chance(2) ? { payload: Uint8Array.of(9, ++counts.downlinks >> 8, counts.downlinks) } : {}),
				...(chance(3) ? { confirmed: true } : {}),
				...(chance(4) ? { pending: true } : {}),
				...(chance(2) ? { window: chance(2) ? 1 : 2 } : {}),
				// LinkADRReq of any data rate and power with all channels of the plan, DevStatusReq, or nothing.
				fOpts: chance(2)
					? Uint8Array.of(3, (random.between(0, 5) << 4) | random.between(0, 7), fixed ? 0xff : 7, 0, fixed ? 0x61 : 1)
					: chance(2)
						? Uint8Array.of(6)
						: new Uint8Array(0),
			};
		if (server.next?.payload && down.size < 5000) down.set(hexOf(server.next.payload), 0);
		counts.exchanges++;
		const outcome = rig.exchange(chance(40) ? random.between(0, 20_000) : Number.POSITIVE_INFINITY);
		for (const each of outcome.downlinks) {
			assert.ok(down.has(each), `a downlink that nobody sent: ${each}`);
			down.set(each, down.get(each)! + 1);
			assert.ok(down.get(each)! <= 1, `the downlink ${each} came twice`);
		}
		counts.longest = Math.max(counts.longest, rig.scheduler.now - heard);
		if (server.payloads.length) {
			heard = rig.scheduler.now;
			server.payloads.length = 0;
		}
		const rest = random.between(HOUR - 60_000, HOUR);
		if (outcome.end === "cut") {
			counts.cuts++;
			rig.cut(random.between(10, 100_000));
			rig.idle(rest - 200_000);
		} else if (chance(200)) {
			// It dies after the exchange, with what was retained before it.
			counts.panics++;
			rig.client.close();
			rig.boot("fault");
			rig.idle(rest);
		} else if (chance(100)) {
			counts.cuts++;
			rig.cut(rest);
		} else rig.sleep(rest);
	}
	counts.joins = server.nonces.size;
	return { rig, counts, most: mostOfAnyHour(air.uplinks, region) };
}

const hexOf = (bytes: Uint8Array) => Array.from(bytes, (each) => each.toString(16).padStart(2, "0")).join("");

describe("lorawan over a year", () => {
	const seed = seedOf(7);
	it(`EU868 at SF12, more to send than is allowed, the power gone every few hours (seed ${seed}): legal in each hour`, function () {
		this.timeout(300_000);
		const random = new Seeded(seed);
		const rig = new LoraRig(random, { region: eu868, adr: false });
		const end = DAY * Math.max(2, runsOf(40));
		let exchanges = 0;
		while (rig.scheduler.now < end) {
			while (rig.queue.length < 3) rig.queue.push(new Uint8Array(random.between(1, 51)));
			// All at the slowest data rate.
			rig.server.next = { fOpts: Uint8Array.of(3, 0x0f, 7, 0, 1) };
			exchanges++;
			const { end: how, waitMs } = rig.exchange(
				random.between(1, 60) === 1 ? random.between(0, 30_000) : Number.POSITIVE_INFINITY,
			);
			if (how === "cut" || random.between(1, 60) === 1) rig.cut(random.between(1, 60_000));
			else rig.sleep(how === "deferred" ? waitMs : 1000);
		}
		const most = mostOfAnyHour(rig.air.uplinks, eu868);
		assert.ok(most <= 1, `an hour had ${most} of what is allowed`);
		assert.ok(most > 0.7, `only ${most} of what is allowed was used`);
		assert.deepEqual(rig.server.reused, []);
		if (typeof process !== "undefined")
			console.log(
				`      ${exchanges} exchanges, ${rig.air.uplinks.length} uplinks: the fullest hour ${(100 * most).toFixed(1)} % of what is allowed`,
			);
	});
	for (const [name, region, confirmed] of [
		["EU868", eu868, false],
		["EU868, confirmed", eu868, true],
		["US915, sub-band 2", us915(2), false],
	] as const)
		it(`${name}: nothing used twice, no replay taken, always legal, always back (seed ${seed})`, function () {
			this.timeout(300_000);
			const days = Math.max(12, runsOf(365));
			const { rig, counts, most } = live(days, seed, region, confirmed);
			const { server } = rig;
			assert.deepEqual(server.reused, []);
			assert.ok(most <= 1, `an hour had ${most} of what is allowed`);
			assert.ok(counts.longest < 5 * DAY, `silent for ${counts.longest / DAY} days`);
			assert.ok(rig.retained <= 128, `${rig.retained} bytes retained`);
			if (typeof process !== "undefined")
				console.log(
					`      ${days} days: ${rig.air.uplinks.length} uplinks, ${counts.joins} joins, ${counts.cuts} cuts, ${counts.panics} panics, ` +
						`${counts.forgotten} times forgotten, ${counts.replays} replays; the fullest hour ${(100 * most).toFixed(1)} % of what is ` +
						`allowed; longest silence ${(counts.longest / HOUR).toFixed(1)} h; ${rig.retained} B retained, ${rig.cells.writes} cell writes`,
				);
		});
});
