/*
 * RAM: what a wake owns, a clone of the root. Sizes are those of the SDK's targets, and nothing grows past them.
 *
 * Plain profiles have their own area for chunks and for slots. A linear profile is the SDK's `creation.static`: one
 * region, chunks upwards from its start, slots (the stack first) downwards from its end, both in small steps until
 * they meet; then chunks are compacted to make room.
 */
#include "dormouse.h"

#define KEYS 256	/* mcconfig's default for names made at run time */

dmWake* gWake;
static dmWake* gFirst;

dmWake* dmFindWake(uint32_t number)
{
	dmWake* wake = gFirst;
	while (wake && (wake->number != number))
		wake = wake->next;
	return wake;
}

static void takeRegion(txMachine* the)
{
	dmWake* wake = the->context;
	if (wake->region && !the->low && !the->stackBottom && !the->firstBlock) {
		txSize size = *(txSize*)wake->region; /* left there by dmNewWake */
		the->low = wake->region;
		the->high = wake->region + size;
	}
}

/* Lengthens the only block of chunks by what its free end lacks. XS adds `size` to the limit itself. */
static void* growRegionChunks(txMachine* the, txSize size)
{
	txBlock* block = the->firstBlock;
	txSize lacking = size - (txSize)sizeof(txBlock) - (txSize)(block->limit - block->current);
	if (lacking < 0)
		lacking = 0;
	lacking = (lacking + 15) & ~15;
	if (the->low + lacking > the->high)
		return C_NULL;
	the->low += lacking;
	the->maximumChunksSize += lacking - size;
	block->limit = (txByte*)the->low - size;
	return block->limit;
}

void* fxAllocateChunks(txMachine* the, txSize size)
{
	void* result;
	if (!the->context)
		return dmFlashAllocate(size);
	takeRegion(the);
	if (!the->low)
		return c_malloc(size);
	if (the->firstBlock)
		return growRegionChunks(the, size);
	if (the->low + size > the->high)
		return C_NULL;
	result = the->low;
	the->low += size;
	return result;
}

static void* takeRegionSlots(txMachine* the, txSize size)
{
	if (the->high - size < the->low)
		return C_NULL;
	the->high -= size;
	return the->high;
}

static void giveChunksBack(txMachine* the)
{
	txBlock* block = the->firstBlock;
	fxCollect(the, XS_COMPACT_FLAG | XS_ORGANIC_FLAG);
	the->low = (uint8_t*)(((uintptr_t)block->current + 15) & ~(uintptr_t)15);
	the->maximumChunksSize -= (txSize)(block->limit - (txByte*)the->low);
	block->limit = (txByte*)the->low;
}

txSlot* fxAllocateSlots(txMachine* the, txSize count)
{
	txSize size = count * (txSize)sizeof(txSlot);
	txSlot* result;
	if (!the->context)
		result = dmFlashAllocate(size);
	else if (!the->low)
		result = c_malloc(size);
	else {
		result = takeRegionSlots(the, size);
		if (!result && the->firstBlock && the->stackBottom) {
			giveChunksBack(the);
			result = takeRegionSlots(the, size);
		}
	}
	if (result && !the->stackBottom)
		dmPaintStack(result, count);
	return result;
}

void fxFreeChunks(txMachine* the, void* chunks)
{
	if (!the->low)
		c_free(chunks);
}

void fxFreeSlots(txMachine* the, void* slots)
{
	if (!the->low)
		c_free(slots);
}

void fxCreateMachinePlatform(txMachine* the)
{
}

void fxDeleteMachinePlatform(txMachine* the)
{
}

/* XS itself does not survive a refused stack. */
static int canStart(const dmProfile* profile)
{
	uint32_t least = profile->chunks + (profile->slots + profile->stack) * (uint32_t)sizeof(txSlot) + 64;
	return (profile->stack >= 64) && (profile->slots >= 32) && (!profile->linear || (profile->linear >= least));
}

/* `machine` stays NULL where the profile is too small to start at all: out of memory, said by dmRun. */
dmWake* dmNewWake(uint32_t number, const dmProfile* profile, uint32_t meterLimit, uint32_t flags)
{
	txCreation creation = {
		.initialChunkSize = (txSize)profile->chunks, .incrementalChunkSize = (txSize)profile->chunksGrow,
		.initialHeapCount = (txSize)profile->slots, .incrementalHeapCount = (txSize)profile->slotsGrow,
		.stackCount = (txSize)profile->stack, .initialKeyCount = KEYS, .incrementalKeyCount = 0,
		.nameModulo = gRoot->nameModulo, .symbolModulo = gRoot->symbolModulo,
		.parserBufferSize = 1024, .parserTableModulo = 127, .staticSize = (txSize)profile->linear,
	};
	dmWake* wake = c_calloc(1, sizeof(dmWake));
	if (!wake)
		_exit(70);
	if (profile->linear) {
		wake->region = c_malloc(profile->linear);
		if (!wake->region)
			_exit(70);
		*(txSize*)wake->region = (txSize)(profile->linear & ~15u);
	}
	wake->number = number;
	wake->meterLimit = meterLimit;
	wake->flags = flags;
	wake->next = gFirst;
	gFirst = wake;
	gWake = wake;
	if (canStart(profile))
		wake->machine = fxCloneMachine(&creation, gRoot, "wake", wake);
	gWake = C_NULL;
	wake->reason = REASON_NONE;
	if (wake->machine) {
		wake->machine->peakHeapCount = wake->machine->currentHeapCount;
		wake->machine->peakChunksSize = wake->machine->currentChunksSize;
	}
	return wake;
}

void dmDeleteWake(dmWake* wake)
{
	dmWake** address = &gFirst;
	while (*address != wake)
		address = &(*address)->next;
	*address = wake->next;
	if (wake->machine)
		fxDeleteMachine(wake->machine);
	c_free(wake->region);
	c_free(wake);
}
