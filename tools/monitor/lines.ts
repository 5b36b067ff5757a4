import { RecordKind } from "../../modules/core/record.js";
import { recordLine } from "../decode/lines.js";
import { reading, stamp } from "../wording.js";
import type { FleetEvent, FleetNode, FrameEvent } from "./fleet.js";

/** An event as a readable line. */
export function eventLine(event: FleetEvent): string {
	const { type, atMs, nodeId } = event;
	const head = `${stamp(atMs)}  ${nodeId}`;
	if (type === "problem") return `${head}  not understood: ${event.why}`;
	const { node } = event;
	if (type === "state") {
		const { values, waiting, missed, dropped, failed, sentMs } = event.state;
		const sent = sentMs === undefined ? "" : `; sent ${stamp(sentMs)}`;
		const kept = event.isKept ? "kept state" : "state";
		return `${head}  ${node.name}  ${kept}  ${readings(values, node)}  ${waiting} waited, ${missed} missed, ${dropped} dropped, ${failed} exchanges failed${sent}`;
	}
	const notes: string[] = [];
	if (event.missing > 0) notes.push(`${event.missing} missing`);
	if (event.missing < 0) notes.push(`${-event.missing} came late`);
	if (event.skipped > 0) notes.push(`${event.skipped} numbers skipped at a power loss`);
	if (event.again > 0) notes.push(`${event.again} again`);
	const { records } = event;
	for (const record of records)
		if (record.kind !== RecordKind.sample)
			notes.push(
				recordLine(record, node)
					.replace(/^.*? {2}/, "")
					.replace(/ {2,}/g, " "),
			);
	const newest = records.filter(({ kind }) => kind === RecordKind.sample).at(-1);
	const parts = [head, node.name];
	if (newest) parts.push(readings(newest.values, node));
	parts.push(rangeOf(event), `${event.bytes} B`);
	if (newest) parts.push(newest.timed ? `${span(Math.max(0, atMs - newest.wallMs))} old` : "age unknown");
	return `${parts.join("  ")}${notes.map((note) => `; ${note}`).join("")}`;
}

/** Numbers of a frame's new records: `12`, `1–12`, `none new`. */
export function rangeOf({ records }: FrameEvent): string {
	const [first, last] = [records[0], records.at(-1)];
	if (!first || !last) return "none new";
	return first === last ? `${first.number}` : `${first.number}–${last.number}`;
}

/** The values of a sample, with units. */
export function readings(values: readonly (number | undefined)[], { quantities }: FleetNode): string {
	return values.map((value, n) => reading(value, quantities[n]!)).join("  ");
}

/** A time span to two digits or so: `5 s`, `12 min`, `3.5 h`, `12 d`. */
export function span(ms: number): string {
	const seconds = Math.floor(ms / 1000);
	if (seconds < 120) return `${seconds} s`;
	if (seconds < 7200) return `${Math.floor(seconds / 60)} min`;
	if (seconds < 172_800) return `${(Math.floor(seconds / 360) / 10).toFixed(1)} h`;
	return `${Math.floor(seconds / 86_400)} d`;
}
