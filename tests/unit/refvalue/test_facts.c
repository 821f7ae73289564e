/* SPDX-License-Identifier: Apache-2.0 */
/* What a verified report says, field by field, and what it does not. */
#include "tests/unit/verify/soft_snp.h"

#include "attestation/refvalue/facts.h"

static soft_keys keys;
static cof_facts facts;

static void facts_of(soft_snp *s)
{
	cof_checks *c = calloc(1, sizeof *c);
	cof_snp_demands demands;
	cof_snp_said said;
	COF_AUTO_PTR(cof_snp_verified) v = NULL;
	COF_AUTO_PTR(json_t) policy = json_loads(s->policy, 0, NULL);
	assert_non_null(c);
	soft_make(s);
	assert_ok(cof_snp_demands_read(policy, &demands, &err));
	const cof_snp_in in = {.report = cof_buf_span(&s->made[0]),
			       .vek = cof_buf_span(&s->made[1]),
			       .intermediate = cof_buf_span(&s->made[2]),
			       .root = cof_buf_span(&s->made[3]),
			       .demands = &demands,
			       .now = SOFT_NOW};
	assert_ok(cof_snp_verify(&in, c, &said, &v, &err));
	if (v == NULL)
		fail_msg("%s", c->list[c->first].name);
	cof_facts_snp(v, &facts);
	free(c);
	soft_drop(s);
}

static void assert_number(cof_rim_field f, uint64_t want)
{
	uint64_t n = 0;
	cof_span s = cof_fact(&facts, f);
	assert_int_equal(s.len, 8);
	for (size_t i = 0; i < s.len; i++)
		n = n << 8 | s.data[i];
	assert_int_equal(n, want);
}

static void assert_filled(cof_rim_field f, uint8_t byte, size_t len)
{
	cof_span s = cof_fact(&facts, f);
	assert_int_equal(s.len, len);
	for (size_t i = 0; i < s.len; i++)
		assert_int_equal(s.data[i], byte);
}

static void of_a_report(void **state)
{
	(void)state;
	soft_snp s = soft_snp_good(&keys);
	soft_put(s.report, 0x38, 0xdd18000000000004, 8);
	soft_put(s.report, 0x1e0, 0xda18000000000004, 8);
	soft_put(s.report, 0x1f0, 0xd918000000000004, 8);
	soft_put(s.report, 0x1e8, 0x013728, 3);
	facts_of(&s);
	assert_true(facts.tee == COF_RIM_SNP && facts.line == COF_SNP_MILAN && !facts.vlek);
	assert_filled(COF_RIM_MEASUREMENT, 0x22, 48);
	assert_filled(COF_RIM_HOST_DATA, 0x33, 32);
	assert_filled(COF_RIM_ID_KEY_DIGEST, 0x44, 48);
	assert_filled(COF_RIM_REPORT_DATA, 0x11, 64);
	assert_filled(COF_RIM_REPORT_ID_MA, 0xff, 32);
	assert_filled(COF_RIM_FAMILY_ID, 0, 16);
	assert_number(COF_RIM_POLICY, 0x3001f);
	assert_number(COF_RIM_GUEST_SVN, 2);
	assert_number(COF_RIM_VERSION, 3);
	assert_number(COF_RIM_VMPL, 0);
	assert_number(COF_RIM_PLATFORM_INFO, 0x25);
	assert_number(COF_RIM_CURRENT_TCB, 0xdd18000000000004);
	assert_number(COF_RIM_REPORTED_TCB, 0xdb18000000000004);
	assert_number(COF_RIM_COMMITTED_TCB, 0xda18000000000004);
	assert_number(COF_RIM_LAUNCH_TCB, 0xd918000000000004);
	assert_number(COF_RIM_CPUID_FAMILY, 0x19);
	assert_number(COF_RIM_CPUID_MODEL, 1);
	assert_number(COF_RIM_CPUID_STEPPING, 1);
	static const uint8_t version[] = {1, 55, 40};
	assert_memory_equal(cof_fact(&facts, COF_RIM_CURRENT_VERSION).data, version, 3);
	assert_int_equal(cof_fact(&facts, COF_RIM_CHIP_ID).data[63], 8);
	/* no author's key, no id, no provider */
	assert_int_equal(cof_fact(&facts, COF_RIM_AUTHOR_KEY_DIGEST).len, 0);
	assert_int_equal(cof_fact(&facts, COF_RIM_REPORT_ID).len, 0);
	assert_int_equal(cof_fact(&facts, COF_RIM_CSP_ID).len, 0);
	assert_int_equal(cof_fact(&facts, COF_RIM_MRTD).len, 0);
}

static void flags(void **state)
{
	(void)state;
	soft_snp s = soft_snp_good(&keys);
	facts_of(&s);
	assert_int_equal(facts.value[COF_RIM_FLAGS][0], 2);
	assert_int_equal(facts.value[COF_RIM_FLAGS][1], 0x30);
	s = soft_snp_good(&keys);
	s.policy = "{\"allow_debug\":true}";
	soft_put(s.report, 8, 0xb001f, 8);
	facts_of(&s);
	assert_int_equal(facts.value[COF_RIM_FLAGS][1], 0x38);
}

static void version_2_states_no_cpuid(void **state)
{
	(void)state;
	soft_snp s = soft_snp_good(&keys);
	soft_put(s.report, 0, 2, 4);
	soft_put(s.report, 0x188, 0, 3);
	facts_of(&s);
	assert_number(COF_RIM_VERSION, 2);
	assert_int_equal(cof_fact(&facts, COF_RIM_CPUID_FAMILY).len, 0);
	assert_int_equal(cof_fact(&facts, COF_RIM_CPUID_MODEL).len, 0);
	assert_int_equal(cof_fact(&facts, COF_RIM_CPUID_STEPPING).len, 0);
}

static void a_provider_s(void **state)
{
	(void)state;
	soft_snp s = soft_snp_good(&keys);
	soft_make_vlek(&s);
	facts_of(&s);
	assert_true(facts.vlek);
	assert_string_equal((const char *)facts.value[COF_RIM_CSP_ID], "CN=");
	assert_int_equal(cof_fact(&facts, COF_RIM_CHIP_ID).len, 0);
}

static int make_all(void **state)
{
	(void)state;
	soft_keys_make(&keys);
	return 0;
}

static int drop_all(void **state)
{
	(void)state;
	soft_keys_drop(&keys);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(of_a_report),
		cmocka_unit_test(flags),
		cmocka_unit_test(version_2_states_no_cpuid),
		cmocka_unit_test(a_provider_s),
	};
	return cmocka_run_group_tests(tests, make_all, drop_all);
}
