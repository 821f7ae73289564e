/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/verify/judge_snp.h"

/* ---- what is accepted ---- */

static void good_ones(void **state)
{
	(void)state;
	soft_snp s = soft_snp_good(&keys);
	assert_soft(&s, "Milan", NULL);
	s.crl.given = true;
	assert_soft(&s, "with a list", NULL);
	s = soft_snp_good(&keys);
	soft_make_vlek(&s);
	assert_soft(&s, "VLEK", NULL);
	s = soft_snp_good(&keys);
	soft_make_turin(&s);
	assert_soft(&s, "Turin", NULL);
	s = soft_snp_good(&keys);
	soft_put(s.report, 0x40, 0xff00000000000025, 8);
	assert_soft(&s, "platform bits that nobody knows", NULL);
}

static void every_version(void **state)
{
	(void)state;
	for (uint32_t version = 0; version < 8; version++) {
		soft_snp s = soft_snp_good(&keys);
		soft_put(s.report, 0, version, 4);
		if (version == 2)
			soft_put(s.report, 0x188, 0, 3);
		assert_soft(&s, "version", version < 2 || version > 5 ? "report-version" : NULL);
	}
}

static void a_stranger_s_root_is_said_to_be_one(void **state)
{
	(void)state;
	static cof_verdict v;
	bool said = false;
	soft_snp s = soft_snp_good(&keys);
	soft_make(&s);
	soft_verify(&s, &v);
	assert_true(v.accepted);
	for (size_t i = 0; i < v.checks.n; i++) {
		if (strcmp(v.checks.list[i].name, "root-anchor") == 0)
			said = strstr(v.checks.list[i].found, "not AMD's") != NULL;
	}
	assert_true(said);
	cof_verdict_release(&v);
	soft_drop(&s);
}

/* ---- what certificates say of it ---- */

static void a_masked_chip_id_under_a_vcek(void **state)
{
	(void)state;
	soft_snp s = soft_snp_good(&keys);
	memset(s.report + 0x1a0, 0, 64);
	assert_soft(&s, "masked", "chip-id");
	/* not even where the certificate names the zero chip */
	char *hwid = strstr(s.vek.ext, SOFT_HWID64);
	assert_non_null(hwid);
	memset(hwid, '0', 128);
	assert_soft(&s, "masked and certified so", "chip-id");
}

/* Version 2 has no CPUID: these bytes are reserved there, and the product comes from the certificate. */
static void version_2_states_no_product(void **state)
{
	(void)state;
	soft_snp s = soft_snp_good(&keys);
	soft_put(s.report, 0, 2, 4);
	assert_soft(&s, "CPUID in version 2", "report-reserved");
	s = soft_snp_good(&keys);
	soft_make_turin(&s);
	soft_put(s.report, 0, 2, 4);
	soft_put(s.report, 0x188, 0, 3);
	memset(s.report + 0x1f8, 0, 16);
	assert_soft(&s, "Turin's layout by the certificate", NULL);
}

/* ---- the verified object ---- */

static void only_a_passed_list_makes_a_verified_report(void **state)
{
	(void)state;
	static cof_checks checks;
	cof_snp_demands demands;
	cof_snp_said said;
	cof_snp_verified *v = NULL;
	soft_snp s = soft_snp_good(&keys);
	soft_make(&s);
	assert_ok(cof_snp_demands_read(NULL, &demands, &err));
	cof_snp_in in = {.report = cof_buf_span(&s.made[0]),
			 .vek = cof_buf_span(&s.made[1]),
			 .intermediate = cof_buf_span(&s.made[2]),
			 .root = cof_buf_span(&s.made[3]),
			 .demands = &demands,
			 .now = SOFT_NOW};
	assert_ok(cof_snp_verify(&in, &checks, &said, &v, &err));
	assert_non_null(v);
	assert_memory_equal(cof_snp_verified_report(v), &said.report, sizeof said.report);
	assert_int_equal(cof_snp_verified_line(v), COF_SNP_MILAN);
	assert_false(cof_snp_verified_by_amd(v));
	cof_snp_verified_free(v);
	/* what failed before counts */
	(void)cof_check_that(&checks, COF_STAGE_POLICY, "vmpl", false);
	assert_ok(cof_snp_verify(&in, &checks, &said, &v, &err));
	assert_null(v);
	checks.n = checks.failed = 0;
	demands.vmpl = 1;
	assert_ok(cof_snp_verify(&in, &checks, &said, &v, &err));
	assert_null(v);
	assert_true(said.decoded);
	soft_drop(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(good_ones),
		cmocka_unit_test(every_version),
		cmocka_unit_test(a_stranger_s_root_is_said_to_be_one),
		cmocka_unit_test(a_masked_chip_id_under_a_vcek),
		cmocka_unit_test(version_2_states_no_product),
		cmocka_unit_test(only_a_passed_list_makes_a_verified_report),
	};
	return cmocka_run_group_tests(tests, soft_setup, soft_teardown);
}
