/* How a wake ends from within: XS's aborts, an unhandled exception, a write to flash, and the end that the board asks for. */
#include "dormouse.h"
#include <sys/mman.h>

static sigjmp_buf gEscape;	/* out of a signal handler; valid while dmRun is entered */
static volatile sig_atomic_t gRunning;

static void say(dmWake* wake, int reason, const char* message)
{
	wake->reason = reason;
	if (message)
		snprintf(wake->message, sizeof(wake->message), "%s", message);
}

void dmUnwind(int reason, const char* message)
{
	dmWake* wake = gWake;
	say(wake, reason, message);
	fxExitToHost(wake->machine);
}

static int reasonOf(int status)
{
	switch (status) {
	case XS_NOT_ENOUGH_MEMORY_EXIT:
	case XS_NO_MORE_KEYS_EXIT: return REASON_MEMORY;
	case XS_STACK_OVERFLOW_EXIT: return REASON_STACK;
	case XS_TOO_MUCH_COMPUTATION_EXIT: return REASON_ENDLESS;
	case XS_UNHANDLED_EXCEPTION_EXIT:
	case XS_UNHANDLED_REJECTION_EXIT: return REASON_EXCEPTION;
	}
	return REASON_HOST;
}

static const char* messageOf(txMachine* the, int status, char* text, size_t size)
{
	switch (status) {
	case XS_NOT_ENOUGH_MEMORY_EXIT:
		snprintf(text, size, "out of memory: %d of %d slots, %d of %d bytes of chunks in use", (int)the->currentHeapCount,
			(int)the->maximumHeapCount, (int)the->currentChunksSize, (int)the->maximumChunksSize);
		break;
	case XS_NO_MORE_KEYS_EXIT: snprintf(text, size, "out of keys: too many property names made at run time"); break;
	case XS_STACK_OVERFLOW_EXIT:
		snprintf(text, size, "stack overflow: %d slots", (int)(the->stackTop - the->stackBottom));
		break;
	case XS_TOO_MUCH_COMPUTATION_EXIT: snprintf(text, size, "endless loop: over %u computrons", gWake->meterLimit); break;
	case XS_UNHANDLED_REJECTION_EXIT: snprintf(text, size, "unhandled rejection of a promise"); break;
	default: snprintf(text, size, "XS abort %d", status);
	}
	return text;
}

/* XS's verdicts. The root has no wake: what goes wrong there happened while evaluating modules. */
static void explain(txMachine* the);

void fxAbort(txMachine* the, int status)
{
	char text[sizeof(gWake->message)];
	if (!gWake)
		fxExitToHost(the);
	if (!gWake->machine) { /* cloning: the machine's own jump takes it */
		say(gWake, REASON_MEMORY, "out of memory before firmware ran");
		fxExitToHost(the);
	}
	if ((gWake->reason == REASON_NONE) && (status == XS_UNHANDLED_REJECTION_EXIT)) {
		explain(the); /* XS leaves the promise's reason as the exception */
		snprintf(text, sizeof(text), "unhandled rejection of a promise: %s", gWake->message);
		say(gWake, gWake->reason, text);
	}
	if ((gWake->reason == REASON_NONE) && gDebug && the->frame)
		dmTrace(the, the->frame, gWake->trace, sizeof(gWake->trace));
	if (gWake->reason == REASON_NONE)
		say(gWake, reasonOf(status), messageOf(the, status, text, sizeof(text)));
	fxExitToHost(the);
}

static void onFlashWrite(int number, siginfo_t* info, void* context)
{
	if (gRunning && gWake && dmInFlash(info->si_addr))
		siglongjmp(gEscape, 1);
	signal(number, SIG_DFL); /* a fault of the host's own: die of it */
}

void dmCatchSignals(void)
{
	static uint8_t stack[64 << 10];
	stack_t alternative = { .ss_sp = stack, .ss_size = sizeof(stack) };
	struct sigaction action = { .sa_sigaction = onFlashWrite, .sa_flags = SA_SIGINFO | SA_ONSTACK };
	sigaltstack(&alternative, C_NULL);
	sigaction(SIGSEGV, &action, C_NULL);
	sigaction(SIGBUS, &action, C_NULL);
	signal(SIGPIPE, SIG_IGN);
}

static txBoolean meterCallback(txMachine* the, txU4 index)
{
	return index <= gWake->meterLimit;
}

/* "Name: message" of what was thrown. Runs firmware code at worst; its own failures end at the base of the wake. */
static void explain(txMachine* the)
{
	mxTry(the) {
		txSlot* error = mxException.kind == XS_REFERENCE_KIND ? mxException.value.reference : C_NULL;
		mxPush(mxException);
		fxToString(the, the->stack);
		say(gWake, REASON_EXCEPTION, the->stack->value.string);
		mxPop();
		if (strstr(gWake->message, "read-only"))
			gWake->reason = REASON_FLASH;
		if (gDebug && error && error->next)
			dmRecallTrace(error->next, gWake->trace, sizeof(gWake->trace));
	}
	mxCatch(the) {
		say(gWake, REASON_EXCEPTION, "an exception that cannot be described");
	}
	mxException = mxUndefined;
}

static void runJobs(txMachine* the)
{
	do {
		while (the->promiseJobs) {
			the->promiseJobs = 0;
			fxRunPromiseJobs(the);
		}
		fxEndJob(the);
	} while (the->promiseJobs);
	fxCheckUnhandledRejections(the, 1);
}

static void guarded(dmWake* wake, void (*body)(txMachine*, const dmMessage*), const dmMessage* message)
{
	txMachine* the = wake->machine;
	fxBeginMetering(the, meterCallback, wake->meterLimit < 10000 ? wake->meterLimit : 10000);
	fxBeginHost(the);
	{
		mxTry(the) {
			(*body)(the, message);
		}
		mxCatch(the) {
			explain(the);
		}
	}
	if (wake->reason == REASON_NONE)
		runJobs(the);
	fxEndHost(the);
}

static void answer(dmWake* wake)
{
	int ended = wake->reason == REASON_ENDED;
	dmBegin(wake->reason == REASON_NONE ? MESSAGE_IDLE : ended ? MESSAGE_ENDED : MESSAGE_FAULT);
	dmPutFigures(wake);
	if (wake->machine)
		dmPutModuleWrites(wake->machine);
	dmPut("", 1);
	if ((wake->reason != REASON_NONE) && !ended) {
		uint8_t reason = (uint8_t)wake->reason;
		dmPut(&reason, 1);
		dmPutText(wake->message);
		dmPutText(wake->trace);
	}
	dmEnd();
}

/* Runs `body` in the wake and answers the driver; whatever ends the wake lands here. */
void dmRun(dmWake* wake, void (*body)(txMachine*, const dmMessage*), const dmMessage* message)
{
	txMachine* the = wake->machine;
	txJump jump = { 0 };
	gWake = wake;
	if (!the)
		say(wake, REASON_MEMORY, "out of memory before firmware ran");
	else {
		jump.stack = the->stack;
		jump.scope = the->scope;
		jump.frame = the->frame;
		jump.code = the->code;
		the->firstJump = &jump;
		gRunning = 1;
		if (sigsetjmp(gEscape, 1)) {
			say(wake, REASON_FLASH, "write to an object in flash");
			if (gDebug && the->frame)
				dmTrace(the, the->frame, wake->trace, sizeof(wake->trace));
		}
		else if (c_setjmp(jump.buffer) == 0)
			guarded(wake, body, message);
		gRunning = 0;
		wake->meter += the->meterIndex;
		the->firstJump = C_NULL;
	}
	answer(wake);
	gWake = C_NULL;
	if (wake->reason != REASON_NONE)
		dmDeleteWake(wake);
}
