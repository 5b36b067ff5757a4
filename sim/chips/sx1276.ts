import type { Scheduler } from "../scheduler.js";
import type { LoraAir, LoraChannel, LoraShape } from "./lora-air.js";
import { LoraModem } from "./lora-modem.js";
import type { SpiChip } from "./spi-chip.js";

export interface Sx1276Options {
	readonly scheduler: Scheduler;
	readonly air: LoraAir;
	/** RegVersion; 0x12 by default. */
	readonly version?: number;
	/** Nothing is soldered in: the bus floats high. */
	readonly absent?: boolean;
	/** Hears each change of mode, for whoever counts charge. */
	readonly onMode?: (mode: Sx1276Mode, atMs: number) => void;
}
export type Sx1276Mode = "sleep" | "standby" | "fstx" | "tx" | "fsrx" | "rx" | "rxsingle" | "cad";

const MODES: readonly Sx1276Mode[] = ["sleep", "standby", "fstx", "tx", "fsrx", "rx", "rxsingle", "cad"];
/** Source: SX1276/77/78/79 data sheet rev. 7, §2.5.2 (TS_OSC typical, TS_FS), §7.2.2 (reset). */
const OSCILLATOR_MS = 0.25;
const SYNTHESISER_MS = 0.06;
const RAMP_MS = 0.04;
const RESET_MS = 5;
const RESET_PULSE_MS = 0.1;
/** No figure is published; what is seen is below 10 ms. */
const IMAGE_CAL_MS = 8;
/** A look for a preamble takes somewhat less than two symbols (§4.1.6, CAD). */
const CAD_SYMBOLS = 2;
const BANDWIDTHS = [7812.5, 10_416.7, 15_625, 20_833.3, 31_250, 41_666.7, 62_500, 125_000, 250_000, 500_000];
/** Reset values of registers that are not 0: table 41; LoRa's page (§6.4). */
const RESET_LORA: readonly (readonly [number, number])[] = [
	[0x01, 0x09],
	[0x06, 0x6c],
	[0x07, 0x80],
	[0x09, 0x4f],
	[0x0a, 0x09],
	[0x0b, 0x2b],
	[0x0c, 0x20],
	[0x0e, 0x80],
	[0x1d, 0x72],
	[0x1e, 0x70],
	[0x1f, 0x64],
	[0x21, 0x08],
	[0x22, 0x01],
	[0x23, 0xff],
	[0x26, 0x04],
	[0x2f, 0x20],
	[0x31, 0xc3],
	[0x33, 0x27],
	[0x36, 0x03],
	[0x37, 0x0a],
	[0x39, 0x12],
	[0x3b, 0x1d],
	[0x44, 0x2d],
	[0x4b, 0x09],
	[0x4d, 0x84],
];
const RX_TIMEOUT = 0x80;
const RX_DONE = 0x40;
const CRC_ERROR = 0x20;
const VALID_HEADER = 0x10;
const TX_DONE = 0x08;
const CAD_DONE = 0x04;
const CAD_DETECTED = 0x01;
/** Flags at DIO0 and DIO1 by mapping: table 18. */
const DIO0 = [RX_DONE, TX_DONE, CAD_DONE, 0];
const DIO1 = [RX_TIMEOUT, 0, CAD_DETECTED, 0];

/**
 * A Semtech SX1276 by its registers, LoRa mode; of FSK mode only what calibrates the image.
 *
 * What the data sheet forbids (bytes while in reset, the FIFO in sleep, LoRa mode chosen elsewhere than in sleep) goes to
 * {@link violations} and throws.
 * Assumed, as the data sheet does not tell: a broken header in single reception ends it as the time-out does.
 * Not modelled: frequency hopping, DIO2 … DIO5, temperature.
 */
export class Sx1276Chip implements SpiChip {
	onEdge: SpiChip["onEdge"] = () => {};
	/** What the driver did wrong. */
	readonly violations: string[] = [];
	/** Each write, as `register=value` in hexadecimal; the FIFO's as one. */
	readonly log: string[] = [];
	/** Frequencies at which the image was calibrated, in Hz. */
	readonly calibrated: number[] = [];
	readonly #options: Sx1276Options;
	readonly #modem: LoraModem;
	readonly #lora = new Uint8Array(128);
	readonly #fsk = new Uint8Array(128);
	readonly #fifo = new Uint8Array(256);
	#rxAt = 0;
	#readyMs = 0;
	#calibratedMs = 0;
	#lowSince: number | undefined;
	#levels = { dio0: 0 as 0 | 1, dio1: 0 as 0 | 1 };

	constructor(options: Sx1276Options) {
		this.#options = options;
		this.#modem = new LoraModem(options.scheduler, options.air);
		this.powerCycle(options.scheduler.now - 2 * RESET_MS);
	}
	get mode(): Sx1276Mode {
		return MODES[this.#lora[0x01]! & 7]!;
	}
	/** A register of LoRa's page, or common to both. */
	register(address: number): number {
		return this.#lora[address]!;
	}
	powerCycle(nowMs: number): void {
		this.#modem.stop();
		this.#lora.fill(0);
		this.#fsk.fill(0);
		for (const [address, value] of RESET_LORA) this.#lora[address] = value;
		this.#fsk[0x3b] = 0x02;
		this.#lora[0x42] = this.#options.version ?? 0x12;
		this.#lowSince = undefined;
		this.#readyMs = nowMs + RESET_MS;
		this.#options.onMode?.("standby", nowMs); // FSK's, as the reset values say
		this.#lines(nowMs);
	}
	drive(line: string, level: 0 | 1, nowMs: number): void {
		if (line !== "reset") return;
		if (!level) this.#lowSince ??= nowMs;
		else if (this.#lowSince !== undefined) {
			if (nowMs - this.#lowSince < RESET_PULSE_MS) this.#wrong("reset was low for less than 100 µs");
			this.powerCycle(nowMs);
		}
	}
	level(line: string, nowMs: number): 0 | 1 {
		this.#modem.advance(nowMs);
		return line === "dio0" || line === "dio1" ? this.#levels[line] : 0;
	}
	transfer(bytes: Uint8Array, nowMs: number): void {
		if (this.#options.absent) {
			bytes.fill(0xff);
			return;
		}
		this.#modem.advance(nowMs);
		if (this.#lowSince !== undefined || nowMs < this.#readyMs) this.#wrong("SPI while it resets");
		let address = bytes[0]! & 0x7f;
		const write = bytes[0]! >= 0x80;
		bytes[0] = 0;
		if (address === 0) this.#fifoAccess(bytes, write);
		else
			for (let n = 1; n < bytes.length; n++, address = (address + 1) & 0x7f) {
				const value = bytes[n]!;
				bytes[n] = this.#get(address, nowMs);
				if (write) this.#set(address, value, nowMs);
			}
	}

	#wrong(what: string): never {
		this.violations.push(what);
		throw new Error(`SX1276: ${what}`);
	}
	#fifoAccess(bytes: Uint8Array, write: boolean) {
		if (this.mode === "sleep") this.#wrong("the FIFO cannot be reached in sleep");
		let text = "";
		for (let n = 1; n < bytes.length; n++) {
			const at = this.#lora[0x0d]!;
			this.#lora[0x0d] = at + 1;
			if (write) {
				this.#fifo[at] = bytes[n]!;
				text += bytes[n]!.toString(16).padStart(2, "0");
			}
			bytes[n] = this.#fifo[at]!;
		}
		if (write) this.log.push(`00=${text}`);
	}
	/** The page that an address is in: from 0x0D to 0x3F LoRa and FSK have their own. */
	#page(address: number): Uint8Array {
		return address >= 0x0d && address < 0x40 && this.#lora[0x01]! < 0x80 ? this.#fsk : this.#lora;
	}
	#get(address: number, nowMs: number): number {
		if (address === 0x1b && this.mode === "rx") {
			const dbm = this.#modem.rssiDbm(this.#settings(false), nowMs);
			return Math.max(0, Math.min(255, Math.round(dbm - this.#offset)));
		}
		const page = this.#page(address);
		if (address === 0x3b && page === this.#fsk)
			return (page[address]! & 0x9f) | (nowMs < this.#calibratedMs ? 0x20 : 0);
		return page[address]!;
	}
	#set(address: number, value: number, nowMs: number) {
		this.log.push(`${address.toString(16).padStart(2, "0")}=${value.toString(16).padStart(2, "0")}`);
		const page = this.#page(address);
		if (address === 0x01) this.#opMode(value, nowMs);
		else if (address === 0x12 && page === this.#lora)
			page[address]! &= ~value; // written ones clear
		else if (address === 0x3b && page === this.#fsk) {
			page[address] = value & 0x9f;
			if (value & 0x40) {
				if (this.mode !== "standby") this.#wrong("image calibration elsewhere than in standby");
				if (this.#lora[0x09] !== 0) this.#wrong("image calibration with the power amplifier set up");
				this.#calibratedMs = nowMs + IMAGE_CAL_MS;
				this.calibrated.push(this.#frequency);
			}
		} else if (![0x10, 0x13, 0x19, 0x1a, 0x1b, 0x25, 0x42].includes(address)) page[address] = value;
		this.#lines(nowMs);
	}
	#opMode(value: number, nowMs: number) {
		const before = this.#lora[0x01]!;
		if ((before ^ value) & 0x80 && before & 7) this.#wrong("LoRa mode can be changed in sleep only");
		if (!(value & 0x80) && value & 6) this.#wrong("FSK mode is not modelled");
		const asleep = !(before & 7);
		this.#lora[0x01] = value;
		this.#modem.stop();
		const mode = this.mode;
		this.#options.onMode?.(mode, nowMs);
		const readyMs = nowMs + (asleep ? OSCILLATOR_MS : 0) + SYNTHESISER_MS;
		if (mode === "sleep") this.#fifo.fill(0);
		else if (mode === "tx") this.#transmit(readyMs + RAMP_MS);
		else if (mode === "rx" || mode === "rxsingle") this.#receive(mode === "rxsingle", readyMs);
		else if (mode === "cad") {
			this.#modem.detect(this.#settings(false), readyMs, CAD_SYMBOLS, (active, atMs) => {
				this.#standby(CAD_DONE | (active ? CAD_DETECTED : 0), atMs);
			});
		}
	}
	get #frequency(): number {
		const r = this.#lora;
		return Math.round((((r[0x06]! << 16) | (r[0x07]! << 8) | r[0x08]!) * 32e6) / 2 ** 19);
	}
	/** dBm of an RSSI of 0: §5.5.5. */
	get #offset(): number {
		return this.#frequency > 525e6 ? -157 : -164;
	}
	#settings(tx: boolean): LoraChannel & LoraShape & { impaired: boolean } {
		const r = this.#lora;
		const bandwidthHz = BANDWIDTHS[r[0x1d]! >> 4]!;
		const low = this.#frequency <= 525e6;
		if (low !== (r[0x01]! & 8) > 0) this.#wrong("LowFrequencyModeOn does not fit the frequency");
		const inverted = tx ? !(r[0x33]! & 0x01) : (r[0x33]! & 0x40) > 0;
		// Errata 2.1 and 2.3.
		const wide = bandwidthHz === 500_000;
		const sensitive = wide ? r[0x36] === 2 && r[0x3a] === (low ? 0x7f : 0x64) : r[0x36] === 3;
		const clean = wide ? r[0x31]! & 0x80 : !(r[0x31]! & 0x80) && r[0x2f] === 0x40 && r[0x30] === 0;
		return {
			frequencyHz: this.#frequency,
			spreadingFactor: r[0x1e]! >> 4,
			bandwidthHz,
			invertIq: inverted,
			syncWord: r[0x39]!,
			codingRate: (r[0x1d]! >> 1) & 7,
			preambleSymbols: (r[0x20]! << 8) | r[0x21]!,
			implicit: (r[0x1d]! & 1) > 0,
			crc: (r[0x1e]! & 4) > 0,
			lowDataRate: (r[0x26]! & 8) > 0,
			impaired: r[0x3b] !== (inverted ? 0x19 : 0x1d) || (!tx && !(sensitive && clean)),
		};
	}
	/** dBm at the antenna: §5.4.2, §5.4.3. */
	get #powerDbm(): number {
		const config = this.#lora[0x09]!;
		const output = config & 15;
		if (config & 0x80) return output + (this.#lora[0x4d] === 0x87 ? 5 : 2);
		return Math.round(10.8 + 0.6 * ((config >> 4) & 7)) - 15 + output;
	}
	#transmit(startMs: number) {
		const from = this.#lora[0x0e]!;
		const bytes = Uint8Array.from({ length: this.#lora[0x22]! }, (_, n) => this.#fifo[(from + n) & 255]!);
		const what = { ...this.#settings(true), powerDbm: this.#powerDbm };
		this.#modem.transmit(what, bytes, startMs, (atMs) => this.#standby(TX_DONE, atMs));
	}
	#receive(single: boolean, fromMs: number) {
		const r = this.#lora;
		const how = this.#settings(false);
		const symbols = ((r[0x1e]! & 3) << 8) | r[0x1f]!;
		if (single && symbols < 4) this.#wrong("a time-out of fewer than 4 symbols");
		const symbol = (2 ** how.spreadingFactor / how.bandwidthHz) * 1000;
		this.#rxAt = r[0x0f]!;
		this.#modem.receive(how, fromMs, single ? fromMs + symbols * symbol : Number.POSITIVE_INFINITY, "preamble", {
			header: (atMs) => this.#raise(VALID_HEADER, atMs),
			headerError: (atMs) => this.#standby(RX_TIMEOUT, atMs),
			timeout: (atMs) => this.#standby(RX_TIMEOUT, atMs),
			ended: (frame, { kind, rssiDbm, snrDb }, bytes, atMs) => {
				r[0x10] = this.#rxAt;
				for (const byte of bytes) this.#fifo[this.#rxAt++ & 255] = byte;
				r[0x13] = bytes.length;
				r[0x19] = Math.round(snrDb * 4);
				const above = rssiDbm - this.#offset;
				r[0x1a] = Math.max(0, Math.round(snrDb < 0 ? above - snrDb : (above * 15) / 16));
				const flags = RX_DONE | (kind === "payload" && frame.crc ? CRC_ERROR : 0);
				if (single) this.#standby(flags, atMs);
				else this.#raise(flags, atMs);
			},
		});
	}
	#standby(flags: number, atMs: number) {
		this.#modem.stop();
		this.#lora[0x01] = (this.#lora[0x01]! & 0xf8) | 1;
		this.#options.onMode?.("standby", atMs);
		this.#raise(flags, atMs);
	}
	#raise(flags: number, atMs: number) {
		this.#lora[0x12]! |= flags & ~this.#lora[0x11]!;
		this.#lines(atMs);
	}
	#lines(atMs: number) {
		const mapping = this.#lora[0x40]!;
		const flags = this.#lora[0x12]!;
		this.#line("dio0", flags & DIO0[mapping >> 6]! ? 1 : 0, atMs);
		this.#line("dio1", flags & DIO1[(mapping >> 4) & 3]! ? 1 : 0, atMs);
	}
	#line(line: "dio0" | "dio1", level: 0 | 1, atMs: number) {
		if (this.#levels[line] === level) return;
		this.#levels[line] = level;
		this.onEdge(line, level, atMs);
	}
}
