import type { Phenomenon, World } from "./world.js";

export interface ModelOptions {
	readonly seed: number;
	/** Default 2026-03-01T00:00:00Z. */
	readonly startMs?: number;
	/** Volts at the start; default 4.12. */
	readonly batteryVolts?: number;
	/** Volts lost in a day; default 0.001. */
	readonly batteryFallPerDay?: number;
	/** Volts gained by each degree above 20 °C; default 0. */
	readonly batteryPerDegree?: number;
}

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const YEAR = 365.2425 * DAY;
const START = Date.UTC(2026, 2, 1);

/**
 * A made-up but plausible mid-latitude place: a yearly and a daily course of temperature, weather that comes and goes over
 * days, humidity that falls as it gets warmer, pressure that wanders. Each value is a function of seed and instant only:
 * asking in another order, or twice, changes nothing.
 *
 * About: temperature −20 … 40 °C, humidity 12 … 99 %RH, pressure 975 … 1050 hPa, battery falling in a straight line to 0.
 */
export class Model implements World {
	readonly startMs: number;
	readonly lengthMs = Number.POSITIVE_INFINITY;
	readonly #options: ModelOptions;

	constructor(options: ModelOptions) {
		this.#options = options;
		this.startMs = options.startMs ?? START;
	}

	at(phenomenon: Phenomenon, ms: number): number | undefined {
		switch (phenomenon) {
			case "temperature":
				return this.#celsius(ms);
			case "humidity":
				return this.#percent(ms);
			case "pressure":
				return this.#hectopascal(ms);
			case "battery":
				return this.#volts(ms);
			default:
				return undefined;
		}
	}

	/** Without the daily course and the short fluctuations. */
	#slowCelsius(ms: number): number {
		const year = (2 * Math.PI * (this.startMs + ms - Date.UTC(2026, 0, 20))) / YEAR; // coldest about 20 January
		return 10 - 9 * Math.cos(year) + 6 * this.#noise(1, ms, 3.5 * DAY);
	}
	#celsius(ms: number): number {
		const cloud = 0.5 + 0.5 * this.#noise(2, ms, 1.5 * DAY);
		const day = (2 * Math.PI * (this.startMs + ms - 15 * HOUR)) / DAY; // warmest about 15:00
		return this.#slowCelsius(ms) + (6 - 4.5 * cloud) * Math.cos(day) + 0.6 * this.#noise(3, ms, 0.7 * HOUR);
	}
	#percent(ms: number): number {
		const warmer = this.#celsius(ms) - this.#slowCelsius(ms);
		const damp = 0.5 - 0.2 * warmer + 1.1 * this.#noise(4, ms, 2 * DAY) + 0.1 * this.#noise(5, ms, 0.9 * HOUR);
		return 12 + 87 / (1 + Math.exp(-damp));
	}
	#hectopascal(ms: number): number {
		const tide = 0.5 * Math.cos((4 * Math.PI * (this.startMs + ms - 10 * HOUR)) / DAY); // twice a day, about 10 and 22
		return 1013.25 + 20 * this.#noise(6, ms, 4 * DAY) + 5 * this.#noise(7, ms, 1.2 * DAY) + tide;
	}
	#volts(ms: number): number {
		const { batteryVolts = 4.12, batteryFallPerDay = 0.001, batteryPerDegree = 0 } = this.#options;
		const warmth = batteryPerDegree === 0 ? 0 : batteryPerDegree * (this.#celsius(ms) - 20);
		return Math.max(0, batteryVolts - (batteryFallPerDay * ms) / DAY + warmth);
	}

	/** Value noise, −1 … 1: a hash at each multiple of `period`, and a smooth curve between. */
	#noise(lane: number, ms: number, period: number): number {
		const cell = Math.floor(ms / period);
		const x = ms / period - cell;
		const smooth = x * x * x * (x * (6 * x - 15) + 10);
		const before = hash(this.#options.seed, lane, cell);
		return before + (hash(this.#options.seed, lane, cell + 1) - before) * smooth;
	}
}

/** −1 … 1 of three integers: the finalizer of MurmurHash3 (public domain, by Austin Appleby) over a mix of them. */
function hash(seed: number, lane: number, cell: number): number {
	let h = Math.imul(seed, 0x9e3779b1) ^ Math.imul(lane, 0x85ebca77) ^ Math.imul(cell, 0xc2b2ae3d);
	for (let round = 0; round < 2; round++) {
		h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
		h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
		h = (h ^ (h >>> 16)) + lane;
	}
	return (h >>> 0) / 0x7fff_ffff - 1;
}
