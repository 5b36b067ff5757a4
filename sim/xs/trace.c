/*
 * Where it happened. Only a bundle parsed with line opcodes has lines; the interpreter skips them, so that sizes other
 * than of code stay true. A line is found by walking a function's code up to its instruction pointer.
 */
#include "dormouse.h"

#define RECENT 16	/* errors whose trace is remembered */
#define FRAMES 24

static struct {
	txSlot* error;
	char text[1024];
} gRecent[RECENT];
static unsigned gNext;

static const txByte* afterInstruction(const txByte* p)
{
	txU1 op = *(const txU1*)p;
	txS1 size = gxCodeSizes[op];
	txU2 two;
	txS4 four;
	if (size > 0)
		return p + size;
	p++;
	switch (size) {
	case 0: return p + sizeof(txID);
	case -1: return p + 1 + *(const txU1*)p;
	case -2: mxDecode2(p, two); return p + two;
	default: mxDecode4(p, four); return p + four;
	}
}

/* A nested function's code lies inside its maker's: stepped over. */
static const txByte* afterNested(const txByte* p)
{
	txU2 two;
	txS4 four;
	switch (*(const txU1*)p) {
	case XS_CODE_CODE_ARCHIVE_1: return p + 2 + *(const txS1*)(p + 1);
	case XS_CODE_CODE_ARCHIVE_2: p++; mxDecode2(p, two); return p + (txS2)two;
	case XS_CODE_CODE_ARCHIVE_4: p++; mxDecode4(p, four); return p + four;
	}
	return C_NULL;
}

static int lineAt(const txByte* code, const txByte* at)
{
	int line = 0;
	while (code < at) {
		const txByte* nested = afterNested(code);
		if (*(const txU1*)code == XS_CODE_LINE) {
			const txByte* p = code + 1;
			txU2 two;
			mxDecode2(p, two);
			line = two;
		}
		code = nested ? nested : afterInstruction(code);
	}
	return line;
}

static const char* nameOf(txMachine* the, txSlot* function)
{
	txSlot* name = mxBehaviorGetProperty(the, function, mxID(_name), 0, XS_OWN);
	if (name && ((name->kind == XS_STRING_KIND) || (name->kind == XS_STRING_X_KIND)))
		return name->value.string;
	return "";
}

/* Writes "line name" lines, the innermost first; a recursion is told once. Of an error that is being constructed, its
   own constructors are left out, as V8 does. */
void dmTrace(txMachine* the, txSlot* frame, char* text, size_t size)
{
	const txByte* at = the->code;
	size_t used = 0;
	int count = 0, own = frame != the->frame, line, lastLine = 0;
	txSlot *inner, *last = C_NULL;
	for (inner = the->frame; inner && (inner != frame); inner = inner->next)
		at = inner->value.frame.code;
	text[0] = 0;
	for (; frame && frame->next && (count < FRAMES) && (used < size); frame = frame->next) {
		txSlot* function = frame + 3;
		txSlot* target = frame + 2;
		txSlot* code = function->kind == XS_REFERENCE_KIND ? function->value.reference->next : C_NULL;
		if (target->kind == XS_UNDEFINED_KIND)
			own = 0;
		if (!own && at && code && ((code->kind == XS_CODE_X_KIND) || (code->kind == XS_CODE_KIND)) &&
			dmInFlash(code->value.code.address) && dmInFlash(at)) {
			line = lineAt(code->value.code.address, at);
			if ((line != lastLine) || (code != last)) {
				used += (size_t)snprintf(text + used, size - used, "%d %s\n", line, nameOf(the, function->value.reference));
				count++;
			}
			lastLine = line;
			last = code;
		}
		at = frame->value.frame.code;
	}
	if (used >= size)
		text[size - 1] = 0;
}

/*
 * Stands where XS expects fxCaptureErrorStack (see sim/xs/build.ts). Firmware that never asks for an error's stack has
 * none on the device: the SDK's linker strips it. To find a fault's place the trace is remembered.
 */
void dmCaptureErrorStack(txMachine* the, txSlot* internal, txSlot* frame)
{
	if (!gDebug)
		return;
	fxCaptureErrorStack(the, internal, frame);
	gNext = (gNext + 1) % RECENT;
	gRecent[gNext].error = internal;
	dmTrace(the, frame, gRecent[gNext].text, sizeof(gRecent[gNext].text));
}

int dmRecallTrace(txSlot* error, char* text, size_t size)
{
	unsigned i;
	for (i = 0; i < RECENT; i++) {
		unsigned at = (gNext + RECENT - i) % RECENT;
		if (gRecent[at].error == error) {
			snprintf(text, size, "%s", gRecent[at].text);
			return 1;
		}
	}
	return 0;
}

/* Functions of a stripped build have neither `length` nor `name`; a trace needs names. */
txSlot* dmNewFunctionLength(txMachine* the, txSlot* instance, txNumber length)
{
	return gDebug ? fxNewFunctionLength(the, instance, length) : NULL;
}

txSlot* dmNewFunctionName(txMachine* the, txSlot* instance, txID id, txIndex index, txID former, txString prefix)
{
	return gDebug ? fxNewFunctionName(the, instance, id, index, former, prefix) : NULL;
}
