/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/cli/measure_options.h"

#include "runtime/cli/cli.h"
#include "tests/unit/test.h"

enum { ARGS_MAX = 12 };

static int parse(const char *const *words, bool takes_file, cof_measure_opts *ret)
{
	char *argv[ARGS_MAX + 2] = {(char *)(uintptr_t) "measure"};
	int argc = 1;
	for (; words[argc - 1] != NULL; argc++)
		argv[argc] = (char *)(uintptr_t)words[argc - 1];
	return cof_measure_options(argc, argv, takes_file, ret);
}

#define PARSE(takes_file, ret, ...) parse((const char *const[]){__VA_ARGS__, NULL}, takes_file, ret)

static void defaults(void **state)
{
	cof_measure_opts o;
	(void)state;
	assert_int_equal(PARSE(false, &o, "--tee", "snp"), COF_EXIT_YES);
	assert_string_equal(o.tee, "snp");
	assert_string_equal(o.vmm, "qemu");
	assert_string_equal(o.mrtd_order, "page");
	assert_int_equal(o.vcpus, 1);
	assert_int_equal(o.guest_features, 1);
	assert_null(o.append);
	assert_false(o.json);
}

static void every_kind_of_value(void **state)
{
	cof_measure_opts o;
	(void)state;
	assert_int_equal(PARSE(false, &o, "--vcpus=64", "--guest-features", "0x21", "--memory", "2G", "--append", "",
			       "--wanted", "aa", "--wanted", "bb", "--zero-fpu"),
			 COF_EXIT_YES);
	assert_int_equal(o.vcpus, 64);
	assert_int_equal(o.guest_features, 0x21);
	assert_int_equal(o.memory_bytes, 2ull << 30);
	assert_string_equal(o.append, "");
	assert_int_equal(o.n_wanted, 2);
	assert_string_equal(o.wanted[1], "bb");
	assert_true(o.zero_fpu);
}

static void what_is_no_option_is_refused(void **state)
{
	static const char *const bad[][2] = {{"--vcpus", "x"},
					     {"--vcpus", "-1"},
					     {"--vcpus", "4294967296"},
					     {"--vcpus", ""},
					     {"--memory", "2X"},
					     {"--memory", "1Gi"},
					     {"--memory", "G"},
					     {"--vcpu-sig", "0x"},
					     {"--guest-features", "1 "},
					     {"--nothing", "1"},
					     {"snp", NULL},
					     {"--memory", "-1"},
					     {"--vcpu-sig", "0x10000000000000000"}};
	cof_measure_opts o;
	(void)state;
	for (size_t i = 0; i < COF_COUNT(bad); i++) {
		const char *const words[] = {bad[i][0], bad[i][1], NULL};
		if (parse(words, false, &o) != COF_EXIT_USAGE)
			fail_msg("%s %s was taken", bad[i][0], bad[i][1] == NULL ? "" : bad[i][1]);
	}
}

static void a_file_where_one_belongs(void **state)
{
	cof_measure_opts o;
	(void)state;
	assert_int_equal(PARSE(true, &o, "image.fd", "--json"), COF_EXIT_YES);
	assert_string_equal(o.file, "image.fd");
	assert_int_equal(PARSE(true, &o, "--json"), COF_EXIT_USAGE);
	assert_int_equal(PARSE(true, &o, "a", "b"), COF_EXIT_USAGE);
	assert_int_equal(PARSE(true, &o, "--help"), COF_EXIT_YES);
	assert_true(o.help);
}

static void numbers_and_sizes(void **state)
{
	uint64_t v = 7;
	(void)state;
	assert_true(cof_parse_number("0xff", 255, &v));
	assert_int_equal(v, 255);
	assert_false(cof_parse_number("256", 255, &v));
	assert_false(cof_parse_number("+1", 255, &v));
	assert_false(cof_parse_number("1.0", 255, &v));
	assert_int_equal(v, 255);
	assert_true(cof_parse_size("512", &v));
	assert_int_equal(v, 512ull << 20);
	assert_true(cof_parse_size("4K", &v));
	assert_int_equal(v, 4096);
	assert_false(cof_parse_size("4294967296T", &v));
	assert_false(cof_parse_size("", &v));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(defaults),
		cmocka_unit_test(every_kind_of_value),
		cmocka_unit_test(what_is_no_option_is_refused),
		cmocka_unit_test(a_file_where_one_belongs),
		cmocka_unit_test(numbers_and_sizes),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
