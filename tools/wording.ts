import { decimals, fromScaled } from "../modules/measure/quantity.js";

const GLYPHS: Readonly<Record<string, string>> = Object.freeze({ Cel: "°C", "%RH": "%" });

/** A reading as people write it: `21.53 °C`, with the digits of its resolution; `missing`. @param value scaled */
export function reading(
	value: number | undefined,
	quantity: { readonly unit: string; readonly resolution: number },
): string {
	const unit = GLYPHS[quantity.unit] ?? quantity.unit;
	return value === undefined
		? "missing"
		: `${fromScaled(value, quantity).toFixed(decimals(quantity.resolution))} ${unit}`;
}

/** UTC to the second: `2026-03-01 00:10:00`. @param wallMs since 1970 */
export function stamp(wallMs: number): string {
	return new Date(Math.floor(wallMs)).toISOString().slice(0, 19).replace("T", " ");
}

/** A number for people: thousands divided, two decimals where it is small. */
export function number(value: number): string {
	return value.toLocaleString("en-US", { maximumFractionDigits: value < 100 ? 2 : 0 });
}
