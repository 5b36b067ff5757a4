import type { SchemaQuantity } from "./schema.js";

/**
 * Secondary units: their symbol, the SenML unit, the numerator and the denominator of the scale, the offset; 1, 1 and 0
 * where left out. Source: RFC 8798 §3, table 2. One text: a table of objects would take many times the flash.
 */
const SECONDARY =
	" ms:s:1:1000 min:s:60 h:s:3600 MHz:Hz:1000000 kW:W:1000 kVA:VA:1000 kvar:var:1000 Ah:C:3600 Wh:J:3600 " +
	"kWh:J:3600000 varh:vars:3600 kvarh:vars:3600000 kVAh:VAs:3600000 Wh/km:J/m:36:10 KiB:B:1024 GB:B:1000000000 " +
	"Mbit/s:bit/s:1000000 B/s:bit/s:8 MB/s:bit/s:8000000 mV:V:1:1000 mA:A:1:1000 dBm:dBW:1:1:-30 " +
	"ug/m3:kg/m3:1:1000000000 mm/h:m/s:1:3600000 m/h:m/s:1:3600 ppm:/:1:1000000 /100:/:1:100 /1000:/:1:1000 hPa:Pa:100 " +
	"mm:m:1:1000 cm:m:1:100 km:m:1000 km/h:m/s:10:36 ";

/** A quantity as SenML has it. A pack of version 10 may have primary units only (RFC 8798 §3), so hPa becomes Pa. */
export interface SenmlQuantity {
	readonly name: string;
	/** A primary unit: RFC 8428 §12.1, RFC 8798 §2. */
	readonly unit: string;
	readonly times: number;
	readonly plus: number;
	readonly over: number;
}

/** How a quantity's scaled integers become values in its primary unit. */
export function senmlQuantity({
	name,
	unit,
	resolution,
}: Pick<SchemaQuantity, "name" | "unit" | "resolution">): SenmlQuantity {
	const at = SECONDARY.indexOf(` ${unit}:`);
	const row = at < 0 ? unit : SECONDARY.slice(at + unit.length + 2).split(" ", 1)[0]!;
	const [primary, numerator = 1, denominator = 1, offset = 0] = row.split(":");
	const over = Number(denominator) * (resolution < 1 ? Math.round(1 / resolution) : 1);
	const times = Number(numerator) * (resolution < 1 ? 1 : resolution);
	return Object.freeze({ name, unit: primary!, times, plus: Number(offset) * over, over });
}

/**
 * The value that a scaled integer stands for, in the primary unit. Both operands of the division are integers, so that it
 * gives the double that is nearest to the decimal number: what a JSON parser makes of its digits (RFC 8428 §6 asks for it).
 */
export function senmlValue(scaled: number, { times, plus, over }: SenmlQuantity): number {
	return (scaled * times + plus) / over;
}

/** The scaled integer that {@link senmlValue} made `value` of; not an integer when there is none. */
export function senmlScaled(value: number, quantity: SenmlQuantity): number {
	const scaled = Math.round((value * quantity.over - quantity.plus) / quantity.times) + 0;
	return senmlValue(scaled, quantity) === value ? scaled : Number.NaN;
}
