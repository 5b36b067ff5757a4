import { ResetReason } from "../core/ports.js";
import { type NodeRecord, RecordKind } from "../core/record.js";

/** How a wake found the state that should have survived. Values are stable: health records carry them. */
export const Start = Object.freeze({
	/** Retained state was whole. */
	warm: 0,
	/** There was none: the power came. */
	cold: 1,
	/** There was some, but damaged beyond use: a cold start that should not have been one. */
	corrupt: 2,
	/** Some sections were damaged and began anew. */
	partial: 3,
});
export type Start = (typeof Start)[keyof typeof Start];

/** Names of a health record's values, in order. New ones are added at the end. */
export const HEALTH_FIELDS: readonly string[] = Object.freeze([
	"start",
	"resetReason",
	"absent",
	"nonsense",
	"range",
	"failed",
	"dropped",
	"missed",
	"sectionsLost",
	"storeFailed",
	"panics",
	"clockSteps",
	"lost",
	"flashFaults",
	"unsaved",
]);

/** Bytes of the counters: a u16 each. */
const SECTION = 30;

/** Counters about the node itself since the epoch's start, sent as records when they change: at most one a day. */
export class Health {
	static readonly version = 2;
	static readonly intervalSeconds = 86_400;
	/** Of the epoch's first wake, or of the last wake that was not in order. */
	start: Start = Start.cold;
	resetReason: ResetReason = ResetReason.unknown;
	/** Readings missing because a chip did not answer, answered nonsense, or left its range. */
	absent = 0;
	nonsense = 0;
	range = 0;
	/** Exchanges that failed. */
	failed = 0;
	/** Records dropped because the queue was full, since the store was made. */
	dropped = 0;
	/** Samples not taken because the node was awake too long. */
	missed = 0;
	/** Sections of retained state that were damaged. */
	sectionsLost = 0;
	/** Records that flash did not take, or that were stored without the evidence that was declared. */
	storeFailed = 0;
	/** Resets by a fault: panic, watchdog, brown-out. */
	panics = 0;
	/** Times that the board's clock stepped back without a power loss, and that a server's wall time was not believed. */
	clockSteps = 0;
	/** Records that were stored and cannot be read any more, since the store was made. */
	lost = 0;
	/** Operations of flash that failed, and what was found broken there. */
	flashFaults = 0;
	/** Numbers given out before the power went, of which flash knows nothing: at most so many records were lost with RTC memory. */
	unsaved = 0;
	/** Whether the next record should be sent without waiting for the interval. */
	urgent = true;
	private reportedSum = 0;
	private reportedSeconds = 0;

	/** As after a power loss. */
	reset(): void {
		this.absent = this.nonsense = this.range = this.failed = this.dropped = this.missed = 0;
		this.sectionsLost =
			this.storeFailed =
			this.panics =
			this.clockSteps =
			this.lost =
			this.flashFaults =
			this.unsaved =
				0;
		this.reportedSum = 0;
		this.reportedSeconds = 0;
	}
	/** Whether a record is due. */
	isDue(seconds: number): boolean {
		if (this.urgent) return true;
		return this.sum() !== this.reportedSum && seconds - this.reportedSeconds >= Health.intervalSeconds;
	}
	/** Fills a record's kind and values; {@link reported} once it is queued. */
	fill(record: NodeRecord): void {
		record.kind = RecordKind.health;
		record.missing = 0;
		const values = this.values();
		record.values.set(values);
		record.length = values.length;
	}
	/** Takes the counters as reported. */
	reported(seconds: number): void {
		this.reportedSum = this.sum();
		this.reportedSeconds = seconds;
		this.urgent = false;
	}
	/** Writes the retained section. @returns bytes written */
	retain(into: DataView): number {
		const values = this.values();
		for (let at = 0; at < SECTION; at += 2) into.setUint16(at, Math.min(values[at / 2]!, 0xffff));
		into.setUint32(SECTION, this.reportedSum);
		into.setUint32(SECTION + 4, this.reportedSeconds);
		into.setUint8(SECTION + 8, this.urgent ? 1 : 0);
		return SECTION + 9;
	}
	/** Takes back what {@link retain} wrote. @returns false when it cannot be; nothing has changed then */
	restore(from: DataView, version: number): boolean {
		if (version !== Health.version || from.byteLength < SECTION + 9) return false;
		this.start = from.getUint16(0) as Start;
		this.resetReason = from.getUint16(2) as ResetReason;
		this.absent = from.getUint16(4);
		this.nonsense = from.getUint16(6);
		this.range = from.getUint16(8);
		this.failed = from.getUint16(10);
		this.dropped = from.getUint16(12);
		this.missed = from.getUint16(14);
		this.sectionsLost = from.getUint16(16);
		this.storeFailed = from.getUint16(18);
		this.panics = from.getUint16(20);
		this.clockSteps = from.getUint16(22);
		this.lost = from.getUint16(24);
		this.flashFaults = from.getUint16(26);
		this.unsaved = from.getUint16(28);
		this.reportedSum = from.getUint32(SECTION);
		this.reportedSeconds = from.getUint32(SECTION + 4);
		this.urgent = from.getUint8(SECTION + 8) !== 0;
		return true;
	}

	/** In the order of {@link HEALTH_FIELDS}, which stays out of the device: a table of names costs more than this. */
	private values(): readonly number[] {
		return [
			this.start,
			this.resetReason,
			this.absent,
			this.nonsense,
			this.range,
			this.failed,
			this.dropped,
			this.missed,
			this.sectionsLost,
			this.storeFailed,
			this.panics,
			this.clockSteps,
			this.lost,
			this.flashFaults,
			this.unsaved,
		];
	}
	private sum(): number {
		let sum = 0;
		const values = this.values();
		for (let n = 0; n < values.length; n++) sum += values[n]!;
		return sum;
	}
}
