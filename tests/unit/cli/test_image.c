/* SPDX-License-Identifier: Apache-2.0 */
/* `coffer image`: exit codes of each verb, and the whole way from a layout to an encrypted one and back. */
#include <fcntl.h>

#include "common/file.h"
#include "runtime/cli/cli.h"
#include "tests/unit/image/mkimage.h"
#include "tests/unit/image/scratch.h"

enum { ARGS_MAX = 12 };

static int image(const char *const *args)
{
	char *argv[ARGS_MAX + 2] = {(char *)(uintptr_t) "image"};
	int argc = 1;
	for (; args[argc - 1] != NULL; argc++)
		argv[argc] = (char *)(uintptr_t)args[argc - 1];
	return cof_cli_dispatch("coffer image", cof_verbs_image, argc, argv);
}

#define IMAGE(...) image((const char *const[]){__VA_ARGS__, NULL})

static int begin(void **state)
{
	int r = scratch_up(state);
	const scratch *s = *state;
	assert_int_equal(chdir(s->top), 0);
	COF_AUTO_PTR(cof_layout) l = layout_at(s->top, "plain", true);
	layout_demo(l, "v1");
	assert_ok(cof_file_write("kek", cof_span_str("0123456789abcdef0123456789abcdef"), 0600, &err));
	assert_ok(cof_file_write("other", cof_span_str("0123456789abcdef0123456789abcdeX"), 0600, &err));
	assert_ok(cof_file_write("short", cof_span_str("0123456789abcdef"), 0600, &err));
	return r;
}

static int end(void **state)
{
	assert_int_equal(chdir("/"), 0);
	return scratch_down(state);
}

#define KID "kbs:///default/image-key/demo"

static void wrong_usage(void **state)
{
	(void)state;
	assert_int_equal(IMAGE("nothing"), COF_EXIT_USAGE);
	assert_int_equal(IMAGE("encrypt", "plain:v1", "out"), COF_EXIT_USAGE);
	assert_int_equal(IMAGE("encrypt", "--key", "short", "--kid", KID, "plain:v1", "out"), COF_EXIT_USAGE);
	assert_int_equal(IMAGE("encrypt", "--key", "absent", "--kid", KID, "plain:v1", "out"), COF_EXIT_USAGE);
	assert_int_equal(IMAGE("encrypt", "--key", "kek", "--kid", KID, "plain:v1"), COF_EXIT_USAGE);
	assert_int_equal(IMAGE("digest", "plain:bad tag"), COF_EXIT_USAGE);
	assert_int_equal(IMAGE("digest", "--nonsense", "plain:v1"), COF_EXIT_USAGE);
	assert_int_equal(IMAGE("push", "--resolve", "nonsense", "plain:v1", "h.x/a"), COF_EXIT_USAGE);
	assert_int_equal(IMAGE("push", "plain:v1", "H//x"), COF_EXIT_NO);
}

static void the_answer_is_no(void **state)
{
	(void)state;
	assert_int_equal(IMAGE("digest", "plain:absent"), COF_EXIT_NO);
	assert_int_equal(IMAGE("inspect", "nowhere"), COF_EXIT_NO);
	assert_int_equal(IMAGE("encrypt", "--key", "kek", "--kid", "http://x/y", "plain:v1", "out"), COF_EXIT_NO);
}

static void there_and_back(void **state)
{
	(void)state;
	COF_AUTO(cof_buf) text = {0};
	assert_int_equal(IMAGE("encrypt", "--key", "kek", "--kid", KID, "plain:v1", "sealed:v2"), COF_EXIT_YES);
	assert_int_equal(IMAGE("inspect", "--json", "sealed:v2"), COF_EXIT_YES);
	assert_int_equal(IMAGE("digest", "--json", "sealed:v2"), COF_EXIT_YES);
	assert_int_equal(IMAGE("unpack", "sealed:v2", "tree"), COF_EXIT_NO);
	assert_int_equal(IMAGE("unpack", "--key", "other", "sealed:v2", "tree"), COF_EXIT_NO);
	assert_int_not_equal(access("tree", F_OK), 0);
	assert_int_equal(IMAGE("unpack", "--key", "kek", "sealed:v2", "tree"), COF_EXIT_YES);
	assert_ok(cof_file_read("tree/etc/secret", 100, &text, &err));
	assert_string_equal(cof_buf_str(&text), "the secret");
	assert_int_equal(IMAGE("unpack", "--key", "kek", "sealed:v2", "tree"), COF_EXIT_USAGE);
}

static void helps(void **state)
{
	(void)state;
	const char *const verbs[] = {"encrypt", "push", "digest", "inspect", "unpack"};
	for (size_t i = 0; i < COF_COUNT(verbs); i++)
		assert_int_equal(IMAGE(verbs[i], "--help"), COF_EXIT_YES);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(f) cmocka_unit_test_setup_teardown(f, begin, end)
		T(wrong_usage),
		T(the_answer_is_no),
		T(there_and_back),
		T(helps),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
