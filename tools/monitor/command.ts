import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { DormouseError } from "../../modules/core/errors.js";
import type { NodeDeclaration } from "../../modules/cycle/declaration.js";
import { PROJECT } from "../../sim/engine/bundle.js";
import { loadNode } from "../node-file.js";
import { stamp } from "../wording.js";
import { Connection } from "./connection.js";
import { Fleet, type FleetEvent } from "./fleet.js";
import { eventJson } from "./json.js";
import { eventLine } from "./lines.js";
import { Screen } from "./screen.js";

const HELP = `Shows what a fleet sends, live and decoded: on a terminal a table, a row a node; else a line a message.

  dormouse monitor --broker URL [options]

  --broker URL     mqtt://host[:1883] or mqtts://host[:8883]; it may have user:password@, which other users of this machine
                   can read there: --user and --password-file hide it
  --node FILE      the declaration of nodes to be understood; may be given several times (all of nodes/)
  --user NAME      user name
  --password-file FILE   its first line is the password
  --ca FILE        whom to trust, in PEM, with mqtts (the authorities that Node.js knows)
  --cert FILE      a certificate of the monitor's own, in PEM, and
  --key FILE       its key
  --lines          lines on a terminal too
  --json           a JSON object a line: frame, state, problem; connection when it comes and goes
  --count N        ends after so many messages
  --help           this text

A frame's declaration is found by its schema. Numbers that never came are missing; a node that is due sends the next frame
about then. Exit status 1: the broker refuses. Ctrl-C ends it.

  dormouse monitor --broker mqtt://localhost --node nodes/weather.ts --node nodes/cold-chain.ts
`;

/** Exit status when the broker refuses. */
const REFUSED = 1;

/**
 * `dormouse monitor`.
 * @returns the exit status
 * @throws {DormouseError} what the user can mend
 */
export async function monitor(args: readonly string[]): Promise<number> {
	const values = parse(args);
	if (values.help) {
		process.stdout.write(HELP);
		return 0;
	}
	if (values.broker === undefined)
		throw new DormouseError("declaration", "--broker is missing: mqtt://localhost:1883 would be right");
	const count = values.count === undefined ? Number.POSITIVE_INFINITY : Number(values.count);
	if (!(count >= 1) || (values.count !== undefined && !/^\d+$/.test(values.count)))
		throw new DormouseError("declaration", `--count ${values.count}: a whole number from 1 would be right`);
	const fleet = new Fleet(await Promise.all((values.node ?? nodeFiles()).map(loadNamed)));
	const output: Output = values.json
		? new JsonOutput()
		: process.stdout.isTTY && !values.lines
			? new Screen(fleet, process.stdout)
			: new LineOutput();
	const { broker, user, ca, cert, key } = values;
	const password = values["password-file"] === undefined ? undefined : passwordOf(values["password-file"]);

	let left = count;
	let connection: Connection | undefined;
	try {
		await new Promise<void>((resolve, reject) => {
			process.once("SIGINT", resolve);
			process.once("SIGTERM", resolve);
			connection = new Connection({ broker, user, password, ca, cert, key }, fleet.filters, {
				message(topic, payload, isKept) {
					const event = left > 0 ? fleet.take(topic, payload, isKept, Date.now()) : undefined;
					if (!event) return;
					output.event(event);
					if (--left <= 0) resolve();
				},
				up: () => output.connection(true, `${connection!.where}: ${fleet.filters.join(", ")}`),
				down: (why) => output.connection(false, `the broker at ${connection!.where} ${why}; it is tried again`),
				refused: reject,
			});
		});
		return 0;
	} catch (error) {
		if (!(error instanceof DormouseError) || error.code !== "refused") throw error;
		process.stderr.write(`dormouse: ${error.message}\n`);
		return REFUSED;
	} finally {
		output.end();
		await connection?.close();
	}
}

/** Where the monitor tells what happens. */
export interface Output {
	event(event: FleetEvent): void;
	/** The connection came, or went. */
	connection(isUp: boolean, text: string): void;
	end(): void;
}

class LineOutput implements Output {
	event(event: FleetEvent): void {
		process.stdout.write(`${eventLine(event)}\n`);
	}
	connection(isUp: boolean, text: string): void {
		process.stderr.write(`${stamp(Date.now())}  ${isUp ? "listening at " : ""}${text}\n`);
	}
	end(): void {}
}

class JsonOutput implements Output {
	event(event: FleetEvent): void {
		process.stdout.write(`${eventJson(event)}\n`);
	}
	connection(up: boolean, text: string): void {
		const time = new Date().toISOString();
		process.stdout.write(`${JSON.stringify({ type: "connection", time, up, text })}\n`);
	}
	end(): void {}
}

function nodeFiles(): string[] {
	const folder = join(PROJECT, "nodes");
	return readdirSync(folder)
		.filter((name) => name.endsWith(".ts"))
		.sort()
		.map((name) => join(folder, name));
}

function passwordOf(file: string): string {
	try {
		return readFileSync(file, "utf8").split(/\r?\n/, 1)[0]!;
	} catch (error) {
		throw new DormouseError("declaration", `--password-file ${file}: ${(error as NodeJS.ErrnoException).code}`);
	}
}

function parse(args: readonly string[]) {
	try {
		return parseArgs({
			args: [...args],
			allowPositionals: false,
			options: {
				broker: { type: "string" },
				node: { type: "string", multiple: true },
				user: { type: "string" },
				"password-file": { type: "string" },
				ca: { type: "string" },
				cert: { type: "string" },
				key: { type: "string" },
				lines: { type: "boolean" },
				json: { type: "boolean" },
				count: { type: "string" },
				help: { type: "boolean", short: "h" },
			},
		}).values;
	} catch (error) {
		throw new DormouseError(
			"declaration",
			`${(error as Error).message.split(/[.\n]/, 1)[0]}; dormouse monitor --help lists the options`,
		);
	}
}

/** A declaration of several: what is wrong with it is told with its file. */
async function loadNamed(file: string): Promise<NodeDeclaration> {
	try {
		return await loadNode(file);
	} catch (error) {
		if (!(error instanceof DormouseError) || error.message.includes(file)) throw error;
		throw new DormouseError(error.code, `${file}: ${error.message}`);
	}
}
