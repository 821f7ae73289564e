/* SPDX-License-Identifier: Apache-2.0 */
/* A stranger's bytes as every kind of token and as its key: whatever they are, the verdict holds together. */
#include "attestation/token/jwk.h"
#include "tests/fuzz/nobody.h"
#include "tests/fuzz/verdict.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static const char *const kinds[][2] = {
		{"cose-sign1", "cose"}, {"ear-cwt", "token"}, {"eat-cwt", "token"}, {"ear-jwt", "token"}};
	COF_AUTO_PTR(json_t) untagged = json_pack("{s:b}", "allow_untagged", 1);
	cof_span in = cof_span_of(data, len), key = cof_span_str(nobodys_point);
	EVP_PKEY *parsed = NULL;
	for (size_t i = 0; i < COF_COUNT(kinds); i++) {
		const cof_role_file files[] = {{kinds[i][1], in}, {"key", key}, {"detached_payload", in}};
		const cof_role_file keys[] = {{kinds[i][1], in}, {"key", in}};
		(void)fuzz_verify(kinds[i][0], files, 2, i < 3 ? untagged : NULL);
		(void)fuzz_verify(kinds[i][0], files, i < 3 ? 3 : 2, NULL);
		(void)fuzz_verify(kinds[i][0], keys, 2, NULL);
	}
	const cof_role_file claims = {"claims", in};
	(void)fuzz_verify("ear-claims", &claims, 1, NULL);
	if (cof_jwk_parse(in, &parsed, NULL) == 0)
		EVP_PKEY_free(parsed);
	return 0;
}
