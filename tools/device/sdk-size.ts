import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DormouseError } from "../../modules/core/errors.js";
import { boardOf, lacking } from "./boards.js";
import { prepare } from "./command.js";
import { flashBytes, linkJavaScript, moduleCode } from "./sdk-link.js";

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
		const codes = moduleCode(link);
		const bytecode = codes.reduce((sum, { bytes }) => sum + bytes, 0);
		print(`bytecode by module, ${target}`);
		for (const { module, bytes } of codes) print(`${module.padEnd(48)} ${bytes.toLocaleString("en-US").padStart(9)}`);
		print(`${"all of it".padEnd(48)} ${bytecode.toLocaleString("en-US").padStart(9)}`);
		const flash = flashBytes(link);
		if (flash === undefined) print("flash: not measured, gcc makes no 32-bit code here (apt-get install gcc-multilib)");
		else
			print(`${"flash with preloaded slots, names and keys".padEnd(48)} ${flash.toLocaleString("en-US").padStart(9)}`);
		return 0;
	} finally {
		rmSync(out, { recursive: true, force: true });
	}
}
