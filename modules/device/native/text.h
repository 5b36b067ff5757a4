/* What XS may take as a string: it looks at no byte before it believes it. */
#ifndef __DORMOUSE_TEXT__
#define __DORMOUSE_TEXT__

#include <stdint.h>

/* UTF-8 without NUL, overlong forms and surrogates. Source: RFC 3629, section 4. */
static int dm_is_text(const uint8_t *at, uint32_t count)
{
	const uint8_t *end = at + count;
	while (at < end) {
		uint8_t c = *at++, low = 0x80, high = 0xbf;
		int more = c < 0x80 ? 0 : c < 0xe0 ? 1 : c < 0xf0 ? 2 : 3;
		if (c == 0 || (c >= 0x80 && c < 0xc2) || c > 0xf4 || end - at < more)
			return 0;
		if (c == 0xe0)
			low = 0xa0;
		else if (c == 0xed)
			high = 0x9f;
		else if (c == 0xf0)
			low = 0x90;
		else if (c == 0xf4)
			high = 0x8f;
		for (; more > 0; more--, low = 0x80, high = 0xbf) {
			if (*at < low || *at > high)
				return 0;
			at++;
		}
	}
	return 1;
}

#endif
