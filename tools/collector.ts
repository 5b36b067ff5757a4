import { type DecodedRecord, decodeFrame } from "../modules/codec/frame-decoder.js";
import { DormouseError } from "../modules/core/errors.js";
import { RecordKind } from "../modules/core/record.js";

/** What a receiver needs to know of a node to decode its frames; a `NodeDeclaration` fits. */
export interface FrameSchema {
	readonly schema: number;
	readonly quantities: readonly { readonly name: string; readonly unit: string; readonly resolution: number }[];
}

/** A record with its time. */
export interface CollectedRecord extends DecodedRecord {
	/** Wall time in milliseconds since 1970 (UTC). */
	readonly wallMs: number;
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

/**
 * The receiver's end for one node: decodes frames, drops what came twice, and tells times.
 *
 * The wall time of an epoch's start comes from a sync record, else from frames' ages: a frame made at `now` cannot have
 * arrived before, so the earliest of all arrivals less `now` is nearest to the truth.
 */
export class Collector {
	readonly #schema: FrameSchema;
	readonly #seen = new Set<number>();
	readonly #epochStart = new Map<number, { wallMs: number; exact: boolean }>();
	/** Records that arrived again. */
	duplicates = 0;
	/** Messages that could not be decoded. */
	undecodable = 0;
	/** Messages. */
	frames = 0;
	/** Their payload bytes. */
	bytes = 0;

	constructor(schema: FrameSchema) {
		this.#schema = schema;
	}
	/** Takes a message. @param arrivedMs wall time in milliseconds since 1970 */
	take(payload: Uint8Array, arrivedMs: number): Collected {
		this.frames++;
		this.bytes += payload.length;
		try {
			const { schema, epoch, now, records } = decodeFrame(payload);
			if (schema !== this.#schema.schema)
				throw new DormouseError("unsupported", `schema ${schema} is not ${this.#schema.schema}, the node's`);
			for (const { kind, values } of records)
				if (kind === RecordKind.sample && values.length !== this.#schema.quantities.length)
					throw new DormouseError("malformed", `${values.length} columns`);
			this.#learn(epoch, now, records, arrivedMs);
			const fresh = records.filter(({ number }) => !this.#seen.has(number));
			for (const { number } of fresh) this.#seen.add(number);
			const duplicates = records.length - fresh.length;
			this.duplicates += duplicates;
			const startMs = this.#epochStart.get(epoch)?.wallMs ?? arrivedMs;
			return {
				records: fresh.map((record) => ({ ...record, wallMs: startMs + 1000 * record.seconds })),
				duplicates,
				error: undefined,
			};
		} catch (error) {
			if (!(error instanceof DormouseError)) throw error;
			this.undecodable++;
			return { records: [], duplicates: 0, error };
		}
	}

	#learn(epoch: number, now: number | undefined, records: readonly DecodedRecord[], arrivedMs: number) {
		const known = this.#epochStart.get(epoch);
		for (const { kind, seconds, values } of records)
			if (kind === RecordKind.sync && values[0] !== undefined)
				this.#epochStart.set(epoch, { wallMs: 1000 * ((values[0] >>> 0) - seconds), exact: true });
		if (now === undefined || known?.exact || this.#epochStart.get(epoch)?.exact) return;
		const wallMs = arrivedMs - 1000 * now;
		if (!known || wallMs < known.wallMs) this.#epochStart.set(epoch, { wallMs, exact: false });
	}
}
