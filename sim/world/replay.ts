import type { Recording } from "./csv.js";
import type { Phenomenon, World } from "./world.js";

/** Rows further apart than this many median intervals have a gap between them. */
const GAP_INTERVALS = 1.5;

/**
 * A recording as a world. Between two neighbouring rows values are interpolated in a straight line.
 *
 * Unknown is: before the first row and after the last; between a row with a value and a neighbour whose cell is empty; and
 * between rows that are further apart than 1.5 times the recording's median interval. At a row itself its value is known.
 */
export class Replay implements World {
	readonly startMs: number;
	readonly lengthMs: number;
	readonly #recording: Recording;
	readonly #others: World | undefined;
	readonly #longestMs: number;
	/** The row at or before the instant asked for last: a mere hint, so that going forward is cheap. */
	#hint = 0;

	/** @param others answers for phenomena that the recording does not have, at the same time from its start */
	constructor(recording: Recording, others?: World) {
		const { timesMs } = recording;
		this.#recording = recording;
		this.#others = others;
		this.startMs = timesMs[0]!;
		this.lengthMs = timesMs[timesMs.length - 1]! - this.startMs;
		this.#longestMs = GAP_INTERVALS * medianInterval(timesMs);
	}

	at(phenomenon: Phenomenon, ms: number): number | undefined {
		const column = this.#recording.columns.get(phenomenon);
		if (!column) return this.#others?.at(phenomenon, ms);
		if (!(ms >= 0 && ms <= this.lengthMs)) return undefined;
		const { timesMs } = this.#recording;
		const instant = this.startMs + ms;
		const row = this.#rowAt(instant);
		const before = column[row]!;
		const from = timesMs[row]!;
		if (from === instant) return known(before);
		const span = timesMs[row + 1]! - from;
		if (span > this.#longestMs) return undefined;
		const after = column[row + 1]!;
		return known(before + (after - before) * ((instant - from) / span)); // NaN if either is
	}

	/** The last row at or before `instant`, which is not before the first. */
	#rowAt(instant: number): number {
		const { timesMs } = this.#recording;
		let low = this.#hint;
		if (timesMs[low]! > instant) low = 0;
		for (let steps = 0; steps < 4; steps++) {
			if (low + 1 >= timesMs.length || timesMs[low + 1]! > instant) return (this.#hint = low);
			low++;
		}
		let high = timesMs.length;
		while (high - low > 1) {
			const middle = (low + high) >> 1;
			if (timesMs[middle]! <= instant) low = middle;
			else high = middle;
		}
		return (this.#hint = low);
	}
}

function known(value: number): number | undefined {
	return Number.isNaN(value) ? undefined : value;
}

function medianInterval(timesMs: Float64Array): number {
	const count = timesMs.length - 1;
	if (count < 1) return 0;
	const intervals = new Float64Array(count);
	for (let row = 0; row < count; row++) intervals[row] = timesMs[row + 1]! - timesMs[row]!;
	intervals.sort();
	return (intervals[(count - 1) >> 1]! + intervals[count >> 1]!) / 2;
}
