/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/test.h"

#include "attestation/verify/status.h"

static void words(void **state)
{
	(void)state;
	static const char *const bad[] = {"", "Affirming", "affirming ", "warn", "0", "2"};
	static const cof_status all[] = {COF_STATUS_NONE, COF_STATUS_AFFIRMING, COF_STATUS_WARNING,
					 COF_STATUS_CONTRAINDICATED};
	cof_status s;
	for (size_t i = 0; i < COF_COUNT(bad); i++)
		assert_fails(cof_status_by_name(bad[i], &s, &err), "ear-status");
	for (size_t i = 0; i < COF_COUNT(all); i++) {
		assert_ok(cof_status_by_name(cof_status_name(all[i]), &s, &err));
		assert_int_equal(s, all[i]);
	}
	/* a value that is no status is the worst one */
	assert_string_equal(cof_status_name((cof_status)7), "contraindicated");
}

/* spec: draft-ietf-rats-ar4si: every border of every tier */
static void tiers(void **state)
{
	(void)state;
	static const struct {
		int from, to;
		cof_status tier;
	} t[] = {{-128, -97, COF_STATUS_CONTRAINDICATED}, {-96, -33, COF_STATUS_WARNING},
		 {-32, -2, COF_STATUS_AFFIRMING},	  {-1, 1, COF_STATUS_NONE},
		 {2, 31, COF_STATUS_AFFIRMING},		  {32, 95, COF_STATUS_WARNING},
		 {96, 127, COF_STATUS_CONTRAINDICATED}};
	for (size_t i = 0; i < COF_COUNT(t); i++)
		for (int v = t[i].from; v <= t[i].to; v++)
			assert_int_equal(cof_trust_tier(v), t[i].tier);
}

static void worst(void **state)
{
	(void)state;
	int v[COF_TRUST_COUNT] = {0};
	assert_int_equal(cof_trust_worst(v), COF_STATUS_NONE);
	v[COF_TRUST_SOURCED_DATA] = 2;
	assert_int_equal(cof_trust_worst(v), COF_STATUS_AFFIRMING);
	v[COF_TRUST_INSTANCE_IDENTITY] = 36;
	assert_int_equal(cof_trust_worst(v), COF_STATUS_WARNING);
	v[COF_TRUST_HARDWARE] = -128;
	assert_int_equal(cof_trust_worst(v), COF_STATUS_CONTRAINDICATED);
	assert_string_equal(cof_trust_name(COF_TRUST_RUNTIME_OPAQUE), "runtime-opaque");
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(words), cmocka_unit_test(tiers), cmocka_unit_test(worst)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
