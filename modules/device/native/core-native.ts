/**
 * `modules/core/native` on the Moddable SDK; the C is in `core-native.c`. The module's name in a build is that of the one
 * whose place it takes, so that nothing can be imported by a relative path from here.
 */

/** A function in C, as in `device-native.ts`. */
declare function native(symbol: string): { call(self: unknown, ...parameters: unknown[]): never };

export function crc16(this: unknown, bytes: Uint8Array, from?: number, to?: number, start?: number): number {
	return native("xs_dormouse_crc16").call(this, bytes, from, to, start);
}
export function crc32(this: unknown, bytes: Uint8Array, from?: number, to?: number, start?: number): number {
	return native("xs_dormouse_crc32").call(this, bytes, from, to, start);
}
export function utf8Length(this: unknown, text: string): number {
	return native("xs_dormouse_utf8Length").call(this, text);
}
export function writeUtf8(this: unknown, text: string, into: Uint8Array, at?: number): number {
	return native("xs_dormouse_writeUtf8").call(this, text, into, at);
}
