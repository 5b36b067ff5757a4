import { spawn } from "node:child_process";
import { join } from "node:path";
import type { WakeLog } from "../../sim/board.js";
import { bundleFirmware, PROJECT } from "../../sim/engine/bundle.js";
import type { Firmware, FirmwareBundle } from "../../sim/engine/engine.js";
import { NodeEngine } from "../../sim/engine/node.js";
import { Faults } from "../../sim/faults.js";
import { NorFlash } from "../../sim/flash.js";
import { Broker } from "../../sim/net/broker.js";
import { VirtualNetwork, type VirtualNetworkOptions } from "../../sim/net/virtual.js";
import { Scheduler } from "../../sim/scheduler.js";
import { Simulation, type Summary } from "../../sim/simulation.js";
import { Presses } from "../../sim/wake-pins.js";
import { Model } from "../../sim/world/model.js";
import type { World } from "../../sim/world/world.js";
import type { CollectedRecord } from "../../tools/collector.js";
import { type Tap, tapped } from "./fault-proxy.js";

export const DAY_MS = 86_400_000;
export const WEATHER = join(PROJECT, "nodes/weather.ts");

let bundle: Promise<FirmwareBundle> | undefined;
/** The weather node, bundled once. */
export function weatherBundle(): Promise<FirmwareBundle> {
	bundle ??= bundleFirmware(WEATHER);
	return bundle;
}

export interface Run {
	readonly summary: Summary;
	readonly wakes: readonly WakeLog[];
	readonly records: readonly CollectedRecord[];
	/** Payloads in the order of their arrival. */
	readonly payloads: readonly Uint8Array[];
	readonly simulation: Simulation;
	readonly broker: Broker;
}
export interface RunOptions {
	readonly firmware?: Firmware;
	readonly world?: World;
	readonly days?: number;
	readonly seed?: number;
	readonly faults?: readonly string[];
	/** As of `--press`. */
	readonly presses?: readonly string[];
	readonly network?: VirtualNetworkOptions;
	/** Sectors of the store's partition, 64 by default. */
	readonly sectors?: number;
	readonly settings?: Readonly<Record<string, string>>;
	/** How much too fast the board's clock runs in deep sleep that begins at an instant, in ppm. */
	drift?(at: number): number;
	/** Puts the broker on the network, in place of plain service. */
	serve?(network: VirtualNetwork, broker: Broker): void;
	/** Hears the board's connections. */
	readonly tap?: Tap;
	/** Before the power comes. */
	prepare?(simulation: Simulation, broker: Broker, scheduler: Scheduler): void;
}

/** Runs a node with the broker of the simulation. */
export async function run(options: RunOptions = {}): Promise<Run> {
	const { seed = 1, days = 1, faults = [] } = options;
	const scheduler = new Scheduler();
	const network = new VirtualNetwork(scheduler, options.network ?? {});
	const broker = new Broker(scheduler);
	if (options.serve) options.serve(network, broker);
	else {
		broker.serve(network);
		broker.serve(network, 8883, {});
	}
	const wakes: WakeLog[] = [];
	const records: CollectedRecord[] = [];
	const payloads: Uint8Array[] = [];
	const script = new Faults();
	for (const fault of faults) script.add(fault);
	for (const [from, to] of [...script.spans("broker"), ...script.spans("ap"), ...script.spans("cable")])
		network.addOutage({ from, to, how: "silent" });
	for (const [from, to] of script.spans("refuse")) network.addOutage({ from, to, how: "refused" });
	const presses = new Presses();
	for (const press of options.presses ?? []) presses.add(press);
	const simulation = new Simulation({
		presses,
		scheduler,
		network: options.tap ? tapped(network, options.tap) : network,
		firmware: options.firmware ?? new NodeEngine("fresh").load(await weatherBundle()),
		world: options.world ?? new Model({ seed }),
		seed,
		settings: options.settings ?? {},
		...(options.sectors ? { flash: new Map([["store", new NorFlash(options.sectors)]]) } : {}),
		...(options.drift ? { drift: options.drift } : {}),
		faults: script,
		lengthMs: days * DAY_MS,
		onWake: (log) => wakes.push(log),
		onRecords: (fresh) => records.push(...fresh),
	});
	broker.subscribe("dormouse/+/t", (_, payload) => {
		payloads.push(payload);
		simulation.receive(payload);
	});
	options.prepare?.(simulation, broker, scheduler);
	const summary = await simulation.run();
	return { summary, wakes, records, payloads, simulation, broker };
}

export interface CommandResult {
	readonly status: number | null;
	readonly stdout: string;
	readonly stderr: string;
}

/** Runs the `dormouse` command as a user does. @param interruptOn sends SIGINT when standard output holds this text */
export function dormouse(args: readonly string[], interruptOn?: string): Promise<CommandResult> {
	return new Promise((resolve, reject) => {
		const child = spawn(process.execPath, [join(PROJECT, "tools/dormouse.mjs"), ...args], { cwd: PROJECT });
		let stdout = "";
		let stderr = "";
		let interrupted = false;
		child.stdout.setEncoding("utf8").on("data", (text: string) => {
			stdout += text;
			if (interruptOn !== undefined && !interrupted && stdout.includes(interruptOn)) {
				interrupted = true;
				child.kill("SIGINT");
			}
		});
		child.stderr.setEncoding("utf8").on("data", (text: string) => {
			stderr += text;
		});
		child.on("error", reject);
		child.on("close", (status) => resolve({ status, stdout, stderr }));
	});
}
