/*
 * A setting from provisioning as a string of XS. What is no text is refused: the setting is absent then, and a line says
 * so. XS takes a string's bytes as they are, so that broken UTF-8 would be believed everywhere.
 */
#include <stdio.h>
#include <string.h>

#include "xsmc.h"
#include "xsHost.h"

#include "board.h"

#define NAME_SIZE 16 /* NVS's longest name, with its NUL */

/* UTF-8 without NUL, overlong forms and surrogates. Source: RFC 3629, section 4. */
static int isText(const uint8_t *at, int32_t count)
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

/* Undefined when there is none. */
void xs_dormouse_provisioned(xsMachine *the)
{
	char name[NAME_SIZE], line[sizeof("dormouse refused= problem=text") + NAME_SIZE];
	const char *given = xsmcToString(xsArg(0));
	if (strlen(given) >= sizeof(name))
		return;
	strcpy(name, given); /* the string's chunk may move */
	int32_t count = dm_setting(name, NULL, 0);
	if (count < 0)
		return;
	if (count < DM_SETTING_SIZE) {
		xsmcSetStringBuffer(xsResult, NULL, count);
		char *text = xsmcToString(xsResult);
		if (dm_setting(name, text, (uint32_t)count + 1) == count && isText((uint8_t *)text, count))
			return;
		xsmcSetUndefined(xsResult);
	}
	snprintf(line, sizeof(line), "dormouse refused=%s problem=text", name);
	dm_print(line);
}
