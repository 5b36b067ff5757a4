/**
 * `modules/core/checksum` on the Moddable SDK; the C is in `checksum.c`. The module's name in a build is that of the one
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
