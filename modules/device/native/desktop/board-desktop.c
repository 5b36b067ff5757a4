/*
 * board.h on a desktop (Linux, macOS, Windows), so that firmware sleeps and wakes there: a wake is a process. Deep sleep
 * writes what survives it to a file, and ends the process with status DM_EXIT_ASLEEP; the next process that finds the file
 * wakes from it.
 *
 * DORMOUSE_STATE names a folder for the files `rtc` (RTC memory and clock, there only while the board sleeps) and `store`
 * (flash). A process that is killed has lost its power: RTC memory is gone, flash stays. Without DORMOUSE_STATE nothing is
 * kept, and each process is a power-on.
 *
 * Nobody has to wait for an alarm: a process that starts before it finds the clock at the alarm, and from then on the board's
 * clock is ahead of the desktop's by as much.
 *
 * In Moddable's simulator a wake is a launch of this library: panel-desktop.c opens a window, and sleep ends the launch.
 * DORMOUSE_IDENTITY, 12 hexadecimal digits, makes it another board than all other desktops.
 */
#if defined(_WIN32)
#define _CRT_RAND_S /* rand_s of stdlib.h */
#endif
#include "board-desktop.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#if defined(_WIN32)
#include <windows.h>
#else
#include <sys/random.h>
#include <time.h>
#include <unistd.h>
#endif

#define PATH_SIZE 4096
#define MAGIC 0x31524d44u /* "DMR1" */

/* Never leaves this computer: its own byte order and alignment will do. */
typedef struct {
	uint32_t magic;
	uint32_t size;
	double powerOnMs; /* of the desktop's wall clock */
	double aheadMs;
	double asleepMs; /* of the board's clock, when it fell asleep */
	double alarmMs;
	uint64_t armed; /* pins that wake it */
	uint8_t rtc[DM_RTC_SIZE];
	uint8_t more[DM_MORE_SIZE];
} Asleep;

static struct {
	int started;
	int woke;
	const DmWindow *window;
	char folder[PATH_SIZE];
	int pressed;
	double sleptMs;
	int powerLost;
	uint64_t pins; /* that woke it; none: the alarm did */
	double bootMs; /* board's clock */
	double bootAt; /* monotonic clock */
	Asleep kept;
} board = { .sleptMs = -1 };

#if defined(_WIN32)
static double wallMs(void)
{
	FILETIME t; /* 100 ns since 1601 */
	GetSystemTimeAsFileTime(&t);
	return ((double)t.dwHighDateTime * 4294967296.0 + t.dwLowDateTime) / 1e4 - 11644473600e3;
}

static double monotonicMs(void)
{
	LARGE_INTEGER count, perSecond;
	QueryPerformanceCounter(&count);
	QueryPerformanceFrequency(&perSecond);
	return (double)count.QuadPart * 1e3 / (double)perSecond.QuadPart;
}
#else
static double clockOf(clockid_t id)
{
	struct timespec t;
	clock_gettime(id, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static double wallMs(void)
{
	return clockOf(CLOCK_REALTIME);
}

static double monotonicMs(void)
{
	return clockOf(CLOCK_MONOTONIC);
}
#endif

void dm_open_window(const DmWindow *window)
{
	board.window = window;
}

void dm_boot(const DmBoot *boot)
{
	snprintf(board.folder, sizeof(board.folder), "%s", boot->folder ? boot->folder : "");
	board.pressed = boot->pressed;
	board.sleptMs = boot->sleptMs;
	board.powerLost = boot->powerLost;
}

const char *dm_state_path(const char *name)
{
	static char path[PATH_SIZE];
	const char *folder = getenv("DORMOUSE_STATE");
	if (!folder || !*folder)
		folder = board.folder;
	if (!*folder)
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
	if (remove(path))
		dm_state_failed(path);
	return whole && !board.powerLost;
}

/* When the sleeping board woke: at its alarm, or before by a pin, which DORMOUSE_WAKE names (pins/desktop/pins-desktop.c). */
static double pressed(const Asleep *kept)
{
	const char *text = getenv("DORMOUSE_WAKE");
	char *end;
	unsigned long pin = text ? strtoul(text, &end, 10) : 64;
	double atMs = kept->asleepMs + (text && *end == '+' ? strtod(end + 1, NULL) * 1000 : 0);
	if (pin > 63 || !(kept->armed >> pin & 1) || !(atMs < kept->alarmMs))
		return kept->alarmMs;
	board.pins = 1ull << pin;
	return atMs;
}

static void start(void)
{
	if (board.started)
		return;
	board.started = 1;
	board.bootAt = monotonicMs();
	double atMs = wallMs();
	Asleep *kept = &board.kept;
	board.woke = wakeUp(kept);
	if (board.woke) {
		double nowMs = atMs - kept->powerOnMs + kept->aheadMs;
		double wakeMs = pressed(kept);
		if (board.pressed)
			board.pins = kept->armed & (~kept->armed + 1); /* the lowest */
		if (board.sleptMs >= 0)
			kept->aheadMs += kept->asleepMs + board.sleptMs - nowMs;
		else if (nowMs < wakeMs)
			kept->aheadMs += wakeMs - nowMs;
		kept->armed = 0; /* a boot forgets it */
	} else {
		kept->magic = MAGIC;
		kept->size = sizeof(*kept);
		kept->powerOnMs = atMs;
		kept->aheadMs = 0;
		dm_random(kept->rtc, DM_RTC_SIZE);
		dm_random(kept->more, DM_MORE_SIZE);
	}
	board.bootMs = atMs - kept->powerOnMs + kept->aheadMs;
}

double dm_clock_ms(void)
{
	start();
	return board.bootMs + monotonicMs() - board.bootAt;
}

double dm_awake_ms(void)
{
	start();
	return monotonicMs() - board.bootAt;
}

int dm_wake_cause(void)
{
	start();
	return board.pins ? DM_WAKE_PIN : board.woke ? DM_WAKE_TIMER : DM_WAKE_RESET;
}

void dm_desktop_arm(uint64_t pins)
{
	start();
	board.kept.armed = pins;
}

uint64_t dm_desktop_woke(void)
{
	start();
	return board.pins;
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
#if defined(_WIN32)
	while (count--) {
		unsigned value;
		if (rand_s(&value))
			abort();
		*into++ = (uint8_t)value;
	}
#else
	while (count) {
		uint32_t part = count < 256 ? count : 256; /* getentropy's limit */
		if (getentropy(into, part))
			abort();
		into += part;
		count -= part;
	}
#endif
}

/* The same on every desktop that is not told another one: a locally administered address, "dorm" and 1. */
void dm_identity(uint8_t into[DM_IDENTITY_SIZE])
{
	const char *digits = getenv("DORMOUSE_IDENTITY");
	memcpy(into, "\x02" "dorm" "\x01", DM_IDENTITY_SIZE);
	if (!digits || !*digits)
		return;
	unsigned value;
	for (int n = 0; n < DM_IDENTITY_SIZE; n++) {
		if (strlen(digits) != 2 * DM_IDENTITY_SIZE || sscanf(digits + 2 * n, "%2x", &value) != 1) {
			fprintf(stderr, "dormouse: DORMOUSE_IDENTITY=%s: 12 hexadecimal digits would be right\n", digits);
			exit(1);
		}
		into[n] = (uint8_t)value;
	}
}

int dm_flash_alignment(const char *label)
{
	(void)label;
	return 1;
}

/* Nobody waits for a desktop that hangs. */
void dm_progress(void)
{
}

int dm_heap(uint32_t *now, uint32_t *least)
{
	*now = *least = 0;
	return 0;
}

/* The file `image` holds one word; without it the image is the factory's. */
static const char *const IMAGES[] = { "factory", "pending", "valid" };

int dm_image_state(void)
{
	char word[16] = "";
	const char *path = dm_state_path("image");
	FILE *file = path ? fopen(path, "r") : NULL;
	if (!file)
		return DM_IMAGE_FACTORY;
	if (!fgets(word, sizeof(word), file))
		word[0] = 0;
	fclose(file);
	word[strcspn(word, "\n")] = 0;
	for (int state = DM_IMAGE_FACTORY; state < DM_IMAGE_UNKNOWN; state++)
		if (!strcmp(word, IMAGES[state]))
			return state;
	return DM_IMAGE_UNKNOWN;
}

static int writeImage(const char *word)
{
	const char *path = dm_state_path("image");
	FILE *file = path ? fopen(path, "w") : NULL;
	if (!file)
		return 0;
	int whole = fputs(word, file) >= 0;
	return !fclose(file) && whole;
}

int dm_image_confirm(void)
{
	return dm_image_state() != DM_IMAGE_PENDING || writeImage(IMAGES[DM_IMAGE_VALID]);
}

/* There is no other image to go back to; the file tells that there would have been. */
int dm_image_revert(void)
{
	if (dm_image_state() != DM_IMAGE_PENDING || !writeImage("reverted"))
		return 0;
	if (board.window)
		board.window->reset();
	exit(DM_EXIT_RESET);
}

void dm_print(const char *line)
{
	puts(line);
	fflush(stdout);
	if (board.window)
		board.window->print(line);
}

void dm_deep_sleep(double ms)
{
	start();
	const char *path = dm_state_path("rtc");
	if (!(ms > 1))
		ms = 1;
	board.kept.asleepMs = dm_clock_ms();
	board.kept.alarmMs = board.kept.asleepMs + ms;
	FILE *file = path ? fopen(path, "wb") : NULL;
	if (path && (!file || fwrite(&board.kept, sizeof(board.kept), 1, file) != 1 || fclose(file)))
		dm_state_failed(path);
	if (board.window)
		board.window->sleep(ms, board.kept.armed);
	exit(DM_EXIT_ASLEEP);
}
