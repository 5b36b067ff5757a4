import { CborCoreWriter } from "../codec/cbor-core-writer.js";
import type { ResetReason, WakeCause } from "../core/ports.js";
import type { NodeRecord } from "../core/record.js";
import { RecordKind } from "../core/record.js";
import type { Start } from "./health.js";

/** First field of an encoded report, and how many there are. */
export const REPORT_VERSION = 3;
export const REPORT_FIELDS = 22;

/** What a wake did, for the serial port of a board and the simulator's line: filled while it goes, handed over at its end. */
export class WakeReport {
	static readonly largest = 256;
	cause: WakeCause = 0;
	resetReason: ResetReason = 0;
	start: Start = 0;
	epoch = 0;
	/** When the node woke, seconds since the epoch's start. */
	seconds = 0;
	/** Number of the sample's record, 0 when none was taken. */
	number = 0;
	/** The sample: scaled integers, undefined where missing; empty when none was taken. */
	values: (number | undefined)[] = [];
	/** Readings missing, by `MissingReason`. */
	missing: readonly number[] = [0, 0, 0, 0];
	/** Records that wait at the end of the wake. */
	queued = 0;
	/** Number of the oldest of them, 0 when none waits. */
	oldest = 0;
	/** Frames handed to the uplink, and their bytes. */
	frames = 0;
	frameBytes = 0;
	/** Records that were acknowledged in this wake. */
	acknowledged = 0;
	/** Records dropped because the queue was full, since the store was made. */
	dropped = 0;
	/** In the first wake after a power loss: so many numbers before this one were given out, and flash knows nothing of them. */
	unsaved = 0;
	/** Why the exchange failed, or what else went wrong: an error code; empty when nothing did. */
	problem = "";
	/** Exchanges that failed in a row. */
	failures = 0;
	/** Milliseconds until the next wake. */
	sleepMs = 0;
	/** Pins that woke the node: the bit of value 2^n is GPIO n. */
	woken = 0;
	/** Declared pins that cannot wake it from this sleep, likewise: they rest, are at their level, or the chip cannot. */
	unarmed = 0;
	/** Messages for the node that it took. */
	taken = 0;

	/** Takes the values of a sample. */
	sample(record: NodeRecord): void {
		if (record.kind !== RecordKind.sample) return;
		this.number = record.number;
		this.values = [];
		for (let n = 0; n < record.length; n++) this.values.push(record.isMissing(n) ? undefined : record.values[n]!);
	}
	/** Encodes the report: a CBOR array in the order of the fields. @returns the bytes, a view of `into` */
	encode(into: Uint8Array): Uint8Array {
		const writer = new CborCoreWriter(into);
		writer
			.array(REPORT_FIELDS)
			.int(REPORT_VERSION)
			.int(this.cause)
			.int(this.resetReason)
			.int(this.start)
			.int(this.epoch)
			.int(this.seconds);
		writer.int(this.number).array(this.values.length);
		for (let n = 0; n < this.values.length; n++) {
			const value = this.values[n];
			if (value === undefined) writer.null();
			else writer.int(value);
		}
		writer.array(this.missing.length);
		for (let n = 0; n < this.missing.length; n++) writer.int(this.missing[n]!);
		writer
			.int(this.queued)
			.int(this.oldest)
			.int(this.frames)
			.int(this.frameBytes)
			.int(this.acknowledged)
			.int(this.dropped)
			.int(this.unsaved);
		writer.text(this.problem).int(this.failures).int(Math.round(this.sleepMs));
		pins(writer, this.woken);
		pins(writer, this.unarmed);
		return writer.int(this.taken).written;
	}
}

/** A mask of pins as the list of their numbers. */
function pins(writer: CborCoreWriter, mask: number): void {
	let count = 0;
	for (let left = mask; left > 0; left = Math.floor(left / 2)) count += left % 2;
	writer.array(count);
	for (let pin = 0, left = mask; left > 0; pin++, left = Math.floor(left / 2)) if (left % 2 > 0) writer.int(pin);
}
