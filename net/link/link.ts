import type { ErrorCode } from "../../modules/core/errors.js";
import type { Clock, Timers } from "../../modules/core/ports.js";

/**
 * A way to an IP network, Wi-Fi or Ethernet, as the uplinks see it.
 */
export interface Link {
	/**
	 * Brings the link up. Events never arrive from inside this call.
	 * @param deadlineMs milliseconds from now; then `down("timeout")`
	 */
	start(deadlineMs: number, on: LinkListener): void;
	/** Takes the link down and releases all handles; idempotent. No event follows. It may be started again. */
	close(): void;
	/** A peer has answered over the link since it came up: what was remembered to join by is right. */
	proven?(): void;
	/** Writes what makes the next join quick, at most {@link LINK_RETAINED} bytes. @returns bytes written */
	retain(into: DataView): number;
	/** Takes back what {@link retain} wrote. Bytes that make no sense are no hint: the link is then joined as new. */
	restore(from: DataView): void;
}

/** Bytes of an uplink's retained section that are its link's, at most. */
export const LINK_RETAINED = 40;

/** A link as a node declares it. Factories in `net/link/` make it. */
export interface LinkDeclaration {
	/** Such as `wifi`. */
	readonly kind: string;
	/** Opens nothing yet. */
	create(ports: LinkPorts): Link;
}

/** What a link gets from the shell. */
export interface LinkPorts {
	readonly clock: Clock;
	readonly timers: Timers;
	/** A setting of this device from provisioning (`ssid`, `passphrase` …), undefined when not set. */
	setting(name: string): string | undefined;
}
export interface LinkListener {
	/** Addresses are assigned; sockets may be opened. */
	up(): void;
	/** The link could not be had, or went away. */
	down(code: ErrorCode): void;
}
