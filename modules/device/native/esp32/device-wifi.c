/*
 * The functions of device-wifi.ts over station-esp32.h. What the driver tells in its own task is posted to the machine's, and
 * there told to the listener, unless it was of a join before.
 */
#include "xsmc.h"
#include "xsHost.h"
#include "mc.xs.h" /* for xsID_told */

#include "station-esp32.h"

typedef struct {
	uint32_t join;
	int32_t status;
} Told;

static struct {
	xsMachine *the;
	xsSlot listener; /* remembered while there is one */
	uint32_t join; /* counts */
	int listening;
} state;

static void deliver(void *the, void *refcon, uint8_t *message, uint16_t length)
{
	Told told;
	(void)refcon;
	(void)length;
	c_memcpy(&told, message, sizeof(told));
	if (!state.listening || told.join != state.join)
		return;
	xsBeginHost((xsMachine *)the);
	xsCall1(state.listener, xsID_told, xsInteger(told.status));
	xsEndHost((xsMachine *)the);
}

static void tell(int status)
{
	Told told = { state.join, status };
	modMessagePostToMachine(state.the, (uint8_t *)&told, sizeof(told), deliver, NULL);
}

static void leave(void)
{
	dm_wifi_leave();
	state.join++;
	if (!state.listening)
		return;
	state.listening = 0;
	xsMachine *the = state.the;
	xsForget(state.listener);
}

void xs_dormouse_wifiLeave(xsMachine *the)
{
	(void)the;
	leave();
}

/* join(ssid, passphrase, bytes, listener) */
void xs_dormouse_wifiJoin(xsMachine *the)
{
	uint8_t join[DM_WIFI_JOIN_SIZE];
	char ssid[33], passphrase[65];
	void *bytes;
	xsUnsignedValue count;
	leave();
	xsmcToStringBuffer(xsArg(0), ssid, sizeof(ssid));
	xsmcToStringBuffer(xsArg(1), passphrase, sizeof(passphrase));
	xsmcGetBufferReadable(xsArg(2), &bytes, &count);
	if (count < sizeof(join))
		xsRangeError("28 bytes describe a join");
	c_memcpy(join, bytes, sizeof(join));
	state.the = the;
	state.listener = xsArg(3);
	xsRemember(state.listener);
	state.listening = 1;
	if (!dm_wifi_join(ssid, passphrase, join, tell))
		tell(DM_WIFI_LOST); /* posted as well: nothing is told from inside the call */
}

void xs_dormouse_wifiJoined(xsMachine *the)
{
	void *bytes;
	xsUnsignedValue count;
	xsmcGetBufferWritable(xsArg(0), &bytes, &count);
	if (count < DM_WIFI_JOIN_SIZE)
		xsRangeError("28 bytes describe a join");
	dm_wifi_joined(bytes);
}
