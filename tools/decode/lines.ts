import { ResetReason } from "../../modules/core/ports.js";
import { RecordKind } from "../../modules/core/record.js";
import { Start } from "../../modules/cycle/health.js";
import type { CollectedRecord, NodeSchema } from "../collector.js";
import { fieldName, fieldValue, kindName } from "../record-fields.js";
import { nameOf } from "../simulate/output.js";
import { reading, stamp } from "../wording.js";

/** A record as a readable line: time, number, kind, values with their units. */
export function recordLine(record: CollectedRecord, { quantities }: NodeSchema): string {
	const { kind, number, values } = record;
	const texts = values.map((value, n) =>
		kind === RecordKind.sample
			? `${quantities[n]!.name} ${reading(value, quantities[n]!)}`
			: `${fieldName(kind, n)} ${fieldText(kind, n, value!)}`,
	);
	// Of a node's health, counters that are 0 are no news.
	const told = kind === RecordKind.health ? texts.filter((_, n) => n < 2 || values[n] !== 0) : texts;
	return `${timeOf(record).padEnd(19)}  ${kindName(kind)} ${number}  ${told.join("  ")}`.trimEnd();
}

function timeOf({ timed, wallMs, epoch, seconds }: CollectedRecord): string {
	if (timed) return stamp(wallMs);
	return epoch === undefined ? "time unknown" : `epoch ${epoch} + ${seconds} s`;
}

function fieldText(kind: RecordKind, index: number, value: number): string {
	const name = fieldName(kind, index);
	if (kind === RecordKind.health && name === "start") return nameOf(Start, value);
	if (kind === RecordKind.health && name === "resetReason") return nameOf(ResetReason, value);
	if (kind === RecordKind.sync && name === "wall") return stamp(1000 * fieldValue(kind, index, value));
	return String(value);
}
