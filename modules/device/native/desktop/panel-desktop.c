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
} panel;

static void print(const char *line)
{
	panel.screen->post(panel.screen, (char *)line, 0);
}

static void sleepInWindow(double ms)
{
	char text[40];
	snprintf(text, sizeof(text), "asleep %.0f", ms);
	print(text);
	fxAbort(panel.the, XS_DEBUGGER_EXIT); /* tells the screen, and leaves all of XS's C; logs "XS abort: debugger" */
}

static const DmWindow window = { print, sleepInWindow };

/* open() returns whether there is a window */
void xs_dormouse_panelOpen(xsMachine *the)
{
	txScreen *screen = xsGetContext(the);
	int there = screen && screen->post;
	if (there) {
		panel.the = the;
		panel.screen = screen;
		dm_open_window(&window);
		print("boot");
	}
	xsmcSetBoolean(xsResult, there);
}

/* boot(folder, wakeCause, sleptMs, powerLost) */
void xs_dormouse_panelBoot(xsMachine *the)
{
	DmBoot boot;
	boot.wakeCause = xsmcToInteger(xsArg(1));
	boot.sleptMs = xsmcToNumber(xsArg(2));
	boot.powerLost = xsmcToBoolean(xsArg(3));
	boot.folder = xsmcToString(xsArg(0));
	dm_boot(&boot);
}

/* sent(bytes): what goes out of a socket */
void xs_dormouse_panelSent(xsMachine *the)
{
	void *bytes;
	xsUnsignedValue count;
	if (!panel.screen)
		return;
	xsmcGetBufferReadable(xsArg(0), &bytes, &count);
	if (count > 0)
		panel.screen->post(panel.screen, bytes, (int)count);
}
