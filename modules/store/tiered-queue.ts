import { DormouseError } from "../core/errors.js";
import { NodeRecord } from "../core/record.js";
import type { LogQueue } from "./log-queue.js";
import type { RecordCursor, RecordQueue } from "./queue.js";
import type { RetainedQueue } from "./retained-queue.js";

/**
 * The node's queue: records come into RTC memory, and move to the log in flash together when it is three quarters full,
 * when a record is to be durable at once, or when {@link spill} says so. What is in the log is older than what is in front.
 *
 * A reset between a spill and the commit of retained memory leaves records in both; those in front have numbers that the
 * log has seen, and are dropped.
 */
export class TieredQueue implements RecordQueue {
	readonly front: RetainedQueue;
	readonly back: LogQueue;

	constructor(front: RetainedQueue, back: LogQueue) {
		this.front = front;
		this.back = back;
	}
	get count(): number {
		return this.back.count + this.front.count;
	}
	get pressed(): boolean {
		return this.back.pressed;
	}
	get oldest(): number {
		return this.back.oldest || this.front.oldest;
	}
	get dropped(): number {
		return this.back.dropped + this.front.dropped;
	}
	/**
	 * Appends a record.
	 * @param durable whether it is in flash when this returns; else it may wait in RTC memory
	 * @throws {DormouseError} `flash` when a durable one cannot be written, and is not in the queue then; `range` as the
	 * queues do. A record that need not be durable stays in front when flash fails, as long as there is room
	 */
	push(record: NodeRecord, durable = false): void {
		const { front } = this;
		if (durable) {
			this.spill();
			this.back.push(record);
			return;
		}
		if (front.pressed)
			try {
				this.spill();
			} catch (error) {
				if (!(error instanceof DormouseError) || error.code !== "flash") throw error;
			}
		front.push(record);
	}
	/** Moves all records in front to flash. @throws {DormouseError} `flash`; they stay in front then */
	spill(): void {
		const { front, back } = this;
		if (front.count === 0) return;
		back.take(front, new NodeRecord(Math.max(front.width, NodeRecord.widest)));
		front.trim(0xffff_ffff);
	}
	trim(upTo: number): void {
		this.front.trim(upTo);
		this.back.trim(upTo);
	}
	/** A place to read from. Flash is not touched where no record waits there. */
	cursor(): RecordCursor {
		const { front, back } = this;
		const older = back.count > 0 ? back.cursor() : undefined;
		if (older) front.trim(back.log.last);
		return new TieredCursor(older, front.cursor());
	}
}

/** Reads the log, where records wait there, then what is in front. */
class TieredCursor implements RecordCursor {
	private readonly older: RecordCursor | undefined;
	private readonly newer: RecordCursor;
	constructor(older: RecordCursor | undefined, newer: RecordCursor) {
		this.older = older;
		this.newer = newer;
	}
	seek(number: number): void {
		this.older?.seek(number);
		this.newer.seek(number);
	}
	moveTo(other: TieredCursor): void {
		if (other.older) this.older?.moveTo(other.older);
		this.newer.moveTo(other.newer);
	}
	read(into: NodeRecord): boolean {
		return this.older?.read(into) || this.newer.read(into);
	}
}
