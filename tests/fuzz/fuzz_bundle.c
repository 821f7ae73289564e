/* SPDX-License-Identifier: Apache-2.0 */
/* A bundle under a key that is nobody's secret. */
#include "attestation/endorsements/bundle.h"
#include "tests/fuzz/nobody.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static EVP_PKEY *key;
	COF_AUTO(cof_bundle) b = {0};
	cof_err err = {0};
	if (key == NULL)
		key = nobodys_key();
	if (cof_bundle_open(cof_span_of(data, len), key, &b, &err) < 0) {
		if (err.reason[0] == '\0' || b.n > 0)
			abort();
		return 0;
	}
	for (size_t i = 1; i < b.n; i++) {
		if (b.e[i - 1].id.type > b.e[i].id.type)
			abort();
	}
	return 0;
}
