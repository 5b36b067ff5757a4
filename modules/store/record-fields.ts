import { writeVarint, zigzag } from "../codec/varint.js";
import { type NodeRecord, RecordKind } from "../core/record.js";

// The head byte of a record, in RTC memory and in flash.
export const KIND = 0x07;
export const WALL = 0x08;
export const SOME_MISSING = 0x10;

/** A record's head byte. */
export function headOf(record: NodeRecord): number {
	return record.kind | (record.wall ? WALL : 0) | (record.missing ? SOME_MISSING : 0);
}

/**
 * Writes what follows a record's head: seconds since `before`, then for a sample the bitmap of missing values, where there
 * are some, and each other value's difference to its last one; for other kinds the count of values and the values. All
 * varints.
 * @param last last values, `width` of them from `from` on; those of this record afterwards
 * @returns the offset behind it; the caller has made sure of the room
 */
export function writeFields(
	record: NodeRecord,
	before: number,
	last: Int32Array,
	from: number,
	width: number,
	bytes: Uint8Array,
	at: number,
): number {
	const { values } = record;
	at = writeVarint(zigzag(record.seconds - before), bytes, at);
	if (record.kind === RecordKind.sample) {
		if (record.missing) at = writeVarint(record.missing, bytes, at);
		for (let n = 0; n < width; n++) {
			if (record.isMissing(n)) continue;
			at = writeVarint(zigzag(values[n]! - last[from + n]!), bytes, at);
			last[from + n] = values[n]!;
		}
	} else {
		bytes[at++] = record.length;
		for (let n = 0; n < record.length; n++) at = writeVarint(zigzag(values[n]!), bytes, at);
	}
	return at;
}
