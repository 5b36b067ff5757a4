import type { Clock, Timers } from "../modules/core/ports.js";

/** Where an IP uplink gets the wall time from while its link is up, beside its own exchange. */
export interface TimeSource {
	/** Asks once. `on` is called at most once, never from inside this call; not at all when no good answer came. */
	start(on: (wallMs: number, uncertaintyMs: number) => void): void;
	/** How long an answer that is on its way is worth waiting for once all else is done, in milliseconds. Absent: 0. */
	readonly waitMs?: number;
	/** Gives up and releases all handles; idempotent. No call follows. */
	close(): void;
}

/** A time source as a node declares it. */
export interface TimeDeclaration {
	/** Such as `sntp`. */
	readonly kind: string;
	/** Opens nothing yet. */
	create(ports: TimePorts): TimeSource;
}

/** What a time source gets from the shell. */
export interface TimePorts {
	readonly clock: Clock;
	readonly timers: Timers;
	/** A setting of this device from provisioning, undefined when not set. */
	setting(name: string): string | undefined;
}
