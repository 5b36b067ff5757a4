/*
 * Runs the mc.so of `mcconfig -p lin` without a display: headless mc.so
 * Ends with the firmware's own status, 1 when it cannot be loaded, or 100 and XS's code when XS gives up.
 */
#include <dlfcn.h>
#include <gio/gio.h>
#include <stdio.h>
#include <stdlib.h>

#define mxLinux 1
#include "screen.h" /* the SDK's build/simulators/modules */

#define WIDTH 32
#define HEIGHT 32

static guint timer;

static gboolean idle(gpointer data)
{
	txScreen *screen = data;
	if (screen->idle)
		screen->idle(screen);
	return TRUE;
}

static void start(txScreen *screen, double interval)
{
	if (!timer)
		timer = g_timeout_add((guint)interval, idle, screen);
}

static void stop(txScreen *screen)
{
	(void)screen;
	if (timer)
		g_source_remove(timer);
	timer = 0;
}

static void aborted(txScreen *screen, int status)
{
	(void)screen;
	fprintf(stderr, "headless: XS gave up with %d\n", status);
	exit(100 + status);
}

static void ignore(txScreen *screen)
{
	(void)screen;
}

int main(int count, char **arguments)
{
	void *library = count > 1 ? dlopen(arguments[1], RTLD_NOW) : NULL;
	txScreenLaunchProc launch = library ? (txScreenLaunchProc)dlsym(library, "fxScreenLaunch") : NULL;
	if (!launch) {
		fprintf(stderr, "headless: %s\n", count > 1 ? dlerror() : "usage: headless mc.so");
		return 1;
	}
	txScreen *screen = calloc(1, sizeof(txScreen) + WIDTH * HEIGHT * screenBytesPerPixel);
	screen->abort = aborted;
	screen->bufferChanged = ignore;
	screen->formatChanged = ignore;
	/* No `post`: there is no panel, and a wake is a process. */
	screen->start = start;
	screen->stop = stop;
	screen->width = WIDTH;
	screen->height = HEIGHT;
	g_mutex_init(&screen->workersMutex);
	launch(screen);
	g_main_loop_run(g_main_loop_new(NULL, FALSE));
	return 0;
}
