import { parseArgs } from "node:util";
import { DormouseError } from "../modules/core/errors.js";
import { announcementOf } from "./home-assistant.js";
import { loadNode } from "./node-file.js";

const HELP = `What a node announces to Home Assistant: the topic in one line, the JSON in the next.

  dormouse discovery --node FILE --id ID [--prefix PREFIX]

  --node FILE      the declaration of the node
  --id ID          the node's id, 1 … 23 of 0-9, a-z and -: it is in the topic of its frames
  --prefix PREFIX  discovery prefix of Home Assistant, when it is not the declared one
  --help           this text

A node that declares mqtt({ companions: [homeAssistant()] }) publishes it by itself. For one that does not, this shows what
it would announce; as it sends no state, Home Assistant would show nothing.

  dormouse discovery --node nodes/weather.ts --id 163fe8fd5bf5 | tail -1 | python3 -m json.tool
`;

/**
 * `dormouse discovery`.
 * @returns the exit status
 * @throws {DormouseError} what the user can mend
 */
export async function discovery(args: readonly string[]): Promise<number> {
	const { node: file, id, prefix, help } = parse(args);
	if (help) {
		process.stdout.write(HELP);
		return 0;
	}
	if (file === undefined)
		throw new DormouseError("declaration", "--node is missing: the file that declares the node would be right");
	if (id === undefined || !/^[0-9a-z-]{1,23}$/.test(id))
		throw new DormouseError(
			"declaration",
			`--id${id === undefined ? " is missing" : ` ${id}`}: 1 … 23 of 0-9, a-z and - would be right`,
		);
	const { topic, payload, isDeclared } = announcementOf(
		await loadNode(file),
		id,
		prefix === undefined ? undefined : { prefix },
	);
	if (!isDeclared && prefix === undefined)
		process.stderr.write(`Note: ${file} does not declare homeAssistant(); this is what it would announce.\n`);
	process.stdout.write(`${topic}\n${Buffer.from(payload).toString("ascii")}\n`);
	return 0;
}

function parse(args: readonly string[]) {
	try {
		return parseArgs({
			args: [...args],
			allowPositionals: false,
			options: {
				node: { type: "string" },
				id: { type: "string" },
				prefix: { type: "string" },
				help: { type: "boolean", short: "h" },
			},
		}).values;
	} catch (error) {
		throw new DormouseError(
			"declaration",
			`${(error as Error).message.split(/[.\n]/, 1)[0]}; dormouse discovery --help lists the options`,
		);
	}
}
