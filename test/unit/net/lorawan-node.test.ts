import { decodeFrame } from "../../../modules/codec/frame-decoder.js";
import { toHex } from "../../../modules/core/bytes.js";
import { ResetReason, WakeCause } from "../../../modules/core/ports.js";
import { declareNode } from "../../../modules/cycle/declaration.js";
import { NodeRun } from "../../../modules/cycle/node-run.js";
import { BANK } from "../../../modules/cycle/retained.js";
import { sensor } from "../../../modules/measure/sensor.js";
import { lorawan } from "../../../net/lorawan/lorawan.js";
import { eu868 } from "../../../net/lorawan/region-eu868.js";
import { Scheduler } from "../../../sim/scheduler.js";
import { Seeded } from "../../../sim/seeded.js";
import * as assert from "../../assert.js";
import { NorPort } from "../../support/flash-port.js";
import { Air, FakeRadio, NetworkServer } from "../../support/lorawan.js";
import { VirtualTimers } from "../../support/virtual-timers.js";

/** A whole node over LoRaWAN: cycle, store, frames, MAC, without a simulator. */
function node(confirmed: boolean) {
	const scheduler = new Scheduler();
	const air = new Air(scheduler);
	const server = new NetworkServer(eu868, air);
	const timers = new VirtualTimers(scheduler);
	const flash = new NorPort(8, 4096);
	const random = new Seeded(12);
	const rtc = new Uint8Array(2 * BANK);
	let powerMs = 0;
	let reading = 0;
	const settings: Record<string, string> = {
		joinEui: toHex(server.joinEui),
		devEui: toHex(server.devEui),
		appKey: toHex(server.appKey),
	};
	const channels = [{ name: "temperature", unit: "Cel", step: 1, resolution: 1, low: -1000, high: 100_000 }];
	const declared = declareNode({
		name: "field",
		every: 600,
		durability: "flash",
		sensors: [
			sensor({
				chip: "fake",
				port: "I2C.default",
				channels,
				create: () => ({
					start: () => 10,
					collect: (into) => {
						into[0] = reading;
					},
					close: () => {},
				}),
			}),
		],
		uplink: lorawan({
			region: eu868,
			radio: { kind: "fake", lowestDbm: 2, highestDbm: 14, create: () => new FakeRadio(air, powerMs) },
			batch: 6,
			confirmed,
		}),
	});
	return {
		server,
		air,
		rtc,
		wake(resetReason: ResetReason = ResetReason.deepSleep) {
			reading++;
			if (resetReason === ResetReason.power) {
				powerMs = scheduler.now;
				rtc.fill(0xa5);
			}
			let slept = -1;
			const run = new NodeRun(declared, {
				clock: { nowMs: () => scheduler.now - powerMs },
				timers,
				memory: {
					size: rtc.length,
					read: (into, offset) => into.set(rtc.subarray(offset, offset + into.length)),
					write: (bytes, offset) => rtc.set(bytes, offset),
				},
				entropy: {
					fill: (into) => {
						for (let at = 0; at < into.length; at++) into[at] = random.u32();
					},
				},
				wakeCause: WakeCause.timer,
				resetReason,
				nodeId: "field-1",
				flash: () => flash,
				setting: (name) => settings[name],
				report: () => {},
				progress() {},
				confirm() {},
				sleep: (ms) => {
					slept = ms;
				},
			});
			run.start();
			while (slept < 0 && scheduler.advance());
			assert.ok(slept >= 0, "the wake came to its end");
			scheduler.skipTo(scheduler.now + slept);
		},
		readings: () =>
			server.payloads.flatMap(({ payload }) =>
				decodeFrame(payload, declared.frame).records.flatMap(({ values, kind }) => (kind === 0 ? [values[0]] : [])),
			),
	};
}

describe("lorawan, a whole node", () => {
	for (const confirmed of [false, true])
		it(`${confirmed ? "confirmed" : "unconfirmed"}: two days with power losses, a panic, damaged memory, a deaf network: no counter twice, readings as promised`, () => {
			const { wake, server, readings, air, rtc } = node(confirmed);
			wake(ResetReason.power);
			let damaged = 0;
			for (let n = 1; n < 300; n++) {
				if (n % 5 === 2) server.next = { fOpts: Uint8Array.of(6) };
				server.deaf = n % 40 > 30;
				const before = air.uplinks.length;
				if (n % 97 === 0) wake(ResetReason.power);
				else wake(n === 150 ? ResetReason.panic : ResetReason.deepSleep);
				if (air.uplinks.length === before || !server.deaf) continue;
				// The newer bank of retained memory is damaged: the older one knows less than the network has seen.
				const [first, second] = [0, BANK].map((at) => new DataView(rtc.buffer, at).getUint32(4)) as [number, number];
				rtc[first > second ? 0 : BANK] = 0;
				damaged++;
			}
			server.deaf = false;
			for (let n = 0; n < 80; n++) wake();
			assert.ok(damaged >= 5, `${damaged} times damaged`);
			assert.deepEqual(server.reused, []);
			assert.ok(server.nonces.size <= 3, `${server.nonces.size} joins`);
			const came = readings();
			// What left unconfirmed while the network was deaf is gone, and nothing else; confirmed, nothing is.
			if (confirmed) for (let n = 1; n <= 370; n++) assert.ok(came.includes(n), `reading ${n}`);
			else {
				assert.ok(came.length >= 280, `${came.length} readings`);
				for (let n = 1; n < came.length; n++) assert.ok(came[n]! > came[n - 1]!, "once, in order");
			}
		});
});
