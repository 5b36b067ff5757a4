import { RecordKind } from "../../modules/core/record.js";
import { fromScaled } from "../../modules/measure/quantity.js";
import { fieldName, fieldValue, kindName } from "../record-fields.js";
import type { FleetEvent, FleetNode } from "./fleet.js";

/** An event as one JSON object: `frame`, `state` or `problem`. Missing readings are null, as are times that are not known. */
export function eventJson(event: FleetEvent): string {
	const { type, atMs, nodeId } = event;
	const head = { type, time: time(atMs), nodeId };
	if (type === "problem") return JSON.stringify({ ...head, problem: event.why });
	const { node } = event;
	if (type === "state") {
		const { values, sentMs, ...counts } = event.state;
		const sent = sentMs === undefined ? null : time(sentMs);
		return JSON.stringify({
			...head,
			node: node.name,
			kept: event.isKept,
			values: valuesOf(node, values),
			...counts,
			sent,
		});
	}
	const { records, again, missing, skipped, bytes } = event;
	return JSON.stringify({
		...head,
		node: node.name,
		bytes,
		again,
		missing,
		skipped,
		records: records.map(({ number, kind, timed, wallMs, values }) => ({
			number,
			kind: kindName(kind),
			time: timed ? time(wallMs) : null,
			values:
				kind === RecordKind.sample
					? valuesOf(node, values)
					: Object.fromEntries(values.map((value, n) => [fieldName(kind, n), fieldValue(kind, n, value!)])),
		})),
	});
}

function time(ms: number): string {
	return new Date(ms).toISOString();
}

function valuesOf({ quantities }: FleetNode, values: readonly (number | undefined)[]): Record<string, number | null> {
	return Object.fromEntries(
		values.map((value, n) => [quantities[n]!.name, value === undefined ? null : fromScaled(value, quantities[n]!)]),
	);
}
