/*
 * What a board does for Dormouse beyond ECMA-419, in plain C: `esp32/board-esp32.c` on the chip, its twin
 * `desktop/board-desktop.c` elsewhere. `device-native.c` makes JavaScript functions of it; nothing here knows XS.
 */
#ifndef DORMOUSE_BOARD_H
#define DORMOUSE_BOARD_H

#include <stdint.h>

/* Bytes of memory that survive deep sleep, as in the simulator: of 8 KiB on ESP32, C3, S3, of 16 KiB on C6. */
#define DM_RTC_SIZE 4096
#define DM_IDENTITY_SIZE 6

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
/* One line for whoever looks; the end of the line is added. */
void dm_print(const char *line);
/* Sleeps and boots again after `ms`; 0 or less is the shortest sleep. */
void dm_deep_sleep(double ms) __attribute__((__noreturn__));

/* Prints the report of a wake (modules/cycle/report.ts) as one line; report-line.c. */
void dm_report(const uint8_t *bytes, uint32_t count);
/* Puts more at the end of that line, a space before each field; NULL where nothing has more to tell. */
extern void (*dm_report_more)(char *into, unsigned size);

#endif
