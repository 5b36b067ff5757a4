/*
 * A board's processor for the simulator: XS with read-only flash and an ESP32's RAM.
 * Usage: host IN OUT, two descriptors; sim/engine/xs.ts speaks the other side. One firmware a process.
 */
#include "dormouse.h"

static void boot(const dmMessage* message)
{
	const uint8_t* b = message->bytes;
	dmProfile profile;
	uint32_t number = dmGet32(b);
	dmWake* wake = dmFindWake(number);
	profile.chunks = dmGet32(b + 4);
	profile.chunksGrow = dmGet32(b + 8);
	profile.slots = dmGet32(b + 12);
	profile.slotsGrow = dmGet32(b + 16);
	profile.stack = dmGet32(b + 20);
	profile.linear = dmGet32(b + 24);
	if (wake)
		dmDeleteWake(wake);
	wake = dmNewWake(number, &profile, dmGet32(b + 28), dmGet32(b + 32));
	dmRun(wake, dmCallWake, message);
}

static void collect(txMachine* the, const dmMessage* message)
{
	fxCollectGarbage(the);
}

static void run(void (*body)(txMachine*, const dmMessage*), const dmMessage* message)
{
	dmWake* wake = dmFindWake(dmGet32(message->bytes));
	if (wake)
		dmRun(wake, body, message);
	else
		_exit(72); /* the driver lost count of its wakes */
}

static void drop(const dmMessage* message)
{
	dmWake* wake = dmFindWake(dmGet32(message->bytes));
	if (wake)
		dmDeleteWake(wake);
}

int main(int argc, char* argv[])
{
	dmMessage message;
	if (argc != 3)
		return 64;
	dmOpenWire(atoi(argv[1]), atoi(argv[2]));
	dmCatchSignals();
	for (;;) {
		dmReceive(&message);
		switch (message.type) {
		case MESSAGE_LOAD: dmLoad(&message); break;
		case MESSAGE_BOOT: boot(&message); break;
		case MESSAGE_EVENT: run(dmCallEvent, &message); break;
		case MESSAGE_LIVE: run(collect, &message); break;
		case MESSAGE_DROP: drop(&message); break;
		default: return 73;
		}
	}
}
