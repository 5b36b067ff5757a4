/*
 * Pins that wake a board from deep sleep, in plain C: `esp32/pins-esp32.c` on the chip, `desktop/pins-desktop.c`
 * elsewhere. `device-pins.c` makes JavaScript functions of it. In masks a bit is a GPIO number.
 */
#ifndef DORMOUSE_PINS_H
#define DORMOUSE_PINS_H

#include <stdint.h>

typedef struct {
	/* Wake at this level. */
	uint64_t high, low;
	/* Of those, with the chip's own pull resistor. */
	uint64_t up, down;
	/* Touch pads, by their pins. */
	uint64_t touch;
} DmPins;

/* Has pins wake the board from its next deep sleep. Returns those that will not: the chip cannot, or they are at their level. */
uint64_t dm_pins_arm(const DmPins *pins);
/* Pins that woke the board. */
uint64_t dm_pins_woke(void);

#endif
