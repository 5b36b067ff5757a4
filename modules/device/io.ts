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

/** One device on an SPI bus (ECMA-419 §10.7), its select line handled by the platform. */
export interface SpiIo {
	/** Sends the bytes and puts what came back in their place; select is active for the whole of it. */
	transfer(bytes: Uint8Array): unknown;
	close(): void;
}
/** Pins and speed of an SPI device. */
export interface SpiOptions {
	readonly clock: number;
	readonly in: number;
	readonly out: number;
	readonly select: number;
	/** Level of select during a transfer. */
	readonly active?: 0 | 1;
	/** Controller number; the platform's choice when left out. */
	readonly port?: number;
	readonly hz: number;
	/** Clock polarity and phase, 0 … 3. */
	readonly mode: number;
}

/** One digital pin (ECMA-419 §10.2). */
export interface DigitalIo {
	/**
	 * When the last edge came, in milliseconds of the board's clock, taken in the interrupt. An extension of ours; undefined
	 * where the platform does not take it: then the time of the callback is the best there is.
	 */
	readonly edgeMs?: number | undefined;
	/** @returns 0 or 1 */
	read(): number;
	write(value: number): unknown;
	close(): void;
}
/** How a digital pin is opened. */
export interface DigitalOptions {
	readonly pin: number;
	/** One of the class's modes. */
	readonly mode: number;
	readonly initialValue?: number;
	/** Edges that call `onReadable`. */
	readonly edge?: number;
	readonly onReadable?: () => void;
}
/** The platform's class of digital pins. */
export interface DigitalClass {
	new (options: DigitalOptions): DigitalIo;
	readonly Input: number;
	readonly Output: number;
	readonly OutputOpenDrain: number;
	readonly Rising: number;
}

/** What a radio's driver needs of the platform. */
export interface RadioIo {
	readonly SPI: new (options: SpiOptions) => SpiIo;
	readonly Digital: DigitalClass;
	/** Light sleep: nothing runs for so many milliseconds, and edges are not heard. Undefined: the platform has none. */
	doze?(ms: number): void;
	/** Holds a pin at a level from now on, through deep sleep too, until {@link unpark}. */
	park?(pin: number, level: 0 | 1): void;
	/** Lets go of all pins that are held. */
	unpark?(): void;
}
