import { HELTEC_V2, HELTEC_V3, type Sx126xWiring, type Sx127xWiring } from "../../net/radio/boards.js";
import { declareSx126x } from "../../net/radio/sx126x-driver.js";
import { declareSx127x } from "../../net/radio/sx127x-driver.js";
import { OpenAir } from "../../sim/chips/lora-air.js";
import { Sx1262Chip, type Sx1262Options } from "../../sim/chips/sx1262.js";
import { Sx1276Chip, type Sx1276Options } from "../../sim/chips/sx1276.js";
import { Scheduler } from "../../sim/scheduler.js";
import { RadioRig } from "./radio-rig.js";

/** When a chip was in which mode. */
export type Modes = { mode: string; atMs: number }[];

/** A driver of the SX127x family on a chip's model in an air without loss. */
export function rig127(more: Partial<Sx1276Options> = {}, wiring: Sx127xWiring = HELTEC_V2) {
	const scheduler = new Scheduler();
	scheduler.skipTo(40); // the board has booted
	const air = new OpenAir();
	const modes: Modes = [];
	const onMode = (mode: string, atMs: number) => modes.push({ mode, atMs });
	const chip = new Sx1276Chip({ scheduler, air, onMode, ...more });
	const lines = { [wiring.reset]: "reset", [wiring.dio0]: "dio0", [wiring.dio1]: "dio1" };
	const rig = new RadioRig(chip, lines, scheduler, (io, ports) => declareSx127x(wiring, () => io).create(ports));
	return { rig, chip, air, modes, rx: "rxsingle", scheduler };
}

/** The same of the SX126x family; a board with a TCXO unless told otherwise. */
export function rig126(more: Partial<Sx1262Options> = {}, wiring: Sx126xWiring = HELTEC_V3) {
	const scheduler = new Scheduler();
	scheduler.skipTo(40);
	const air = new OpenAir();
	const modes: Modes = [];
	const onMode = (mode: string, atMs: number) => modes.push({ mode, atMs });
	const tcxo = wiring.tcxo ? { tcxoMs: wiring.tcxo.startMs } : {};
	const chip = new Sx1262Chip({ scheduler, air, onMode, chip: wiring.chip, ...tcxo, ...more });
	const lines = { [wiring.reset]: "reset", [wiring.busy]: "busy", [wiring.dio1]: "dio1" };
	const rig = new RadioRig(chip, lines, scheduler, (io, ports) => declareSx126x(wiring, () => io).create(ports));
	return { rig, chip, air, modes, rx: "rx", scheduler };
}

/** A board with a crystal and pins at its antenna switch. */
export const PLAIN_SX1261: Sx126xWiring = Object.freeze({
	chip: "sx1261",
	spi: HELTEC_V3.spi,
	reset: 12,
	busy: 13,
	dio1: 14,
	dio2Switch: false,
	dcdc: false,
	rxEnable: 20,
	txEnable: 21,
});
