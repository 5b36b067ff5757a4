import { CborReader } from "../codec/cbor-reader.js";
import { DormouseError } from "../core/errors.js";
import type { ResetReason, WakeCause } from "../core/ports.js";
import type { Start } from "./health.js";
import { REPORT_FIELDS, REPORT_VERSION, WakeReport } from "./report.js";

/**
 * Decodes a wake's report. For those who read it: it stays out of the device's image.
 * @throws {DormouseError} as `CborReader`, `unsupported` for another version, `malformed`
 */
export function decodeReport(bytes: Uint8Array): WakeReport {
	const reader = new CborReader(bytes);
	const report = new WakeReport();
	const fields = reader.array();
	const version = reader.uint();
	if (version !== REPORT_VERSION) throw new DormouseError("unsupported", `report version ${version}`);
	if (fields !== REPORT_FIELDS) throw new DormouseError("malformed", `a report of ${fields} fields`);
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
	report.unsaved = reader.uint();
	report.problem = reader.text();
	report.failures = reader.uint();
	report.sleepMs = reader.uint();
	report.woken = pins(reader);
	report.unarmed = pins(reader);
	report.taken = reader.uint();
	return report;
}

function pins(reader: CborReader): number {
	let mask = 0;
	for (let left = reader.array(); left > 0; left--) mask += 2 ** reader.uint();
	return mask;
}
