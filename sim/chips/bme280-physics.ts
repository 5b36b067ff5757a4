import type { Trim } from "./bme280-trim.js";

/**
 * The chip's transfer functions, in double precision, forwards and backwards. Written from the data sheet's floating-point
 * formulas (BST-BME280-DS002 appendix A, §8.1), on purpose not from the driver's integer code.
 *
 * Each forward function is a quadratic of a quantity that is linear in the raw code, so that backwards is its root.
 */

/** 1/5120 °C of a raw code. */
export function fineOf(raw: number, trim: Readonly<Trim>): number {
	const x = raw / 16_384 - trim.dig_T1 / 1024;
	return x * trim.dig_T2 + (x / 8) * (x / 8) * trim.dig_T3;
}

/** °C of a raw code. */
export function celsiusOf(raw: number, trim: Readonly<Trim>): number {
	return fineOf(raw, trim) / 5120;
}

/** Pa of a raw code. @param fine see {@link fineOf} */
export function pascalOf(raw: number, fine: number, trim: Readonly<Trim>): number {
	const { slope, offset } = pressureLine(fine, trim);
	const p = ((1_048_576 - raw - offset) * 6250) / slope;
	return p + ((trim.dig_P9 * p * p) / 2_147_483_648 + (p * trim.dig_P8) / 32_768 + trim.dig_P7) / 16;
}

/** %RH of a raw code, not clamped. @param fine see {@link fineOf} */
export function percentOf(raw: number, fine: number, trim: Readonly<Trim>): number {
	const { slope, offset } = humidityLine(fine, trim);
	const h = (raw - offset) * slope;
	return h * (1 - (trim.dig_H1 * h) / 524_288);
}

/** The raw code, not rounded, that reads as this temperature; NaN when none does. */
export function rawOfCelsius(celsius: number, trim: Readonly<Trim>): number {
	const x = root(trim.dig_T3 / 64, trim.dig_T2, -5120 * celsius);
	return (x + trim.dig_T1 / 1024) * 16_384;
}

/** The raw code, not rounded, that reads as this pressure; NaN when none does. */
export function rawOfPascal(pascal: number, fine: number, trim: Readonly<Trim>): number {
	const { slope, offset } = pressureLine(fine, trim);
	const p = root(trim.dig_P9 / 34_359_738_368, 1 + trim.dig_P8 / 524_288, trim.dig_P7 / 16 - pascal);
	return 1_048_576 - offset - (p * slope) / 6250;
}

/** The raw code, not rounded, that reads as this humidity; NaN when none does. */
export function rawOfPercent(percent: number, fine: number, trim: Readonly<Trim>): number {
	const { slope, offset } = humidityLine(fine, trim);
	return root(-trim.dig_H1 / 524_288, 1, -percent) / slope + offset;
}

function pressureLine(fine: number, trim: Readonly<Trim>) {
	const t = fine / 2 - 64_000;
	const offset = ((t * t * trim.dig_P6) / 32_768 + t * trim.dig_P5 * 2) / 4 + trim.dig_P4 * 65_536;
	const bend = ((trim.dig_P3 * t * t) / 524_288 + trim.dig_P2 * t) / 524_288;
	return { slope: (1 + bend / 32_768) * trim.dig_P1, offset: offset / 4096 };
}

function humidityLine(fine: number, trim: Readonly<Trim>) {
	const t = fine - 76_800;
	const bend = 1 + (trim.dig_H6 / 67_108_864) * t * (1 + (trim.dig_H3 / 67_108_864) * t);
	return { slope: (trim.dig_H2 / 65_536) * bend, offset: trim.dig_H4 * 64 + (trim.dig_H5 / 16_384) * t };
}

/** The root of ax² + bx + c that stays finite as a goes to 0 (b > 0): the branch on which the chip works. */
function root(a: number, b: number, c: number): number {
	return (-2 * c) / (b + Math.sqrt(b * b - 4 * a * c));
}
