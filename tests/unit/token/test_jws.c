/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/test.h"

#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <stdio.h>

#include "attestation/refvalue/cosekey.h"
#include "attestation/token/jws.h"
#include "common/hex.h"

static EVP_PKEY *key_on(const char *curve)
{
	EVP_PKEY *k = EVP_EC_gen(curve);
	assert_non_null(k);
	return k;
}

static void token_of(EVP_PKEY *key, cof_buf *ret)
{
	COF_AUTO_PTR(json_t) header = json_pack("{s:s}", "typ", "JWT");
	COF_AUTO_PTR(json_t) payload = json_pack("{s:i}", "n", 7);
	assert_ok(cof_jws_sign(key, header, payload, ret, &err));
}

/* header and payload as they are, with a third part. */
static void assemble(const char *header, const char *payload, const char *third, cof_buf *ret)
{
	COF_AUTO_FREE char *h = cof_b64url_dup(cof_span_str(header));
	COF_AUTO_FREE char *p = cof_b64url_dup(cof_span_str(payload));
	assert_ok(cof_buf_printf(ret, &err, "%s.%s.%s", h, p, third));
}

static void t066_algorithm_comes_from_the_key(void **state)
{
	(void)state;
	static const char *const headers[] = {"{\"alg\":\"none\"}",
					      "{\"alg\":\"None\"}",
					      "{\"alg\":\"HS256\"}",
					      "{\"alg\":\"ES384\"}",
					      "{\"alg\":\"ES256 \"}",
					      "{\"alg\":\"RS256\"}",
					      "{}",
					      "{\"alg\":7}",
					      "{\"alg\":\"es256\"}"};
	EVP_PKEY *key = key_on("P-256");
	for (size_t i = 0; i < COF_COUNT(headers); i++) {
		COF_AUTO(cof_buf) t = {0};
		json_t *p = NULL;
		assemble(headers[i], "{}", i == 0 ? "" : "AAAA", &t);
		assert_fails(cof_jws_verify(cof_buf_span(&t), key, NULL, &p, &err), "token-algorithm");
	}
	EVP_PKEY_free(key);
}

static void t066_critical_members_and_shapes(void **state)
{
	(void)state;
	static const struct {
		const char *header, *payload;
	} bad[] = {{"{\"alg\":\"ES256\",\"crit\":[]}", "{}"},
		   {"{\"alg\":\"ES256\",\"b64\":false}", "{}"},
		   {"[]", "{}"},
		   {"{\"alg\":\"ES256\",\"alg\":\"ES256\"}", "{}"},
		   {"{\"alg\":\"ES256\"} ,", "{}"}};
	EVP_PKEY *key = key_on("P-256");
	for (size_t i = 0; i < COF_COUNT(bad); i++) {
		COF_AUTO(cof_buf) t = {0};
		json_t *p = NULL;
		assemble(bad[i].header, bad[i].payload, "AAAA", &t);
		assert_fails(cof_jws_verify(cof_buf_span(&t), key, NULL, &p, &err), "token-malformed");
	}
	static const char *const texts[] = {"", ".", "..", "...", "a.b", "a.b.c.d", "e30=.e30.AA", "e30.e30"};
	for (size_t i = 0; i < COF_COUNT(texts); i++) {
		json_t *p = NULL;
		assert_fails(cof_jws_verify(cof_span_str(texts[i]), key, NULL, &p, &err), "token-malformed");
	}
	EVP_PKEY_free(key);
}

static void sign_text(EVP_PKEY *key, const char *payload, cof_buf *ret)
{
	COF_AUTO(cof_buf) sig = {0};
	assemble("{\"alg\":\"ES256\"}", payload, "", ret);
	ret->len--; /* the second dot is not signed */
	assert_ok(cof_cose_key_sign(key, cof_buf_span(ret), &sig, &err));
	COF_AUTO_FREE char *text = cof_b64url_dup(cof_buf_span(&sig));
	assert_ok(cof_buf_printf(ret, &err, ".%s", text));
}

/* A signature makes nothing of it one JSON object with each member once. */
static void t066_payloads_signed_as_they_are(void **state)
{
	(void)state;
	static const char *const bad[] = {"",
					  "{",
					  "[]",
					  "7",
					  "{}{}",
					  "{} x",
					  "{\"n\":7,\"n\":7}",
					  "{\"a\":{\"n\":1,\"n\":2}}",
					  "{\"n\":7,}",
					  "{'n':7}",
					  "{\"n\":\"\\u0000\"}",
					  "\xef\xbb\xbf{}"};
	EVP_PKEY *key = key_on("P-256");
	json_t *p = NULL;
	for (size_t i = 0; i < COF_COUNT(bad); i++) {
		COF_AUTO(cof_buf) t = {0};
		sign_text(key, bad[i], &t);
		assert_fails(cof_jws_verify(cof_buf_span(&t), key, NULL, &p, &err), "token-malformed");
	}
	COF_AUTO(cof_buf) good = {0};
	sign_text(key, " {\"n\": 7} ", &good);
	assert_ok(cof_jws_verify(cof_buf_span(&good), key, NULL, &p, &err));
	json_decref(p);
	/* nothing is wrong with it but its size */
	COF_AUTO(cof_buf) blank = {0};
	COF_AUTO(cof_buf) large = {0};
	for (size_t i = 0; i < COF_JWS_MAX / 16; i++)
		assert_ok(cof_buf_add_str(&blank, "                ", &err));
	assert_ok(cof_buf_add_str(&blank, "{}", &err));
	sign_text(key, cof_buf_str(&blank), &large);
	assert_fails(cof_jws_verify(cof_buf_span(&large), key, NULL, &p, &err), "token-malformed");
	EVP_PKEY_free(key);
}

static void t066_every_bit_and_truncation(void **state)
{
	(void)state;
	EVP_PKEY *key = key_on("P-256"), *other = key_on("P-256");
	COF_AUTO(cof_buf) t = {0};
	json_t *p = NULL;
	const size_t step = unit_stride();
	token_of(key, &t);
	for (size_t n = 0; n < t.len; n += step)
		assert_true(cof_jws_verify(cof_span_of(t.data, n), key, NULL, &p, NULL) < 0);
	for (size_t bit = 0; bit < t.len * 8; bit += step) {
		t.data[bit / 8] ^= (uint8_t)(1u << (bit % 8));
		assert_true(cof_jws_verify(cof_buf_span(&t), key, NULL, &p, NULL) < 0);
		t.data[bit / 8] ^= (uint8_t)(1u << (bit % 8));
	}
	assert_fails(cof_jws_verify(cof_buf_span(&t), other, NULL, &p, &err), "token-signature");
	assert_ok(cof_jws_verify(cof_buf_span(&t), key, NULL, &p, &err));
	assert_int_equal(json_integer_value(json_object_get(p, "n")), 7);
	json_decref(p);
	EVP_PKEY_free(key);
	EVP_PKEY_free(other);
}

static void t066_a_longer_signature(void **state)
{
	(void)state;
	EVP_PKEY *key = key_on("P-256");
	COF_AUTO(cof_buf) t = {0};
	COF_AUTO(cof_buf) raw = {0};
	json_t *p = NULL;
	token_of(key, &t);
	size_t at = t.len;
	while (t.data[at - 1] != '.')
		at--;
	assert_ok(cof_unb64url(cof_span_of(t.data + at, t.len - at), &raw, &err));
	assert_ok(cof_buf_add(&raw, "\0\0", 2, &err));
	COF_AUTO_FREE char *longer = cof_b64url_dup(cof_buf_span(&raw));
	t.len = at;
	assert_ok(cof_buf_add_str(&t, longer, &err));
	assert_fails(cof_jws_verify(cof_buf_span(&t), key, NULL, &p, &err), "token-signature");
	EVP_PKEY_free(key);
}

static void t066_too_long(void **state)
{
	(void)state;
	EVP_PKEY *key = key_on("P-256");
	COF_AUTO(cof_buf) t = {0};
	json_t *p = NULL;
	assert_ok(cof_buf_reserve(&t, COF_JWS_MAX + 1, &err));
	memset(t.data, 'A', COF_JWS_MAX + 1);
	t.len = COF_JWS_MAX + 1;
	assert_fails(cof_jws_verify(cof_buf_span(&t), key, NULL, &p, &err), "token-malformed");
	t.data[COF_JWS_HEADER_MAX + 1] = '.';
	t.data[COF_JWS_HEADER_MAX + 3] = '.';
	t.len = COF_JWS_HEADER_MAX + 10;
	assert_fails(cof_jws_verify(cof_buf_span(&t), key, NULL, &p, &err), "token-malformed");
	EVP_PKEY_free(key);
}

/* Before anything is verified: a text, or nothing. */
static void t066_the_name_of_a_key(void **state)
{
	(void)state;
	static const struct {
		const char *header, *kid;
	} cases[] = {{"{\"kid\":\"a\"}", "a"},
		     {"{\"kid\":\"\"}", ""},
		     {"{\"kid\":7}", NULL},
		     {"{\"kid\":null}", NULL},
		     {"{\"kid\":\"a\",\"kid\":\"b\"}", NULL},
		     {"{\"kid\":\"a\\u0000b\"}", NULL},
		     {"[\"kid\"]", NULL},
		     {"{}", NULL},
		     {"", NULL}};
	static const char *const texts[] = {"", "a", "a.b", "a.b.c.d", "..", "e30=.e30.AA"};
	char *kid = NULL;
	for (size_t i = 0; i < COF_COUNT(cases); i++) {
		COF_AUTO(cof_buf) t = {0};
		assemble(cases[i].header, "{}", "AAAA", &t);
		assert_ok(cof_jws_kid(cof_buf_span(&t), &kid, &err));
		if (cases[i].kid == NULL ? kid != NULL : (kid == NULL || strcmp(kid, cases[i].kid) != 0))
			fail_msg("%s: %s", cases[i].header, kid != NULL ? kid : "none");
		free(kid);
	}
	for (size_t i = 0; i < COF_COUNT(texts); i++) {
		assert_ok(cof_jws_kid(cof_span_str(texts[i]), &kid, &err));
		assert_null(kid);
	}
}

static void keys_as_jwk(void **state)
{
	(void)state;
	static const char *const curves[] = {"P-256", "P-384"};
	for (size_t i = 0; i < COF_COUNT(curves); i++) {
		EVP_PKEY *key = key_on(curves[i]), *back = NULL;
		COF_AUTO(cof_buf) t = {0};
		COF_AUTO_PTR(json_t) jwk = NULL;
		COF_AUTO_PTR(json_t) payload = NULL;
		assert_ok(cof_jwk_of(key, &jwk, &err));
		assert_null(json_object_get(jwk, "d"));
		assert_ok(cof_jwk_read(jwk, &back, &err));
		assert_int_equal(EVP_PKEY_eq(key, back), 1);
		token_of(key, &t);
		assert_ok(cof_jws_verify(cof_buf_span(&t), back, NULL, &payload, &err));
		EVP_PKEY_free(key);
		EVP_PKEY_free(back);
	}
}

static void broken_jwks(void **state)
{
	(void)state;
	EVP_PKEY *key = key_on("P-256"), *out = NULL;
	static const struct {
		const char *member, *value;
	} bad[] = {{"kty", "RSA"}, {"crv", "P-384"}, {"crv", "P-521"}, {"alg", "ES384"},
		   {"x", "AAAA"},  {"x", ""},	     {"y", "=="},      {"kty", NULL}};
	for (size_t i = 0; i < COF_COUNT(bad); i++) {
		COF_AUTO_PTR(json_t) jwk = NULL;
		assert_ok(cof_jwk_of(key, &jwk, &err));
		(void)json_object_set_new(jwk, bad[i].member,
					  bad[i].value == NULL ? json_null() : json_string(bad[i].value));
		assert_fails(cof_jwk_read(jwk, &out, &err), "jwk-malformed");
	}
	COF_AUTO_PTR(json_t) off = NULL; /* a point that is not on the curve */
	assert_ok(cof_jwk_of(key, &off, &err));
	(void)json_object_set(off, "y", json_object_get(off, "x"));
	assert_fails(cof_jwk_read(off, &out, &err), "jwk-malformed");
	assert_fails(cof_jwk_read(NULL, &out, &err), "jwk-malformed");
	EVP_PKEY_free(key);
}

static void keys_that_sign_no_tokens(void **state)
{
	(void)state;
	EVP_PKEY *rsa = EVP_RSA_gen(2048), *p521 = key_on("P-521");
	COF_AUTO(cof_buf) t = {0};
	COF_AUTO_PTR(json_t) o = json_object();
	json_t *jwk = NULL;
	assert_fails(cof_jws_sign(rsa, o, o, &t, &err), "bad-key");
	assert_fails(cof_jws_sign(p521, o, o, &t, &err), "bad-key");
	assert_fails(cof_jwk_of(rsa, &jwk, &err), "bad-key");
	EVP_PKEY_free(rsa);
	EVP_PKEY_free(p521);
}

/* A token under an RSA key, which only other issuers make. */
static void rs256_token(EVP_PKEY *key, const char *alg, bool pss, cof_buf *ret)
{
	uint8_t sig[512];
	size_t n = sizeof sig;
	char header[64];
	EVP_PKEY_CTX *pctx = NULL;
	EVP_MD_CTX *c = EVP_MD_CTX_new();
	(void)snprintf(header, sizeof header, "{\"alg\":\"%s\"}", alg);
	assemble(header, "{\"n\":7}", "", ret);
	assert_int_equal(EVP_DigestSignInit(c, &pctx, EVP_sha256(), NULL, key), 1);
	if (pss)
		assert_int_equal(EVP_PKEY_CTX_set_rsa_padding(pctx, RSA_PKCS1_PSS_PADDING), 1);
	assert_int_equal(EVP_DigestSign(c, sig, &n, ret->data, ret->len - 1), 1);
	COF_AUTO_FREE char *text = cof_b64url_dup(cof_span_of(sig, n));
	assert_ok(cof_buf_add_str(ret, text, &err));
	EVP_MD_CTX_free(c);
}

static void t066_rs256_is_verified_by_rsa_keys_alone(void **state)
{
	(void)state;
	EVP_PKEY *rsa = EVP_RSA_gen(2048), *small = EVP_RSA_gen(1024), *ec = key_on("P-256");
	COF_AUTO(cof_buf) good = {0};
	COF_AUTO(cof_buf) pss = {0};
	COF_AUTO(cof_buf) other = {0};
	COF_AUTO(cof_buf) es = {0};
	COF_AUTO_PTR(json_t) payload = NULL;
	json_t *none = NULL;
	rs256_token(rsa, "RS256", false, &good);
	rs256_token(rsa, "RS256", true, &pss);
	rs256_token(rsa, "PS256", true, &other);
	token_of(ec, &es);
	assert_ok(cof_jws_verify(cof_buf_span(&good), rsa, NULL, &payload, &err));
	assert_fails(cof_jws_verify(cof_buf_span(&pss), rsa, NULL, &none, &err), "token-signature");
	assert_fails(cof_jws_verify(cof_buf_span(&other), rsa, NULL, &none, &err), "token-algorithm");
	assert_fails(cof_jws_verify(cof_buf_span(&es), rsa, NULL, &none, &err), "token-algorithm");
	assert_fails(cof_jws_verify(cof_buf_span(&good), ec, NULL, &none, &err), "token-algorithm");
	assert_fails(cof_jws_verify(cof_buf_span(&good), small, NULL, &none, &err), "bad-key");
	good.len -= 2; /* the last byte of the signature */
	assert_fails(cof_jws_verify(cof_buf_span(&good), rsa, NULL, &none, &err), "token-signature");
	EVP_PKEY_free(rsa);
	EVP_PKEY_free(small);
	EVP_PKEY_free(ec);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(t066_rs256_is_verified_by_rsa_keys_alone),
		cmocka_unit_test(t066_algorithm_comes_from_the_key),
		cmocka_unit_test(t066_critical_members_and_shapes),
		cmocka_unit_test(t066_payloads_signed_as_they_are),
		cmocka_unit_test(t066_every_bit_and_truncation),
		cmocka_unit_test(t066_too_long),
		cmocka_unit_test(t066_a_longer_signature),
		cmocka_unit_test(t066_the_name_of_a_key),
		cmocka_unit_test(keys_as_jwk),
		cmocka_unit_test(broken_jwks),
		cmocka_unit_test(keys_that_sign_no_tokens),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
