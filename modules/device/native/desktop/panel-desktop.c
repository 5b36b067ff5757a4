/*
 * The board in a window of Moddable's simulator: the functions of setup-panel.ts and desktop-tcp.ts. The simulator launches
 * this library for each wake; deep sleep ends the launch as XS does when it gives up, with the status of a debugger that
 * leaves, which the simulator takes in silence. Without a simulator all of this does nothing.
 */
#include <stdio.h>

#include "xsmc.h"
#include "xsHost.h"
#include "screen.h" /* of the SDK: build/simulators/modules */

#include "board-desktop.h"

#define XS_DEBUGGER_EXIT 0 /* of the SDK: xs/sources/xsCommon.h */

static struct {
	xsMachine *the;
	txScreen *screen;
	int answered; /* other faces than ours take JSON alone, and end the simulator when it is none */
} panel;

static void post(const char *text)
{
	panel.screen->post(panel.screen, (char *)text, 0);
}

static void print(const char *line)
{
	if (panel.answered)
		post(line);
}

/* Tells the screen, and leaves all of XS's C; logs "XS abort: debugger". */
static void end(const char *text)
{
	print(text);
	fxAbort(panel.the, XS_DEBUGGER_EXIT);
}

/* "asleep 600000 33": how long, and the first pin that wakes it before; -1 where none does */
static void sleepInWindow(double ms, uint64_t armed)
{
	char text[40];
	int pin = 0;
	while (pin < 64 && !(armed >> pin & 1))
		pin++;
	snprintf(text, sizeof(text), "asleep %.0f %d", ms, pin < 64 ? pin : -1);
	end(text);
}

static void reset(void)
{
	end("reset");
}

static const DmWindow window = { print, sleepInWindow, reset };

/* open() returns whether there is a window */
void xs_dormouse_panelOpen(xsMachine *the)
{
	txScreen *screen = xsGetContext(the);
	int there = screen && screen->post;
	if (there) {
		panel.the = the;
		panel.screen = screen;
		dm_open_window(&window);
		post("{\"dormouse\":\"boot\"}");
	}
	xsmcSetBoolean(xsResult, there);
}

/* boot(folder, pressed, sleptMs, powerLost) */
void xs_dormouse_panelBoot(xsMachine *the)
{
	DmBoot boot;
	boot.pressed = xsmcToBoolean(xsArg(1));
	boot.sleptMs = xsmcToNumber(xsArg(2));
	boot.powerLost = xsmcToBoolean(xsArg(3));
	boot.folder = xsmcToString(xsArg(0));
	dm_boot(&boot);
	panel.answered = 1;
}

/* sent(bytes): what goes out of a socket */
void xs_dormouse_panelSent(xsMachine *the)
{
	void *bytes;
	xsUnsignedValue count;
	if (!panel.answered)
		return;
	xsmcGetBufferReadable(xsArg(0), &bytes, &count);
	if (count > 0)
		panel.screen->post(panel.screen, bytes, (int)count);
}
