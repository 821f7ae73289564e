/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/disk.h"

#include "tests/unit/agent/disks.h"

static void a_disk_is_found_by_its_serial_alone(void **state)
{
	char dir[] = DISKS_TEMPLATE;
	COF_AUTO_FREE char *name = NULL;
	COF_AUTO_FREE char *none = NULL;
	(void)state;
	disks_new(dir);
	disks_add(dir, "vda", "coffer-scratch2\n", "2048\n");
	disks_add(dir, "vdb", "xcoffer-scratch\n", "2048\n");
	disks_add(dir, "vdc", "coffer-scratch", "2048\n");
	disks_add(dir, "vdd", NULL, "2048\n");
	assert_int_equal(cof_disk_find(dir, "coffer-scratch", &name), 1);
	assert_string_equal(name, "vdc");
	assert_int_equal(cof_disk_find(dir, "coffer", &none), 0);
	assert_null(none);
	assert_int_equal(cof_disk_find("/nonexistent", "coffer-scratch", &none), 0);
	assert_null(none);
	assert_ok(cof_rm_tree(dir, &err));
}

static void t054_all_with_the_serial_are_counted(void **state)
{
	char dir[] = DISKS_TEMPLATE;
	COF_AUTO_FREE char *name = NULL;
	(void)state;
	disks_new(dir);
	for (char n = 'a'; n < 'f'; n++)
		disks_add(dir, (char[]){'v', 'd', n, 0}, "coffer-scratch\n", "2048\n");
	assert_int_equal(cof_disk_find(dir, "coffer-scratch", &name), 5);
	assert_ok(cof_rm_tree(dir, &err));
}

static void sizes_are_in_sectors_and_must_make_sense(void **state)
{
	static const char *const bad[] = {"",	  "\n", "x\n", "12x\n", "99999999999999999999\n", "36028797018963968\n",
					  "1 2\n"};
	char dir[] = DISKS_TEMPLATE;
	uint64_t bytes = 0;
	(void)state;
	disks_new(dir);
	disks_add(dir, "good", NULL, "2049\n");
	assert_ok(cof_disk_bytes(dir, "good", &bytes, &err));
	assert_int_equal(bytes, 2049 * 512);
	assert_fails(cof_disk_bytes(dir, "absent", &bytes, &err), "disk-size");
	for (size_t i = 0; i < COF_COUNT(bad); i++) {
		char name[] = {'b', (char)('0' + i), 0};
		disks_add(dir, name, NULL, bad[i]);
		assert_fails(cof_disk_bytes(dir, name, &bytes, &err), "disk-size");
	}
	assert_ok(cof_rm_tree(dir, &err));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_disk_is_found_by_its_serial_alone),
		cmocka_unit_test(t054_all_with_the_serial_are_counted),
		cmocka_unit_test(sizes_are_in_sectors_and_must_make_sense),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
