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

/*
 * Flash as the SDK's linker fills it (xs/tools/xslSlot.c, xsl.c): of preloaded modules it writes each slot that is alive,
 * the bytecode of each function that is alive (what only evaluates modules is gone), rounded as chunks of a 64-bit xsl are,
 * and what slots refer to: texts, items of arrays, buffers. Texts in bytecode are bytecode.
 */
static uint32_t codeBytes(const txSlot* slot)
{
	uint32_t size;
	if ((slot->kind != XS_CODE_KIND) && (slot->kind != XS_CODE_X_KIND))
		return 0;
	size = dmCodeSize(slot->value.code.address);
	return size ? ((size + 7) & ~7u) + 1 : 0;
}

static uint32_t dataBytes(txMachine* the, txSlot* slot)
{
	uint32_t sum = 0;
	txIndex i, length;
	switch (slot->kind) {
	case XS_STRING_KIND: case XS_STRING_X_KIND:
		return (uint32_t)strlen(slot->value.string) + 1;
	case XS_KEY_KIND: case XS_KEY_X_KIND:
		return slot->value.key.string ? (uint32_t)strlen(slot->value.key.string) + 1 : 0;
	case XS_ARRAY_BUFFER_KIND:
		return slot->next && slot->next->kind == XS_BUFFER_INFO_KIND ? (uint32_t)slot->next->value.bufferInfo.length + 1 : 0;
	case XS_BIGINT_KIND: case XS_BIGINT_X_KIND:
		return slot->value.bigint.size * (uint32_t)sizeof(txU4);
	case XS_ARRAY_KIND:
		if (!slot->value.array.address)
			return 0;
		length = fxGetIndexSize(the, slot);
		for (i = 0; i < length; i++)
			sum += (uint32_t)sizeof(txSlot) + dataBytes(the, slot->value.array.address + i);
		return sum + (uint32_t)sizeof(txSlot);
	}
	return sum;
}

/*
 * Slots that arrow functions have here alone: XS 13 stores `this` and the target in each one, XS 17 of the SDK in those
 * that use them (fxScopeCodeStore in xsCode.c), and makes no environment where nothing else is stored.
 */
static uint32_t unusedByArrow(txSlot* instance)
{
	txSlot* slot = instance->kind == XS_INSTANCE_KIND ? instance->next : C_NULL;
	uint32_t unused = 0, used = 0;
	if (!slot || (slot->ID != XS_ENVIRONMENT_BEHAVIOR) || !(slot->flag & XS_INTERNAL_FLAG))
		return 0;
	for (slot = slot->next; slot; slot = slot->next)
		if (((slot->ID == mxID(_this)) || (slot->ID == mxID(_new_target))) && (slot->kind == XS_UNDEFINED_KIND))
			unused++;
		else
			used++;
	return unused && !used ? unused + 2 : unused;
}

/* The order is TOTALS of sim/engine/xs-wire.ts. */
void dmPutTotals(txMachine* root)
{
	uint32_t code = 0, data = 0, unused = 0;
	txSlot *heap, *slot;
	for (heap = root->firstHeap; heap; heap = heap->next)
		for (slot = heap + 1; slot < heap->value.reference; slot++) {
			code += codeBytes(slot);
			data += dataBytes(root, slot);
			unused += unusedByArrow(slot);
		}
	dmPut32(code);
	dmPut32((uint32_t)root->currentHeapCount - unused);
	dmPut32(data);
	dmPut32((uint32_t)root->keyIndex);
	dmPut32((uint32_t)root->aliasCount);
	dmPut32((uint32_t)sizeof(txSlot));
}

/* Names of the variables that functions still refer to. */
void dmPutVariables(txMachine* root)
{
	txSlot *heap, *slot;
	for (heap = root->firstHeap; heap; heap = heap->next)
		for (slot = heap + 1; slot < heap->value.reference; slot++) {
			const char* name = slot->kind == XS_CLOSURE_KIND && slot->ID != XS_NO_ID ? fxGetKeyName(root, slot->ID) : C_NULL;
			if (name) {
				dmPut(name, (uint32_t)strlen(name));
				dmPut("\n", 1);
			}
		}
}
