/* The functions of device-pins.ts over pins.h. Masks are numbers: all pins fit into the 53 bits of one. */
#include "xsmc.h"
#include "xsHost.h"

#include "pins.h"

static uint64_t maskOf(xsMachine *the, int index)
{
	return (uint64_t)xsmcToNumber(xsArg(index));
}

/* (high, low, up, down, touch) */
void xs_dormouse_pinsArm(xsMachine *the)
{
	DmPins pins;
	pins.high = maskOf(the, 0);
	pins.low = maskOf(the, 1);
	pins.up = maskOf(the, 2);
	pins.down = maskOf(the, 3);
	pins.touch = maskOf(the, 4);
	xsmcSetNumber(xsResult, (double)dm_pins_arm(&pins));
}

void xs_dormouse_pinsWoke(xsMachine *the)
{
	xsmcSetNumber(xsResult, (double)dm_pins_woke());
}
