/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/test.h"

#include <unistd.h>

#include "common/file.h"
#include "runtime/cli/cli.h"

static int ran_argc;
static const char *ran_name;

static int run_it(int argc, char **argv)
{
	ran_argc = argc;
	ran_name = argv[0];
	return 42;
}

static const cof_verb verbs[] = {{"one", "the first", run_it}, {NULL, NULL, NULL}};

static int dispatch(const char *a, const char *b)
{
	char *argv[] = {(char *)(uintptr_t) "coffer", (char *)(uintptr_t)a, (char *)(uintptr_t)b, NULL};
	return cof_cli_dispatch("coffer", verbs, b != NULL ? 3 : a != NULL ? 2 : 1, argv);
}

static void verbs_are_found_by_their_whole_name(void **state)
{
	(void)state;
	assert_int_equal(dispatch("one", "x"), 42);
	assert_int_equal(ran_argc, 2);
	assert_string_equal(ran_name, "one");
	assert_int_equal(dispatch("--help", NULL), COF_EXIT_YES);
	assert_int_equal(dispatch(NULL, NULL), COF_EXIT_USAGE);
	assert_int_equal(dispatch("on", NULL), COF_EXIT_USAGE);
	assert_int_equal(dispatch("onee", NULL), COF_EXIT_USAGE);
	assert_int_equal(dispatch("", NULL), COF_EXIT_USAGE);
}

static void exit_codes_follow_classes(void **state)
{
	(void)state;
	static const struct {
		cof_class cls;
		int code;
	} all[] = {{COF_E_POLICY, 1}, {COF_E_CRYPTO, 1},      {COF_E_MALFORMED, 1}, {COF_E_USAGE, 2},
		   {COF_E_IO, 2},     {COF_E_UNAVAILABLE, 2}, {COF_E_INTERNAL, 2}};
	for (size_t i = 0; i < COF_COUNT(all); i++) {
		cof_err e = {0};
		(void)!cof_err_set(&e, all[i].cls, "some-reason", "text");
		assert_int_equal(cof_cli_fail(&e, false), all[i].code);
	}
	assert_int_equal(cof_cli_usage("no %s", "way"), 2);
}

static void resolves(const char *in, const char *name, unsigned port, const char *addr)
{
	cof_resolve r = {0};
	assert_ok(cof_cli_resolve(in, &r, &err));
	assert_string_equal(r.name, name);
	assert_int_equal(r.port, port);
	assert_string_equal(r.addr, addr);
}

static void resolve_takes_names_ports_and_addresses(void **state)
{
	(void)state;
	resolves("kbs.coffer.test:8080:127.0.0.1", "kbs.coffer.test", 8080, "127.0.0.1");
	resolves("a:1:::1", "a", 1, "::1");
	resolves("a:65535:[fe80::1]", "a", 65535, "fe80::1");
}

static void t089_resolve_takes_nothing_else(void **state)
{
	(void)state;
	static const char *const bad[] = {"",
					  ":",
					  "::",
					  "a",
					  "a:1",
					  "a:1:",
					  "a:1:x",
					  "a:0:1.2.3.4",
					  "a:65536:1.2.3.4",
					  "a:-1:1.2.3.4",
					  "a:+1:1.2.3.4",
					  "a: 1:1.2.3.4",
					  ":1:1.2.3.4",
					  "-a:1:1.2.3.4",
					  ".a:1:1.2.3.4",
					  "a b:1:1.2.3.4",
					  "a\n:1:1.2.3.4",
					  "a:1:1.2.3.4 b",
					  "a:1:1.2.3.4\n10.0.0.1 evil",
					  "a:1:[1.2.3.4]",
					  "a:1:[]",
					  "a:1:[::1",
					  "a:1:1.2.3",
					  "a:000001:1.2.3.4",
					  "a/b:1:1.2.3.4"};
	for (size_t i = 0; i < COF_COUNT(bad); i++) {
		cof_resolve r = {0};
		assert_fails(cof_cli_resolve(bad[i], &r, &err), "bad-resolve");
		assert_int_equal(r.port, 0);
	}
	char longest[400];
	memset(longest, 'a', sizeof longest);
	memcpy(longest + 254, ":1:1.2.3.4", 11);
	cof_resolve r = {0};
	assert_fails(cof_cli_resolve(longest, &r, &err), "bad-resolve");
}

static void files_are_read_and_written(void **state)
{
	(void)state;
	char path[] = "/tmp/coffer-cli-XXXXXX";
	COF_AUTO(cof_buf) got = {0};
	COF_AUTO_FD int fd = mkstemp(path);
	assert_true(fd >= 0);
	assert_ok(cof_cli_write(path, cof_span_str("text"), 0600, &err));
	assert_ok(cof_cli_read(path, 10, &got, &err));
	assert_string_equal(cof_buf_str(&got), "text");
	assert_fails(cof_cli_read(path, 3, &got, &err), "file-too-large");
	assert_int_equal(unlink(path), 0);
	assert_fails(cof_cli_read(path, 10, &got, &err), "no-such-file");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(verbs_are_found_by_their_whole_name),
		cmocka_unit_test(exit_codes_follow_classes),
		cmocka_unit_test(resolve_takes_names_ports_and_addresses),
		cmocka_unit_test(t089_resolve_takes_nothing_else),
		cmocka_unit_test(files_are_read_and_written),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
