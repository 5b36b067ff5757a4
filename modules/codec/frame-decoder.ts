import { DormouseError } from "../core/errors.js";
import { RecordKind } from "../core/record.js";
import { Major } from "./cbor.js";
import { CborReader } from "./cbor-reader.js";
import { FRAME_HEAD, FRAME_VERSION, FRAME_WALL } from "./frame.js";

/** A record as a frame brought it. */
export interface DecodedRecord {
	readonly number: number;
	readonly kind: RecordKind;
	readonly epoch: number;
	/** Seconds since the epoch's start. */
	readonly seconds: number;
	/** Whether the node knew the wall time. */
	readonly wall: boolean;
	/** Sample: one scaled integer a quantity, undefined where missing. Other kinds: their fields. */
	readonly values: readonly (number | undefined)[];
}
export interface DecodedFrame {
	readonly schema: number;
	readonly epoch: number;
	/** Seconds of the epoch when the frame was made; undefined when that epoch was over. */
	readonly now: number | undefined;
	/** In order of their numbers; at least one. */
	readonly records: readonly DecodedRecord[];
}

/**
 * Decodes a frame (see `frame.ts`). For hosts: it allocates, in proportion to the frame's size.
 * @param width values of a sample, when the schema is known
 * @throws {DormouseError} `malformed`, `truncated`, `type`, `range`, `unsupported` (another version)
 */
export function decodeFrame(bytes: Uint8Array, width?: number): DecodedFrame {
	const reader = new CborReader(bytes);
	const items = reader.array();
	if (items <= FRAME_HEAD) throw new DormouseError("malformed", "a frame without records");
	const version = reader.uint();
	if (version !== FRAME_VERSION) throw new DormouseError("unsupported", `frame version ${version}`);
	const schema = bounded(reader.uint(), 0xffff, "schema");
	const first = bounded(reader.uint(), 0xffff_ffff, "record number");
	const epoch = bounded(reader.uint(), 0xffff, "epoch");
	let seconds = bounded(reader.uint(), 0xffff_ffff, "seconds");
	let now: number | undefined;
	if (reader.atNull) reader.null();
	else now = bounded(reader.uint(), 0xffff_ffff, "now");
	const records: DecodedRecord[] = [];
	for (let run = FRAME_HEAD; run < items; run++) {
		const parts = reader.array();
		if (parts < 2) throw new DormouseError("malformed", "a run too short");
		const flags = reader.uint();
		const kind = (flags % FRAME_WALL) as RecordKind;
		if (flags >= 2 * FRAME_WALL || !KINDS.includes(kind)) throw new DormouseError("malformed", `flags ${flags}`);
		const wall = flags >= FRAME_WALL;
		seconds += reader.uint();
		const number = first + records.length;
		if (kind === RecordKind.sample) {
			const columns = parts - 3;
			if (columns < 1 || columns > 32 || (width !== undefined && columns !== width))
				throw new DormouseError("malformed", `${columns} columns`);
			seconds = readSamples(reader, columns, { number, kind, epoch, seconds, wall }, records);
		} else {
			const values: number[] = [];
			for (let n = 2; n < parts; n++) values.push(bounded32(reader.int()));
			records.push({ number, kind, epoch, seconds, wall, values });
		}
		bounded(seconds, 0xffff_ffff, "seconds");
		bounded(first + records.length - 1, 0xffff_ffff, "record number");
	}
	if (!reader.done) throw new DormouseError("malformed", "bytes behind the frame");
	return { schema, epoch, now, records };
}

const KINDS: readonly number[] = Object.freeze(Object.values(RecordKind));

function readSamples(
	reader: CborReader,
	columns: number,
	start: Omit<DecodedRecord, "values">,
	records: DecodedRecord[],
): number {
	let steps: number[] | undefined;
	let step = 0;
	if (reader.major === Major.array) {
		steps = [];
		for (let left = reader.array(); left > 0; left--) steps.push(reader.uint());
	} else step = reader.uint();
	const table: (number | undefined)[][] = [];
	for (let column = 0; column < columns; column++) {
		const values: (number | undefined)[] = [];
		let last = 0;
		for (let left = reader.array(); left > 0; left--) {
			if (reader.atNull) {
				reader.null();
				values.push(undefined);
			} else {
				last = bounded32(last + reader.int());
				values.push(last);
			}
		}
		if (values.length === 0 || (column > 0 && values.length !== table[0]!.length))
			throw new DormouseError("malformed", "columns of different lengths");
		table.push(values);
	}
	const count = table[0]!.length;
	if (steps && steps.length !== count - 1) throw new DormouseError("malformed", "steps do not match columns");
	let seconds = start.seconds;
	for (let n = 0; n < count; n++) {
		if (n > 0) seconds += steps ? steps[n - 1]! : step;
		records.push({ ...start, number: start.number + n, seconds, values: table.map((column) => column[n]) });
	}
	return seconds;
}

function bounded(value: number, most: number, what: string): number {
	if (value > most) throw new DormouseError("malformed", `${what} ${value}`);
	return value;
}

function bounded32(value: number): number {
	if (value !== (value | 0)) throw new DormouseError("malformed", `value ${value}`);
	return value;
}
