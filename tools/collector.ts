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

/**
 * The receiver's end for one node: decodes frames or packs, drops what came twice, and tells times.
 *
 * Wall times are the node's own where it knew them. Else the start of an epoch comes from a sync record, or from frames'
 * ages: a frame made at `now` cannot have arrived before, nor can its last record where it tells no `now`; so the
 * earliest of all arrivals less that is nearest to the truth.
 */
export class Collector {
	readonly #node: NodeSchema;
	readonly #seen = new Set<number>();
	/** Epochs whose start is known from a sync record or an age. */
	readonly #placed = new Set<number | undefined>();
	readonly #epochStart = new Map<number, { wallMs: number; exact: boolean }>();
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
		if (base === TimeBase.epoch) return (this.#epochStart.get(epoch!)?.wallMs ?? arrivedMs) + 1000 * seconds;
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
	#learn({ base, now, records }: Pick<DecodedFrame, "base" | "now" | "records">, arrivedMs: number) {
		const epoch = records[0]!.epoch;
		if (base !== TimeBase.epoch || epoch === undefined) return;
		const known = this.#epochStart.get(epoch);
		if (now !== undefined || records.some(({ kind, values }) => kind === RecordKind.sync && values[0] !== undefined))
			this.#placed.add(epoch);
		for (const { kind, seconds, values } of records)
			if (kind === RecordKind.sync && values[0] !== undefined)
				this.#epochStart.set(epoch, { wallMs: 1000 * ((values[0] >>> 0) - seconds), exact: true });
		if (known?.exact || this.#epochStart.get(epoch)?.exact) return;
		// Of an epoch that is over, the last record is what cannot have been taken after the frame's arrival.
		const wallMs = arrivedMs - 1000 * (now ?? records[records.length - 1]!.seconds);
		if (!known || wallMs < known.wallMs) this.#epochStart.set(epoch, { wallMs, exact: false });
	}
}
