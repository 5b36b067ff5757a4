/* The functions of checksum.ts: (bytes, from, to, start), of which the last three have defaults. */
#include "xsmc.h"
#include "xsHost.h"

#include "crc.h"

static double optional(xsMachine *the, int index, double otherwise)
{
	if ((index >= xsmcArgc) || (xsmcTypeOf(xsArg(index)) == xsUndefinedType))
		return otherwise;
	return xsmcToNumber(xsArg(index));
}

/* Where the piece begins; throws unless all of it is there. Numbers first: they may run code that moves bytes. */
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
