/*
 * A setting from provisioning as a string of XS. What is no text is refused: the setting is absent then, and a line says
 * so. XS takes a string's bytes as they are, so that broken UTF-8 would be believed everywhere.
 */
#include <stdio.h>
#include <string.h>

#include "xsmc.h"
#include "xsHost.h"

#include "board.h"
#include "text.h"

#define NAME_SIZE 16 /* NVS's longest name, with its NUL */

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
		if (dm_setting(name, text, (uint32_t)count + 1) == count && dm_is_text((const uint8_t *)text, (uint32_t)count))
			return;
		xsmcSetUndefined(xsResult);
	}
	snprintf(line, sizeof(line), "dormouse refused=%s problem=text", name);
	dm_print(line);
}
