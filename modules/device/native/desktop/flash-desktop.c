/*
 * One flash partition for `embedded:storage/flash` on a desktop: NOR, 256 KiB in blocks of 4 KiB like the simulator's.
 * Its bytes are in the file `store` of DORMOUSE_STATE, written through; without it in memory.
 */
#include <stdio.h>
#include <stdlib.h>

#include "xsmc.h"
#include "xsHost.h"

#include "board-desktop.h"

#define LABEL "store"
#define BLOCK 4096
#define SIZE (64 * BLOCK)

static uint8_t *flash;

static uint8_t *contents(void)
{
	if (flash)
		return flash;
	const char *path = dm_state_path(LABEL);
	flash = malloc(SIZE);
	if (!flash)
		abort();
	c_memset(flash, 0xff, SIZE);
	FILE *file = path ? fopen(path, "rb") : NULL;
	if (file) {
		if (fread(flash, 1, SIZE, file) != SIZE && ferror(file))
			dm_state_failed(path);
		fclose(file);
	}
	return flash;
}

static void keep(uint32_t offset, uint32_t count)
{
	const char *path = dm_state_path(LABEL);
	if (!path)
		return;
	FILE *file = fopen(path, "r+b");
	if (!file) { /* new: all of it, erased parts included */
		file = fopen(path, "wb");
		offset = 0;
		count = SIZE;
	}
	if (!file || fseek(file, offset, SEEK_SET) || fwrite(flash + offset, 1, count, file) != count || fclose(file))
		dm_state_failed(path);
}

static uint8_t *at(xsMachine *the, double offset, double count, char *message)
{
	if (!(offset >= 0 && count >= 0 && offset + count <= SIZE))
		xsUnknownError(message);
	return contents() + (uint32_t)offset;
}

/* exists(label) */
void xs_dormouse_flashExists(xsMachine *the)
{
	xsmcSetBoolean(xsResult, c_strcmp(xsmcToString(xsArg(0)), LABEL) == 0);
}

void xs_dormouse_flashSize(xsMachine *the)
{
	xsmcSetInteger(xsResult, SIZE);
}

void xs_dormouse_flashBlock(xsMachine *the)
{
	xsmcSetInteger(xsResult, BLOCK);
}

/* read(into, offset) */
void xs_dormouse_flashRead(xsMachine *the)
{
	double offset = xsmcToNumber(xsArg(1));
	void *into;
	xsUnsignedValue count;
	xsmcGetBufferWritable(xsArg(0), &into, &count);
	c_memcpy(into, at(the, offset, count, "read failed"), count);
}

/* write(bytes, offset): programming only clears bits, as on the chip. */
void xs_dormouse_flashWrite(xsMachine *the)
{
	double offset = xsmcToNumber(xsArg(1));
	void *bytes;
	xsUnsignedValue count;
	xsmcGetBufferReadable(xsArg(0), &bytes, &count);
	uint8_t *to = at(the, offset, count, "write failed");
	for (xsUnsignedValue n = 0; n < count; n++)
		to[n] &= ((uint8_t *)bytes)[n];
	keep((uint32_t)offset, count);
}

/* erase(offset, count) */
void xs_dormouse_flashErase(xsMachine *the)
{
	double offset = xsmcToNumber(xsArg(0)), count = xsmcToNumber(xsArg(1));
	c_memset(at(the, offset, count, "erase failed"), 0xff, (uint32_t)count);
	keep((uint32_t)offset, (uint32_t)count);
}
