import { isUtf8 } from "node:buffer";
import { DormouseError } from "../modules/core/errors.js";
import { readNamed } from "./evidence-key.js";

/**
 * Name and value of `NAME=VALUE` or `NAME=@FILE`, as `--set` takes them. What is said of a bad one does not repeat the value.
 * @throws {DormouseError} `declaration`
 */
export function parseSetting(text: string): [string, string] {
	const [, name, file, value] = /^([A-Za-z][A-Za-z0-9]*)=(?:@([\s\S]+)|([^@][\s\S]*))$/.exec(text) ?? [];
	if (name === undefined) throw new DormouseError("declaration", "--set: NAME=VALUE or NAME=@FILE would be right");
	if (file === undefined) return [name, value!];
	const bytes = readNamed(file, `--set ${name}`);
	// Another encoding would become another password in silence.
	if (!isUtf8(bytes)) throw new DormouseError("declaration", `--set ${name}: ${file} is no UTF-8 text`);
	return [name, bytes.toString("utf8").trim()];
}
