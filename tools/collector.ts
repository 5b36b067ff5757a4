import { type FrameSchema, RECENT_BITS, TimeBase } from "../modules/codec/frame.js";
import { type DecodedFrame, type DecodedRecord, decodeFrame } from "../modules/codec/frame-decoder.js";
import { DormouseError } from "../modules/core/errors.js";
import { RecordKind } from "../modules/core/record.js";
import { decodePack } from "./senml-records.js";

/** What a receiver needs to know of a node to decode what it sends; a `NodeDeclaration` fits. */
export interface NodeSchema {
	readonly frame: FrameSchema;
	/** Compact frames when left out. */
	readonly encoding?: { readonly kind: "compact" | "senml" };
	readonly quantities: readonly { readonly name: string; readonly unit: string; readonly resolution: number }[];
}

/** A record with its time. */
export interface CollectedRecord extends DecodedRecord {
	/** Wall time in milliseconds since 1970 (UTC). */
	readonly wallMs: number;
	/** Whether that is known: told by the node, or from an age and an arrival. Else it is a guess. */
	readonly timed: boolean;
}

/** What one message brought. */
export interface Collected {
	/** Records that are new, in order of their numbers. */
	readonly records: readonly CollectedRecord[];
	/** Records that had arrived before. */
	readonly duplicates: number;
	/** Why the message could not be decoded. */
	readonly error: DormouseError | undefined;
}

/** How far a node's clock may be ahead of the receiver's, in seconds. */
const AHEAD = 0x1_0000;
/** How much a node's clock may be slow, of the time that passed: an RC oscillator, that no time server corrects. */
const DRIFT = 1 / 64;
/** Beyond this share of the time between two marks it was no drift: the first of them was wrong. */
const JUMP = 1 / 16;

/** At so many seconds of its epoch it was this wall time. */
interface Mark {
	readonly seconds: number;
	readonly wallMs: number;
}

/**
 * The receiver's end for one node: decodes frames or packs, drops what came twice, and tells times.
 *
 * Wall times are the node's own where it knew them. Else those of an epoch come from its sync records, with what its clock
 * drifted between two of them; or from frames' ages: a frame made at `now` cannot have arrived before, nor can its last
 * record where it tells no `now`; so the earliest of all arrivals less that is nearest to the truth. A clock that is slow
 * moves it on: by a 64th of the time between two frames at most.
 */
export class Collector {
	readonly #node: NodeSchema;
	readonly #seen = new Set<number>();
	/** Epochs whose start is known from a sync record or an age. */
	readonly #placed = new Set<number | undefined>();
	/** Sync records by epoch. */
	readonly #marks = new Map<number, Mark[]>();
	/** By the earliest arrival: where the epoch began, as a frame said that was made at so many seconds. */
	readonly #epochStart = new Map<number, Mark>();
	#highest = 0;
	/** Records that arrived again. */
	duplicates = 0;
	/** Messages that could not be decoded. */
	undecodable = 0;
	/** Messages. */
	frames = 0;
	/** Their payload bytes. */
	bytes = 0;

	constructor(node: NodeSchema) {
		this.#node = node;
	}
	/** Takes a message. @param arrivedMs wall time in milliseconds since 1970 */
	take(payload: Uint8Array, arrivedMs: number): Collected {
		this.frames++;
		this.bytes += payload.length;
		try {
			const frame = this.#decode(payload);
			this.#learn(frame, arrivedMs);
			const records: CollectedRecord[] = [];
			let duplicates = 0;
			for (const record of frame.records) {
				const number = frame.short ? this.#whole(record.number) : record.number;
				if (this.#seen.has(number)) duplicates++;
				else
					records.push({
						...record,
						number,
						wallMs: this.#wallMs(frame, record, arrivedMs),
						timed: this.#isTimed(frame),
					});
				this.#seen.add(number);
				this.#highest = Math.max(this.#highest, number);
			}
			this.duplicates += duplicates;
			return { records, duplicates, error: undefined };
		} catch (error) {
			if (!(error instanceof DormouseError)) throw error;
			this.undecodable++;
			return { records: [], duplicates: 0, error };
		}
	}

	/** A pack of SenML tells times as a frame does: since 1970, or how old records were when it was made. */
	#decode(payload: Uint8Array): Pick<DecodedFrame, "short" | "base" | "now" | "records"> {
		const { encoding, frame, quantities } = this.#node;
		if (encoding?.kind !== "senml") return decodeFrame(payload, frame);
		const { absolute, records } = decodePack(payload, quantities);
		return { short: false, base: absolute ? TimeBase.wall : TimeBase.age, now: 0, records };
	}
	/** The number with these lowest 16 bits that is nearest to the highest so far. */
	#whole(number: number): number {
		const whole = this.#highest + ((((number - this.#highest) << 16) >> 16) | 0);
		return whole > 0 ? whole : number;
	}
	#wallMs({ base }: Pick<DecodedFrame, "base">, { epoch, seconds }: DecodedRecord, arrivedMs: number): number {
		if (base === TimeBase.wall) return 1000 * seconds;
		if (base === TimeBase.age) return arrivedMs + 1000 * seconds;
		if (base === TimeBase.epoch)
			return this.#byMarks(epoch!, seconds) ?? (this.#epochStart.get(epoch!)?.wallMs ?? arrivedMs) + 1000 * seconds;
		const latest = Math.floor(arrivedMs / 1000) + AHEAD;
		const window = 2 ** RECENT_BITS;
		return 1000 * (latest - ((((latest - seconds) % window) + window) % window));
	}
	/** Whether the frame tells its times itself, or an age, or an epoch that was placed. */
	#isTimed({ base, now, records }: Pick<DecodedFrame, "base" | "now" | "records">): boolean {
		return (
			now !== undefined || base === TimeBase.recent || base === TimeBase.wall || this.#placed.has(records[0]!.epoch)
		);
	}
	/** What an epoch's sync records say of a time in it. */
	#byMarks(epoch: number, seconds: number): number | undefined {
		const marks = this.#marks.get(epoch);
		if (!marks) return undefined;
		let before: Mark | undefined;
		let after: Mark | undefined;
		for (const mark of marks)
			if (mark.seconds <= seconds) {
				if (!before || mark.seconds >= before.seconds) before = mark;
			} else if (!after || mark.seconds < after.seconds) after = mark;
		const near = before ?? after!;
		const wallMs = near.wallMs + 1000 * (seconds - near.seconds);
		if (!before || !after) return wallMs;
		const passed = after.seconds - before.seconds;
		const drifted = after.wallMs - before.wallMs - 1000 * passed;
		if (Math.abs(drifted) > 1000 * passed * JUMP) return wallMs;
		return wallMs + Math.round((drifted * (seconds - before.seconds)) / passed);
	}
	#learn({ base, now, records }: Pick<DecodedFrame, "base" | "now" | "records">, arrivedMs: number) {
		for (const { kind, epoch, seconds, values } of records)
			if (kind === RecordKind.sync) {
				// A frame that tells wall times does not tell the epoch and its seconds: the record does.
				const [wall, inEpoch = 0, at = 0] = epoch === undefined ? values : [values[0], epoch, seconds];
				if (wall !== undefined && inEpoch > 0) this.#mark(inEpoch, wall >>> 0, at >>> 0);
			}
		const epoch = records[0]!.epoch;
		if (base !== TimeBase.epoch || epoch === undefined) return;
		if (now !== undefined) this.#placed.add(epoch);
		// Of an epoch that is over, the last record is what cannot have been taken after the frame's arrival.
		const seconds = now ?? records.at(-1)!.seconds;
		const wallMs = arrivedMs - 1000 * seconds;
		const known = this.#epochStart.get(epoch);
		const passed = known && now !== undefined ? Math.max(0, now - known.seconds) : 0;
		const latest = known ? known.wallMs + 1000 * passed * DRIFT : wallMs;
		this.#epochStart.set(epoch, { seconds: Math.max(seconds, known?.seconds ?? 0), wallMs: Math.min(wallMs, latest) });
	}
	#mark(epoch: number, wall: number, seconds: number) {
		this.#placed.add(epoch);
		const others = this.#marks.get(epoch)?.filter((mark) => mark.seconds !== seconds) ?? [];
		this.#marks.set(epoch, [...others, { seconds, wallMs: 1000 * wall }]);
	}
}
