/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/test.h"

#include <openssl/evp.h>

#include "attestation/token/jwk.h"
#include "common/hex.h"

/* spec: SEC 2: the base point of P-256 */
#define X "axfR8uEsQkf4vOblY6RA8ncDfYEt6zOg9KE5RdiYwpY"
#define Y "T-NC4v4af5uO5-tKfA-eFivOM1drMV7Oy7ZAaDe_UfU"
#define POINT "\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"" X "\",\"y\":\"" Y "\""

static void good_keys(void **state)
{
	(void)state;
	static const char *const texts[] = {"{" POINT "}",
					    "{" POINT ",\"kid\":\"1\",\"use\":\"sig\",\"alg\":\"ES256\"}\n",
					    "{" POINT ",\"key_ops\":[\"verify\"]}"};
	for (size_t i = 0; i < COF_COUNT(texts); i++) {
		EVP_PKEY *key = NULL;
		assert_ok(cof_jwk_parse(cof_span_str(texts[i]), &key, &err));
		assert_int_equal(EVP_PKEY_get_bits(key), 256);
		EVP_PKEY_free(key);
	}
}

static void other_keys(void **state)
{
	(void)state;
	static const char *const texts[] = {
		"",
		"[]",
		"{}",
		"\"x\"",
		"{" POINT "} ,",
		"{" POINT ",\"d\":\"AAAA\"}",
		"{" POINT ",\"use\":\"enc\"}",
		"{" POINT ",\"use\":7}",
		"{" POINT ",\"key_ops\":[\"sign\"]}",
		"{" POINT ",\"key_ops\":[\"sign\",\"verify\"]}",
		"{" POINT ",\"key_ops\":[]}",
		"{" POINT ",\"key_ops\":\"verify\"}",
		"{" POINT ",\"alg\":\"ES384\"}",
		"{" POINT ",\"alg\":\"none\"}",
		"{" POINT ",\"luck\":1}",
		"{" POINT ",\"x\":\"" X "\"}",
		"{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"" X "\",\"y\":\"" X "\"}",
		"{\"kty\":\"EC\",\"crv\":\"P-384\",\"x\":\"" X "\",\"y\":\"" Y "\"}",
		"{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"" X "=\",\"y\":\"" Y "\"}",
		"{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"" X "\"}",
		"{\"kty\":\"oct\",\"k\":\"AAAA\"}",
		"{\"kty\":\"RSA\",\"n\":\"AQAB\",\"e\":\"AQAB\"}",
	};
	for (size_t i = 0; i < COF_COUNT(texts); i++) {
		EVP_PKEY *key = NULL;
		assert_fails(cof_jwk_parse(cof_span_str(texts[i]), &key, &err), "jwk-malformed");
		assert_null(key);
	}
}

/* The modulus is a number of this many bits and of nobody's primes: a key is read, not used. */
static void rsa_text(size_t bytes, const char *e, const char *more, cof_buf *ret)
{
	uint8_t n[1100];
	memset(n, 0xa5, sizeof n);
	COF_AUTO_FREE char *text = cof_b64url_dup(cof_span_of(n, bytes));
	ret->len = 0;
	assert_ok(cof_buf_printf(ret, &err, "{\"kty\":\"RSA\",\"n\":\"%s\",\"e\":\"%s\"%s}", text, e, more));
}

static void rsa_keys(void **state)
{
	(void)state;
	static const struct {
		size_t bytes;
		const char *e, *more;
		bool good;
	} cases[] = {
		{256, "AQAB", "", true},
		{1024, "AQAB", "", true},
		{384, "Aw", ",\"alg\":\"RS256\",\"use\":\"sig\"", true},
		{255, "AQAB", "", false},
		{1025, "AQAB", "", false},
		{256, "AQ", "", false},	     /* 1 */
		{256, "AQAC", "", false},    /* even */
		{256, "AAEAAQ", "", false},  /* a zero in front */
		{256, "AQAAAAE", "", false}, /* too long */
		{256, "", "", false},
		{256, "AQAB==", "", false},
		{256, "AQAB", ",\"alg\":\"PS256\"", false},
		{256, "AQAB", ",\"alg\":\"HS256\"", false},
		{256, "AQAB", ",\"d\":\"AQAB\"", false},
		{256, "AQAB", ",\"p\":\"AQAB\"", false},
		{256, "AQAB", ",\"use\":\"enc\"", false},
		{256, "AQAB", ",\"crv\":\"P-256\"", false},
	};
	for (size_t i = 0; i < COF_COUNT(cases); i++) {
		COF_AUTO(cof_buf) text = {0};
		EVP_PKEY *key = NULL;
		rsa_text(cases[i].bytes, cases[i].e, cases[i].more, &text);
		if (!cases[i].good) {
			assert_fails(cof_jwk_parse(cof_buf_span(&text), &key, &err), "jwk-malformed");
			continue;
		}
		assert_ok(cof_jwk_parse(cof_buf_span(&text), &key, &err));
		assert_int_equal(EVP_PKEY_get_bits(key), cases[i].bytes * 8);
		EVP_PKEY_free(key);
	}
}

static void every_truncation_and_the_size(void **state)
{
	(void)state;
	static const char text[] = "{" POINT "}";
	COF_AUTO(cof_buf) large = {0};
	EVP_PKEY *key = NULL;
	for (size_t n = 0; n + 1 < sizeof text; n++)
		assert_fails(cof_jwk_parse(cof_span_of(text, n), &key, &err), "jwk-malformed");
	while (large.len <= COF_JWK_MAX)
		assert_ok(cof_buf_add_str(&large, " ", &err));
	assert_ok(cof_buf_add_str(&large, text, &err));
	assert_fails(cof_jwk_parse(cof_buf_span(&large), &key, &err), "jwk-malformed");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(good_keys),
		cmocka_unit_test(other_keys),
		cmocka_unit_test(rsa_keys),
		cmocka_unit_test(every_truncation_and_the_size),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
