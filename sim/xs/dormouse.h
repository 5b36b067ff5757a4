/* The host's own declarations. One process holds one firmware ("flash") and any number of wakes ("RAM"). */
#ifndef __DORMOUSE_HOST__
#define __DORMOUSE_HOST__

#include "xsAll.h"
#include "xsScript.h"

/* Messages: u32 length, u8 type, body; little-endian. Types from the driver: */
enum {
	MESSAGE_LOAD = 'L',	/* u8 debug, source */
	MESSAGE_BOOT = 'B',	/* u32 wake, profile (6 x u32), u32 meter limit, u32 flags */
	MESSAGE_EVENT = 'E',	/* u32 wake, u16 handle, u8 kind, bytes */
	MESSAGE_REPLY = 'R',	/* answers MESSAGE_CALL */
	MESSAGE_LIVE = 'G',	/* u32 wake: collects garbage, answers MESSAGE_IDLE */
	MESSAGE_DROP = 'D',	/* u32 wake; not answered */
};
/* Types to the driver: */
enum {
	MESSAGE_CALL = '?',	/* a request of sim/host/table.ts */
	MESSAGE_LOADED = 'l',	/* totals (TOTALS x u32), warnings separated by line ends */
	MESSAGE_REFUSED = 'x',	/* u8 1 = does not parse, 2 = evaluation threw; u32 line; code, 0, message, 0, trace */
	MESSAGE_IDLE = 'i',	/* figures, names of module state written */
	MESSAGE_ENDED = 'e',	/* the same */
	MESSAGE_FAULT = 'f',	/* the same, 0, u8 reason, message, 0, trace */
};
/* Why a wake unwound; from REASON_EXCEPTION on the order is that of REASONS in sim/engine/xs-wire.ts. */
enum { REASON_NONE, REASON_ENDED, REASON_EXCEPTION, REASON_MEMORY, REASON_STACK, REASON_ENDLESS, REASON_FLASH, REASON_HOST };

#define STATUS_ENDED 255	/* sim/host/table.ts, Status.ended */
#define MEASURE 1	/* a boot's flag: collect garbage where the wake ends, so that figures show what is live */
#define LARGEST_MESSAGE (64 << 20)

typedef struct {
	uint32_t chunks, chunksGrow, slots, slotsGrow, stack, linear;
} dmProfile;

typedef struct sxWake {
	struct sxWake* next;
	uint32_t number;
	txMachine* machine;
	uint8_t* region;	/* of a linear profile, else NULL */
	uint32_t meterLimit;
	uint32_t flags;
	uint64_t meter;
	uint32_t calls;
	int reason;
	char message[256];
	char trace[2048];
} dmWake;

/* wire.c */
typedef struct {
	uint8_t type;
	const uint8_t* bytes;	/* lives until the next message */
	uint32_t length;
} dmMessage;
extern void dmOpenWire(int in, int out);
extern void dmReceive(dmMessage* message);	/* exits at end of input */
extern void dmSend(uint8_t type, const void* bytes, uint32_t length);
extern void dmBegin(uint8_t type);
extern void dmPut(const void* bytes, uint32_t length);
extern void dmPut32(uint32_t value);
extern void dmPutText(const char* text);	/* with its 0 */
extern void dmEnd(void);
extern uint32_t dmGet32(const uint8_t* bytes);

/* flash.c */
extern txMachine* gRoot;
extern txSlot* gSlotInstance;	/* EngineSlot */
extern txSlot* gFirmware;	/* { wake, node } */
extern int gDebug;
extern void* dmFlashAllocate(size_t size);
extern int dmInFlash(const void* address);
extern uint32_t dmCodeSize(const txByte* code);
extern void dmLoad(const dmMessage* message);

/* freeze.c */
extern void dmFreezeRoot(txMachine* root);
extern void dmShareRoot(txMachine* root);
extern void dmPutWarnings(txMachine* root);
extern void dmPutModuleWrites(txMachine* the);

/* ram.c */
extern dmWake* gWake;	/* the one that runs */
extern dmWake* dmFindWake(uint32_t number);
extern dmWake* dmNewWake(uint32_t number, const dmProfile* profile, uint32_t meterLimit, uint32_t flags);
extern void dmDeleteWake(dmWake* wake);

/* fault.c */
extern void dmCatchSignals(void);
extern void dmUnwind(int reason, const char* message) XS_FUNCTION_NORETURN;
extern void dmRun(dmWake* wake, void (*body)(txMachine* the, const dmMessage* message), const dmMessage* message);

/* calls.c */
extern void dmBuildSlot(txMachine* root);
extern void dmCallWake(txMachine* the, const dmMessage* message);
extern void dmCallEvent(txMachine* the, const dmMessage* message);

/* trace.c */
extern void dmTrace(txMachine* the, txSlot* frame, char* text, size_t size);
extern int dmRecallTrace(txSlot* error, char* text, size_t size);

/* meter.c */
extern void dmPutTotals(txMachine* root);
extern void dmPutVariables(txMachine* root);
extern void dmPutFigures(dmWake* wake);
extern void dmPaintStack(txSlot* bottom, txSize count);

#endif
