/**
 * The telemetry frame, version 1: a CBOR array of
 *
 * ```cddl
 * frame = [version: 1, schema: uint, first: uint, epoch: uint, seconds: uint, now: uint / null, + run]
 * run   = samples / other
 * samples = [flags: uint, gap: uint, steps: uint / [+ uint], + column]  ; one column a quantity
 * column  = [+ int / null]                                              ; the first value, then differences; null: missing
 * other   = [flags: uint, gap: uint, * int]                             ; one record of another kind
 * ```
 *
 * `first` is the number of the first record, later ones count up. `seconds` is when the first one was taken down, in
 * seconds since the start of `epoch`; `now` is when the frame was made, on the same clock, or null when that epoch is
 * over, so that a receiver without a sync mark can tell times from the frame's age. `flags` is the record kind, plus 16
 * when the node knew the wall time. `gap` is the time since the record before (seconds, from `seconds` for the first).
 * `steps` are the times between the samples of a run: one number when they are regular or there is only one sample (0).
 * A column's difference is to the last value that was not missing.
 */
export const FRAME_VERSION = 1;
/** Added to a run's flags when the wall time was known. */
export const FRAME_WALL = 16;
/** Items of a frame before its first run. */
export const FRAME_HEAD = 6;

/** What a schema is made of: the names, units and resolutions of a sample's values. */
export interface SchemaQuantity {
	readonly name: string;
	readonly unit: string;
	readonly resolution: number;
}
