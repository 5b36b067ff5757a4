import { DormouseError } from "../core/errors.js";
import { type NodeRecord, RecordKind } from "../core/record.js";
import { CborCoreWriter } from "./cbor-core-writer.js";
import { halfOf } from "./cbor-float.js";
import { intSize } from "./cbor-size.js";
import type { FrameTime, RecordEncoder, RecordReader } from "./frame.js";
import { type SenmlQuantity, senmlValue } from "./senml-units.js";

/** Labels of what is written. Source: RFC 8428 §6, table 4. */
const Label = Object.freeze({ n: 0, v: 2, t: 6, bn: -2, bt: -3, bu: -4 });
/** Times below this are relative to when the pack is made. Source: RFC 8428 §4.5.3. */
const ABSOLUTE = 0x1000_0000;
/** First part of the names of what is no reading, by kind of record. No quantity's name has a dot. */
const KINDS = "sample. alarm. command. health. sync.";
/** Last part of the names of a health record's values: `HEALTH_FIELDS`, as one text. Other kinds have numbers. */
export const HEALTH_NAMES =
	"start resetReason absent nonsense range failed dropped missed sectionsLost storeFailed panics clockSteps lost " +
	"flashFaults unsaved";

/**
 * Base of a node's names: the device's URN (RFC 9039 §4.1), which is globally unique as RFC 8428 §4.5.1 asks. An EUI-48
 * becomes an EUI-64 by `fffe` in its middle. An id that is none stands for itself.
 */
export function senmlBase(nodeId: string): string {
	if (!/^[0-9a-f]{12}$/.test(nodeId)) return `${nodeId}_`;
	return `urn:dev:mac:${nodeId.slice(0, 6)}fffe${nodeId.slice(6)}_`;
}

/**
 * Encodes packs of SenML-CBOR (RFC 8428 §6; see `docs/wire.md`): samples, as many as fit, or one record of another kind.
 *
 * Samples are written column by column, since a column needs its name and unit but once. To see how many fit, each is read
 * once; then once for each column.
 */
export class SenmlEncoder<Reader extends RecordReader<Reader>> implements RecordEncoder<Reader> {
	private readonly quantities: readonly SenmlQuantity[];
	private readonly base: string;
	private readonly record: NodeRecord;
	private readonly reader: Reader;
	private readonly writer: SenmlWriter;
	upTo = 0;
	/** Number that follows the last one: a record with that need not tell it. */
	private next = 0;
	/** Of the pack's records: whether they are samples, and of an epoch that is over. */
	private isSample = true;
	private isOld = false;
	/** Of each column: the number, the epoch, then the values. */
	private names: readonly string[] = [];
	// What `survey` finds: records and entries that fit, columns that have any, whether a name in each entry is shorter, the
	// base time.
	count = 0;
	private entries = 0;
	private used = 0;
	private isNamed = true;
	private begin = 0;

	/**
	 * @param base see {@link senmlBase}
	 * @param view where packs are written, from its start
	 * @param reader a cursor of the queue that is to be read, for the encoder alone
	 * @param record wide enough for all records, for the encoder while it encodes
	 */
	constructor(
		quantities: readonly SenmlQuantity[],
		base: string,
		view: Uint8Array,
		reader: Reader,
		record: NodeRecord,
	) {
		this.quantities = quantities;
		this.base = base;
		this.record = record;
		this.reader = reader;
		this.writer = new SenmlWriter(view);
	}
	encode(from: Reader, room: number, time: FrameTime, end = 0xffff_ffff): number {
		const { reader, record, writer } = this;
		writer.reset(room);
		reader.moveTo(from);
		if (!reader.read(record) || record.number > end) return 0;
		const start = record.seconds;
		this.survey(time, end);
		if (this.count === 0) return 0;
		writer.array(this.entries);
		for (let column = 0; column < this.names.length; column++)
			if (this.used & (1 << column)) this.write(column, from, start);
		for (let left = this.count; left > 0; left--) from.read(record);
		this.upTo = record.number;
		return writer.length;
	}

	/** Finds what fits, from the record at hand on. */
	private survey(time: FrameTime, end: number): void {
		const { base, quantities, reader, record, writer } = this;
		const { kind, epoch, seconds: start } = record;
		const isSample = kind === RecordKind.sample;
		const isOld = epoch !== time.epoch;
		const wall = isOld || time.wall === 0 ? 0 : time.wall - (time.seconds - start);
		this.isSample = isSample;
		this.isOld = isOld;
		const names = this.namesOf(kind);
		const sizes = names.map(textSize);
		this.names = names;
		this.count = this.entries = this.used = this.next = 0;
		let last = start;
		let size = 0; // of entries without their names
		let named = 1 + textSize(base); // a name in each entry behind one base name
		let based = 0; // or a base name for each column, which is all of its name
		do {
			const delay = record.seconds - start;
			// Of an epoch that is over it is known how old the record is at least.
			const age = isOld ? time.seconds + delay : Math.max(time.seconds - start, delay);
			const begin = wall >= ABSOLUTE ? wall : 0 - age;
			let entries = this.entries;
			let used = this.used;
			let grown = size;
			let grownNamed = named;
			let grownBased = based;
			let fits = true;
			for (let column = 0; column < names.length && fits; column++) {
				const value = this.value(column, this.count);
				if (Number.isNaN(value)) continue;
				const withName = grownNamed + 1 + sizes[column]!;
				let more = 2 + writer.sizeOf(value) + (delay > 0 ? 1 + intSize(delay) : 0);
				let withBase = grownBased;
				if (!(used & (1 << column))) {
					withBase += 1 + textSize(base + names[column]!);
					if (isSample && column >= 2) more += 1 + textSize(quantities[column - 2]!.unit);
				}
				const rest = intSize(entries + 1) + 1 + intSize(begin) + Math.min(withName, withBase);
				fits = rest + grown + more <= writer.room;
				if (!fits) continue;
				entries++;
				used |= 1 << column;
				grown += more;
				grownNamed = withName;
				grownBased = withBase;
			}
			// A sample goes in whole. Another kind must not wait for ever: of that, the values that fit.
			if (!fits && (isSample || entries === 0)) break;
			this.entries = entries;
			this.used = used;
			size = grown;
			named = grownNamed;
			based = grownBased;
			last = record.seconds;
			this.begin = begin;
			this.next = record.number + 1;
			this.count++;
		} while (
			isSample &&
			reader.read(record) &&
			record.number <= end &&
			record.kind === kind &&
			record.epoch === epoch &&
			record.seconds > last // by its time a receiver knows what belongs to a sample
		);
		this.isNamed = named <= based;
	}
	/** Writes the entries of a column. */
	private write(column: number, from: Reader, start: number): void {
		const { base, isNamed, reader, record, writer } = this;
		const name = this.names[column]!;
		let isFirst = true;
		reader.moveTo(from);
		this.next = 0;
		for (let n = 0; n < this.count; n++) {
			reader.read(record);
			const value = this.value(column, n);
			this.next = record.number + 1;
			if (Number.isNaN(value)) continue;
			const delay = record.seconds - start;
			const isStart = column === 0 && n === 0;
			const hasBase = isNamed ? isStart : isFirst;
			const hasUnit = isFirst && this.isSample && column >= 2;
			writer.map(1 + +isNamed + +(delay > 0) + +hasBase + +isStart + +hasUnit);
			// Keys in the order of their encodings (RFC 8949 §4.2.1): the negative ones are last.
			if (isNamed) writer.int(Label.n).text(name);
			writer.int(Label.v).number(value);
			if (delay > 0) writer.int(Label.t).int(delay);
			if (hasBase) writer.int(Label.bn).text(isNamed ? base : base + name);
			if (isStart) writer.int(Label.bt).int(this.begin);
			if (hasUnit) writer.int(Label.bu).text(this.quantities[column - 2]!.unit);
			isFirst = false;
		}
	}
	private namesOf(kind: RecordKind): string[] {
		const own = KINDS.split(" ")[kind]!;
		const names = [`${own}number`, `${own}epoch`];
		if (kind === RecordKind.sample) for (const { name } of this.quantities) names.push(name);
		else {
			const fields = kind === RecordKind.health ? HEALTH_NAMES.split(" ") : [];
			for (let n = 0; n < this.record.length; n++) names.push(`${own}${fields[n] ?? n}`);
		}
		return names;
	}
	/** What a column has of the record at hand, the `n`th of the pack; NaN for nothing. */
	private value(column: number, n: number): number {
		const { isSample, quantities, record } = this;
		if (column === 0) {
			const isEmpty = isSample && record.missing === 2 ** quantities.length - 1;
			return isEmpty || record.number !== this.next ? record.number : Number.NaN;
		}
		if (column === 1) return this.isOld && n === 0 ? record.epoch : Number.NaN;
		const scaled = record.values[column - 2]!;
		if (!isSample) return scaled;
		return record.isMissing(column - 2) ? Number.NaN : senmlValue(scaled, quantities[column - 2]!);
	}
}

/** Adds floats to what telemetry needs of CBOR. */
class SenmlWriter extends CborCoreWriter {
	private readonly scratch = new DataView(new ArrayBuffer(4));

	/** Most bytes that may be written. */
	get room(): number {
		return this.limit;
	}
	/** Bytes of a number: an integer where it is one, else the shortest float that is exact (RFC 8949 §4.2.1). */
	sizeOf(value: number): number {
		if (Number.isSafeInteger(value)) return intSize(value);
		if (Math.fround(value) !== value) return 9;
		this.scratch.setFloat32(0, value);
		return halfOf(this.scratch.getUint32(0)) < 0 ? 5 : 3;
	}
	number(value: number): void {
		if (Number.isSafeInteger(value)) {
			this.int(value);
			return;
		}
		const { at, scratch, view } = this;
		const size = this.sizeOf(value);
		if (at + size > this.limit) throw new DormouseError("overflow");
		this.at = at + size;
		this.bytes[at] = size === 3 ? 0xf9 : size === 5 ? 0xfa : 0xfb;
		if (size === 3) view.setUint16(at + 1, halfOf(scratch.getUint32(0)));
		else if (size === 5) view.setFloat32(at + 1, value);
		else view.setFloat64(at + 1, value);
	}
}

/** Bytes of a text of ASCII. */
function textSize(text: string): number {
	return intSize(text.length) + text.length;
}
