import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { transform } from "esbuild";
import { commonError } from "./common-error.js";
import { plain } from "./plain.js";
import { sharedLocals } from "./shared-locals.js";
import { platformNames, shortNames } from "./short-names.js";
import { slim } from "./slim.js";

/** Files whose names are ours to shorten: the firmware's, and the simulator's shims. */
const FIRMWARE = /^(main\.ts$|modules\/|net\/|sensors\/|sim\/)/;

/**
 * A bundle as a device gets it: slim, in words that take few bytes of bytecode, and with names that cost nothing. The
 * simulator runs the same with its names as they were, which its reports tell; a test holds both to equal results.
 * @param code as esbuild writes it
 * @param inputs paths of all files in it, from the project's folder; what is not the firmware's own may name keys as it likes
 * @param project the project's folder
 * @param kept names of members and variables that others outside of the bundle use
 */
export async function deviceForm(
	code: string,
	inputs: readonly string[],
	project: string,
	kept: readonly string[] = [],
): Promise<string> {
	const marked = sharedLocals(plain(slim(code))).replace(/^( {2})\/\/ (\S+\.[jt]s)$/gm, "$1//! $2"); // size tells modules apart by these
	const { code: minified } = await transform(marked, {
		target: "es2022",
		charset: "utf8",
		minifyIdentifiers: true,
		legalComments: "inline",
		...(/^export /m.test(marked) ? { format: "esm" as const } : {}),
	});
	const names = new Set([...platformNames(project), ...kept]);
	for (const path of inputs.filter((each) => !FIRMWARE.test(each)))
		for (const name of readFileSync(resolve(project, path), "utf8").match(/[A-Za-z_$][\w$]*/g) ?? []) names.add(name);
	return shortNames(commonError(slim(minified)), names);
}
