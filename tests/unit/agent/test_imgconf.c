/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/imgconf.h"

#include "tests/unit/test.h"

static void t056_imgconf_refuses(void **state)
{
	static const char *const bad[] = {
		"",
		"{}",
		"[]",
		"{\"config\":null}",
		"{\"config\":{}}",
		"{\"config\":{\"Entrypoint\":[]}}",
		"{\"config\":{\"Entrypoint\":[\"\"]}}",
		"{\"config\":{\"Entrypoint\":\"/x\"}}",
		"{\"config\":{\"Cmd\":[\"a\",1]}}",
		"{\"config\":{\"Cmd\":[\"a\"],\"WorkingDir\":\"rel\"}}",
		"{\"config\":{\"Cmd\":[\"a\"],\"User\":7}}",
		"{\"config\":{\"Cmd\":[\"a\\u0000b\"]}}",
		"{\"config\":{\"Cmd\":[\"a\"],\"Env\":{\"A\":\"b\"}}}",
		"{\"config\":{\"Cmd\":[\"a\"],\"Cmd\":[\"b\"]}}",
	};
	(void)state;
	for (size_t i = 0; i < COF_COUNT(bad); i++) {
		cof_imgconf c = {0};
		assert_fails(cof_imgconf_parse(cof_span_str(bad[i]), &c, &err), "image-config-malformed");
		assert_null(c.cwd);
	}
}

static void imgconf_many_words(void **state)
{
	(void)state;
	COF_AUTO(cof_buf) b = {0};
	assert_ok(cof_buf_add_str(&b, "{\"config\":{\"Cmd\":[\"a\"", &err));
	for (int i = 0; i < COF_POLICY_WORDS_MAX; i++)
		assert_ok(cof_buf_add_str(&b, ",\"a\"", &err));
	assert_ok(cof_buf_add_str(&b, "]}}", &err));
	cof_imgconf c = {0};
	assert_fails(cof_imgconf_parse(cof_buf_span(&b), &c, &err), "image-config-malformed");
}

static void imgconf_defaults_and_order(void **state)
{
	(void)state;
	COF_AUTO(cof_imgconf) c = {0};
	assert_ok(cof_imgconf_parse(cof_span_str("{\"architecture\":\"amd64\",\"config\":{\"Entrypoint\":[\"/e\"],"
						 "\"Cmd\":[\"c\"],\"Env\":null,\"WorkingDir\":\"\",\"User\":null}}"),
				    &c, &err));
	assert_int_equal(c.args.n, 2);
	assert_string_equal(c.args.at[0], "/e");
	assert_string_equal(c.args.at[1], "c");
	assert_int_equal(c.env.n, 0);
	assert_string_equal(c.cwd, "/");
	assert_string_equal(c.user, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(t056_imgconf_refuses),
		cmocka_unit_test(imgconf_many_words),
		cmocka_unit_test(imgconf_defaults_and_order),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
