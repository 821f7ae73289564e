/* SPDX-License-Identifier: Apache-2.0 */
#include "firmware/tdx/tdx.h"

#include "tests/unit/test.h"

/* An unknown release is never taken for its neighbour: it may log something else. */
static void what_is_no_known_release(void **state)
{
	(void)state;
	static const unsigned bad[] = {0,      2,      202211, 202301, 202303, 202300, 202312, 202399,
				       202400, 202414, 202410, 202412, 202609, 202611, 202702, 0xffffffff};
	for (size_t i = 0; i < COF_COUNT(bad); i++) {
		cof_tdx_layout l = {.release = 77};
		assert_fails(cof_tdx_layout_of(bad[i], &l, &err), "firmware-release-unknown");
		assert_int_equal(l.release, 77);
	}
}

static void every_release(void **state)
{
	(void)state;
	static const unsigned releases[] = {202302, 202305, 202308, 202311, 202402, 202405, 202408, 202411,
					    202502, 202505, 202508, 202511, 202602, 202605, 202608};
	for (size_t i = 0; i < COF_COUNT(releases); i++) {
		unsigned r = releases[i];
		cof_tdx_layout l = {0};
		assert_ok(cof_tdx_layout_of(r, &l, &err));
		assert_int_equal(l.release, r);
		assert_int_equal(l.separator_in_rtmr1, r >= 202411);
		assert_int_equal(l.fw_cfg_events, r >= 202505);
		assert_int_equal(l.smbios, r >= 202505);
		assert_int_equal(l.two_boot_options, r >= 202505);
		assert_int_equal(l.initrd_first, r >= 202508);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_no_known_release),
		cmocka_unit_test(every_release),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
