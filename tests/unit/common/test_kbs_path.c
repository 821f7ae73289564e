/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/test.h"

#include "common/kbs_proto.h"

static void t070_refuses_what_could_name_something_else(void **state)
{
	(void)state;
	const char *const bad[] = {"",		"/",	     "a",	"a/b",	   "a/b/",    "/a/b/c",	      "a/b/c/",
				   "a/b/c/d",	"a//c",	     "a/./c",	"a/../c",  "../b/c",  "a/b/..",	      "a/b/.c",
				   "a/b/c%2fd", "a/b/c?x=y", "a/b/c#d", "a/b/c d", "a/b/c\n", "a/b/\xc3\xa9", "a\\b\\c",
				   "a/b:c/d"};
	for (size_t i = 0; i < COF_COUNT(bad); i++) {
		cof_kbsp_path p = {0};
		assert_fails(cof_kbsp_path_parse(bad[i], &p, &err), "resource-path");
		assert_string_equal(p.repo, "");
	}
}

/* No annotation of an image chooses the broker that the guest's evidence goes to. */
static void t065_refuses_uris_with_a_host_or_another_plugin(void **state)
{
	(void)state;
	const char *const bad[] = {
		"kbs://evil.example/a/b/c", "kbs://a/b/c",    "kbs:/a/b/c",    "kbs:a/b/c",	 "KBS:///a/b/c",
		"kbs+pkcs11:///a/b/c",	    "https:///a/b/c", "kbs:////a/b/c", "kbs:///a/b/c?x", "kbs:///a/b",
		"kbs+resource://h/a/b/c",   "a/b/c",	      "//host/a/b"};
	for (size_t i = 0; i < COF_COUNT(bad); i++) {
		cof_kbsp_path p = {0};
		assert_fails(cof_kbsp_uri_parse(bad[i], &p, &err), "resource-path");
	}
}

static void reads_and_writes(void **state)
{
	(void)state;
	const char *const good[] = {"kbs:///default/image-key/demo", "kbs+resource:///default/image-key/demo",
				    "/default/image-key/demo"};
	cof_kbsp_path want = {0};
	char text[COF_KBSP_PATH_STR];
	assert_ok(cof_kbsp_path_parse("default/image-key/demo", &want, &err));
	assert_string_equal(want.type, "image-key");
	for (size_t i = 0; i < COF_COUNT(good); i++) {
		cof_kbsp_path p = {0};
		assert_ok(cof_kbsp_uri_parse(good[i], &p, &err));
		assert_true(cof_kbsp_path_equal(&p, &want));
		cof_kbsp_path_str(&p, text);
		assert_string_equal(text, "default/image-key/demo");
	}
	cof_kbsp_path other = {0};
	assert_ok(cof_kbsp_path_parse("default/image-key/demo2", &other, &err));
	assert_false(cof_kbsp_path_equal(&other, &want));
	assert_ok(cof_kbsp_path_parse("-a/_b/c..d", &other, &err));
}

static void limits_the_segments(void **state)
{
	(void)state;
	COF_AUTO(cof_buf) text = {0};
	cof_kbsp_path p = {0};
	char out[COF_KBSP_PATH_STR], part[COF_KBSP_SEGMENT_MAX + 2];
	memset(part, 'x', sizeof part);
	part[COF_KBSP_SEGMENT_MAX] = '\0';
	assert_ok(cof_buf_printf(&text, &err, "%s/%s/%s", part, part, part));
	assert_ok(cof_kbsp_path_parse(cof_buf_str(&text), &p, &err));
	cof_kbsp_path_str(&p, out);
	assert_string_equal(out, cof_buf_str(&text));
	COF_AUTO(cof_buf) longer = {0};
	assert_ok(cof_buf_printf(&longer, &err, "%sx/a/b", part));
	assert_fails(cof_kbsp_path_parse(cof_buf_str(&longer), &p, &err), "resource-path");
}

static void patterns_name_whole_segments(void **state)
{
	(void)state;
	const char *const good[] = {"a/b/c", "*/b/c", "a/*/*", "*/*/*"};
	const char *const bad[] = {"",	   "*",	   "*/*",    "*/*/*/*", "a/b/c*", "a/b/**",
				   "a//c", "a/b/", "/a/b/c", "a/b/.c",	"a/../c"};
	for (size_t i = 0; i < COF_COUNT(good); i++)
		assert_true(cof_kbsp_pattern_ok(good[i]));
	for (size_t i = 0; i < COF_COUNT(bad); i++)
		assert_false(cof_kbsp_pattern_ok(bad[i]));
	cof_kbsp_path p = {0};
	assert_ok(cof_kbsp_path_parse("default/demo/secret", &p, &err));
	const char *const match[] = {"default/demo/secret", "*/demo/secret", "default/*/*", "default/demo/*"};
	const char *const other[] = {"default/demo/secret2", "default/demo/secre", "defaul/*/*", "default/demos/*",
				     "default/image-key/*"};
	for (size_t i = 0; i < COF_COUNT(match); i++)
		assert_true(cof_kbsp_pattern_matches(match[i], &p));
	for (size_t i = 0; i < COF_COUNT(other); i++)
		assert_false(cof_kbsp_pattern_matches(other[i], &p));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(t070_refuses_what_could_name_something_else),
		cmocka_unit_test(t065_refuses_uris_with_a_host_or_another_plugin),
		cmocka_unit_test(reads_and_writes),
		cmocka_unit_test(limits_the_segments),
		cmocka_unit_test(patterns_name_whole_segments),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
