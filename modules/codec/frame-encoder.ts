import { DormouseError } from "../core/errors.js";
import { NodeRecord, RecordKind } from "../core/record.js";
import { CborCoreWriter } from "./cbor-core-writer.js";
import { FRAME_HEAD, FRAME_VERSION, FRAME_WALL } from "./frame.js";

/** A place to read records from; see `modules/store/queue.ts`. */
export interface RecordReader<Self> {
	moveTo(other: Self): void;
	read(into: NodeRecord): boolean;
}

/**
 * Encodes frames (see `frame.ts`): as many records as fit, none split. Columns are written by reading the records once
 * for each, so that the encoder's own state is one record.
 */
export class FrameEncoder<Reader extends RecordReader<Reader>> {
	private readonly schema: number;
	private readonly width: number;
	private readonly record: NodeRecord;
	private readonly start: Reader;
	private readonly ahead: Reader;
	private readonly writer: CborCoreWriter;
	/** Number of the last record in the frame that was encoded last. */
	upTo = 0;
	private records = 0;
	private room = 0;
	private epoch = 0;
	private nowSeconds = 0;

	/**
	 * @param schema the schema id, 0 … 0xffff
	 * @param width values of a sample
	 * @param view where frames are written, from its start
	 * @param cursor makes cursors of the queue that is to be read
	 */
	constructor(schema: number, width: number, view: Uint8Array, cursor: () => Reader) {
		this.schema = schema;
		this.width = width;
		this.record = new NodeRecord(Math.max(width, NodeRecord.widest));
		this.start = cursor();
		this.ahead = cursor();
		this.writer = new CborCoreWriter(view);
	}
	/**
	 * Encodes the records behind `from` and moves it behind them; {@link upTo} is then the last one's number.
	 * @param room at most this many bytes
	 * @param epoch the current epoch; a frame of an earlier one has no `now`
	 * @param nowSeconds seconds since the current epoch's start
	 * @returns bytes written; 0 when there is no record or not even one fits, and `from` has not moved
	 */
	encode(from: Reader, room: number, epoch: number, nowSeconds: number): number {
		this.room = room;
		this.epoch = epoch;
		this.nowSeconds = nowSeconds;
		// A sample takes a byte a column, any other record three: no more than this can fit. Fewer are found by bisection.
		let most = Math.ceil(room / Math.min(this.width, 3));
		let least = 0;
		let fits = this.attempt(from, most);
		if (fits === 0) {
			while (most - least > 1) {
				const middle = (least + most) >> 1;
				if (this.attempt(from, middle) > 0) least = middle;
				else most = middle;
			}
			fits = least > 0 ? this.attempt(from, least) : 0;
		}
		if (fits > 0) for (let n = this.records; n > 0; n--) from.read(this.record);
		return fits;
	}

	/** Encodes up to `most` records. @returns the frame's bytes; 0 when they do not fit or there is none */
	private attempt(from: Reader, most: number): number {
		const record = this.record;
		this.start.moveTo(from);
		const runs = this.survey(most, this.start);
		if (runs === 0) return 0;
		const writer = this.writer.reset(this.room);
		this.start.moveTo(from);
		this.ahead.moveTo(from);
		this.ahead.read(record);
		this.upTo = record.number + this.records - 1;
		try {
			writer
				.array(FRAME_HEAD + runs)
				.int(FRAME_VERSION)
				.int(this.schema)
				.int(record.number)
				.int(record.epoch);
			writer.int(record.seconds);
			if (record.epoch === this.epoch) writer.int(this.nowSeconds);
			else writer.null();
			let seconds = record.seconds;
			for (let left = this.records; left > 0; ) {
				const run = this.runLength(left);
				seconds = this.writeRun(run, seconds);
				for (let n = 0; n < run; n++) this.start.read(record);
				left -= run;
			}
		} catch (error) {
			if (error instanceof DormouseError && error.code === "overflow") return 0;
			throw error;
		}
		return writer.length;
	}
	/** Sets `records` to what one frame may hold: one epoch, time not going back. @returns how many runs that makes */
	private survey(most: number, reader: Reader): number {
		const record = this.record;
		let runs = 0;
		let epoch = 0;
		let seconds = 0;
		let flags = -1;
		let count = 0;
		while (count < most && reader.read(record)) {
			if (count > 0 && (record.epoch !== epoch || record.seconds < seconds)) break;
			if (record.kind !== RecordKind.sample || flags !== flagsOf(record)) runs++;
			epoch = record.epoch;
			seconds = record.seconds;
			flags = flagsOf(record);
			count++;
		}
		this.records = count;
		return runs;
	}
	/** How many of the next `most` records make one run. */
	private runLength(most: number): number {
		const record = this.record;
		const reader = this.rewound();
		reader.read(record);
		if (record.kind !== RecordKind.sample) return 1;
		const flags = flagsOf(record);
		let run = 1;
		while (run < most && reader.read(record) && flagsOf(record) === flags) run++;
		return run;
	}
	/** @returns seconds of the run's last record */
	private writeRun(run: number, before: number): number {
		const record = this.record;
		const writer = this.writer;
		this.rewound().read(record);
		if (record.kind === RecordKind.sample) {
			writer
				.array(3 + this.width)
				.int(flagsOf(record))
				.int(record.seconds - before);
			const step = this.regularStep(run);
			if (step >= 0) writer.int(step);
			else this.writeSteps(run);
			for (let column = 0; column < this.width; column++) this.writeColumn(run, column);
		} else {
			writer
				.array(2 + record.length)
				.int(flagsOf(record))
				.int(record.seconds - before);
			for (let n = 0; n < record.length; n++) writer.int(record.values[n]!);
		}
		return record.seconds;
	}
	/** The times between the records of a run, each. */
	private writeSteps(run: number) {
		const record = this.record;
		const reader = this.rewound();
		reader.read(record);
		this.writer.array(run - 1);
		for (let n = 1, seconds = record.seconds; n < run; n++) {
			reader.read(record);
			this.writer.int(record.seconds - seconds);
			seconds = record.seconds;
		}
	}
	/** The time between the records of a run, 0 for a single one, −1 when it varies. */
	private regularStep(run: number): number {
		const record = this.record;
		const reader = this.rewound();
		reader.read(record);
		let step = 0;
		for (let n = 1, seconds = record.seconds; n < run; n++) {
			reader.read(record);
			if (n > 1 && record.seconds - seconds !== step) return -1;
			step = record.seconds - seconds;
			seconds = record.seconds;
		}
		return step;
	}
	private writeColumn(run: number, column: number) {
		const record = this.record;
		const reader = this.rewound();
		this.writer.array(run);
		let last = 0;
		for (let n = 0; n < run; n++) {
			reader.read(record);
			if (record.isMissing(column)) {
				this.writer.null();
				continue;
			}
			const value = record.values[column]!;
			this.writer.int(value - last);
			last = value;
		}
	}
	/** The reader, at the start of the run. */
	private rewound(): Reader {
		this.ahead.moveTo(this.start);
		return this.ahead;
	}
}

function flagsOf(record: NodeRecord): number {
	return record.kind + (record.wall ? FRAME_WALL : 0);
}
