/* SPDX-License-Identifier: Apache-2.0 */
/* A PKCS#11 packet never opens to anything but what was sealed, and a refusal leaves nothing behind. */
#include "image-decrypt/enc_int.h"
#include "tests/fuzz/enc_keys.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	COF_AUTO(cof_secret) got = {0};
	cof_err err = {0};
	if (cof_enc_pkcs11_open(cof_span_of(data, len), enc_keys(), false, &got, &err) == 0) {
		if (!cof_ct_equal(cof_secret_span(&got), cof_span_str(ENC_OPTIONS)))
			abort();
	} else if (got.data != NULL || err.reason[0] == '\0') {
		abort();
	}
	return 0;
}
