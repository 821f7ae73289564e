/* SPDX-License-Identifier: Apache-2.0 */
/* A hostile broker's answer: it never opens to anything but what was sealed, and a refusal leaves nothing behind. */
#include "common/jwe.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

/* The corpus is sealed to the key whose scalar is 1 to 32. */
static cof_jwe_key *guest_key(void)
{
	uint8_t scalar[32];
	cof_jwe_key *key = NULL;
	for (size_t i = 0; i < sizeof scalar; i++)
		scalar[i] = (uint8_t)(i + 1);
	if (cof_jwe_key_from_scalar(cof_span_of(scalar, sizeof scalar), &key, NULL) < 0)
		abort();
	return key;
}

static void as_jwk(cof_span in)
{
	COF_AUTO_PTR(json_t) jwk = NULL;
	COF_AUTO(cof_buf) out = {0};
	if (cof_json_parse(in, &jwk, NULL) < 0)
		return;
	bool good = cof_jwe_check_jwk(jwk, NULL) == 0;
	if ((cof_jwe_encrypt(jwk, cof_span_str("x"), &out, NULL) == 0) != good)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static cof_jwe_key *key;
	COF_AUTO(cof_secret) plain = {0};
	cof_err err = {0};
	if (key == NULL)
		key = guest_key();
	if (cof_jwe_decrypt(key, cof_span_of(data, len), &plain, &err) == 0) {
		if (!cof_ct_equal(cof_secret_span(&plain), cof_span_str("sealed for the fuzzer")))
			abort();
	} else if (plain.data != NULL || err.reason[0] == '\0') {
		abort();
	}
	as_jwk(cof_span_of(data, len));
	return 0;
}
