/*
 * ../pins.h on a desktop. DORMOUSE_WAKE=33+60 lets pin 33 go to its level so many seconds after the board fell asleep (at
 * once without them), and the process that is started wakes from that instead of its alarm, where the pin was armed and the
 * alarm had not come. DORMOUSE_HELD=33,4 are pins that are at their level when the board goes to sleep.
 */
#include "../pins.h"

#include <stdlib.h>

#include "../../desktop/board-desktop.h"

static uint64_t held(void)
{
	uint64_t pins = 0;
	const char *list = getenv("DORMOUSE_HELD");
	while (list && *list) {
		char *end;
		unsigned long pin = strtoul(list, &end, 10);
		if (end == list || pin > 63)
			break;
		pins |= 1ull << pin;
		list = *end == ',' ? end + 1 : end;
	}
	return pins;
}

uint64_t dm_pins_arm(const DmPins *pins)
{
	uint64_t wanted = pins->high | pins->low | pins->touch;
	uint64_t left = wanted & held();
	dm_desktop_arm(wanted & ~left);
	return left;
}

uint64_t dm_pins_woke(void)
{
	return dm_desktop_woke();
}
