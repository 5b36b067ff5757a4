import { fineOf, rawOfCelsius, rawOfPascal, rawOfPercent } from "./bme280-physics.js";
import { storeTrim, type Trim } from "./bme280-trim.js";
import type { I2cChip } from "./i2c-chip.js";

/** What is wrong with the chip: it does not answer, never ends a measurement, or its output reads as 0xff. */
export type Bme280Fault = "absent" | "measuring" | "nonsense";

export interface Bme280ChipOptions {
	/** 0x76 (default) or 0x77. */
	readonly address?: number;
	readonly trim: Readonly<Trim>;
	/** The world at the chip: `temperature` in °C, `humidity` in %RH, `pressure` in hPa; undefined when unknown. */
	readonly read: (phenomenon: string, atMs: number) => number | undefined;
	/** A script of faults by the board's time. */
	readonly fault?: (nowMs: number) => Bme280Fault | undefined;
}

const SLEEP = 0;
const FORCED = 1;
const NORMAL = 3;
/** t_standby by config[7:5], in milliseconds (§5.4.6, table 27). */
const STANDBY_MS = Object.freeze([0.5, 62.5, 125, 250, 500, 1000, 10, 20]);
/** From power-on or reset until the trimming values are copied; the data sheet bounds it by t_startup (§1.1). */
const COPY_MS = 2;
/** What a skipped conversion leaves in the data registers (§5.4.7 … §5.4.9). */
const SKIPPED_20 = 0x80000;
const SKIPPED_16 = 0x8000;
/** Humidity and pressure codes depend on temperature; where the world does not say, it is this. */
const ASSUMED_CELSIUS = 25;

/**
 * A Bosch BME280 by its registers (BST-BME280-DS002 §3, §5, §6.2).
 *
 * - It sees the world at the instant at which a conversion begins. What the world does not know is skipped, which leaves
 *   the reserved code.
 * - Codes are the nearest to the truth that the oversampling can give: temperature and pressure have 16 bits at ×1, one more
 *   with each doubling (§3.4.2, §3.4.3; the filter is off), humidity 16. A code that happens to be the reserved one moves by one.
 * - Truth beyond the converter's range gives the first or last code.
 * - While the trimming values are copied after a reset, their registers read 0 and status has im_update.
 * - Not modelled: the IIR filter, SPI, noise.
 */
export class Bme280Chip implements I2cChip {
	readonly address: number;
	readonly #options: Bme280ChipOptions;
	/** Milliseconds that it converted in forced mode. */
	convertingMs = 0;
	readonly #image = new Uint8Array(256);
	readonly #registers = new Uint8Array(256);
	#pointer = 0;
	/** ctrl_hum as it was when ctrl_meas was written: it takes effect only then (§5.4.3). */
	#hum = 0;
	#mode = SLEEP;
	/** When the running conversion (forced) or the first of a series (normal) began. */
	#beganMs = 0;
	/** Conversions of a normal series whose results were taken over. */
	#done = 0;
	/** ctrl_meas that waits for the running conversion to end; later writes are ignored until then (§3.3.1). */
	#pending = -1;
	#copiedMs = Number.NEGATIVE_INFINITY;

	constructor(options: Bme280ChipOptions) {
		this.#options = options;
		this.address = options.address ?? 0x76;
		storeTrim(options.trim, this.#image);
		this.#image[0xd0] = 0x60;
		this.powerCycle();
	}

	/** Registers return to their reset values. The copy is over by the time that a board can talk to the chip. */
	powerCycle(): void {
		this.#registers.fill(0);
		this.#pointer = 0;
		this.#hum = 0;
		this.#mode = SLEEP;
		this.#pending = -1;
		this.#copiedMs = Number.NEGATIVE_INFINITY;
		this.#store(SKIPPED_20, SKIPPED_20, SKIPPED_16);
	}

	write(bytes: Uint8Array, nowMs: number): boolean {
		if (this.#fault(nowMs) === "absent") return false;
		this.#advance(nowMs);
		// Register and value in turn (§6.2.1); a register alone at the end is where reading goes on.
		for (let at = 0; at + 1 < bytes.length; at += 2) this.#set(bytes[at]!, bytes[at + 1]!, nowMs);
		if (bytes.length % 2) this.#pointer = bytes[bytes.length - 1]!;
		return true;
	}

	read(into: Uint8Array, nowMs: number): boolean {
		const fault = this.#fault(nowMs);
		if (fault === "absent") return false;
		this.#advance(nowMs);
		for (let at = 0; at < into.length; at++) {
			const register = this.#pointer;
			this.#pointer = (register + 1) & 0xff;
			into[at] = this.#get(register, nowMs, fault);
		}
		return true;
	}

	#fault(nowMs: number): Bme280Fault | undefined {
		return this.#options.fault?.(nowMs);
	}

	#get(register: number, nowMs: number, fault: Bme280Fault | undefined): number {
		const copying = nowMs < this.#copiedMs;
		if (register === 0xf3) return (fault === "measuring" || this.#isMeasuring(nowMs) ? 8 : 0) | (copying ? 1 : 0);
		if (register >= 0xf7 && register <= 0xfe && fault === "nonsense") return 0xff;
		const trimming = (register >= 0x88 && register <= 0xa1) || (register >= 0xe1 && register <= 0xf0);
		if (trimming) return copying ? 0 : this.#image[register]!;
		return register === 0xd0 ? this.#image[register]! : this.#registers[register]!;
	}

	#set(register: number, value: number, nowMs: number): void {
		if (register === 0xe0 && value === 0xb6) {
			this.powerCycle();
			this.#copiedMs = nowMs + COPY_MS;
		} else if (register === 0xf2) this.#registers[0xf2] = value & 7;
		else if (register === 0xf4) {
			if (!this.#isMeasuring(nowMs)) this.#control(value, nowMs);
			else if (this.#pending < 0) this.#pending = value;
		} else if (register === 0xf5 && this.#mode !== NORMAL) this.#registers[0xf5] = value; // §5.4.6: else ignored
	}

	#control(value: number, nowMs: number): void {
		this.#registers[0xf4] = value;
		this.#hum = this.#registers[0xf2]!;
		const mode = value & 3;
		this.#mode = mode === 2 ? FORCED : mode;
		this.#beganMs = nowMs;
		this.#done = 0;
		if (this.#mode === FORCED) this.convertingMs += this.#activeMs;
	}

	/** Typical time of a conversion in milliseconds: appendix B, §9.1. */
	get #activeMs(): number {
		const t = times(this.#registers[0xf4]! >> 5);
		const p = times((this.#registers[0xf4]! >> 2) & 7);
		const h = times(this.#hum);
		return 1 + 2 * t + (p && 2 * p + 0.5) + (h && 2 * h + 0.5);
	}
	get #periodMs(): number {
		return this.#activeMs + STANDBY_MS[this.#registers[0xf5]! >> 5]!;
	}

	#isMeasuring(nowMs: number): boolean {
		if (this.#mode === SLEEP) return false;
		const since = nowMs - this.#beganMs;
		return (this.#mode === NORMAL ? since % this.#periodMs : since) < this.#activeMs;
	}

	/** Catches up with time: results of what has ended, then a change of mode that waited for it. */
	#advance(nowMs: number): void {
		while (this.#mode !== SLEEP) {
			const active = this.#activeMs;
			const period = this.#periodMs;
			if (this.#pending >= 0) {
				const endMs = this.#beganMs + (this.#mode === NORMAL ? this.#done * period : 0) + active;
				if (nowMs < endMs) return;
				this.#convert(endMs - active);
				const value = this.#pending;
				this.#pending = -1;
				this.#control(value, endMs);
			} else if (this.#mode === FORCED) {
				if (nowMs < this.#beganMs + active) return;
				this.#convert(this.#beganMs);
				this.#mode = SLEEP;
				this.#registers[0xf4]! &= 0xfc;
			} else {
				const done = Math.floor((nowMs - this.#beganMs - active) / period) + 1;
				if (done <= this.#done) return;
				this.#convert(this.#beganMs + (done - 1) * period); // without a filter only the last one matters
				this.#done = done;
				return;
			}
		}
	}

	#convert(atMs: number): void {
		const { trim, read } = this.#options;
		const ctrl = this.#registers[0xf4]!;
		const celsius = known(read("temperature", atMs));
		const rawT = code(rawOfCelsius(celsius ?? ASSUMED_CELSIUS, trim), 20, ctrl >> 5 || 1);
		const fine = fineOf(rawT, trim);
		const hPa = (ctrl >> 2) & 7 ? known(read("pressure", atMs)) : undefined;
		const percent = this.#hum ? known(read("humidity", atMs)) : undefined;
		this.#store(
			hPa === undefined ? SKIPPED_20 : code(rawOfPascal(hPa * 100, fine, trim), 20, (ctrl >> 2) & 7),
			celsius === undefined || !(ctrl >> 5) ? SKIPPED_20 : rawT,
			percent === undefined ? SKIPPED_16 : code(rawOfPercent(percent, fine, trim), 16, 5),
		);
	}

	#store(pressure: number, temperature: number, humidity: number): void {
		const r = this.#registers;
		for (const [at, raw] of [
			[0xf7, pressure],
			[0xfa, temperature],
		] as const) {
			r[at] = raw >> 12;
			r[at + 1] = (raw >> 4) & 0xff;
			r[at + 2] = (raw & 15) << 4;
		}
		r[0xfd] = humidity >> 8;
		r[0xfe] = humidity & 0xff;
	}
}

/** Conversions of an osrs field: 0, 1, 2, 4, 8, 16; the codes above 5 are ×16 as well. */
function times(osrs: number): number {
	return osrs === 0 ? 0 : 2 ** (Math.min(osrs, 5) - 1);
}

function known(value: number | undefined): number | undefined {
	return value === undefined || Number.isNaN(value) ? undefined : value;
}

/**
 * The nearest code that a converter of `bits` gives at an osrs field, and never the reserved one (the middle).
 * @param raw not rounded; NaN when no code reads as the truth: humidity far above 100 %, pressure far below 0, and there the
 * last code is the nearest
 */
function code(raw: number, bits: 16 | 20, osrs: number): number {
	const step = 2 ** (5 - Math.min(osrs, 5));
	const top = 2 ** bits - step;
	const wish = Number.isNaN(raw) ? top : raw;
	const nearest = Math.min(top, Math.max(0, Math.round(wish / step) * step));
	if (nearest !== 2 ** (bits - 1)) return nearest;
	return wish < nearest ? nearest - 1 : nearest + 1;
}
