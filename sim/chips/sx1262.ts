import type { Scheduler } from "../scheduler.js";
import type { LoraAir, LoraChannel, LoraShape } from "./lora-air.js";
import { LoraModem } from "./lora-modem.js";
import type { SpiChip } from "./spi-chip.js";

export interface Sx1262Options {
	readonly scheduler: Scheduler;
	readonly air: LoraAir;
	/** Which of the two; the SX1262 by default. */
	readonly chip?: "sx1261" | "sx1262";
	/** The board has a TCXO at DIO3 that takes so long to start, in milliseconds. */
	readonly tcxoMs?: number;
	/** What 0x0740 holds after a reset; 0x1424. */
	readonly resetSyncWord?: number;
	/** Nothing is soldered in: the bus floats high, and so does the busy line. */
	readonly absent?: boolean;
	/** The busy line never falls from some time on. */
	readonly stuckFromMs?: number;
	/** Hears each change of mode, for whoever counts charge. */
	readonly onMode?: (mode: Sx1262Mode, atMs: number) => void;
}
export type Sx1262Mode = "sleep" | "rc" | "xosc" | "fs" | "rx" | "tx" | "cad";

/** Chip modes in the status byte: table 13-76. */
const STATUS: Readonly<Record<Sx1262Mode, number>> = { sleep: 0, rc: 2, xosc: 3, fs: 4, rx: 5, tx: 6, cad: 5 };
/** Busy after a change of mode, in milliseconds: table 8-2 (typical). */
const COLD_MS = 3.5;
const WARM_MS = 0.34;
const TO_XOSC_MS = 0.031;
const RC_TO_TX_MS = 0.126;
const XOSC_TO_TX_MS = 0.105;
const RC_TO_RX_MS = 0.083;
const XOSC_TO_RX_MS = 0.062;
/** Busy after any other command: below 1 µs; for registers somewhat more. */
const COMMAND_MS = 0.001;
/** All calibrations (§13.1.12); for the image alone no figure is published. */
const CALIBRATE_MS = 3.5;
const IMAGE_MS = 2;
/** After SetSleep, the chip does not hear select for so long (§9.3). */
const DEAF_MS = 0.5;
const RESET_PULSE_MS = 0.1;
const BANDWIDTHS = [7_812.5, 15_625, 31_250, 62_500, 125_000, 250_000, 500_000, 0, 10_416.7, 20_833.3, 41_666.7];
const TX_DONE = 0x0001;
const RX_DONE = 0x0002;
const PREAMBLE = 0x0004;
const HEADER_VALID = 0x0010;
const HEADER_ERR = 0x0020;
const CRC_ERR = 0x0040;
const CAD_DONE = 0x0080;
const CAD_DETECTED = 0x0100;
const TIMEOUT = 0x0200;
const XOSC_START_ERR = 0x20;
/** Reset values of registers in use: table 12-1, §15. */
const RESET: readonly (readonly [number, number])[] = [
	[0x0736, 0x0d],
	[0x0740, 0x14],
	[0x0741, 0x24],
	[0x0889, 0x01],
	[0x08ac, 0x94],
	[0x08d8, 0xc8],
	[0x08e7, 0x18],
];
/** Registers that a warm start sets back unless they are in the retention list (§9.6, §15.1, §15.4). */
const VOLATILE = [0x0736, 0x0889, 0x08ac];

/**
 * A Semtech SX1262 or SX1261 by its opcodes, LoRa packets.
 *
 * What the data sheet forbids (a command while busy or in reset, sleep from elsewhere than standby, sending without packet
 * type or power amplifier) goes to {@link violations} and throws.
 * Source: SX1261/2 data sheet rev. 2.1, sections where they are used. Assumed: a broken header in single reception ends it.
 * Not modelled: FSK, duty-cycled reception, DIO2's and DIO3's interrupts, temperature.
 */
export class Sx1262Chip implements SpiChip {
	onEdge: SpiChip["onEdge"] = () => {};
	/** What the driver did wrong. */
	readonly violations: string[] = [];
	/** Each command in hexadecimal, without what was read. */
	readonly log: string[] = [];
	readonly #options: Sx1262Options;
	readonly #modem: LoraModem;
	readonly #buffer = new Uint8Array(256);
	#registers = new Map<number, number>();
	#mode: Sx1262Mode = "rc";
	#warm = false;
	#sleptMs = Number.NEGATIVE_INFINITY;
	#busyUntil = 0;
	#lowSince: number | undefined;
	#dio1: 0 | 1 = 0;
	#irq = 0;
	#irqMask = 0;
	#dio1Mask = 0;
	#errors = 0;
	#hasClock = false;
	#tcxoSetMs = 0;
	#packetType = 0;
	#frequency = 0;
	#modulation: readonly number[] = [];
	#packet: readonly number[] = [];
	#pa: readonly number[] = [];
	#power = 0;
	#txBase = 0;
	#rxBase = 0;
	#symbols = 0;
	#stopOnPreamble = false;
	#cad: readonly number[] = [];
	#received = { length: 0, start: 0, rssi: 0, snr: 0 };
	/** Codes of the image calibration in force. */
	image: readonly number[] = [];
	regulator = 0;
	dio2Switch = false;

	constructor(options: Sx1262Options) {
		this.#options = options;
		this.#modem = new LoraModem(options.scheduler, options.air);
		this.powerCycle(options.scheduler.now - COLD_MS);
	}
	get mode(): Sx1262Mode {
		return this.#mode;
	}
	/** A register; 0 where nothing was written and no reset value is known. */
	register(address: number): number {
		return this.#registers.get(address) ?? 0;
	}
	powerCycle(nowMs: number): void {
		this.#modem.stop();
		this.#forget();
		this.#lowSince = undefined;
		this.#enter("rc", nowMs, COLD_MS);
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
		if (line === "busy") {
			const { absent, stuckFromMs = Number.POSITIVE_INFINITY } = this.#options;
			return absent || nowMs >= stuckFromMs || this.#isBusy(nowMs) ? 1 : 0;
		}
		this.#modem.advance(nowMs);
		return line === "dio1" ? this.#dio1 : 0;
	}
	transfer(bytes: Uint8Array, nowMs: number): void {
		if (this.#options.absent) {
			bytes.fill(0xff);
			return;
		}
		this.#modem.advance(nowMs);
		const op = bytes[0]!;
		const name = `0x${op.toString(16)}`;
		if (this.#lowSince !== undefined) this.#wrong(`${name} while it resets`);
		if (this.#mode === "sleep") {
			if (nowMs - this.#sleptMs < DEAF_MS) this.#wrong(`select within 500 µs of SetSleep`);
			if (!this.#warm) this.#forget();
			else this.#retain();
			this.#enter("rc", nowMs, this.#warm ? WARM_MS : COLD_MS);
			this.log.push("wake");
			bytes.fill(0);
			return;
		}
		if (this.#isBusy(nowMs)) this.#wrong(`${name} while busy`);
		this.#busyUntil = nowMs + COMMAND_MS;
		const status = (STATUS[this.#mode] << 4) | 2;
		const told = bytes.slice();
		bytes.fill(status);
		const read = this.#command(op, told, bytes, nowMs);
		this.log.push(hex(read === undefined ? told : told.subarray(0, read)));
	}

	#wrong(what: string): never {
		this.violations.push(what);
		throw new Error(`SX1262: ${what}`);
	}
	#isBusy(nowMs: number): boolean {
		return this.#mode === "sleep" || this.#lowSince !== undefined || nowMs < this.#busyUntil;
	}
	#enter(mode: Sx1262Mode, nowMs: number, busyMs: number) {
		this.#mode = mode;
		this.#busyUntil = nowMs + busyMs;
		this.#options.onMode?.(mode, nowMs);
	}
	#forget() {
		const { resetSyncWord = 0x1424, tcxoMs } = this.#options;
		this.#registers = new Map(RESET);
		this.#registers.set(0x0740, resetSyncWord >> 8);
		this.#registers.set(0x0741, resetSyncWord & 0xff);
		this.#irq = this.#irqMask = this.#dio1Mask = 0;
		this.#hasClock = tcxoMs === undefined;
		this.#errors = this.#hasClock ? 0 : XOSC_START_ERR; // §13.3.6
		this.#tcxoSetMs = 0;
		this.#packetType = this.#frequency = this.#power = this.#txBase = this.#rxBase = this.#symbols = 0;
		this.#modulation = this.#packet = this.#pa = this.#cad = this.image = [];
		this.#stopOnPreamble = this.dio2Switch = false;
		this.regulator = 0;
	}
	#retain() {
		const count = this.register(0x029f);
		const kept = Array.from(
			{ length: count },
			(_, n) => (this.register(0x02a0 + 2 * n) << 8) | this.register(0x02a1 + 2 * n),
		);
		for (const [address, value] of RESET)
			if (VOLATILE.includes(address) && !kept.includes(address)) this.#registers.set(address, value);
	}
	/** @returns how many bytes were the command's own, when it was one that reads */
	#command(op: number, told: Uint8Array, out: Uint8Array, nowMs: number): number | undefined {
		const [, a = 0, b = 0, c = 0, d = 0] = told;
		const parameters = Array.from(told.subarray(1));
		switch (op) {
			case 0xc0:
				return 1;
			case 0x02:
				this.#irq &= ~((a << 8) | b);
				this.#lines(nowMs);
				return undefined;
			case 0x07:
				this.#errors = 0;
				return undefined;
			case 0x08:
				this.#irqMask = (a << 8) | b;
				this.#dio1Mask = (c << 8) | d;
				this.#lines(nowMs);
				return undefined;
			case 0x0d:
				for (let n = 3; n < told.length; n++) this.#registers.set(((a << 8) | b) + n - 3, told[n]!);
				return undefined;
			case 0x1d:
				for (let n = 4; n < told.length; n++) out[n] = this.register(((a << 8) | b) + n - 4);
				return 3;
			case 0x0e:
				for (let n = 2; n < told.length; n++) this.#buffer[(a + n - 2) & 255] = told[n]!;
				return undefined;
			case 0x1e:
				for (let n = 3; n < told.length; n++) out[n] = this.#buffer[(a + n - 3) & 255]!;
				return 2;
			case 0x12:
				out[2] = this.#irq >> 8;
				out[3] = this.#irq & 0xff;
				return 1;
			case 0x13:
				out[2] = this.#received.length;
				out[3] = this.#received.start;
				return 1;
			case 0x14:
				out[2] = this.#received.rssi;
				out[3] = this.#received.snr;
				if (out.length > 4) out[4] = this.#received.rssi;
				return 1;
			case 0x15:
				out[2] = this.#mode === "rx" ? Math.round(-2 * this.#modem.rssiDbm(this.#settings(), nowMs)) & 0xff : 0xff;
				return 1;
			case 0x17:
				out[2] = this.#errors >> 8;
				out[3] = this.#errors & 0xff;
				return 1;
			case 0x80:
				this.#modem.stop();
				if (a === 0) this.#enter("rc", nowMs, COMMAND_MS);
				else if (this.#clock(nowMs)) this.#enter("xosc", nowMs, TO_XOSC_MS + this.#tcxoStart());
				return undefined;
			case 0x84:
				if (this.#mode !== "rc" && this.#mode !== "xosc") this.#wrong("SetSleep elsewhere than in standby");
				this.#warm = (a & 4) > 0;
				this.#sleptMs = nowMs;
				this.#enter("sleep", nowMs, 0);
				return undefined;
			case 0x86:
				this.#frequency = Math.round((((a << 24) | (b << 16) | (c << 8) | d) * 32e6) / 2 ** 25);
				return undefined;
			case 0x88:
				this.#cad = parameters;
				return undefined;
			case 0x89:
				if (this.#mode !== "rc") this.#wrong("Calibrate elsewhere than in STDBY_RC");
				if (this.#clock(nowMs)) this.#busyUntil = nowMs + CALIBRATE_MS + this.#tcxoStart();
				return undefined;
			case 0x8a:
				if (this.#mode !== "rc" && this.#mode !== "xosc") this.#wrong("SetPacketType elsewhere than in standby");
				this.#packetType = a;
				return undefined;
			case 0x8b:
				if (this.#packetType !== 1) this.#wrong("SetModulationParams before SetPacketType"); // §14.4
				this.#modulation = parameters;
				return undefined;
			case 0x8c:
				if (this.#modulation.length === 0) this.#wrong("SetPacketParams before SetModulationParams"); // §14.4
				this.#packet = parameters;
				return undefined;
			case 0x8e:
				this.#power = (a << 24) >> 24;
				return undefined;
			case 0x8f:
				[this.#txBase, this.#rxBase] = [a, b];
				return undefined;
			case 0x95: {
				const low = this.#options.chip === "sx1261";
				if (c !== (low ? 1 : 0) || d !== 1) this.#wrong("SetPaConfig for another chip"); // §13.1.14
				if (low ? a > 7 : a > 4 || b > 7) this.#wrong("SetPaConfig that can damage the chip");
				this.#pa = parameters;
				this.#registers.set(0x08e7, low ? 0x18 : 0x38);
				return undefined;
			}
			case 0x96:
				this.regulator = a;
				return undefined;
			case 0x97:
				if (this.#mode !== "rc") this.#wrong("SetDio3AsTcxoCtrl elsewhere than in STDBY_RC");
				this.#tcxoSetMs = ((b << 16) | (c << 8) | d) / 64;
				return undefined;
			case 0x98:
				if (this.#mode !== "rc" && this.#mode !== "xosc") this.#wrong("CalibrateImage elsewhere than in standby");
				if (this.#clock(nowMs)) {
					this.image = [a, b];
					this.#enter("rc", nowMs, IMAGE_MS + this.#tcxoStart());
				}
				return undefined;
			case 0x9d:
				this.dio2Switch = a === 1;
				return undefined;
			case 0x9f:
				this.#stopOnPreamble = a === 1;
				return undefined;
			case 0xa0:
				this.#symbols = a;
				return undefined;
			case 0x82:
				this.#receive((a << 16) | (b << 8) | c, nowMs);
				return undefined;
			case 0x83:
				this.#transmit(nowMs);
				return undefined;
			case 0xc5:
				this.#detect(nowMs);
				return undefined;
			default:
				return this.#wrong(`0x${op.toString(16)} is no opcode that is modelled`);
		}
	}
	/** Whether there are 32 MHz: from a crystal always, from a TCXO once DIO3 feeds it for long enough. */
	#clock(_nowMs: number): boolean {
		const { tcxoMs } = this.#options;
		this.#hasClock = tcxoMs === undefined || this.#tcxoSetMs >= tcxoMs;
		if (!this.#hasClock) this.#errors |= XOSC_START_ERR;
		return this.#hasClock;
	}
	/** A TCXO is off in STDBY_RC, and the chip waits for as long as it was told. */
	#tcxoStart(): number {
		return this.#mode === "rc" ? this.#tcxoSetMs : 0;
	}
	#settings(): LoraChannel & LoraShape & { impaired: boolean } {
		if (this.#packet.length < 6) this.#wrong("a task before SetPacketParams");
		const [spreadingFactor = 0, bandwidth = 0, codingRate = 0, lowDataRate] = this.#modulation;
		const [high = 0, low = 0, header, , crc, iq] = this.#packet;
		const first = this.register(0x0740);
		const second = this.register(0x0741);
		const invertIq = iq === 1;
		return {
			frequencyHz: this.#frequency,
			spreadingFactor,
			bandwidthHz: BANDWIDTHS[bandwidth]!,
			codingRate,
			lowDataRate: lowDataRate === 1,
			preambleSymbols: (high << 8) | low,
			implicit: header === 1,
			crc: crc === 1,
			invertIq,
			syncWord: (first & 0xf0) | (second >> 4),
			// §15.4; §15.1 is the sender's.
			impaired: (this.register(0x0736) & 4) > 0 === invertIq,
		};
	}
	/** dBm at the antenna: table 13-21. */
	get #powerDbm(): number {
		const [duty, hpMax] = this.#pa;
		if (this.#options.chip === "sx1261") return (duty === 6 ? 15 - 14 : duty === 4 ? 0 : 10 - 13) + this.#power;
		return (hpMax === 7 ? 0 : hpMax === 5 ? -2 : hpMax === 3 ? -5 : -8) + this.#power;
	}
	#start(mode: Sx1262Mode, fromRc: number, fromXosc: number, nowMs: number): number | undefined {
		if (this.#packetType !== 1) this.#wrong("a task before SetPacketType");
		if (!this.#clock(nowMs)) return undefined;
		this.#modem.stop();
		const busyMs = this.#mode === "rc" ? fromRc + this.#tcxoStart() : fromXosc;
		this.#enter(mode, nowMs, busyMs);
		return nowMs + busyMs;
	}
	#transmit(nowMs: number) {
		if (this.#pa.length === 0) this.#wrong("SetTx before SetPaConfig");
		const startMs = this.#start("tx", RC_TO_TX_MS, XOSC_TO_TX_MS, nowMs);
		if (startMs === undefined) return;
		const settings = this.#settings();
		const bytes = Uint8Array.from({ length: this.#packet[3]! }, (_, n) => this.#buffer[(this.#txBase + n) & 255]!);
		const spoiled = (this.register(0x0889) & 4) > 0 === (settings.bandwidthHz === 500_000); // §15.1
		const what = { ...settings, powerDbm: this.#powerDbm, impaired: settings.impaired || spoiled };
		this.#modem.transmit(what, bytes, startMs, (atMs) => this.#standby(TX_DONE, atMs));
	}
	#receive(timer: number, nowMs: number) {
		const fromMs = this.#start("rx", RC_TO_RX_MS, XOSC_TO_RX_MS, nowMs);
		if (fromMs === undefined) return;
		const how = this.#settings();
		const single = timer !== 0xff_ffff;
		const symbol = (2 ** how.spreadingFactor / how.bandwidthHz) * 1000;
		const bySymbols = single && this.#symbols > 0 ? fromMs + this.#symbols * symbol : Number.POSITIVE_INFINITY;
		const byTimer = single && timer > 0 ? fromMs + timer / 64 : Number.POSITIVE_INFINITY;
		const until = this.#stopOnPreamble || bySymbols <= byTimer ? "preamble" : "header";
		this.#modem.receive(how, fromMs, Math.min(bySymbols, byTimer), until, {
			preamble: (atMs) => this.#raise(PREAMBLE, atMs),
			header: (atMs) => this.#raise(HEADER_VALID, atMs),
			headerError: (atMs) => this.#standby(HEADER_ERR, atMs),
			timeout: (atMs) => this.#standby(TIMEOUT, atMs),
			ended: (frame, { kind, rssiDbm, snrDb }, bytes, atMs) => {
				for (let n = 0; n < bytes.length; n++) this.#buffer[(this.#rxBase + n) & 255] = bytes[n]!;
				this.#received = {
					length: bytes.length,
					start: this.#rxBase,
					rssi: Math.round(-2 * rssiDbm) & 0xff,
					snr: Math.round(snrDb * 4) & 0xff,
				};
				const flags = RX_DONE | (kind === "payload" && frame.crc ? CRC_ERR : 0);
				if (single) this.#standby(flags, atMs);
				else this.#raise(flags, atMs);
			},
		});
	}
	#detect(nowMs: number) {
		if (this.#cad.length < 7) this.#wrong("SetCad before SetCadParams");
		const fromMs = this.#start("cad", RC_TO_RX_MS, XOSC_TO_RX_MS, nowMs);
		if (fromMs === undefined) return;
		this.#modem.detect(this.#settings(), fromMs, 1 << this.#cad[0]!, (active, atMs) =>
			this.#standby(CAD_DONE | (active ? CAD_DETECTED : 0), atMs),
		);
	}
	#standby(flags: number, atMs: number) {
		this.#modem.stop();
		this.#enter("rc", atMs, COMMAND_MS);
		this.#raise(flags, atMs);
	}
	#raise(flags: number, atMs: number) {
		this.#irq |= flags & this.#irqMask;
		this.#lines(atMs);
	}
	#lines(atMs: number) {
		const level = this.#irq & this.#dio1Mask ? 1 : 0;
		if (level === this.#dio1) return;
		this.#dio1 = level;
		this.onEdge("dio1", level, atMs);
	}
}

function hex(bytes: Uint8Array): string {
	return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join(" ");
}
