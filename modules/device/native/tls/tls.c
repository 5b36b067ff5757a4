/*
 * The engine of `device-tls.ts`: mbedTLS between two buffers, without a socket of its own, so that it is the same on
 * every platform of the SDK. mbedTLS 2.28 (Debian), 3.x and 4.x (ESP-IDF 5 and 6).
 */
#include "xsmc.h"
#include "xsHost.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mbedtls/pk.h"
#include "mbedtls/ssl.h"
#include "mbedtls/version.h"
#include "mbedtls/x509_crt.h"
#if MBEDTLS_VERSION_NUMBER < 0x04000000
#include "mbedtls/ecp.h"
#include "mbedtls/rsa.h"
#endif
#include "psa/crypto.h"

#include "../board.h"
#include "tls-session.h"
#include "tls-trust.h"

/* Answers; the failures are places in CODES of device-tls.ts, from 1. */
enum { OPEN = -1, WAITS, LOST, UNTRUSTED, REFUSED, PROTOCOL, DECLARATION };

/* A peer that sends more than this before it is read breaks the connection: one record and what came with it. */
#define STREAM_MOST (16384 + 2048)

/* Bytes on their way: [from, to) of a block that grows. */
typedef struct {
	uint8_t *bytes;
	size_t from, to, size;
} Stream;

typedef struct {
	mbedtls_ssl_context ssl;
	mbedtls_ssl_config config;
	mbedtls_x509_crt ca, certificate;
	mbedtls_pk_context key;
	const char *protocols[2];
	char alpn[33];
	DmTrust trust;
	Stream in, out, plain;
	int result; /* as `step` told it last */
	int isOver; /* the peer says that no more comes */
	uint8_t binding[DM_SESSION_BINDING];
	int keeps; /* sessions may be kept */
	int isOffered; /* a session was kept, and the server is asked to go on with it */
	int hasBegun, isProven; /* the first byte may have left; a byte of the application came */
	mbedtls_ssl_session offered, latest; /* the latest is what may be kept */
	int hasLatest;
	DmSessionFacts facts;
} Tls;

/* For the line of the wake: how the last handshake went, and what was kept of it. */
static struct {
	const char *how;
	int kept;
} told;

static int put(Stream *stream, const void *bytes, size_t count)
{
	if (stream->from) {
		memmove(stream->bytes, stream->bytes + stream->from, stream->to - stream->from);
		stream->to -= stream->from;
		stream->from = 0;
	}
	if (count > STREAM_MOST - stream->to)
		return 0;
	if (count > stream->size - stream->to) {
		size_t size = (stream->to + count + 255) & ~(size_t)255;
		uint8_t *larger = realloc(stream->bytes, size);
		if (!larger)
			return 0;
		stream->bytes = larger;
		stream->size = size;
	}
	memcpy(stream->bytes + stream->to, bytes, count);
	stream->to += count;
	return 1;
}

static size_t waiting(const Stream *stream)
{
	return stream->to - stream->from;
}

static void take(Stream *stream, void *into, size_t count)
{
	memcpy(into, stream->bytes + stream->from, count);
	stream->from += count;
}

static int onSend(void *context, const unsigned char *bytes, size_t count)
{
	return put(&((Tls *)context)->out, bytes, count) ? (int)count : MBEDTLS_ERR_SSL_WANT_WRITE;
}

static int onReceive(void *context, unsigned char *into, size_t count)
{
	Stream *in = &((Tls *)context)->in;
	if (count > waiting(in))
		count = waiting(in);
	if (!count)
		return MBEDTLS_ERR_SSL_WANT_READ;
	take(in, into, count);
	return (int)count;
}

#if MBEDTLS_VERSION_NUMBER < 0x04000000
static int onRandom(void *context, unsigned char *into, size_t count)
{
	(void)context;
	dm_random(into, (uint32_t)count);
	return 0;
}
#endif

static void freeStream(Stream *stream)
{
	if (stream->bytes)
		memset(stream->bytes, 0, stream->size);
	free(stream->bytes);
	memset(stream, 0, sizeof(*stream));
}

void xs_dormouse_tls_destructor(void *data)
{
	Tls *tls = data;
	if (!tls)
		return;
	mbedtls_ssl_free(&tls->ssl);
	mbedtls_ssl_config_free(&tls->config);
	mbedtls_x509_crt_free(&tls->ca);
	mbedtls_x509_crt_free(&tls->certificate);
	mbedtls_pk_free(&tls->key);
	mbedtls_ssl_session_free(&tls->offered);
	mbedtls_ssl_session_free(&tls->latest);
	freeStream(&tls->in);
	freeStream(&tls->out);
	freeStream(&tls->plain);
	free(tls);
}

void xs_dormouse_tls_close(xsMachine *the)
{
	xs_dormouse_tls_destructor(xsmcGetHostData(xsThis));
	xsmcSetHostData(xsThis, NULL);
}

static Tls *ofThis(xsMachine *the)
{
	Tls *tls = xsmcGetHostData(xsThis);
	if (!tls)
		xsUnknownError("closed");
	return tls;
}

/* An argument's text, NULL where there is none. It lies where it is until the engine allocates. */
static const char *textAt(xsMachine *the, int argument)
{
	return xsmcTypeOf(xsArg(argument)) == xsUndefinedType ? NULL : xsmcToString(xsArg(argument));
}

/* Kept sessions need it, 3.x for TLS 1.3, 4.x before anything else, PEM included; again does nothing. */
static int prepare(void)
{
	return psa_crypto_init() == PSA_SUCCESS;
}

/* PEM with all of its certificates sound: mbedTLS tells by a positive number how many were not. */
static int parseCertificates(mbedtls_x509_crt *into, const char *pem)
{
	return mbedtls_x509_crt_parse(into, (const unsigned char *)pem, strlen(pem) + 1) == 0;
}

static int parseKey(Tls *tls, const char *pem)
{
	const unsigned char *bytes = (const unsigned char *)pem;
	size_t count = strlen(pem) + 1;
#if MBEDTLS_VERSION_NUMBER < 0x03000000
	return !mbedtls_pk_parse_key(&tls->key, bytes, count, NULL, 0)
		&& !mbedtls_pk_check_pair(&tls->certificate.pk, &tls->key);
#elif MBEDTLS_VERSION_NUMBER < 0x04000000
	return !mbedtls_pk_parse_key(&tls->key, bytes, count, NULL, 0, onRandom, NULL)
		&& !mbedtls_pk_check_pair(&tls->certificate.pk, &tls->key, onRandom, NULL);
#else
	return !mbedtls_pk_parse_key(&tls->key, bytes, count, NULL, 0)
		&& !mbedtls_pk_check_pair(&tls->certificate.pk, &tls->key);
#endif
}

static int configure(Tls *tls, const char *host)
{
	mbedtls_ssl_config *config = &tls->config;
	if (mbedtls_ssl_config_defaults(config, MBEDTLS_SSL_IS_CLIENT, MBEDTLS_SSL_TRANSPORT_STREAM, MBEDTLS_SSL_PRESET_DEFAULT))
		return 0;
	mbedtls_ssl_conf_authmode(config, MBEDTLS_SSL_VERIFY_REQUIRED);
	mbedtls_ssl_conf_verify(config, dm_trust_verify, &tls->trust);
	mbedtls_ssl_conf_ca_chain(config, &tls->ca, NULL);
#if MBEDTLS_VERSION_NUMBER < 0x03000000
	mbedtls_ssl_conf_min_version(config, MBEDTLS_SSL_MAJOR_VERSION_3, MBEDTLS_SSL_MINOR_VERSION_3);
#else
	mbedtls_ssl_conf_min_tls_version(config, MBEDTLS_SSL_VERSION_TLS1_2);
#endif
#if MBEDTLS_VERSION_NUMBER < 0x04000000
	mbedtls_ssl_conf_rng(config, onRandom, NULL);
#endif
#ifdef MBEDTLS_SSL_PROTO_TLS1_3
	/* a resumed session agrees on keys of its own, so that what is kept opens nothing that was recorded */
	mbedtls_ssl_conf_tls13_key_exchange_modes(config,
		MBEDTLS_SSL_TLS1_3_KEY_EXCHANGE_MODE_PSK_EPHEMERAL | MBEDTLS_SSL_TLS1_3_KEY_EXCHANGE_MODE_EPHEMERAL);
#endif
#ifdef MBEDTLS_SSL_TLS1_3_SIGNAL_NEW_SESSION_TICKETS_ENABLED
	mbedtls_ssl_conf_tls13_enable_signal_new_session_tickets(config, MBEDTLS_SSL_TLS1_3_SIGNAL_NEW_SESSION_TICKETS_ENABLED);
#endif
	if (tls->protocols[0] && mbedtls_ssl_conf_alpn_protocols(config, tls->protocols))
		return 0;
	if (tls->certificate.version && mbedtls_ssl_conf_own_cert(config, &tls->certificate, &tls->key))
		return 0;
	/* a name is sent and looked for by mbedTLS; an address is not sent (RFC 6066 §3), and looked for by `dm_trust_verify` */
	if (mbedtls_ssl_setup(&tls->ssl, config) || mbedtls_ssl_set_hostname(&tls->ssl, tls->trust.isAddress ? NULL : host))
		return 0;
	mbedtls_ssl_set_bio(&tls->ssl, tls, onSend, onReceive, NULL);
	return 1;
}

static void tell(char *into, unsigned size)
{
	if (told.how && told.kept < 0)
		snprintf(into, size, " tls=%s kept=none tooLarge=%d", told.how, -told.kept);
	else if (told.how)
		snprintf(into, size, " tls=%s kept=%d", told.how, told.kept);
}

/* Looks for a kept session and readies it. It stays kept until it is used. */
static void resume(Tls *tls, const char *const texts[], int count, int wanted)
{
	tls->keeps = dm_session_bind(tls->binding, texts, count);
	if (!tls->keeps)
		return;
	int isKept = dm_session_take(tls->binding, tls->trust.nowSeconds, &tls->facts, wanted ? &tls->offered : NULL);
	tls->isOffered = isKept && !mbedtls_ssl_set_session(&tls->ssl, &tls->offered);
	tls->keeps = !dm_session_rests(&tls->facts);
}

/* host, port, alpn, ca, certificate, key, milliseconds since 1970, whether to resume */
void xs_dormouse_tls_begin(xsMachine *the)
{
	Tls *tls = calloc(1, sizeof(Tls));
	if (!tls)
		xsUnknownError("no memory");
	mbedtls_ssl_init(&tls->ssl);
	mbedtls_ssl_config_init(&tls->config);
	mbedtls_x509_crt_init(&tls->ca);
	mbedtls_x509_crt_init(&tls->certificate);
	mbedtls_pk_init(&tls->key);
	xsmcSetHostData(xsThis, tls);
	mbedtls_ssl_session_init(&tls->offered);
	mbedtls_ssl_session_init(&tls->latest);
	double nowSeconds = xsmcToNumber(xsArg(6)) / 1000;
	int wanted = xsmcToBoolean(xsArg(7));
	dm_report_more = tell;

	/* texts are in flash or in XS's heap: nothing below allocates there */
	const char *texts[6];
	for (int n = 0; n < 6; n++)
		texts[n] = textAt(the, n);
	const char *host = texts[0], *alpn = texts[2], *ca = texts[3], *certificate = texts[4], *key = texts[5];
	dm_trust_begin(&tls->trust, host, nowSeconds);
	if (alpn && strlen(alpn) < sizeof(tls->alpn)) {
		strcpy(tls->alpn, alpn);
		tls->protocols[0] = tls->alpn;
	}
	int isSound = prepare() && ca && parseCertificates(&tls->ca, ca) && !certificate == !key;
	if (isSound && certificate)
		isSound = parseCertificates(&tls->certificate, certificate) && parseKey(tls, key);
	tls->result = isSound && configure(tls, host) ? WAITS : DECLARATION;
	if (tls->result == WAITS)
		resume(tls, texts, 6, wanted);
	xsmcSetInteger(xsResult, tls->result);
}

void xs_dormouse_tls_feed(xsMachine *the)
{
	Tls *tls = ofThis(the);
	void *bytes;
	xsUnsignedValue count;
	xsmcGetBufferReadable(xsArg(0), &bytes, &count);
	if (!put(&tls->in, bytes, count))
		tls->result = PROTOCOL; /* more than a record: nobody reads it, or it never ends */
}

/* What an error of mbedTLS means for the node. */
static int failureOf(const Tls *tls, int error)
{
#if MBEDTLS_VERSION_NUMBER >= 0x03000000
	/* what it says of a CertificateVerify of TLS 1.3 by another key */
	if (error == MBEDTLS_ERR_SSL_HANDSHAKE_FAILURE && tls->trust.hasChain)
		return UNTRUSTED;
#endif
	(void)tls;
	switch (error) {
	case MBEDTLS_ERR_X509_CERT_VERIFY_FAILED:
#if MBEDTLS_VERSION_NUMBER < 0x03000000
	case MBEDTLS_ERR_SSL_BAD_HS_CERTIFICATE:
	case MBEDTLS_ERR_SSL_NO_USABLE_CIPHERSUITE:
#else
	case MBEDTLS_ERR_SSL_BAD_CERTIFICATE:
#endif
	/* the proof that the server holds its certificate's key */
#if MBEDTLS_VERSION_NUMBER < 0x04000000
	case MBEDTLS_ERR_ECP_VERIFY_FAILED:
	case MBEDTLS_ERR_RSA_VERIFY_FAILED:
#else
	case PSA_ERROR_INVALID_SIGNATURE:
#endif
		return UNTRUSTED;
	case MBEDTLS_ERR_SSL_FATAL_ALERT_MESSAGE:
		return REFUSED;
	default:
		return PROTOCOL;
	}
}

static int isWaiting(int result)
{
	return result == MBEDTLS_ERR_SSL_WANT_READ || result == MBEDTLS_ERR_SSL_WANT_WRITE;
}

/* Takes what may be kept: of 1.2 at the end of the handshake, of 1.3 with each ticket. */
static void collect(Tls *tls)
{
	mbedtls_ssl_session_free(&tls->latest);
	mbedtls_ssl_session_init(&tls->latest);
	tls->hasLatest = tls->keeps && !mbedtls_ssl_get_session(&tls->ssl, &tls->latest);
	/* one of 1.2 that the server did not renew is as old as it was */
	if (!tls->isOffered || !dm_session_same(&tls->offered, &tls->latest))
		tls->facts.receivedMs = dm_clock_ms();
}

static void keep(Tls *tls)
{
	if (tls->hasLatest)
		told.kept = dm_session_put(tls->binding, &tls->facts, &tls->latest);
	tls->hasLatest = 0;
}

/* The first bytes are about to leave: a session is used once, and has failed until the server has answered. */
static void begin(Tls *tls)
{
	tls->hasBegun = 1;
	if (!tls->isOffered)
		return;
	DmSessionFacts failed = tls->facts;
	failed.failures++;
	failed.receivedMs = dm_clock_ms();
	dm_session_put(tls->binding, &failed, NULL);
}

/* The handshake is over. Returns 0 when it proves nothing. */
static int check(Tls *tls)
{
	/* VERIFY_REQUIRED ends the handshake by itself; that nothing leaves must not hang on it alone */
	if (mbedtls_ssl_get_verify_result(&tls->ssl) || (!tls->trust.hasChain && !tls->isOffered))
		return 0;
	told.how = tls->trust.hasChain ? "full" : "resumed";
	told.kept = 0;
	if (tls->trust.hasChain) {
		tls->facts.fullMs = dm_clock_ms();
		tls->facts.fromSeconds = tls->trust.fromSeconds;
		tls->facts.toSeconds = tls->trust.toSeconds;
	}
	if (!strcmp(mbedtls_ssl_get_version(&tls->ssl), "TLSv1.2"))
		collect(tls);
	return 1;
}

/* A byte of the application came: the server takes the session, and the node. Before that nothing is kept. */
static void prove(Tls *tls)
{
	tls->isProven = 1;
	if (tls->isOffered)
		tls->facts.failures = 0;
	if (tls->hasLatest)
		keep(tls);
	else if (tls->isOffered)
		dm_session_forget();
}

/* The handshake, and once it is over all records that came. */
static int advance(Tls *tls)
{
	if (tls->result == WAITS) {
		if (!tls->hasBegun)
			begin(tls);
		int result = mbedtls_ssl_handshake(&tls->ssl);
		if (result)
			return isWaiting(result) ? WAITS : failureOf(tls, result);
		if (!check(tls))
			return UNTRUSTED;
		tls->result = OPEN;
	}
	while (!tls->isOver) {
		uint8_t bytes[256];
		size_t left = waiting(&tls->in);
		int result = mbedtls_ssl_read(&tls->ssl, bytes, sizeof(bytes));
		if (result > 0) {
			if (!tls->isProven)
				prove(tls);
			if (!put(&tls->plain, bytes, (size_t)result))
				return PROTOCOL;
			continue;
		}
		if (isWaiting(result)) {
			/* 3.x and 4.x say so after a session ticket as well, and what follows it may be here already */
			if (waiting(&tls->in) && waiting(&tls->in) < left)
				continue;
			break;
		}
#ifdef MBEDTLS_ERR_SSL_RECEIVED_NEW_SESSION_TICKET
		if (result == MBEDTLS_ERR_SSL_RECEIVED_NEW_SESSION_TICKET) {
#ifdef DM_SESSION_TLS13
			collect(tls);
			if (tls->isProven)
				keep(tls);
#endif
			continue;
		}
#endif
		if (result && result != MBEDTLS_ERR_SSL_PEER_CLOSE_NOTIFY)
			return failureOf(tls, result);
		tls->isOver = 1;
	}
	return tls->isOver && !waiting(&tls->plain) ? LOST : OPEN;
}

void xs_dormouse_tls_step(xsMachine *the)
{
	Tls *tls = ofThis(the);
	if (tls->result <= WAITS)
		tls->result = advance(tls);
	xsmcSetInteger(xsResult, tls->result);
}

void xs_dormouse_tls_offers(xsMachine *the)
{
	Tls *tls = ofThis(the);
	xsmcSetBoolean(xsResult, tls->isOffered && tls->hasBegun && !tls->isProven);
}

void xs_dormouse_tls_waiting(xsMachine *the)
{
	xsmcSetInteger(xsResult, (int)waiting(&ofThis(the)->plain));
}

void xs_dormouse_tls_read(xsMachine *the)
{
	Tls *tls = ofThis(the);
	void *into;
	xsUnsignedValue count;
	xsmcGetBufferWritable(xsArg(0), &into, &count);
	if (count > waiting(&tls->plain))
		xsUnknownError("invalid");
	take(&tls->plain, into, count);
}

void xs_dormouse_tls_write(xsMachine *the)
{
	Tls *tls = ofThis(the);
	void *bytes;
	xsUnsignedValue count, from = 0;
	xsmcGetBufferReadable(xsArg(0), &bytes, &count);
	while (tls->result == OPEN && from < count) {
		int result = mbedtls_ssl_write(&tls->ssl, (const unsigned char *)bytes + from, count - from);
		if (result > 0)
			from += (xsUnsignedValue)result;
		else
			tls->result = LOST; /* the buffer takes a whole record: whatever it is, it is over */
	}
	xsmcSetInteger(xsResult, tls->result);
}

void xs_dormouse_tls_end(xsMachine *the)
{
	mbedtls_ssl_close_notify(&ofThis(the)->ssl);
}

void xs_dormouse_tls_pending(xsMachine *the)
{
	xsmcSetInteger(xsResult, (int)waiting(&ofThis(the)->out));
}

void xs_dormouse_tls_take(xsMachine *the)
{
	Tls *tls = ofThis(the);
	int count = xsmcToInteger(xsArg(0));
	if (count < 0 || (size_t)count > waiting(&tls->out))
		xsUnknownError("invalid");
	xsmcSetArrayBuffer(xsResult, NULL, count);
	take(&tls->out, xsmcToArrayBuffer(xsResult), (size_t)count);
}
