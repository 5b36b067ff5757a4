#include "tls-trust.h"

#include <stdlib.h>
#include <string.h>

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

void dm_trust_begin(DmTrust *trust, const char *host, double nowSeconds)
{
	memset(trust, 0, sizeof(*trust));
	trust->nowSeconds = nowSeconds;
	trust->isAddress = parseAddress(host, trust->address);
	trust->toSeconds = 1e18;
}

/* Dates are held against the node's clock, and never against the platform's, which may not be set. */
int dm_trust_verify(void *context, mbedtls_x509_crt *certificate, int depth, uint32_t *flags)
{
	DmTrust *trust = context;
	double now = trust->nowSeconds;
	double from = secondsOf(&certificate->valid_from), to = secondsOf(&certificate->valid_to);
	*flags &= ~(uint32_t)(MBEDTLS_X509_BADCERT_EXPIRED | MBEDTLS_X509_BADCERT_FUTURE);
	if (now > 0 ? now > to : to <= builtSeconds())
		*flags |= MBEDTLS_X509_BADCERT_EXPIRED;
	if (now > 0 && now < from)
		*flags |= MBEDTLS_X509_BADCERT_FUTURE;
	if (from > trust->fromSeconds)
		trust->fromSeconds = from;
	if (to < trust->toSeconds)
		trust->toSeconds = to;
	if (depth == 0 && trust->isAddress && !holdsAddress(certificate, trust->address))
		*flags |= MBEDTLS_X509_BADCERT_CN_MISMATCH;
	if (depth == 0)
		trust->hasChain = 1;
	return 0;
}
