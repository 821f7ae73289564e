/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/verify/walk.h"

static void every_case(void **state)
{
	(void)state;
	static const char *const kinds[] = {"snp-report", "snp-report-parse", "snp-msg-report-rsp", NULL};
	walk_kinds(kinds, 115);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(every_case)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
