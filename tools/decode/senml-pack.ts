import type { CollectedRecord, NodeSchema } from "../collector.js";
import { readingsOf } from "../readings.js";
import { SENML_ABSOLUTE, type SenmlRecord } from "../senml.js";

/**
 * Records as a pack of version 10 (RFC 8428), so in primary units: 1013.2 hPa is 101320 Pa, as in what a node sends as
 * SenML. Times are absolute; a reading whose time is not known, or is before those that SenML takes as absolute, has none.
 * @param baseName what names begin with; see `isSenmlName`
 */
export function senmlPack(records: readonly CollectedRecord[], node: NodeSchema, baseName: string): SenmlRecord[] {
	return readingsOf(records, node, true).map(({ name, unit, value, timeMs = 0 }, n) => ({
		...(n === 0 ? { bn: baseName } : {}),
		n: name,
		...(unit === "" ? {} : { u: unit }),
		v: value,
		...(timeMs / 1000 < SENML_ABSOLUTE ? {} : { t: timeMs / 1000 }),
	}));
}
