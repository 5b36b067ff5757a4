/**
 * A sensor's driver. It moves bytes and never waits: `start`, then `collect` after as many milliseconds as `start` said.
 * The ECMA-419 face (`configure`, `sample`) is a thin wrapper around this one, for use elsewhere.
 */
export interface Driver {
	/**
	 * Starts one measurement.
	 * @returns milliseconds until `collect` may be called, 0 or more
	 * @throws {DormouseError} `absent` when nothing answers, `identity` when another chip does, `closed`
	 */
	start(): number;
	/**
	 * Reads the result: one integer a channel, in the channel's steps, from `into[0]` on. A reading that the chip does not
	 * give is marked in `missing` and its integer is left alone.
	 * @throws {DormouseError} `absent`, `busy` when the chip has not finished, `malformed` when a checksum is wrong, `closed`
	 */
	collect(into: Int32Array, missing: Missing): void;
	/** Releases the hardware; idempotent. */
	close(): void;
}

/** Why a reading is missing. Values are stable: health records count by them. */
export const MissingReason = Object.freeze({
	/** The chip did not answer, or another one did. */
	absent: 0,
	/** It answered, but not with a measurement: bad checksum, still busy, reserved value where none is expected. */
	nonsense: 1,
	/** The chip skipped this conversion. */
	skipped: 2,
	/** Beyond what the chip is specified for. */
	range: 3,
});
export type MissingReason = (typeof MissingReason)[keyof typeof MissingReason];

/** Which channels have no reading, and why. One instance serves many samples; `clear` between them. */
export class Missing {
	/** Bit n is set when channel n is missing. */
	bits = 0;
	private readonly reasons = new Uint8Array(32);

	/** Marks a channel (0 … 31) as missing; a channel that is marked already keeps its first reason. */
	mark(channel: number, reason: MissingReason): void {
		if (this.has(channel)) return;
		this.bits = (this.bits | (1 << channel)) >>> 0;
		this.reasons[channel] = reason;
	}
	has(channel: number): boolean {
		return (this.bits & (1 << channel)) !== 0;
	}
	/** Why a channel is missing; undefined when it is not. */
	reason(channel: number): MissingReason | undefined {
		return this.has(channel) ? (this.reasons[channel] as MissingReason) : undefined;
	}
	clear(): void {
		this.bits = 0;
	}
}
