import { HELTEC_V3, type Sx126xWiring, TBEAM_SX1262 } from "../../../net/radio/boards.js";
import { declareSx126x } from "../../../net/radio/sx126x-driver.js";
import * as assert from "../../assert.js";
import { how } from "../../support/radio-rig.js";
import { PLAIN_SX1261, rig126 } from "../../support/radios.js";

const FRAME = Uint8Array.of(1, 2, 3);
/** Commands of a start with a TCXO of 1.8 V: SX1261/2 data sheet §13.3.6, §9.2, §15.2, §9.6. */
const START = [
	["who is it: the sync word's reset value", "1d 07 40"],
	["STDBY_RC", "80 00"],
	["1.8 V at DIO3, 5 ms in steps of 15.625 µs", "97 02 00 01 40"],
	["the clock's error of the reset is none", "07 00 00"],
	["all calibrations", "89 7f"],
	["is there a clock", "17"],
	["DC-DC, antenna switch at DIO2, LoRa, buffer from 0", "96 01|9d 01|8a 01|8f 00 00"],
	["boosted gain", "0d 08 ac 96"],
	["§15.2: bits 4 … 1 set", "1d 08 d8|0d 08 d8 de"],
	["three registers to retain", "0d 02 9f 03 08 ac 08 89 07 36"],
	["nothing to do: warm sleep", "80 00|84 04"],
] as const;
/** Commands of an uplink at SF12, 868.1 MHz, 14 dBm: §14.2. */
const UPLINK = [
	["woken by select", "wake"],
	["image of 863 … 870 MHz", "98 d7 db"],
	["868.1 MHz", "86 36 41 99 9a"],
	["SF12, 125 kHz, 4/5, low data rate optimisation; §15.1", "8b 0c 04 01 01|1d 08 89|0d 08 89 05"],
	["8 symbols, explicit, 3 bytes, CRC, IQ as it is; §15.4", "8c 00 08 00 03 01 00|1d 07 36|0d 07 36 0d"],
	["public sync word", "0d 07 40 34 44"],
	["amplifier for 14 dBm, 22 of it, 40 µs; 140 mA", "95 02 02 00 01|8e 16 02|0d 08 e7 38"],
	["payload", "0e 00 01 02 03"],
	["TxDone at DIO1", "08 00 01 00 01 00 00 00 00|02 ff ff"],
	["on the crystal, send without a timer", "80 01|83 00 00 00"],
	["what was it, clear it, standby", "12|02 00 01|80 00"],
] as const;
/** Commands of a window of 40 symbols at SF8, 500 kHz, 923.3 MHz: §14.3. */
const WINDOW = [
	["sleep until then", "80 00|84 04|wake"],
	["image of 902 … 928 MHz", "98 e1 e9"],
	["923.3 MHz", "86 39 b4 cc cd"],
	["SF8, 500 kHz, 4/5; §15.1: bit 2 off", "8b 08 06 01 00|1d 08 89|0d 08 89 01"],
	["explicit, up to 255 bytes, IQ inverted; §15.4: bit 2 off", "8c 00 08 00 ff 00 01|1d 07 36|0d 07 36 09"],
	["public sync word", "0d 07 40 34 44"],
	["RxDone, HeaderErr, CrcErr, Timeout at DIO1", "08 02 62 02 62 00 00 00 00|02 ff ff"],
	["on the crystal", "80 01"],
	["46 symbols, 44 rounded up: 23 · 2", "a0 2e|0d 07 06 b8"],
	["single reception without a timer", "9f 00|82 00 00 00"],
	["what was it, clear it, standby", "12|02 02 00|80 00"],
] as const;
const joined = (rows: readonly (readonly [string, string])[]) => rows.map(([, commands]) => commands).join("|");

describe("sx126x driver", () => {
	it("commands: of a start, an uplink and a window, in the data sheet's order", () => {
		const { rig, chip } = rig126();
		rig.radio.open(rig.listener);
		rig.run(60);
		assert.equal(chip.log.join("|"), joined(START));
		chip.log.length = 0;
		rig.radio.transmit(FRAME, how({ spreadingFactor: 12 }));
		const { atMs } = rig.next()!;
		assert.equal(chip.log.join("|"), joined(UPLINK));
		chip.log.length = 0;
		const settings = how({ invertIq: true, bandwidthHz: 500_000, frequencyHz: 923_300_000, spreadingFactor: 8 });
		rig.radio.receive(atMs + 100, settings, 40);
		rig.next();
		assert.equal(chip.log.join("|"), joined(WINDOW));
		assert.deepEqual(chip.violations, []);
	});
	it("a timed window: the timer stops at a preamble, and is stopped after the frame (§15.3)", () => {
		const { rig, chip, air } = rig126();
		const down = how({ invertIq: true });
		rig.radio.open(rig.listener);
		rig.radio.receive(1000, down, 600);
		rig.scheduler.at(1010, () =>
			air.transmit({
				...down,
				codingRate: 1,
				implicit: false,
				crc: false,
				lowDataRate: false,
				bytes: FRAME,
				impaired: false,
				startMs: 1600,
				endMs: 1650,
			}),
		);
		assert.deepEqual(rig.next()!.bytes, FRAME);
		const log = chip.log.join("|");
		assert.ok(log.includes("|a0 00|9f 01|82 00 9"), log); // some 616 ms in steps of 15.625 µs
		assert.ok(log.includes("|0d 09 02 00|1d 09 44|0d 09 44 02|"), log);
		assert.deepEqual(chip.violations, []);
	});
	it("image calibration: once for each band, by the table of the data sheet", () => {
		const { rig, chip } = rig126();
		rig.radio.open(rig.listener);
		for (const [frequencyHz, ...codes] of [
			[430_000_000, 0x6b, 0x6f], // both edges of each band: table 9-2
			[440_000_000, 0x6b, 0x6f],
			[470_000_000, 0x75, 0x81],
			[510_000_000, 0x75, 0x81],
			[779_000_000, 0xc1, 0xc5],
			[787_000_000, 0xc1, 0xc5],
			[863_000_000, 0xd7, 0xdb],
			[870_000_000, 0xd7, 0xdb],
			[902_000_000, 0xe1, 0xe9],
			[928_000_000, 0xe1, 0xe9],
		] as const) {
			rig.radio.transmit(FRAME, how({ frequencyHz }));
			assert.equal(rig.next()!.what, "txDone");
			assert.deepEqual(chip.image, codes);
		}
		assert.equal(chip.log.filter((line) => line.startsWith("98")).length, 5);
	});
	for (const [powerDbm, sx1262, sx1261] of [
		[-30, -9, -17],
		[-9, -9, -9],
		[0, 0, 0],
		[10.9, 10, 10],
		[11, 11, 11],
		[14, 14, 14],
		[15, 15, 15],
		[16, 16, 15],
		[17, 17, 15],
		[18, 18, 15],
		[20, 20, 15],
		[22, 22, 15],
		[30, 22, 15],
	] as const)
		it(`power: ${powerDbm} dBm asked, ${sx1262} of an SX1262, ${sx1261} of an SX1261`, () => {
			for (const [wiring, expected, ocp] of [
				[HELTEC_V3, sx1262, 0x38],
				[PLAIN_SX1261, sx1261, 0x18],
			] as const) {
				const { rig, air, chip } = rig126({}, wiring);
				rig.radio.open(rig.listener);
				rig.radio.transmit(FRAME, how({ powerDbm }));
				rig.next();
				assert.equal(air.frames[0]!.powerDbm, expected);
				assert.equal(chip.register(0x08e7), ocp);
				assert.deepEqual(chip.violations, []);
			}
		});
	it("sleep: a warm start keeps configuration, and the gain by the retention list", () => {
		const { rig, chip } = rig126();
		rig.radio.open(rig.listener);
		rig.radio.transmit(FRAME, how());
		rig.next();
		rig.radio.sleep();
		rig.run(10);
		rig.radio.transmit(FRAME, how());
		assert.equal(rig.next()!.what, "txDone");
		assert.equal(chip.register(0x08ac), 0x96);
		assert.equal(chip.register(0x08d8), 0xde);
		assert.equal(chip.regulator, 1);
		assert.ok(chip.dio2Switch);
		assert.equal(chip.log.filter((line) => line.startsWith("89")).length, 1); // calibrated once
	});
	it("antenna switch by pins: receive, send, neither", () => {
		const { rig } = rig126({}, PLAIN_SX1261);
		const pins = () => [rig.io.outputs.get(20), rig.io.outputs.get(21)];
		rig.radio.open(rig.listener);
		rig.radio.transmit(FRAME, how());
		rig.run(30);
		assert.deepEqual(pins(), [0, 1]);
		rig.next();
		assert.deepEqual(pins(), [0, 0]);
		rig.radio.receive(rig.scheduler.now + 50, how(), 100);
		rig.run(70);
		assert.deepEqual(pins(), [1, 0]);
		rig.radio.close();
	});
	for (const [what, options, code] of [
		["nothing soldered in", { absent: true }, "absent"],
		["registers that read 0", { resetSyncWord: 0 }, "absent"],
		["another chip", { resetSyncWord: 0x1234 }, "identity"],
		["a TCXO that is slower than declared", { tcxoMs: 8 }, "io"],
	] as const)
		it(`start: ${what}, ${code} for each task`, () => {
			const { rig } = rig126(options);
			rig.radio.open(rig.listener);
			rig.radio.transmit(FRAME, how());
			assert.equal(rig.next()!.code, code);
			rig.radio.sense(868_100_000, 125_000, 5);
			assert.equal(rig.next()!.code, code);
			rig.radio.close();
			assert.equal(rig.io.open, 0);
		});
	it("busy: stuck while it works, timeout; closing ends all the same", () => {
		const { rig } = rig126({ stuckFromMs: 100 });
		rig.radio.open(rig.listener);
		rig.run(80);
		rig.radio.transmit(FRAME, how());
		assert.equal(rig.next()!.code, "timeout");
		rig.radio.close();
		assert.equal(rig.io.open, 0);
		assert.equal(rig.timers.open, 0);
	});
	it("interrupt and flags: never come, timeout", () => {
		const { rig, chip } = rig126();
		rig.radio.open(rig.listener);
		rig.run(60);
		rig.radio.transmit(FRAME, how());
		rig.run(20);
		assert.equal(chip.mode, "tx");
		chip.powerCycle(rig.clock.nowMs()); // a brown-out of the radio alone
		assert.equal(rig.next()!.code, "timeout");
		rig.radio.close();
	});
	it("declaration: kinds and powers; boards differ in no pin twice", () => {
		const io = () => rig126().rig.io;
		assert.equal(declareSx126x(HELTEC_V3, io).kind, "sx1262");
		assert.equal(declareSx126x(PLAIN_SX1261, io).highestDbm, 15);
		const boards: readonly Sx126xWiring[] = [HELTEC_V3, TBEAM_SX1262];
		for (const { spi, reset, busy, dio1 } of boards)
			assert.equal(new Set([spi.clock, spi.in, spi.out, spi.select, reset, busy, dio1]).size, 7);
	});
});

describe("sx1262 model", () => {
	const chipAt = () => {
		const { chip, scheduler } = rig126();
		return { chip, now: scheduler.now };
	};
	it("a command while busy: a violation, loudly", () => {
		const { chip, now } = chipAt();
		chip.transfer(Uint8Array.of(0x8f, 0, 0), now);
		assert.throws(() => chip.transfer(Uint8Array.of(0x80, 0), now + 0.0005), { message: "while busy" });
		assert.equal(chip.violations.length, 1);
	});
	it("busy after waking: 340 µs when warm, 3.5 ms when cold", () => {
		for (const [config, ms] of [
			[4, 0.34],
			[0, 3.5],
		] as const) {
			const { chip, now } = chipAt();
			chip.transfer(Uint8Array.of(0x84, config), now);
			assert.equal(chip.level("busy", now + 1), 1);
			chip.transfer(Uint8Array.of(0xc0, 0), now + 1);
			assert.equal(chip.level("busy", now + 1 + ms - 0.01), 1);
			assert.equal(chip.level("busy", now + 1 + ms + 0.01), 0);
		}
	});
	it("asked too early after SetSleep, or to send before it knows how: violations", () => {
		const { chip, now } = chipAt();
		assert.throws(() => chip.transfer(Uint8Array.of(0x8b, 7, 4, 1, 0), now), { message: "before SetPacketType" });
		assert.throws(() => chip.transfer(Uint8Array.of(0x83, 0, 0, 0), now + 1), { message: "before SetPaConfig" });
		chip.transfer(Uint8Array.of(0x84, 4), now + 2);
		assert.throws(() => chip.transfer(Uint8Array.of(0xc0, 0), now + 2.4), { message: "500 µs" });
	});
});
