#ifndef DORMOUSE_BOARD_DESKTOP_H
#define DORMOUSE_BOARD_DESKTOP_H

#include <stdint.h>

/* Status of a process that ended in deep sleep: start it again for the next wake. */
#define DM_EXIT_ASLEEP 75

/* More memory that survives deep sleep as RTC memory does, for C alone; aligned to 8. */
#define DM_MORE_SIZE 1536
uint8_t *dm_more(void);
/* Path of one of the board's files; null when nothing is kept. */
const char *dm_state_path(const char *name);
/* Says what is wrong with a file and ends the process. */
void dm_state_failed(const char *path) __attribute__((__noreturn__));

#endif
