/*
 * A TLS session that is kept over deep sleep: sealed, in memory that a power loss turns to garbage. It saves the proofs by
 * certificates that a full handshake takes; a server that resumes proves itself by the session's secret instead.
 */
#ifndef DORMOUSE_TLS_SESSION_H
#define DORMOUSE_TLS_SESSION_H

#include <stdint.h>

#include "mbedtls/ssl.h"
#include "mbedtls/version.h"

#include "session-memory.h"

#define DM_SESSION_BINDING 32

/* Earlier ones know the age of a ticket of 1.3 by a clock that may be set while it is kept: those are not kept. */
#if MBEDTLS_VERSION_NUMBER >= 0x03060000 && defined(MBEDTLS_SSL_PROTO_TLS1_3) && defined(MBEDTLS_HAVE_TIME)
#define DM_SESSION_TLS13 1
#endif

/* What is known of a session beyond mbedTLS's own. */
typedef struct {
	double receivedMs; /* of the board's clock: when its ticket came, or when resuming failed last */
	double fullMs; /* of the board's clock: when the server proved itself by its certificate */
	double fromSeconds, toSeconds; /* since 1970: when all certificates of that chain are good */
	uint32_t failures; /* in a row, of connections that should have been resumed */
} DmSessionFacts;

/* What a session hangs on, as one digest: of texts in this order, any of them NULL. Returns 0 when it cannot be had. */
int dm_session_bind(uint8_t into[DM_SESSION_BINDING], const char *const texts[], int count);
/*
 * Reads what is kept. Facts are zeros when nothing is, or it is not for this binding.
 * nowSeconds: since 1970, 0 while unknown; into: initialised, NULL where no session is wanted
 * Returns 1 when `into` is a session that may be offered
 */
int dm_session_take(const uint8_t binding[DM_SESSION_BINDING], double nowSeconds, DmSessionFacts *facts, mbedtls_ssl_session *into);
/*
 * Keeps a session, which loses the peer's certificate, in place of what is kept; NULL keeps the facts alone.
 * Returns the bytes that it takes, 0 when it cannot be kept, and their negative when they are too many: nothing is kept then
 */
int dm_session_put(const uint8_t binding[DM_SESSION_BINDING], const DmSessionFacts *facts, mbedtls_ssl_session *session);
void dm_session_forget(void);
/* Whether resuming failed so often that no session is to be kept for a while. */
int dm_session_rests(const DmSessionFacts *facts);
/* Whether two sessions have the same ticket, and the same id where they have none. */
int dm_session_same(const mbedtls_ssl_session *a, const mbedtls_ssl_session *b);

#endif
