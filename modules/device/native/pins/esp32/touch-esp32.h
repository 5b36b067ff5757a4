/* Touch pads that wake an ESP32 or S3 from deep sleep; other chips have none. */
#ifndef DORMOUSE_TOUCH_ESP32_H
#define DORMOUSE_TOUCH_ESP32_H

#include <stdint.h>

/* Has pads, a bit for each pin, wake the chip from its next deep sleep. Returns those that will not. */
uint64_t dm_touch_wake_on(uint64_t pins);
/* Pins of the pads that woke it; 0 when none did. */
uint64_t dm_touch_woke(void);

#endif
