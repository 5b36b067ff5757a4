import type { NodeRecord } from "../core/record.js";

/**
 * Records that wait to be delivered, oldest first. The contract of today's queue in RTC memory and of the log in flash
 * to come.
 */
export interface RecordQueue {
	/** Records that wait. */
	readonly count: number;
	/** Whether three quarters of the room are taken: time to send, whatever the batch. */
	readonly pressed: boolean;
	/** Number of the oldest record, or one below that no record has which waits; 0 when none waits. */
	readonly oldest: number;
	/** Records dropped since the queue was made, because there was no room. */
	readonly dropped: number;
	/**
	 * Appends a copy of a record, whose number follows the last one's. When there is no room, the oldest records are
	 * dropped and counted.
	 */
	push(record: NodeRecord): void;
	/** Drops all records with numbers up to `upTo`, which were delivered. */
	trim(upTo: number): void;
	/** A new place to read from: the oldest record. */
	cursor(): RecordCursor;
}

/** A place in the queue. After `push` and `trim` it must `seek` before it reads. */
export interface RecordCursor {
	/** Moves to the first record whose number is `number` or higher. */
	seek(number: number): void;
	/** Moves to where `other`, a cursor of the same queue, stands. */
	moveTo(other: RecordCursor): void;
	/** Reads the next record into `into`. @returns false at the end; `into` is then untouched */
	read(into: NodeRecord): boolean;
}
