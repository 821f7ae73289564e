/* SPDX-License-Identifier: Apache-2.0 */
#include "common/http_url.h"
#include "tests/unit/test.h"

static void origins(void **state)
{
	(void)state;
	const struct {
		const char *url, *scheme, *host, *port;
	} cases[] = {
		{"https://h.x/a", "https", "h.x", "443"},    {"HTTPS://H.X.:8443/a?b#c", "https", "h.x", "8443"},
		{"http://h.x", "http", "h.x", "80"},	     {"https://2130706433/", "https", "127.0.0.1", "443"},
		{"https://[::1]:5/", "https", "[::1]", "5"},
	};
	for (size_t i = 0; i < COF_COUNT(cases); i++) {
		cof_origin o;
		assert_ok(cof_origin_of(cases[i].url, &o, &err));
		assert_string_equal(o.scheme, cases[i].scheme);
		assert_string_equal(o.host, cases[i].host);
		assert_string_equal(o.port, cases[i].port);
	}
	const char *const bad[] = {"",
				   "h.x/a",
				   "ftp://h.x/",
				   "https://u@h.x/",
				   "https://u:p@h.x/",
				   "file:///etc/passwd",
				   "https://h.x:99999/",

				   "https://h x/",
				   "https://h.x\n/"};
	for (size_t i = 0; i < COF_COUNT(bad); i++) {
		cof_origin o;
		cof_err err = {0};
		if (cof_origin_of(bad[i], &o, &err) >= 0)
			fail_msg("%s: %s", bad[i], o.host);
		assert_string_equal(err.reason, "http-url");
	}
}

static void t040_one_origin_is_scheme_host_and_port(void **state)
{
	(void)state;
	const char *const same[] = {"https://h.x/", "https://H.x:443/b", "https://h.x./"};
	const char *const other[] = {"http://h.x/", "https://h.x:444/", "https://a.h.x/", "https://x/",
				     "https://h.x.evil/"};
	cof_origin o, p;
	assert_ok(cof_origin_of("https://h.x/a", &o, &err));
	for (size_t i = 0; i < COF_COUNT(same); i++) {
		assert_ok(cof_origin_of(same[i], &p, &err));
		assert_true(cof_origin_equal(&o, &p));
	}
	for (size_t i = 0; i < COF_COUNT(other); i++) {
		assert_ok(cof_origin_of(other[i], &p, &err));
		assert_false(cof_origin_equal(&o, &p));
	}
	assert_true(cof_origin_at(&o, "h.x:443"));
	assert_true(cof_origin_at(&o, "H.X:443"));
	assert_false(cof_origin_at(&o, "h.x"));
	assert_false(cof_origin_at(&o, "h.x:44"));
	assert_false(cof_origin_at(&o, "h.x:4430"));
}

static void follows(void **state)
{
	(void)state;
	const struct {
		const char *location, *want;
	} cases[] = {
		{"/b", "https://h.x:5/b"},
		{"b?c=d", "https://h.x:5/v2/b?c=d"},
		{"//o.y/b", "https://o.y/b"},
		{"?q", "https://h.x:5/v2/a?q"},
		{"https://o.y:1/b", "https://o.y:1/b"},
		{"/a b", "https://h.x:5/a%20b"},
		{"/../../b", "https://h.x:5/b"},
	};
	for (size_t i = 0; i < COF_COUNT(cases); i++) {
		COF_AUTO_FREE char *to = NULL;
		assert_ok(cof_url_follow("https://h.x:5/v2/a?z=1", cases[i].location, &to, &err));
		assert_string_equal(to, cases[i].want);
	}
}

static void t040_does_not_follow(void **state)
{
	(void)state;
	const char *const bad[] = {
		"http://h.x:5/b",      "HTTP://h.x/", "ftp://h.x/",  "file:///b",      "javascript:1", "https://u@h.x/",
		"https://h.x:5@evil/", "https://",    "https://:1/", "https://h.x:b/", "/b\nX: y"};
	for (size_t i = 0; i < COF_COUNT(bad); i++) {
		char *to = NULL;
		cof_err err = {0};
		if (cof_url_follow("https://h.x:5/v2/a", bad[i], &to, &err) >= 0)
			fail_msg("%s: %s", bad[i], to);
		assert_string_equal(err.reason, "http-redirect");
		assert_null(to);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(origins),
		cmocka_unit_test(t040_one_origin_is_scheme_host_and_port),
		cmocka_unit_test(follows),
		cmocka_unit_test(t040_does_not_follow),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
