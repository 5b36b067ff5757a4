import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { bundleFirmware, PROJECT } from "../sim/engine/bundle.js";
import type { FirmwareBundle, HostSide } from "../sim/engine/engine.js";
import { XsEngine } from "../sim/engine/xs.js";
import { Status } from "../sim/host/table.js";
import { buildHost } from "../sim/xs/build.js";
import { run, WEATHER } from "../test/support/simulate.js";
import { row } from "./row.js";

/** Wakes of the timed run, in simulated days. */
const DAYS = 30;

/** What the XS engine costs this machine: build, host call, wake, memory. What firmware costs a board: `npm run size`. */
export async function bench(): Promise<void> {
	const host = await buildHost({ progress: (line) => process.stderr.write(`${line}\n`) });
	if (!host.ready) {
		process.stdout.write(`  skipped: ${host.reason}\n`);
		return;
	}
	row("build of the host from its sources, s", await buildSeconds(), "budget ≤ 60 on two cores");
	const engine = new XsEngine(host, { locate: false });
	const small = msPerWake(engine, 1, 2000);
	row("host call, there and back, µs", msPerWake(engine, 1001, 20) - small, "budget ≤ 25");
	row("small wakes a second", 1000 / small);
	const bundle = await bundleFirmware(WEATHER);
	const begin = performance.now();
	const firmware = engine.load(bundle);
	row("load of the weather node, ms", performance.now() - begin);
	await run({ firmware, days: 2 }); // warm-up
	const started = performance.now();
	const { summary } = await run({ firmware, days: DAYS });
	row("wakes of the weather node a second", (1000 * summary.wakes) / (performance.now() - started), "budget ≥ 500");
	row("resident memory of one board's process, KB", residentKilobytes(firmware.pid), "budget ≤ 4,096");
	firmware.close();
}

/** Firmware that makes so many host calls and sleeps. */
function calling(count: number): FirmwareBundle {
	const code = `((dormouseEngine) => ({ wake() {
		const request = new Uint8Array(8);
		for (let n = 0; n < ${count}; n++) dormouseEngine.call(request, 8);
		request[0] = 255;
		dormouseEngine.call(request, 1);
	} }))`;
	return { code, map: "", name: "calls" };
}

function msPerWake(engine: XsEngine, calls: number, wakes: number): number {
	const board: HostSide = { call: (request) => Uint8Array.of(request[0] === 255 ? Status.ended : Status.ok, 1, 2, 3) };
	const firmware = engine.load(calling(calls));
	for (let n = 0; n < 20; n++) firmware.boot(board).drop();
	const started = performance.now();
	for (let n = 0; n < wakes; n++) firmware.boot(board).drop();
	const ms = performance.now() - started;
	firmware.close();
	return ms / wakes;
}

/** NaN where there is no /proc. */
function residentKilobytes(pid: number | undefined): number {
	const status = existsSync(`/proc/${pid}/status`) ? readFileSync(`/proc/${pid}/status`, "utf8") : "";
	return Number(/^VmRSS:\s+(\d+)/m.exec(status)?.[1] ?? Number.NaN);
}

/** Builds the host from nothing but the fetched sources. */
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
