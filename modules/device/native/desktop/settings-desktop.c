/*
 * Settings from provisioning on a desktop: the file `settings` of DORMOUSE_STATE, a line each, name=value, with \n for the
 * end of a line in a value and \\ for a backslash; `npm run provision -- --desktop` writes it.
 */
#include "board-desktop.h"

#include <stdio.h>
#include <string.h>

#include "../board.h"

/* The next byte of a value, unescaped; EOF at its end. */
static int next(FILE *file)
{
	int c = getc(file);
	if (c == '\n')
		return EOF;
	if (c != '\\')
		return c;
	c = getc(file);
	return c == 'n' ? '\n' : c;
}

/* Whether the line that begins here is the name's; its value is next then. */
static int named(FILE *file, const char *name)
{
	int c = getc(file);
	for (; *name && c == *name; c = getc(file))
		name++;
	if (!*name && c == '=')
		return 1;
	while (c != '\n' && c != EOF)
		c = getc(file);
	return 0;
}

int32_t dm_setting(const char *name, char *into, uint32_t size)
{
	const char *path = dm_state_path("settings");
	FILE *file = path ? fopen(path, "rb") : NULL;
	int32_t count = -1;
	while (file && count < 0 && !feof(file) && !ferror(file))
		if (named(file, name)) {
			count = 0;
			for (int c = next(file); c != EOF; c = next(file)) {
				if (into && (uint32_t)count + 1 < size)
					into[count] = (char)c;
				count++;
			}
		}
	if (file)
		fclose(file);
	if (into && size)
		into[count < 0 ? 0 : (uint32_t)count < size ? (uint32_t)count : size - 1] = 0;
	return into && count >= 0 && (uint32_t)count >= size ? -1 : count;
}
