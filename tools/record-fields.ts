import { RecordKind } from "../modules/core/record.js";
import { HEALTH_FIELDS } from "../modules/cycle/health.js";
import { nameOf } from "./simulate/output.js";

/** Names of the values of records that are no samples, by the name of their kind. */
export const RECORD_FIELDS: Readonly<Record<string, readonly string[]>> = Object.freeze({
	health: HEALTH_FIELDS,
	sync: Object.freeze(["wall", "epoch", "seconds"]),
});

/** The name of a record's kind: `sample`, `alarm`, `command`, `health`, `sync`. */
export function kindName(kind: RecordKind): string {
	return nameOf(RecordKind, kind);
}

/** The name of value `index` of a record that is no sample; `field0` and so on where it has none. */
export function fieldName(kind: RecordKind, index: number): string {
	return RECORD_FIELDS[kindName(kind)]?.[index] ?? `field${index}`;
}

/** What value `index` of such a record says: a sync record's wall time is unsigned, beyond 2038. */
export function fieldValue(kind: RecordKind, index: number, value: number): number {
	return kind === RecordKind.sync && index === 0 ? value >>> 0 : value;
}
