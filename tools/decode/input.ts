import { DormouseError } from "../../modules/core/errors.js";

/** How messages are written: `auto` is whichever of hex and base64 it looks like. */
export const FORMS = ["auto", "hex", "base64", "file"] as const;
export type Form = (typeof FORMS)[number];

/** A message, and when it arrived where its line says so. */
export interface Message {
	readonly bytes: Uint8Array;
	/** Milliseconds since 1970. */
	readonly receivedMs: number | undefined;
	/** The MQTT topic that it came on, where its line says so: each is a node of its own. */
	readonly topic: string | undefined;
}

/**
 * Reads a line with one message: hex (blanks, colons and a leading `0x` allowed) or base64 (also its URL-safe form),
 * behind a time of arrival and a topic (a word with a /) if it has them. A byte string begins with Q … W in base64 and an array with g … m,
 * and neither does in hex, so that one is never taken for the other.
 * @returns undefined for an empty line and for a comment, which begins with #
 * @throws {DormouseError} `malformed`
 */
export function parseLine(line: string, form: Exclude<Form, "file">): Message | undefined {
	const text = line.trim();
	if (text === "" || text.startsWith("#")) return undefined;
	const [time, behind] = cut(text, (word) => /^\d{4}-\d\d-\d\dT/.test(word));
	const [topic, rest] = cut(behind, (word) => word.includes("/"));
	const receivedMs = time === undefined ? undefined : parseTime(time);
	if (time !== undefined && receivedMs === undefined)
		throw new DormouseError("malformed", `"${time}" is no time; 2026-03-01T12:00:00Z would be right`);
	// It becomes part of lines, tags and names.
	if (topic !== undefined && /\p{C}|\\$/u.test(topic)) throw new DormouseError("malformed", "the topic is none");
	const compact = rest.replace(/[\s:]/g, "").replace(/^0x/i, "");
	if (form !== "base64" && compact.length % 2 === 0 && !/[^0-9a-f]/i.test(compact))
		return { bytes: Uint8Array.from(Buffer.from(compact, "hex")), receivedMs, topic };
	const base64 = compact.replace(/={1,2}$/, "");
	if (form !== "hex" && !/[^\w+/-]/.test(base64) && base64.length % 4 !== 1)
		return { bytes: Uint8Array.from(Buffer.from(base64, "base64")), receivedMs, topic };
	// Garbage goes to a terminal here: nothing that would command it.
	const shown = (text.length > 40 ? `${text.slice(0, 40)}…` : text).replace(/\p{C}/gu, "\ufffd");
	throw new DormouseError("malformed", `"${shown}" is no ${form === "auto" ? "hex and no base64" : form}`);
}

/** Cuts the first word off where it is of this kind and not the last. Lines may be long: no pattern here backtracks. */
function cut(text: string, isKind: (word: string) => boolean): readonly [word: string | undefined, rest: string] {
	const at = text.search(/\s/);
	const word = text.slice(0, at);
	return at > 0 && isKind(word) ? [word, text.slice(at).trimStart()] : [undefined, text];
}

/** Reads an ISO 8601 date or time. @returns milliseconds since 1970; undefined when it is no time */
export function parseTime(text: string): number | undefined {
	// Date.parse alone takes "1" for a day in 2001.
	const ms = /^\d{4}-\d\d-\d\d(T|$)/.test(text) ? Date.parse(text) : Number.NaN;
	return Number.isNaN(ms) ? undefined : ms;
}

/** Whether a file's content is text: what nodes send has a length in its first byte and hardly ever looks like this. */
export function isText(content: Uint8Array): boolean {
	return content.every((byte) => (byte >= 0x20 && byte < 0x7f) || byte === 0x0a || byte === 0x0d || byte === 0x09);
}
