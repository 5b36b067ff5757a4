import { wrong } from "../modules/core/errors.js";

/**
 * Refuses fields that a factory does not know: a misspelt option must not be ignored in silence.
 * @throws {DormouseError} `declaration`
 */
export function onlyFields(chip: string, options: object, known: readonly string[]): void {
	if (typeof options !== "object" || options === null) wrong(chip, options, `{ ${known.join(", ")} }`);
	for (const key of Object.keys(options))
		if (!known.includes(key)) wrong(`${chip}.${key}`, "this field", known.join(", "));
}

/**
 * Refuses a port of another kind. The board's own names are checked when the port is opened.
 * @throws {DormouseError} `declaration`
 */
export function portOf(chip: string, kind: string, port: unknown): string {
	if (typeof port !== "string" || !port.startsWith(`${kind}.`))
		wrong(`${chip}.port`, JSON.stringify(port), `a provider name such as "${kind}.default"`);
	return port;
}

/**
 * A number in a range, both ends included.
 * @throws {DormouseError} `declaration`
 */
export function numberIn(field: string, value: unknown, low: number, high: number, whole = false): number {
	if (typeof value !== "number" || !(value >= low && value <= high) || (whole && !Number.isInteger(value)))
		wrong(field, String(value), `${whole ? "a whole number" : "a number"} from ${low} to ${high}`);
	return value;
}
