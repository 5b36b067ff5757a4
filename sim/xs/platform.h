/*
 * What XS asks of a port, answered as the SDK's device builds answer it. Left undefined on purpose, as on a device:
 * mxMinusZero, mxStringNormalize, mxCESU8, mxRegExpUnicodePropertyEscapes.
 */
#ifndef __DORMOUSE_PLATFORM__
#define __DORMOUSE_PLATFORM__

#undef mxLittleEndian
#define mxLittleEndian 1
#if defined(__APPLE__)
	#undef mxMacOSX
	#define mxMacOSX 1
#else
	#undef mxLinux
	#define mxLinux 1
#endif
#define mxExport extern
#define mxImport extern
#define XS_FUNCTION_NORETURN __attribute__((noreturn))
#define XS_FUNCTION_ANALYZER_NORETURN

#include <ctype.h>
#include <errno.h>
#include <float.h>
#include <math.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

typedef int txSocket;
#define mxNoSocket -1
#define mxUseGCCAtomics 1
#define mxUsePOSIXThreads 1

/* Date reads the board's clock and Math.random the board's entropy, through host calls: see calls.c. */
typedef struct timeval c_timeval;
#define c_timezone timezone
#define c_gettimeofday dmClock
extern int dmClock(struct timeval* now, void* zone);
#define c_rand dmRandom
extern int dmRandom(void);

/* The RAM of a wake: see ram.c. `low` and `high` bound what is free of a linear region; both NULL without one. */
#define mxMachinePlatform \
	uint8_t* low; \
	uint8_t* high; \
	int promiseJobs; \
	void* waiterCondition; \
	void* waiterData; \
	void* waiterLink;

#define mxUseDefaultBuildKeys 1
#define mxUseDefaultSharedChunks 1
#if INTPTR_MAX == INT64_MAX
	#define mx32bitID 1
#endif
#define mxTableMinLength (1)
#define mxFallThrough (void)0

#endif
