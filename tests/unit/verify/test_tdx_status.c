/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/test.h"

#include "attestation/verify/tdx_status.h"

/* source: Intel PCS API 4 and DCAP QVL: platform, module or enclave, result */
typedef struct row {
	cof_tdx_status status, part, result;
} row;

static const row rows[] = {
	{COF_TDX_UP_TO_DATE, COF_TDX_UP_TO_DATE, COF_TDX_UP_TO_DATE},
	{COF_TDX_SW_HARDENING, COF_TDX_UP_TO_DATE, COF_TDX_SW_HARDENING},
	{COF_TDX_CONFIGURATION_SW, COF_TDX_UP_TO_DATE, COF_TDX_CONFIGURATION_SW},
	{COF_TDX_OUT_OF_DATE, COF_TDX_UP_TO_DATE, COF_TDX_OUT_OF_DATE},
	{COF_TDX_REVOKED, COF_TDX_UP_TO_DATE, COF_TDX_REVOKED},
	{COF_TDX_UP_TO_DATE, COF_TDX_OUT_OF_DATE, COF_TDX_OUT_OF_DATE},
	{COF_TDX_SW_HARDENING, COF_TDX_OUT_OF_DATE, COF_TDX_OUT_OF_DATE},
	{COF_TDX_CONFIGURATION, COF_TDX_OUT_OF_DATE, COF_TDX_OUT_OF_DATE_CONFIGURATION},
	{COF_TDX_CONFIGURATION_SW, COF_TDX_OUT_OF_DATE, COF_TDX_OUT_OF_DATE_CONFIGURATION},
	{COF_TDX_OUT_OF_DATE, COF_TDX_OUT_OF_DATE, COF_TDX_OUT_OF_DATE},
	{COF_TDX_OUT_OF_DATE_CONFIGURATION, COF_TDX_OUT_OF_DATE, COF_TDX_OUT_OF_DATE_CONFIGURATION},
	{COF_TDX_REVOKED, COF_TDX_OUT_OF_DATE, COF_TDX_REVOKED},
	{COF_TDX_UP_TO_DATE, COF_TDX_REVOKED, COF_TDX_REVOKED},
	{COF_TDX_OUT_OF_DATE, COF_TDX_REVOKED, COF_TDX_REVOKED},
	{COF_TDX_UP_TO_DATE, COF_TDX_NO_STATUS, COF_TDX_UP_TO_DATE},
	{COF_TDX_UP_TO_DATE, COF_TDX_NOT_SUPPORTED, COF_TDX_NOT_SUPPORTED},
	{COF_TDX_OUT_OF_DATE, COF_TDX_MODULE_MISMATCH, COF_TDX_MODULE_MISMATCH},
	{COF_TDX_NOT_SUPPORTED, COF_TDX_OUT_OF_DATE, COF_TDX_NOT_SUPPORTED},
	{COF_TDX_MODULE_MISMATCH, COF_TDX_UP_TO_DATE, COF_TDX_MODULE_MISMATCH},
	{COF_TDX_RELAUNCH, COF_TDX_UP_TO_DATE, COF_TDX_RELAUNCH},
	{COF_TDX_RELAUNCH, COF_TDX_OUT_OF_DATE, COF_TDX_OUT_OF_DATE},
	{COF_TDX_RELAUNCH_CONFIGURATION, COF_TDX_OUT_OF_DATE, COF_TDX_OUT_OF_DATE_CONFIGURATION},
};

static void the_table(void **state)
{
	(void)state;
	for (size_t i = 0; i < COF_COUNT(rows); i++)
		assert_int_equal(cof_tdx_status_converge(rows[i].status, rows[i].part), rows[i].result);
}

/* Whatever meets a part that is not good, nothing becomes good of it. */
static void t020_never_better(void **state)
{
	(void)state;
	for (int s = 0; s < COF_TDX_STATUSES; s++) {
		for (int part = COF_TDX_OUT_OF_DATE; part < COF_TDX_NO_STATUS; part++)
			assert_int_not_equal(cof_tdx_status_converge((cof_tdx_status)s, (cof_tdx_status)part),
					     COF_TDX_UP_TO_DATE);
	}
}

static void names(void **state)
{
	(void)state;
	cof_tdx_status s = COF_TDX_NO_STATUS;
	for (int i = 0; i <= COF_TDX_LAST_NAMED; i++) {
		const char *name = cof_tdx_status_name((cof_tdx_status)i);
		assert_true(cof_tdx_status_by_name(name, COF_TDX_LAST_NAMED, &s));
		assert_int_equal(s, i);
		assert_int_equal(cof_tdx_status_by_name(name, COF_TDX_LAST_SIGNED, &s), i <= COF_TDX_LAST_SIGNED);
	}
	assert_false(cof_tdx_status_by_name("", COF_TDX_LAST_NAMED, &s));
	assert_false(cof_tdx_status_by_name("NotSupported", COF_TDX_LAST_NAMED, &s));
	assert_false(cof_tdx_status_by_name("uptodate", COF_TDX_LAST_NAMED, &s));
	assert_string_equal(cof_tdx_status_name(COF_TDX_STATUSES), "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(the_table), cmocka_unit_test(t020_never_better),
					   cmocka_unit_test(names)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
