import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { fileURLToPath } from "node:url";
import { DormouseError } from "../../modules/core/errors.js";
import { INTEGRITY, sourceFolder } from "./sources.js";

/** The XS host as built for this machine, or why there is none. */
export type HostBuild = ReadyHost | NoHost;

/** A host that can be started. */
export interface ReadyHost {
	readonly ready: true;
	/** The executable. */
	readonly path: string;
	/** Of a pointer; 32 as on an ESP32. */
	readonly bits: 32 | 64;
	/** Whether RAM figures are those of a device: only with 32 bits. */
	readonly representative: boolean;
	/** Whether an earlier build was found. */
	readonly cached: boolean;
	/** What finding or building took. */
	readonly seconds: number;
}

/** This machine cannot build the host; the Node engine runs instead. */
export interface NoHost {
	readonly ready: false;
	/** In plain words, with what to do about it. */
	readonly reason: string;
}

/** Choices of {@link buildHost}, for tests mostly. */
export interface BuildOptions {
	/** Folder of the cache; default `build/xs` in the project. */
	readonly cache?: string;
	/** C compiler to use instead of `$CC`, `cc`, `gcc` or `clang`. */
	readonly compiler?: string;
	/** Folder of the host's own C; default this one. */
	readonly own?: string;
	/** Tells what takes time. */
	readonly progress?: (line: string) => void;
}

const HERE = path.dirname(fileURLToPath(import.meta.url));
const PROJECT = path.resolve(HERE, "../..");
/** C that a board has as well, and the host with it. */
const NATIVE = path.join(PROJECT, "modules/device/native");
const SHARED = ["crc.h", "utf8.h"].map((name) => path.join(NATIVE, name));
/** As the SDK's device builds: see platform.h for what is left out. */
const DEFINES = [
	"-DINCLUDE_XSPLATFORM",
	'-DXSPLATFORM="platform.h"',
	...["Lockdown", "Metering", "NoConsole", "Parse", "Run", "Sloppy", "RegExp", "BoundsCheck"].map((x) => `-Dmx${x}=1`),
];
const FLAGS = ["-O2", "-fno-common", "-w", ...DEFINES];
const LIBRARIES = ["-lm", "-lpthread", "-ldl"];
/**
 * Of one file alone: XS's table of defaults takes the host's way of noting where errors arise (trace.c), and, as the SDK's
 * linker has it in a stripped build (fxStripDefaults), none of giving functions a `length` and a `name`.
 */
const SPECIAL: Readonly<Record<string, readonly string[]>> = {
	"xsDefaults.c": [
		"-DfxCaptureErrorStack=dmCaptureErrorStack",
		"-DfxNewFunctionLength=dmNewFunctionLength",
		"-DfxNewFunctionName=dmNewFunctionName",
	],
};

const NO_COMPILER =
	"no C compiler was found for the XS engine; on Debian and Ubuntu, 'apt-get install gcc gcc-multilib' brings one";

/**
 * Finds the XS host for this machine, or builds it from the sources of a pinned npm package (once; well under a minute).
 * Safe to call from several processes at once.
 * @throws {DormouseError} `unsupported` when the host does not compile; the message has the compiler's first error
 */
export async function buildHost(options: BuildOptions = {}): Promise<HostBuild> {
	const started = performance.now();
	const cache = options.cache ?? path.join(PROJECT, "build", "xs");
	const own = options.own ?? HERE;
	if (process.platform === "win32") return { ready: false, reason: "the XS engine needs Linux or macOS" };
	try {
		fs.mkdirSync(cache, { recursive: true });
		fs.accessSync(cache, fs.constants.W_OK);
		fs.rmSync(fs.mkdtempSync(path.join(cache, "probe-")), { recursive: true });
	} catch (error) {
		const { code } = error as NodeJS.ErrnoException;
		return {
			ready: false,
			reason: `the XS engine cannot be built: ${path.relative(PROJECT, cache)} cannot be written (${code})`,
		};
	}
	const compiler = await findCompiler(options.compiler, cache);
	if (!compiler) return { ready: false, reason: NO_COMPILER };
	const key = hash([
		INTEGRITY,
		compiler.version,
		String(compiler.bits),
		...FLAGS,
		...ownFiles(own).map(readText),
		...SHARED.map(readText),
	]);
	const target = path.join(cache, key);
	const result = (cached: boolean): ReadyHost => ({
		ready: true,
		path: path.join(target, "host"),
		bits: compiler.bits,
		representative: compiler.bits === 32,
		cached,
		seconds: (performance.now() - started) / 1000,
	});
	if (fs.existsSync(result(true).path)) return result(true);
	const unlock = await lock(`${target}.lock`);
	try {
		if (fs.existsSync(result(true).path)) return result(true);
		const sources = await sourceFolder(cache, options.progress);
		if (typeof sources !== "string") return { ready: false, reason: sources.reason };
		options.progress?.(`building the XS engine (${compiler.bits} bits), once`);
		await compileAll(compiler, sources, own, target);
	} finally {
		unlock();
	}
	return result(false);
}

interface Compiler {
	readonly command: string;
	readonly version: string;
	readonly bits: 32 | 64;
}

/** The first compiler that makes a program which runs, preferring 32 bits. Its answer is kept. */
async function findCompiler(chosen: string | undefined, cache: string): Promise<Compiler | undefined> {
	const environment = process.env.CC;
	const commands = chosen ? [chosen] : environment ? [environment] : ["cc", "gcc", "clang"];
	for (const command of commands) {
		const { status, output } = await run(command, ["--version"]);
		if (status !== 0) continue;
		const version = `${command} ${output.split("\n")[0]} ${process.arch}`;
		const note = path.join(cache, `compiler-${hash([version])}`);
		if (fs.existsSync(note)) return { command, version, bits: readText(note) === "32" ? 32 : 64 };
		for (const bits of [32, 64] as const)
			if (await canBuild(command, bits)) {
				// only a good answer is kept: gcc-multilib may be installed later
				if (bits === 32) writeWhole(note, String(bits));
				return { command, version, bits };
			}
	}
	return undefined;
}

async function canBuild(command: string, bits: 32 | 64): Promise<boolean> {
	const folder = fs.mkdtempSync(path.join(os.tmpdir(), "dormouse-cc-"));
	try {
		const source = path.join(folder, "probe.c");
		const program = path.join(folder, "probe");
		// a header of the C library shows whether that exists for 32 bits
		fs.writeFileSync(source, '#include <stdio.h>\n#include <math.h>\nint main(void) { return puts("") < 0; }\n');
		const built = await run(command, [...width(bits), source, "-o", program, ...LIBRARIES]);
		return built.status === 0 && (await run(program, [])).status === 0;
	} finally {
		fs.rmSync(folder, { recursive: true, force: true });
	}
}

/** With SSE, so that a double is a double: x87 computes with more bits than a device does. */
function width(bits: 32 | 64): string[] {
	return bits === 32 ? ["-m32", "-msse2", "-mfpmath=sse"] : [];
}

/** Compiles into a folder of its own and moves that into place at the end. */
async function compileAll(compiler: Compiler, sources: string, own: string, target: string): Promise<void> {
	const work = `${target}.${process.pid}.${Date.now()}`;
	fs.mkdirSync(work);
	try {
		const xs = path.join(sources, "xs");
		const include = [own, NATIVE, path.join(xs, "includes"), path.join(xs, "platforms"), path.join(xs, "sources")];
		const theirs = fs
			.readdirSync(path.join(xs, "sources"))
			.filter((name) => /\.c$/.test(name) && name !== "xsSnapshot.c");
		const files = [
			...ownFiles(own).filter((name) => name.endsWith(".c")), // first: a mistake in them shows at once
			...theirs.map((name) => path.join(xs, "sources", name)),
		];
		const objects = files.map((_, index) => path.join(work, `${index}.o`));
		const flags = [...width(compiler.bits), ...FLAGS, ...include.map((folder) => `-I${folder}`)];
		await inParallel(files.length, async (index) => {
			const file = files[index]!;
			const special = SPECIAL[path.basename(file)] ?? [];
			await compile(compiler.command, [...flags, ...special, "-c", file, "-o", objects[index]!]);
		});
		const out = path.join(work, "host");
		await compile(compiler.command, [...width(compiler.bits), "-o", out, ...objects, ...LIBRARIES]);
		for (const object of objects) fs.rmSync(object);
		try {
			fs.renameSync(work, target);
		} catch (error) {
			if (!fs.existsSync(path.join(target, "host"))) throw error; // another process was first, though locked out
		}
	} finally {
		fs.rmSync(work, { recursive: true, force: true });
	}
}

async function compile(command: string, args: readonly string[]): Promise<void> {
	const { status, output } = await run(command, args);
	if (status === 0) return;
	const lines = output.split("\n");
	const first = lines.find((line) => /\berror\b|undefined reference/.test(line)) ?? lines[0] ?? "";
	const short = first.replaceAll(`${PROJECT}${path.sep}`, "");
	throw new DormouseError("unsupported", `the XS host does not compile: ${short.trim()}`);
}

/** Runs `count` jobs, as many at once as there are cores; the first failure ends it. */
async function inParallel(count: number, job: (index: number) => Promise<void>): Promise<void> {
	let next = 0;
	let failed = false;
	const worker = async () => {
		while (next < count && !failed)
			try {
				await job(next++);
			} catch (error) {
				failed = true;
				throw error;
			}
	};
	const outcomes = await Promise.allSettled(Array.from({ length: Math.min(os.availableParallelism(), count) }, worker));
	for (const outcome of outcomes) if (outcome.status === "rejected") throw outcome.reason;
}

/** Waits for a lock file; one left by a dead process is taken over. @returns releases it */
async function lock(file: string): Promise<() => void> {
	for (;;) {
		try {
			fs.writeFileSync(file, String(process.pid), { flag: "wx" });
			return () => fs.rmSync(file, { force: true });
		} catch (error) {
			if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
		}
		if (isStale(file)) fs.rmSync(file, { force: true });
		else await new Promise((resolve) => setTimeout(resolve, 100));
	}
}

function isStale(file: string): boolean {
	try {
		const age = Date.now() - fs.statSync(file).mtimeMs;
		const pid = Number(readText(file));
		if (!pid) return age > 5000; // created, and its writer died before it wrote
		process.kill(pid, 0);
		return false;
	} catch (error) {
		return (error as NodeJS.ErrnoException).code === "ESRCH";
	}
}

function ownFiles(own: string): string[] {
	const names = fs.readdirSync(own).filter((name) => /\.[ch]$/.test(name));
	return names.sort().map((name) => path.join(own, name));
}

function readText(file: string): string {
	return fs.readFileSync(file, "utf8");
}

function writeWhole(file: string, text: string): void {
	fs.writeFileSync(`${file}.${process.pid}`, text);
	fs.renameSync(`${file}.${process.pid}`, file);
}

function hash(parts: readonly string[]): string {
	const digest = createHash("sha256");
	for (const part of parts) digest.update(`${part.length}:${part}`);
	return digest.digest("hex").slice(0, 16);
}

function run(command: string, args: readonly string[]): Promise<{ status: number; output: string }> {
	return new Promise((resolve) => {
		const child = spawn(command, args, { stdio: ["ignore", "pipe", "pipe"], env: { ...process.env, LC_ALL: "C" } });
		let output = "";
		child.stdout.on("data", (data) => (output += data));
		child.stderr.on("data", (data) => (output += data));
		child.on("error", (error) => resolve({ status: -1, output: error.message }));
		child.on("close", (status) => resolve({ status: status ?? -1, output }));
	});
}
