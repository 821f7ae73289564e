/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/verify/walk.h"

static void corims(void **state)
{
	(void)state;
	assert_int_equal(walk_kind("corim"), 14);
}

static void appraisals(void **state)
{
	(void)state;
	assert_int_equal(walk_kind("corim-appraisal"), 23);
}

static void comids(void **state)
{
	(void)state;
	assert_int_equal(walk_kind("comid"), 13);
}

static void concise_evidence(void **state)
{
	(void)state;
	assert_int_equal(walk_kind("concise-evidence"), 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(corims),
		cmocka_unit_test(appraisals),
		cmocka_unit_test(comids),
		cmocka_unit_test(concise_evidence),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
