import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DormouseError } from "../../modules/core/errors.js";
import { boardOf, lacking } from "./boards.js";
import { prepare } from "./command.js";
import { flashBytes, type Link, linkJavaScript, moduleCode } from "./sdk-link.js";

const TARGET = "esp32c3";

/**
 * `npm run size -- --sdk`: what the SDK's linker makes of a node's firmware.
 * @param node the file of its declaration
 * @param target a board, as `npm run flash` takes it
 * @param print takes a line
 * @returns the exit status
 * @throws {DormouseError} what the user can mend
 */
export async function sdkSize(
	node: string,
	target = TARGET,
	print: (line: string) => void = console.log,
): Promise<number> {
	const board = boardOf(target);
	if (!board?.platform.startsWith("esp32"))
		throw new DormouseError("declaration", `--target ${target}: such as ${TARGET} would be right`);
	const [missing] = lacking("lin", false);
	if (missing !== undefined) throw new DormouseError("unsupported", missing);
	const out = mkdtempSync(join(tmpdir(), "dormouse-sdk-size-"));
	try {
		const link = linkJavaScript(board.platform, await prepare(node, { board }), out);
		for (const line of sizeLines(link, target)) print(line);
		return 0;
	} finally {
		rmSync(out, { recursive: true, force: true });
	}
}

/** What a link takes, as lines. @param target the board's name, for the heading */
export function sizeLines(link: Link, target: string): string[] {
	const line = (name: string, bytes: number) => `${name.padEnd(48)} ${bytes.toLocaleString("en-US").padStart(9)}`;
	const codes = moduleCode(link);
	const flash = flashBytes(link);
	return [
		`bytecode by module, ${target}`,
		...codes.map(({ module, bytes }) => line(module, bytes)),
		line(
			"all of it",
			codes.reduce((sum, { bytes }) => sum + bytes, 0),
		),
		flash === undefined
			? "flash: not measured, gcc makes no 32-bit code here (apt-get install gcc-multilib)"
			: line("flash with preloaded slots, names and keys", flash),
	];
}
