import { type NodeRecord, RecordKind } from "../core/record.js";

/** In the first byte of a record's canonical bytes, beside its kind: the wall time was known; the record was linked late. */
const WALL = 0x08;
export const LATE = 0x80;
const FIXED = 11;

/** Most bytes that a record of so many values takes. */
export function recordBytesSize(width: number): number {
	return FIXED + 4 * width;
}

/**
 * A record's canonical bytes: what a link of the chain covers beside the number. They are the same however the record
 * was packed. Big-endian: kind, wall 8 and late 128 u8; epoch u16; seconds u32; bitmap of missing values u32; values i32
 * each, 0 where missing.
 * @param late whether the record waited in RTC memory before it was linked
 * @returns bytes written
 */
export function writeRecordBytes(record: NodeRecord, late: boolean, into: DataView): number {
	const { kind, values, length } = record;
	const missing = kind === RecordKind.sample ? record.missing : 0;
	into.setUint8(0, kind | (record.wall ? WALL : 0) | (late ? LATE : 0));
	into.setUint16(1, record.epoch);
	into.setUint32(3, record.seconds);
	into.setUint32(7, missing);
	let at = FIXED;
	for (let n = 0; n < length; n++, at += 4) into.setInt32(at, missing & (1 << n) ? 0 : values[n]!);
	return at;
}
