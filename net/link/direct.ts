import { DormouseError } from "../../modules/core/errors.js";
import type { Timer, Timers } from "../../modules/core/ports.js";
import type { Link, LinkListener } from "./link.js";

/** A link that the platform keeps up by itself, as a desktop does: it is up as soon as it is asked for. */
export class DirectLink implements Link {
	private readonly timers: Timers;
	private pending: Timer | undefined;
	private closed = false;

	constructor(timers: Timers) {
		this.timers = timers;
	}
	/** @throws {DormouseError} `closed` */
	start(_deadlineMs: number, on: LinkListener): void {
		if (this.closed) throw new DormouseError("closed");
		this.pending?.close();
		this.pending = this.timers.set(() => {
			this.pending = undefined;
			on.up();
		}, 0);
	}
	close(): void {
		this.closed = true;
		this.pending?.close();
		this.pending = undefined;
	}
}
