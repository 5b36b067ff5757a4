import { join } from "node:path";
import { BOOT_MS, type WakeLog } from "../sim/board.js";
import { awakeOf, chargeOf, Script, scriptMs } from "../sim/energy.js";
import { bundleFirmware, PROJECT } from "../sim/engine/bundle.js";
import type { Engine, FirmwareBundle } from "../sim/engine/engine.js";
import { NodeEngine } from "../sim/engine/node.js";
import { XsEngine } from "../sim/engine/xs.js";
import { WifiTimes } from "../sim/net/wifi-times.js";
import { buildHost } from "../sim/xs/build.js";
import { type Run, type RunOptions, run, WEATHER } from "../test/support/simulate.js";
import { row } from "./row.js";

/** One way, in milliseconds: a link of 10 ms. */
const DELAY_MS = 10;
const DAYS = 1;

/**
 * Where the time and the charge of a wake go, on Wi-Fi, as modelled: virtual time by named constants, and JavaScript's time by
 * XS's metering. Figures of others are measured on their boards: another chip, another access point.
 */
export async function bench(): Promise<void> {
	const host = await buildHost({ progress: (line) => process.stderr.write(`${line}\n`) });
	if (!host.ready) process.stdout.write(`  JavaScript's time is not counted: ${host.reason}\n`);
	const engine: Engine = host.ready ? new XsEngine(host, { locate: false }) : new NodeEngine("kept");
	const weather = await bundleFirmware(WEATHER);
	const asking = await bundleFirmware(join(PROJECT, "test/fixtures/wifi-ask.ts"));
	const of = (bundle: FirmwareBundle, options: RunOptions = {}) => live(engine, bundle, options);

	const { start, hintDwell, associate, handshake, hop } = WifiTimes;
	if (host.ready)
		row("computrons of a host call in the shims, not counted", await shimCall(engine), `as ${Script.shimCall}`);
	row("boot from deep sleep, ms, named constant", BOOT_MS.deepSleep);
	row(
		"Wi-Fi with access point and lease remembered, ms, named constants",
		start + hintDwell + associate + handshake + hop,
	);

	const usual = await of(weather);
	const [first, second] = publishes(usual);
	wakeRows("a publish, access point and lease remembered", second!, "budget ≤ 300", "budget ≤ 60");
	row("  MicroPython on an ESP32, static address, measured (glenn20): ms awake", 774);
	row("  the same: mC", 108.6);
	wakeRows("a wake that only samples", usual.wakes[5]!);
	wakeRows("a publish, access point remembered, DHCP asked", publishes(await of(asking))[1]!);
	row("  MicroPython on an ESP32, Wi-Fi with DHCP alone, measured (glenn20): ms awake", 1626);
	row("  the same: mC", 204.3);
	wakeRows("a publish, nothing remembered: scan and DHCP", first!);
	const moved = await of(weather, { faults: ["roam@5h"] });
	wakeRows("a publish, the access point was replaced", publishes(moved).find(({ at }) => at > 5 * 3_600_000)!);

	row("coulombs a day, all well", usual.simulation.ledger.perDay);
	for (const [what, options] of [
		["no access point for a week", { faults: ["ap@0s..8d"] }],
		["the access point goes after a day, for a week", { faults: ["ap@1d..9d"] }],
		["a wrong passphrase for a week", { settings: { passphrase: "quite another one" } }],
		["no DHCP server for a week", { faults: ["dhcp@0s..8d"] }],
		["no broker for a week", { faults: ["broker@0s..8d"] }],
	] as const) {
		const week = await of(weather, { days: 7, ...options });
		const { ledger } = week.simulation;
		row(`coulombs a day, ${what}`, ledger.perDay);
		row("  tries a day, and mC of each", ledger.failed.wakes / 7, `${ledger.each("failed").toFixed(1)} mC`);
	}
	const { ledger } = usual.simulation;
	row("years on 2,600 mAh, all well, self-discharge not counted", ledger.years(2600));
}

/** Parts of one wake. */
function wakeRows(what: string, wake: WakeLog, all = "", own = ""): void {
	const { split, figures } = wake;
	row(`${what}: ms awake as modelled`, awakeOf(split), all);
	row("  boot", split.bootMs);
	row("  waiting for sensors", split.waitMs);
	row("  radio on: joining and the exchange", split.radioMs);
	row("  sending, of that", split.sentMs);
	row("  buses, converters, flash", split.busyMs);
	if (figures) {
		const ms = scriptMs(figures.computrons, figures.hostCalls);
		row("  JavaScript, by XS's metering, within a factor of 2", ms);
		row("  the same without stalls", ms / Script.stalls);
		row("  firmware's own share: buses, converters, flash, JavaScript", split.busyMs + ms, own);
	}
	row("  mC", chargeOf(split) / 1000);
}

function publishes({ wakes }: Run): WakeLog[] {
	return wakes.filter(({ report }) => report?.acknowledged);
}

async function live(engine: Engine, bundle: FirmwareBundle, options: RunOptions): Promise<Run> {
	const firmware = engine.load(bundle);
	try {
		return await run({ firmware, days: DAYS, network: { delayMs: DELAY_MS }, ...options });
	} finally {
		firmware.close();
	}
}

/** Computrons of one host call in the simulator's shims, which C takes the place of on a board. */
async function shimCall(engine: Engine): Promise<number> {
	const bundle = await bundleFirmware(WEATHER, "test/fixtures/shim-calls.ts");
	const of = async (calls: number) => {
		const { wakes } = await live(engine, bundle, { days: 0.01, settings: { calls: `${calls}` } });
		return wakes[0]!.figures!.computrons;
	};
	return ((await of(999)) - (await of(100))) / 900;
}
