import type { SchemaQuantity } from "../modules/codec/schema.js";
import type { ErrorCode } from "../modules/core/errors.js";
import type { Clock, Entropy, Timers } from "../modules/core/ports.js";
import type { Cells } from "../modules/store/log.js";

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
	 * @returns false when the bytes are not a known version; the uplink then starts as new
	 */
	restore(from: DataView, version: number): boolean;
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
	/**
	 * Encodes a frame again as `fill` made it, in this exchange or before a deep sleep, to the byte; the next `fill` goes on
	 * behind it. Frames that are not delivered are asked for in their order, from the oldest on.
	 * @param frame what `fill` told of it, `length` aside
	 * @returns its length; 0 when it cannot be made again, because records of it were dropped, or does not fit
	 */
	again(view: Uint8Array, room: number, frame: Filled): number;
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
	/** Records inside, 1 … 65 535. */
	count: number;
	/** The time that it was made at: seconds since the epoch's start, and the wall time in seconds since 1970, 0 when unknown. */
	seconds: number;
	wall: number;
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
	 * A message for the node. `bytes` is a view that lives until the call returns. The peer may send a message again.
	 * @param repeated whether the peer says that it may have come before
	 * @returns true once it is durably taken, false when it is refused: both are acknowledged to the peer; undefined: it is
	 * not, and comes again
	 */
	downlink(bytes: Uint8Array, repeated: boolean): boolean | undefined;
	/**
	 * The wall time, as a server told it and as it stands at this call.
	 * @param wallMs milliseconds since 1970, UTC; not yet judged plausible. 0: the server wants to be left alone for long
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
	/** What the wake has come to so far. */
	readonly report: {
		/** The sample: scaled integers, undefined where missing; empty where none was taken. Each sample is a new array. */
		readonly values: readonly (number | undefined)[];
		/** Records that were acknowledged in it. */
		readonly acknowledged: number;
	};
	/** Counters since the epoch's start: samples not taken, records dropped, exchanges failed. */
	readonly health: { readonly missed: number; readonly dropped: number; readonly failed: number };
	/** Records that wait. @throws {DormouseError} `flash` */
	readonly queue: { readonly count: number };
	/** Values that survive any power cut, by their ids in `store/log.ts`; at most 200 bytes. Their calls throw `flash`. */
	readonly log: Cells;
	/**
	 * Whether this wake goes on where the last one ended, from deep sleep and with all that it retained. After anything else
	 * what is retained may be older than what peers have seen.
	 */
	readonly resumed: boolean;
}

/** What is known of a node while it is declared. */
export interface PlannedNode {
	readonly name: string;
	/** Seconds between samples. */
	readonly everySeconds: number;
	/** The id of its quantities, 0 … 0xffff: `codec/schema.ts`. */
	readonly schema: number;
	/** The values of a sample, in order. */
	readonly quantities: readonly SchemaQuantity[];
}

/** An uplink as a node declares it. Factories in `net/` make it. */
export interface UplinkDeclaration {
	/** Such as `mqtt`. */
	readonly kind: string;
	/** MQTT: where a subscriber finds the frames; `{nodeId}` stands for the node's id. */
	readonly topic?: string;
	/** The kind of its link, where it has one: `wifi`, `ethernet`, `direct`. */
	readonly link?: string;
	/** Records that are collected before they are sent, 1 … 255. */
	readonly batch: number;
	/** Longest time that one exchange may take, in milliseconds. */
	readonly deadlineMs: number;
	/** Largest frame that the link carries, in bytes. */
	readonly mtu: number;
	/** Whether records are trimmed when they left, or only when the peer acknowledged them. */
	readonly trimOn: DeliveredBy;
	/**
	 * Whether the first sample after the power came goes out at once, whatever the batch: so a network is joined while whoever
	 * switched the node on is there, and a radio that the power woke is put to sleep. Absent: it does not.
	 */
	readonly atPower?: boolean;
	/** Whether it brings messages for the node. Absent: it does not. */
	readonly downlinks?: boolean;
	/** Who else sends in its exchanges: MQTT, `net/mqtt/companion.ts`. */
	readonly companions?: readonly { readonly kind: string }[];
	/** Makes of what the node is what can be made while it is declared. @throws {DormouseError} `declaration` */
	plan?(node: PlannedNode): UplinkDeclaration;
	/** Opens nothing yet. */
	create(ports: UplinkPorts, node: UplinkNode): Uplink;
}
