/**
 * One device on an SPI bus. Source: Moddable SDK 8.2.3, modules/io/spi/spi.js and modules/io/spi/esp32; ESP32 only, `lin` has none.
 * ECMA-419 §10.7.
 */
declare module "embedded:io/spi" {
	import type { ByteBuffer, PinSpecifier, PortSpecifier } from "embedded:io/_common";

	export interface SPIOptions {
		readonly clock: PinSpecifier;
		/** MISO. */
		readonly in?: PinSpecifier;
		/** MOSI. */
		readonly out?: PinSpecifier;
		/** Driven by the platform around each transfer. */
		readonly select?: PinSpecifier;
		/** Level of `select` during a transfer; default 0. */
		readonly active?: 0 | 1;
		readonly port?: PortSpecifier;
		readonly hz: number;
		/** Clock polarity and phase, 0 … 3; default 0. */
		readonly mode?: number;
		readonly format?: "buffer";
		readonly target?: unknown;
	}

	export default class SPI {
		constructor(options: SPIOptions);
		read(byteLength: number): ArrayBuffer;
		read(buffer: ByteBuffer): number;
		write(buffer: ByteBuffer): void;
		/** Sends the buffer and puts what came back in its place. */
		transfer(buffer: ByteBuffer): unknown;
		/** Releases the device. Again: does nothing. */
		close(): void;
		format: "buffer";
		target?: unknown;
	}
}
