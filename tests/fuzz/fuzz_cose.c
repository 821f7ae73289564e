/* SPDX-License-Identifier: Apache-2.0 */
/* A signed message of a stranger, with all that a caller may allow and with nothing of it. */
#include <openssl/evp.h>

#include "attestation/refvalue/cose.h"
#include "tests/fuzz/nobody.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void verify(const cof_cose_in *in)
{
	COF_AUTO(cof_cose) c = {0};
	cof_err err = {0};
	if (cof_cose_verify(in, &c, &err) < 0) {
		if (err.reason[0] == '\0' || c.message != NULL)
			abort();
		return;
	}
	if (c.message == NULL || c.protected_header == NULL || !cof_cose_key_fits(in->keys[c.key], c.alg))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	EVP_PKEY *key = nobodys_key();
	EVP_PKEY *const keys[] = {key};
	static const int64_t crit[] = {8, 15};
	verify(&(cof_cose_in){.message = cof_span_of(data, len), .keys = keys, .n_keys = 1});
	verify(&(cof_cose_in){.message = cof_span_of(data, len),
			      .keys = keys,
			      .n_keys = 1,
			      .has_detached = true,
			      .detached = cof_span_str("payload"),
			      .allow_untagged = true,
			      .allow_cwt_tag = true,
			      .crit = crit,
			      .n_crit = COF_COUNT(crit)});
	EVP_PKEY_free(key);
	return 0;
}
