/**
 * What the XS engine costs: `node --import tsx bench/xs.ts [--build] [--json]`. With `--build`, the host is also built from
 * nothing (but the fetched sources). RAM, flash and computrons are deterministic; times are this machine's.
 */
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { bundleFirmware, PROJECT } from "../sim/engine/bundle.js";
import type { Engine, Firmware, FirmwareBundle, HostSide } from "../sim/engine/engine.js";
import { NodeEngine } from "../sim/engine/node.js";
import { XsEngine, type XsWake } from "../sim/engine/xs.js";
import { firmwareFlash, smallestRam } from "../sim/engine/xs-size.js";
import { Faults } from "../sim/faults.js";
import { Status } from "../sim/host/table.js";
import { Broker } from "../sim/net/broker.js";
import { VirtualNetwork } from "../sim/net/virtual.js";
import { Scheduler } from "../sim/scheduler.js";
import { Simulation } from "../sim/simulation.js";
import { Model } from "../sim/world/model.js";
import { buildHost } from "../sim/xs/build.js";

const HOUR_MS = 3_600_000;

/** Runs the weather node against the broker in the simulation. @returns wakes */
async function live(firmware: Firmware, hours: number, onWake = () => {}): Promise<number> {
	const scheduler = new Scheduler();
	const network = new VirtualNetwork(scheduler, { seed: 1 });
	const options = { scheduler, network, firmware, seed: 1, settings: {}, faults: new Faults(), onWake };
	const simulation = new Simulation({ ...options, world: new Model({ seed: 1 }), lengthMs: hours * HOUR_MS });
	const broker = new Broker(scheduler);
	broker.serve(network);
	broker.subscribe("#", (_, payload) => simulation.receive(payload));
	const { wakes } = await simulation.run();
	await network.close();
	return wakes;
}

async function wakesPerSecond(engine: Engine, bundle: FirmwareBundle, hours: number): Promise<number> {
	const firmware = engine.load(bundle);
	await live(firmware, 24);
	const started = performance.now();
	const wakes = await live(firmware, hours);
	const perSecond = (1000 * wakes) / (performance.now() - started);
	firmware.close();
	return perSecond;
}

/** Firmware that makes so many host calls and sleeps. */
const calling = (count: number): FirmwareBundle => ({
	code: `((dormouseEngine) => ({ wake() { const b = new Uint8Array(8); for (let n = 0; n < ${count}; n++) dormouseEngine.call(b, 8); b[0] = 255; dormouseEngine.call(b, 1); } }))`,
	map: "",
	name: "calls",
});
const board: HostSide = { call: (request) => Uint8Array.of(request[0] === 255 ? Status.ended : Status.ok, 1, 2, 3) };

function timeOf(engine: XsEngine, calls: number, wakes: number): number {
	const firmware = engine.load(calling(calls));
	for (let n = 0; n < 20; n++) firmware.boot(board).drop();
	const started = performance.now();
	for (let n = 0; n < wakes; n++) firmware.boot(board).drop();
	const ms = performance.now() - started;
	firmware.close();
	return ms / wakes;
}

function rssKilobytes(pid: number | undefined): number {
	const status = existsSync(`/proc/${pid}/status`) ? readFileSync(`/proc/${pid}/status`, "utf8") : "";
	return Number(/^VmRSS:\s+(\d+)/m.exec(status)?.[1] ?? Number.NaN);
}

async function buildSeconds(): Promise<number> {
	const cache = mkdtempSync(join(tmpdir(), "dormouse-bench-"));
	try {
		const shared = join(PROJECT, "build/xs");
		for (const name of readdirSync(shared))
			if (name.startsWith("source-")) symlinkSync(join(shared, name), join(cache, name));
		const built = await buildHost({ cache });
		return built.ready ? built.seconds : Number.NaN;
	} finally {
		rmSync(cache, { recursive: true, force: true });
	}
}

const host = await buildHost({ progress: (line) => console.error(line) });
if (!host.ready) {
	console.log(host.reason);
	process.exit(0);
}
const figures: [what: string, value: number, unit: string, goal: string][] = [];
const put = (what: string, value: number, unit: string, goal = "") => figures.push([what, value, unit, goal]);

if (process.argv.includes("--build")) put("build of the host from its sources", await buildSeconds(), "s", "≤ 60");
const bundle = await bundleFirmware("nodes/weather.ts");
const quick = new XsEngine(host, { locate: false });
const small = timeOf(quick, 1, 2000);
put("host call, there and back", (1000 * (timeOf(quick, 1001, 20) - small)) / 1000, "µs", "≤ 25");
put("small wakes", 1000 / small, "/s");
put("weather wakes, Node", await wakesPerSecond(new NodeEngine("kept"), bundle, 720), "/s");
put("weather wakes, XS", await wakesPerSecond(new XsEngine(host), bundle, 720), "/s", "≥ 500");

const started = performance.now();
const firmware = quick.load(bundle);
put("load of the weather node", performance.now() - started, "ms");
let last: XsWake | undefined;
let [computrons, calls, stack] = [0, 0, 0];
const watched: Firmware = { node: firmware.node, boot: (side) => (last = firmware.boot(side)), close() {} };
await live(watched, 24, () => {
	const figures = last?.figures();
	computrons = Math.max(computrons, figures?.computrons ?? 0);
	calls = Math.max(calls, figures?.hostCalls ?? 0);
	stack = Math.max(stack, figures?.stack.peak ?? 0);
});
put("memory of one board", rssKilobytes(firmware.pid), "KB", "≤ 4096");
put("computrons of the longest wake", computrons, "");
put("host calls of it", calls, "");
put("deepest stack", stack, "slots");

const least = await smallestRam(firmware, async (boot) => {
	await live({ node: firmware.node, boot, close() {} }, 3);
});
const mark = host.representative ? "" : " (64 bits: not a device's)";
put(`smallest chunks${mark}`, least?.chunks ?? Number.NaN, "B", "≤ 8192 without shims");
put(`smallest slots${mark}`, least?.slots ?? Number.NaN, "", "≤ 640 without shims");
put("smallest stack", least?.stack ?? Number.NaN, "slots", "≤ 256");
put(`smallest linear region${mark}`, least?.linear ?? Number.NaN, "B");
const flash = firmwareFlash(quick, firmware.flash);
put("flash: bytecode", flash.bytecode, "B");
put(`flash: preloaded slots${mark}`, flash.slots * flash.slotSize, "B");
put("flash: chunks with names", flash.chunks, "B");
put("flash: keys", flash.keys, "");
firmware.close();

if (process.argv.includes("--json"))
	console.log(JSON.stringify(figures.map(([what, value, unit, goal]) => ({ what, value, unit, goal }))));
else
	for (const [what, value, unit, goal] of figures) {
		const digits = Number.isInteger(value) || value >= 100 ? 0 : 1;
		console.log(`${what.padEnd(42)}${value.toFixed(digits).padStart(10)} ${unit.padEnd(6)}${goal}`.trimEnd());
	}
