/*
 * What a board does for Dormouse beyond ECMA-419, in plain C: `esp32/board-esp32.c` on the chip, its twin
 * `desktop/board-desktop.c` elsewhere. `device-native.c` makes JavaScript functions of it; nothing here knows XS.
 */
#ifndef DORMOUSE_BOARD_H
#define DORMOUSE_BOARD_H

#include <stdint.h>

#if defined(_MSC_VER) && !defined(__clang__)
#define __attribute__(what) /* Microsoft's compiler has none */
#endif

/* Bytes of memory that survive deep sleep, as in the simulator: of 8 KiB on ESP32, C3, S3, of 16 KiB on C6. */
#define DM_RTC_SIZE 4096
#define DM_IDENTITY_SIZE 6
/* Most bytes of a setting, with its NUL: NVS's longest string. */
#define DM_SETTING_SIZE 4000

/* Values of `WakeCause` and `ResetReason` in modules/core/ports.ts. */
enum { DM_WAKE_RESET, DM_WAKE_TIMER, DM_WAKE_PIN, DM_WAKE_TOUCH, DM_WAKE_OTHER };
enum {
	DM_RESET_UNKNOWN,
	DM_RESET_POWER,
	DM_RESET_DEEP_SLEEP,
	DM_RESET_SOFTWARE,
	DM_RESET_PANIC,
	DM_RESET_WATCHDOG,
	DM_RESET_BROWN_OUT,
	DM_RESET_PIN,
};

/* Milliseconds since the board got its power; runs on through deep sleep. */
double dm_clock_ms(void);
/* Milliseconds since this boot. */
double dm_awake_ms(void);
int dm_wake_cause(void);
int dm_reset_reason(void);
/* DM_RTC_SIZE bytes; garbage after a power loss. */
uint8_t *dm_rtc(void);
void dm_random(uint8_t *into, uint32_t count);
void dm_identity(uint8_t into[DM_IDENTITY_SIZE]);
/* Alignment of writes to a flash partition: 1, or 16 where the hardware encrypts. */
int dm_flash_alignment(const char *label);
/*
 * A setting from provisioning: its bytes without the NUL, or -1 when there is none or it does not fit. With `into` null
 * only the count. The bytes are as they were found, whatever they are.
 */
int32_t dm_setting(const char *name, char *into, uint32_t size);
/* One line for whoever looks; the end of the line is added. */
void dm_print(const char *line);
/* Sleeps and boots again after `ms`; 0 or less is the shortest sleep. */
void dm_deep_sleep(double ms) __attribute__((__noreturn__));

/*
 * Progress was made. A board that makes none for DM_WATCHDOG_MS is reset, and boots with DM_RESET_WATCHDOG. The time runs
 * from the boot on. An exchange, which the cycle waits for in one piece, takes 240 s at most.
 */
#define DM_WATCHDOG_MS 300000
void dm_progress(void);

/* Bytes of heap that are free, and that were at the least since the boot. Returns 0 where that has no meaning. XS has its own. */
int dm_heap(uint32_t *now, uint32_t *least);

/* States of the firmware's image; values of `ImageState` in modules/device/image.ts. */
enum { DM_IMAGE_FACTORY, DM_IMAGE_PENDING, DM_IMAGE_VALID, DM_IMAGE_UNKNOWN };
int dm_image_state(void);
/* Keeps an image that is on trial; does nothing to another one. Returns 0 when flash refused. */
int dm_image_confirm(void);
/* Gives up an image on trial: goes back to the one before, by a reset. Returns 0 where that cannot be. */
int dm_image_revert(void);

/* Prints the report of a wake (modules/cycle/report.ts) as one line; report-line.c. */
void dm_report(const uint8_t *bytes, uint32_t count);
/* Puts more at the end of that line, a space before each field; NULL where nothing has more to tell. */
extern void (*dm_report_more)(char *into, unsigned size);

#endif
