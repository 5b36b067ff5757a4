import { HELTEC_V2, HELTEC_V3 } from "../../net/radio/boards.js";
import { Board, type SpiWiring, type WakeLog } from "../../sim/board.js";
import { OpenAir, timeOnAirMs } from "../../sim/chips/lora-air.js";
import { Sx1262Chip } from "../../sim/chips/sx1262.js";
import { Sx1276Chip } from "../../sim/chips/sx1276.js";
import type { Firmware } from "../../sim/engine/engine.js";
import { VirtualNetwork } from "../../sim/net/virtual.js";
import { Scheduler } from "../../sim/scheduler.js";

/** Runs wakes of firmware that has a radio, with a gateway that answers each first frame one second after its end. */
export function runOnBoard(firmware: Firmware, family: "sx127x" | "sx126x", wakes: number) {
	const scheduler = new Scheduler();
	const air = new OpenAir();
	const logs: WakeLog[] = [];
	let radio: SpiWiring;
	let chip: Sx1262Chip | Sx1276Chip;
	if (family === "sx126x") {
		const { spi, reset, busy, dio1 } = HELTEC_V3;
		chip = new Sx1262Chip({ scheduler, air, tcxoMs: 5 });
		radio = { ...spi, chip, lines: { [reset]: "reset", [busy]: "busy", [dio1]: "dio1" } };
	} else {
		const { spi, reset, dio0, dio1 } = HELTEC_V2;
		chip = new Sx1276Chip({ scheduler, air });
		radio = { ...spi, chip, lines: { [reset]: "reset", [dio0]: "dio0", [dio1]: "dio1" } };
	}
	air.listen({
		frequencyHz: 868_100_000,
		spreadingFactor: 7,
		bandwidthHz: 125_000,
		invertIq: false,
		syncWord: 0x34,
		heard({ frame }) {
			if (frame.bytes.length !== 3) return;
			const startMs = frame.endMs + 1000;
			const down = { ...frame, crc: false, invertIq: true, bytes: Uint8Array.of(9, 8, 7, 6, 5), startMs };
			scheduler.at(startMs, () => air.transmit({ ...down, endMs: startMs + timeOnAirMs(down, 5) }));
		},
	});
	const board = new Board({
		scheduler,
		network: new VirtualNetwork(scheduler, {}),
		firmware,
		chips: [],
		analog: new Map(),
		radio,
		seed: 1,
		identity: new Uint8Array(6),
		settings: {},
		onWake: (log) => logs.push(log),
	});
	board.powerOn();
	while (logs.length < wakes && scheduler.advance(600_000));
	return { logs, air, chip, board };
}
