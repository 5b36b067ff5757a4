/*
 * Strings of XS as UTF-8, as `writeUtf8` of modules/core/bytes.ts. They are UTF-8 already, but for U+0000, which is two
 * bytes there, and for lone surrogates, which become U+FFFD. The simulator's XS has the same code.
 */
#ifndef __DORMOUSE_UTF8__
#define __DORMOUSE_UTF8__

#include <stdint.h>

/* Writes to `to` unless that is NULL. Returns how many bytes it is, all of which have to fit. */
static uint32_t dm_utf8(const char *string, uint8_t *to)
{
	const uint8_t *from = (const uint8_t *)string;
	uint32_t count = 0;
	uint8_t byte;
	while ((byte = *from++) != 0) {
		if ((byte == 0xc0) && (*from == 0x80)) {
			byte = 0;
			from++;
		}
		else if ((byte == 0xed) && (*from >= 0xa0)) {
			if (to) {
				to[count] = 0xef;
				to[count + 1] = 0xbf;
			}
			count += 2;
			byte = 0xbd;
			from += 2;
		}
		if (to)
			to[count] = byte;
		count++;
	}
	return count;
}

#endif
