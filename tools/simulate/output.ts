import type { NodeDeclaration } from "../../modules/cycle/declaration.js";
import type { WakeLog } from "../../sim/board.js";
import type { LorawanNetwork } from "../../sim/lora/lorawan-network.js";
import type { LorawanUplink, Simulation } from "../../sim/simulation.js";
import type { Recording } from "../../sim/world/csv.js";
import type { World } from "../../sim/world/world.js";
import type { CollectedRecord } from "../collector.js";
import type { Options } from "./options.js";

/** Where a simulation tells what happens. */
export interface Output {
	/** What is about to run. */
	begin(about: About): void;
	/** A wake is over. */
	wake(log: WakeLog): void;
	/** A message arrived. @param atMs wall time in the simulation, in milliseconds since 1970 */
	message?(topic: string, payload: Uint8Array, atMs: number): void;
	/** It brought these new records, and so many that had come before. */
	records(records: readonly CollectedRecord[], duplicates: number): void;
	/** A frame reached the LoRaWAN network; its records come next. */
	uplink?(uplink: LorawanUplink): void;
	end(simulation: Simulation, interrupted: boolean): void;
}
export interface About {
	readonly options: Options;
	readonly node: NodeDeclaration;
	readonly nodeId: string;
	readonly world: World;
	readonly lengthMs: number;
	readonly recording: Recording | undefined;
	readonly engine: string;
	/** The broker without credentials, or the LoRaWAN network. */
	readonly peer: string;
	/** For a node that declares LoRaWAN. */
	readonly lorawan: LorawanNetwork | undefined;
	/** What the user should know before: one line each. */
	readonly notices: readonly string[];
}

/** The name of a value in a table of constants; the number itself when it has none. */
export function nameOf(table: Readonly<Record<string, number>>, value: number): string {
	return Object.entries(table).find(([, number]) => number === value)?.[0] ?? String(value);
}
