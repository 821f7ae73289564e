/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/test.h"

#include "attestation/verify/tpm_banks.h"

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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(t060_values_that_are_read_in_one_way),
		cmocka_unit_test(values_and_names),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
