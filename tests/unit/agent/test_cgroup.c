/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/cgroup.h"

#include "common/file.h"
#include "tests/unit/test.h"

static char dir[] = "/tmp/coffer-cgroup-XXXXXX";

static void put(const char *name, const char *text)
{
	COF_AUTO_FREE char *path = NULL;
	assert_ok(cof_path(&path, &err, "%s/%s", dir, name));
	assert_ok(cof_file_write(path, cof_span_str(text), 0600, &err));
}

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

static void cgroup_empty_folder_is_zeros(void **state)
{
	cof_cgroup_stats s;
	(void)state;
	assert_ok(cof_cgroup_read(dir, &s, &err));
	assert_int_equal(s.memory, 0);
	assert_int_equal(s.pids_limit, 0);
	assert_fails(cof_cgroup_read("/nonexistent/cgroup", &s, &err), "no-cgroup");
}

static void cgroup_numbers(void **state)
{
	cof_cgroup_stats s;
	(void)state;
	put("cpu.stat",
	    "usage_usec 1500\nuser_usec 1000\nsystem_usec 500\nnr_periods 3\nnr_throttled 2\nthrottled_usec 7\n");
	put("memory.current", "4096\n");
	put("memory.peak", "8192\n");
	put("memory.max", "max\n");
	put("memory.stat", "anon 1\nfile 2048\nkernel 77\ninactive_anon 5\ninactive_file 99\n");
	put("memory.events", "low 0\nhigh 0\nmax 4\noom 1\n");
	put("pids.current", "3\n");
	put("pids.max", "4096\n");
	assert_ok(cof_cgroup_read(dir, &s, &err));
	assert_int_equal(s.cpu_total_ns, 1500000);
	assert_int_equal(s.cpu_system_ns, 500000);
	assert_int_equal(s.throttled_ns, 7000);
	assert_int_equal(s.memory_max_seen, 8192);
	assert_int_equal(s.memory_limit, 0);
	assert_int_equal(s.memory_fails, 4);
	assert_int_equal(s.cache, 2048);
	assert_int_equal(s.inactive_file, 99);
	assert_int_equal(s.kernel, 77);
	assert_int_equal(s.pids, 3);
	assert_int_equal(s.pids_limit, 4096);
}

static void cgroup_odd_files(void **state)
{
	cof_cgroup_stats s;
	(void)state;
	put("cpu.stat", "");
	put("memory.stat", "file\nfile_x 9\n\nfile");
	put("memory.current", "99999999999999999999999999\n");
	put("pids.current", "-5\n");
	assert_ok(cof_cgroup_read(dir, &s, &err));
	assert_int_equal(s.cpu_total_ns, 0);
	assert_int_equal(s.cache, 0);
	assert_true(s.memory == UINT64_MAX);
	assert_int_equal(s.pids, 0);
}

static void cgroup_kill(void **state)
{
	COF_AUTO(cof_buf) text = {0};
	COF_AUTO_FREE char *path = NULL;
	(void)state;
	assert_ok(cof_cgroup_kill("/nonexistent/cgroup", &err));
	put("cgroup.kill", "");
	assert_ok(cof_cgroup_kill(dir, &err));
	assert_ok(cof_path(&path, &err, "%s/cgroup.kill", dir));
	assert_ok(cof_file_read(path, 16, &text, &err));
	assert_string_equal(cof_buf_str(&text), "1");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(cgroup_empty_folder_is_zeros),
		cmocka_unit_test(cgroup_numbers),
		cmocka_unit_test(cgroup_odd_files),
		cmocka_unit_test(cgroup_kill),
	};
	return cmocka_run_group_tests(tests, setup, teardown);
}
