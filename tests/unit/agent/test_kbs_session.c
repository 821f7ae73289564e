/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/test.h"

#include "agent/kbs_session.h"

static int take(cof_kbs_session *s, const char *headers, cof_err *err)
{
	COF_AUTO(cof_http_resp) resp = {0};
	assert_int_equal(cof_buf_add_str(&resp.headers, headers, NULL), 0);
	return cof_kbs_session_take(s, &resp, err);
}

/* What goes into our next request's header must be able to hold nothing but itself. */
static void t066_refuses_what_is_no_plain_word(void **state)
{
	(void)state;
	const char *const bad[] = {"", "a b", "a\tb", "a\"b", "a,b", "a\x01", "a=b", "a\xc3\xa9", "a\\b", "a/b"};
	for (size_t i = 0; i < COF_COUNT(bad); i++) {
		COF_AUTO(cof_buf) headers = {0};
		cof_kbs_session s = {0};
		assert_ok(cof_buf_printf(&headers, &err, "HTTP/1.1 200 OK\r\nSet-Cookie: kbs-session-id=%s\r\n\r\n",
					 bad[i]));
		if (strcmp(bad[i], "a b") == 0) /* cut at the blank, as a cookie is */
			assert_ok(take(&s, cof_buf_str(&headers), &err));
		else
			assert_fails(take(&s, cof_buf_str(&headers), &err), "kbs-session");
	}
}

static void limits_the_length(void **state)
{
	(void)state;
	char value[COF_KBS_SESSION_MAX + 2];
	memset(value, 'a', sizeof value);
	value[COF_KBS_SESSION_MAX + 1] = '\0';
	COF_AUTO(cof_buf) longer = {0};
	COF_AUTO(cof_buf) fits = {0};
	cof_kbs_session s = {0};
	assert_ok(cof_buf_printf(&longer, &err, "Set-Cookie: kbs-session-id=%s\r\n", value));
	assert_ok(cof_buf_printf(&fits, &err, "Set-Cookie: kbs-session-id=%s\r\n", value + 1));
	assert_fails(take(&s, cof_buf_str(&longer), &err), "kbs-session");
	assert_string_equal(s.header, "");
	assert_ok(take(&s, cof_buf_str(&fits), &err));
	assert_int_equal(strlen(s.header), sizeof s.header - 1);
}

static void keeps_the_one_it_has(void **state)
{
	(void)state;
	cof_kbs_session s = {0};
	assert_ok(take(&s, "HTTP/1.1 200 OK\r\nset-cookie: kbs-session-id=abc-_9; Expires=x; Path=/\r\n\r\n", &err));
	assert_string_equal(s.header, "Cookie: kbs-session-id=abc-_9");
	assert_ok(take(&s, "HTTP/1.1 200 OK\r\n\r\n", &err));
	assert_ok(take(&s, "HTTP/1.1 200 OK\r\nSet-Cookie: other=x\r\n\r\n", &err));
	assert_string_equal(s.header, "Cookie: kbs-session-id=abc-_9");
	assert_ok(take(&s, "Set-Cookie: kbs-session-id=def\r\n", &err));
	assert_string_equal(s.header, "Cookie: kbs-session-id=def");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(t066_refuses_what_is_no_plain_word),
		cmocka_unit_test(limits_the_length),
		cmocka_unit_test(keeps_the_one_it_has),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
