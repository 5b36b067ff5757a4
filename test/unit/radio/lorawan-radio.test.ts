import { eu868 } from "../../../net/lorawan/region-eu868.js";
import { HELTEC_V2, HELTEC_V3 } from "../../../net/radio/boards.js";
import { declareSx126x } from "../../../net/radio/sx126x-driver.js";
import { declareSx127x } from "../../../net/radio/sx127x-driver.js";
import { type LoraFrame, OpenAir, symbolMs, timeOnAirMs } from "../../../sim/chips/lora-air.js";
import { Sx1262Chip } from "../../../sim/chips/sx1262.js";
import { Sx1276Chip } from "../../../sim/chips/sx1276.js";
import { Seeded } from "../../../sim/seeded.js";
import * as assert from "../../assert.js";
import { LoraRig } from "../../support/lorawan.js";
import { RigClock, RigIo } from "../../support/radio-rig.js";
import { VirtualTimers } from "../../support/virtual-timers.js";

/** LoRaWAN's MAC on a real driver, on a chip's model, with the naive network server at the other end of the air. */
function join(family: "sx127x" | "sx126x") {
	const rig = new LoraRig(new Seeded(7), { region: eu868 });
	const { scheduler } = rig;
	class Bridge extends OpenAir {
		override transmit(frame: LoraFrame): void {
			super.transmit(frame);
			if (frame.invertIq) return;
			const how = { ...frame, frequencyHz: Math.round(frame.frequencyHz / 100) * 100 };
			const { startMs, endMs, bytes } = frame;
			scheduler.at(endMs, () => rig.air.received({ startMs, airtime: endMs - startMs, how, bytes }));
		}
	}
	const air = new Bridge();
	const send: typeof rig.air.send = (startMs, how, bytes) => {
		const shape = { ...how, codingRate: 1, implicit: false, crc: false, lowDataRate: symbolMs(how) >= 16 };
		const endMs = startMs + timeOnAirMs(shape, bytes.length);
		scheduler.at(startMs, () => air.transmit({ ...shape, powerDbm: 27, impaired: false, bytes, startMs, endMs }));
	};
	Object.defineProperty(rig.air, "send", { value: send }); // on XS its class is frozen, and an assignment would throw
	const clock = new RigClock(scheduler);
	const ports = { clock, timers: new VirtualTimers(scheduler) };
	const chip = family === "sx126x" ? new Sx1262Chip({ scheduler, air, tcxoMs: 5 }) : new Sx1276Chip({ scheduler, air });
	const lines =
		family === "sx126x"
			? { [HELTEC_V3.reset]: "reset", [HELTEC_V3.busy]: "busy", [HELTEC_V3.dio1]: "dio1" }
			: { [HELTEC_V2.reset]: "reset", [HELTEC_V2.dio0]: "dio0", [HELTEC_V2.dio1]: "dio1" };
	const io = new RigIo(chip, lines, clock);
	const open = () => io;
	const declaration = family === "sx126x" ? declareSx126x(HELTEC_V3, open) : declareSx127x(HELTEC_V2, open);
	rig.radio = () => declaration.create(ports);
	return { rig, chip, io, timers: ports.timers };
}

describe("lorawan over a real driver", () => {
	for (const family of ["sx127x", "sx126x"] as const)
		it(`${family}: joins, sends and hears downlinks in both windows; asleep and closed between`, () => {
			const { rig, chip, io, timers } = join(family);
			const heard: string[] = [];
			for (let n = 0; n < 6; n++) {
				rig.queue.push(Uint8Array.of(1, 2, n));
				if (rig.server.session) rig.server.next = { payload: Uint8Array.of(n), window: n % 2 ? 1 : 2 };
				heard.push(...rig.exchange().downlinks);
				assert.equal(io.open, 0);
				assert.equal(timers.open, 0);
				assert.equal(chip.mode, "sleep");
				rig.sleep(600_000);
			}
			assert.deepEqual(chip.violations, []);
			assert.deepEqual(
				rig.server.payloads.map(({ payload }) => payload[2]),
				[0, 1, 2, 3, 4, 5],
			);
			assert.equal(rig.server.strange, 0);
			assert.deepEqual(heard, ["01", "02", "03", "04", "05"]);
		});
});
