/* SPDX-License-Identifier: Apache-2.0 */
#include "image-decrypt/token.h"

#include <stdio.h>

#include "tests/unit/test.h"

static void says_what_it_wants(void **state)
{
	(void)state;
	static const struct {
		const char *realm, *service, *url;
	} cases[] = {
		{"https://a/t", "s", "https://a/t?service=s&scope=repository%3Aa%2Fb%3Apull"},
		{"https://a/t?x=y", "s &=%", "https://a/t?x=y&service=s%20%26%3D%25&scope=repository%3Aa%2Fb%3Apull"},
		{"https://a/t", "", "https://a/t?scope=repository%3Aa%2Fb%3Apull"},
	};
	for (size_t i = 0; i < COF_COUNT(cases); i++) {
		COF_AUTO(cof_buf) url = {0};
		cof_challenge c = {.scheme = COF_AUTH_BEARER};
		(void)snprintf(c.realm, sizeof c.realm, "%s", cases[i].realm);
		(void)snprintf(c.service, sizeof c.service, "%s", cases[i].service);
		assert_ok(cof_token_url(&c, "repository:a/b:pull", &url, &err));
		assert_string_equal(cof_buf_str(&url), cases[i].url);
	}
}

static void t040_a_form_escapes_what_it_carries(void **state)
{
	(void)state;
	COF_AUTO(cof_secret) identity = {0};
	COF_AUTO(cof_secret) form = {0};
	const cof_challenge c = {.realm = "https://a/t", .service = "s&grant_type=password"};
	static const char want[] = "grant_type=refresh_token&client_id=coffer&service=s%26grant_type%3Dpassword&"
				   "scope=repository%3Aa%3Apull&refresh_token=%00a%FF%2B";
	assert_ok(cof_secret_from(&identity, cof_span_of("\0a\xff+", 4), &err));
	assert_ok(cof_token_form(&c, "repository:a:pull", &identity, &form, &err));
	assert_span_equal(cof_secret_span(&form), want, strlen(want));
}

static void takes_tokens(void **state)
{
	(void)state;
	static const struct {
		const char *answer, *token;
		int64_t life_ms;
	} cases[] = {
		{"{\"token\":\"abc\"}", "abc", 54000},
		{"{\"access_token\":\"abc\"}", "abc", 54000},
		{"{\"token\":\"a.b-c_d~e+f/g==\",\"access_token\":\"x\",\"expires_in\":300}",
		 "a.b-c_d~e+f/g==", 270000},
		{"{\"token\":\"\",\"access_token\":\"x\",\"refresh_token\":\"y\"}", "x", 54000},
		{"{\"token\":\"abc\",\"expires_in\":0}", "abc", 54000},
		{"{\"token\":\"abc\",\"expires_in\":-5}", "abc", 54000},
		{"{\"token\":\"abc\",\"expires_in\":9000000000000000000}", "abc", 24 * 3600 * 900},
	};
	for (size_t i = 0; i < COF_COUNT(cases); i++) {
		COF_AUTO(cof_secret) token = {0};
		int64_t life_ms = 0;
		assert_ok(cof_token_parse(cof_span_str(cases[i].answer), &token, &life_ms, &err));
		assert_span_equal(cof_secret_span(&token), cases[i].token, strlen(cases[i].token));
		assert_int_equal(life_ms, cases[i].life_ms);
	}
}

static void t040_hostile_answers(void **state)
{
	(void)state;
	static const struct {
		const char *answer, *reason;
	} bad[] = {
		{"", "json-malformed"},
		{"[]", "json-missing"},
		{"{}", "json-missing"},
		{"{\"token\":7}", "json-type"},
		{"{\"token\":null}", "json-type"},
		{"{\"token\":\"a\",\"expires_in\":\"60\"}", "json-type"},
		{"{\"token\":\"a\",\"expires_in\":1.5}", "json-type"},
		{"{\"token\":\"a b\"}", "token-malformed"},
		{"{\"token\":\"a\\r\\nX: y\"}", "token-malformed"},
		{"{\"token\":\"a=b\"}", "token-malformed"},
		{"{\"token\":\"=\"}", "token-malformed"},
		{"{\"token\":\"\\u00e4\"}", "token-malformed"},
		{"{\"token\":\"hunter2\" \"hunter2\"}", "json-malformed"},
	};
	for (size_t i = 0; i < COF_COUNT(bad); i++) {
		COF_AUTO(cof_secret) token = {0};
		int64_t life_ms = 0;
		cof_err err = {0};
		if (cof_token_parse(cof_span_str(bad[i].answer), &token, &life_ms, &err) >= 0)
			fail_msg("%s", bad[i].answer);
		assert_string_equal(err.reason, bad[i].reason);
		assert_null(strstr(err.text, "hunter2"));
		assert_int_equal(token.len, 0);
	}
}

static void t043_a_token_has_a_limit(void **state)
{
	(void)state;
	for (int more = 0; more <= 1; more++) {
		COF_AUTO(cof_buf) answer = {0};
		COF_AUTO(cof_secret) token = {0};
		int64_t life_ms = 0;
		assert_ok(cof_buf_add_str(&answer, "{\"token\":\"", &err));
		for (int i = 0; i < COF_TOKEN_MAX + more; i++)
			assert_ok(cof_buf_add(&answer, "t", 1, &err));
		assert_ok(cof_buf_add_str(&answer, "\"}", &err));
		assert_int_equal(cof_token_parse(cof_buf_span(&answer), &token, &life_ms, NULL) == 0, more == 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(says_what_it_wants),
		cmocka_unit_test(t040_a_form_escapes_what_it_carries),
		cmocka_unit_test(takes_tokens),
		cmocka_unit_test(t040_hostile_answers),
		cmocka_unit_test(t043_a_token_has_a_limit),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
