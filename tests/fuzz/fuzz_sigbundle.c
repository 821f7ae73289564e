/* SPDX-License-Identifier: Apache-2.0 */
/* A bundle under a key that is nobody's: it is never good, whatever it says. */
#include "image-decrypt/sigbundle.h"
#include "tests/fuzz/nobody.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static EVP_PKEY *key;
	COF_AUTO(cof_sigbundle) b = {0};
	cof_digest d = {.alg = COF_SHA256};
	const char *name = NULL;
	if (key == NULL)
		key = nobodys_key();
	if (cof_sigbundle_parse(cof_span_of(data, len), &b, NULL) < 0)
		return 0;
	if (b.signature.len > (1 << 20) || cof_sigbundle_verify(&b, key))
		abort();
	(void)cof_sigbundle_names(&b, &d, &name);
	return 0;
}
