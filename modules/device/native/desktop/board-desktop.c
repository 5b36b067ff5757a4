/*
 * board.h on a desktop, so that firmware sleeps and wakes there: a wake is a process. Deep sleep writes what survives it
 * to a file, and ends the process with status DM_EXIT_ASLEEP; the next process that finds the file wakes from it.
 *
 * DORMOUSE_STATE names a folder for the files `rtc` (RTC memory and clock, there only while the board sleeps) and `store`
 * (flash). A process that is killed has lost its power: RTC memory is gone, flash stays. Without DORMOUSE_STATE nothing is
 * kept, and each process is a power-on.
 *
 * Nobody has to wait for an alarm: a process that starts before it finds the clock at the alarm, and from then on the board's
 * clock is ahead of the desktop's by as much.
 */
#include "board-desktop.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#include "../board.h"

#ifndef PATH_MAX
#define PATH_MAX 4096
#endif
#define MAGIC 0x31524d44u /* "DMR1" */

/* Never leaves this computer: its own byte order and alignment will do. */
typedef struct {
	uint32_t magic;
	uint32_t size;
	double powerOnMs; /* of the desktop's wall clock */
	double aheadMs;
	double alarmMs; /* of the board's clock */
	uint8_t rtc[DM_RTC_SIZE];
	uint8_t more[DM_MORE_SIZE];
} Asleep;

static struct {
	int started;
	int woke;
	double bootMs; /* board's clock */
	double bootAt; /* monotonic clock */
	Asleep kept;
} board;

static double clockOf(clockid_t id)
{
	struct timespec t;
	clock_gettime(id, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

const char *dm_state_path(const char *name)
{
	static char path[PATH_MAX];
	const char *folder = getenv("DORMOUSE_STATE");
	if (!folder || !*folder)
		return NULL;
	snprintf(path, sizeof(path), "%s/%s", folder, name);
	return path;
}

void dm_state_failed(const char *path)
{
	fprintf(stderr, "dormouse: %s: %s; DORMOUSE_STATE should name a folder that can be written\n", path, strerror(errno));
	exit(1);
}

/* Takes the file of a sleeping board, which is then awake. */
static int wakeUp(Asleep *kept)
{
	const char *path = dm_state_path("rtc");
	FILE *file = path ? fopen(path, "rb") : NULL;
	if (!file)
		return 0;
	int whole = fread(kept, sizeof(*kept), 1, file) == 1 && kept->magic == MAGIC && kept->size == sizeof(*kept);
	fclose(file);
	if (unlink(path))
		dm_state_failed(path);
	return whole;
}

static void start(void)
{
	if (board.started)
		return;
	board.started = 1;
	board.bootAt = clockOf(CLOCK_MONOTONIC);
	double wallMs = clockOf(CLOCK_REALTIME);
	Asleep *kept = &board.kept;
	board.woke = wakeUp(kept);
	if (board.woke) {
		double nowMs = wallMs - kept->powerOnMs + kept->aheadMs;
		if (nowMs < kept->alarmMs)
			kept->aheadMs += kept->alarmMs - nowMs;
	} else {
		kept->magic = MAGIC;
		kept->size = sizeof(*kept);
		kept->powerOnMs = wallMs;
		kept->aheadMs = 0;
		dm_random(kept->rtc, DM_RTC_SIZE);
		dm_random(kept->more, DM_MORE_SIZE);
	}
	board.bootMs = wallMs - kept->powerOnMs + kept->aheadMs;
}

double dm_clock_ms(void)
{
	start();
	return board.bootMs + clockOf(CLOCK_MONOTONIC) - board.bootAt;
}

double dm_awake_ms(void)
{
	start();
	return clockOf(CLOCK_MONOTONIC) - board.bootAt;
}

int dm_wake_cause(void)
{
	start();
	return board.woke ? DM_WAKE_TIMER : DM_WAKE_RESET;
}

int dm_reset_reason(void)
{
	start();
	return board.woke ? DM_RESET_DEEP_SLEEP : DM_RESET_POWER;
}

uint8_t *dm_rtc(void)
{
	start();
	return board.kept.rtc;
}

uint8_t *dm_more(void)
{
	start();
	return board.kept.more;
}

void dm_random(uint8_t *into, uint32_t count)
{
	while (count) {
		uint32_t part = count < 256 ? count : 256; /* getentropy's limit */
		if (getentropy(into, part))
			abort();
		into += part;
		count -= part;
	}
}

/* The same on every desktop: a locally administered address, "dorm" and 1. */
void dm_identity(uint8_t into[DM_IDENTITY_SIZE])
{
	memcpy(into, "\x02" "dorm" "\x01", DM_IDENTITY_SIZE);
}

int dm_flash_alignment(const char *label)
{
	(void)label;
	return 1;
}

void dm_print(const char *line)
{
	puts(line);
	fflush(stdout);
}

void dm_deep_sleep(double ms)
{
	start();
	const char *path = dm_state_path("rtc");
	board.kept.alarmMs = dm_clock_ms() + (ms > 1 ? ms : 1);
	FILE *file = path ? fopen(path, "wb") : NULL;
	if (path && (!file || fwrite(&board.kept, sizeof(board.kept), 1, file) != 1 || fclose(file)))
		dm_state_failed(path);
	exit(DM_EXIT_ASLEEP);
}
