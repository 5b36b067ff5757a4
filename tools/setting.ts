import { DormouseError } from "../modules/core/errors.js";
import { readNamed } from "./evidence-key.js";

/**
 * Name and value of `NAME=VALUE` or `NAME=@FILE`, as `--set` takes them. What is said of a bad one does not repeat the value.
 * @throws {DormouseError} `declaration`
 */
export function parseSetting(text: string): [string, string] {
	const [, name, at, value] = /^([A-Za-z][A-Za-z0-9]*)=(@?)([\s\S]+)$/.exec(text) ?? [];
	if (name === undefined || value === undefined)
		throw new DormouseError("declaration", "--set: NAME=VALUE or NAME=@FILE would be right");
	return [name, at ? readNamed(value, `--set ${name}`).toString("utf8").trim() : value];
}
