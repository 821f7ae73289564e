/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/test.h"

#include "attestation/kbs/front_json.h"

#define S(text) cof_span_str(text)
#define KEY                                                                                                            \
	"{\"kty\":\"EC\",\"crv\":\"P-256\",\"alg\":\"ECDH-ES+A256KW\","                                                \
	"\"x\":\"gh-c-oIARysuJn1xvUcIBpLRXcGzNKlkBbavnQIEB7Q\",\"y\":\"DEu2ukKUAr6L18nUYJanQlDWPQQq_tIcCRsURtlQC8A\"}"
#define NONCE "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="

static int attest_with(const char *initdata, const char *key, const char *additional, cof_kb_attest *ret, cof_err *err)
{
	COF_AUTO(cof_front_body) keep = {0};
	COF_AUTO(cof_buf) in = {0};
	int rc = cof_buf_printf(&in, err,
				"{\"init-data\":%s,\"runtime-data\":{\"nonce\":\"" NONCE "\",\"tee-pubkey\":%s},"
				"\"tee-evidence\":{\"primary_evidence\":{\"a\":1},\"additional_evidence\":\"%s\"}}",
				initdata, key, additional);
	return rc < 0 ? rc : cof_front_parse_attest(cof_buf_span(&in), &keep, ret, err);
}

static void t064_only_our_kind_of_key_passes(void **state)
{
	(void)state;
	cof_kb_attest m;
	static const char *const bad[] = {
		"null",
		"{}",
		"{\"kty\":\"RSA\",\"alg\":\"RSA-OAEP-256\",\"n\":\"AQAB\",\"e\":\"AQAB\"}",
		"{\"kty\":\"EC\",\"crv\":\"P-521\",\"alg\":\"ECDH-ES+A256KW\",\"x\":\"AA\",\"y\":\"AA\"}",
		"{\"kty\":\"EC\",\"crv\":\"P-256\",\"alg\":\"ECDH-ES+A256KW\",\"x\":\"AA\",\"y\":\"AA\"}",
		/* not on the curve */
		"{\"kty\":\"EC\",\"crv\":\"P-256\",\"alg\":\"ECDH-ES+A256KW\","
		"\"x\":\"gh-c-oIARysuJn1xvUcIBpLRXcGzNKlkBbavnQIEB7Q\","
		"\"y\":\"gh-c-oIARysuJn1xvUcIBpLRXcGzNKlkBbavnQIEB7Q\"}",
	};
	for (size_t i = 0; i < COF_COUNT(bad); i++)
		if (attest_with("null", bad[i], "", &m, NULL) == 0)
			fail_msg("%s passed", bad[i]);
	assert_ok(attest_with("null", KEY, "", &m, &err));
	assert_int_equal(m.has_initdata, 0);
	assert_int_equal(m.key_x.len, 43);
}

static void further_devices_are_refused(void **state)
{
	(void)state;
	cof_kb_attest m;
	assert_fails(attest_with("null", KEY, "{}", &m, &err), "additional-evidence-unsupported");
}

static void initdata_is_text_or_nothing(void **state)
{
	(void)state;
	cof_kb_attest m;
	assert_ok(attest_with("{\"format\":\"toml\",\"body\":\"x\"}", KEY, "", &m, &err));
	assert_int_equal(m.has_initdata, 1);
	assert_int_equal(m.initdata.len, 1);
	static const char *const bad[] = {"{\"format\":\"json\",\"body\":\"x\"}", "{\"format\":\"toml\"}", "7",
					  "{\"format\":\"toml\",\"body\":7}", "\"x\""};
	for (size_t i = 0; i < COF_COUNT(bad); i++)
		assert_true(attest_with(bad[i], KEY, "", &m, NULL) < 0);
}

static void every_cut_of_a_body_is_refused(void **state)
{
	(void)state;
	static const char body[] = "{\"version\":\"0.4.0\",\"tee\":\"tpm\",\"extra-params\":{\"tpm\":{\"ek_cert\":"
				   "\"AAAA\",\"ek_public\":\"AAAA\",\"ak_public\":\"AAAA\"}}}";
	cof_kb_auth m;
	for (size_t n = 0; n < sizeof body - 1; n++) {
		COF_AUTO(cof_front_body) keep = {0};
		assert_true(cof_front_parse_auth(cof_span_of(body, n), &keep, &m, NULL) < 0);
	}
	COF_AUTO(cof_front_body) keep = {0};
	assert_ok(cof_front_parse_auth(S(body), &keep, &m, &err));
	assert_int_equal(m.tpm, 1);
	assert_int_equal(m.ak_public.len, 3);
}

static void t066_cookies_are_exact(void **state)
{
	(void)state;
	static const char *const none[] = {
		"",
		"x",
		"xkbs-session-id=1",
		"kbs-session-idx=1",
		"kbs-session-id",
		"kbs-session-id=",
		"kbs-session-id=1; kbs-session-id=2",
		"KBS-SESSION-ID=1",
	};
	for (size_t i = 0; i < COF_COUNT(none); i++)
		assert_int_equal(cof_front_cookie(none[i], COF_KBSP_COOKIE).len, 0);
	assert_int_equal(cof_front_cookie(NULL, COF_KBSP_COOKIE).len, 0);
	static const char *const one[] = {"kbs-session-id=abc", "a=b; kbs-session-id=abc",
					  "a=b;kbs-session-id=abc; c=d", " kbs-session-id=abc "};
	for (size_t i = 0; i < COF_COUNT(one); i++)
		assert_span_equal(cof_front_cookie(one[i], COF_KBSP_COOKIE), "abc", 3);
}

static void t066_bearers_are_exact(void **state)
{
	(void)state;
	static const char *const none[] = {"",		 "Bearer",     "Bearer ",  "Basic abc",
					   "Bearer a b", "Bearer a,b", "Bearer  a"};
	for (size_t i = 0; i < COF_COUNT(none); i++)
		assert_int_equal(cof_front_bearer(none[i]).len, 0);
	assert_int_equal(cof_front_bearer(NULL).len, 0);
	assert_span_equal(cof_front_bearer("Bearer a.b.c"), "a.b.c", 5);
	assert_span_equal(cof_front_bearer("bearer a.b.c"), "a.b.c", 5);
}

static void answers_are_the_protocols(void **state)
{
	(void)state;
	COF_AUTO(cof_buf) out = {0};
	cof_kb_reply r = {.nonce = S(NONCE), .pcr = COF_KB_NO_PCR};
	assert_ok(cof_front_write_challenge(&r, &out, &err));
	assert_string_equal(cof_buf_str(&out), "{\"nonce\":\"" NONCE "\",\"extra-params\":\"\"}");
	out.len = 0;
	r.token = S("a.b.c");
	assert_ok(cof_front_write_token(&r, &out, &err));
	assert_string_equal(cof_buf_str(&out), "{\"token\":\"a.b.c\"}");
	out.len = 0;
	r = (cof_kb_reply){.variant = S("PolicyDeny"),
			   .detail = S("d"),
			   .reason = S("pcr-mismatch"),
			   .pcr = 4,
			   .event = S("kernel")};
	assert_ok(cof_front_write_error(&r, &out, &err));
	assert_non_null(strstr(cof_buf_str(&out), "errors/PolicyDeny\""));
	assert_non_null(strstr(cof_buf_str(&out), "\"pcr\":4"));
	out.len = 0;
	r.pcr = COF_KB_NO_PCR;
	assert_ok(cof_front_write_error(&r, &out, &err));
	assert_null(strstr(cof_buf_str(&out), "\"pcr\""));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(t064_only_our_kind_of_key_passes), cmocka_unit_test(further_devices_are_refused),
		cmocka_unit_test(initdata_is_text_or_nothing),	    cmocka_unit_test(every_cut_of_a_body_is_refused),
		cmocka_unit_test(t066_cookies_are_exact),	    cmocka_unit_test(t066_bearers_are_exact),
		cmocka_unit_test(answers_are_the_protocols),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
