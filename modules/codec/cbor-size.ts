/** Bytes that a head with this argument takes: 1, 2, 3, 5 or 9 (RFC 8949 §4.2.1). */
export function headSize(argument: number): number {
	return argument < 24 ? 1 : argument < 0x100 ? 2 : argument < 0x1_0000 ? 3 : argument < 0x1_0000_0000 ? 5 : 9;
}

/** Bytes that an integer takes, −2^53 + 1 … 2^53 − 1. */
export function intSize(value: number): number {
	return headSize(value < 0 ? -1 - value : value);
}
