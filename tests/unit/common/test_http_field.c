/* SPDX-License-Identifier: Apache-2.0 */
#include "common/http_field.h"
#include "tests/unit/test.h"

static void t036_content_ranges(void **state)
{
	(void)state;
	static const struct {
		const char *value;
		uint64_t from, to, whole;
	} good[] = {
		{"bytes 0-0/1", 0, 0, 1},
		{"bytes 4-9/10", 4, 9, 10},
		{"bytes 4-9/*", 4, 9, UINT64_MAX},
		{"bytes 0-18446744073709551613/18446744073709551614", 0, UINT64_MAX - 2, UINT64_MAX - 1},
	};
	static const char *const bad[] = {"",
					  "bytes",
					  "bytes ",
					  "bytes 4-9",
					  "bytes 4-9/",
					  "bytes 9-4/10",
					  "bytes 4-10/10",
					  "bytes -9/10",
					  "bytes 4-/10",
					  "bytes */10",
					  "Bytes 4-9/10",
					  "items 4-9/10",
					  "bytes  4-9/10",
					  "bytes 4-9/10 ",
					  "bytes 4 -9/10",
					  "bytes +4-9/10",
					  "bytes 0-18446744073709551616/*",
					  "bytes 18446744073709551617-18446744073709551618/*",
					  "bytes 0x4-9/10",
					  "bytes 4-9/**",
					  "bytes 4-9/10/10"};
	for (size_t i = 0; i < COF_COUNT(good); i++) {
		cof_content_range c;
		assert_ok(cof_content_range_parse(good[i].value, &c, &err));
		assert_true(c.from == good[i].from && c.to == good[i].to && c.whole == good[i].whole);
	}
	for (size_t i = 0; i < COF_COUNT(bad); i++) {
		cof_content_range c;
		cof_err err = {0};
		if (cof_content_range_parse(bad[i], &c, &err) >= 0)
			fail_msg("'%s'", bad[i]);
		assert_string_equal(err.reason, "http-range");
	}
}

static void links(void **state)
{
	(void)state;
	static const struct {
		const char *value, *next; /* NULL: none */
	} good[] = {
		{"</v2/a?n=1>; rel=\"next\"", "/v2/a?n=1"},
		{"</v2/a>;rel=next", "/v2/a"},
		{"<a>; REL=\"prev NEXT\" ", "a"},
		{"<a>; rel=prev, <b>; title=\"x, \\\"<c>; rel=next\"; rel=next", "b"},
		{"<a>; rel=nextone, <b>; rel=\"notnext\"", NULL},
		{"<a>; rel=prev; rel=next", NULL},
		{"<a>; rel", NULL},
		{"<a>", NULL},
		{"", NULL},
		{"<>; rel=next", ""},
		{" , ,<a> ; rel = next , <b>; rel=next", "a"},
	};
	static const char *const bad[] = {
		"a", "<a", "<a; rel=next", "<a> rel=next", "<a>; rel=\"next", "<a>; rel=next <b>", "<a>; rel=\"next\\"};
	for (size_t i = 0; i < COF_COUNT(good); i++) {
		COF_AUTO_FREE char *next = NULL;
		assert_ok(cof_link_next_parse(good[i].value, &next, &err));
		if ((next == NULL) != (good[i].next == NULL) || (next != NULL && strcmp(next, good[i].next) != 0))
			fail_msg("'%s': %s", good[i].value, next == NULL ? "none" : next);
	}
	for (size_t i = 0; i < COF_COUNT(bad); i++) {
		char *next = NULL;
		cof_err err = {0};
		if (cof_link_next_parse(bad[i], &next, &err) >= 0)
			fail_msg("'%s'", bad[i]);
		assert_string_equal(err.reason, "http-link");
	}
}

static void retry_after_is_seconds_or_a_date(void **state)
{
	(void)state;
	const int64_t now = 1800000000; /* Fri, 15 Jan 2027 08:00:00 GMT */
	static const struct {
		const char *value;
		int64_t want;
	} cases[] = {
		{"0", 0},
		{"1", 1000},
		{"120", 120000},
		{"999999999", 999999999000},
		{"1000000000000", 0}, /* nobody means that */
		{"-1", 0},
		{"1.5", 0},
		{"1 ", 0},
		{"", 0},
		{"soon", 0},
		{"Fri, 15 Jan 2027 08:00:30 GMT", 30000},
		{"Fri, 15 Jan 2027 08:00:00 GMT", 0},
		{"Fri, 15 Jan 2027 07:00:00 GMT", 0},
		{"Fri, 15 Jan 2027 08:00:30 GMT; x", 0},
		{"Fri, 15 Jan 2027 08:00:30 CET", 0},
		{"Fri, 15 Jan 9999 08:00:30 GMT", 0},
	};
	for (size_t i = 0; i < COF_COUNT(cases); i++) {
		if (cof_http_retry_after(cases[i].value, now) != cases[i].want)
			fail_msg("%s: %lld", cases[i].value, (long long)cof_http_retry_after(cases[i].value, now));
	}
}

static void entity_tags(void **state)
{
	(void)state;
	char longest[300];
	memset(longest, 'x', sizeof longest);
	longest[0] = longest[298] = '"';
	longest[299] = '\0';
	const char *const strong[] = {"\"\"", "\"a\"", "\"sha256:ab\""};
	const char *const others[] = {"",    "\"",	 "a",	    "W/\"a\"",	     "\"a",
				      "a\"", "\"a\"b\"", "\"a b\"", "\"a\r\nX: y\"", longest};
	for (size_t i = 0; i < COF_COUNT(strong); i++)
		assert_true(cof_http_etag_strong(strong[i]));
	for (size_t i = 0; i < COF_COUNT(others); i++)
		assert_false(cof_http_etag_strong(others[i]));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(t036_content_ranges),
		cmocka_unit_test(links),
		cmocka_unit_test(retry_after_is_seconds_or_a_date),
		cmocka_unit_test(entity_tags),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
