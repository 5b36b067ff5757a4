import { frozen } from "../../modules/core/frozen.js";
import type { Timer, Timers } from "../../modules/core/ports.js";
import type { Link, LinkDeclaration, LinkListener, LinkPorts } from "./link.js";

/** A link that the platform keeps up by itself, as a desktop does: it is up as soon as it is asked for. */
export class DirectLink implements Link {
	private readonly timers: Timers;
	private pending: Timer | undefined;

	constructor(timers: Timers) {
		this.timers = timers;
	}
	start(_deadlineMs: number, on: LinkListener): void {
		this.pending?.close();
		this.pending = this.timers.set(() => {
			this.pending = undefined;
			on.up();
		}, 0);
	}
	close(): void {
		this.pending?.close();
		this.pending = undefined;
	}
	retain(): number {
		return 0;
	}
	restore(): void {}
}

/** Declares a link that the platform keeps up by itself. */
export const direct: LinkDeclaration = frozen({
	kind: "direct",
	create(ports: LinkPorts) {
		return new DirectLink(ports.timers);
	},
});
