import { CborReader } from "../codec/cbor-reader.js";
import { CborWriter } from "../codec/cbor-writer.js";
import { DormouseError } from "../core/errors.js";
import type { ResetReason, WakeCause } from "../core/ports.js";
import type { NodeRecord } from "../core/record.js";
import { RecordKind } from "../core/record.js";
import type { Start } from "./health.js";

const VERSION = 1;
const FIELDS = 18;

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
	/** Records dropped in this epoch because the queue was full. */
	dropped = 0;
	/** Why the exchange failed, or what else went wrong: an error code; empty when nothing did. */
	problem = "";
	/** Exchanges that failed in a row. */
	failures = 0;
	/** Milliseconds until the next wake. */
	sleepMs = 0;

	/** Takes the values of a sample. */
	sample(record: NodeRecord): void {
		if (record.kind !== RecordKind.sample) return;
		this.number = record.number;
		this.values = [];
		for (let n = 0; n < record.length; n++) this.values.push(record.isMissing(n) ? undefined : record.values[n]!);
	}
	/** Encodes the report: a CBOR array in the order of the fields. @returns the bytes, a view of `into` */
	encode(into: Uint8Array): Uint8Array {
		const writer = new CborWriter(into);
		writer
			.array(FIELDS)
			.int(VERSION)
			.int(this.cause)
			.int(this.resetReason)
			.int(this.start)
			.int(this.epoch)
			.int(this.seconds);
		writer.int(this.number).array(this.values.length);
		for (const value of this.values) {
			if (value === undefined) writer.null();
			else writer.int(value);
		}
		writer.array(this.missing.length);
		for (const count of this.missing) writer.int(count);
		writer
			.int(this.queued)
			.int(this.oldest)
			.int(this.frames)
			.int(this.frameBytes)
			.int(this.acknowledged)
			.int(this.dropped);
		writer.text(this.problem).int(this.failures).int(Math.round(this.sleepMs));
		return writer.written;
	}
	/** Decodes what {@link encode} wrote. @throws {DormouseError} as `CborReader`, `unsupported` for another version, `malformed` */
	static decode(bytes: Uint8Array): WakeReport {
		const reader = new CborReader(bytes);
		const report = new WakeReport();
		const fields = reader.array();
		const version = reader.uint();
		if (version !== VERSION) throw new DormouseError("unsupported", `report version ${version}`);
		if (fields !== FIELDS) throw new DormouseError("malformed", `a report of ${fields} fields`);
		report.cause = reader.uint() as WakeCause;
		report.resetReason = reader.uint() as ResetReason;
		report.start = reader.uint() as Start;
		report.epoch = reader.uint();
		report.seconds = reader.uint();
		report.number = reader.uint();
		for (let left = reader.array(); left > 0; left--) {
			if (reader.atNull) {
				reader.null();
				report.values.push(undefined);
			} else report.values.push(reader.int());
		}
		const missing: number[] = [];
		for (let left = reader.array(); left > 0; left--) missing.push(reader.uint());
		report.missing = missing;
		report.queued = reader.uint();
		report.oldest = reader.uint();
		report.frames = reader.uint();
		report.frameBytes = reader.uint();
		report.acknowledged = reader.uint();
		report.dropped = reader.uint();
		report.problem = reader.text();
		report.failures = reader.uint();
		report.sleepMs = reader.uint();
		return report;
	}
}
