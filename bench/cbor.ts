import { existsSync, readFileSync } from "node:fs";
import { build } from "esbuild";
import { toHex } from "../modules/core/bytes.js";
import { PROJECT } from "../sim/engine/bundle.js";
import type { FirmwareBundle } from "../sim/engine/engine.js";
import { XsEngine, type XsFirmware } from "../sim/engine/xs.js";
import { Status } from "../sim/host/table.js";
import { buildHost, type ReadyHost } from "../sim/xs/build.js";
import { type RamProfile, ramProfile } from "../sim/xs/profiles.js";
import { codec as byHand } from "./cbor/by-hand.js";
import { codec as cborX } from "./cbor/cbor-x.js";
import { codec as cbor2 } from "./cbor/cbor2.js";
import { codec as cborg } from "./cbor/cborg.js";
import type { Codec } from "./cbor/codec.js";
import { codec as generic } from "./cbor/generic.js";
import { messages } from "./cbor/messages.js";
import { Ask } from "./cbor/program.js";
import { row } from "./row.js";

/** Ours twice: as firmware calls it, and as a general codec like the peers, to which that one compares. */
const CODECS: readonly (readonly [name: string, file: string, codec: Codec])[] = [
	["ours, by hand", "by-hand", byHand],
	["ours, generic", "generic", generic],
	["cborg", "cborg", cborg],
	["cbor-x", "cbor-x", cborX],
	["cbor2", "cbor2", cbor2],
];
const ROUNDS = 9;
/** On Node: warm-up of a codec and message, and one run. */
const WARM_MS = 60;
const RUN_MS = 10;
/** Operations of one run on XS. */
const TIMES = 500;
/** Peers make garbage, and no device's heap would do: this one spares them most collections. */
const RAM: RamProfile = { ...ramProfile("esp32"), name: "bench", chunks: 8 << 20, slots: 500_000, stack: 2048 };

/** CBOR of the same messages by ours, cborg, cbor-x and cbor2: on Node, and on XS with what runs there. */
export async function bench(): Promise<void> {
	for (const message of messages) {
		const encodings = new Set(CODECS.map(([, , codec]) => toHex(codec.encode(message))));
		row(
			`${message.name}, bytes`,
			byHand.encode(message).length,
			encodings.size > 1 ? `${encodings.size} encodings` : "",
		);
	}
	for (const [what, operation] of [
		["encode", 0],
		["decode", 1],
	] as const)
		for (const [index, message] of messages.entries()) {
			const runs = CODECS.map(([, , codec]) => onNode(codec, index, operation));
			const speeds = interleaved(runs.map((run) => () => 1000 / run()));
			told(`Node, ${what} ${message.name}, thousands a second`, speeds, "");
		}
	const host = await buildHost({ progress: (line) => process.stderr.write(`${line}\n`) });
	if (host.ready) await onXs(host);
	else process.stdout.write(`  XS skipped: ${host.reason}\n`);
}

/** A row for each codec; ours have their ratio to the fastest peer. NaN did not run. */
function told(title: string, speeds: readonly number[], budget: string) {
	const peer = Math.max(...speeds.slice(2).filter((speed) => speed > 0));
	for (const [n, [name]] of CODECS.entries()) {
		if (Number.isNaN(speeds[n]!)) continue;
		row(
			`${title}: ${name}`,
			speeds[n]!,
			n < 2 ? `${(speeds[n]! / peer).toFixed(1)} of the fastest peer ${n === 0 ? budget : ""}`.trim() : "",
		);
	}
}

/** Medians of runs that take turns, so that what else the machine does meets all. */
function interleaved(runs: readonly (() => number)[]): number[] {
	const figures: number[][] = runs.map(() => []);
	for (let round = 0; round < ROUNDS; round++) for (const [n, run] of runs.entries()) figures[n]!.push(run());
	return figures.map((all) => all.sort((a, b) => a - b)[ROUNDS >> 1]!);
}

/** @returns a run: microseconds for one operation */
function onNode(codec: Codec, index: number, operation: number): () => number {
	const message = messages[index]!;
	const bytes = codec.encode(message).slice();
	const run = (times: number) => {
		const start = process.cpuUsage();
		if (operation === 0) for (let n = 0; n < times; n++) codec.encode(message);
		else for (let n = 0; n < times; n++) codec.decode(message, bytes);
		const { user, system } = process.cpuUsage(start);
		return Math.max(user + system, 1) / times;
	};
	let spent = 0;
	let each = 0;
	while (spent < WARM_MS) {
		each = run(200);
		spent += each / 5;
	}
	const times = Math.ceil((1000 * RUN_MS) / each);
	return () => run(times);
}

async function onXs(host: ReadyHost) {
	const loaded: (XsFirmware | undefined)[] = [];
	for (const [name, file] of CODECS) {
		let firmware: XsFirmware | undefined;
		let reason = "";
		try {
			firmware = new XsEngine(host, { ram: RAM, meterLimit: 2_000_000_000, locate: false }).load(await bundled(file));
			reason = job(firmware, 0, 0, 1).fault;
		} catch (error) {
			reason = (error as Error).message;
		}
		if (reason) process.stdout.write(`  XS does not run ${name}: ${reason}\n`);
		loaded.push(reason ? undefined : firmware);
	}
	for (const [what, operation] of [
		["encode", 0],
		["decode", 1],
	] as const)
		for (const [index, message] of messages.entries()) {
			const speeds = interleaved(
				loaded.map((firmware) => () => {
					if (!firmware) return Number.NaN;
					const { milliseconds, fault } = job(firmware, index, operation, TIMES);
					return fault ? Number.NaN : TIMES / milliseconds;
				}),
			);
			const budget = operation === 0 ? "(budget ≥ 2)" : "";
			told(`XS, ${what} ${message.name}, thousands a second`, speeds, budget);
			for (const [n, [name]] of CODECS.entries()) {
				const firmware = loaded[n];
				if (!firmware || Number.isNaN(speeds[n]!)) continue;
				const meter = (job(firmware, index, operation, 110).meter - job(firmware, index, operation, 10).meter) / 100;
				row(`XS, ${what} ${message.name}, computrons: ${name}`, meter);
			}
		}
	for (const firmware of loaded) firmware?.close();
}

/** Boots, and does an operation so many times. */
function job(firmware: XsFirmware, message: number, operation: number, times: number) {
	let milliseconds = Number.NaN;
	let start = 0;
	const wake = firmware.boot({
		call(request) {
			if (request[0] === Ask.job) return Uint8Array.of(message, operation, times >> 8, times & 255);
			if (request[0] === Ask.start) start = spentMs(firmware.pid);
			else if (request[0] === Ask.end) milliseconds = spentMs(firmware.pid) - start;
			return Uint8Array.of(Status.ok);
		},
	});
	const fault = wake.fault ? `${wake.fault.reason}: ${wake.fault.message}` : "";
	const meter = wake.figures()?.computrons ?? Number.NaN;
	wake.drop();
	return { milliseconds, meter, fault };
}

/** What the processor spent on a process so far, which waits just now: what else the machine does is not in it. */
function spentMs(pid: number | undefined): number {
	const schedule = `/proc/${pid}/schedstat`;
	return existsSync(schedule) ? Number(readFileSync(schedule, "utf8").split(" ", 1)[0]) / 1e6 : performance.now();
}

/**
 * A codec and the program as firmware. All are evaluated in RAM, within the wake: peers write to their module scope,
 * which flash refuses. What they expect of a host and the SDK has as modules is there: TextEncoder and TextDecoder over
 * XS's own functions, which are native. `console` and `URL` are named by peers but not needed here.
 */
async function bundled(file: string): Promise<FirmwareBundle> {
	const { outputFiles } = await build({
		stdin: {
			contents: `export { codec } from "./bench/cbor/${file}.js"; export { perform } from "./bench/cbor/program.js";`,
			resolveDir: PROJECT,
			loader: "ts",
		},
		bundle: true,
		write: false,
		outfile: "codec.js",
		absWorkingDir: PROJECT,
		format: "iife",
		globalName: "bench",
		target: "es2022",
		platform: "neutral",
		mainFields: ["module", "main"],
		charset: "utf8",
		sourcemap: "external",
		logLevel: "silent",
		tsconfigRaw: { compilerOptions: { useDefineForClassFields: false } },
	});
	const text = (end: string) => outputFiles.find(({ path }) => path.endsWith(end))!.text;
	const host = `globalThis.TextEncoder = class {
		encode(text) { return new Uint8Array(ArrayBuffer.fromString(text)); }
		encodeInto(text, into) { const bytes = this.encode(text); into.set(bytes); return { read: text.length, written: bytes.length }; }
	};
	globalThis.TextDecoder = class {
		decode(bytes) { return String.fromArrayBuffer(bytes.buffer, bytes.byteOffset, bytes.byteLength); }
	};
	globalThis.console = { log() {}, warn() {}, error() {} };
	globalThis.URL = class {};`.replaceAll("\n", " ");
	const code = `((dormouseEngine) => ({ wake() { ${host} ${text(".js")}\nbench.perform(dormouseEngine, bench.codec); }, node: undefined }))`;
	return { code, map: text(".map"), name: file };
}
