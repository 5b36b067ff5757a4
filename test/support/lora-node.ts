import { join } from "node:path";
import { CellId, Log, STORE_PARTITION } from "../../modules/store/log.js";
import { GPS_TO_UNIX_MS } from "../../net/lorawan/package.js";
import type { WakeLog } from "../../sim/board.js";
import type { LoraFrame } from "../../sim/chips/lora-air.js";
import { bundleFirmware, PROJECT } from "../../sim/engine/bundle.js";
import type { Firmware, FirmwareBundle } from "../../sim/engine/engine.js";
import { NodeEngine } from "../../sim/engine/node.js";
import { Faults } from "../../sim/faults.js";
import { NorFlash, SECTOR } from "../../sim/flash.js";
import { LorawanNetwork, type LorawanNetworkOptions } from "../../sim/lora/lorawan-network.js";
import { VirtualNetwork } from "../../sim/net/virtual.js";
import { Scheduler } from "../../sim/scheduler.js";
import { type LorawanUplink, lorawanOf, Simulation, type Summary } from "../../sim/simulation.js";
import { Model } from "../../sim/world/model.js";
import type { CollectedRecord } from "../../tools/collector.js";
import { NorPort } from "./flash-port.js";

export const FIELD = join(PROJECT, "nodes/field-lora.ts");
/** Takes commands; see the file for what its cell holds. */
export const COMMANDS = join(PROJECT, "test/fixtures/lora-commands.ts");
const DAY_MS = 86_400_000;

let bundle: Promise<FirmwareBundle> | undefined;
/** The field node, bundled once. */
export function fieldBundle(): Promise<FirmwareBundle> {
	bundle ??= bundleFirmware(FIELD);
	return bundle;
}

export interface LoraRun {
	readonly summary: Summary;
	readonly wakes: readonly WakeLog[];
	readonly records: readonly CollectedRecord[];
	/** Frames of the node's port, as the network handed them out. */
	readonly uplinks: readonly LorawanUplink[];
	/** All that the node sent. */
	readonly frames: readonly LoraFrame[];
	readonly simulation: Simulation;
	readonly network: LorawanNetwork;
	readonly scheduler: Scheduler;
	/** What the node's handler of messages keeps in flash at the end. */
	cell(): number[];
}
export interface LoraRunOptions {
	/** The field node on Node, its modules evaluated each wake, by default. */
	readonly firmware?: Firmware;
	readonly days?: number;
	readonly seed?: number;
	readonly faults?: readonly string[];
	readonly settings?: Readonly<Record<string, string>>;
	/** Of the network around it. */
	readonly network?: Partial<LorawanNetworkOptions>;
	/** Sectors of the store's partition, 64 by default. */
	readonly sectors?: number;
	drift?(at: number): number;
	/** Before the power comes. */
	prepare?(simulation: Simulation, network: LorawanNetwork, scheduler: Scheduler): void;
	onWake?(log: WakeLog, simulation: Simulation): void;
}

/** Runs a node with a LoRaWAN network of the simulation. */
export async function runLora(options: LoraRunOptions = {}): Promise<LoraRun> {
	const { seed = 1, days = 1 } = options;
	const scheduler = new Scheduler();
	const faults = new Faults();
	for (const fault of options.faults ?? []) faults.add(fault);
	const firmware = options.firmware ?? new NodeEngine("fresh").load(await fieldBundle());
	const world = new Model({ seed });
	const network = new LorawanNetwork({
		scheduler,
		region: lorawanOf(firmware.node)!.region,
		seed,
		gpsMsAtZero: world.startMs - GPS_TO_UNIX_MS,
		faults,
		...options.network,
	});
	const wakes: WakeLog[] = [];
	const records: CollectedRecord[] = [];
	const uplinks: LorawanUplink[] = [];
	const frames: LoraFrame[] = [];
	const simulation = new Simulation({
		scheduler,
		network: new VirtualNetwork(scheduler, {}),
		lorawan: network,
		firmware,
		world,
		seed,
		settings: options.settings ?? {},
		...(options.sectors ? { flash: new Map([["store", new NorFlash(options.sectors)]]) } : {}),
		...(options.drift ? { drift: options.drift } : {}),
		faults,
		lengthMs: days * DAY_MS,
		onWake(log) {
			wakes.push(log);
			options.onWake?.(log, simulation);
		},
		onRecords: (fresh) => records.push(...fresh),
		onUplink: (uplink) => uplinks.push(uplink),
	});
	simulation.radio!.onFrame = (frame) => frames.push(frame);
	options.prepare?.(simulation, network, scheduler);
	const summary = await simulation.run();
	await network.close();
	const cell = () => {
		const image = simulation.board.flash.get(STORE_PARTITION)!.bytes;
		const port = new NorPort(image.length / SECTOR, SECTOR);
		port.nor.bytes.set(image);
		const log = new Log({ flash: () => port });
		log.ready();
		return Array.from(log.get(CellId.config) ?? []);
	};
	return { summary, wakes, records, uplinks, frames, simulation, network, scheduler, cell };
}
