import { DormouseError } from "../../modules/core/errors.js";
import { RecordKind } from "../../modules/core/record.js";
import type { CollectedRecord, NodeSchema } from "../collector.js";
import { readingsOf } from "../readings.js";
import { kindName } from "../record-fields.js";

/** Tags of each point, by key. */
export type Tags = Readonly<Record<string, string>>;

/** Reads `key=value`. @throws {DormouseError} `declaration` for what line protocol cannot carry */
export function parseTag(text: string): readonly [key: string, value: string] {
	const at = text.indexOf("=");
	const [key, value] = [text.slice(0, at), text.slice(at + 1)];
	// Line protocol has no newlines in tags, no empty ones, and nothing that a backslash before a separator would mean.
	if (at < 1 || value === "" || /[\r\n]|\\$/.test(key) || /[\r\n]|\\$/.test(value) || /^_|^(kind|time)$/.test(key))
		throw new DormouseError("declaration", `--tag ${text}: key=value, such as site=garden, would be right`);
	return [key, value];
}

/** Reads tags. @throws {DormouseError} `declaration` as {@link parseTag}, and for a key that comes twice */
export function parseTags(texts: readonly string[]): Tags {
	const tags = new Map<string, string>();
	for (const text of texts) {
		const [key, value] = parseTag(text);
		if (tags.has(key))
			throw new DormouseError("declaration", `--tag ${text}: "${key}" is given twice; once would be right`);
		tags.set(key, value);
	}
	return Object.fromEntries(tags);
}

/**
 * A record as a point of InfluxDB's line protocol: readings as floats, values of other records as integers beside a tag
 * with their kind, and the record's number. No timestamp where the time is not known: the server then takes its own.
 * @returns a line; nothing for a record that has no field
 * @param measurement the node's name
 * Source: InfluxDB documentation, "Line protocol".
 */
export function influxLine(record: CollectedRecord, node: NodeSchema, measurement: string, tags: Tags): string {
	const isSample = record.kind === RecordKind.sample;
	const all: Tags = isSample ? tags : { ...tags, kind: kindName(record.kind) };
	const keys = Object.keys(all)
		.sort()
		.map((key) => `,${escaped(key)}=${escaped(all[key]!)}`);
	const fields = readingsOf([record], node).map(
		({ name, value }) =>
			`${escaped(isSample ? name : name.slice(name.indexOf(".") + 1))}=${value}${isSample ? "" : "i"}`,
	);
	// A reading of that name would be the same field with another type.
	if (!isSample || node.quantities.every(({ name }) => name !== "number")) fields.push(`number=${record.number}i`);
	if (fields.length === 0) return "";
	const time = record.timed ? ` ${BigInt(Math.floor(record.wallMs)) * 1_000_000n}` : "";
	return `${measurement.replace(/[, ]/g, "\\$&")}${keys.join("")} ${fields.join(",")}${time}\n`;
}

/** A tag's key or value, or a field's key. */
function escaped(text: string): string {
	return text.replace(/[,= ]/g, "\\$&");
}
