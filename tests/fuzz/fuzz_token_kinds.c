/* SPDX-License-Identifier: Apache-2.0 */
/* A stranger's bytes as every kind of token and as its key: whatever they are, the verdict holds together. */
#include "attestation/token/jwk.h"
#include "attestation/verify/kind.h"
#include "tests/fuzz/nobody.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

enum { NOW = 1800000000 };

static void check_text(const char *text)
{
	for (; *text != '\0'; text++) {
		if (*text < 0x20 || *text > 0x7e)
			abort();
	}
}

static void check_verdict(const cof_kind *kind, const cof_verdict *v)
{
	COF_AUTO_PTR(json_t) j = NULL;
	size_t failed = 0;
	for (size_t i = 0; i < v->checks.n; i++) {
		check_text(v->checks.list[i].expected);
		check_text(v->checks.list[i].found);
		failed += !v->checks.list[i].passed;
	}
	if (v->accepted != (v->checks.n > 0 && failed == 0) || (v->accepted && v->fields == NULL))
		abort();
	if (cof_verdict_json(kind, v, &j, NULL) < 0)
		abort();
}

static void verify(const char *name, const cof_role_file *files, size_t n, const json_t *policy)
{
	const cof_kind *kind = NULL;
	cof_verdict *v = calloc(1, sizeof *v);
	const cof_verify_in in = {.files = files, .n_files = n, .policy = policy, .now = NOW};
	if (v == NULL || cof_kind_find(name, &kind, NULL) < 0 || cof_verify(kind, &in, v, NULL) < 0)
		abort();
	check_verdict(kind, v);
	cof_verdict_release(v);
	free(v);
}

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
		verify(kinds[i][0], files, 2, i < 3 ? untagged : NULL);
		verify(kinds[i][0], files, i < 3 ? 3 : 2, NULL);
		verify(kinds[i][0], keys, 2, NULL);
	}
	const cof_role_file claims = {"claims", in};
	verify("ear-claims", &claims, 1, NULL);
	if (cof_jwk_parse(in, &parsed, NULL) == 0)
		EVP_PKEY_free(parsed);
	return 0;
}
