/* SPDX-License-Identifier: Apache-2.0 */
#include "image-decrypt/challenge.h"
#include "tests/unit/test.h"

static void refuses(void **state)
{
	(void)state;
	const char *const bad[] = {
		"",
		"Bearer",
		"Bearer realm",
		"Bearer realm=",
		"Bearer realm=\"https://a",
		"Bearer realm=\"https://a\\",
		"Bearer realm=\"https://a\x01\"",
		"Digest realm=\"https://a\"",
		"Bearer service=\"x\"",
		"realm=\"https://a\"",
		", ,",
		"Bearer realm=\"https://a\"x",
		"Bearer realm=\"https://a\", realm=\"https://b\"",
		"Bearer,realm",
		"Bearer/1 realm=\"https://a\"",
		"Basic realm=\"a\" =",
	};
	for (size_t i = 0; i < COF_COUNT(bad); i++) {
		cof_challenge c;
		if (cof_challenge_parse(bad[i], &c, NULL) >= 0)
			fail_msg("'%s' was accepted", bad[i]);
	}
}

static void t040_token_servers_without_tls(void **state)
{
	(void)state;
	const char *const bad[] = {
		"Bearer realm=\"http://a/token\",service=\"x\"",
		"Bearer realm=\"file:///etc/passwd\"",
		"Bearer realm=\"/token\"",
		"Bearer realm=\"//a/token\"",
		"Bearer realm=\"https://registry.test@a/token\"",
		"Bearer realm=\"https://a/token#x\"",
		"Bearer realm=\"https://\"",
		"Basic realm=\"x\", Bearer realm=\"http://a/token\"", /* it is not made good by a weaker one */
	};
	for (size_t i = 0; i < COF_COUNT(bad); i++) {
		cof_challenge c;
		assert_fails(cof_challenge_parse(bad[i], &c, &err), "challenge-realm");
	}
}

static void t043_lengths(void **state)
{
	(void)state;
	cof_challenge c;
	for (size_t n = COF_CHALLENGE_VALUE_MAX - 20; n < COF_CHALLENGE_VALUE_MAX + 20; n++) {
		COF_AUTO(cof_buf) text = {0};
		assert_ok(cof_buf_add_str(&text, "Bearer realm=\"https://a/", &err));
		for (size_t i = strlen("https://a/"); i < n; i++)
			assert_ok(cof_buf_add(&text, "t", 1, &err));
		assert_ok(cof_buf_add_str(&text, "\"", &err));
		assert_int_equal(cof_challenge_parse(cof_buf_str(&text), &c, NULL) == 0, n < COF_CHALLENGE_VALUE_MAX);
	}
}

static void reads(void **state)
{
	(void)state;
	cof_challenge c;
	assert_ok(cof_challenge_parse(
		"Bearer realm=\"https://auth.x/token\",service=\"reg, \\\"x\\\"\",scope=\"a b,c\"", &c, &err));
	assert_int_equal(c.scheme, COF_AUTH_BEARER);
	assert_string_equal(c.realm, "https://auth.x/token");
	assert_string_equal(c.service, "reg, \"x\"");
	assert_string_equal(c.scope, "a b,c");
	assert_ok(cof_challenge_parse("Basic realm=\"anything\"", &c, &err));
	assert_int_equal(c.scheme, COF_AUTH_BASIC);
	assert_ok(cof_challenge_parse("bearer  realm=\"https://a\" , service=x", &c, &err));
	assert_string_equal(c.service, "x");
}

static void takes_the_best_of_several(void **state)
{
	(void)state;
	static const struct {
		const char *header;
		cof_auth_scheme scheme;
		const char *realm;
	} cases[] = {
		{"Basic realm=\"b\", Bearer realm=\"https://a/t\",service=s", COF_AUTH_BEARER, "https://a/t"},
		{"Bearer realm=\"https://a/t\", Basic realm=\"b\"", COF_AUTH_BEARER, "https://a/t"},
		{"Bearer realm=\"https://a/t\", Bearer realm=\"https://b/t\"", COF_AUTH_BEARER, "https://a/t"},
		{"Negotiate, Basic realm=\"b\"", COF_AUTH_BASIC, "b"},
		{"Negotiate YWJj/+==, Basic realm=\"b\"", COF_AUTH_BASIC, "b"},
		{"Digest realm=\"d\", nonce=\"x,y\", qop=\"auth\", Basic realm=\"b\"", COF_AUTH_BASIC, "b"},
		{"Basic", COF_AUTH_BASIC, ""},
		{"Basic realm = \"b\" , charset=\"UTF-8\"", COF_AUTH_BASIC, "b"},
		{", ,BASIC realm=b,", COF_AUTH_BASIC, "b"},
	};
	for (size_t i = 0; i < COF_COUNT(cases); i++) {
		cof_challenge c;
		assert_ok(cof_challenge_parse(cases[i].header, &c, &err));
		assert_int_equal(c.scheme, cases[i].scheme);
		assert_string_equal(c.realm, cases[i].realm);
	}
	cof_challenge c;
	assert_fails(cof_challenge_parse("Negotiate", &c, &err), "challenge-unsupported");
	assert_fails(cof_challenge_parse("Digest realm=\"x\"", &c, &err), "challenge-unsupported");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(refuses),
		cmocka_unit_test(t040_token_servers_without_tls),
		cmocka_unit_test(t043_lengths),
		cmocka_unit_test(reads),
		cmocka_unit_test(takes_the_best_of_several),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
