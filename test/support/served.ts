import type { Cells } from "../../modules/store/log.js";
import type { UplinkNode } from "../../net/uplink.js";

/** The node that an uplink serves in tests: what it tells can be set. */
export class Served implements UplinkNode {
	longestQuietMs = 30_000_000;
	wall = 0;
	resumed = true;
	report: { values: readonly (number | undefined)[]; acknowledged: number } = { values: [], acknowledged: 0 };
	health = { missed: 0, dropped: 0, failed: 0 };
	queue = { count: 0 };
	/** Values in flash, by id. */
	readonly cells = new Map<number, Uint8Array>();
	/** Runs before each access to flash. */
	onFlash: ((isWrite: boolean) => void) | undefined;
	readonly log: Cells = {
		get: (id) => {
			this.onFlash?.(false);
			return this.cells.get(id)?.slice();
		},
		put: (id, value) => {
			this.onFlash?.(true);
			this.cells.set(id, value.slice());
		},
	};
	constructor(more: { longestQuietMs?: number; resumed?: boolean } = {}) {
		Object.assign(this, more);
	}
	wallMs(): number {
		return this.wall;
	}
}
