/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/test.h"

#include <dirent.h>
#include <stdio.h>
#include <sys/stat.h>
#include <time.h>

#include "common/file.h"
#include "runtime/vm/probe.h"

static char top[64];
static char name[] = "default", cpu[] = "max", machine[] = "q35", cmdline[] = "quiet", none[] = "/no/such/file";
static const cof_profile profile = {.name = name, .memory_mib = 64, .vcpus = 1, .cpu = cpu, .machine = machine};

static int set_up(void **state)
{
	(void)state;
	(void)snprintf(top, sizeof top, "/tmp/coffer-probe-XXXXXX");
	(void)unsetenv("COFFER_ACCEL");
	(void)unsetenv("COFFER_QEMU");
	return mkdtemp(top) != NULL ? 0 : -1;
}

static int tear_down(void **state)
{
	(void)state;
	return cof_rm_tree(top, NULL);
}

static cof_manifest guest(void)
{
	return (cof_manifest){
		.firmware.path = none, .vars.path = none, .kernel.path = none, .initrd.path = none, .cmdline = cmdline};
}

static char *script(const char *text)
{
	char *path = NULL;
	assert_ok(cof_path(&path, &err, "%s/qemu", top));
	assert_ok(cof_file_write(path, cof_span_str(text), 0755, &err));
	assert_int_equal(setenv("COFFER_QEMU", path, 1), 0);
	return path;
}

static void a_program_says_its_version(void **state)
{
	(void)state;
	COF_AUTO_FREE char *path = script("#!/bin/sh\necho 'QEMU emulator version 9.1.2 (x)'\n");
	COF_AUTO(cof_qemu) q = {0};
	assert_ok(cof_probe_qemu(&q, &err));
	assert_string_equal(q.version, "9.1.2");
	assert_string_equal(q.path, path);
}

static void programs_that_are_no_qemu_are_refused(void **state)
{
	(void)state;
	static const char *const bad[] = {
		"#!/bin/sh\nexit 0\n", "#!/bin/sh\necho hello\n", "#!/bin/sh\necho version\n",
		"#!/bin/sh\necho version x\n",
		"#!/bin/sh\nprintf 'version '; printf '1%.0s' 1 2 3 4 5 6 7 8 9 1 2 3 4 5 6 7 8 9 "
		"1 2 3 4 5 6 7 8 9 1 2 3 4 5 6 7 8 9\n"};
	for (size_t i = 0; i < COF_COUNT(bad); i++) {
		COF_AUTO_FREE char *path = script(bad[i]);
		COF_AUTO(cof_qemu) q = {0};
		assert_fails(cof_probe_qemu(&q, &err), "qemu-absent");
		assert_null(q.path);
	}
	COF_AUTO(cof_qemu) q = {0};
	assert_int_equal(setenv("COFFER_QEMU", "/no/such/qemu", 1), 0);
	assert_fails(cof_probe_qemu(&q, &err), "exec-failed");
	(void)unsetenv("COFFER_QEMU");
	COF_AUTO_FREE char *path = strdup(getenv("PATH"));
	assert_int_equal(setenv("PATH", "/nowhere:relative::.", 1), 0);
	assert_fails(cof_probe_qemu(&q, &err), "qemu-absent");
	assert_int_equal(setenv("PATH", path, 1), 0);
}

static void the_environment_decides_without_a_probe(void **state)
{
	(void)state;
	cof_manifest m = guest();
	const cof_qemu q = {.path = none, .version = name};
	cof_accel a = COF_ACCEL_TCG;
	assert_int_equal(setenv("COFFER_ACCEL", "kvm", 1), 0);
	assert_ok(cof_probe_accel(&q, &m, &profile, top, &a, &err));
	assert_int_equal(a, COF_ACCEL_KVM);
	assert_int_equal(setenv("COFFER_ACCEL", "tcg", 1), 0);
	assert_ok(cof_probe_accel(&q, &m, &profile, top, &a, &err));
	assert_int_equal(a, COF_ACCEL_TCG);
	assert_int_equal(setenv("COFFER_ACCEL", "xen", 1), 0);
	assert_fails(cof_probe_accel(&q, &m, &profile, top, &a, &err), "bad-accel");
}

static size_t files(const char *prefix)
{
	size_t n = 0;
	DIR *d = opendir(top);
	assert_non_null(d);
	for (struct dirent *e = readdir(d); e != NULL; e = readdir(d))
		n += strncmp(e->d_name, prefix, strlen(prefix)) == 0;
	(void)closedir(d);
	return n;
}

static double now(void)
{
	struct timespec t;
	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* A QEMU that hangs without a word, as one does on some hosts: TCG, in bounded time, and asked only once. */
static void a_probe_that_hangs_ends_in_tcg(void **state)
{
	(void)state;
	COF_AUTO_FREE char *path =
		script("#!/bin/sh\n[ \"$1\" = --version ] && echo version 1.0 && exit\nexec sleep 60\n");
	cof_manifest m = guest();
	COF_AUTO(cof_qemu) q = {0};
	cof_accel a = COF_ACCEL_KVM;
	if (access("/dev/kvm", R_OK | W_OK) != 0 || access("/usr/bin/swtpm", X_OK) != 0)
		skip();
	assert_ok(cof_probe_qemu(&q, &err));
	double began = now();
	assert_ok(cof_probe_accel(&q, &m, &profile, top, &a, &err));
	assert_int_equal(a, COF_ACCEL_TCG);
	assert_true(now() - began < 15);
	assert_int_equal(files("accel-"), 1);
	assert_int_equal(files("run-"), 0);
	began = now();
	a = COF_ACCEL_KVM;
	assert_ok(cof_probe_accel(&q, &m, &profile, top, &a, &err));
	assert_int_equal(a, COF_ACCEL_TCG);
	assert_true(now() - began < 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_program_says_its_version, set_up, tear_down),
		cmocka_unit_test_setup_teardown(programs_that_are_no_qemu_are_refused, set_up, tear_down),
		cmocka_unit_test_setup_teardown(the_environment_decides_without_a_probe, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_probe_that_hangs_ends_in_tcg, set_up, tear_down),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
