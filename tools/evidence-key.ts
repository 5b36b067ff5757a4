import { readFileSync } from "node:fs";
import { fromHex } from "../modules/core/bytes.js";
import { DormouseError } from "../modules/core/errors.js";
import { KEY_BYTES } from "../modules/store/chain.js";

const LONGEST = 64;

/**
 * A key from its hexadecimal digits; space around them is nothing. What is said of a bad one does not repeat it.
 * @param where it was given, such as `--key`
 * @throws {DormouseError} `declaration`
 */
export function parseKey(text: string, where: string): Uint8Array {
	let key = new Uint8Array(0);
	try {
		key = new Uint8Array(fromHex(text.replace(/\s/g, "")));
	} catch (error) {
		if (!(error instanceof DormouseError)) throw error;
	}
	if (key.length < KEY_BYTES || key.length > LONGEST || key.every((byte) => byte === key[0]))
		throw new DormouseError(
			"declaration",
			`${where}: ${2 * KEY_BYTES} to ${2 * LONGEST} random hexadecimal digits would be right, 64 are best`,
		);
	return key;
}

/** Text of a file that a user named. @throws {DormouseError} `declaration` when it cannot be read */
export function readNamed(file: string, where: string): Buffer {
	try {
		return readFileSync(file);
	} catch (error) {
		throw new DormouseError("declaration", `${where}: ${(error as Error).message}`);
	}
}
