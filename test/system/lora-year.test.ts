import { toHex } from "../../modules/core/bytes.js";
import { eu868 } from "../../net/lorawan/region-eu868.js";
import { tablesOf } from "../../net/lorawan/region-tables.js";
import { POWER_CUT } from "../../sim/board.js";
import { type LoraFrame, timeOnAirMs } from "../../sim/chips/lora-air.js";
import { bundleFirmware } from "../../sim/engine/bundle.js";
import { NodeEngine } from "../../sim/engine/node.js";
import type { LorawanNetwork } from "../../sim/lora/lorawan-network.js";
import { windowsOf } from "../../sim/lora/windows.js";
import { isJoin } from "../../sim/radio/lora-tally.js";
import type { Scheduler } from "../../sim/scheduler.js";
import { Seeded } from "../../sim/seeded.js";
import * as assert from "../assert.js";
import { COMMANDS, type LoraRun, runLora } from "../support/lora-node.js";
import { seedOf } from "../support/seed.js";

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const DAYS = 365;
/** MHDR of a Join-Accept. */
const JOIN_ACCEPT = 0x20;
/** Symbols from 16 ms on: SX1276 data sheet §4.1.1.6. */
const SLOW = 11;

/** Somebody beside the node who records every frame, and sends old ones again: uplinks at any time, downlinks into windows. */
class Attacker {
	uplinks = 0;
	downlinks = 0;
	accepts = 0;
	readonly #up: LoraFrame[] = [];
	readonly #down: LoraFrame[] = [];
	readonly #accepts: LoraFrame[] = [];

	constructor(network: LorawanNetwork, scheduler: Scheduler, seed: number) {
		const random = new Seeded(seed);
		const station = network.station({ xM: 150, yM: 40, gainDbi: 2 });
		const chance = (n: number) => random.between(1, n) === 1;
		const any = (list: readonly LoraFrame[]) => list[random.between(0, list.length - 1)]!;
		const send = (frame: LoraFrame, startMs: number, powerDbm: number) => {
			const lasts = timeOnAirMs(frame, frame.bytes.length);
			scheduler.at(startMs, () => station.transmit({ ...frame, powerDbm, startMs, endMs: startMs + lasts }));
		};
		station.listenWide(({ frame }) => {
			const { invertIq, endMs } = frame;
			const known = !invertIq ? this.#up : frame.bytes[0] === JOIN_ACCEPT ? this.#accepts : this.#down;
			if (known.length < 500) known.push(frame);
			else known[random.between(0, known.length - 1)] = frame;
			if (invertIq) return;
			if (chance(8)) {
				this.uplinks++;
				send(any(this.#up), endMs + random.between(10_000, 3_000_000), 20);
			}
			const join = isJoin(frame);
			const list = join ? this.#accepts : this.#down;
			if (!list.length || !chance(join ? 2 : 5)) return;
			const old = any(list);
			if (join) this.accepts++;
			else this.downlinks++;
			const [rx1, rx2] = windowsOf(tablesOf(eu868), frame, undefined);
			const { frequencyHz, spreadingFactor, bandwidthHz } = chance(2) ? rx1! : rx2!;
			const at = endMs + (join ? 5000 : 1000) + (frequencyHz === rx2!.frequencyHz ? 1000 : 0);
			send({ ...old, frequencyHz, spreadingFactor, bandwidthHz, lowDataRate: spreadingFactor >= SLOW }, at, 20);
		});
	}
}

describe("a LoRaWAN node over a year", function () {
	this.timeout(300_000);
	const seed = seedOf(7);
	const random = new Seeded(seed);
	let year: LoraRun;
	let attacker: Attacker;
	let seconds = 0;
	let queued = 0;
	let asked = 0;
	const cell = new Uint8Array(6);

	before(async () => {
		// Downlinks are lost for some hours nearly every day, gateways are away for some days, and the network forgets.
		const faults: string[] = [];
		const span = (kind: string, from: number, hours: number) => faults.push(`${kind}@${from}h..${from + hours}h`);
		for (let day = 1; day < DAYS - 10; day++)
			if (random.between(1, 3) > 1) span("downlink", 24 * day + random.between(0, 18), random.between(1, 6));
		for (let n = 0; n < 6; n++) span("gateway", random.between(100, 24 * (DAYS - 12)), random.between(2, 60));
		for (let n = 0; n < 7; n++) faults.push(`forget@${random.between(50, 24 * (DAYS - 12))}h`);
		for (let n = 0; n < 5; n++) faults.push(`rtc@${random.between(50, 24 * (DAYS - 12))}.5h`);
		for (let n = 0; n < 5; n++) span("power", random.between(50, 24 * (DAYS - 12)), random.between(1, 20));
		const firmware = new NodeEngine("kept").load(await bundleFirmware(COMMANDS));
		const begin = process.cpuUsage();
		year = await runLora({
			firmware,
			days: DAYS,
			seed,
			faults,
			drift: (at) => 300 * Math.sin(at / (20 * DAY_MS)),
			prepare({ provisioned }, network, scheduler) {
				attacker = new Attacker(network, scheduler, seed);
				for (let at = 5 * HOUR_MS; at < (DAYS - 10) * DAY_MS; at += random.between(2, 20) * HOUR_MS)
					scheduler.at(at, () => {
						queued++;
						network.queue(provisioned.devEui!, { port: 10, payload: Uint8Array.of(queued >> 8, queued) });
					});
			},
			onWake({ at }, { board }) {
				if (at > DAY_MS && at < (DAYS - 10) * DAY_MS && random.between(1, 40) === 1) {
					asked++;
					board.cutInCall(random.between(0, 1500), random.between(100, 1_800_000));
				}
			},
		});
		const { user, system } = process.cpuUsage(begin);
		seconds = (user + system) / 1e6;
		cell.set(year.cell());
		firmware.close();
	});

	it(`a year (seed ${seed}): within a minute of one core, with cuts, replays, losses and forgotten sessions`, () => {
		const { summary, network, frames, wakes } = year;
		const { counts } = network;
		const cuts = wakes.filter(({ fault }) => fault === POWER_CUT);
		const onAir = cuts.filter(({ radio }) => radio!.frames.length).length;
		const joins = frames.filter(isJoin).length;
		console.log(
			`      ${seconds.toFixed(1)} s: ${summary.wakes} wakes, ${frames.length} frames, ${joins} of them joins; ${cuts.length} power cuts ` +
				`(${onAir} after a frame) of ${asked} asked for; ${attacker.uplinks} uplinks, ${attacker.downlinks} downlinks and ${attacker.accepts} ` +
				`Join-Accepts sent again, ${counts.replays} seen as such by the network; ${queued} commands, ${summary.taken} taken; ` +
				`${counts.lostOnAir} frames lost on air, ${summary.duplicates} records came twice`,
		);
		assert.ok(seconds < 60, `${seconds} s`);
		assert.ok(cuts.length > 100 && onAir > 10, `${cuts.length} cuts, ${onAir} after a frame`);
		assert.ok(attacker.uplinks > 500 && attacker.downlinks > 500 && attacker.accepts > 3, "replays");
		assert.ok(counts.replays > 100, `${counts.replays} replays seen`);
		assert.ok(counts.joins >= 8, `${counts.joins} joins`);
		assert.ok(summary.failedExchanges > 100, `${summary.failedExchanges} exchanges failed`);
		assert.equal(summary.faults, 0);
	});
	it("each record: decoded once or waiting, none is lost or wrong", () => {
		const { summary, records } = year;
		assert.deepEqual([summary.lost, summary.wrong, summary.undecodable], [0, 0, 0]);
		assert.equal(summary.decoded + summary.queued, summary.samples);
		assert.ok(summary.decoded > 8000, `${summary.decoded} decoded`);
		assert.equal(new Set(records.map(({ number }) => number)).size, records.length);
	});
	it("read from the air: no counter of a session and no DevNonce went with other bytes, both only grow", () => {
		const counters = new Map<string, { last: number; bytes: string }>();
		let nonce = -1;
		let again = 0;
		for (const { bytes } of year.frames) {
			const view = new DataView(bytes.buffer, bytes.byteOffset);
			if (bytes[0] === 0x00) {
				const next = view.getUint16(17, true);
				assert.ok(next > nonce, `DevNonce ${next} after ${nonce}`);
				nonce = next;
				continue;
			}
			const address = toHex(bytes.subarray(1, 5));
			const fCnt = view.getUint16(6, true); // a year of hours is less than 16 bits
			const before = counters.get(address);
			if (before && before.last === fCnt) {
				assert.equal(toHex(bytes), before.bytes, `counter ${fCnt} of ${address}`);
				again++;
			} else assert.ok(!before || fCnt > before.last, `counter ${fCnt} after ${before?.last} of ${address}`);
			counters.set(address, { last: fCnt, bytes: toHex(bytes) });
		}
		assert.ok(counters.size >= 7, `${counters.size} sessions`);
		assert.ok(nonce >= 8, `${nonce} joins`);
		console.log(`      ${counters.size} sessions, DevNonce up to ${nonce}, ${again} repetitions`);
	});
	it("commands: each was taken once at most, in order; none that was sent again by somebody else", () => {
		const [high, low, takenHigh, taken, oldHigh, old] = cell;
		assert.equal((oldHigh! << 8) | old!, 0, "commands that were not newer");
		assert.ok(((high! << 8) | low!) <= queued);
		const all = (takenHigh! << 8) | taken!;
		assert.ok(all > 100 && all <= queued, `${all} of ${queued} taken`);
		assert.ok(year.summary.taken <= all, "a wake that was cut tells of none");
		assert.ok(all - year.summary.taken <= 20, `${all} in flash, ${year.summary.taken} told`);
	});
	it("the law: kept in each sliding hour, dwell, power, payload and joins too", () => {
		const { network } = year;
		assert.deepEqual(network.violations, []);
		assert.ok(network.fullest.length >= 2);
		for (const { band, perMille, allowed } of network.fullest) {
			assert.ok(perMille > 0 && perMille <= allowed, `${perMille} of ${allowed} ‰ in ${band}`);
			console.log(`      the fullest hour in band ${band}: ${perMille.toFixed(2)} of ${allowed} ‰`);
		}
	});
	it("it always comes back: no gap without an uplink but what outages explain, and at the end nothing waits", () => {
		const { uplinks, summary, simulation } = year;
		let last = 0;
		let longest = 0;
		for (const { at } of uplinks) {
			longest = Math.max(longest, at - last);
			last = at;
		}
		console.log(`      longest time without an uplink: ${(longest / HOUR_MS).toFixed(1)} h`);
		assert.ok(longest < 7 * DAY_MS, `${longest / DAY_MS} days without an uplink`);
		assert.ok(last > (DAYS - 1) * DAY_MS, "still there");
		assert.ok(summary.queued <= 2, `${summary.queued} wait`);
		assert.equal(simulation.radio!.chip.mode, "sleep");
		assert.deepEqual([...simulation.radio!.chip.violations], []);
		assert.equal(summary.leaks, 0);
	});
});
