/* Figures. "Peak" includes garbage; "live" is what is current right after a collection. */
#include "dormouse.h"

#define PAINT 0xA5

/* The stack starts painted, so that the deepest use shows. */
void dmPaintStack(txSlot* bottom, txSize count)
{
	memset(bottom, PAINT, (size_t)count * sizeof(txSlot));
}

static int isPainted(const txSlot* slot)
{
	const uint8_t* bytes = (const uint8_t*)slot;
	size_t i;
	for (i = 0; i < sizeof(txSlot); i++)
		if (bytes[i] != PAINT)
			return 0;
	return 1;
}

/* From the top: numbers and regular expressions borrow the stack's far end as scratch. */
static uint32_t stackPeak(txMachine* the)
{
	txSlot* slot = the->stackTop;
	while ((slot > the->stackBottom) && !isPainted(slot - 1))
		slot--;
	return (uint32_t)(the->stackTop - slot);
}

/* The order is FIGURES of sim/engine/xs-wire.ts. */
void dmPutFigures(dmWake* wake)
{
	txMachine* the = wake->machine;
	int i;
	if (!the) {
		for (i = 0; i < 14; i++)
			dmPut32(0);
		return;
	}
	dmPut32((uint32_t)the->currentHeapCount);
	dmPut32((uint32_t)the->peakHeapCount);
	dmPut32((uint32_t)the->maximumHeapCount);
	dmPut32((uint32_t)the->currentChunksSize);
	dmPut32((uint32_t)the->peakChunksSize);
	dmPut32((uint32_t)the->maximumChunksSize);
	dmPut32((uint32_t)(the->stackTop - the->stack));
	dmPut32(stackPeak(the));
	dmPut32((uint32_t)(the->stackTop - the->stackBottom));
	dmPut32((uint32_t)(the->keyIndex - the->keyOffset));
	dmPut32(wake->calls);
	dmPut32((uint32_t)wake->meter);
	dmPut32((uint32_t)(wake->meter >> 32));
	dmPut32((uint32_t)sizeof(txSlot));
}

/* The order is TOTALS of sim/engine/xs-wire.ts. */
void dmPutTotals(txMachine* root, uint32_t bytecode)
{
	dmPut32(bytecode);
	dmPut32((uint32_t)root->currentHeapCount);
	dmPut32((uint32_t)root->currentChunksSize);
	dmPut32((uint32_t)root->keyIndex);
	dmPut32((uint32_t)root->aliasCount);
	dmPut32((uint32_t)sizeof(txSlot));
}
