import { eu868 } from "../../../net/lorawan/region-eu868.js";
import { HELTEC_V2, HELTEC_V3, RFM95_BREAKOUT } from "../../../net/radio/boards.js";
import { declareSx126x } from "../../../net/radio/sx126x-driver.js";
import { declareSx127x } from "../../../net/radio/sx127x-driver.js";
import { type LoraFrame, OpenAir } from "../../../sim/chips/lora-air.js";
import { type RadioWirings, radioCurrent } from "../../../sim/radio/currents.js";
import { LoraTally } from "../../../sim/radio/lora-tally.js";
import { WiredRadio } from "../../../sim/radio/wired-radio.js";
import { Scheduler } from "../../../sim/scheduler.js";
import * as assert from "../../assert.js";
import { how, RadioRig } from "../../support/radio-rig.js";

const CRYSTAL = { ...HELTEC_V3, tcxo: undefined };
const SX1261 = { ...CRYSTAL, chip: "sx1261" } as const;
const RFO = { ...HELTEC_V2, output: "rfo" } as const;

describe("a radio's currents", () => {
	// Data sheets: SX1276 table 6, SX1261/2 tables 3-3 … 3-5.
	for (const [name, wiring, mode, dbm, milliamperes] of [
		["SX1276, asleep", HELTEC_V2, "sleep", 0, 0.0002],
		["SX1276, standby", HELTEC_V2, "standby", 0, 1.6],
		["SX1276, synthesiser", HELTEC_V2, "fsrx", 0, 5.8],
		["SX1276, receiving once", HELTEC_V2, "rxsingle", 0, 12],
		["SX1276, looking for a preamble", HELTEC_V2, "cad", 0, 12],
		["SX1276, 20 dBm at PA_BOOST", RFM95_BREAKOUT, "tx", 20, 120],
		["SX1276, 17 dBm at PA_BOOST", RFM95_BREAKOUT, "tx", 17, 87],
		["SX1276, 13 dBm at RFO", RFO, "tx", 13, 29],
		["SX1276, 7 dBm at RFO", RFO, "tx", 7, 20],
		["SX1276, less than RFO's least", RFO, "tx", -9, 9.8],
		["SX1262, asleep with what it retains", CRYSTAL, "sleep", 0, 0.0006],
		["SX1262, standby", CRYSTAL, "rc", 0, 0.6],
		["SX1262, receiving, boosted, DC-DC", CRYSTAL, "rx", 0, 5.3],
		["SX1262, the same with a TCXO", HELTEC_V3, "rx", 0, 6.8],
		["SX1262, receiving, LDO", { ...CRYSTAL, dcdc: false }, "rx", 0, 10.1],
		["SX1262, 22 dBm", CRYSTAL, "tx", 22, 118],
		["SX1262, 14 dBm, set up for it", CRYSTAL, "tx", 14, 45],
		["SX1262, 12 dBm, 2 below", CRYSTAL, "tx", 12, 45 * 0.88],
		["SX1261, 14 dBm, DC-DC", SX1261, "tx", 14, 25.5],
		["SX1261, 14 dBm, LDO", { ...SX1261, dcdc: false }, "tx", 14, 48.2],
	] as const)
		it(`${name}: ${milliamperes} mA`, () => {
			const { tcxo, ...rest } = { tcxo: undefined, ...wiring };
			assert.near(radioCurrent((tcxo ? { ...rest, tcxo } : rest) as RadioWirings, mode, dbm), milliamperes, 1e-9);
		});
	it("power up, current up: at each step of a decibel", () => {
		for (const wiring of [HELTEC_V2, RFO, HELTEC_V3, { ...HELTEC_V3, chip: "sx1261" } as const])
			for (const [low, high] of [
				[-9, 14],
				[14, 20],
			] as const)
				for (let dbm = low; dbm < high; dbm++)
					assert.ok(radioCurrent(wiring, "tx", dbm) <= radioCurrent(wiring, "tx", dbm + 1), `${dbm} dBm`);
	});
});

describe("a wired radio", () => {
	for (const [family, declaration, wiring] of [
		["sx126x", declareSx126x(HELTEC_V3, () => null!), HELTEC_V3],
		["sx127x", declareSx127x(HELTEC_V2, () => null!), HELTEC_V2],
	] as const)
		it(`${family}: a frame and a window by the driver, each charged by its time and mode; all adds up`, () => {
			const scheduler = new Scheduler();
			scheduler.skipTo(40);
			const air = new OpenAir();
			const wired = new WiredRadio(declaration, scheduler, air);
			const frames: LoraFrame[] = [];
			wired.onFrame = (frame) => frames.push(frame);
			const { chip, lines } = wired.wiring;
			const rig = new RadioRig(chip, lines, scheduler, (io, ports) =>
				"chip" in wiring
					? declareSx126x(wiring, () => io).create(ports)
					: declareSx127x(wiring, () => io).create(ports),
			);
			rig.radio.open(rig.listener);
			rig.radio.transmit(new Uint8Array(20), how({ powerDbm: 14 }));
			assert.equal(rig.next()!.what, "txDone");
			rig.radio.receive(rig.clock.nowMs() + 1000, how({ invertIq: true }), 8);
			assert.equal(rig.next()!.what, "rxTimeout");
			rig.radio.close();
			const end = rig.clock.nowMs();
			const use = wired.take(end);
			assert.deepEqual(use.frames, frames);
			assert.equal(frames.length, 1);
			const airtimeMs = frames[0]!.endMs - frames[0]!.startMs;
			assert.near(use.sendMs, airtimeMs, 1);
			assert.near(use.listenMs, 8 * 1.024, 5); // from two milliseconds before on, and whole steps of the counter
			assert.near(use.sendUc, use.sendMs * radioCurrent(wiring, "tx", 14), 1e-6);
			assert.near(use.listenUc, use.listenMs * radioCurrent(wiring, "rx", 0), 1e-6);
			assert.ok(use.chargeUc > use.sendUc + use.listenUc);
			assert.equal(use.chargeUc, wired.totalUc);
			assert.deepEqual([...wired.chip.violations], []);
			// An hour of sleep, and nothing else since.
			const { chargeUc, frames: none } = wired.take(end + 3_600_000);
			assert.near(chargeUc, 3600 * (family === "sx126x" ? 0.6 : 0.2), 1e-3);
			assert.equal(none.length, 0);
			const tally = new LoraTally(eu868);
			tally.add({ ...use, frames: [...frames, { ...frames[0]!, bytes: Uint8Array.of(0x40) }] });
			assert.deepEqual([tally.joins, tally.frames, tally.bytes, tally.byRate[5]], [1, 1, 21, 2]);
			assert.near(tally.airtimeMs, 2 * airtimeMs, 1e-9);
		});
});
