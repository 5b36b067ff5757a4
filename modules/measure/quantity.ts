import { wrong } from "../core/errors.js";
import { isUnit, suggestUnit } from "../core/units.js";

/** What is measured, and how it is written as an integer: 21.53 °C at a resolution of 0.01 is 2153. */
export interface Quantity {
	/** Unique within a node; a letter, then letters, digits, `_` or `-`; at most 32. */
	readonly name: string;
	/** SenML unit (RFC 8428 §12.1, RFC 8798). */
	readonly unit: string;
	/** A decimal step such as 0.01, 0.5 or 10: `1`, `2` or `5` times a power of ten. */
	readonly resolution: number;
	/** The range, inclusive, in `unit`. A reading outside is missing and counted, never clamped. */
	readonly low: number;
	readonly high: number;
}

const INT32_MAX = 0x7fff_ffff;

/**
 * Checks a quantity and freezes it.
 * @param where names the field in messages, such as `sensors[0].emit.temperature`
 * @throws {DormouseError} `declaration`, naming the field and what would be right
 */
export function quantity(options: Quantity, where = options.name): Quantity {
	const { name, unit, resolution, low, high } = options;
	if (typeof name !== "string" || !/^[A-Za-z][\w-]{0,31}$/.test(name))
		wrong(`${where}.name`, JSON.stringify(name), "a letter, then up to 31 letters, digits, _ or -");
	if (typeof unit !== "string" || !isUnit(unit)) {
		const meant = typeof unit === "string" ? suggestUnit(unit) : undefined;
		wrong(
			`${where}.unit`,
			JSON.stringify(unit),
			meant ? `"${meant}"` : 'a SenML unit such as "Cel", "%RH", "hPa" or "V"',
		);
	}
	if (typeof resolution !== "number" || !isDecimalStep(resolution))
		wrong(`${where}.resolution`, resolution, "1, 2 or 5 times a power of ten, such as 0.01, 0.5 or 10,");
	if (!Number.isFinite(low) || !Number.isFinite(high) || low >= high)
		wrong(`${where}.range`, `${low} … ${high}`, "two finite numbers, the lower one first,");
	if (Math.max(Math.abs(low), Math.abs(high)) / resolution > INT32_MAX)
		wrong(`${where}.range`, `${low} … ${high}`, `one that fits 32 bits in steps of ${resolution}`);
	return Object.freeze({ name, unit, resolution, low, high });
}

/** The integer that stands for `value`, rounded half away from zero. */
export function toScaled(value: number, q: Quantity): number {
	const steps = scale(value, q.resolution);
	return Math.sign(steps) * Math.round(Math.abs(steps)) + 0; // + 0: no minus zero, which the device does not have
}

/** The number that a scaled integer stands for, free of binary noise: 2153 at 0.01 is 21.53. */
export function fromScaled(scaled: number, q: Pick<Quantity, "resolution">): number {
	return q.resolution < 1 ? scaled / Math.round(1 / q.resolution) : scaled * q.resolution;
}

/** Digits behind the decimal point that the resolution needs: 2 for 0.01, 0 for 10. */
export function decimals(resolution: number): number {
	let digits = 0;
	for (let step = resolution; step < 0.999_999 && digits < 9; step *= 10) digits++;
	return digits;
}

/** Dividing by 0.1 is inexact where multiplying by 10 is not. */
function scale(value: number, resolution: number): number {
	return resolution < 1 ? value * Math.round(1 / resolution) : value / resolution;
}

function isDecimalStep(step: number): boolean {
	if (!(step >= 1e-6 && step <= 1e6)) return false;
	let mantissa = step;
	while (mantissa < 0.999_999) mantissa *= 10;
	while (mantissa > 9.999_99) mantissa /= 10;
	return [1, 2, 5].some((digit) => Math.abs(mantissa - digit) < 1e-6);
}
