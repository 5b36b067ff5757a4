/**
 * The compact frame: what `docs/wire.md` defines, with worked bytes. One CBOR byte string (RFC 8949 §3.1) that holds as
 * many records as fit, range-coded, or in its short form one record of fixed bit fields for the smallest links.
 */

/** Most records in one frame. */
export const FRAME_MOST = 1024;
/** Bits of wall time that a frame carries while it is recent: a receiver knows the rest, for 11 days until arrival. */
export const RECENT_BITS = 20;
/** Bits of the record number in the short form. */
export const SHORT_NUMBER_BITS = 16;
/** Fewest bits of the age in the short form; what fills its last byte comes on top. */
export const SHORT_AGE_BITS = 8;

/** What the times of a frame count from. Values are on the wire. */
export const TimeBase = Object.freeze({
	/** Wall time, its lowest {@link RECENT_BITS}. */
	recent: 0,
	/** Wall time, seconds since 1970. */
	wall: 1,
	/** How old the last record was when the frame was made. */
	age: 2,
	/** Boot epoch and seconds since its start. */
	epoch: 3,
});
export type TimeBase = (typeof TimeBase)[keyof typeof TimeBase];

/** What an encoder and a decoder of a node's frames share. A `NodeDeclaration` yields it; see {@link frameSchema}. */
export interface FrameSchema {
	/** 0 … 0x7fff. */
	readonly schema: number;
	/** Declared seconds between samples: the step that costs nothing. */
	readonly every: number;
	/** Declared records a frame: the count that costs a bit. */
	readonly batch: number;
	/** For each value of a sample the lowest and the highest scaled integer. */
	readonly low: readonly number[];
	readonly high: readonly number[];
}

/** What an encoder knows of time when it makes a frame. */
export interface FrameTime {
	/** The current boot epoch. */
	epoch: number;
	/** Seconds since its start, rounded down: a frame is not younger than it says. */
	seconds: number;
	/** Wall time now, seconds since 1970; 0 when unknown. */
	wall: number;
	/** Whether the transport stamps a message's arrival, so that a bare age will do (LoRaWAN). */
	stamped: boolean;
}

/** A place to read records from; see `modules/store/queue.ts`. */
export interface RecordReader<Self> {
	moveTo(other: Self): void;
	read(into: import("../core/record.js").NodeRecord): boolean;
}

/** Turns records into payloads: the compact frame, or SenML. */
export interface RecordEncoder<Reader> {
	/** Number of the last record in the payload that was encoded last, and how many are in it. */
	readonly upTo: number;
	readonly count: number;
	/**
	 * Encodes the records behind `from`, as many as fit and none split, and moves it behind them.
	 * @param room at most this many bytes
	 * @param last no record with a higher number; absent: any
	 * @returns bytes written from the start of the view; 0 when there is no record or not even one fits, and `from` has
	 * not moved
	 */
	encode(from: Reader, room: number, time: FrameTime, last?: number): number;
}
