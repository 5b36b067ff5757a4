#ifndef DORMOUSE_BOARD_DESKTOP_H
#define DORMOUSE_BOARD_DESKTOP_H

#include "../board.h"

/* Status of a process that ended in deep sleep: start it again for the next wake. */
#define DM_EXIT_ASLEEP 75
/* And of one that was reset. */
#define DM_EXIT_RESET 76

#include <stdint.h>

/* More memory that survives deep sleep as RTC memory does, for C alone; aligned to 8. */
#define DM_MORE_SIZE 1536
uint8_t *dm_more(void);
/* Path of one of the board's files; null when nothing is kept. */
const char *dm_state_path(const char *name);
/* Says what is wrong with a file and ends the process. */
void dm_state_failed(const char *path) __attribute__((__noreturn__));

/*
 * A window that shows the board and goes on when it sleeps (panel-desktop.c), in the place of a process for each wake.
 * `print` also gets each line of the board. `sleep` ends the wake, `reset` ends it for a board that has forgotten all; neither
 * returns.
 */
typedef struct {
	void (*print)(const char *line);
	void (*sleep)(double ms, uint64_t armed);
	void (*reset)(void);
} DmWindow;

/* How a board in a window boots. */
typedef struct {
	const char *folder; /* for its files where DORMOUSE_STATE names none; null or empty: nothing is kept */
	int pressed;        /* a pin that was armed woke it, not its alarm */
	double sleptMs;     /* how long it slept; negative: as ever, until the alarm at least */
	int powerLost;      /* RTC memory and clock are lost */
} DmBoot;

void dm_open_window(const DmWindow *window);
/* Before anything is asked of the board. */
void dm_boot(const DmBoot *boot);
/* Pins that wake the board from its next sleep, and those that woke it from the last one: a bit each. */
void dm_desktop_arm(uint64_t pins);
uint64_t dm_desktop_woke(void);

#endif
