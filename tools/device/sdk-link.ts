import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { basename, delimiter, dirname, join, relative } from "node:path";
import { DormouseError } from "../../modules/core/errors.js";
import { toolsFolder } from "./boards.js";

/** What the SDK's tools said, and where their files are. */
export interface Link {
	readonly log: string;
	/** The folder of the generated makefile, of mc.xs.c and, beneath, of the modules. */
	readonly files: string;
}

/** Bytecode of a module. */
export interface ModuleCode {
	readonly module: string;
	readonly bytes: number;
}

/**
 * Has mcconfig write the makefile of a build for ESP32, the partition table and the options for ESP-IDF.
 * @param platform such as `esp32/esp32c3`
 * @param out an empty folder
 * @throws {DormouseError} `unsupported`, with the end of what the SDK's tools said
 */
export function configure(platform: string, manifest: string, out: string, env = process.env): Link {
	const log = run("mcconfig", ["-p", platform, "-o", out, manifest], env);
	return { log, files: dirname(find(out, "makefile")) };
}

/**
 * Links the JavaScript of a build for ESP32, all that can be had without ESP-IDF: TypeScript and JavaScript to bytecode,
 * preloads run, to mc.xs.c. Parameters and errors as with {@link configure}.
 */
export function linkJavaScript(platform: string, manifest: string, out: string, env = process.env): Link {
	const { log, files } = configure(platform, manifest, out, env);
	// The makefile wants a configured IDF before it links; an empty one will do for what is made here.
	const config = join(files, projectOf(files), "build/config");
	mkdirSync(config, { recursive: true });
	writeFileSync(join(config, "sdkconfig.h"), "");
	const idf = join(out, "idf");
	mkdirSync(idf);
	const rest = [
		"IDF_VERSION=v6.0",
		"MAKEFLAGS_JOBS=--jobs=2",
		"-o",
		join(config, "sdkconfig.h"),
		join(files, "mc.xs.c"),
	];
	return { log: log + run("make", ["-f", join(files, "makefile"), ...rest], { ...env, IDF_PATH: idf }), files };
}

/** The name of the folder that mcconfig made for ESP-IDF: it ends in the chip's. */
export function projectOf(files: string): string {
	return readdirSync(files).find((name) => name.startsWith("xsProj-"))!;
}

/** Bytes that mc.xs.c takes in 32-bit flash; undefined where gcc has no 32-bit half. */
export function flashBytes({ files }: Link, env = process.env): number | undefined {
	const xs = join(env.MODDABLE!, "xs");
	const object = join(files, "mc.xs.o");
	const folders = [join(xs, "includes"), join(xs, "sources"), join(xs, "platforms"), files];
	const gio = spawnSync("pkg-config", ["--cflags", "gio-2.0"], { encoding: "utf8" }).stdout?.trim().split(/\s+/) ?? [];
	const flags = ["-m32", "-Os", "-fno-pic", "-w", "-c", "-DINCLUDE_XSPLATFORM=1", '-DXSPLATFORM="lin_xs.h"', ...gio];
	const source = join(files, "mc.xs.c");
	const made = spawnSync("gcc", [...flags, ...folders.map((path) => `-I${path}`), source, "-o", object]);
	if (made.status !== 0) return undefined;
	const [, figures] = spawnSync("size", [object], { encoding: "utf8" }).stdout.split("\n");
	return Number(figures!.trim().split(/\s+/)[0]);
}

/**
 * Bytecode of each module that was linked, largest first.
 * Source: SDK 8.2.3, xs/sources/xsScript.c: atoms of a 32-bit length and a name, big-endian; `CODE` is the bytecode.
 */
export function moduleCode({ files }: Link): ModuleCode[] {
	const folder = join(files, "modules");
	const codes: ModuleCode[] = [];
	for (const path of readdirSync(folder, { recursive: true, encoding: "utf8" })) {
		if (!path.endsWith(".xsb")) continue;
		const bytes = readFileSync(join(folder, path));
		for (let at = 8; at + 8 <= bytes.length; at += Math.max(8, bytes.readUInt32BE(at)))
			if (bytes.toString("latin1", at + 4, at + 8) === "CODE")
				codes.push({
					module: relative(folder, join(folder, path)).replace(/\.xsb$/, ""),
					bytes: bytes.readUInt32BE(at) - 8,
				});
	}
	return codes.sort((a, b) => b.bytes - a.bytes);
}

/** The folder of a file that a build made. @throws {DormouseError} `unsupported` when it made none */
function find(from: string, name: string): string {
	const found = readdirSync(from, { recursive: true, encoding: "utf8" }).find((path) => basename(path) === name);
	if (found === undefined) throw new DormouseError("unsupported", `the SDK's tools made no ${name}`);
	return join(from, found);
}

function run(command: string, parameters: readonly string[], env: NodeJS.ProcessEnv): string {
	const path = `${toolsFolder(env.MODDABLE!)}${delimiter}${env.PATH}`;
	const { status, stdout, stderr, error } = spawnSync(command, parameters, {
		encoding: "utf8",
		env: { ...env, PATH: path },
		maxBuffer: 1 << 26,
	});
	const log = `${stdout}${stderr}`;
	if (status !== 0)
		throw new DormouseError(
			"unsupported",
			`${command} ${error?.message ?? `ended with ${status}`}: …${log.slice(-2000)}`,
		);
	return log;
}

/** Whether the SDK's tools are there. */
export function hasSdk(env: NodeJS.ProcessEnv = process.env): boolean {
	return env.MODDABLE !== undefined && existsSync(join(toolsFolder(env.MODDABLE), "mcconfig"));
}
