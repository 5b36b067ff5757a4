/* Whom a TLS connection trusts, beyond what mbedTLS looks at by itself: addresses, and dates by the node's clock. */
#ifndef DORMOUSE_TLS_TRUST_H
#define DORMOUSE_TLS_TRUST_H

#include <stdint.h>

#include "mbedtls/x509_crt.h"

typedef struct {
	double nowSeconds; /* since 1970; 0 while unknown */
	int isAddress; /* the host is one: mbedTLS knows names only, up to 3.4 */
	uint8_t address[4];
	int hasChain; /* the server's certificate was looked at: what is left to prove is that it has the key */
	double fromSeconds, toSeconds; /* when all certificates of the chain are good */
} DmTrust;

void dm_trust_begin(DmTrust *trust, const char *host, double nowSeconds);
/* For mbedtls_ssl_conf_verify, with a DmTrust as its context. */
int dm_trust_verify(void *trust, mbedtls_x509_crt *certificate, int depth, uint32_t *flags);

#endif
