import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { DormouseError } from "../../modules/core/errors.js";
import { partitionsFor } from "../device/partitions.js";
import { readNamed } from "../evidence-key.js";
import { settingsOfFile } from "../node-settings.js";
import { parseSetting } from "../setting.js";
import { HMAC_KEY, keysPartition, nvsImage, XTS_KEY, xtsKeyOf } from "./nvs-image.js";
import { checkSetting, SETTING_NAMES } from "./settings.js";

/** Of the entries in NVS. Source: modules/device/native/esp32/settings-esp32.c. */
export const NAMESPACE = "dormouse";
/** The partition with the settings, and the one with the keys where flash encryption guards them. */
const SETTINGS = "settings";
const KEYS = "nvs_keys";
const KEYS_PARTITION = 4096;

const HELP = `Gives a board its settings: names, passwords and keys that are not in the firmware.

  npm run provision -- --set NAME=VALUE … [options]

  --set NAME=VALUE  a setting, several times; NAME=@FILE takes it from a file, so that it does not stand in the shell's
                    history. There are ${SETTING_NAMES.slice(0, 9).join(", ")},
                    ${SETTING_NAMES.slice(9).join(", ")}
  --node FILE       a declaration whose own code reads settings of other names
  --port PORT       writes the image to the board at this serial port, with esptool
  --out FILE        writes the image to this file, and prints the command that brings it to a board
  --encrypt FILE    encrypts for a board built with --profile production: FILE holds the ${HMAC_KEY} bytes in the board's eFuse
                    (ESP32-S3, C3, C6), or the ${XTS_KEY} bytes for the partition ${KEYS} (ESP32)
  --desktop         --out is the file "${SETTINGS}" in a desktop's DORMOUSE_STATE
  --help            this text

All settings are replaced; no value is printed. Exit status: 0, that of esptool, or 2 when an option or a setting is not as
it has to be.
`;

/**
 * `dormouse provision`.
 * @param print takes what it says
 * @returns the exit status
 * @throws {DormouseError} what the user can mend; it repeats no value
 */
export async function provision(
	args: readonly string[],
	env: NodeJS.ProcessEnv = process.env,
	print = (text: string): unknown => process.stdout.write(text),
): Promise<number> {
	const values = parse(args);
	if (values.help) {
		print(HELP);
		return 0;
	}
	const { set = [], node, out, port, encrypt, desktop } = values;
	const settings = new Map(set.map(parseSetting));
	const own = node === undefined ? [] : await settingsOfFile(node);
	for (const [name, value] of settings) checkSetting(name, value, own);
	if (settings.size === 0) wrong("--set is missing: NAME=VALUE or NAME=@FILE would be right");
	if (settings.size < set.length) wrong("--set: a setting is given twice");
	if (desktop) {
		if (out === undefined || port !== undefined || encrypt !== undefined)
			wrong("--desktop: --out FILE alone would be right");
		writePrivate(out!, settingsFile(settings));
		return 0;
	}
	if (out === undefined && port === undefined) wrong("--port PORT or --out FILE is missing");
	const xtsKey = encrypt === undefined ? undefined : xtsKeyFrom(encrypt);
	const { offset, size } = partitionsFor("4MB").find(({ name }) => name === SETTINGS)!;
	const image = nvsImage(size, NAMESPACE, settings, xtsKey?.bytes);
	const folder = out === undefined ? mkdtempSync(join(tmpdir(), "dormouse-provision-")) : undefined;
	try {
		const parts: [number, string][] = [[offset, out ?? join(folder!, "settings.bin")]];
		writePrivate(parts[0]![1], image);
		if (xtsKey && !xtsKey.derived) {
			const keys = partitionsFor("4MB").find(({ name }) => name === KEYS)!;
			parts.push([keys.offset, `${parts[0]![1]}.keys`]);
			writePrivate(parts[1]![1], keysPartition(xtsKey.bytes));
		}
		const write = ["write_flash", ...parts.flatMap(([at, file]) => [`0x${at.toString(16)}`, file])];
		if (port === undefined) {
			print(`esptool.py ${write.map(quoted).join(" ")}\n`);
			return 0;
		}
		return esptool(["--port", port, ...write], env);
	} finally {
		if (folder) rmSync(folder, { recursive: true, force: true });
	}
}

/**
 * The file that the desktop's firmware reads (modules/device/native/desktop/settings-desktop.c): a line each, NAME=VALUE,
 * with `\n` for the end of a line in a value and `\\` for a backslash.
 */
export function settingsFile(settings: ReadonlyMap<string, string>): Uint8Array {
	const escaped = (value: string) => value.replaceAll("\\", "\\\\").replaceAll("\n", "\\n");
	return Buffer.from([...settings].map(([name, value]) => `${name}=${escaped(value)}\n`).join(""));
}

/** The key in a file, whatever of the three it is. @throws {DormouseError} `declaration` */
function xtsKeyFrom(file: string): { readonly bytes: Uint8Array; readonly derived: boolean } {
	const bytes = new Uint8Array(readNamed(file, "--encrypt"));
	if (bytes.length === HMAC_KEY) return { bytes: xtsKeyOf(bytes), derived: true };
	const key = bytes.subarray(0, XTS_KEY);
	const isPartition = bytes.length === KEYS_PARTITION && Buffer.compare(bytes, keysPartition(key)) === 0;
	if (bytes.length !== XTS_KEY && !isPartition)
		wrong(
			`--encrypt ${file}: ${HMAC_KEY} or ${XTS_KEY} random bytes, or the ${KEYS_PARTITION} of ${KEYS}, would be right`,
		);
	if (Buffer.compare(key.subarray(0, 32), key.subarray(32)) === 0) wrong(`--encrypt ${file}: both halves are the same`);
	return { bytes: key, derived: false };
}

/** Runs whichever esptool is there. @throws {DormouseError} `unsupported` when none is */
function esptool(args: readonly string[], env: NodeJS.ProcessEnv): number {
	const wait = () => {}; // Ctrl-C ends esptool; we then remove what it was given
	process.on("SIGINT", wait);
	try {
		return runFirst(args, env);
	} finally {
		process.off("SIGINT", wait);
	}
}
function runFirst(args: readonly string[], env: NodeJS.ProcessEnv): number {
	for (const command of ["esptool.py", "esptool"]) {
		const { error, status } = spawnSync(command, args, { stdio: "inherit", env });
		if (!error) return status ?? 1;
		if ((error as NodeJS.ErrnoException).code !== "ENOENT")
			throw new DormouseError("unsupported", `${command}: ${error.message}`);
	}
	throw new DormouseError(
		"unsupported",
		"esptool is not installed: ESP-IDF brings it (. $IDF_PATH/export.sh), and so does `pip install esptool`; --out FILE writes the image alone",
	);
}

/**
 * Writes what others must not read: at no moment is it in a file that they can open, nor is half of it there.
 * @throws {DormouseError} `declaration` when that fails; what was there before is still there then
 */
function writePrivate(file: string, bytes: Uint8Array): void {
	const beside = `${file}.${process.pid}.part`;
	try {
		if (existsSync(file) && !statSync(file).isFile()) {
			writeFileSync(file, bytes); // such as /dev/stdout
			return;
		}
		writeFileSync(beside, bytes, { mode: 0o600, flag: "wx" });
		renameSync(beside, file);
	} catch (error) {
		rmSync(beside, { force: true });
		wrong(`--out: ${(error as Error).message}`);
	}
}

/** A file's name as a shell takes it. */
function quoted(file: string): string {
	return /^[\w./:@%+,-]+$/.test(file) ? file : `'${file.replaceAll("'", "'\\''")}'`;
}

function wrong(message: string): never {
	throw new DormouseError("declaration", message);
}

function parse(args: readonly string[]) {
	try {
		return parseArgs({
			args: [...args],
			options: {
				set: { type: "string", multiple: true },
				node: { type: "string" },
				out: { type: "string" },
				port: { type: "string" },
				encrypt: { type: "string" },
				desktop: { type: "boolean" },
				help: { type: "boolean", short: "h" },
			},
		}).values;
	} catch (error) {
		const [first] = (error as Error).message.split(/[.\n]/, 1);
		throw new DormouseError("declaration", `${first}; npm run provision -- --help lists the options`);
	}
}
