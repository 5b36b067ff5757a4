/*
 * The functions of device-native.ts: each checks its arguments and calls board.h.
 * Buffers are views of any byte array; a view that was preloaded into flash and would be written throws in XS.
 */
#include "xsmc.h"
#include "xsHost.h"

#include "board.h"

void xs_dormouse_clockMs(xsMachine *the)
{
	xsmcSetNumber(xsResult, dm_clock_ms());
}

void xs_dormouse_wakeCause(xsMachine *the)
{
	xsmcSetInteger(xsResult, dm_wake_cause());
}

void xs_dormouse_resetReason(xsMachine *the)
{
	xsmcSetInteger(xsResult, dm_reset_reason());
}

void xs_dormouse_rtcSize(xsMachine *the)
{
	xsmcSetInteger(xsResult, DM_RTC_SIZE);
}

/* Where argument 1 points in RTC memory; throws unless `count` bytes are there. */
static uint8_t *rtcAt(xsMachine *the, double offset, xsUnsignedValue count)
{
	if (!(offset >= 0 && offset + count <= DM_RTC_SIZE))
		xsRangeError("beyond RTC memory");
	return dm_rtc() + (uint32_t)offset;
}

void xs_dormouse_rtcRead(xsMachine *the)
{
	double offset = xsmcToNumber(xsArg(1));
	void *into;
	xsUnsignedValue count;
	xsmcGetBufferWritable(xsArg(0), &into, &count);
	c_memcpy(into, rtcAt(the, offset, count), count);
}

void xs_dormouse_rtcWrite(xsMachine *the)
{
	double offset = xsmcToNumber(xsArg(1));
	void *bytes;
	xsUnsignedValue count;
	xsmcGetBufferReadable(xsArg(0), &bytes, &count);
	c_memcpy(rtcAt(the, offset, count), bytes, count);
}

void xs_dormouse_random(xsMachine *the)
{
	void *into;
	xsUnsignedValue count;
	xsmcGetBufferWritable(xsArg(0), &into, &count);
	dm_random(into, count);
}

void xs_dormouse_identity(xsMachine *the)
{
	uint8_t identity[DM_IDENTITY_SIZE];
	dm_identity(identity);
	xsmcSetArrayBuffer(xsResult, identity, sizeof(identity));
}

void xs_dormouse_flashAlignment(xsMachine *the)
{
	xsmcSetInteger(xsResult, dm_flash_alignment(xsmcToString(xsArg(0))));
}

void xs_dormouse_report(xsMachine *the)
{
	void *bytes;
	xsUnsignedValue count;
	xsmcGetBufferReadable(xsArg(0), &bytes, &count);
	dm_report(bytes, count);
}

void xs_dormouse_progress(xsMachine *the)
{
	(void)the;
	dm_progress();
}

void xs_dormouse_imageConfirm(xsMachine *the)
{
	xsmcSetBoolean(xsResult, dm_image_confirm());
}

void xs_dormouse_deepSleep(xsMachine *the)
{
	dm_deep_sleep(xsmcToNumber(xsArg(0)));
}
