/* SPDX-License-Identifier: Apache-2.0 */
/* A key that is taken has a name, and verifies nothing that nobody signed. */
#include "image-decrypt/sigkey.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	COF_AUTO_PTR(cof_ossl_key) key = NULL;
	char id[65] = "";
	if (cof_sigkey_parse(cof_span_of(data, len), &key, NULL) < 0)
		return 0;
	if (cof_sigkey_id(key, id, NULL) < 0 || strlen(id) != 64)
		abort();
	if (cof_sigkey_verify(key, cof_span_str("message"), cof_span_str("signature")))
		abort();
	return 0;
}
