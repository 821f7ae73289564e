/* SPDX-License-Identifier: Apache-2.0 */
/* A stranger's bytes as a set of keys: what is taken can be used, and each name finds one key. */
#include <openssl/evp.h>
#include <stdlib.h>

#include "attestation/token/jwks.h"
#include "attestation/token/jws.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	COF_AUTO(cof_jwks) set = {0};
	EVP_PKEY *key = NULL;
	COF_AUTO_FREE char *kid = NULL;
	if (cof_jws_kid(cof_span_of(data, len), &kid, NULL) < 0)
		abort();
	if (cof_jwks_parse(cof_span_of(data, len), &set, NULL) < 0)
		return 0;
	if (set.n == 0 || set.n > COF_JWKS_KEYS_MAX)
		abort();
	for (size_t i = 0; i < set.n; i++) {
		if (set.keys[i] == NULL)
			abort();
		if (set.kids[i] != NULL && (cof_jwks_choose(&set, set.kids[i], &key, NULL) < 0 || key != set.keys[i]))
			abort();
	}
	return 0;
}
