import { writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { DormouseError } from "../../modules/core/errors.js";
import { loadNode } from "../node-file.js";
import { generateCodec, TARGETS, type Target } from "./generate.js";

const HELP = `A decoder of a node's frames, as one JavaScript file without dependencies (ECMAScript 5.1).

  dormouse codec --for ttn|chirpstack [options]

  --for TARGET  ttn: The Things Stack (decodeUplink, normalizeUplink)
                chirpstack: ChirpStack v4 (decodeUplink) and v3 (Decode)
  --node FILE   a node's declaration (nodes/weather.ts); several make one file that knows them all
  --out FILE    where the file goes (standard output)
  --help        this text

Paste the file where the network server wants its payload formatter or codec. Generate it again when the declaration's
period, batch or readings change: frames of another declaration are refused. docs/wire.md tells what it gives.
`;

/**
 * `dormouse codec`.
 * @returns the exit status
 * @throws {DormouseError} what the user can mend
 */
export async function codec(args: readonly string[]): Promise<number> {
	const values = parse(args);
	if (values.help) {
		process.stdout.write(HELP);
		return 0;
	}
	const target = values.for;
	if (target === undefined || !TARGETS.some((one) => one === target))
		throw new DormouseError(
			"declaration",
			`--for${target === undefined ? "" : ` ${target}`}: ${TARGETS.join(" or ")} would be right`,
		);
	const nodes = [];
	for (const file of values.node ?? ["nodes/weather.ts"]) nodes.push(await loadNode(file));
	const { code, notices } = generateCodec(nodes, target as Target);
	for (const notice of notices) process.stderr.write(`Note: ${notice}.\n`);
	if (values.out === undefined) process.stdout.write(code);
	else
		try {
			writeFileSync(values.out, code);
		} catch (error) {
			throw new DormouseError("declaration", `--out ${values.out}: ${(error as Error).message}`);
		}
	return 0;
}

function parse(args: readonly string[]) {
	try {
		return parseArgs({
			args: [...args],
			options: {
				for: { type: "string" },
				node: { type: "string", multiple: true },
				out: { type: "string" },
				help: { type: "boolean", short: "h" },
			},
		}).values;
	} catch (error) {
		const [first] = (error as Error).message.split(/[.\n]/, 1);
		throw new DormouseError("declaration", `${first}; dormouse codec --help lists the options`);
	}
}
