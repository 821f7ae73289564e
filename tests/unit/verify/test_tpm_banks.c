/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/test.h"

#include "attestation/verify/tpm_banks.h"
#include "common/json.h"

#define VALUE "\"0000000000000000000000000000000000000000000000000000000000000001\""

static void t060_values_that_are_read_in_one_way(void **state)
{
	(void)state;
	static const char *const bad[] = {
		"",
		"[]",
		"{\"sha256\":[]}",
		"{\"sha256\":{}}",
		"{\"sha256\":{\"0\":\"00\"}}",
		"{\"sha256\":{\"0\":7}}",
		"{\"sha256\":{\"0\":null}}",
		"{\"sha256\":{\"24\":" VALUE "}}",
		"{\"sha256\":{\"00\":" VALUE "}}",
		"{\"sha256\":{\"07\":" VALUE "}}",
		"{\"sha256\":{\"-1\":" VALUE "}}",
		"{\"sha256\":{\"+1\":" VALUE "}}",
		"{\"sha256\":{\" 1\":" VALUE "}}",
		"{\"sha256\":{\"\":" VALUE "}}",
		"{\"sha256\":{\"1a\":" VALUE "}}",
		"{\"sha256\":{\"100\":" VALUE "}}",
		"{\"sha256\":{\"0\":" VALUE ",\"0\":" VALUE "}}",
		"{\"sha256\":{\"0\":" VALUE "},\"sha256\":{\"1\":" VALUE "}}",
		"{\"sha384\":{\"0\":" VALUE "}}",
		"{\"SHA256\":{\"0\":" VALUE "}}",
		"{\"sm3_256\":{\"0\":" VALUE "}}",
		"{\"sha256\":{\"0\":" VALUE "}} x",
	};
	static cof_tpm_banks b;
	for (size_t i = 0; i < COF_COUNT(bad); i++) {
		cof_err err = {0};
		if (cof_tpm_banks_parse(cof_span_str(bad[i]), &b, &err) >= 0 || !cof_err_is(&err, "pcrs-malformed"))
			fail_msg("%s", bad[i]);
	}
	static const uint8_t large[COF_TPM_BANKS_TEXT_MAX + 1];
	assert_fails(cof_tpm_banks_parse(cof_span_of(large, sizeof large), &b, &err), "pcrs-malformed");
}

static void values_and_names(void **state)
{
	(void)state;
	static cof_tpm_banks b;
	assert_ok(cof_tpm_banks_parse(cof_span_str("{\"sha256\":{\"0\":" VALUE ",\"23\":" VALUE "},"
						   "\"sha1\":{\"10\":\"0000000000000000000000000000000000000000\"}}"),
				      &b, &err));
	assert_int_equal(b.n, 2);
	assert_int_equal(b.list[0].bank, COF_TPM_ALG_SHA256);
	assert_int_equal(b.list[0].mask, 1u | 1u << 23);
	assert_int_equal(b.list[0].pcrs[23][31], 1);
	assert_int_equal(b.list[1].mask, 1u << 10);
	uint16_t alg = 0;
	assert_true(cof_tpm_bank_by_name("sha512", &alg));
	assert_string_equal(cof_tpm_bank_name(alg), "sha512");
	assert_false(cof_tpm_bank_by_name("md5", &alg));
	assert_null(cof_tpm_bank_name(0x12));
}

/* ---- a reader for what is usual, jansson for the rest: one answer ---- */

static bool same_values(const cof_tpm_banks *a, const cof_tpm_banks *b)
{
	bool same = a->n == b->n;
	for (size_t i = 0; same && i < a->n; i++) {
		const cof_tpm_bank *x = &a->list[i], *y = &b->list[i];
		same = x->bank == y->bank && x->mask == y->mask && memcmp(x->pcrs, y->pcrs, sizeof x->pcrs) == 0;
	}
	return same;
}

static void assert_one_answer(cof_span text)
{
	static cof_tpm_banks is, want;
	COF_AUTO_PTR(json_t) o = NULL;
	bool good = cof_json_parse(text, &o, NULL) == 0 && cof_tpm_banks_read(o, &want, NULL) == 0;
	if ((cof_tpm_banks_parse(text, &is, NULL) == 0) != good)
		fail_msg("%.*s", (int)text.len, (const char *)text.data);
	if (good && (!same_values(&is, &want)))
		fail_msg("other values: %.*s", (int)text.len, (const char *)text.data);
}

#define SHORT "\"00000000000000000000000000000000000000ff\""

static void t060_one_answer_whoever_reads(void **state)
{
	(void)state;
	static const char *const texts[] = {
		"{\"sha1\":{\"7\":" SHORT ",\"10\":" SHORT "},\"sha256\":{\"0\":" VALUE "}}",
		" {\t\"sha1\" : {\r\n\"7\" : " SHORT " } } \n",
		"{\"sh\\u00611\":{\"\\u0037\":" SHORT "}}",
		"{}",
		"{\"sha1\":{\"7\":" SHORT "},}",
		"{\"sha1\":{\"7\":" SHORT ",}}",
		"{,\"sha1\":{\"7\":" SHORT "}}",
		"{\"sha1\":{\"7\":\"00000000000000000000000000000000000000FF\"}}",
		"{\"sha1\":{\"7\":\"000000000000000000000000000000000000\\u0066f\"}}",
		"\xef\xbb\xbf{\"sha1\":{\"7\":" SHORT "}}",
	};
	static const char bytes[] = "\"{}[]:,\\ 0a7\n\x01\x80";
	for (size_t t = 0; t < COF_COUNT(texts); t++) {
		COF_AUTO(cof_buf) b = {0};
		assert_ok(cof_buf_add_str(&b, texts[t], &err));
		assert_one_answer(cof_buf_span(&b));
		for (size_t at = 0; at < b.len; at++) {
			uint8_t was = b.data[at];
			assert_one_answer(cof_span_of(b.data, at));
			for (size_t k = 0; k < sizeof bytes; k++) { /* its NUL, too */
				b.data[at] = (uint8_t)bytes[k];
				assert_one_answer(cof_buf_span(&b));
			}
			b.data[at] = was;
		}
		for (size_t k = 0; k < sizeof bytes; k++) {
			assert_ok(cof_buf_add(&b, &bytes[k], 1, &err));
			assert_one_answer(cof_buf_span(&b));
			b.len--;
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(t060_values_that_are_read_in_one_way),
		cmocka_unit_test(values_and_names),
		cmocka_unit_test(t060_one_answer_whoever_reads),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
