/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/verify/walk.h"

static void every_quote(void **state)
{
	(void)state;
	assert_true(walk_kind("tpm-quote") >= 40);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(every_quote)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
