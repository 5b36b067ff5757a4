/*
 * Kept TLS sessions without a server: damages what is kept and looks that nothing of it is taken. Prints `name=value`.
 * The board is made here; its clock is moved by hand.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mbedtls/platform.h"
#include "psa/crypto.h"

#include "../../modules/device/native/board.h"
#include "../../modules/device/native/tls/tls-session.h"

#if MBEDTLS_VERSION_NUMBER < 0x03000000
#define MBEDTLS_PRIVATE(member) member
#endif

#define TICKET 200
#define HINT 7200
#define HOUR 3600e3

static _Alignas(8) uint8_t memory[DM_SESSION_SIZE];
static uint8_t secret = 1;
static double nowMs = 1e6;
static int reason = DM_RESET_DEEP_SLEEP;

double dm_clock_ms(void)
{
	return nowMs;
}

int dm_reset_reason(void)
{
	return reason;
}

void dm_random(uint8_t *into, uint32_t count)
{
	if (psa_generate_random(into, count) != PSA_SUCCESS)
		abort();
}

uint8_t *dm_session_memory(void)
{
	return memory;
}

int dm_session_secret(uint8_t into[DM_SESSION_SECRET])
{
	memset(into, secret, DM_SESSION_SECRET);
	return secret != 0;
}

static const char *const NODE[] = { "broker.local", "8883", NULL, "a CA", "a certificate", "a key" };
static uint8_t binding[DM_SESSION_BINDING];
static DmSessionFacts facts;

static int keep(size_t ticket)
{
	mbedtls_ssl_session session;
	mbedtls_ssl_session_init(&session);
#if MBEDTLS_VERSION_NUMBER >= 0x03000000
	session.MBEDTLS_PRIVATE(tls_version) = MBEDTLS_SSL_VERSION_TLS1_2;
#endif
	session.MBEDTLS_PRIVATE(ticket) = mbedtls_calloc(1, ticket);
	session.MBEDTLS_PRIVATE(ticket_len) = ticket;
	session.MBEDTLS_PRIVATE(ticket_lifetime) = HINT;
	facts = (DmSessionFacts){ nowMs, nowMs, 1000, 2000, 0 };
	int result = dm_session_put(binding, &facts, &session);
	mbedtls_ssl_session_free(&session);
	return result;
}

/* Whether something is taken, and in how far. */
static int take(const uint8_t of[DM_SESSION_BINDING], double nowSeconds, DmSessionFacts *into)
{
	mbedtls_ssl_session session;
	mbedtls_ssl_session_init(&session);
	int taken = dm_session_take(of, nowSeconds, into, &session);
	if (taken && session.MBEDTLS_PRIVATE(ticket_len) == 0)
		abort();
	mbedtls_ssl_session_free(&session);
	return taken;
}

static int isTaken(double nowSeconds)
{
	DmSessionFacts got;
	return take(binding, nowSeconds, &got);
}

/* With the clock moved by so much. */
static int isTakenAfter(double ms)
{
	double before = nowMs;
	nowMs += ms;
	int taken = isTaken(0);
	nowMs = before;
	return taken;
}

static void print(const char *name, int value)
{
	printf("%s=%d\n", name, value);
}

/* With a file: keeps a session there. With a reset reason as well: whether a process that began with it takes the session. */
static int boot(const char *path, const char *why)
{
	FILE *file = fopen(path, why ? "rb" : "wb");
	if (!why)
		keep(TICKET);
	size_t count = why ? fread(memory, 1, sizeof(memory), file) : fwrite(memory, 1, sizeof(memory), file);
	fclose(file);
	if (why) {
		reason = atoi(why);
		print("taken", isTaken(0));
	}
	return count == sizeof(memory) ? 0 : 1;
}

int main(int count, char **arguments)
{
	DmSessionFacts got;
	if (psa_crypto_init() != PSA_SUCCESS || !dm_session_bind(binding, NODE, 6))
		return 1;
	if (count > 1)
		return boot(arguments[1], arguments[2]);
	print("garbage", isTaken(0));
	int size = keep(TICKET);
	print("size", size);
	print("kept", isTaken(0) + isTaken(0));
	print("inDate", isTaken(1000) + isTaken(1500) + isTaken(2000));
	print("outOfDate", isTaken(999.9) + isTaken(2000.1));

	int flips = 0, taken = 0, told = 0;
	for (int at = 0; at < size; at++)
		for (int bit = 0; bit < 8; bit++, flips++) {
			memory[at] ^= (uint8_t)(1 << bit);
			taken += take(binding, 0, &got);
			told += got.failures || got.fullMs;
			memory[at] ^= (uint8_t)(1 << bit);
		}
	print("flips", flips);
	print("flipsTaken", taken + told);
	uint8_t whole[DM_SESSION_SIZE];
	memcpy(whole, memory, sizeof(whole));
	taken = 0;
	for (int cut = 0; cut < size; cut++) { /* a reset in the middle of writing */
		dm_random(memory, sizeof(memory));
		memcpy(memory, whole, (size_t)cut);
		taken += isTaken(0);
	}
	print("cutsTaken", taken);
	memcpy(memory, whole, sizeof(whole));
	print("whole", isTaken(0));

	/* another server or provisioning, each text in turn, and moved between two */
	int others = 0;
	taken = 0;
	for (int n = 0; n < 6; n++) {
		const char *texts[6];
		uint8_t other[DM_SESSION_BINDING];
		for (int of = 0; of < 2; of++, others++) {
			memcpy(texts, NODE, sizeof(NODE));
			texts[n] = of ? "other" : n == 2 ? "" : NULL;
			dm_session_bind(other, texts, 6);
			taken += take(other, 0, &got);
		}
	}
	print("others", others);
	print("othersTaken", taken);
	secret = 2;
	print("otherSecret", isTaken(0));
	secret = 0;
	print("noSecret", isTaken(0));
	print("noSecretKept", keep(TICKET));
	secret = 1;

	keep(TICKET);
	print("beforeHint", isTakenAfter(HINT * 1e3 - 1));
	print("afterHint", isTakenAfter(HINT * 1e3));
	print("backwards", isTakenAfter(-1));
	nowMs += 24 * HOUR;
	facts.receivedMs = nowMs;
	mbedtls_ssl_session session;
	mbedtls_ssl_session_init(&session);
	session.MBEDTLS_PRIVATE(ticket) = mbedtls_calloc(1, TICKET);
	session.MBEDTLS_PRIVATE(ticket_len) = TICKET;
#if MBEDTLS_VERSION_NUMBER >= 0x03000000
	session.MBEDTLS_PRIVATE(tls_version) = MBEDTLS_SSL_VERSION_TLS1_2;
#endif
	dm_session_put(binding, &facts, &session);
	print("dayAfterFull", isTaken(0));
	facts.fullMs += 1;
	dm_session_put(binding, &facts, &session);
	print("almostADay", isTaken(0));

	/* two failures in a row are enough for a day */
	facts = (DmSessionFacts){ nowMs, nowMs, 1000, 2000, 2 };
	dm_session_put(binding, &facts, &session);
	print("rests", isTaken(0));
	take(binding, 0, &got);
	print("failures", (int)got.failures);
	nowMs += 24 * HOUR;
	take(binding, 0, &got);
	print("failuresADayLater", (int)got.failures);
	dm_session_put(binding, &facts, NULL);
	print("factsAlone", isTaken(0));
	take(binding, 0, &got);
	print("factsAloneFailures", (int)got.failures);
	mbedtls_ssl_session_free(&session);

	print("tooLarge", keep(1500));
	print("tooLargeTaken", isTaken(0));
	int most = 0;
	for (int ticket = 1200; ticket < 1500 && keep((size_t)ticket) > 0; ticket++)
		most = ticket;
	print("largestTicket", most);
	print("largestSize", keep((size_t)most));
	dm_session_forget();
	print("forgotten", isTaken(0));
	return 0;
}
