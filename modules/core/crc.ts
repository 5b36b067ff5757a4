// Nibble tables: 16 entries each cost 96 bytes of flash where full tables cost 1.5 KB, and halve the steps of a bit loop.
const CRC16_NIBBLE = /* @__PURE__ */ Uint16Array.of(
	0x0000,
	0x1021,
	0x2042,
	0x3063,
	0x4084,
	0x50a5,
	0x60c6,
	0x70e7,
	0x8108,
	0x9129,
	0xa14a,
	0xb16b,
	0xc18c,
	0xd1ad,
	0xe1ce,
	0xf1ef,
);
const CRC32_NIBBLE = /* @__PURE__ */ Uint32Array.of(
	0x00000000,
	0x1db71064,
	0x3b6e20c8,
	0x26d930ac,
	0x76dc4190,
	0x6b6b51f4,
	0x4db26158,
	0x5005713c,
	0xedb88320,
	0xf00f9344,
	0xd6d6a3e8,
	0xcb61b38c,
	0x9b64c2b0,
	0x86d3d2d4,
	0xa00ae278,
	0xbdbdf21c,
);

/**
 * CRC-16/CCITT-FALSE (polynomial 0x1021, start 0xffff, not reflected) of `bytes[from … to)`.
 * @param start the CRC so far, to continue over several pieces
 * @returns 0 … 0xffff; 0x29b1 for the ASCII digits "123456789"
 * Source: CRC RevEng catalogue, CRC-16/IBM-3740.
 */
export function crc16(bytes: Uint8Array, from = 0, to = bytes.length, start = 0xffff): number {
	let crc = start;
	for (let at = from; at < to; at++) {
		const byte = bytes[at]!;
		crc = ((crc << 4) & 0xffff) ^ CRC16_NIBBLE[(crc >> 12) ^ (byte >> 4)]!;
		crc = ((crc << 4) & 0xffff) ^ CRC16_NIBBLE[(crc >> 12) ^ (byte & 15)]!;
	}
	return crc;
}

/**
 * CRC-32 (reflected polynomial 0xedb88320, start and final xor 0xffffffff) of `bytes[from … to)`.
 * @param start a previous result, to continue over several pieces
 * @returns 0 … 0xffffffff; 0xcbf43926 for the ASCII digits "123456789"
 * Source: CRC RevEng catalogue, CRC-32/ISO-HDLC.
 */
export function crc32(bytes: Uint8Array, from = 0, to = bytes.length, start = 0): number {
	let crc = ~start;
	for (let at = from; at < to; at++) {
		crc ^= bytes[at]!;
		crc = (crc >>> 4) ^ CRC32_NIBBLE[crc & 15]!;
		crc = (crc >>> 4) ^ CRC32_NIBBLE[crc & 15]!;
	}
	return ~crc >>> 0;
}
