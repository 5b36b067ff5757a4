import node from "dormouse/node";
import { NodeRun } from "./modules/cycle/node-run.js";
import {
	DeviceClock,
	DeviceEntropy,
	DeviceMemory,
	DeviceTimers,
	deepSleep,
	nodeId,
	report,
	resetReason,
	setting,
	wakeCause,
} from "./modules/device/device.js";
import { openFlash } from "./modules/device/flash.js";

/**
 * One wake of the node that the build picked (`dormouse/node`). The engine calls it after each boot; deep sleep is a
 * reboot, so that nothing here outlives it.
 */
export default function wake(): void {
	const partitions: { close(): void }[] = [];
	new NodeRun(node, {
		clock: new DeviceClock(),
		timers: new DeviceTimers(),
		memory: new DeviceMemory(),
		entropy: new DeviceEntropy(),
		wakeCause: wakeCause(),
		resetReason: resetReason(),
		nodeId: nodeId(),
		flash(label) {
			const partition = openFlash(label);
			partitions.push(partition);
			return partition;
		},
		setting,
		report,
		sleep(ms) {
			for (const partition of partitions) partition.close();
			deepSleep(ms);
		},
	}).start();
}
