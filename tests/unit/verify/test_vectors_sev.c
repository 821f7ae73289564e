/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/verify/walk.h"

static void every_case(void **state)
{
	(void)state;
	static const char *const kinds[] = {"sev-legacy-chain", "sev-legacy-kat", NULL};
	walk_kinds(kinds, 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(every_case)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
