/*
 * CRC-16/CCITT-FALSE and CRC-32 of modules/core/crc.ts, which says what they are. By nibbles: full tables would take 1.5 KB.
 * The simulator's XS has the same code.
 */
#ifndef __DORMOUSE_CRC__
#define __DORMOUSE_CRC__

#include <stdint.h>

static uint16_t dm_crc16(const uint8_t *bytes, uint32_t count, uint16_t crc)
{
	static const uint16_t nibble[16] = {
		0x0000, 0x1021, 0x2042, 0x3063, 0x4084, 0x50a5, 0x60c6, 0x70e7,
		0x8108, 0x9129, 0xa14a, 0xb16b, 0xc18c, 0xd1ad, 0xe1ce, 0xf1ef,
	};
	for (; count > 0; count--, bytes++) {
		crc = (uint16_t)(crc << 4) ^ nibble[(crc >> 12) ^ (*bytes >> 4)];
		crc = (uint16_t)(crc << 4) ^ nibble[(crc >> 12) ^ (*bytes & 15)];
	}
	return crc;
}

static uint32_t dm_crc32(const uint8_t *bytes, uint32_t count, uint32_t crc)
{
	static const uint32_t nibble[16] = {
		0x00000000, 0x1db71064, 0x3b6e20c8, 0x26d930ac, 0x76dc4190, 0x6b6b51f4, 0x4db26158, 0x5005713c,
		0xedb88320, 0xf00f9344, 0xd6d6a3e8, 0xcb61b38c, 0x9b64c2b0, 0x86d3d2d4, 0xa00ae278, 0xbdbdf21c,
	};
	for (crc = ~crc; count > 0; count--, bytes++) {
		crc ^= *bytes;
		crc = (crc >> 4) ^ nibble[crc & 15];
		crc = (crc >> 4) ^ nibble[crc & 15];
	}
	return ~crc;
}

#endif
