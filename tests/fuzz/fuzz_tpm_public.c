/* SPDX-License-Identifier: Apache-2.0 */
/* A public area of a stranger: what parses has a name, is judged without harm, and is a key or is not. */
#include <openssl/evp.h>

#include "attestation/verify/public.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	cof_tpm_public p;
	EVP_PKEY *key = NULL;
	cof_err err = {0};
	if (cof_tpm_public_parse(cof_span_of(data, len), &p, &err) < 0) {
		if (err.reason[0] == '\0')
			abort();
		return 0;
	}
	if (p.name_len != 2 + cof_hash_len(p.name_alg))
		abort();
	if (cof_tpm_ak_check(&p, NULL) == 0 && cof_tpm_ek_check(&p, NULL) == 0)
		abort(); /* no key is both */
	if (cof_tpm_public_key(&p, &key, &err) == 0)
		EVP_PKEY_free(key);
	return 0;
}
