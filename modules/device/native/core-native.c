/* The functions of core-native.ts. */
#include "xsmc.h"
#include "xsHost.h"

#include "crc.h"
#include "utf8.h"

/* An argument that need not be there. */
static double optional(xsMachine *the, int index, double otherwise)
{
	if ((index >= xsmcArgc) || (xsmcTypeOf(xsArg(index)) == xsUndefinedType))
		return otherwise;
	return xsmcToNumber(xsArg(index));
}

/* Of (bytes, from, to, start), the last three with defaults. Where the piece begins; throws unless all of it is there. Numbers first: they may run code that moves bytes. */
static const uint8_t *piece(xsMachine *the, double otherwise, uint32_t *count, uint32_t *start)
{
	double from = optional(the, 1, 0), to = optional(the, 2, -1), crc = optional(the, 3, otherwise);
	void *bytes;
	xsUnsignedValue size;
	xsmcGetBufferReadable(xsArg(0), &bytes, &size);
	if (to < 0)
		to = size;
	if (!(from >= 0 && from <= to && to <= size))
		xsRangeError("beyond the bytes");
	*count = (uint32_t)to - (uint32_t)from;
	*start = (uint32_t)crc;
	return (const uint8_t *)bytes + (uint32_t)from;
}

void xs_dormouse_crc16(xsMachine *the)
{
	uint32_t count, start;
	const uint8_t *bytes = piece(the, 0xffff, &count, &start);
	xsmcSetInteger(xsResult, dm_crc16(bytes, count, (uint16_t)start));
}

void xs_dormouse_crc32(xsMachine *the)
{
	uint32_t count, start;
	const uint8_t *bytes = piece(the, 0, &count, &start);
	xsmcSetNumber(xsResult, dm_crc32(bytes, count, start));
}

void xs_dormouse_utf8Length(xsMachine *the)
{
	xsmcSetInteger(xsResult, dm_utf8(xsmcToString(xsArg(0)), NULL));
}

/* (text, into, at): the offset behind the last byte. */
void xs_dormouse_writeUtf8(xsMachine *the)
{
	double at = optional(the, 2, 0);
	void *into;
	xsUnsignedValue size;
	const char *text;
	xsmcToString(xsArg(0)); /* makes a string of it, where it is none, before bytes may move */
	xsmcGetBufferWritable(xsArg(1), &into, &size);
	text = xsmcToString(xsArg(0));
	if (!(at >= 0 && at + dm_utf8(text, NULL) <= size))
		xsRangeError("beyond the bytes");
	xsmcSetInteger(xsResult, (uint32_t)at + dm_utf8(text, (uint8_t *)into + (uint32_t)at));
}
