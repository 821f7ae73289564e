/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/port.h"

#include <sys/stat.h>

#include "agent/await.h"
#include "agent/boot.h"
#include "common/file.h"
#include "tests/unit/test.h"

static char dir[] = "/tmp/coffer-port-XXXXXX";

static int setup(void **state)
{
	(void)state;
	return mkdtemp(dir) == NULL ? -1 : 0;
}

static int teardown(void **state)
{
	(void)state;
	return cof_rm_tree(dir, NULL);
}

static void add(const char *port, const char *name)
{
	COF_AUTO_FREE char *folder = NULL;
	COF_AUTO_FREE char *file = NULL;
	assert_ok(cof_path(&folder, &err, "%s/%s", dir, port));
	assert_ok(cof_path(&file, &err, "%s/%s/name", dir, port));
	assert_ok(cof_mkdirs(folder, 0700, &err));
	assert_ok(cof_file_write(file, cof_span_str(name), 0600, &err));
}

/* The host may attach as many ports as it likes; only the whole name counts. */
static void t018_port_by_whole_name(void **state)
{
	char *path = NULL;
	(void)state;
	assert_fails(cof_port_find("/nonexistent", "coffer.ctl", &path, &err), "no-port");
	add("vport1p1", "coffer.ctl2\n");
	add("vport1p2", "xcoffer.ctl\n");
	add("vport1p3", "coffer.c\n");
	add("vport1p4", "");
	assert_fails(cof_port_find(dir, "coffer.ctl", &path, &err), "no-port");
	add("vport1p5", "coffer.ctl\n");
	assert_ok(cof_port_find(dir, "coffer.ctl", &path, &err));
	assert_string_equal(path, "/dev/vport1p5");
	free(path);
	add("vport1p6", "coffer.io");
	assert_ok(cof_port_find(dir, "coffer.io", &path, &err));
	assert_string_equal(path, "/dev/vport1p6");
	free(path);
}

/* --- await.c --- */

static bool count_down(void *arg)
{
	int *left = arg;
	return --*left < 0;
}

static void await_gives_up_in_time(void **state)
{
	int never = 1 << 20, now = 0;
	(void)state;
	assert_ok(cof_await_device(count_down, &now, 1000, "x", &err));
	assert_fails(cof_await_device(count_down, &never, 50, "the thing", &err), "device-missing");
}

/* --- boot.c, what of it needs no machine of its own --- */

static void boot_module_lists(void **state)
{
	COF_AUTO_FREE char *list = NULL;
	(void)state;
	assert_ok(cof_path(&list, &err, "%s/modules", dir));
	assert_ok(cof_boot_modules(list, &err)); /* none is fine */
	assert_ok(cof_file_write(list, cof_span_str(""), 0600, &err));
	assert_ok(cof_boot_modules(list, &err));
	assert_ok(cof_file_write(list, cof_span_str("# only words\n\n"), 0600, &err));
	assert_ok(cof_boot_modules(list, &err));
	assert_ok(cof_file_write(list, cof_span_str("/nonexistent.ko\n"), 0600, &err));
	assert_fails(cof_boot_modules(list, &err), "module-failed");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(t018_port_by_whole_name),
		cmocka_unit_test(await_gives_up_in_time),
		cmocka_unit_test(boot_module_lists),
	};
	return cmocka_run_group_tests(tests, setup, teardown);
}
