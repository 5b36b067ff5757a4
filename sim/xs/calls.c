/* What firmware finds as its engine slot, and the ways in and out of a wake. */
#include "dormouse.h"
#include "crc.h"
#include "utf8.h"

#define OP_NOW 1	/* sim/host/table.ts */
#define OP_RANDOM 6
/* Bytes whose CRC in C takes as long as one computron does: some 14 instructions a byte, 42 (Script of sim/energy.ts). */
#define CRC_BYTES 3
/* The same of text as UTF-8: some 6 instructions a byte. */
#define UTF8_BYTES 7

static txID gEventID, gWakeID;

/* Sends a request and waits; `Status.ended` does not return. */
static const uint8_t* ask(txMachine* the, const void* request, uint32_t length, uint32_t* replied)
{
	dmMessage message;
	gWake->calls++;
	dmSend(MESSAGE_CALL, request, length);
	dmReceive(&message);
	if (message.type != MESSAGE_REPLY)
		_exit(74);
	if (message.length && (message.bytes[0] == STATUS_ENDED)) {
		if (gWake->flags & MEASURE)
			fxCollectGarbage(the);
		dmUnwind(REASON_ENDED, NULL);
	}
	*replied = message.length;
	return message.bytes;
}

static void pushBytes(txMachine* the, const void* bytes, uint32_t length)
{
	mxPush(mxUint8ArrayConstructor);
	mxNew();
	mxPushUndefined();
	fxArrayBuffer(the, the->stack, (void*)bytes, (txInteger)length, -1);
	mxRunCount(1);
}

/* The bytes of a view, which may lie in flash. */
static const uint8_t* viewOf(txMachine* the, txSlot* value, uint32_t* length)
{
	txSlot* instance = value->kind == XS_REFERENCE_KIND ? value->value.reference : C_NULL;
	txSlot *view, *buffer;
	if (!instance || !instance->next || (instance->next->kind != XS_TYPED_ARRAY_KIND))
		mxTypeError("a request is a Uint8Array");
	view = instance->next->next;
	buffer = view->next->value.reference->next;
	*length = (uint32_t)view->value.dataView.size;
	return (const uint8_t*)buffer->value.arrayBuffer.address + view->value.dataView.offset;
}

static void dmCall(txMachine* the)
{
	uint32_t length, size, replied;
	const uint8_t* request;
	const uint8_t* reply;
	if (!gWake)
		mxTypeError("module scope has no board: hardware is for wake()");
	if (mxArgc < 2)
		mxTypeError("call(request, length)");
	length = (uint32_t)fxToInteger(the, mxArgv(1));
	request = viewOf(the, mxArgv(0), &size);
	if (length > size)
		mxRangeError("the request is shorter than its length");
	reply = ask(the, request, length, &replied);
	pushBytes(the, reply, replied);
	mxPullSlot(mxResult);
}

static void dmCrc(txMachine* the)
{
	uint32_t from, to, start, size, crc;
	const uint8_t* bytes;
	if (!gWake)
		mxTypeError("module scope has no C: crc.ts is for what modules evaluate");
	if (mxArgc < 5)
		mxTypeError("crc(bits, bytes, from, to, start)");
	from = fxToUnsigned(the, mxArgv(2));
	to = fxToUnsigned(the, mxArgv(3));
	start = fxToUnsigned(the, mxArgv(4));
	bytes = viewOf(the, mxArgv(1), &size);
	if ((from > to) || (to > size))
		mxRangeError("beyond the bytes");
	crc = fxToInteger(the, mxArgv(0)) == 16 ? dm_crc16(bytes + from, to - from, (uint16_t)start) : dm_crc32(bytes + from, to - from, start);
	the->meterIndex += (to - from + CRC_BYTES - 1) / CRC_BYTES;
	fxUnsigned(the, mxResult, crc);
}

static void dmUTF8(txMachine* the)
{
	uint32_t at, size, count;
	txString text;
	uint8_t* into;
	if (!gWake)
		mxTypeError("module scope has no C: bytes.ts is for what modules evaluate");
	if (mxArgc < 3)
		mxTypeError("utf8(text, into, at)");
	at = fxToUnsigned(the, mxArgv(2));
	text = fxToString(the, mxArgv(0));
	count = dm_utf8(text, C_NULL);
	if (mxIsUndefined(mxArgv(1)))
		fxInteger(the, mxResult, at + count);
	else {
		into = (uint8_t*)viewOf(the, mxArgv(1), &size);
		if ((at > size) || (count > size - at))
			fxInteger(the, mxResult, -1);
		else
			fxInteger(the, mxResult, at + dm_utf8(text, into + at));
	}
	the->meterIndex += (count + UTF8_BYTES - 1) / UTF8_BYTES;
}

/* An ordinary object, left unfrozen on purpose: each wake writes to its own copy. */
void dmBuildSlot(txMachine* the)
{
	txSlot* property;
	txSlot* undefined;
	gEventID = fxID(the, "event");
	gWakeID = fxID(the, "wake");
	mxPushUndefined();
	undefined = the->stack;
	mxPush(mxObjectPrototype);
	property = fxLastProperty(the, fxNewObjectInstance(the));
	property = fxNextHostFunctionProperty(the, property, dmCall, 2, fxID(the, "call"), XS_NO_FLAG);
	property = fxNextHostFunctionProperty(the, property, dmCrc, 5, fxID(the, "crc"), XS_NO_FLAG);
	property = fxNextHostFunctionProperty(the, property, dmUTF8, 3, fxID(the, "utf8"), XS_NO_FLAG);
	property = fxNextSlotProperty(the, property, undefined, gEventID, XS_NO_FLAG);
	property = fxNextSlotProperty(the, property, undefined, fxID(the, "port"), XS_NO_FLAG);
}

void dmCallWake(txMachine* the, const dmMessage* message)
{
	mxPushReference(gFirmware);
	mxDub();
	mxGetID(gWakeID);
	mxCall();
	mxRunCount(0);
	mxPop();
}

void dmCallEvent(txMachine* the, const dmMessage* message)
{
	const uint8_t* b = message->bytes;
	txInteger handle = b[4] | (b[5] << 8), kind = b[6];
	mxPushReference(gSlotInstance);
	mxDub();
	mxGetID(gEventID);
	if (!mxIsReference(the->stack))
		return;
	mxCall();
	mxPushInteger(handle);
	mxPushInteger(kind);
	pushBytes(the, b + 7, message->length - 7);
	mxRunCount(3);
	mxPop();
}

/* ---- Date and Math.random */

int dmClock(struct timeval* now, void* zone)
{
	static const uint8_t request[3] = { OP_NOW, 0, 0 };
	uint32_t length;
	const uint8_t* reply;
	union { uint64_t bits; double milliseconds; } value = { 0 };
	int i;
	now->tv_sec = 0;
	now->tv_usec = 0;
	if (!gWake)
		return 0;
	reply = ask(gWake->machine, request, sizeof(request), &length);
	if ((length < 9) || reply[0])
		return 0;
	for (i = 1; i < 9; i++)
		value.bits = (value.bits << 8) | reply[i];
	now->tv_sec = (time_t)floor(value.milliseconds / 1000);
	now->tv_usec = (suseconds_t)((value.milliseconds - 1000.0 * (double)now->tv_sec) * 1000);
	return 0;
}

int dmRandom(void)
{
	static const uint8_t request[5] = { OP_RANDOM, 0, 0, 0, 4 };
	uint32_t length;
	const uint8_t* reply;
	if (!gWake)
		return 1; /* flash is built once: no randomness in it */
	reply = ask(gWake->machine, request, sizeof(request), &length);
	return length < 5 ? 1 : (int)(dmGet32(reply + 1) & 0x7fffffff);
}
