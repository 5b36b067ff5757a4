#ifndef DORMOUSE_BOARD_DESKTOP_H
#define DORMOUSE_BOARD_DESKTOP_H

/* Status of a process that ended in deep sleep: start it again for the next wake. */
#define DM_EXIT_ASLEEP 75
/* And of one that was reset. */
#define DM_EXIT_RESET 76

#include <stdint.h>

/* Path of one of the board's files; null when nothing is kept. */
const char *dm_state_path(const char *name);
/* Says what is wrong with a file and ends the process. */
void dm_state_failed(const char *path) __attribute__((__noreturn__));

/* Pins that wake the board from its next sleep, and those that woke it from the last one: a bit each. */
void dm_desktop_arm(uint64_t pins);
uint64_t dm_desktop_woke(void);

#endif
