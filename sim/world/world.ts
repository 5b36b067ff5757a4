/** What a simulated place is like. Names and units are those of the channels that sensors measure. */
export type Phenomenon = string;

/**
 * The outside world that drives simulated sensors.
 *
 * Phenomena and their units: `temperature` °C, `humidity` %RH, `pressure` hPa, `battery` V (at the cell), and whatever
 * other columns a recording brings.
 */
export interface World {
	/** Wall time of the simulation's start, in milliseconds since 1970 (UTC). */
	readonly startMs: number;
	/** How long the world is known, in milliseconds from its start; infinite for a model. */
	readonly lengthMs: number;
	/**
	 * The true value at an instant (milliseconds from the start).
	 * @returns undefined where nothing is known: a gap, or a phenomenon that the world does not have
	 */
	at(phenomenon: Phenomenon, ms: number): number | undefined;
}
