/*
 * Sessions of mbedTLS in memory that survives deep sleep. What is there is authenticated encryption under a key that hangs
 * on a secret of the device, which is elsewhere, and on all that the connection is about: garbage, and sessions of another
 * server or another provisioning, are not told apart from nothing.
 */
#include "tls-session.h"

#include <stdlib.h>
#include <string.h>

#include "mbedtls/platform.h"
#include "mbedtls/platform_util.h"
#include "psa/crypto.h"

#include "../board.h"

#if MBEDTLS_VERSION_NUMBER < 0x03000000
#define MBEDTLS_PRIVATE(member) member
#endif
#ifdef DM_SESSION_TLS13
#include "mbedtls/platform_time.h"
#endif

#define MAGIC 0x31534d44u /* "DMS1" */
#define SALT 16
#define TAG 16
#define HOUR_MS 3600e3
/*
 * So long after the server's certificate was looked at, it is looked at again. Tickets of TLS 1.3 may be good for a week
 * (RFC 8446 §4.6.1), but revoked and replaced certificates should not be.
 */
#define FULL_MOST_MS (24 * HOUR_MS)
/* So often in a row resuming may fail before sessions are left alone, and for how long. */
#define FAILURES_MOST 2
#define REST_MS (24 * HOUR_MS)

/* Never leaves this chip: its own byte order will do. */
typedef struct {
	uint32_t magic;
	uint32_t size; /* of what is sealed, with its tag */
	uint8_t salt[SALT];
} Head;

#define SEALED_MOST (DM_SESSION_SIZE - sizeof(Head))

/* RTC memory of before a reset is left alone, but for what was kept since: the clock or the firmware may be another. */
static int isOfThisBoot;

int dm_session_bind(uint8_t into[DM_SESSION_BINDING], const char *const texts[], int count)
{
	psa_hash_operation_t hash = PSA_HASH_OPERATION_INIT;
	size_t length;
	int isSound = psa_hash_setup(&hash, PSA_ALG_SHA_256) == PSA_SUCCESS;
	for (int n = 0; isSound && n < count; n++) {
		uint32_t size = texts[n] ? (uint32_t)strlen(texts[n]) : UINT32_MAX; /* so that no two lists are alike */
		isSound = psa_hash_update(&hash, (const uint8_t *)&size, sizeof(size)) == PSA_SUCCESS
			&& (!texts[n] || psa_hash_update(&hash, (const uint8_t *)texts[n], size) == PSA_SUCCESS);
	}
	isSound = isSound && psa_hash_finish(&hash, into, DM_SESSION_BINDING, &length) == PSA_SUCCESS;
	psa_hash_abort(&hash);
	return isSound;
}

static psa_status_t import(psa_key_id_t *key, psa_key_type_t type, psa_key_usage_t usage, psa_algorithm_t algorithm, const uint8_t bytes[32])
{
	psa_key_attributes_t attributes = PSA_KEY_ATTRIBUTES_INIT;
	psa_set_key_type(&attributes, type);
	psa_set_key_bits(&attributes, 256);
	psa_set_key_usage_flags(&attributes, usage);
	psa_set_key_algorithm(&attributes, algorithm);
	return psa_import_key(&attributes, bytes, 32, key);
}

/* A key for one sealing: HMAC-SHA-256 of its salt and the binding, under the device's secret. Destroy it after use. */
static int keyOf(psa_key_id_t *key, psa_key_usage_t usage, const uint8_t salt[SALT], const uint8_t binding[DM_SESSION_BINDING])
{
	static const char purpose[] = "dormouse tls session 1";
	uint8_t message[sizeof(purpose) + SALT + DM_SESSION_BINDING], secret[DM_SESSION_SECRET], derived[32];
	psa_key_id_t master = 0;
	size_t length = 0;
	memcpy(message, purpose, sizeof(purpose));
	memcpy(message + sizeof(purpose), salt, SALT);
	memcpy(message + sizeof(purpose) + SALT, binding, DM_SESSION_BINDING);
	psa_algorithm_t hmac = PSA_ALG_HMAC(PSA_ALG_SHA_256);
	int isSound = dm_session_secret(secret)
		&& import(&master, PSA_KEY_TYPE_HMAC, PSA_KEY_USAGE_SIGN_MESSAGE, hmac, secret) == PSA_SUCCESS
		&& psa_mac_compute(master, hmac, message, sizeof(message), derived, sizeof(derived), &length) == PSA_SUCCESS
		&& import(key, PSA_KEY_TYPE_AES, usage, PSA_ALG_GCM, derived) == PSA_SUCCESS;
	if (master)
		psa_destroy_key(master);
	mbedtls_platform_zeroize(secret, sizeof(secret));
	mbedtls_platform_zeroize(derived, sizeof(derived));
	return isSound;
}

/* Each key seals once, so that the nonce need not vary. */
static const uint8_t NONCE[12];

static int unseal(const uint8_t binding[DM_SESSION_BINDING], const Head *head, const uint8_t *sealed, uint8_t *into, size_t *count)
{
	psa_key_id_t key = 0;
	if (!keyOf(&key, PSA_KEY_USAGE_DECRYPT, head->salt, binding))
		return 0;
	psa_status_t status = psa_aead_decrypt(key, PSA_ALG_GCM, NONCE, sizeof(NONCE), (const uint8_t *)head, sizeof(*head),
		sealed, head->size, into, SEALED_MOST, count);
	psa_destroy_key(key);
	return status == PSA_SUCCESS && *count >= sizeof(DmSessionFacts);
}

/* Whether a session's age, by the board's clock and where it is known the wall's, lets it be offered. */
static int isYoung(const DmSessionFacts *facts, double nowSeconds, const mbedtls_ssl_session *session)
{
	double nowMs = dm_clock_ms(), ageMs = nowMs - facts->receivedMs;
	double hint = session->MBEDTLS_PRIVATE(ticket_lifetime);
	if (!(ageMs >= 0) || !(nowMs - facts->fullMs >= 0) || nowMs - facts->fullMs >= FULL_MOST_MS)
		return 0;
	/* 1.2 tells nothing by a hint of 0 (RFC 5077 §3.3); 1.3 does, and such tickets do not get here (RFC 8446 §4.6.1) */
	if (hint > 0 && ageMs >= hint * 1000)
		return 0;
	return nowSeconds <= 0 || (nowSeconds >= facts->fromSeconds && nowSeconds <= facts->toSeconds);
}

/* mbedTLS counts a ticket's age by a clock that deep sleep stops on a chip. */
static void setAge(mbedtls_ssl_session *session, double ageMs)
{
#ifdef DM_SESSION_TLS13
	session->MBEDTLS_PRIVATE(ticket_reception_time) = mbedtls_ms_time() - (mbedtls_ms_time_t)ageMs;
#else
	(void)session;
	(void)ageMs;
#endif
}

int dm_session_take(const uint8_t binding[DM_SESSION_BINDING], double nowSeconds, DmSessionFacts *facts, mbedtls_ssl_session *into)
{
	const uint8_t *memory = dm_session_memory();
	Head head;
	size_t count = 0;
	memset(facts, 0, sizeof(*facts));
	memcpy(&head, memory, sizeof(head));
	if (!isOfThisBoot && dm_reset_reason() != DM_RESET_DEEP_SLEEP)
		return 0;
	if (head.magic != MAGIC || head.size < sizeof(*facts) + TAG || head.size > SEALED_MOST)
		return 0;
	uint8_t *plain = malloc(SEALED_MOST);
	if (!plain)
		return 0;
	int isGood = unseal(binding, &head, memory + sizeof(head), plain, &count);
	if (isGood)
		memcpy(facts, plain, sizeof(*facts));
	if (facts->failures >= FAILURES_MOST && dm_clock_ms() - facts->receivedMs >= REST_MS)
		facts->failures = FAILURES_MOST - 1;
	isGood = isGood && into && count > sizeof(*facts) && !dm_session_rests(facts)
		&& !mbedtls_ssl_session_load(into, plain + sizeof(*facts), count - sizeof(*facts))
		&& isYoung(facts, nowSeconds, into);
	if (isGood)
		setAge(into, dm_clock_ms() - facts->receivedMs);
	mbedtls_platform_zeroize(plain, SEALED_MOST);
	free(plain);
	return isGood;
}

/* Without the peer's certificate, which nothing needs again, and which takes half a kilobyte or more. */
static void strip(mbedtls_ssl_session *session)
{
#if defined(MBEDTLS_SSL_KEEP_PEER_CERTIFICATE)
	mbedtls_x509_crt *peer = session->MBEDTLS_PRIVATE(peer_cert);
	if (!peer)
		return;
	mbedtls_x509_crt_free(peer);
	mbedtls_free(peer);
	session->MBEDTLS_PRIVATE(peer_cert) = NULL;
#else
	(void)session;
#endif
}

int dm_session_put(const uint8_t binding[DM_SESSION_BINDING], const DmSessionFacts *facts, mbedtls_ssl_session *session)
{
	uint8_t *memory = dm_session_memory(), *plain = malloc(SEALED_MOST);
	Head head = { MAGIC, 0, { 0 } };
	psa_key_id_t key = 0;
	size_t count = 0, sealed = 0;
	int result = 0;
	dm_session_forget();
	if (!plain)
		return 0;
	memcpy(plain, facts, sizeof(*facts));
	if (session) {
		strip(session);
		int error = mbedtls_ssl_session_save(session, plain + sizeof(*facts), SEALED_MOST - TAG - sizeof(*facts), &count);
		if (error)
			result = error == MBEDTLS_ERR_SSL_BUFFER_TOO_SMALL ? -(int)(sizeof(head) + sizeof(*facts) + count + TAG) : 0;
		session = error ? NULL : session;
	}
	if (!result) {
		count += sizeof(*facts);
		head.size = (uint32_t)(count + TAG);
		dm_random(head.salt, SALT);
		if (keyOf(&key, PSA_KEY_USAGE_ENCRYPT, head.salt, binding)
			&& psa_aead_encrypt(key, PSA_ALG_GCM, NONCE, sizeof(NONCE), (const uint8_t *)&head, sizeof(head), plain, count,
				memory + sizeof(head), SEALED_MOST, &sealed) == PSA_SUCCESS) {
			memcpy(memory, &head, sizeof(head)); /* the head last: what a reset leaves half done is nothing */
			isOfThisBoot = 1;
			result = session ? (int)(sizeof(head) + sealed) : 0;
		}
		psa_destroy_key(key);
	}
	mbedtls_platform_zeroize(plain, SEALED_MOST);
	free(plain);
	return result;
}

void dm_session_forget(void)
{
	mbedtls_platform_zeroize(dm_session_memory(), DM_SESSION_SIZE);
}

int dm_session_rests(const DmSessionFacts *facts)
{
	return facts->failures >= FAILURES_MOST;
}

int dm_session_same(const mbedtls_ssl_session *a, const mbedtls_ssl_session *b)
{
	size_t count = a->MBEDTLS_PRIVATE(ticket_len);
	if (count != b->MBEDTLS_PRIVATE(ticket_len))
		return 0;
	if (count)
		return !memcmp(a->MBEDTLS_PRIVATE(ticket), b->MBEDTLS_PRIVATE(ticket), count);
	count = a->MBEDTLS_PRIVATE(id_len);
	return count == b->MBEDTLS_PRIVATE(id_len) && !memcmp(a->MBEDTLS_PRIVATE(id), b->MBEDTLS_PRIVATE(id), count);
}
