/* SPDX-License-Identifier: Apache-2.0 */
/* A record that decodes encodes back to the same bytes. */
#include "image-decrypt/layerkey.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	COF_AUTO(cof_layer_key) key = {0};
	COF_AUTO(cof_secret) wire = {0};
	if (cof_layer_key_decode(cof_span_of(data, len), &key, NULL) < 0)
		return 0;
	if (cof_layer_key_encode(&key, &wire, NULL) < 0 ||
	    !cof_ct_equal(cof_secret_span(&wire), cof_span_of(data, len)))
		abort();
	return 0;
}
