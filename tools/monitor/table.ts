import { HEALTH_FIELDS } from "../../modules/cycle/health.js";
import type { Fleet, FleetMember } from "./fleet.js";
import { readings, span } from "./lines.js";

const HEAD = ["node", "is", "last seen", "due", "readings", "number", "missing", "again", "health"];
/** What a sleep clock may go wrong until the next message. */
const SLACK = 0.05;

/** When the next message of a node is due, in milliseconds since 1970; undefined when it cannot be known. */
export function dueMs({ node, seenMs }: FleetMember): number | undefined {
	if (!node || seenMs === undefined) return undefined;
	return seenMs + 1000 * node.everySeconds * node.uplink.batch;
}

/** The fleet as a table, a row a node, as wide as it needs. */
export function table(fleet: Fleet, nowMs: number): string[] {
	const rows = [HEAD, ...fleet.members.map((member) => row(member, nowMs))];
	const widths = HEAD.map((_, column) => Math.max(...rows.map((cells) => cells[column]!.length)));
	return rows.map((cells) =>
		cells
			.map((cell, column) => cell.padEnd(widths[column]!))
			.join("  ")
			.trimEnd(),
	);
}

function row(member: FleetMember, nowMs: number): string[] {
	const { nodeId, node, seenMs, values, number, missing, again, problems } = member;
	const due = dueMs(member);
	return [
		nodeId,
		node?.name ?? "unknown",
		seenMs === undefined ? "not yet" : `${span(nowMs - seenMs)} ago`,
		due === undefined || seenMs === undefined ? "" : dueText(due, due - seenMs, node!.uplink.deadlineMs, nowMs),
		node ? readings(values, node) : "",
		number ? String(number) : "",
		String(missing),
		String(again),
		[healthOf(member), problems ? `${problems} not understood` : ""].filter((part) => part).join(", "),
	];
}

function dueText(due: number, interval: number, deadlineMs: number, nowMs: number): string {
	if (nowMs <= due) return `in ${span(due - nowMs)}`;
	return nowMs - due <= SLACK * interval + deadlineMs ? "now" : `overdue ${span(nowMs - due)}`;
}

/** Counters that are not 0, from the newest that tells them. */
function healthOf({ state, health }: FleetMember): string {
	const told: string[] = [];
	if (state) {
		const { waiting, missed, dropped, failed } = state;
		for (const [name, count] of Object.entries({ waited: waiting, missed, dropped, failed }))
			if (count > 0) told.push(`${name} ${count}`);
	} else
		health?.forEach((value, n) => {
			if (n >= 2 && value) told.push(`${HEALTH_FIELDS[n] ?? `field${n}`} ${value}`);
		});
	return told.join(", ");
}
