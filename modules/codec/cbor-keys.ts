/**
 * The order of a map's keys in deterministic CBOR: their encodings, byte by byte (RFC 8949 §4.2.1). For
 * `Array.prototype.sort`.
 * @param a one whole encoded item
 * @param b another
 * @returns below 0 when `a` comes first, 0 when they are the same key
 */
export function compareKeys(a: Uint8Array, b: Uint8Array): number {
	const length = Math.min(a.length, b.length);
	for (let at = 0; at < length; at++) if (a[at] !== b[at]) return a[at]! - b[at]!;
	return a.length - b.length;
}
