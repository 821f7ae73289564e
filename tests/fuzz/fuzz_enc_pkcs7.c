/* SPDX-License-Identifier: Apache-2.0 */
/* A PKCS#7 packet. CBC holds nothing together, so that what opens may be other options, but whole ones. */
#include "image-decrypt/enc_int.h"
#include "tests/fuzz/enc_keys.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	COF_AUTO(cof_secret) got = {0};
	COF_AUTO(cof_layer_key) key = {0};
	cof_err err = {0};
	if (cof_enc_pkcs7_open(cof_span_of(data, len), enc_keys(), false, &got, &err) == 0) {
		if (cof_enc_private_parse(cof_secret_span(&got), &key, NULL) < 0)
			abort();
	} else if (got.data != NULL || err.reason[0] == '\0') {
		abort();
	}
	return 0;
}
