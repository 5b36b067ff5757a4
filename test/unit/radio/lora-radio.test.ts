import type { LoraSettings } from "../../../net/radio/radio.js";
import { type LoraFrame, type LoraShape, symbolMs, timeOnAirMs } from "../../../sim/chips/lora-air.js";
import * as assert from "../../assert.js";
import { how } from "../../support/radio-rig.js";
import { PLAIN_SX1261, rig126, rig127 } from "../../support/radios.js";

const RATES = [125_000, 250_000, 500_000].flatMap((bandwidthHz) =>
	[7, 8, 9, 10, 11, 12].map((spreadingFactor) => ({ spreadingFactor, bandwidthHz })),
);
/** Where the data sheets want low data rate optimisation. */
const SLOW = ["11 125000", "12 125000", "12 250000"];
const DOWN = { invertIq: true };

/** A gateway's frame. */
function downlink(
	settings: LoraSettings,
	startMs: number,
	bytes: Uint8Array,
	more: Partial<LoraFrame> = {},
): LoraFrame {
	const shape: LoraShape = {
		...settings,
		codingRate: 1,
		implicit: false,
		crc: !settings.invertIq,
		lowDataRate: symbolMs(settings) >= 16,
		...more,
	};
	const endMs = startMs + timeOnAirMs(shape, bytes.length);
	return { ...settings, ...shape, powerDbm: 27, bytes, impaired: false, startMs, endMs, ...more };
}
const payload = (length: number) => Uint8Array.from({ length }, (_, n) => (7 * n + 3) & 0xff);

for (const [name, make] of [
	["sx127x", rig127],
	["sx126x", rig126],
	["sx1261 with a crystal and pins at the switch", () => rig126({}, PLAIN_SX1261)],
] as const) {
	describe(`${name} on its chip's model`, () => {
		/** A radio that is open. */
		const opened = () => {
			const made = make();
			made.rig.radio.open(made.rig.listener);
			return made;
		};
		/** Nothing was done that a data sheet forbids. */
		const sound = ({ chip }: ReturnType<typeof opened>) => assert.deepEqual(chip.violations, []);

		for (const rate of RATES) {
			const label = `SF${rate.spreadingFactor} at ${rate.bandwidthHz / 1000} kHz`;
			it(`transmit: ${label}, on air as asked, done at its end`, () => {
				const made = opened();
				const { rig, air } = made;
				const settings = how({ ...rate, preambleSymbols: 9 });
				const bytes = payload(23);
				rig.radio.transmit(bytes, settings);
				bytes.fill(0); // it has been read
				const told = rig.next()!;
				assert.equal(told.what, "txDone");
				const [frame] = air.frames;
				assert.near(frame!.frequencyHz, 868_100_000, 31);
				assert.deepEqual(
					{ ...frame!, frequencyHz: 0, startMs: 0, endMs: 0 },
					{
						...rate,
						frequencyHz: 0,
						invertIq: false,
						syncWord: 0x34,
						codingRate: 1,
						preambleSymbols: 9,
						implicit: false,
						crc: true,
						lowDataRate: SLOW.includes(`${rate.spreadingFactor} ${rate.bandwidthHz}`),
						powerDbm: 14,
						impaired: false,
						bytes: payload(23),
						startMs: 0,
						endMs: 0,
					},
				);
				assert.equal(told.atMs, frame!.endMs);
				sound(made);
			});
			it(`receive: ${label}, a gateway's frame, whole, at its end`, () => {
				const made = opened();
				const { rig, air } = made;
				const settings = how({ ...rate, ...DOWN });
				const symbol = symbolMs(settings);
				rig.radio.receive(1000, settings, 8);
				// The last moment at which five symbols of preamble are in the window.
				const frame = downlink(settings, 1000 + 3 * symbol - 0.01, payload(33));
				rig.scheduler.at(990, () => air.transmit(frame));
				const told = rig.next()!;
				assert.deepEqual(told, {
					what: "rxDone",
					atMs: frame.endMs,
					bytes: payload(33),
					snrDb: 7.25,
					rssiDbm: -80,
				});
				sound(made);
			});
		}
		for (const symbols of [5, 8, 31, 100, 248, 249, 700, 1023])
			it(`receive: nothing in ${symbols} symbols, listens all of the window and little more`, () => {
				const made = opened();
				const { rig, modes, rx } = made;
				const settings = how({ spreadingFactor: 9, ...DOWN });
				const symbol = symbolMs(settings);
				rig.radio.receive(2000, settings, symbols);
				const told = rig.next()!;
				assert.equal(told.what, "rxTimeout");
				const began = modes.filter(({ mode }) => mode === rx).at(-1)!.atMs;
				assert.ok(began <= 2000 - 0.1 && began > 1996, `began at ${began}`);
				// SX126x: windows in symbols are rounded up to what 5 bits hold.
				const slack = (symbols > 62 && name !== "sx127x" ? 8 : symbols > 31 ? 4 : 2) * symbol + 4;
				const end = 2000 + symbols * symbol;
				const short = symbols === 1023 ? 4 : 0; // the chip cannot wait longer
				assert.ok(told.atMs >= end - short && told.atMs <= end + slack, `ended at ${told.atMs}, not ${end}`);
				sound(made);
			});
		it("receive: asked for a moment that is over, listens at once for all symbols", () => {
			const made = opened();
			const { rig } = made;
			rig.run(100);
			const settings = how({ spreadingFactor: 10, ...DOWN });
			rig.radio.receive(50, settings, 8);
			const { what, atMs } = rig.next()!;
			assert.equal(what, "rxTimeout");
			assert.ok(atMs >= 140 + 8 * symbolMs(settings) && atMs < 180 + 10 * symbolMs(settings), String(atMs));
			sound(made);
		});
		it("receive: far ahead on a board with light sleep, it sleeps for that, and hears a frame at its moment all the same", () => {
			const made = opened();
			const { rig, air } = made;
			rig.io.dozes = [];
			rig.radio.transmit(payload(5), how());
			rig.next();
			const airtimeMs = air.frames[0]!.endMs - air.frames[0]!.startMs;
			assert.equal(rig.io.dozes.length, 1, "while it sends");
			assert.ok(rig.io.dozes[0]! < airtimeMs - 5 && rig.io.dozes[0]! > 0.9 * airtimeMs - 6, `${rig.io.dozes[0]} ms`);
			rig.io.dozes = [];
			const atMs = rig.clock.nowMs() + 5000;
			const frame = downlink(how(DOWN), atMs, Uint8Array.of(1, 2));
			rig.scheduler.at(atMs - 10, () => air.transmit(frame));
			rig.radio.receive(atMs, how(DOWN), 8);
			assert.deepEqual(rig.io.dozes, [], "not before the caller has gone on");
			assert.equal(rig.next()!.what, "rxDone");
			assert.equal(rig.io.dozes.length, 1);
			const [slept] = rig.io.dozes;
			assert.ok(slept! > 4950 && slept! < 4995, `slept ${slept} ms`);
			sound(made);
		});
		it("receive: a moment ahead on a board with light sleep, not worth it", () => {
			const { rig } = opened();
			rig.io.dozes = [];
			rig.run(100);
			rig.radio.receive(rig.clock.nowMs() + 20, how(DOWN), 8);
			rig.next();
			assert.deepEqual(rig.io.dozes, []);
		});
		it("sleep: for so long, and the board sleeps lightly but for its last milliseconds; without a time, or for a moment, not", () => {
			const { rig, chip } = opened();
			rig.run(100);
			rig.io.dozes = [];
			rig.radio.sleep(2000);
			assert.deepEqual(rig.io.dozes, [], "not before the caller has gone on");
			rig.run(10);
			assert.equal(rig.io.dozes.length, 1);
			assert.near(rig.io.dozes[0]!, 1994, 2);
			assert.equal(chip.mode, "sleep");
			rig.run(2000);
			for (const ms of [undefined, 15]) {
				rig.radio.sleep(ms);
				rig.run(50);
			}
			assert.equal(rig.io.dozes.length, 1);
			rig.radio.transmit(payload(5), how());
			assert.equal(rig.next()!.what, "txDone");
		});
		it("sleep: for so long while the chip still starts, and the board sleeps lightly once it is up", () => {
			const { rig, chip } = opened();
			rig.io.dozes = [];
			rig.radio.sleep(8000);
			rig.run(60);
			assert.equal(rig.io.dozes.length, 1);
			assert.ok(rig.io.dozes[0]! > 7900 && rig.io.dozes[0]! < 7995, `${rig.io.dozes[0]} ms`);
			assert.equal(chip.mode, "sleep");
		});
		it("close: at once after open, not even reset, and asleep as before; a moment later, reset for as long as that takes", () => {
			const made = opened();
			const { rig, chip } = made;
			rig.run(100);
			rig.radio.close();
			const before = chip.log.length;
			rig.radio.open(rig.listener);
			rig.radio.close();
			assert.equal(chip.log.length, before);
			assert.equal(chip.mode, "sleep");
			rig.radio.open(rig.listener);
			rig.run(0.02);
			rig.radio.close(); // an SX127x does not hear it so early, and stays in standby until it is opened again
			assert.equal(rig.io.open, 0);
			assert.deepEqual(
				chip.violations.filter((what) => what !== "SPI while it resets"),
				[],
			);
		});
		it("close: its select line is held inactive, until it is opened again", () => {
			const { rig } = opened();
			rig.run(100);
			rig.radio.close();
			assert.deepEqual([...rig.io.parked.values()], [1]);
			rig.radio.open(rig.listener);
			assert.equal(rig.io.parked.size, 0);
		});
		it("receive: far ahead, asleep until then", () => {
			const made = opened();
			const { rig, chip } = made;
			rig.radio.transmit(payload(5), how());
			rig.next();
			rig.radio.receive(5000, how(DOWN), 8);
			rig.run(1000);
			assert.equal(chip.mode, "sleep");
			assert.equal(rig.next()!.what, "rxTimeout");
			sound(made);
		});
		for (const [what, other] of [
			["the other IQ", { invertIq: false }],
			["another sync word", { syncWord: 0x12 }],
			["another frequency", { frequencyHz: 868_300_000 }],
			["another spreading factor", { spreadingFactor: 8 }],
		] as const)
			it(`receive: a frame with ${what}, not heard`, () => {
				const made = opened();
				const { rig, air } = made;
				rig.radio.receive(1000, how(DOWN), 20);
				rig.scheduler.at(990, () => air.transmit(downlink(how({ ...DOWN, ...other }), 1001, payload(9))));
				assert.equal(rig.next()!.what, "rxTimeout");
				sound(made);
			});
		it("receive: IQ not inverted, heard by one that listens so", () => {
			const { rig, air } = opened();
			rig.radio.receive(1000, how(), 20);
			rig.scheduler.at(990, () => air.transmit(downlink(how(), 1001, payload(9))));
			assert.deepEqual(rig.next()!.bytes, payload(9));
		});
		it("receive: a broken payload with a CRC, an error; without one, what came", () => {
			for (const [settings, what] of [
				[how(), "rxError"],
				[how(DOWN), "rxDone"],
			] as const) {
				const { rig, air } = opened();
				air.arrival = { ...air.arrival, kind: "payload" };
				rig.radio.receive(1000, settings, 20);
				rig.scheduler.at(990, () => air.transmit(downlink(settings, 1001, payload(9))));
				assert.equal(rig.next()!.what, what);
			}
		});
		it("receive: weak, below the noise, SNR and RSSI as they are", () => {
			const { rig, air } = opened();
			air.arrival = { kind: "whole", snrDb: -12.5, rssiDbm: -125 };
			rig.radio.receive(1000, how(DOWN), 20);
			rig.scheduler.at(990, () => air.transmit(downlink(how(DOWN), 1001, payload(9))));
			const { snrDb, rssiDbm } = rig.next()!;
			assert.equal(snrDb, -12.5);
			assert.near(rssiDbm!, -125, 1);
		});
		it("receive: frames of 1 and 255 bytes", () => {
			for (const length of [1, 255]) {
				const made = opened();
				const { rig, air } = made;
				rig.radio.receive(1000, how(DOWN), 20);
				rig.scheduler.at(990, () => air.transmit(downlink(how(DOWN), 1001, payload(length))));
				assert.deepEqual(rig.next()!.bytes, payload(length));
				rig.radio.transmit(payload(length), how());
				rig.next();
				assert.deepEqual(air.frames.at(-1)!.bytes, payload(length));
				sound(made);
			}
		});
		it("receive: a preamble without anything behind it, given up after the longest frame, and the next task works", () => {
			const made = opened();
			const { rig, air } = made;
			const settings = how(DOWN);
			rig.radio.receive(1000, settings, 20);
			rig.scheduler.at(990, () => air.transmit(downlink(settings, 1001, payload(9), { implicit: true, endMs: 1e9 })));
			const told = rig.next()!;
			assert.equal(told.what, "rxTimeout");
			assert.ok(told.atMs > 1400 && told.atMs < 2500, String(told.atMs));
			air.frames.length = 0;
			rig.radio.transmit(payload(3), how());
			assert.equal(rig.next()!.what, "txDone");
			sound(made);
		});
		it("receive: low data rate optimisation that is not the sender's, broken; a broken header, nothing or an error", () => {
			const slow = how({ spreadingFactor: 12 });
			for (const [more, kind, outcome] of [
				[{ lowDataRate: false }, "whole", "rxError"],
				[{}, "whole", "rxDone"],
				[{}, "header", name === "sx127x" ? "rxTimeout" : "rxError"],
			] as const) {
				const made = opened();
				const { rig, air } = made;
				air.arrival = { ...air.arrival, kind };
				rig.radio.receive(1000, slow, 20);
				rig.scheduler.at(990, () => air.transmit(downlink(slow, 1001, payload(9), more)));
				assert.equal(rig.next()!.what, outcome);
				sound(made);
			}
		});
		it("detect: with and without a preamble", () => {
			for (const active of [true, false]) {
				const made = opened();
				const { rig, air } = made;
				rig.run(100);
				const settings = how({ spreadingFactor: 10 });
				if (active) air.transmit(downlink(settings, rig.scheduler.now, payload(9), { preambleSymbols: 16 }));
				rig.radio.detect(settings);
				const told = rig.next()!;
				assert.equal(told.what, "detected");
				assert.equal(told.active, active);
				sound(made);
			}
		});
		it("sense: silence, and the loudest of what was there", () => {
			const made = opened();
			const { rig, air } = made;
			rig.radio.sense(868_100_000, 125_000, 5);
			const silent = rig.next()!;
			assert.equal(silent.what, "sensed");
			assert.near(silent.rssiDbm!, -120, 1);
			const now = rig.scheduler.now;
			rig.radio.sense(868_100_000, 125_000, 30);
			rig.scheduler.at(now + 20, () => air.transmit(downlink(how(), now + 20, payload(1), { endMs: now + 24 })));
			const loud = rig.next()!;
			assert.near(loud.rssiDbm!, -80, 1);
			assert.ok(loud.atMs >= now + 30 && loud.atMs < now + 50, String(loud.atMs - now));
			sound(made);
		});
		it("sleep: keeps settings, wakes by the next task without another start", () => {
			const made = opened();
			const { rig, chip, modes } = made;
			rig.radio.transmit(payload(5), how());
			rig.next();
			rig.radio.sleep();
			rig.run(50);
			assert.equal(chip.mode, "sleep");
			assert.equal(rig.timers.open, 0);
			modes.length = 0;
			const from = rig.scheduler.now;
			rig.radio.transmit(payload(5), how());
			const told = rig.next()!;
			assert.equal(told.what, "txDone");
			const on = modes.find(({ mode }) => mode === "tx")!.atMs - from;
			assert.ok(on < 10, `${on} ms until it sends`);
			sound(made);
		});
		it("sleep: and a task in the same moment, which the chip is given time for", () => {
			const made = opened();
			const { rig } = made;
			rig.run(100);
			for (let round = 0; round < 3; round++) {
				rig.radio.transmit(payload(5), how());
				assert.equal(rig.next()!.what, "txDone");
				rig.radio.sleep();
			}
			sound(made);
		});
		it("close: at each moment of its start, asleep all the same", () => {
			// An SX127x hears nothing for 5 ms after its reset: closed then, it stays in standby.
			for (let ms = name === "sx127x" ? 8 : 0.2; ms < 30; ms += 0.7) {
				const made = opened();
				const { rig, chip } = made;
				rig.run(ms);
				rig.radio.close();
				assert.equal(chip.mode, "sleep", `after ${ms} ms`);
				assert.equal(rig.io.open, 0);
				assert.equal(rig.timers.open, 0);
			}
		});
		it("sleep: while a task runs, it ends without an event", () => {
			const made = opened();
			const { rig, chip, air } = made;
			rig.radio.receive(1000, how(DOWN), 20);
			rig.run(965);
			rig.radio.sleep();
			air.transmit(downlink(how(DOWN), rig.scheduler.now, payload(9)));
			rig.run(1000);
			assert.equal(rig.told.length, 0);
			assert.equal(chip.mode, "sleep");
			sound(made);
		});
		it("open: with nothing to do, asleep when it has started", () => {
			const made = opened();
			made.rig.run(100);
			assert.equal(made.chip.mode, "sleep");
			sound(made);
		});
		it("close: every handle, asleep, no event, twice, and open once more", () => {
			const made = opened();
			const { rig, chip } = made;
			rig.radio.transmit(payload(5), how());
			rig.run(35);
			rig.radio.close();
			rig.radio.close();
			assert.equal(rig.io.open, 0);
			assert.equal(rig.timers.open, 0);
			assert.equal(chip.mode, "sleep");
			rig.run(1000);
			assert.equal(rig.told.length, 0);
			assert.throws(() => rig.radio.transmit(payload(5), how()), { code: "closed" });
			rig.radio.open(rig.listener);
			rig.radio.transmit(payload(5), how());
			assert.equal(rig.next()!.what, "txDone");
			sound(made);
		});
		it("close: from inside an event", () => {
			const made = opened();
			const { rig, chip } = made;
			rig.hook = () => rig.radio.close();
			rig.radio.transmit(payload(5), how());
			rig.next();
			rig.run(1000);
			assert.equal(rig.told.length, 1);
			assert.equal(rig.io.open, 0);
			assert.equal(chip.mode, "sleep");
			sound(made);
		});
		it("next task: from inside an event", () => {
			const made = opened();
			const { rig } = made;
			rig.hook = ({ atMs }) => {
				if (rig.told.length === 1) rig.radio.receive(atMs + 1000, how(DOWN), 8);
			};
			rig.radio.transmit(payload(5), how());
			rig.next();
			assert.equal(rig.next()!.what, "rxTimeout");
			sound(made);
		});
		it("misuse: a second task is busy, an unknown rate or length out of range, a closed radio closed", () => {
			const { rig } = make();
			assert.throws(() => rig.radio.detect(how()), { code: "closed" });
			rig.radio.open(rig.listener);
			for (const bad of [{ spreadingFactor: 6 }, { spreadingFactor: 13 }, { bandwidthHz: 62_500 }])
				assert.throws(() => rig.radio.transmit(payload(5), how(bad)), { code: "range" });
			assert.throws(() => rig.radio.transmit(payload(0), how()), { code: "range" });
			assert.throws(() => rig.radio.transmit(new Uint8Array(256), how()), { code: "range" });
			rig.radio.transmit(payload(5), how());
			assert.throws(() => rig.radio.sense(868_100_000, 125_000, 5), { code: "busy" });
			assert.throws(() => rig.radio.open(rig.listener), { code: "busy" });
			assert.equal(rig.next()!.what, "txDone");
		});
		it("time stamps: of the interrupt, however late the callback; of the callback where the platform has none", () => {
			for (const stamps of [true, false]) {
				const { rig, air } = opened();
				rig.io.latencyMs = 30;
				rig.io.stamps = stamps;
				rig.radio.transmit(payload(5), how());
				assert.near(rig.next()!.atMs - air.frames[0]!.endMs, stamps ? 0 : 30, 0.5);
			}
		});
		it("bus: fails at each transfer in turn, one fault, and after closing it works again", () => {
			let failures = 0;
			for (let at = 0; ; at++) {
				const { rig, air } = make();
				rig.io.failAfter = at;
				rig.radio.open(rig.listener);
				rig.radio.transmit(payload(5), how());
				rig.run(3000);
				assert.equal(rig.told.length, 1, `at ${at}`);
				if (rig.told[0]!.what === "txDone") break;
				assert.equal(rig.told[0]!.code, "io");
				failures++;
				rig.io.failAfter = Number.POSITIVE_INFINITY;
				rig.radio.close();
				air.frames.length = 0;
				rig.radio.open(rig.listener);
				rig.radio.transmit(payload(5), how());
				rig.run(3000);
				assert.equal(rig.told[1]?.what, "txDone", `after ${at}`);
			}
			assert.ok(failures >= 20, `only ${failures} transfers`);
		});
		it("interrupt: never comes, timeout", () => {
			const made = opened();
			const { rig, chip } = made;
			rig.run(50);
			chip.onEdge = () => {};
			rig.radio.receive(200, how(DOWN), 8);
			assert.equal(rig.next()!.what, "rxTimeout"); // the flag is there all the same
			sound(made);
		});
	});
}
