import { DormouseError } from "../../modules/core/errors.js";

/** How messages are written: `auto` is whichever of hex and base64 it looks like. */
export const FORMS = ["auto", "hex", "base64", "file"] as const;
export type Form = (typeof FORMS)[number];

/** A message, and when it arrived where its line says so. */
export interface Message {
	readonly bytes: Uint8Array;
	/** Milliseconds since 1970. */
	readonly receivedMs: number | undefined;
}

/**
 * Reads a line with one message: hex (blanks, colons and a leading `0x` allowed) or base64 (also its URL-safe form),
 * behind a time of arrival and a blank if it has one. A byte string begins with Q … W in base64 and an array with g … m,
 * and neither does in hex, so that one is never taken for the other.
 * @returns undefined for an empty line and for a comment, which begins with #
 * @throws {DormouseError} `malformed`
 */
export function parseLine(line: string, form: Exclude<Form, "file">): Message | undefined {
	const text = line.trim();
	if (text === "" || text.startsWith("#")) return undefined;
	const [, time, rest] = /^(\d{4}-\d\d-\d\dT\S+)\s+(.+)$/.exec(text) ?? [undefined, undefined, text];
	const receivedMs = time === undefined ? undefined : parseTime(time);
	if (time !== undefined && receivedMs === undefined)
		throw new DormouseError("malformed", `"${time}" is no time; 2026-03-01T12:00:00Z would be right`);
	const compact = rest!.replace(/[\s:]/g, "").replace(/^0x/i, "");
	if (form !== "base64" && /^([0-9a-f]{2})+$/i.test(compact))
		return { bytes: Uint8Array.from(Buffer.from(compact, "hex")), receivedMs };
	const base64 = compact.replace(/=+$/, "");
	if (form !== "hex" && /^[\w+/-]+$/.test(base64) && base64.length % 4 !== 1)
		return { bytes: Uint8Array.from(Buffer.from(base64, "base64")), receivedMs };
	const shown = text.length > 40 ? `${text.slice(0, 40)}…` : text;
	throw new DormouseError("malformed", `"${shown}" is no ${form === "auto" ? "hex and no base64" : form}`);
}

/** @returns milliseconds since 1970; undefined when it is no time */
export function parseTime(text: string): number | undefined {
	const ms = Date.parse(text);
	return Number.isNaN(ms) ? undefined : ms;
}

/** Whether a file's content is text: what nodes send has a length in its first byte and hardly ever looks like this. */
export function isText(content: Uint8Array): boolean {
	return content.every((byte) => (byte >= 0x20 && byte < 0x7f) || byte === 0x0a || byte === 0x0d || byte === 0x09);
}
