/**
 * One device on an I²C bus; this side is the controller. Synchronous: each call blocks until the transfer ends or times out.
 * ESP32 only in the SDK: `lin` has no I²C.
 * Source: Moddable SDK 8.2.3, modules/io/i2c/esp32/_i2c.c, _i2c.js, i2c_async.js, manifest.json. ECMA-419 §10.5 (synchronous).
 */
declare module "embedded:io/i2c" {
	import type { ByteBuffer, PinSpecifier, PortSpecifier } from "embedded:io/_common";

	export interface I2COptions {
		/** SDA. Required: absent throws `RangeError` "data required". */
		readonly data: PinSpecifier;
		/** SCL. Required. */
		readonly clock: PinSpecifier;
		/** Bus speed in Hz, 1 … 20 000 000. Required in fact: 0, negative or absent throws `RangeError` "invalid hz". */
		readonly hz: number;
		/** 7-bit address, 0 … 127, never shifted. The same address twice on the same pins throws `RangeError` "duplicate address". */
		readonly address: number;
		/** Controller number, 0 …; absent lets the SDK choose. Devices share a bus only when data, clock, port and pullup are all equal. */
		readonly port?: PortSpecifier;
		/** Limit of one transfer in milliseconds; −1 waits for ever. Default 400. An SDK extension. */
		readonly timeout?: number;
		/** Internal pull-up resistors. Default true. An SDK extension. */
		readonly pullup?: boolean;
		readonly format?: "buffer";
		/** Any value; kept as the instance's `target`. ECMA-419 §8.4. */
		readonly target?: unknown;
	}

	export default class I2C {
		/**
		 * Claims the pins and adds the device; sends nothing, so a device that is not there is found at the first transfer.
		 * @throws {RangeError} a missing or invalid option, pins in use, pins that cannot drive
		 * @throws {Error} "can't create bus", "can't create device"
		 */
		constructor(options: I2COptions);
		/**
		 * Reads from the device.
		 * @param byteLength how many bytes
		 * @param stop accepted and ignored by the SDK on ESP32: each transfer ends with a stop; a repeated start is `writeRead`
		 * @throws {Error} "read failed" when the device does not acknowledge, and on timeout; the two cannot be told apart
		 */
		read(byteLength: number, stop?: boolean): ArrayBuffer;
		/** Fills the whole buffer (its view, when it is one). @returns its length in bytes @throws {Error} "read failed" @throws {TypeError} not a byte buffer */
		read(buffer: ByteBuffer, stop?: boolean): number;
		/**
		 * Writes to the device; the bytes are consumed when it returns.
		 * An empty buffer only probes the address and does not throw: the SDK returns 1 when nothing answers, else undefined.
		 * @param stop accepted and ignored, as for `read`
		 * @throws {Error} "write failed" when any byte is not acknowledged, and on timeout
		 */
		write(buffer: ByteBuffer, stop?: boolean): number | undefined;
		/**
		 * Writes, then reads after a repeated start: how a register is read.
		 * SDK: "experimental extension"; ECMA-419 §10.5.4 has it since the fourth edition.
		 * @throws {Error} "writeRead failed"
		 */
		writeRead(buffer: ByteBuffer, byteLength: number, stop?: boolean): ArrayBuffer;
		writeRead(buffer: ByteBuffer, into: ByteBuffer, stop?: boolean): number;
		/** Releases the device, and the bus and pins with the last device on them. Again: does nothing. Any other method then throws `SyntaxError`. */
		close(): void;
		/** Always "buffer"; setting anything else throws `RangeError`. */
		format: "buffer";
		target?: unknown;
	}
}
