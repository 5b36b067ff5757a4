import node from "dormouse/node";
import { NodeRun } from "./modules/cycle/node-run.js";
import { Device } from "./modules/device/device.js";

/**
 * One wake of the node that the build picked (`dormouse/node`). The engine calls it after each boot; deep sleep is a
 * reboot, so that nothing here outlives it.
 */
export default function wake(): void {
	new NodeRun(node, new Device()).start();
}
