/** Types shared by the `embedded:` declarations of this folder. Type-only: no such module exists at run time, use `import type`. */
declare module "embedded:io/_common" {
	/** A pin: its GPIO number on ESP32. ECMA-419 §9.1 allows more, the SDK converts to a 32-bit integer (`builtinGetPin`, modules/io/common/builtinCommon.c). */
	export type PinSpecifier = number;
	/** A controller number. ECMA-419 §9.2. */
	export type PortSpecifier = number;
	/**
	 * What every `read` and `write` of the SDK takes as bytes: an ArrayBuffer, a DataView, or a typed array of one-byte elements.
	 * Views are honoured: their `byteOffset` and `byteLength` select the bytes. Wider typed arrays, arrays and strings throw
	 * `TypeError` "invalid buffer"; a buffer that was preloaded into flash throws `TypeError` "read-only buffer" when it would be written.
	 * Source: `_xsmcGetBuffer`, xs/sources/xsmc.c; run on `lin`. ECMA-419 §6.11.
	 */
	export type ByteBuffer = ArrayBuffer | DataView | Uint8Array | Int8Array | Uint8ClampedArray;
}
