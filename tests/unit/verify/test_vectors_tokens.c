/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/verify/walk.h"

static void cose_messages(void **state)
{
	(void)state;
	assert_int_equal(walk_kind("cose-sign1"), 9);
}

static void ear_jwts(void **state)
{
	(void)state;
	assert_int_equal(walk_kind("ear-jwt"), 24);
}

static void ear_cwts(void **state)
{
	(void)state;
	assert_int_equal(walk_kind("ear-cwt"), 41);
}

static void eat_cwts(void **state)
{
	(void)state;
	assert_int_equal(walk_kind("eat-cwt"), 2);
}

static void ear_claims(void **state)
{
	(void)state;
	assert_int_equal(walk_kind("ear-claims"), 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(cose_messages), cmocka_unit_test(ear_jwts),   cmocka_unit_test(ear_cwts),
		cmocka_unit_test(eat_cwts),	 cmocka_unit_test(ear_claims),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
