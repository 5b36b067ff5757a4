import { HELTEC_V2, RFM95_BREAKOUT, TBEAM_SX1276 } from "../../../net/radio/boards.js";
import { declareSx127x } from "../../../net/radio/sx127x-driver.js";
import * as assert from "../../assert.js";
import { how } from "../../support/radio-rig.js";
import { rig127 } from "../../support/radios.js";

const FRAME = Uint8Array.of(1, 2, 3);
/** Register writes of an uplink at SF12, 868.1 MHz, 14 dBm: SX1276 data sheet, figure 9 (transmission), registers §6.4. */
const UPLINK = [
	["standby, so that the FIFO can be reached", "01=81"],
	["868.1 MHz: 14 222 950 steps of 61.035 Hz", "06=d9 07=06 08=66"],
	["PA_BOOST, 2 + 12 dBm; ramp; 100 mA; gain", "09=8c 0a=09 0b=2b 0c=23 4d=84"],
	["125 kHz, 4/5, explicit header; SF12, CRC; a time-out that does not matter", "1d=72 1e=c4 1f=64"],
	["8 symbols of preamble, 3 bytes", "20=00 21=08 22=03 23=ff"],
	["LowDataRateOptimize, AgcAutoOn", "26=0c"],
	["public sync word", "39=34"],
	["IQ as it is", "33=27 3b=1d"],
	["errata 2.1: off; 2.3: on", "36=03 2f=40 30=00 31=43"],
	["DIO0 TxDone, only that unmasked, all cleared", "40=40 11=f7 12=ff"],
	["FIFO from 0", "0d=00 0e=00 0f=00 00=010203"],
	["TX", "01=83"],
	["clear TxDone, standby", "12=08 01=81"],
] as const;
/** The same of a window of 40 symbols at SF8, 500 kHz, 923.3 MHz: figure 10 (single reception). */
const WINDOW = [
	["sleep until then, standby", "01=80 01=81"],
	["923.3 MHz", "06=e6 07=d3 08=33"],
	["amplifier off; gain", "09=00 0a=09 0b=2b 0c=23 4d=84"],
	["500 kHz, 4/5, explicit header; SF8, no CRC", "1d=92 1e=80 1f=64"],
	["preamble; up to 255 bytes", "20=00 21=08 22=ff 23=ff"],
	["AgcAutoOn", "26=04"],
	["public sync word", "39=34"],
	["IQ inverted for receiving", "33=67 3b=19"],
	["errata 2.1 in the high band; AutomaticIFOn", "36=02 3a=64 2f=20 30=00 31=c3"],
	["DIO0 RxDone, DIO1 RxTimeout; RxTimeout, RxDone, CRC error unmasked; all cleared", "40=00 11=1f 12=ff"],
	["FIFO from 0", "0d=00 0e=00 0f=00"],
	["44 symbols: the start is 2 ms early", "1e=80 1f=2c"],
	["RXSINGLE", "01=86"],
	["clear RxTimeout, standby", "12=80 01=81"],
] as const;

describe("sx127x driver", () => {
	it("register writes: of an uplink and of a window, in the data sheet's order", () => {
		const { rig, chip } = rig127();
		rig.radio.open(rig.listener);
		rig.run(60);
		assert.equal(chip.log.join(" "), "09=00 06=d9 07=00 08=00 3b=42 01=00 01=80 01=80");
		chip.log.length = 0;
		rig.radio.transmit(FRAME, how({ spreadingFactor: 12 }));
		const { atMs } = rig.next()!;
		assert.equal(chip.log.join(" "), UPLINK.map(([, writes]) => writes).join(" "));
		chip.log.length = 0;
		const settings = how({ invertIq: true, bandwidthHz: 500_000, frequencyHz: 923_300_000, spreadingFactor: 8 });
		rig.radio.receive(atMs + 100, settings, 40);
		rig.next();
		assert.equal(chip.log.join(" "), WINDOW.map(([, writes]) => writes).join(" "));
		assert.deepEqual(chip.violations, []);
	});
	it("image calibration: at the frequency that is wanted first, else at 868 MHz; a low one is sent at the low port", () => {
		for (const frequencyHz of [433_175_000, 868_100_000, 923_300_000]) {
			const { rig, chip, air } = rig127();
			rig.radio.open(rig.listener);
			rig.radio.transmit(FRAME, how({ frequencyHz, bandwidthHz: 500_000 }));
			rig.next();
			assert.near(chip.calibrated[0]!, frequencyHz, 31);
			assert.equal(chip.register(0x01) & 8, frequencyHz < 525e6 ? 8 : 0);
			assert.equal(chip.register(0x3a), frequencyHz < 525e6 ? 0x7f : 0x64);
			assert.near(air.frames[0]!.frequencyHz, frequencyHz, 31);
		}
	});
	for (const [powerDbm, boost, rfo] of [
		[-9, 2, -4],
		[-4, 2, -4],
		[-1, 2, -1],
		[0, 2, 0],
		[2, 2, 2],
		[10.7, 10, 10],
		[14, 14, 14],
		[17, 17, 14],
		[18, 18, 14],
		[20, 20, 14],
		[27, 20, 14],
	] as const)
		it(`power: ${powerDbm} dBm asked, ${boost} at PA_BOOST, ${rfo} at RFO`, () => {
			for (const [output, expected] of [
				["boost", boost],
				["rfo", rfo],
			] as const) {
				const { rig, air, chip } = rig127({}, { ...HELTEC_V2, output });
				rig.radio.open(rig.listener);
				rig.radio.transmit(FRAME, how({ powerDbm }));
				rig.next();
				assert.equal(air.frames[0]!.powerDbm, expected);
				// Over-current protection: 140 mA for what needs the high-power option, else 100.
				assert.equal(chip.register(0x0b), expected > 17 ? 0x31 : 0x2b);
			}
		});
	it("sleep: configuration is still there when it wakes", () => {
		const { rig, chip } = rig127();
		rig.radio.open(rig.listener);
		rig.radio.transmit(FRAME, how({ spreadingFactor: 9 }));
		rig.next();
		rig.radio.sleep();
		assert.equal(chip.register(0x01), 0x80);
		assert.equal(chip.register(0x1e) >> 4, 9);
		assert.equal(chip.register(0x39), 0x34);
	});
	for (const [what, options, code] of [
		["nothing soldered in", { absent: true }, "absent"],
		["a version of 0", { version: 0 }, "absent"],
		["an SX1272", { version: 0x22 }, "identity"],
	] as const)
		it(`start: ${what}, ${code} for each task`, () => {
			const { rig } = rig127(options);
			rig.radio.open(rig.listener);
			rig.radio.transmit(FRAME, how());
			assert.equal(rig.next()!.code, code);
			rig.radio.sleep();
			rig.radio.sense(868_100_000, 125_000, 5);
			assert.equal(rig.next()!.code, code);
			rig.radio.close();
			assert.equal(rig.io.open, 0);
		});
	it("TCXO: chosen, and given its time", () => {
		const { rig, chip } = rig127({}, { ...HELTEC_V2, tcxoMs: 3 });
		rig.radio.open(rig.listener);
		rig.radio.transmit(FRAME, how());
		assert.equal(rig.next()!.what, "txDone");
		assert.equal(chip.register(0x4b), 0x19);
	});
	it("declaration: power at each output; boards differ in no pin twice", () => {
		const io = () => rig127().rig.io;
		assert.equal(declareSx127x(HELTEC_V2, io).highestDbm, 20);
		assert.equal(declareSx127x({ ...HELTEC_V2, output: "rfo" }, io).lowestDbm, -4);
		for (const { spi, reset, dio0, dio1 } of [HELTEC_V2, TBEAM_SX1276, RFM95_BREAKOUT])
			assert.equal(new Set([spi.clock, spi.in, spi.out, spi.select, reset, dio0, dio1]).size, 7);
	});
});
