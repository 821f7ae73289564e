/* SPDX-License-Identifier: Apache-2.0 */
#include "firmware/sev/policy.h"

#include "tests/unit/test.h"

/* T-19: every bit is known by name or refused. */
static void t019_snp_policies_one_bit_at_a_time(void **state)
{
	(void)state;
	assert_ok(cof_snp_policy_check(COF_SNP_POLICY_DEFAULT, &err));
	assert_ok(cof_snp_policy_check(0x20000, &err));
	assert_ok(cof_snp_policy_check(0x3ffffff, &err));
	for (unsigned bit = 0; bit < 64; bit++) {
		uint64_t policy = 0x20000ull ^ 1ull << bit;
		if (bit == 17 || bit > 25)
			assert_fails(cof_snp_policy_check(policy, &err), "policy-malformed");
		else
			assert_ok(cof_snp_policy_check(policy, &err));
	}
	assert_fails(cof_snp_policy_check(0, &err), "policy-malformed");
	assert_fails(cof_snp_policy_check(UINT64_MAX, &err), "policy-malformed");
}

static void snp_policies_for_people(void **state)
{
	(void)state;
	static const struct {
		uint64_t policy;
		const char *text;
	} cases[] = {
		{0x30000, "abi >= 0.0, smt, no debug"},
		{0x20000, "abi >= 0.0, no smt, no debug"},
		{0x2011f, "abi >= 1.31, no smt, no debug"},
		{0xb0000, "abi >= 0.0, smt, debug"},
		{0x70000, "abi >= 0.0, smt, migration agent, no debug"},
		{0x3f3ff37, "abi >= 255.55, smt, no debug, single socket, cxl, aes-256-xts, no rapl, ciphertext "
			    "hiding, no page swap"},
		{0, "abi >= 0.0, no smt, bit 17 clear, no debug"},
		{0x8000000004030000, "abi >= 0.0, smt, no debug, unknown bits 0x8000000004000000"},
	};
	for (size_t i = 0; i < COF_COUNT(cases); i++) {
		COF_AUTO(cof_buf) b = {0};
		assert_ok(cof_snp_policy_text(cases[i].policy, &b, &err));
		assert_string_equal(cof_buf_str(&b), cases[i].text);
	}
}

static void sev_policies_for_people(void **state)
{
	(void)state;
	static const struct {
		uint32_t policy;
		const char *text;
	} cases[] = {
		{0, "api >= 0.0, debug, key sharing, send"},
		{0x1, "api >= 0.0, no debug, key sharing, send"},
		{0x3, "api >= 0.0, no debug, no key sharing, send"},
		{0x5, "api >= 0.0, no debug, key sharing, es, send"},
		{0x3700003f, "api >= 0.55, no debug, no key sharing, es, no send, only to its domain, only to sev"},
		{0x18010000, "api >= 1.24, debug, key sharing, send"},
		{0x8041, "api >= 0.0, no debug, key sharing, send, unknown bits 0x8040"},
	};
	for (size_t i = 0; i < COF_COUNT(cases); i++) {
		COF_AUTO(cof_buf) b = {0};
		assert_ok(cof_sev_policy_text(cases[i].policy, &b, &err));
		assert_string_equal(cof_buf_str(&b), cases[i].text);
	}
}

static void sev_policies_in_words(void **state)
{
	(void)state;
	static const struct {
		const char *words;
		uint32_t policy;
	} good[] = {
		{"", 0},
		{"nodbg", 1},
		{"noks,nodbg", 3},
		{"es", 4},
		{"nodbg,noks,es,nosend,domain,sev,api=0.55", 0x3700003f},
		{"api=255.255,es", 0xffff0004},
		{"api=1.24", 0x18010000},
	};
	static const char *const bad[] = {
		",",
		"nodbg,",
		",nodbg",
		"nodbg,,es",
		"NODBG",
		"nodb",
		"nodbgs",
		"es,es",
		"api",
		"api=",
		"api=1",
		"api=1.",
		"api=.1",
		"api=1.2.3",
		"api=256.0",
		"api=0.256",
		"api=-1.0",
		"api=1.0 ",
		"api=1,0",
		"api=0001.1",
		"api=1.2,api=1.2",
		"es ",
		"api=1.1234567890",
		"debug",
		"0x3",
	};
	for (size_t i = 0; i < COF_COUNT(good); i++) {
		uint32_t policy = 7;
		assert_ok(cof_sev_policy_read(good[i].words, &policy, &err));
		assert_int_equal(policy, good[i].policy);
	}
	for (size_t i = 0; i < COF_COUNT(bad); i++) {
		uint32_t policy = 7;
		assert_fails(cof_sev_policy_read(bad[i], &policy, &err), "policy-malformed");
		assert_int_equal(policy, 7);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(t019_snp_policies_one_bit_at_a_time),
		cmocka_unit_test(snp_policies_for_people),
		cmocka_unit_test(sev_policies_for_people),
		cmocka_unit_test(sev_policies_in_words),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
