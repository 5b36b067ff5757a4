import type { ErrorCode } from "../modules/core/errors.js";
import type { Clock, Entropy, ResetReason, Timers } from "../modules/core/ports.js";
import type { StoredValue } from "../modules/store/stored-value.js";

/**
 * The one interface that the cycle sees: whatever carries frames away, MQTT over Wi-Fi or LoRaWAN.
 *
 * A frame is encoded when the room is known: the uplink calls `source.fill` at transmit time, as often as the source has
 * something and the deadline allows. After `idle` or `failed` it asks no more and may be closed.
 */
export interface Uplink {
	/**
	 * Begins one exchange. Events never arrive from inside this call.
	 * @param deadlineMs milliseconds from now; when they are over, the exchange ends with `failed("timeout")`
	 * @throws {DormouseError} `closed`
	 */
	start(source: FrameSource, deadlineMs: number, on: UplinkListener): void;
	/** Ends whatever runs and releases all handles; idempotent, callable from inside an event. No event follows. */
	close(): void;
	/**
	 * Writes what the uplink must not forget in deep sleep (at most {@link UPLINK_RETAINED} bytes).
	 * @returns bytes written
	 */
	retain(into: DataView): number;
	/**
	 * Takes back what {@link retain} wrote.
	 * @param older whether something newer was lost: what a peer saw since is not in it
	 * @returns false when the bytes are not a known version; the uplink then starts as new
	 */
	restore(from: DataView, version: number, older?: boolean): boolean;
	/** Version of what {@link retain} writes. */
	readonly retainedVersion: number;
}

/** Budget of an uplink's section in the retained container, in bytes. */
export const UPLINK_RETAINED = 128;

/** Where frames come from. */
export interface FrameSource {
	/**
	 * Encodes the next records that were not filled yet in this exchange, as many as fit `room` bytes.
	 * @param view the bytes to write to, from its start
	 * @param room at most `view.length`
	 * @returns length 0 when nothing is left or not even one record fits
	 */
	fill(view: Uint8Array, room: number): Filled;
	/** Forgets what was filled: the next `fill` starts at the oldest record that is not yet delivered. */
	rewind(): void;
	/** Whether the node wants to learn the wall time in this exchange, as it does when unknown and about once a day. */
	readonly wantsTime: boolean;
}
export interface Filled {
	/** Bytes written. */
	length: number;
	/** Number of the last record inside. */
	upTo: number;
}

/** Who vouches for a delivery: the peer that acknowledged it, or only the radio that sent it. */
export type DeliveredBy = "peer" | "sent";

/** What an uplink tells, each call run to completion. */
export interface UplinkListener {
	/** All records up to this number arrived (`peer`) or left (`sent`). */
	delivered(upTo: number, by: DeliveredBy): void;
	/** Not now: duty cycle or the peer ask to wait so many milliseconds. The exchange is over. */
	deferred(notBeforeMs: number): void;
	/** The exchange is over; what was not delivered stays queued. */
	failed(code: ErrorCode): void;
	/**
	 * A message for the node. `bytes` is a view that lives until the call returns.
	 * @param accept to be called once the message is durably taken; only then is it acknowledged to the peer
	 */
	downlink(bytes: Uint8Array, accept: () => void): void;
	/**
	 * The wall time, as a server told it and as it stands at this call.
	 * @param wallMs milliseconds since 1970, UTC; not yet judged plausible
	 * @param uncertaintyMs how far it may be off, by the way there and back
	 */
	wallTime(wallMs: number, uncertaintyMs: number): void;
	/** All is delivered and the window for downlinks is over: the node may sleep. The exchange is over. */
	idle(): void;
}

/** What an uplink gets from the shell. */
export interface UplinkPorts {
	readonly clock: Clock;
	readonly timers: Timers;
	readonly entropy: Entropy;
	/** Why the last run ended: after anything but deep sleep, retained state may be older than what a peer has seen. */
	readonly resetReason: ResetReason;
	/** Stable and unique to this node, 1 … 23 of [0-9a-z-]. */
	readonly nodeId: string;
	/** A setting of this device from provisioning (`broker`, `username` …), undefined when not set. */
	setting(name: string): string | undefined;
}

/** What an uplink may ask of the node that it serves. */
export interface UplinkNode {
	/** Longest time between two exchanges as the node's schedule has it: the batch's time, and the longest backoff. */
	readonly longestQuietMs: number;
	/** The wall time in milliseconds since 1970, UTC; 0 while it is not known. */
	wallMs(): number;
	/** A cell of the node's log, by its `CellId`, for what no power loss may take. */
	cell(id: number): StoredValue;
}

/** An uplink as a node declares it. Factories in `net/` make it. */
export interface UplinkDeclaration {
	/** Such as `mqtt`. */
	readonly kind: string;
	/** MQTT: where a subscriber finds the frames; `{nodeId}` stands for the node's id. */
	readonly topic?: string;
	/** Records that are collected before they are sent, 1 … 255. */
	readonly batch: number;
	/** Longest time that one exchange may take, in milliseconds. */
	readonly deadlineMs: number;
	/** Largest frame that the link carries, in bytes. */
	readonly mtu: number;
	/** Whether records are trimmed when they left, or only when the peer acknowledged them. */
	readonly trimOn: DeliveredBy;
	/** Opens nothing yet. */
	create(ports: UplinkPorts, node: UplinkNode): Uplink;
}
