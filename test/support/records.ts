import { NodeRecord, RecordKind } from "../../modules/core/record.js";
import type { RecordCursor } from "../../modules/store/queue.js";
import type { Seeded } from "../../sim/seeded.js";

/** A record as plain data, to compare. */
export interface PlainRecord {
	number: number;
	kind: RecordKind;
	epoch: number;
	seconds: number;
	wall: boolean;
	/** Undefined where missing. */
	values: (number | undefined)[];
}

export function plain(record: NodeRecord): PlainRecord {
	const { number, kind, epoch, seconds, wall } = record;
	const values: (number | undefined)[] = [];
	for (let n = 0; n < record.length; n++) values.push(record.isMissing(n) ? undefined : record.values[n]!);
	return { number, kind, epoch, seconds, wall, values };
}

export function fill(record: NodeRecord, { values, ...rest }: PlainRecord): NodeRecord {
	Object.assign(record, rest);
	record.missing = 0;
	record.length = values.length;
	values.forEach((value, n) => {
		if (value === undefined) record.missing = (record.missing | (1 << n)) >>> 0;
		else record.values[n] = value;
	});
	return record;
}

const EXTREMES = Object.freeze([0, 1, -1, 0x7fff_ffff, -0x8000_0000]);
const KINDS = Object.freeze([RecordKind.alarm, RecordKind.command, RecordKind.health, RecordKind.sync]);

/** Records as a node might take them down, and a good deal worse; consecutive, one epoch. */
export function randomRecords(random: Seeded, width: number, count: number, start: Partial<PlainRecord> = {}) {
	const records: PlainRecord[] = [];
	let { number = random.between(1, 0xffff_f000), seconds = random.between(0, 0xfff_ffff) } = start;
	const { epoch = random.between(1, 0xffff) } = start;
	const step = random.between(0, 3600);
	const wild = random.real() * 0.3;
	let wall = random.real() < 0.5;
	const last = Array.from({ length: width }, () => random.between(-4000, 4000));
	for (let n = 0; n < count; n++) {
		if (random.real() < wild / 4) wall = !wall;
		const sample = random.real() >= wild / 2;
		const values: (number | undefined)[] = [];
		if (sample)
			for (let column = 0; column < width; column++) {
				if (random.real() < wild) values.push(undefined);
				else if (random.real() < wild / 4) values.push(EXTREMES[random.between(0, 4)]!);
				else values.push((last[column]! += random.between(-30, 30)));
			}
		else
			for (let left = random.between(0, NodeRecord.widest); left > 0; left--)
				values.push(random.real() < 0.2 ? EXTREMES[random.between(0, 4)]! : random.between(-300, 300));
		const kind = sample ? RecordKind.sample : KINDS[random.between(0, 3)]!;
		records.push({ number: number++, kind, epoch, seconds, wall, values });
		if (random.real() < wild / 8) seconds = random.between(0, 0xffff_ffff);
		else if (random.real() < wild) seconds += random.between(0, 100_000);
		else seconds += step;
		seconds = Math.min(seconds, 0xffff_ffff);
	}
	return records;
}

/** A reader of plain records, as a queue's cursor reads them. */
export class PlainCursor implements RecordCursor {
	at = 0;
	readonly #records: readonly PlainRecord[];
	constructor(records: readonly PlainRecord[]) {
		this.#records = records;
	}
	seek(number: number): void {
		this.at = this.#records.findIndex((record) => record.number >= number);
		if (this.at < 0) this.at = this.#records.length;
	}
	moveTo(other: PlainCursor): void {
		this.at = other.at;
	}
	read(into: NodeRecord): boolean {
		const record = this.#records[this.at];
		if (!record) return false;
		fill(into, record);
		this.at++;
		return true;
	}
}
