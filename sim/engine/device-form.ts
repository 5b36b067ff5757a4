import { readFileSync } from "node:fs";
import { transform } from "esbuild";
import { plainConstants } from "./plain-constants.js";
import { platformNames, shortNames } from "./short-names.js";
import { slim } from "./slim.js";

/**
 * A bundle as a device gets it: slim, and with names that cost nothing. The simulator runs the same with its names as they
 * were, which its reports tell; a test holds both to equal results.
 * @param code as esbuild writes it
 * @param nodeFile the declaration, whose keys may be names of readings
 * @param project the project's folder
 * @param kept names of members and variables that others outside of the bundle use
 */
export async function deviceForm(
	code: string,
	nodeFile: string,
	project: string,
	kept: readonly string[] = [],
): Promise<string> {
	const marked = slim(code).replace(/^( {2})\/\/ (\S+\.[jt]s)$/gm, "$1//! $2"); // size tells modules apart by these
	const { code: minified } = await transform(marked, {
		target: "es2022",
		charset: "utf8",
		minifyIdentifiers: true,
		legalComments: "inline",
		...(/^export /m.test(marked) ? { format: "esm" as const } : {}),
	});
	const keys = readFileSync(nodeFile, "utf8").match(/[A-Za-z_$][\w$]*(?=\s*[:(,}])/g) ?? [];
	return shortNames(plainConstants(slim(minified)), new Set([...platformNames(project), ...keys, ...kept]));
}
