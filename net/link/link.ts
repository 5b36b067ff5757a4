import type { ErrorCode } from "../../modules/core/errors.js";

/**
 * A way to an IP network, Wi-Fi or Ethernet, as the uplinks see it.
 */
export interface Link {
	/**
	 * Brings the link up. Events never arrive from inside this call.
	 * @param deadlineMs milliseconds from now; then `down("timeout")`
	 */
	start(deadlineMs: number, on: LinkListener): void;
	/** Takes the link down and releases all handles; idempotent. No event follows. */
	close(): void;
}
export interface LinkListener {
	/** Addresses are assigned; sockets may be opened. */
	up(): void;
	/** The link could not be had, or went away. */
	down(code: ErrorCode): void;
}
