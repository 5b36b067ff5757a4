import type { ErrorCode } from "../../modules/core/errors.js";
import type { DigitalIo, DigitalOptions, RadioIo, SpiIo, SpiOptions } from "../../modules/device/io.js";
import type { LoraTransmit, Radio, RadioListener } from "../../net/radio/radio.js";
import type { SpiChip } from "../../sim/chips/spi-chip.js";
import type { Scheduler } from "../../sim/scheduler.js";
import { VirtualTimers } from "./virtual-timers.js";

/** What a digital access takes on an ESP32, in milliseconds: order of magnitude. */
const PIN_MS = 0.01;

/** Something that a radio told. */
export interface Told {
	readonly what: string;
	readonly atMs: number;
	readonly bytes?: Uint8Array;
	readonly snrDb?: number;
	readonly rssiDbm?: number;
	readonly active?: boolean;
	readonly code?: ErrorCode;
}

/** Time, and what host calls have taken of it. */
export class RigClock {
	readonly scheduler: Scheduler;
	#busyUntil = 0;
	constructor(scheduler: Scheduler) {
		this.scheduler = scheduler;
	}
	nowMs(): number {
		return Math.max(this.scheduler.now, this.#busyUntil);
	}
	spend(ms: number): void {
		this.#busyUntil = this.nowMs() + ms;
	}
}

/** SPI and digital pins in front of a chip's model, without a board: what takes time takes it. */
export class RigIo implements RadioIo {
	readonly SPI: RadioIo["SPI"];
	readonly Digital: RadioIo["Digital"];
	/** Handles that are open. */
	open = 0;
	/** Levels of outputs that are no line of the chip's, by pin. */
	readonly outputs = new Map<number, number>();
	/** Whether edges carry their time. */
	stamps = true;
	/** What a callback waits for its turn, in milliseconds. */
	latencyMs = 0;
	/** Where it is set, the platform has light sleep, and this is what it slept, in milliseconds. */
	dozes: number[] | undefined;
	declare readonly doze?: (ms: number) => void;
	/** Levels of pins that are held. */
	readonly parked = new Map<number, number>();
	/** Bus transfers until one fails; never by default. */
	failAfter = Number.POSITIVE_INFINITY;

	constructor(chip: SpiChip, lines: Readonly<Record<number, string>>, clock: RigClock) {
		const rig = this;
		Object.defineProperty(this, "doze", {
			get: () =>
				rig.dozes &&
				((ms: number) => {
					rig.dozes!.push(ms);
					clock.scheduler.skipTo(clock.nowMs() + Math.max(0, ms)); // timers know of it
				}),
		});
		const listeners = new Map<string, (atMs: number) => void>();
		chip.onEdge = (line, level, atMs) => {
			if (level) listeners.get(line)?.(atMs);
		};
		this.SPI = class implements SpiIo {
			readonly #hz: number;
			constructor(options: SpiOptions) {
				rig.open++;
				this.#hz = options.hz;
			}
			transfer(bytes: Uint8Array): void {
				if (rig.failAfter-- <= 0) throw new Error("transfer failed");
				const nowMs = clock.nowMs();
				clock.spend((bytes.length * 8 * 1000) / this.#hz);
				chip.transfer(bytes, nowMs);
			}
			close(): void {
				rig.open--;
			}
		};
		this.Digital = class Digital implements DigitalIo {
			static readonly Input = 0;
			static readonly Output = 8;
			static readonly OutputOpenDrain = 9;
			static readonly Rising = 1;
			edgeMs: number | undefined;
			readonly #line: string | undefined;
			readonly #pin: number;
			#closed = false;
			constructor(options: DigitalOptions) {
				rig.open++;
				this.#pin = options.pin;
				const line = lines[options.pin];
				this.#line = line;
				if (options.mode >= 8) this.write(options.initialValue ?? 0);
				const { onReadable } = options;
				if (line && onReadable && options.edge === Digital.Rising)
					listeners.set(line, (atMs) => {
						if (rig.stamps) this.edgeMs = atMs;
						clock.scheduler.at(Math.max(atMs, clock.nowMs()) + rig.latencyMs, () => {
							if (!this.#closed) onReadable();
						});
					});
			}
			read(): number {
				clock.spend(PIN_MS);
				return this.#line ? chip.level(this.#line, clock.nowMs()) : 0;
			}
			write(value: number): void {
				clock.spend(PIN_MS);
				if (this.#line) chip.drive(this.#line, value ? 1 : 0, clock.nowMs());
				else rig.outputs.set(this.#pin, value);
			}
			close(): void {
				rig.open--;
				this.#closed = true;
			}
		};
	}
	park(pin: number, level: 0 | 1): void {
		this.parked.set(pin, level);
	}
	unpark(): void {
		this.parked.clear();
	}
}

/** A driver on a chip's model, and all that it told. */
export class RadioRig<C extends SpiChip> {
	readonly scheduler: Scheduler;
	readonly chip: C;
	readonly clock: RigClock;
	readonly io: RigIo;
	readonly timers: VirtualTimers;
	readonly told: Told[] = [];
	readonly radio: Radio;
	/** Runs inside of each event. */
	hook: ((told: Told) => void) | undefined;

	constructor(
		chip: C,
		lines: Readonly<Record<number, string>>,
		scheduler: Scheduler,
		make: (io: RadioIo, ports: { clock: RigClock; timers: VirtualTimers }) => Radio,
	) {
		this.scheduler = scheduler;
		this.chip = chip;
		this.clock = new RigClock(scheduler);
		this.io = new RigIo(chip, lines, this.clock);
		this.timers = new VirtualTimers(scheduler);
		this.radio = make(this.io, this);
	}
	readonly listener: RadioListener = {
		txDone: (atMs) => this.#tell({ what: "txDone", atMs }),
		rxDone: (bytes, snrDb, rssiDbm, atMs) => this.#tell({ what: "rxDone", atMs, bytes: bytes.slice(), snrDb, rssiDbm }),
		rxTimeout: (atMs) => this.#tell({ what: "rxTimeout", atMs }),
		rxError: (atMs) => this.#tell({ what: "rxError", atMs }),
		sensed: (rssiDbm, atMs) => this.#tell({ what: "sensed", atMs, rssiDbm }),
		detected: (active, atMs) => this.#tell({ what: "detected", atMs, active }),
		fault: (code) => this.#tell({ what: "fault", atMs: this.clock.nowMs(), code }),
	};
	/** Runs until something is told, or nothing is left to run. @returns what was told */
	next(): Told | undefined {
		const count = this.told.length;
		while (this.told.length === count && this.scheduler.advance());
		return this.told[count];
	}
	/** Runs so many milliseconds. */
	run(ms: number): void {
		const until = this.scheduler.now + ms;
		while (this.scheduler.advance(until));
		this.scheduler.skipTo(until);
	}
	#tell(told: Told) {
		this.told.push(told);
		this.hook?.(told);
	}
}

/** An uplink of LoRaWAN in Europe; what is given replaces it. */
export function how(more: Partial<LoraTransmit> = {}): LoraTransmit {
	return {
		frequencyHz: 868_100_000,
		spreadingFactor: 7,
		bandwidthHz: 125_000,
		invertIq: false,
		preambleSymbols: 8,
		syncWord: 0x34,
		powerDbm: 14,
		...more,
	};
}
