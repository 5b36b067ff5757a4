import { type SpawnSyncReturns, spawn, spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { prepare } from "../../tools/device/command.js";
import { type Link, linkJavaScript } from "../../tools/device/sdk-link.js";
import * as assert from "../assert.js";

/** The project's folder, as mocha runs in it. */
export const PROJECT = process.cwd();
const MODDABLE = process.env.MODDABLE;
const TOOLS = MODDABLE && join(MODDABLE, "build/bin/lin/release");

/** Why the SDK half cannot run here; undefined when it can. */
export const LACKING: string | undefined = !MODDABLE
	? "MODDABLE is not set: the Moddable SDK is not installed here"
	: !TOOLS || !existsSync(join(TOOLS, "mcconfig"))
		? "MODDABLE names no SDK whose tools for Linux were built"
		: undefined;

/** Says once in words what is left out, and skips. */
export function skipUnlessSdk(context: Mocha.Context, what: string): void {
	if (LACKING === undefined) return;
	console.log(`    skipped: ${what}: ${LACKING}`);
	context.skip();
}

/** A new folder for one build or board; {@link removeFolders} takes it away. */
export function folder(): string {
	const path = mkdtempSync(join(tmpdir(), "dormouse-sdk-"));
	folders.push(path);
	return path;
}
const folders: string[] = [];
export function removeFolders(): void {
	for (const path of folders.splice(0)) rmSync(path, { recursive: true, force: true });
}

/** What a build said, and where its files are. */
export interface Build {
	readonly log: string;
	/** The folder of the generated makefile, mc.xs.c and the like. */
	readonly files: string;
}

/** The manifest of all modules one by one, as `mcconfig` takes it without our tool. */
export const MODULES = join(PROJECT, "manifest.json");

/** Builds the weather node for the desktop, as `npm run flash` does, to an mc.so. @param settings as `name=value` */
export async function buildLin(...settings: string[]): Promise<Build & { readonly library: string }> {
	return buildApp(await prepare("nodes/weather.ts"), ...settings);
}

/**
 * The same of the node over TLS, in one folder: only what the settings change is built again.
 * @param out where the first one was built
 */
export async function buildTls(out: string, ...settings: string[]): Promise<Build & { readonly library: string }> {
	const network = ["ssid=desktop", "ntp=127.0.0.1"]; // nobody tells the time there
	const built = build(await prepare("nodes/weather-tls.ts"), [...settings, ...network], {}, out);
	const library = join(folder(), "mc.so");
	cpSync(built.library, library);
	return { ...built, library };
}

/** The same of any manifest. */
export function buildApp(manifest: string, ...settings: string[]): Build & { readonly library: string } {
	return build(manifest, settings);
}

/** A node for Moddable's simulator with a skin, and the folder of its device face. */
export async function buildFace(
	node: string,
	...settings: string[]
): Promise<Build & { readonly library: string; readonly panel: string }> {
	const manifest = await prepare(node);
	return { ...build(manifest, settings, {}, folder(), "sim/moddable_two"), panel: join(manifest, "../panel") };
}

function build(manifest: string, settings: string[], env: NodeJS.ProcessEnv = {}, out = folder(), platform = "lin") {
	const log = run("mcconfig", ["-m", "-p", platform, "-t", "build", "-o", out, manifest, ...settings], env);
	return { log, files: find(out, "makefile"), library: join(find(out, "mc.so"), "mc.so") };
}

/** Links the JavaScript of an ESP32 build, in a folder that {@link removeFolders} takes away. */
export function linkEsp32(platform: string, manifest: string): Link {
	return linkJavaScript(platform, manifest, folder());
}

/** Builds the loader of `headless.c`. @returns its path */
export function buildLoader(): string {
	const path = join(folder(), "headless");
	const gio = run("pkg-config", ["--cflags", "--libs", "gio-2.0"]).trim().split(/\s+/);
	const screen = `-I${join(MODDABLE!, "build/simulators/modules")}`;
	run("cc", ["-O1", "-Wall", "-Wextra", screen, join(PROJECT, "test/sdk/headless.c"), "-o", path, ...gio, "-ldl"]);
	return path;
}

/** Status of a process whose board sleeps. Source: modules/device/native/desktop/board-desktop.h. */
const ASLEEP = 75;

/** One wake. @returns its report, by field, and all that it said */
export async function wakeOnce(
	loader: string,
	library: string,
	state = "",
	more: NodeJS.ProcessEnv = {},
): Promise<{ readonly report: Map<string, string>; readonly said: string }> {
	const env = { ...process.env, DORMOUSE_STATE: state, ...more };
	const child = spawn(loader, [library], { env, stdio: ["ignore", "pipe", "pipe"] });
	let said = "";
	child.stdout.on("data", (bytes) => (said += bytes));
	child.stderr.on("data", (bytes) => (said += bytes));
	const late = setTimeout(() => child.kill("SIGKILL"), 30_000);
	const status = await new Promise((resolve) => child.on("close", resolve));
	clearTimeout(late);
	assert.equal(status, ASLEEP, said);
	const lines = said.split("\n").filter((line) => line.startsWith("dormouse wake="));
	assert.equal(lines.length, 1, said);
	const fields = lines[0]!.split(" ").slice(1);
	return { report: new Map(fields.map((part) => part.split("=") as [string, string])), said };
}

/** Lines of a log that warn, in the linker's words or about files of ours. */
export function warnings(log: string): string[] {
	return log
		.split("\n")
		.filter((line) => /^### warning/.test(line) || (/warning:/.test(line) && !line.startsWith(MODDABLE!)));
}

function find(from: string, name: string): string {
	const entries = readdirSync(from, { recursive: true, encoding: "utf8" });
	const found = entries.find((path) => basename(path) === name);
	if (found === undefined) assert.fail(`the build made no ${name}`);
	return join(from, found, "..");
}

function run(command: string, parameters: string[], more: NodeJS.ProcessEnv = {}): string {
	const env = { ...process.env, ...more, PATH: `${TOOLS}:${process.env.PATH}` };
	const { status, stdout, stderr, error }: SpawnSyncReturns<string> = spawnSync(command, parameters, {
		encoding: "utf8",
		env,
		maxBuffer: 1 << 26,
	});
	const log = `${stdout}${stderr}`;
	if (status !== 0) assert.fail(`${command} ${error?.message ?? `ended with ${status}`}: …${log.slice(-2000)}`);
	return log;
}
