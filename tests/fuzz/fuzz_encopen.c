/* SPDX-License-Identifier: Apache-2.0 */
/* A layer's descriptor with whatever annotations, as a manifest has it. */
#include "image-decrypt/encopen.h"
#include "tests/fuzz/enc_keys.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	COF_AUTO_PTR(json_t) v = NULL;
	COF_AUTO(cof_desc) d = {0};
	COF_AUTO(cof_layer_key) key = {0};
	cof_err err = {0};
	if (cof_json_parse(cof_span_of(data, len), &v, NULL) < 0 || cof_desc_parse(v, &d, NULL) < 0)
		return 0;
	if (cof_enc_open(&d, enc_keys(), true, &key, &err) == 0 ? key.key.len != COF_LAYER_KEY_LEN
								: key.key.data != NULL || err.reason[0] == '\0')
		abort();
	return 0;
}
