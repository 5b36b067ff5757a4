import type { UplinkDeclaration } from "../../net/uplink.js";
import type { SensorDeclaration } from "../measure/sensor.js";

/** A node, checked and frozen. Made by {@link declareNode}. */
export interface NodeDeclaration {
	readonly name: string;
	/** Seconds between samples. */
	readonly everySeconds: number;
	readonly sensors: readonly SensorDeclaration[];
	readonly uplink: UplinkDeclaration;
}
