/**
 * Partitions of the flash chip. ESP32 only: `lin` has none (its manifest maps nothing).
 * Source: Moddable SDK 8.2.3, modules/io/flash/esp32/flash-esp32.c, flash-esp32.js. ECMA-419 §27.3.
 */
declare module "embedded:storage/flash" {
	import type { ByteBuffer } from "embedded:io/_common";

	export interface FlashOptions {
		/**
		 * Label of a data partition, or one of the SDK's names: "xs" (mods), "running" and "nextota" (application slots).
		 * Not found throws `Error` "can't find partition".
		 */
		readonly path: string;
		/** Default "r+", which may write and erase. Others than these two throw `Error`. */
		readonly mode?: "r" | "r+";
		readonly format?: "buffer";
	}

	export interface FlashStatus {
		/** Bytes in the partition. */
		readonly size: number;
		/** Bytes in a block, the unit of erasing: 4096. */
		readonly blockLength: number;
		/** size / blockLength. */
		readonly blocks: number;
		/** Value of an erased byte. ECMA-419 §27.3.3.2; the SDK 8.2.3 does not give it on ESP32, where it is 0xFF. */
		readonly eraseValue?: 0 | 0xff;
		/** Alignment in bytes of position and length for `write`. As above; on ESP32 it is 1, in an encrypted partition 16. */
		readonly writeAlign?: number;
	}

	export interface FlashPartition {
		/** A new buffer of bytes from an offset. The offset is required. @throws {Error} "read failed", also beyond the end */
		read(byteLength: number, byteOffset: number): ArrayBuffer;
		/** Fills the buffer from an offset. @returns its length in bytes @throws {Error} "read failed" @throws {TypeError} not a byte buffer, or one in flash */
		read(buffer: ByteBuffer, byteOffset: number): number;
		/**
		 * Programs bytes at an offset: bits go from 1 to 0 only, nothing is erased or verified. Any offset and length, unless encrypted.
		 * Blocks until done. A cut of the power can leave any prefix, and a torn byte.
		 * @throws {Error} "write failed", also beyond the end; "read-only"
		 */
		write(buffer: ByteBuffer, byteOffset: number): void;
		/**
		 * Erases the blocks `first` … `end` − 1 to 0xFF; without `end`, one. Counted in blocks, not bytes. Leave `end` out rather than pass undefined.
		 * @throws {Error} "erase failed", "read-only"
		 */
		eraseBlock(first: number, end?: number): void;
		status(): FlashStatus;
		/** Again: does nothing. Any other method then throws `SyntaxError`. */
		close(): void;
		format: "buffer";
	}

	/** Frozen. Iterating it gives the labels of all partitions, application slots included (those open by "running" and "nextota" only). */
	const flash: {
		/** @throws {Error} see the options */
		open(options: FlashOptions): FlashPartition;
		[Symbol.iterator](): Iterator<string>;
	};
	export default flash;
}
