/* SPDX-License-Identifier: Apache-2.0 */
/* Whose login an image gets, out of files that hold many: never a neighbour's. */
#include "image-decrypt/authfile.h"
#include "tests/unit/test.h"

/* a:1 … : who was taken is read from the user's name */
#define LOGIN(name, pair) "\"" name "\":{\"auth\":\"" pair "\"}"
#define A "YTox"     /* a:1 */
#define B "YjoyOjI=" /* b:2:2 */
#define C "Yzoz"     /* c:3 */
#define D "ZDo0"     /* d:4 */

static const char *const many =
	"{\"auths\":{" LOGIN("h.x", A) "," LOGIN("h.x/team", B) "," LOGIN("h.x/team/app", C) "," LOGIN(
		"h.x:5000", D) "," LOGIN("docker.io/team", B) "," LOGIN("https://index.docker.io/v1/",
									A) "," LOGIN("http://plain.x",
										     A) "," LOGIN("https://old.x/v2/",
												  C) "," LOGIN("old.x",
													       D) "}}";

static int find(const char *file, const char *name, cof_login *ret, cof_err *err)
{
	cof_ref ref;
	int r = cof_ref_parse(name, &ref, err);
	return r < 0 ? r : cof_authfile_find(cof_span_str(file), &ref, ret, err);
}

static void t040_the_longest_prefix_in_whole_components(void **state)
{
	(void)state;
	const struct {
		const char *name, *user; /* NULL: none */
	} cases[] = {
		{"h.x/other", "a"},
		{"h.x/team", "b"},
		{"h.x/team/other", "b"},
		{"h.x/teamster/app", "a"},
		{"h.x/team/app", "c"},
		{"h.x/team/app/deep", "c"},
		{"h.x/team/apple", "b"},
		{"H.X/team/app", "c"},
		{"h.x:5000/team/app", "d"},
		{"h.x:443/team/app", NULL}, /* another key: never guessed */
		{"evil-h.x/team/app", NULL},
		{"sub.h.x/team/app", NULL},
		{"h.x.evil/team/app", NULL},
		{"docker.io/team/app", "b"},
		{"docker.io/library/busybox", "a"},
		{"plain.x/a", NULL}, /* a login that was kept for plain HTTP */
		{"old.x/a", "d"},
	};
	for (size_t i = 0; i < COF_COUNT(cases); i++) {
		COF_AUTO(cof_login) l = {0};
		assert_ok(find(many, cases[i].name, &l, &err));
		if (cases[i].user == NULL ? !cof_login_empty(&l) : l.user == NULL || strcmp(l.user, cases[i].user) != 0)
			fail_msg("%s: %s", cases[i].name, l.user == NULL ? "nobody" : l.user);
	}
}

static void reads_every_way_of_writing_it(void **state)
{
	(void)state;
	const struct {
		const char *entry, *user, *password, *identity;
	} cases[] = {
		{"{\"auth\":\"" B "\"}", "b", "2:2", ""},
		{"{\"auth\":\"YTo=\"}", "a", "", ""},
		{"{\"auth\":\"YTp3AAA=\"}", "a", "w", ""}, /* as docker pads */
		{"{\"username\":\"u\",\"password\":\"p\"}", "u", "p", ""},
		{"{\"username\":\"u\"}", "u", "", ""},
		{"{\"auth\":\"" A "\",\"username\":\"u\",\"password\":\"p\"}", "a", "1", ""},
		{"{\"auth\":\"" A "\",\"identitytoken\":\"t0k\"}", NULL, "", "t0k"},
		{"{\"identitytoken\":\"t0k\",\"email\":\"x\"}", NULL, "", "t0k"},
	};
	for (size_t i = 0; i < COF_COUNT(cases); i++) {
		COF_AUTO(cof_login) l = {0};
		COF_AUTO(cof_login) copy = {0};
		COF_AUTO(cof_buf) file = {0};
		assert_ok(cof_buf_printf(&file, &err, "{\"auths\":{\"h.x\":%s}}", cases[i].entry));
		assert_ok(find(cof_buf_str(&file), "h.x/a", &l, &err));
		assert_ok(cof_login_copy(&copy, &l, &err));
		if (cases[i].user == NULL)
			assert_null(copy.user);
		else
			assert_string_equal(copy.user, cases[i].user);
		assert_span_equal(cof_secret_span(&copy.password), cases[i].password, strlen(cases[i].password));
		assert_span_equal(cof_secret_span(&copy.identity), cases[i].identity, strlen(cases[i].identity));
	}
}

static void nobody_is_an_answer(void **state)
{
	(void)state;
	const char *const files[] = {"{}",
				     "{\"auths\":{}}",
				     "{\"auths\":{" LOGIN("h.y", A) "}}",
				     "{\"auths\":{\"h.y\":{}},\"credsStore\":\"desktop\"}",
				     "{\"credHelpers\":{\"h.y\":\"x\"},\"HttpHeaders\":{}}",
				     "{\"auths\":{\"\":{}, \"/\":{}, \"://\":{}, \"https://\":{}, \"h.x/b\":7}}"};
	for (size_t i = 0; i < COF_COUNT(files); i++) {
		COF_AUTO(cof_login) l = {0};
		assert_ok(find(files[i], "h.x/a", &l, &err));
		assert_true(cof_login_empty(&l));
	}
}

static void refuses(void **state)
{
	(void)state;
	const struct {
		const char *file, *reason;
	} bad[] = {
		{"", "auth-malformed"},
		{"{\"auths\":{\"h.x\":{\"auth\":\"" A "\"}}", "auth-malformed"},
		{"{\"auths\":{" LOGIN("h.x", A) "," LOGIN("h.x", B) "}}", "auth-malformed"},
		{"{\"auths\":[]}", "json-type"},
		{"{\"auths\":{\"h.x\":\"" A "\"}}", "json-type"},
		{"{\"auths\":{\"h.x\":{\"auth\":7}}}", "json-type"},
		{"{\"auths\":{\"h.x\":{\"auth\":\"" A "!\"}}}", "auth-malformed"},
		{"{\"auths\":{\"h.x\":{\"auth\":\"YQ==\"}}}", "auth-malformed"},     /* a */
		{"{\"auths\":{\"h.x\":{\"auth\":\"OjE=\"}}}", "auth-malformed"},     /* :1 */
		{"{\"auths\":{\"h.x\":{\"auth\":\"YQo6MQ==\"}}}", "auth-malformed"}, /* a\n:1 */
		{"{\"auths\":{\"h.x\":{\"auth\":\"YQA6MQ==\"}}}", "auth-malformed"}, /* a\0:1 */
		{"{\"auths\":{\"h.x\":{\"username\":\"a:b\",\"password\":\"c\"}}}", "auth-malformed"},
		{"{\"auths\":{\"h.x\":{}},\"credsStore\":\"desktop\"}", "auth-helper"},
		{"{\"credHelpers\":{\"h.x\":\"x\"}}", "auth-helper"},
		{"{\"auths\":{" LOGIN("h.x", A) "},\"credHelpers\":{\"h.x/a\":\"x\"}}", "auth-helper"},
	};
	for (size_t i = 0; i < COF_COUNT(bad); i++) {
		COF_AUTO(cof_login) l = {0};
		assert_fails(find(bad[i].file, "h.x/a", &l, &err), bad[i].reason);
		assert_true(cof_login_empty(&l));
	}
}

static void t040_errors_do_not_quote_the_file(void **state)
{
	(void)state;
	const char *const bad[] = {"{\"auths\":{\"h.x\":{\"auth\":\"hunter2hunter2\" \"hunter2\"}}}",
				   "{\"auths\":{\"h.x\":{\"auth\":\"hunter2!\"}}}",
				   "{\"auths\":{\"h.x\":{\"username\":\"hunter2:\",\"password\":\"hunter2\"}}}"};
	for (size_t i = 0; i < COF_COUNT(bad); i++) {
		COF_AUTO(cof_login) l = {0};
		cof_err err = {0};
		assert_true(find(bad[i], "h.x/a", &l, &err) < 0);
		assert_null(strstr(err.text, "hunter2"));
	}
}

static void has_limits(void **state)
{
	(void)state;
	COF_AUTO(cof_buf) file = {0};
	COF_AUTO(cof_login) l = {0};
	assert_ok(cof_buf_reserve(&file, COF_AUTHFILE_MAX + 1, &err));
	memset(file.data, ' ', COF_AUTHFILE_MAX + 1);
	memcpy(file.data, "{}", 2);
	file.len = COF_AUTHFILE_MAX;
	assert_ok(cof_authfile_find_at(cof_buf_span(&file), "h.x", "a", &l, &err));
	file.len++;
	assert_fails(cof_authfile_find_at(cof_buf_span(&file), "h.x", "a", &l, &err), "auth-malformed");
	char user[COF_LOGIN_USER_MAX + 2];
	memset(user, 'u', sizeof user);
	assert_fails(cof_login_set(&l, cof_span_of(user, sizeof user), (cof_span){0}, &err), "auth-malformed");
	assert_ok(cof_login_set(&l, cof_span_of(user, COF_LOGIN_USER_MAX), (cof_span){0}, &err));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(t040_the_longest_prefix_in_whole_components),
		cmocka_unit_test(reads_every_way_of_writing_it),
		cmocka_unit_test(nobody_is_an_answer),
		cmocka_unit_test(refuses),
		cmocka_unit_test(t040_errors_do_not_quote_the_file),
		cmocka_unit_test(has_limits),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
