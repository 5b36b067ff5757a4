import { existsSync, readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { parseArgs } from "node:util";
import { DormouseError } from "../../modules/core/errors.js";
import { type CollectedRecord, Collector, type NodeSchema } from "../collector.js";
import { loadNode } from "../node-file.js";
import { isSenmlName } from "../senml.js";
import { senmlJson } from "../senml-json.js";
import { influxLine, parseTags, type Tags } from "./influx.js";
import { FORMS, type Form, isText, type Message, parseLine, parseTime } from "./input.js";
import { recordLine } from "./lines.js";
import { senmlPack } from "./senml-pack.js";

const HELP = `What a node sent, as readable lines, SenML-JSON or InfluxDB line protocol.

  dormouse decode --node FILE [options] [INPUT…]

  INPUT            a message in hex or base64, a file (one message a line, or one message as it is), or - for standard
                   input (one message a line); standard input where there is none
  --node FILE      the declaration of the node that sent it
  --from FORM      hex, base64, or file: each INPUT is a file that is one message (by default whatever it looks like)
  --received TIME  when the messages arrived, such as 2026-03-01T12:00:00Z (now); a line may begin with a time of its own,
                   and then with the MQTT topic: each topic is a node of its own
  --as FORM        lines (a line a record), senml (RFC 8428, a pack a message and line), influx (line protocol)
  --name NAME      what the node is called in senml (names begin with it and /) and influx (measurement)
  --tag KEY=VALUE  a tag of each point in influx; may be given several times
  --help           this text

Messages are taken in their order: what came twice is left out, and times become known as the node tells them.
Exit status 1: at least one message could not be decoded; the others were.

  mosquitto_sub -t 'dormouse/+/t' -F '%I %t %x' | dormouse decode --node nodes/weather.ts
`;

const OUTPUTS = ["lines", "senml", "influx"] as const;
/** Writes what new records of one message are. @param topic that it came on, where that is known */
type Writer = (records: readonly CollectedRecord[], topic: string | undefined) => string;

/**
 * `dormouse decode`.
 * @returns the exit status: 1 when a message could not be decoded
 * @throws {DormouseError} what the user can mend
 */
export async function decode(args: readonly string[]): Promise<number> {
	const { values, positionals } = parse(args);
	if (values.help) {
		process.stdout.write(HELP);
		return 0;
	}
	const form = oneOf("from", values.from ?? "auto", FORMS);
	const as = oneOf("as", values.as ?? "lines", OUTPUTS);
	const receivedMs = values.received === undefined ? undefined : parseTime(values.received);
	if (values.received !== undefined && receivedMs === undefined)
		throw new DormouseError("declaration", `--received ${values.received}: 2026-03-01T12:00:00Z would be right`);
	if (values.node === undefined)
		throw new DormouseError("declaration", "--node is missing: the file that declares the node would be right");
	const tags = parseTags(values.tag ?? []);
	if (values.tag && as !== "influx") throw new DormouseError("declaration", "--tag: only --as influx has tags");
	const node = await loadNode(values.node);
	const name = values.name ?? node.name;
	if (as === "senml" && !isSenmlName(name))
		throw new DormouseError("declaration", `--name ${name}: letters, digits and - : . / _ would be right`);
	if (name === "" || /[\r\n]|\\$/.test(name)) throw new DormouseError("declaration", "--name: a word would be right");

	const collectors = new Map<string | undefined, Collector>();
	const write = writer(as, node, name, tags);
	let count = 0;
	let failed = 0;
	for await (const next of messages(positionals.length ? positionals : ["-"], form)) {
		count++;
		try {
			const message = next();
			if (!message) {
				count--;
				continue;
			}
			const { topic } = message;
			const collector = collectors.get(topic) ?? new Collector(node);
			collectors.set(topic, collector);
			const { records, error } = collector.take(message.bytes, message.receivedMs ?? receivedMs ?? Date.now());
			if (error) throw error;
			process.stdout.write(write(records, topic));
		} catch (error) {
			if (!(error instanceof DormouseError)) throw error;
			failed++;
			const why = error.message === error.code ? "" : `: ${error.message}`;
			process.stderr.write(`dormouse: message ${count}: ${error.code}${why}\n`);
		}
	}
	const duplicates = [...collectors.values()].reduce((sum, one) => sum + one.duplicates, 0);
	if (duplicates) process.stderr.write(`Note: ${duplicates} records came twice and are left out.\n`);
	return failed ? 1 : 0;
}

function writer(as: (typeof OUTPUTS)[number], node: NodeSchema, name: string, tags: Tags): Writer {
	if (as === "senml")
		return (records, topic) => {
			const base = topic === undefined ? `${name}/` : `${name}/${topic}/`;
			if (!isSenmlName(base)) throw new DormouseError("malformed", `SenML has no names such as ${base}`);
			const pack = senmlPack(records, node, base);
			return pack.length ? `${senmlJson(pack)}\n` : "";
		};
	return (records, topic) => {
		const [before, all] = topic === undefined ? ["", tags] : [`${topic}  `, { topic, ...tags }];
		return records
			.map((one) => (as === "influx" ? influxLine(one, node, name, all) : `${before}${recordLine(one, node)}\n`))
			.join("");
	};
}

/** What is left to do for a message; it throws where the message cannot be read, and gives none for an empty line. */
type Next = () => Message | undefined;

async function* messages(inputs: readonly string[], form: Form): AsyncGenerator<Next> {
	for (const input of inputs) {
		if (input === "-" && form !== "file") {
			for await (const line of createInterface({ input: process.stdin, crlfDelay: Number.POSITIVE_INFINITY }))
				yield () => parseLine(line, form);
		} else if (form === "file" || existsSync(input)) {
			const bytes = Uint8Array.from(read(input));
			if (form === "file" || !isText(bytes)) yield () => ({ bytes, receivedMs: undefined, topic: undefined });
			else for (const line of Buffer.from(bytes).toString("latin1").split("\n")) yield () => parseLine(line, form);
		} else yield () => parseLine(input, form);
	}
}

function read(file: string): Buffer {
	try {
		return readFileSync(file === "-" ? 0 : file);
	} catch (error) {
		throw new DormouseError("declaration", `${file}: ${(error as Error).message}`);
	}
}

function oneOf<const T extends readonly string[]>(option: string, value: string, all: T): T[number] {
	const found = all.find((one) => one === value);
	if (found === undefined)
		throw new DormouseError("declaration", `--${option} ${value}: ${all.join(", ")} would be right`);
	return found;
}

function parse(args: readonly string[]) {
	try {
		return parseArgs({
			args: [...args],
			allowPositionals: true,
			options: {
				node: { type: "string" },
				from: { type: "string" },
				received: { type: "string" },
				as: { type: "string" },
				name: { type: "string" },
				tag: { type: "string", multiple: true },
				help: { type: "boolean", short: "h" },
			},
		});
	} catch (error) {
		const [first] = (error as Error).message.split(/[.\n]/, 1);
		throw new DormouseError("declaration", `${first}; dormouse decode --help lists the options`);
	}
}
