/** A chip on a simulated I2C bus. Bytes only: timing of the bus is the fabric's, the chip's own timing is its own. */
export interface I2cChip {
	/** 7-bit address. */
	readonly address: number;
	/**
	 * The master wrote these bytes after the address.
	 * @param nowMs the board's time
	 * @returns false when the chip does not acknowledge
	 */
	write(bytes: Uint8Array, nowMs: number): boolean;
	/**
	 * The master reads: fill `into`.
	 * @returns false when the chip does not acknowledge its address
	 */
	read(into: Uint8Array, nowMs: number): boolean;
	/** The supply was cut: registers return to their reset values. */
	powerCycle(): void;
}
