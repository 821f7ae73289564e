/* SPDX-License-Identifier: Apache-2.0 */
/* Real swtpm and swtpm_setup. */
#include "tests/unit/test.h"

#include <signal.h>
#include <stdio.h>
#include <sys/stat.h>

#include "common/file.h"
#include "runtime/vm/swtpm.h"

static char top[64];

static int set_up(void **state)
{
	(void)state;
	(void)snprintf(top, sizeof top, "/tmp/coffer-swtpm-XXXXXX");
	return mkdtemp(top) != NULL ? 0 : -1;
}

static int tear_down(void **state)
{
	(void)state;
	return cof_rm_tree(top, NULL);
}

static bool installed(void)
{
	return access("/usr/bin/swtpm", X_OK) == 0 && access("/usr/bin/swtpm_setup", X_OK) == 0;
}

static void own_state_and_ca(void **state)
{
	(void)state;
	COF_AUTO(cof_swtpm) t = {.proc = COF_PROC_NONE, .ctrl_fd = -EBADF};
	COF_AUTO_FREE char *path = NULL;
	if (!installed())
		skip();
	assert_ok(cof_swtpm_start(&(cof_swtpm_opts){.dir = top}, &t, &err));
	assert_true(t.proc.pid > 0 && t.ctrl_fd >= 0);
	assert_ok(cof_path(&path, &err, "%s/ca/issuercert.pem", top));
	assert_int_equal(access(path, R_OK), 0);
}

static void a_kept_ca_serves_two_tpms(void **state)
{
	(void)state;
	COF_AUTO_FREE char *ca = NULL;
	COF_AUTO(cof_buf) before = {0};
	COF_AUTO(cof_buf) after = {0};
	if (!installed())
		skip();
	assert_ok(cof_path(&ca, &err, "%s/kept", top));
	assert_ok(cof_swtpm_ca(ca, &before, &err));
	assert_non_null(strstr(cof_buf_str(&before), "BEGIN CERTIFICATE"));
	for (int i = 0; i < 2; i++) {
		COF_AUTO(cof_swtpm) t = {.proc = COF_PROC_NONE, .ctrl_fd = -EBADF};
		COF_AUTO_FREE char *dir = NULL;
		assert_ok(cof_path(&dir, &err, "%s/tpm%d", top, i));
		assert_ok(cof_mkdirs(dir, 0700, &err));
		assert_ok(cof_swtpm_start(&(cof_swtpm_opts){.dir = dir, .ca_dir = ca}, &t, &err));
	}
	assert_ok(cof_swtpm_ca(ca, &after, &err));
	assert_int_equal(before.len, after.len);
	assert_memory_equal(before.data, after.data, after.len);
}

static void a_bare_one_needs_no_ca(void **state)
{
	(void)state;
	COF_AUTO(cof_swtpm) t = {.proc = COF_PROC_NONE, .ctrl_fd = -EBADF};
	COF_AUTO_FREE char *ca = NULL;
	if (!installed())
		skip();
	assert_ok(cof_swtpm_start(&(cof_swtpm_opts){.dir = top, .bare = true}, &t, &err));
	assert_ok(cof_path(&ca, &err, "%s/ca", top));
	assert_int_not_equal(access(ca, F_OK), 0);
}

static void release_ends_it_and_may_come_twice(void **state)
{
	(void)state;
	cof_swtpm t = {.proc = COF_PROC_NONE, .ctrl_fd = -EBADF};
	if (!installed())
		skip();
	assert_ok(cof_swtpm_start(&(cof_swtpm_opts){.dir = top, .bare = true}, &t, &err));
	pid_t pid = t.proc.pid;
	cof_swtpm_release(&t);
	assert_int_not_equal(kill(pid, 0), 0);
	cof_swtpm_release(&t);
	cof_swtpm zero = {0};
	cof_swtpm_release(&zero);
}

static void t089_folder_names_cannot_become_options(void **state)
{
	(void)state;
	static const char *const bad[] = {"/tmp/a,b", "/tmp/a\nb", "/tmp/a\"b", "/tmp/a'b"};
	for (size_t i = 0; i < COF_COUNT(bad); i++) {
		cof_swtpm t = {.proc = COF_PROC_NONE, .ctrl_fd = -EBADF};
		COF_AUTO(cof_buf) pem = {0};
		assert_fails(cof_swtpm_start(&(cof_swtpm_opts){.dir = bad[i]}, &t, &err), "bad-path");
		assert_fails(cof_swtpm_ca(bad[i], &pem, &err), "bad-path");
	}
}

static void t061_state_is_private(void **state)
{
	(void)state;
	COF_AUTO(cof_swtpm) t = {.proc = COF_PROC_NONE, .ctrl_fd = -EBADF};
	COF_AUTO_FREE char *path = NULL;
	struct stat st;
	if (!installed())
		skip();
	assert_ok(cof_swtpm_start(&(cof_swtpm_opts){.dir = top, .bare = true}, &t, &err));
	assert_ok(cof_path(&path, &err, "%s/state", top));
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 077, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(own_state_and_ca, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_kept_ca_serves_two_tpms, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_bare_one_needs_no_ca, set_up, tear_down),
		cmocka_unit_test_setup_teardown(release_ends_it_and_may_come_twice, set_up, tear_down),
		cmocka_unit_test(t089_folder_names_cannot_become_options),
		cmocka_unit_test_setup_teardown(t061_state_is_private, set_up, tear_down),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
