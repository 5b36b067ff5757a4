/*
 * The engine of `device-tls.ts`: mbedTLS between two buffers, without a socket of its own, so that it is the same on
 * every platform of the SDK. mbedTLS 2.28 (Debian), 3.x and 4.x (ESP-IDF 5 and 6).
 */
#include "xsmc.h"
#include "xsHost.h"

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
#if MBEDTLS_VERSION_NUMBER >= 0x03000000
#include "psa/crypto.h"
#endif

#include "../board.h"

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
	double nowSeconds; /* since 1970; 0 while unknown */
	int isAddress; /* the host is one: mbedTLS knows names only, up to 3.4 */
	uint8_t address[4];
	Stream in, out, plain;
	int hasChain; /* the server's certificate is good: what is left to prove is that it has the key */
	int result; /* as `step` told it last */
	int isOver; /* the peer says that no more comes */
} Tls;

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

/* Seconds since 1970 of a date of the Gregorian calendar. Source: H. Hinnant, chrono-compatible low-level date algorithms. */
static double secondsAt(int year, int month, int day, int hour, int minute, int second)
{
	int shifted = month <= 2 ? year - 1 : year;
	int era = shifted / 400, ofEra = shifted - era * 400;
	int ofYear = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
	double days = era * 146097.0 + ofEra * 365 + ofEra / 4 - ofEra / 100 + ofYear - 719468;
	return ((days * 24 + hour) * 60 + minute) * 60 + second;
}

static double secondsOf(const mbedtls_x509_time *at)
{
	return secondsAt(at->year, at->mon, at->day, at->hour, at->min, at->sec);
}

/* When this file was compiled: certificates that ended before cannot be good. */
static double builtSeconds(void)
{
	static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
	const char name[4] = { __DATE__[0], __DATE__[1], __DATE__[2], 0 };
	const char *month = strstr(months, name);
	return secondsAt(atoi(__DATE__ + 7), month ? (int)(month - months) / 3 + 1 : 1, atoi(__DATE__ + 4), 0, 0, 0);
}

/* Whether a certificate is for this IPv4 address. Source: RFC 5280 §4.2.1.6, iPAddress is [7]. */
static int holdsAddress(const mbedtls_x509_crt *certificate, const uint8_t address[4])
{
	const mbedtls_x509_sequence *name;
	for (name = &certificate->subject_alt_names; name; name = name->next)
		if ((name->buf.tag & 0x1f) == 7 && name->buf.len == 4 && !memcmp(name->buf.p, address, 4))
			return 1;
	return 0;
}

/* Reads four numbers with dots between. */
static int parseAddress(const char *text, uint8_t into[4])
{
	int part, digits;
	for (part = 0; part < 4; part++) {
		int value = 0;
		for (digits = 0; *text >= '0' && *text <= '9' && digits < 3; digits++)
			value = value * 10 + *text++ - '0';
		if (!digits || value > 255 || *text != (part < 3 ? '.' : 0))
			return 0;
		into[part] = (uint8_t)value;
		text++;
	}
	return 1;
}

/* Dates are held against the node's clock, and never against the platform's, which may not be set. */
static int onVerify(void *context, mbedtls_x509_crt *certificate, int depth, uint32_t *flags)
{
	Tls *tls = context;
	double now = tls->nowSeconds;
	double to = secondsOf(&certificate->valid_to);
	*flags &= ~(uint32_t)(MBEDTLS_X509_BADCERT_EXPIRED | MBEDTLS_X509_BADCERT_FUTURE);
	if (now > 0 ? now > to : to <= builtSeconds())
		*flags |= MBEDTLS_X509_BADCERT_EXPIRED;
	if (now > 0 && now < secondsOf(&certificate->valid_from))
		*flags |= MBEDTLS_X509_BADCERT_FUTURE;
	if (depth == 0 && tls->isAddress && !holdsAddress(certificate, tls->address))
		*flags |= MBEDTLS_X509_BADCERT_CN_MISMATCH;
	if (depth == 0)
		tls->hasChain = 1;
	return 0;
}

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

/* 3.x needs it for TLS 1.3, 4.x before anything else, PEM included; again does nothing. */
static int prepare(void)
{
#if MBEDTLS_VERSION_NUMBER >= 0x03000000
	return psa_crypto_init() == PSA_SUCCESS;
#else
	return 1;
#endif
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
	mbedtls_ssl_conf_verify(config, onVerify, tls);
	mbedtls_ssl_conf_ca_chain(config, &tls->ca, NULL);
#if MBEDTLS_VERSION_NUMBER < 0x03000000
	mbedtls_ssl_conf_min_version(config, MBEDTLS_SSL_MAJOR_VERSION_3, MBEDTLS_SSL_MINOR_VERSION_3);
#else
	mbedtls_ssl_conf_min_tls_version(config, MBEDTLS_SSL_VERSION_TLS1_2);
#endif
#if MBEDTLS_VERSION_NUMBER < 0x04000000
	mbedtls_ssl_conf_rng(config, onRandom, NULL);
#endif
	if (tls->protocols[0] && mbedtls_ssl_conf_alpn_protocols(config, tls->protocols))
		return 0;
	if (tls->certificate.version && mbedtls_ssl_conf_own_cert(config, &tls->certificate, &tls->key))
		return 0;
	/* a name is sent and looked for by mbedTLS; an address is not sent (RFC 6066 §3), and looked for by `onVerify` */
	tls->isAddress = parseAddress(host, tls->address);
	if (mbedtls_ssl_setup(&tls->ssl, config) || mbedtls_ssl_set_hostname(&tls->ssl, tls->isAddress ? NULL : host))
		return 0;
	mbedtls_ssl_set_bio(&tls->ssl, tls, onSend, onReceive, NULL);
	return 1;
}

/* host, ca, certificate, key, alpn, milliseconds since 1970 */
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
	tls->nowSeconds = xsmcToNumber(xsArg(5)) / 1000;

	const char *ca = textAt(the, 1), *certificate = textAt(the, 2), *key = textAt(the, 3), *alpn = textAt(the, 4);
	if (alpn && strlen(alpn) < sizeof(tls->alpn)) {
		strcpy(tls->alpn, alpn);
		tls->protocols[0] = tls->alpn;
	}
	int isSound = prepare() && ca && parseCertificates(&tls->ca, ca) && !certificate == !key;
	if (isSound && certificate)
		isSound = parseCertificates(&tls->certificate, certificate) && parseKey(tls, key);
	tls->result = isSound && configure(tls, textAt(the, 0)) ? WAITS : DECLARATION;
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
	if (error == MBEDTLS_ERR_SSL_HANDSHAKE_FAILURE && tls->hasChain)
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

/* The handshake, and once it is over all records that came. */
static int advance(Tls *tls)
{
	if (tls->result == WAITS) {
		int result = mbedtls_ssl_handshake(&tls->ssl);
		if (result)
			return isWaiting(result) ? WAITS : failureOf(tls, result);
		/* VERIFY_REQUIRED ends the handshake by itself; that nothing leaves must not hang on it alone */
		if (mbedtls_ssl_get_verify_result(&tls->ssl))
			return UNTRUSTED;
		tls->result = OPEN;
	}
	while (!tls->isOver) {
		uint8_t bytes[256];
		size_t left = waiting(&tls->in);
		int result = mbedtls_ssl_read(&tls->ssl, bytes, sizeof(bytes));
		if (result > 0) {
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
		if (result == MBEDTLS_ERR_SSL_RECEIVED_NEW_SESSION_TICKET)
			continue;
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
