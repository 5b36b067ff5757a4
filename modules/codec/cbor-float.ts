/**
 * The bits of the half float that has exactly the value of a single float; every NaN gives the canonical 0x7e00.
 * @param bits of the single float, IEEE 754 binary32
 * @returns 0 … 0xffff, or −1 when a half float cannot hold the value
 * Source: IEEE 754-2008 §3.4: binary16 has 5 bits of exponent with bias 15 and 10 of fraction, binary32 8 with 127 and 23.
 */
export function halfOf(bits: number): number {
	const exponent = (bits >>> 23) & 0xff;
	const fraction = bits & 0x7f_ffff;
	const sign = (bits >>> 16) & 0x8000;
	if (exponent === 0xff) return fraction ? 0x7e00 : sign | 0x7c00;
	if (exponent === 0) return fraction ? -1 : sign; // below 2^-126 there is nothing but zero
	if (exponent > 142 || exponent < 103) return -1;
	const lost = exponent < 113 ? 126 - exponent : 13;
	const digits = fraction | 0x80_0000;
	if (digits & ((1 << lost) - 1)) return -1;
	// A subnormal half has no hidden digit; else adding it carries one into the exponent.
	return sign | (exponent < 113 ? digits >>> lost : ((exponent - 113) << 10) + (digits >>> 13));
}

/** The value of a half float's bits. Source: RFC 8949 appendix D. */
export function halfValue(bits: number): number {
	const exponent = (bits >> 10) & 31;
	const fraction = bits & 0x3ff;
	let value = fraction ? Number.NaN : Number.POSITIVE_INFINITY;
	if (exponent === 0) value = fraction / 0x100_0000;
	else if (exponent < 31) value = (fraction + 0x400) * 2 ** (exponent - 25);
	return bits & 0x8000 ? -value : value;
}
