import type { Clock, Entropy, Timers } from "../modules/core/ports.js";

/** Where an IP uplink gets the wall time from while its link is up, beside its own exchange. */
export interface TimeSource {
	/**
	 * Asks once. `on` is called at most once, never from inside this call; not at all when no good answer came. It gets
	 * the wall time as it stands at the call, and how far that may be off; or 0 for both when the server wants to be left
	 * alone.
	 */
	start(on: (wallMs: number, uncertaintyMs: number) => void): void;
	/** How long an answer is worth staying awake for once all else is done, in milliseconds; 0 when none can come any more. */
	readonly waitMs: number;
	/** Gives up and releases all handles; idempotent. No call follows. It may be started again. */
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
	readonly entropy: Entropy;
	/** A setting of this device from provisioning, undefined when not set. */
	setting(name: string): string | undefined;
}
