import type { RadioDeclaration } from "../../net/radio/radio.js";
import type { SpiWiring } from "../board.js";
import type { LoraAir, LoraFrame, LoraReceiver } from "../chips/lora-air.js";
import { Sx1262Chip } from "../chips/sx1262.js";
import { Sx1276Chip } from "../chips/sx1276.js";
import type { Instant, Scheduler } from "../scheduler.js";
import { type RadioMode, type RadioWirings, radioCurrent } from "./currents.js";

/** What a radio did in a span of time. */
export interface RadioUse {
	/** Milliseconds on air, and with the receiver on. */
	readonly sendMs: number;
	readonly listenMs: number;
	/** Microcoulombs in all modes: of sending, of listening, and of all. */
	readonly sendUc: number;
	readonly listenUc: number;
	readonly chargeUc: number;
	/** Frames that it sent, in their order. */
	readonly frames: readonly LoraFrame[];
}

/** A radio as a node declares it, on a simulated board and on the air; it keeps account of what it takes. */
export class WiredRadio {
	readonly wiring: SpiWiring;
	readonly chip: Sx1262Chip | Sx1276Chip;
	/** Hears of each frame that it sends, as it begins. */
	onFrame: (frame: LoraFrame) => void = () => {};
	readonly #declared: RadioWirings;
	#mode: RadioMode = "sleep";
	#since: Instant;
	#powerDbm = 0;
	#use = nothing();
	/** Microcoulombs since the begin. */
	#totalUc = 0;

	constructor(declaration: RadioDeclaration, scheduler: Scheduler, air: LoraAir) {
		const { wiring } = declaration;
		if (!wiring) throw new Error(`a radio of the kind "${declaration.kind}" has no wiring`);
		this.#declared = wiring;
		this.#since = scheduler.now;
		const options = {
			scheduler,
			air: this.#tapped(air),
			onMode: (mode: RadioMode, at: Instant) => this.#enter(mode, at),
		};
		const { spi, reset, rxEnable, txEnable } = wiring;
		const lines: Record<number, string> = { [reset]: "reset" };
		if (rxEnable !== undefined) lines[rxEnable] = "rxEnable";
		if (txEnable !== undefined) lines[txEnable] = "txEnable";
		if ("chip" in wiring) {
			const { chip, tcxo } = wiring;
			this.chip = new Sx1262Chip({ ...options, chip, ...(tcxo ? { tcxoMs: tcxo.startMs } : {}) });
			Object.assign(lines, { [wiring.busy]: "busy", [wiring.dio1]: "dio1" });
		} else {
			this.chip = new Sx1276Chip(options);
			Object.assign(lines, { [wiring.dio0]: "dio0", [wiring.dio1]: "dio1" });
		}
		const { clock, in: input, out, select } = spi;
		this.wiring = { chip: this.chip, clock, in: input, out, select, lines };
	}
	/** What it did since the last call. @param at now */
	take(at: Instant): RadioUse {
		this.#enter(this.#mode, at);
		const use = this.#use;
		this.#use = nothing();
		return use;
	}
	/** Microcoulombs since the begin, as of the last change of mode. */
	get totalUc(): number {
		return this.#totalUc;
	}

	#enter(mode: RadioMode, at: Instant) {
		const ms = Math.max(0, at - this.#since); // the board's time may be ahead of an event's
		const uc = ms * radioCurrent(this.#declared, this.#mode, this.#powerDbm);
		const use = this.#use;
		use.chargeUc += uc;
		this.#totalUc += uc;
		if (this.#mode === "tx") {
			use.sendMs += ms;
			use.sendUc += uc;
		} else if (this.#mode.startsWith("rx") || this.#mode === "cad") {
			use.listenMs += ms;
			use.listenUc += uc;
		}
		this.#mode = mode;
		this.#since = Math.max(this.#since, at);
	}
	#tapped(air: LoraAir): LoraAir {
		return {
			transmit: (frame: LoraFrame) => {
				this.#powerDbm = frame.powerDbm;
				this.#use.frames.push(frame);
				this.onFrame(frame);
				air.transmit(frame);
			},
			listen: (receiver: LoraReceiver) => air.listen(receiver),
			rssiDbm: (frequencyHz, bandwidthHz, atMs) => air.rssiDbm(frequencyHz, bandwidthHz, atMs),
		};
	}
}

function nothing() {
	return { sendMs: 0, listenMs: 0, sendUc: 0, listenUc: 0, chargeUc: 0, frames: [] as LoraFrame[] };
}
