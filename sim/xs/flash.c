/*
 * Flash: the root machine. Firmware is parsed and its modules are evaluated here, once; then everything is frozen and
 * shared, and the memory becomes read-only. Bytecode stays outside of heaps, as the SDK's linker leaves it.
 */
#include "dormouse.h"
#include <sys/mman.h>
#if defined(__GLIBC__)
	#include <malloc.h>
#endif

#define FLASH_SIZE ((size_t)64 << 20)	/* of address space; pages are taken as used */
#define EVALUATION_LIMIT 1000000000u	/* computrons that modules may take to evaluate */

txMachine* gRoot;
txSlot* gSlotInstance;
txSlot* gFirmware;
int gDebug;

static uint8_t* gFlash;
static uint8_t* gFlashEnd;
static txSlot gKept[2];	/* keeps gSlotInstance and gFirmware from collection */

void* dmFlashAllocate(size_t size)
{
	void* result;
	if (!gFlash) {
		gFlash = mmap(NULL, FLASH_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANON | MAP_NORESERVE, -1, 0);
		if (gFlash == MAP_FAILED)
			_exit(70);
		gFlashEnd = gFlash;
	}
	size = (size + 63) & ~(size_t)63;
	if (size > (size_t)(gFlash + FLASH_SIZE - gFlashEnd))
		return NULL;
	result = gFlashEnd;
	gFlashEnd += size;
	return result;
}

int dmInFlash(const void* address)
{
	return gFlash && ((const uint8_t*)address >= gFlash) && ((const uint8_t*)address < gFlash + FLASH_SIZE);
}

/* ---- Parsing */

typedef struct {
	const uint8_t* from;
	const uint8_t* to;
} Source;

static struct {
	int line;
	char text[200];
} gMistake;

static int nextByte(void* stream)
{
	Source* source = stream;
	return source->from < source->to ? *source->from++ : C_EOF;
}

static void reportMistake(void* console, txString path, txInteger line, txString format, va_list arguments)
{
	if (gMistake.line)
		return;
	gMistake.line = line > 0 ? line : 1;
	vsnprintf(gMistake.text, sizeof(gMistake.text), format, arguments);
}

/* XS calls this for `eval` as well; the device's build has no parser, but a wake's Function constructor answers alike. */
txScript* fxParseScript(txMachine* the, void* stream, txGetter getter, txUnsigned flags)
{
	txParser parser;
	txParserJump jump;
	txScript* script = NULL;
	fxInitializeParser(&parser, the, the->parserBufferSize, the->parserTableModulo);
	parser.reportError = reportMistake;
	parser.reportWarning = reportMistake;
	parser.firstJump = &jump;
	gMistake.line = 0;
	if (c_setjmp(jump.jmp_buf) == 0) {
		if (flags & mxDebugFlag)
			parser.source = fxNewParserSymbol(&parser, "bundle"); /* lines are coded only for a named file */
		fxParserTree(&parser, stream, getter, flags, NULL);
		fxParserHoist(&parser);
		fxParserBind(&parser);
		script = fxParserCode(&parser);
	}
	fxTerminateParser(&parser);
	return script;
}

static txU1 archived(txU1 op)
{
	switch (op) {
	case XS_CODE_CODE_1: return XS_CODE_CODE_ARCHIVE_1;
	case XS_CODE_CODE_2: return XS_CODE_CODE_ARCHIVE_2;
	case XS_CODE_CODE_4: return XS_CODE_CODE_ARCHIVE_4;
	case XS_CODE_STRING_1: return XS_CODE_STRING_ARCHIVE_1;
	case XS_CODE_STRING_2: return XS_CODE_STRING_ARCHIVE_2;
	case XS_CODE_STRING_4: return XS_CODE_STRING_ARCHIVE_4;
	}
	return op;
}

/* One instruction: its names become the root's ids, and what it would copy to chunks is used where it lies. */
static txByte* archiveOne(txByte* p, const txID* ids)
{
	txU1 op = archived(*(txU1*)p);
	txS1 size = gxCodeSizes[op];
	txID id;
	txU2 two;
	txS4 four;
	*(txU1*)p = op;
	if (size > 0)
		return p + size;
	p++;
	switch (size) {
	case 0:
		mxDecodeID(p, id);
		if (id != XS_NO_ID) {
			id = ids[id];
			p -= sizeof(txID);
			mxEncodeID(p, id);
		}
		return p;
	case -1: return p + 1 + *(txU1*)p;
	case -2: mxDecode2(p, two); return p + two;
	default: mxDecode4(p, four); return p + four;
	}
}

/* Where each function's bytecode begins, in order, and how long it is. */
static struct {
	const txByte* from;
	uint32_t size;
} *gCodes;
static size_t gCodeCount;

static void noteCode(const txByte* p)
{
	txU1 op = *(txU1*)p;
	txS4 size;
	if ((op != XS_CODE_CODE_ARCHIVE_1) && (op != XS_CODE_CODE_ARCHIVE_2) && (op != XS_CODE_CODE_ARCHIVE_4))
		return;
	if (!(gCodeCount & 255)) {
		gCodes = c_realloc(gCodes, (gCodeCount + 256) * sizeof(*gCodes));
		if (!gCodes)
			_exit(70);
	}
	p++;
	if (op == XS_CODE_CODE_ARCHIVE_1)
		size = *(txS1*)p++;
	else if (op == XS_CODE_CODE_ARCHIVE_2) {
		txS2 two;
		mxDecode2(p, two);
		size = two;
	}
	else
		mxDecode4(p, size);
	gCodes[gCodeCount].from = p;
	gCodes[gCodeCount++].size = (uint32_t)size;
}

/* Bytes of a function's bytecode, with that of the functions in it; 0 when it is none of the firmware's. */
uint32_t dmCodeSize(const txByte* code)
{
	size_t from = 0, to = gCodeCount;
	while (from < to) {
		size_t middle = (from + to) / 2;
		if (gCodes[middle].from < code)
			from = middle + 1;
		else
			to = middle;
	}
	return (from < gCodeCount) && (gCodes[from].from == code) ? gCodes[from].size : 0;
}

/* Moves bytecode to flash, where it is run in place. */
static void archive(txMachine* the, txScript* script)
{
	txByte* p = script->symbolsBuffer;
	txByte* code = dmFlashAllocate((size_t)script->codeSize);
	txID* ids;
	txID count, i;
	if (!code)
		fxAbort(the, XS_NOT_ENOUGH_MEMORY_EXIT);
	mxDecodeID(p, count);
	ids = c_calloc(count, sizeof(txID));
	for (i = 1; i < count; i++) {
		ids[i] = fxNewNameC(the, (txString)p);
		p += strlen((char*)p) + 1;
	}
	memcpy(code, script->codeBuffer, (size_t)script->codeSize);
	c_free(script->codeBuffer);
	c_free(script->symbolsBuffer);
	script->codeBuffer = code;
	script->symbolsBuffer = NULL;
	script->symbolsSize = 0;
	for (p = code; p < code + script->codeSize;) {
		txByte* next = archiveOne(p, ids);
		noteCode(p);
		p = next;
	}
	c_free(ids);
}

/* ---- Modules: firmware arrives as one bundle */

txID fxFindModule(txMachine* the, txSlot* realm, txID moduleID, txSlot* slot)
{
	return XS_NO_ID;
}

void fxLoadModule(txMachine* the, txSlot* module, txID moduleID)
{
}

void fxQueuePromiseJobs(txMachine* the)
{
	the->promiseJobs = 1;
}

/* ---- Loading */

static void keep(txMachine* the, txSlot* kept, txSlot* value)
{
	kept->kind = value->kind;
	kept->value = value->value;
	fxRemember(the, kept);
}

static txScript* parseBundle(txMachine* the, const dmMessage* message)
{
	Source source = { message->bytes + 1, message->bytes + message->length };
	txUnsigned flags = mxProgramFlag | mxStrictFlag; /* modules are strict */
	return fxParseScript(the, &source, nextByte, gDebug ? flags | mxDebugFlag : flags);
}

/* The bundle's value is a function of the engine slot; what that returns is the firmware. */
static void evaluate(txMachine* the, txScript* script)
{
	txSlot* realm = mxModuleInstanceInternal(mxProgram.value.reference)->value.module.realm;
	mxPushUndefined();
	fxRunScript(the, script, C_NULL, C_NULL, mxRealmClosures(realm)->value.reference, C_NULL, mxProgram.value.reference);
	mxCall();
	mxPushReference(gSlotInstance);
	mxRunCount(1);
	if ((the->stack->kind != XS_REFERENCE_KIND))
		mxTypeError("the bundle's function returned no object");
	keep(the, &gKept[1], the->stack);
	gFirmware = the->stack->value.reference;
	mxPop();
}

static void refuse(uint8_t why, int line, const char* code, const char* text, const char* trace)
{
	dmBegin(MESSAGE_REFUSED);
	dmPut(&why, 1);
	dmPut32((uint32_t)line);
	dmPutText(code);
	dmPutText(text);
	dmPutText(trace);
	dmEnd();
}

/* `code` and "name: message" of what module scope threw. */
static void refuseException(txMachine* the)
{
	char code[64] = "", text[512] = "an exception that cannot be described", trace[2048] = "";
	txSlot* error = mxException.kind == XS_REFERENCE_KIND ? mxException.value.reference : C_NULL;
	if (gDebug && error && error->next)
		dmRecallTrace(error->next, trace, sizeof(trace));
	mxTry(the) {
		mxPush(mxException);
		if (error) {
			mxDub();
			mxGetID(fxID(the, "code"));
			if ((the->stack->kind == XS_STRING_KIND) || (the->stack->kind == XS_STRING_X_KIND)) {
				snprintf(code, sizeof(code), "%s", the->stack->value.string);
				mxPop();
				mxGetID(mxID(_message)); /* a DormouseError is made anew by the driver */
			}
			else
				mxPop();
		}
		snprintf(text, sizeof(text), "%s", fxToString(the, the->stack));
	}
	mxCatch(the) {
	}
	refuse(2, 0, code, text, trace);
}

static txBoolean evaluationMeter(txMachine* the, txU4 index)
{
	return index <= EVALUATION_LIMIT;
}

static int build(txMachine* the, const dmMessage* message)
{
	volatile int done = 0;
	fxBeginMetering(the, evaluationMeter, 1000000);
	fxBeginHost(the);
	{
		mxTry(the) {
			txScript* script;
			dmBuildSlot(the);
			keep(the, &gKept[0], the->stack);
			gSlotInstance = the->stack->value.reference;
			script = parseBundle(the, message);
			if (!script || gMistake.line)
				refuse(1, gMistake.line, "", gMistake.text, "");
			else {
				archive(the, script);
				evaluate(the, script);
				dmFreezeRoot(the);
				done = 1;
			}
		}
		mxCatch(the) {
			refuseException(the);
		}
	}
	fxEndHost(the);
	fxEndMetering(the);
	return done;
}

void dmLoad(const dmMessage* message)
{
	txCreation creation = { 256 << 10, 64 << 10, 12 << 10, 2 << 10, 2048, 4096, 1024, 1993, 127, 32 << 10, 1993, 0 };
	txJump jump = { 0 };
	gDebug = message->bytes[0];
	fxInitializeSharedCluster();
	gRoot = fxCreateMachine(&creation, "root", NULL, XS_NO_ID);
	if (!gRoot)
		_exit(70);
	jump.stack = gRoot->stack;
	gRoot->firstJump = &jump;
	if (c_setjmp(jump.buffer) == 0) {
		if (!build(gRoot, message))
			return;
		dmShareRoot(gRoot);
	}
	else {
		refuse(2, 0, "", "evaluating the modules takes too much memory, stack or time", "");
		return;
	}
	gRoot->firstJump = C_NULL;
	mprotect(gFlash, FLASH_SIZE, PROT_READ);
#if defined(__GLIBC__)
	malloc_trim(0);
#endif
	dmBegin(MESSAGE_LOADED);
	dmPutTotals(gRoot);
	dmPutWarnings(gRoot);
	dmPutText("");
	dmPutVariables(gRoot);
	dmEnd();
}
