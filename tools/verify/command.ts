import { parseArgs } from "node:util";
import { CHAIN_LOG } from "../../modules/codec/chain-log.js";
import { fromHex, fromUtf8, toHex } from "../../modules/core/bytes.js";
import { DormouseError } from "../../modules/core/errors.js";
import { parseKey, readNamed } from "../evidence-key.js";
import { loadNode } from "../node-file.js";
import { exportChain } from "../store-image.js";
import { type Verdict, verifyLog } from "../verify-log.js";

const HELP = `Checks a tamper-evident log, and names the first record that was altered, removed or reordered.

  dormouse verify [options] FILE

  FILE             an export (npm start -- --export FILE), or an image of a node's store partition
                   (npm start -- --image FILE, esptool.py read_flash)
  --key-file FILE  the node's key, 32 to 128 hexadecimal digits in a file
  --key HEX        the key itself, which then stands in the shell's history
  --node FILE      the declaration of the node; an image cannot be read without it
  --challenge HEX  what the export was asked for with: an older one does not pass then
  --help           this text

In an image nothing tells whether its newest records were cut off together with all that knew of them, nor how old it is:
an export with a challenge does. Records older than the oldest are counted, not checked.
Exit status: 0 every record is proven; 1 something is wrong, or records carry no proof; 2 when an option or file is wrong.
`;

/** Sectors of an image, as on ESP32. */
const SECTOR = 4096;

/**
 * `dormouse verify`.
 * @returns the exit status
 * @throws {DormouseError} what the user can mend
 */
export async function verify(args: readonly string[]): Promise<number> {
	const { values, positionals } = parse(args);
	if (values.help) {
		process.stdout.write(HELP);
		return 0;
	}
	const [file] = positionals;
	if (file === undefined || positionals.length > 1)
		throw new DormouseError("declaration", `${positionals.length} files; one FILE would be right`);
	if ((values.key === undefined) === (values["key-file"] === undefined))
		throw new DormouseError("declaration", "the key is missing or there twice; --key-file FILE would be right");
	const key =
		values.key === undefined
			? parseKey(readNamed(values["key-file"]!, "--key-file").toString("latin1"), "--key-file")
			: parseKey(values.key, "--key");
	const challenge = values.challenge === undefined ? undefined : hex(values.challenge);
	let bytes = Uint8Array.from(readNamed(file, "FILE"));
	const isExport = bytes[0] === (0x80 | CHAIN_LOG.header) && bytes[1] === CHAIN_LOG.version;
	if (!isExport && bytes.length > 0 && bytes.length % SECTOR === 0) {
		if (values.node === undefined)
			throw new DormouseError("declaration", "--node is missing: the file that declares the node would be right");
		if (challenge) throw new DormouseError("declaration", "--challenge: only an export answers one");
		bytes = new Uint8Array(exportChain(bytes, await loadNode(values.node), key));
	}
	const verdict = verifyLog(bytes, key, challenge ? { challenge } : {});
	process.stdout.write(text(verdict));
	return verdict.ok && verdict.untagged.length === 0 ? 0 : 1;
}

function text(verdict: Verdict): string {
	if (!verdict.ok) {
		const { kind, position, record, after, why } = verdict;
		const where = position < 0 ? "the log's header" : record === undefined ? "the log's end" : `record ${record}`;
		const sound = after === undefined ? "no record before it" : `sound up to record ${after}`;
		return `${kind}: ${where}: ${why} (${sound})\n`;
	}
	const { node, chain, records, from, to, older, late, untagged } = verdict;
	const lines = [
		`ok: ${counted(records)}${records ? `, numbers ${from}–${to}` : ""}`,
		`node ${nameOf(node)}, chain ${chain}`,
	];
	if (older) lines.push(`older: ${counted(older)} of the chain are not in this log`);
	if (late.length)
		lines.push(`late: ${counted(late.length)} from ${late[0]} on waited in RTC memory before they were linked`);
	if (untagged.length)
		lines.push(`not proven: ${counted(untagged.length)} from ${untagged[0]} on carry no tag: the node had no key`);
	return `${lines.join("\n")}\n`;
}

function counted(records: number): string {
	return `${records} record${records === 1 ? "" : "s"}`;
}

function nameOf(node: Uint8Array): string {
	return node.every((byte) => byte > 0x20 && byte < 0x7f) ? fromUtf8(node) : toHex(node);
}

function hex(digits: string): Uint8Array {
	try {
		return fromHex(digits);
	} catch {
		throw new DormouseError("declaration", "--challenge: hexadecimal digits would be right");
	}
}

function parse(args: readonly string[]) {
	try {
		return parseArgs({
			args: [...args],
			allowPositionals: true,
			options: {
				key: { type: "string" },
				"key-file": { type: "string" },
				node: { type: "string" },
				challenge: { type: "string" },
				help: { type: "boolean", short: "h" },
			},
		});
	} catch (error) {
		const [first] = (error as Error).message.split(/[.\n]/, 1);
		throw new DormouseError("declaration", `${first}; dormouse verify --help lists the options`);
	}
}
