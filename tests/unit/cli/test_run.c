/* SPDX-License-Identifier: Apache-2.0 */
/* `coffer run` up to the start of a machine: every end before that has its reason, its report and code 125. */
#include "tests/unit/test.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "common/file.h"
#include "common/json.h"
#include "runtime/cli/cli.h"

#define IMAGE "r.test/demo@sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
#define INITDATA "version = \"0.1.0\"\nalgorithm = \"sha256\"\n[data]\n"

static char top[64], initdata[128], report[128], manifest[128];

static void put(char path[128], const char *name, const char *text)
{
	(void)snprintf(path, 128, "%s/%s", top, name);
	if (text != NULL)
		assert_ok(cof_file_write(path, cof_span_str(text), 0600, &err));
}

static int set_up(void **state)
{
	(void)state;
	(void)snprintf(top, sizeof top, "/tmp/coffer-run-XXXXXX");
	if (mkdtemp(top) == NULL || setenv("XDG_RUNTIME_DIR", top, 1) != 0)
		return -1;
	put(initdata, "initdata.toml", INITDATA);
	put(report, "report.json", NULL);
	put(manifest, "manifest.json", "{}");
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	return cof_rm_tree(top, NULL);
}

static int run(const char *const *words)
{
	char *argv[40] = {(char *)(uintptr_t) "run"};
	int n = 1;
	for (; words[n - 1] != NULL; n++)
		argv[n] = (char *)(uintptr_t)words[n - 1];
	return cof_cmd_run(n, argv);
}

#define RUN(...) run((const char *const[]){__VA_ARGS__, NULL})

static void expect(const char *outcome, const char *reason)
{
	COF_AUTO_PTR(json_t) v = NULL;
	assert_ok(cof_json_read_file(report, 1 << 20, &v, &err));
	assert_string_equal(json_string_value(json_object_get(v, "outcome")), outcome);
	assert_string_equal(json_string_value(json_object_get(v, "reason")), reason);
	assert_true(json_is_null(json_object_get(v, "exit_code")));
}

static void usage_is_not_the_workloads_code(void **state)
{
	(void)state;
	assert_int_equal(RUN("--no-such"), 125);
	assert_int_equal(RUN(IMAGE), 125);
	assert_int_equal(RUN("--initdata", initdata, "demo:latest"), 125);
	assert_int_equal(RUN("--help"), 0);
}

static void broken_inputs_are_told_in_the_report(void **state)
{
	(void)state;
	char bad[128];
	put(bad, "bad", "version = 1\n");
	assert_int_equal(RUN("--initdata", bad, "--report", report, "--guest", manifest, IMAGE), 125);
	expect("refused", "initdata-malformed");
	assert_int_equal(RUN("--initdata", "/no/such/file", "--report", report, "--guest", manifest, IMAGE), 125);
	expect("failed", "no-such-file");
	assert_int_equal(RUN("--initdata", initdata, "--report", report, "--guest", manifest, IMAGE), 125);
	expect("refused", "manifest-malformed");
	assert_int_equal(RUN("--initdata", initdata, "--report", report, "--guest", "/no/such/file", IMAGE), 125);
	expect("failed", "no-such-file");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(usage_is_not_the_workloads_code, set_up, tear_down),
		cmocka_unit_test_setup_teardown(broken_inputs_are_told_in_the_report, set_up, tear_down),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
