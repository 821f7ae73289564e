/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/token/make_token.h"

#include <stdio.h>

#include "attestation/token/jwks.h"
#include "common/hex.h"

static EVP_PKEY *p256, *p384;

static int make(void **state)
{
	(void)state;
	p256 = EVP_EC_gen("P-256");
	p384 = EVP_EC_gen("P-384");
	return p256 == NULL || p384 == NULL;
}

static int drop(void **state)
{
	(void)state;
	EVP_PKEY_free(p256);
	EVP_PKEY_free(p384);
	return 0;
}

#define X "\"x\":\"MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4\""
#define Y "\"y\":\"4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM\""
#define EC "\"kty\":\"EC\",\"crv\":\"P-256\"," X "," Y

/* source: RFC 7638, 3.1, for the form; the value by another implementation of the hash, over this text */
static void a_name_is_the_thumbprint(void **state)
{
	(void)state;
	COF_AUTO_PTR(json_t) jwk = json_loads("{" EC "}", 0, NULL);
	EVP_PKEY *key = NULL;
	char kid[COF_JWK_KID_STR];
	uint8_t digest[32];
	unsigned len = 0;
	static const char text[] = "{\"crv\":\"P-256\",\"kty\":\"EC\"," X "," Y "}";
	assert_ok(cof_jwk_read(jwk, &key, &err));
	assert_ok(cof_jwk_kid(key, kid, &err));
	assert_int_equal(EVP_Digest(text, sizeof text - 1, digest, &len, EVP_sha256(), NULL), 1);
	COF_AUTO_FREE char *want = cof_b64url_dup(cof_span_of(digest, len));
	assert_string_equal(kid, want);
	EVP_PKEY_free(key);
	key = EVP_EC_gen("P-521");
	assert_fails(cof_jwk_kid(key, kid, &err), "bad-key");
	EVP_PKEY_free(key);
}

static void what_is_written_is_read(void **state)
{
	(void)state;
	EVP_PKEY *keys[] = {p256, p384};
	for (size_t i = 0; i < COF_COUNT(keys); i++) {
		COF_AUTO(cof_buf) text = {0};
		COF_AUTO(cof_jwks) set = {0};
		char kid[COF_JWK_KID_STR];
		EVP_PKEY *chosen = NULL;
		assert_ok(cof_jwks_write(keys[i], &text, &err));
		assert_null(strstr(cof_buf_str(&text), "\"d\""));
		assert_ok(cof_jwks_parse(cof_buf_span(&text), &set, &err));
		assert_int_equal(set.n, 1);
		assert_true(set.is_set);
		assert_ok(cof_jwk_kid(keys[i], kid, &err));
		assert_ok(cof_jwks_choose(&set, kid, &chosen, &err));
		assert_int_equal(EVP_PKEY_eq(chosen, keys[i]), 1);
		assert_ok(cof_jwks_choose(&set, NULL, &chosen, &err));
		assert_fails(cof_jwks_choose(&set, "another", &chosen, &err), "key-unknown");
	}
}

static void a_key_alone_is_for_every_token(void **state)
{
	(void)state;
	COF_AUTO(cof_jwks) set = {0};
	EVP_PKEY *chosen = NULL;
	assert_ok(cof_jwks_parse(cof_span_str("{" EC ",\"kid\":\"a\"}"), &set, &err));
	assert_false(set.is_set);
	assert_ok(cof_jwks_choose(&set, "another", &chosen, &err));
	assert_ptr_equal(chosen, set.keys[0]);
	assert_ok(cof_jwks_choose(&set, NULL, &chosen, &err));
}

static void of_several_the_named_one(void **state)
{
	(void)state;
	COF_AUTO(cof_jwks) set = {0};
	EVP_PKEY *chosen = NULL;
	assert_ok(cof_jwks_parse(cof_span_str("{\"keys\":[{" EC "},{" EC ",\"kid\":\"a\"},{" EC ",\"kid\":\"b\"}]}"),
				 &set, &err));
	assert_int_equal(set.n, 3);
	assert_ok(cof_jwks_choose(&set, "b", &chosen, &err));
	assert_ptr_equal(chosen, set.keys[2]);
	assert_fails(cof_jwks_choose(&set, NULL, &chosen, &err), "key-unknown");
	assert_fails(cof_jwks_choose(&set, "", &chosen, &err), "key-unknown");
	assert_fails(cof_jwks_choose(&set, "c", &chosen, &err), "key-unknown");
}

/* spec: RFC 7517, 5: keys that are not for us are no reason to refuse the others */
static void what_is_not_for_us_is_passed_over(void **state)
{
	(void)state;
	static const char *const others[] = {
		"{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"AA\"}",
		"{\"kty\":\"EC\",\"crv\":\"P-521\",\"x\":\"AA\",\"y\":\"AA\"}",
		"{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"AA\",\"y\":\"AA\",\"use\":\"enc\"}",
		"{\"kty\":\"RSA\",\"n\":\"AA\",\"e\":\"AQAB\",\"alg\":\"PS256\"}",
		"{}",
		"{\"kty\":7}",
	};
	for (size_t i = 0; i < COF_COUNT(others); i++) {
		COF_AUTO(cof_jwks) set = {0};
		COF_AUTO(cof_buf) text = {0};
		assert_ok(cof_buf_printf(&text, &err, "{\"more\":1,\"keys\":[%s,{" EC ",\"x5c\":[\"AA\"],\"exp\":1}]}",
					 others[i]));
		assert_ok(cof_jwks_parse(cof_buf_span(&text), &set, &err));
		assert_int_equal(set.n, 1);
	}
}

static void t066_sets_that_are_refused(void **state)
{
	(void)state;
	static const char *const bad[] = {
		"",
		"[]",
		"{}",
		"{\"keys\":{}}",
		"{\"keys\":[]}",
		"{\"keys\":[7]}",
		"{\"keys\":[{\"kty\":\"OKP\"}]}",
		"{\"keys\":[{" EC "}],\"keys\":[{" EC "}]}",
		"{\"keys\":[{" EC "}]} ,",
		"{\"keys\":[{" EC ",\"kid\":7}]}",
		"{\"keys\":[{" EC ",\"kid\":\"a\"},{" EC ",\"kid\":\"a\"}]}",
		"{\"keys\":[{" EC ",\"d\":\"AA\"}]}",
		"{\"keys\":[{" EC "},{\"kty\":\"RSA\",\"d\":\"AA\"}]}",
		"{\"keys\":[{" EC "},{\"kty\":\"oct\",\"k\":\"AA\"}]}",
		"{\"keys\":[{" EC ",\"key_ops\":[\"sign\"]}]}",
		"{\"keys\":[{\"kty\":\"EC\",\"crv\":\"P-256\"," X "}]}",
		"{\"keys\":[{\"kty\":\"EC\",\"crv\":\"P-256\"," X ",\"y\":\"AA\"}]}",
		"{\"keys\":[{\"kty\":\"EC\",\"crv\":\"P-384\"," X "," Y "}]}",
		"{\"keys\":[{\"kty\":\"EC\",\"crv\":\"P-256\",\"alg\":\"ES384\"," X "," Y "}]}",
		"{\"keys\":[{\"kty\":\"EC\"," X "," Y "}]}",
		"{\"kty\":\"EC\"}",
	};
	for (size_t i = 0; i < COF_COUNT(bad); i++) {
		cof_jwks set = {0};
		if (cof_jwks_parse(cof_span_str(bad[i]), &set, NULL) == 0)
			fail_msg("%s", bad[i]);
		assert_fails(cof_jwks_parse(cof_span_str(bad[i]), &set, &err), "jwk-malformed");
		assert_int_equal(set.n, 0);
	}
}

static void t066_sizes(void **state)
{
	(void)state;
	cof_jwks set = {0};
	COF_AUTO(cof_buf) text = {0};
	assert_ok(cof_buf_add_str(&text, "{\"keys\":[{" EC "}", &err));
	for (size_t i = 0; i < COF_JWKS_KEYS_MAX; i++)
		assert_ok(cof_buf_add_str(&text, ",{" EC "}", &err));
	assert_ok(cof_buf_add_str(&text, "]}", &err));
	assert_fails(cof_jwks_parse(cof_buf_span(&text), &set, &err), "jwk-malformed");
	text.len = 0;
	assert_ok(cof_buf_printf(&text, &err, "{\"keys\":[{" EC "}]%*s}", COF_JWKS_MAX, ""));
	assert_fails(cof_jwks_parse(cof_buf_span(&text), &set, &err), "jwk-malformed");
}

/* ---- at the kinds of tokens ---- */

#define CLAIMS                                                                                                         \
	"{\"eat_profile\":\"tag:ietf.org,2026:rats/ear#03\",\"iat\":1799999990,"                                       \
	"\"ear_verifier_id\":{\"developer\":\"d\",\"build\":\"b\"},\"submods\":{\"cpu0\":{\"ear_status\":\"none\"}}}"

/* The token of one key, the file with two; the reason, or "". */
static void judge_with_set(EVP_PKEY *by, const char *kid, const char *want)
{
	COF_AUTO(cof_buf) token = {0};
	COF_AUTO(cof_buf) text = {0};
	COF_AUTO_PTR(json_t) a = NULL;
	COF_AUTO_PTR(json_t) b = NULL;
	COF_AUTO_PTR(json_t) claims = json_loads(CLAIMS, 0, NULL);
	COF_AUTO_PTR(json_t) header = json_pack("{s:s*}", "kid", kid);
	const cof_kind *kind = NULL;
	cof_verdict *v = verdict_new();
	assert_ok(cof_jwk_of(p256, &a, &err));
	assert_ok(cof_jwk_of(p384, &b, &err));
	assert_ok(cof_json_set_str(a, "kid", "one", &err));
	assert_ok(cof_json_set_str(b, "kid", "two", &err));
	COF_AUTO_PTR(json_t) set = json_pack("{s:[O,O]}", "keys", a, b);
	assert_ok(cof_json_dump(set, &text, &err));
	assert_ok(cof_jws_sign(by, header, claims, &token, &err));
	const cof_role_file files[] = {{"token", cof_buf_span(&token)}, {"key", cof_buf_span(&text)}};
	const cof_verify_in in = {.files = files, .n_files = 2, .now = TOKEN_NOW};
	assert_ok(cof_kind_find("ear-jwt", &kind, &err));
	assert_ok(cof_verify(kind, &in, v, &err));
	if (strcmp(first_failed(v), want) != 0)
		fail_msg("'%s', not '%s'", first_failed(v), want);
	assert_true(v->accepted == (*want == '\0'));
	verdict_free(v);
}

static void t066_a_token_finds_its_key(void **state)
{
	(void)state;
	EVP_PKEY *other = EVP_EC_gen("P-256");
	judge_with_set(p256, "one", "");
	judge_with_set(p384, "two", "");
	judge_with_set(p256, "two", "token-algorithm");
	judge_with_set(other, "one", "token-signature");
	judge_with_set(p256, "three", "key-unknown");
	judge_with_set(p256, NULL, "key-unknown");
	EVP_PKEY_free(other);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_name_is_the_thumbprint),
		cmocka_unit_test(what_is_written_is_read),
		cmocka_unit_test(a_key_alone_is_for_every_token),
		cmocka_unit_test(of_several_the_named_one),
		cmocka_unit_test(what_is_not_for_us_is_passed_over),
		cmocka_unit_test(t066_sets_that_are_refused),
		cmocka_unit_test(t066_sizes),
		cmocka_unit_test(t066_a_token_finds_its_key),
	};
	return cmocka_run_group_tests(tests, make, drop);
}
