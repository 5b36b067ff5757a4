/**
 * The parts of ECMA-419 I/O that drivers use, as shapes: the SDK's classes, the simulator's and a test's all fit.
 */

/** One device on an I2C bus (ECMA-419 §10.5). Transfers throw an `Error` when a byte is not acknowledged. */
export interface I2cIo {
	/** Fills the whole array. */
	read(into: Uint8Array): unknown;
	write(bytes: Uint8Array): unknown;
	close(): void;
}
/** What a provider says of an I2C bus; all but `io` goes to its constructor. */
export interface I2cPort {
	readonly io: new (options: { data: number; clock: number; address: number; hz: number }) => I2cIo;
	readonly data: number;
	readonly clock: number;
}

/** One analog input (ECMA-419 §10.3). */
export interface AnalogIo {
	/** Bits of a reading. */
	readonly resolution: number;
	/** @returns 0 … 2^resolution − 1; undefined when the converter failed */
	read(): number | undefined;
	close(): void;
}
/** What a provider says of an analog input; all but `io` goes to its constructor. */
export interface AnalogPort {
	readonly io: new (options: { pin: number }) => AnalogIo;
	readonly pin: number;
}
