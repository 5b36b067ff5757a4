import { DormouseError } from "../modules/core/errors.js";
import { isSenmlLabel, mustNotMatter, put, type ResolvedSenml, type SenmlRecord } from "./senml.js";

/**
 * Decodes a pack of SenML-JSON (RFC 8428 §5), resolved or not.
 * @throws {DormouseError} as `decodeSenml`
 */
export function parseSenmlJson(text: string): SenmlRecord[] {
	const pack = parsed(text);
	if (!Array.isArray(pack)) throw new DormouseError("type", "a pack is an array");
	return pack.map((fields: unknown, n) => {
		if (typeof fields !== "object" || fields === null || Array.isArray(fields))
			throw new DormouseError("type", `record ${n} is no object`);
		const record: SenmlRecord = {};
		for (const [label, value] of Object.entries(fields)) {
			if (!isSenmlLabel(label)) mustNotMatter(label, n);
			else put(record, label, label === "vd" ? fromBase64(value, n) : value, n);
		}
		return record;
	});
}

/** Writes a pack, or resolved records, as SenML-JSON (RFC 8428 §5), in one line. */
export function senmlJson(pack: readonly (SenmlRecord | ResolvedSenml)[]): string {
	return JSON.stringify(pack, (_, value: unknown) =>
		value instanceof Uint8Array ? Buffer.from(value).toString("base64url") : value,
	);
}

function parsed(text: string): unknown {
	try {
		return JSON.parse(text);
	} catch (error) {
		throw new DormouseError("malformed", (error as Error).message);
	}
}

/** Base64 with a URL-safe alphabet and no padding. Source: RFC 8428 §5, RFC 4648 §5. */
function fromBase64(value: unknown, n: number): Uint8Array {
	if (typeof value !== "string" || !/^[A-Za-z0-9_-]*$/.test(value) || value.length % 4 === 1)
		throw new DormouseError("malformed", `record ${n}: vd is no base64url`);
	return Uint8Array.from(Buffer.from(value, "base64url"));
}
