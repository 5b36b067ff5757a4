import type { Reading } from "../readings.js";

/** Units that are not RFC 8428's own: a pack with one says so by its version. Source: RFC 8798 §3, table 2. */
const SECONDARY: ReadonlySet<string> = new Set(
	(
		"ms min h MHz kW kVA kvar Ah Wh kWh varh kvarh kVAh Wh/km KiB GB Mbit/s B/s MB/s mV mA dBm ug/m3 mm/h m/h ppm " +
		"/100 /1000 hPa mm cm km km/h"
	).split(" "),
);
/** SenML version 10 with the feature "secondary units", 2^4. Source: RFC 9100 §2 and §6. */
const VERSION_SECONDARY = 26;

/** Whether SenML takes this as (the start of) a name. Source: RFC 8428 §4.5.1. */
export function isSenmlName(name: string): boolean {
	return /^[A-Za-z0-9][A-Za-z0-9\-:./_]*$/.test(name);
}

/**
 * A pack of SenML-JSON (RFC 8428 §5), one line. Times are absolute; a reading whose time is not known has none.
 * @param baseName what names begin with; see {@link isSenmlName}
 */
export function senmlJson(readings: readonly Reading[], baseName: string): string {
	const pack: object[] = readings.map(({ name, unit, value, timeMs }, n) => ({
		...(n === 0 ? { bn: baseName } : {}),
		...(n === 0 && readings.some((one) => SECONDARY.has(one.unit)) ? { bver: VERSION_SECONDARY } : {}),
		n: name,
		...(unit === "" ? {} : { u: unit }),
		v: value,
		...(timeMs === undefined ? {} : { t: timeMs / 1000 }),
	}));
	return JSON.stringify(pack);
}
