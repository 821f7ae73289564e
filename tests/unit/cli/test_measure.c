/* SPDX-License-Identifier: Apache-2.0 */
/* `coffer measure`: exit codes before and without a prediction, and no reference values from a failure. */
#include <getopt.h>

#include "runtime/cli/cli.h"
#include "tests/unit/cli/guest_files.h"

static int set_up(void **state)
{
	static guest_files g;
	guest_files_make(&g, "q35");
	*state = &g;
	return 0;
}

static int tear_down(void **state)
{
	guest_files_drop(*state);
	return 0;
}

static int measure(const char *const *words)
{
	char *argv[20] = {(char *)(uintptr_t) "measure"};
	int argc = 1;
	for (; words[argc - 1] != NULL; argc++)
		argv[argc] = (char *)(uintptr_t)words[argc - 1];
	optind = 0;
	return cof_cmd_measure(argc, argv);
}

#define MEASURE(...) measure((const char *const[]){__VA_ARGS__, NULL})

static void wrong_usage_is_two(void **state)
{
	const guest_files *g = *state;
	assert_int_equal(MEASURE("more"), COF_EXIT_USAGE);
	assert_int_equal(MEASURE("--nonsense"), COF_EXIT_USAGE);
	assert_int_equal(MEASURE("--guest"), COF_EXIT_USAGE);
	static const char *const tees[] = {"", "TPM", "sample", "tpm ", "tpm,", ",tpm", "tpm,,snp", "all,tpm"};
	for (size_t i = 0; i < COF_COUNT(tees); i++)
		assert_int_equal(MEASURE("--tee", tees[i], "--guest", g->manifest), COF_EXIT_USAGE);
	assert_int_equal(MEASURE("--help"), COF_EXIT_YES);
	assert_int_equal(MEASURE("calibrate", "more"), COF_EXIT_USAGE);
}

static void a_manifest_that_says_no(void **state)
{
	guest_files *g = *state;
	static const char *const texts[] = {"", "{", "{}", "[]", "null"};
	assert_int_equal(MEASURE("--guest", g->manifest, "--profile", "large"), COF_EXIT_NO);
	for (size_t i = 0; i < COF_COUNT(texts); i++) {
		guest_put(g, "manifest.json", texts[i], 0600);
		assert_int_equal(MEASURE("--guest", g->manifest), COF_EXIT_NO);
		assert_int_equal(MEASURE("--guest", g->manifest, "--json"), COF_EXIT_NO);
	}
	assert_int_equal(MEASURE("--guest", "/nonexistent"), COF_EXIT_USAGE);
	assert_int_equal(access(g->mark, F_OK), -1);
}

static void t077_no_reference_values_of_other_files(void **state)
{
	guest_files *g = *state;
	char out[160];
	(void)tmpdir_path(&g->dir, "out.json", out);
	for (size_t i = 0; i < COF_COUNT(guest_file_names); i++) {
		guest_put(g, guest_file_names[i], "another", 0600);
		assert_int_equal(MEASURE("--guest", g->manifest, "--output", out), COF_EXIT_NO);
		assert_int_equal(access(out, F_OK), -1);
		guest_put(g, guest_file_names[i], guest_file_names[i], 0600);
	}
	assert_int_equal(access(g->mark, F_OK), -1);
	guest_leaves_nothing(g);
}

static void t077_a_failure_keeps_the_values_that_were(void **state)
{
	guest_files *g = *state;
	COF_AUTO(cof_buf) text = {0};
	char out[160];
	guest_put(g, "out.json", "earlier", 0600);
	guest_put(g, "initrd", "another", 0600);
	assert_int_equal(MEASURE("--guest", g->manifest, "--output", tmpdir_path(&g->dir, "out.json", out)),
			 COF_EXIT_NO);
	assert_ok(cof_file_read(out, 100, &text, &err));
	assert_string_equal(cof_buf_str(&text), "earlier");
}

/* A TEE among several may fail; when all do, nothing is written. */
static void t077_no_document_of_files_that_are_not_there(void **state)
{
	guest_files *g = *state;
	char out[160], rvps[160];
	(void)tmpdir_path(&g->dir, "document.json", out);
	(void)tmpdir_path(&g->dir, "rvps.json", rvps);
	assert_int_equal(MEASURE("--tee", "sev,tdx", "--firmware", "/nonexistent", "--document", out, "--rvps", rvps),
			 COF_EXIT_NO);
	assert_int_equal(access(out, F_OK), -1);
	assert_int_equal(access(rvps, F_OK), -1);
}

static void calibrations_that_do_not_parse(void **state)
{
	guest_files *g = *state;
	char path[160];
	static const char *const texts[] = {"", "{}", "{\"format\":\"coffer-firmware-build/9\"}", "[]"};
	(void)tmpdir_path(&g->dir, "cal.json", path);
	for (size_t i = 0; i < COF_COUNT(texts); i++) {
		guest_put(g, "cal.json", texts[i], 0600);
		assert_int_equal(MEASURE("--guest", g->manifest, "--calibration", path), COF_EXIT_NO);
	}
	assert_int_equal(MEASURE("--guest", g->manifest, "--calibration", "/nonexistent"), COF_EXIT_USAGE);
	assert_int_equal(access(g->mark, F_OK), -1);
}

static void no_qemu_is_two(void **state)
{
	guest_files *g = *state;
	assert_int_equal(setenv("COFFER_QEMU", "/nonexistent/qemu", 1), 0);
	assert_int_equal(MEASURE("--guest", g->manifest), COF_EXIT_USAGE);
	assert_int_equal(setenv("COFFER_QEMU", "/bin/true", 1), 0); /* a program, but none that says what it is */
	assert_int_equal(MEASURE("--guest", g->manifest), COF_EXIT_USAGE);
	guest_leaves_nothing(g);
}

/* Signals wait while helpers run, and count again afterwards. */
static void the_signal_mask_is_as_before(void **state)
{
	const guest_files *g = *state;
	sigset_t before, after;
	assert_int_equal(sigprocmask(SIG_SETMASK, NULL, &before), 0);
	assert_int_equal(MEASURE("--guest", g->manifest, "--profile", "none"), COF_EXIT_NO);
	assert_int_equal(sigprocmask(SIG_SETMASK, NULL, &after), 0);
	static const int signals[] = {SIGINT, SIGTERM, SIGHUP};
	for (size_t i = 0; i < COF_COUNT(signals); i++) {
		assert_int_equal(sigismember(&before, signals[i]), 0);
		assert_int_equal(sigismember(&after, signals[i]), 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
		T(t077_no_reference_values_of_other_files),
		T(t077_a_failure_keeps_the_values_that_were),
		T(t077_no_document_of_files_that_are_not_there),
		T(a_manifest_that_says_no),
		T(calibrations_that_do_not_parse),
		T(wrong_usage_is_two),
		T(no_qemu_is_two),
		T(the_signal_mask_is_as_before),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
