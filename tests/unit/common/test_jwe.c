/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/test.h"

#include <jose/jwe.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

#include "common/hex.h"
#include "common/jwe.h"

#define TEE_X "gh-c-oIARysuJn1xvUcIBpLRXcGzNKlkBbavnQIEB7Q"
#define TEE_Y "DEu2ukKUAr6L18nUYJanQlDWPQQq_tIcCRsURtlQC8A"
#define PROTECTED                                                                                                      \
	"eyJhbGciOiJFQ0RILUVTK0EyNTZLVyIsImVuYyI6IkEyNTZHQ00iLCJlcGsiOnsiY3J2IjoiUC0yNTYiLCJrdHkiOiJFQyIsIngiOiJtS0ZG" \
	"X1JEWUREOG1MbHpraFUzcDBtWFg3TXVlRktldkp5cXJSeFFya05FIiwieSI6IjZXaFdhaW9uMVdvaXFfODJtMWJzZE5XQXFUSDk5eXNlaFVR" \
	"V1NNRlVzY0kifX0"
#define REST(key, iv, text, tag)                                                                                       \
	"\",\"encrypted_key\":\"" key "\",\"iv\":\"" iv "\",\"ciphertext\":\"" text "\",\"tag\":\"" tag "\"}"
#define KEY "6XU48UN2KFbIWHyAAxU80wu8nmVKD9y7LrmpgNzx_bXjONpamlh_dw"
#define IV "AAECAwQFBgcICQoL"
#define TEXT "WWoKHhL-ZNOncfKnzA"
#define TAG "QmfAxyaDtFrpaaHpl2CLcQ"
#define KNOWN "{\"protected\":\"" PROTECTED REST(KEY, IV, TEXT, TAG)

static cof_jwe_key *tee_key(void)
{
	uint8_t d[32];
	cof_jwe_key *key = NULL;
	assert_ok(cof_unhex("5782497f0592af7a3e24234893aaa492134a7db95ea52f1cee750ab4b115bbf0", d, sizeof d, &err));
	assert_ok(cof_jwe_key_from_scalar(cof_span_of(d, sizeof d), &key, &err));
	return key;
}

static int decrypt(const char *jwe, cof_err *err)
{
	COF_AUTO_PTR(cof_jwe_key) key = tee_key();
	COF_AUTO(cof_secret) plain = {0};
	int r = cof_jwe_decrypt(key, cof_span_str(jwe), &plain, err);
	if (r < 0)
		assert_null(plain.data);
	return r;
}

static void opens_the_known_answer(void **state)
{
	(void)state;
	COF_AUTO_PTR(cof_jwe_key) key = tee_key();
	COF_AUTO(cof_secret) plain = {0};
	assert_ok(cof_jwe_decrypt(key, cof_span_str(KNOWN), &plain, &err));
	assert_span_equal(cof_secret_span(&plain), "coffer secret", 13);
	COF_AUTO_PTR(json_t) jwk = NULL;
	COF_AUTO(cof_buf) text = {0};
	assert_ok(cof_jwe_key_jwk(key, &jwk, &err));
	assert_ok(cof_json_dump(jwk, &text, &err));
	assert_string_equal(cof_buf_str(&text),
			    "{\"alg\":\"ECDH-ES+A256KW\",\"crv\":\"P-256\",\"kty\":\"EC\",\"x\":\"" TEE_X
			    "\",\"y\":\"" TEE_Y "\"}");
}

/* Any other member, algorithm or size is refused before a key is touched. */
static void t064_refuses_what_is_not_exactly_this_kind(void **state)
{
	(void)state;
	const char *const bad[] = {
		"",
		"{}",
		"[]",
		"null",
		"{\"protected\":1" REST(KEY, IV, TEXT, TAG),
		"{\"aad\":\"\",\"protected\":\"" PROTECTED REST(KEY, IV, TEXT, TAG),
		"{\"header\":{},\"protected\":\"" PROTECTED REST(KEY, IV, TEXT, TAG),
		"{\"recipients\":[],\"protected\":\"" PROTECTED REST(KEY, IV, TEXT, TAG),
		"{\"protected\":\"" PROTECTED "\",\"protected\":\"" PROTECTED REST(KEY, IV, TEXT, TAG),
		"{\"protected\":\"" PROTECTED REST("", IV, TEXT, TAG),
		"{\"protected\":\"" PROTECTED REST(KEY, "AAECAwQFBgcICQo", TEXT, TAG),
		"{\"protected\":\"" PROTECTED REST(KEY, IV, TEXT, "QmfAxyaDtFrpaaHpl2CL"),
		"{\"protected\":\"" PROTECTED REST(KEY "=", IV, TEXT, TAG),
		"{\"protected\":\"" PROTECTED REST(KEY, IV, "WWoKHhL-ZNOncfKnzB", TAG) /* stray bits */,
		"{\"protected\":\"e30" REST(KEY, IV, TEXT, TAG) /* {} */,
		"{\"protected\":\"" REST(KEY, IV, TEXT, TAG),
	};
	for (size_t i = 0; i < COF_COUNT(bad); i++)
		assert_fails(decrypt(bad[i], &err), "jwe-malformed");
}

static void refuse_header(const char *header)
{
	COF_AUTO_FREE char *b64 = cof_b64url_dup(cof_span_str(header));
	COF_AUTO(cof_buf) jwe = {0};
	assert_ok(cof_buf_printf(&jwe, &err, "{\"protected\":\"%s" REST(KEY, IV, TEXT, TAG), b64));
	assert_fails(decrypt(cof_buf_str(&jwe), &err), "jwe-malformed");
}

#define EPK "{\"crv\":\"P-256\",\"kty\":\"EC\",\"x\":\"" TEE_X "\",\"y\":\"" TEE_Y "\"}"

/* RFC 8725 3.1 and 3.2: a sender chooses no algorithm. */
static void t064_refuses_other_algorithms(void **state)
{
	(void)state;
	const char *const headers[] = {
		"{\"alg\":\"dir\",\"enc\":\"A256GCM\",\"epk\":" EPK "}",
		"{\"alg\":\"none\",\"enc\":\"A256GCM\",\"epk\":" EPK "}",
		"{\"alg\":\"ECDH-ES\",\"enc\":\"A256GCM\",\"epk\":" EPK "}",
		"{\"alg\":\"RSA1_5\",\"enc\":\"A256GCM\",\"epk\":" EPK "}",
		"{\"alg\":\"ECDH-ES+A256KW\",\"enc\":\"A128GCM\",\"epk\":" EPK "}",
		"{\"alg\":\"ECDH-ES+A256KW\",\"enc\":\"A256CBC-HS512\",\"epk\":" EPK "}",
		"{\"alg\":\"ECDH-ES+A256KW\",\"enc\":\"A256GCM\"}",
		"{\"alg\":\"ECDH-ES+A256KW\",\"enc\":\"A256GCM\",\"zip\":\"DEF\",\"epk\":" EPK "}",
		"{\"alg\":\"ECDH-ES+A256KW\",\"enc\":\"A256GCM\",\"crit\":[],\"epk\":" EPK "}",
		"{\"alg\":\"ECDH-ES+A256KW\",\"enc\":\"A256GCM\",\"apu\":\"\",\"epk\":" EPK "}",
		"{\"alg\":\"ECDH-ES+A256KW\",\"enc\":\"A256GCM\",\"epk\":{\"crv\":\"P-384\",\"kty\":\"EC\",\"x\":"
		"\"" TEE_X "\",\"y\":\"" TEE_Y "\"}}",
		"{\"alg\":\"ECDH-ES+A256KW\",\"enc\":\"A256GCM\",\"epk\":{\"crv\":\"P-256\",\"kty\":\"EC\",\"x\":"
		"\"" TEE_Y "\",\"y\":\"" TEE_X "\"}}",
		"{\"alg\":\"ECDH-ES+A256KW\",\"enc\":\"A256GCM\",\"epk\":{\"crv\":\"P-256\",\"kty\":\"EC\",\"d\":\"\","
		"\"x\":\"" TEE_X "\",\"y\":\"" TEE_Y "\"}}",
		"{\"alg\":\"ECDH-ES+A256KW\",\"enc\":\"A256GCM\",\"epk\":null}",
	};
	for (size_t i = 0; i < COF_COUNT(headers); i++)
		refuse_header(headers[i]);
}

/* A valid header of another point is authenticated too: nothing of it may be exchanged. */
static void t064_opens_nothing_with_another_header(void **state)
{
	(void)state;
	COF_AUTO(cof_buf) jwe = {0};
	COF_AUTO_FREE char *b64 =
		cof_b64url_dup(cof_span_str("{\"alg\":\"ECDH-ES+A256KW\",\"enc\":\"A256GCM\",\"epk\":" EPK "}"));
	assert_ok(cof_buf_printf(&jwe, &err, "{\"protected\":\"%s" REST(KEY, IV, TEXT, TAG), b64));
	assert_fails(decrypt(cof_buf_str(&jwe), &err), "jwe-decrypt");
}

static void t064_every_flipped_bit_is_refused(void **state)
{
	(void)state;
	COF_AUTO_PTR(cof_jwe_key) key = tee_key();
	char jwe[] = KNOWN;
	for (size_t bit = 0; bit < (sizeof jwe - 1) * 8; bit++) {
		cof_secret plain = {0};
		cof_err err = {0};
		jwe[bit / 8] ^= (char)(1u << bit % 8);
		int r = cof_jwe_decrypt(key, cof_span_of(jwe, sizeof jwe - 1), &plain, &err);
		assert_true(r < 0);
		assert_true(cof_err_is(&err, "jwe-malformed") || cof_err_is(&err, "jwe-decrypt"));
		assert_null(plain.data);
		jwe[bit / 8] ^= (char)(1u << bit % 8);
	}
	for (size_t n = 0; n < sizeof jwe - 1; n++) {
		cof_secret plain = {0};
		assert_fails(cof_jwe_decrypt(key, cof_span_of(jwe, n), &plain, &err), "jwe-malformed");
	}
}

static void another_guests_key_opens_nothing(void **state)
{
	(void)state;
	COF_AUTO_PTR(cof_jwe_key) other = NULL;
	cof_secret plain = {0};
	assert_ok(cof_jwe_key_new(&other, &err));
	assert_fails(cof_jwe_decrypt(other, cof_span_str(KNOWN), &plain, &err), "jwe-decrypt");
}

static void seals_what_it_opens(void **state)
{
	(void)state;
	static uint8_t large[100000];
	const cof_span plains[] = {{NULL, 0}, cof_span_str("x"), cof_span_of(large, sizeof large)};
	COF_AUTO_PTR(cof_jwe_key) key = NULL;
	COF_AUTO_PTR(json_t) jwk = NULL;
	assert_ok(cof_jwe_key_new(&key, &err));
	assert_ok(cof_jwe_key_jwk(key, &jwk, &err));
	for (size_t i = 0; i < COF_COUNT(plains); i++) {
		COF_AUTO(cof_buf) jwe = {0};
		COF_AUTO(cof_secret) back = {0};
		assert_ok(cof_jwe_encrypt(jwk, plains[i], &jwe, &err));
		assert_ok(cof_jwe_decrypt(key, cof_buf_span(&jwe), &back, &err));
		assert_int_equal(back.len, plains[i].len);
		assert_true(cof_ct_equal(cof_secret_span(&back), plains[i]));
	}
}

static void two_seals_share_nothing(void **state)
{
	(void)state;
	COF_AUTO_PTR(cof_jwe_key) key = tee_key();
	COF_AUTO_PTR(json_t) jwk = NULL;
	COF_AUTO(cof_buf) a = {0};
	COF_AUTO(cof_buf) b = {0};
	COF_AUTO_PTR(json_t) ja = NULL;
	COF_AUTO_PTR(json_t) jb = NULL;
	assert_ok(cof_jwe_key_jwk(key, &jwk, &err));
	assert_ok(cof_jwe_encrypt(jwk, cof_span_str("same"), &a, &err));
	assert_ok(cof_jwe_encrypt(jwk, cof_span_str("same"), &b, &err));
	assert_ok(cof_json_parse(cof_buf_span(&a), &ja, &err));
	assert_ok(cof_json_parse(cof_buf_span(&b), &jb, &err));
	const char *const members[] = {"protected", "encrypted_key", "iv", "ciphertext", "tag"};
	for (size_t i = 0; i < COF_COUNT(members); i++) {
		const char *x = NULL, *y = NULL;
		assert_ok(cof_json_str(ja, members[i], &x, &err));
		assert_ok(cof_json_str(jb, members[i], &y, &err));
		assert_string_not_equal(x, y);
	}
}

/* Upstream's client writes the header again from its parts, so its spelling is part of the format. */
static void writes_the_header_in_the_peers_order(void **state)
{
	(void)state;
	COF_AUTO_PTR(cof_jwe_key) key = tee_key();
	COF_AUTO_PTR(json_t) jwk = NULL;
	COF_AUTO_PTR(json_t) doc = NULL;
	COF_AUTO(cof_buf) jwe = {0};
	COF_AUTO(cof_buf) header = {0};
	const char *b64 = NULL;
	assert_ok(cof_jwe_key_jwk(key, &jwk, &err));
	assert_ok(cof_jwe_encrypt(jwk, cof_span_str("x"), &jwe, &err));
	assert_ok(cof_json_parse(cof_buf_span(&jwe), &doc, &err));
	assert_ok(cof_json_str(doc, "protected", &b64, &err));
	assert_ok(cof_unb64url(cof_span_str(b64), &header, &err));
	static const char start[] =
		"{\"alg\":\"ECDH-ES+A256KW\",\"enc\":\"A256GCM\",\"epk\":{\"crv\":\"P-256\",\"kty\":"
		"\"EC\",\"x\":\"";
	assert_memory_equal(header.data, start, sizeof start - 1);
}

/* An independent implementation opens what we seal. */
static void libjose_opens_ours(void **state)
{
	(void)state;
	COF_AUTO_PTR(cof_jwe_key) key = tee_key();
	COF_AUTO_PTR(json_t) jwk = NULL;
	COF_AUTO_PTR(json_t) doc = NULL;
	COF_AUTO(cof_buf) jwe = {0};
	uint8_t d[32];
	assert_ok(cof_jwe_key_jwk(key, &jwk, &err));
	assert_ok(cof_jwe_encrypt(jwk, cof_span_str("for another reader"), &jwe, &err));
	assert_ok(cof_json_parse(cof_buf_span(&jwe), &doc, &err));
	assert_ok(cof_unhex("5782497f0592af7a3e24234893aaa492134a7db95ea52f1cee750ab4b115bbf0", d, sizeof d, &err));
	COF_AUTO_FREE char *scalar = cof_b64url_dup(cof_span_of(d, sizeof d));
	assert_ok(cof_json_set_str(jwk, "d", scalar, &err));
	size_t len = 0;
	COF_AUTO_FREE char *plain = jose_jwe_dec(NULL, doc, NULL, jwk, &len);
	assert_non_null(plain);
	assert_int_equal(len, 18);
	assert_memory_equal(plain, "for another reader", 18);
}

static void refuse_jwk(const char *text)
{
	COF_AUTO_PTR(json_t) jwk = NULL;
	COF_AUTO(cof_buf) out = {0};
	assert_ok(cof_json_parse(cof_span_str(text), &jwk, &err));
	assert_fails(cof_jwe_check_jwk(jwk, &err), "jwk-malformed");
	assert_fails(cof_jwe_encrypt(jwk, cof_span_str("x"), &out, &err), "jwk-malformed");
	assert_int_equal(out.len, 0);
}

static void t064_refuses_keys_of_any_other_kind(void **state)
{
	(void)state;
	const char *const bad[] = {
		"{}",
		"[]",
		"{\"alg\":\"ECDH-ES+A256KW\",\"crv\":\"P-256\",\"kty\":\"EC\",\"x\":\"" TEE_X "\"}",
		"{\"alg\":\"ECDH-ES+A256KW\",\"crv\":\"P-256\",\"kty\":\"EC\",\"x\":\"" TEE_X "\",\"y\":\"" TEE_X "\"}",
		"{\"alg\":\"ECDH-ES\",\"crv\":\"P-256\",\"kty\":\"EC\",\"x\":\"" TEE_X "\",\"y\":\"" TEE_Y "\"}",
		"{\"crv\":\"P-256\",\"kty\":\"EC\",\"x\":\"" TEE_X "\",\"y\":\"" TEE_Y "\"}",
		"{\"alg\":\"ECDH-ES+A256KW\",\"crv\":\"P-521\",\"kty\":\"EC\",\"x\":\"" TEE_X "\",\"y\":\"" TEE_Y "\"}",
		"{\"alg\":\"ECDH-ES+A256KW\",\"crv\":\"P-256\",\"kty\":\"EC\",\"x\":\"" TEE_X "\",\"y\":\"" TEE_Y
		"\",\"d\":\"AA\"}",
		"{\"alg\":\"ECDH-ES+A256KW\",\"crv\":\"P-256\",\"kty\":\"EC\",\"x\":\"AA" TEE_X "\",\"y\":\"" TEE_Y
		"\"}",
		"{\"alg\":\"RSA-OAEP-256\",\"kty\":\"RSA\",\"n\":\"AQ\",\"e\":\"AQAB\"}",
	};
	for (size_t i = 0; i < COF_COUNT(bad); i++)
		refuse_jwk(bad[i]);
}

static void limits_sizes(void **state)
{
	(void)state;
	COF_AUTO_PTR(cof_jwe_key) key = tee_key();
	COF_AUTO_PTR(json_t) jwk = NULL;
	COF_AUTO(cof_buf) out = {0};
	cof_secret plain = {0};
	assert_ok(cof_jwe_key_jwk(key, &jwk, &err));
	assert_fails(cof_jwe_encrypt(jwk, cof_span_of("", COF_JWE_PLAIN_MAX + (size_t)1), &out, &err), "jwe-too-large");
	assert_fails(cof_jwe_decrypt(key, cof_span_of("", COF_JWE_MAX + (size_t)1), &plain, &err), "jwe-malformed");
}

static void the_pem_is_the_key(void **state)
{
	(void)state;
	COF_AUTO_PTR(cof_jwe_key) key = tee_key();
	COF_AUTO(cof_secret) pem = {0};
	assert_ok(cof_jwe_key_pem(key, &pem, &err));
	BIO *in = BIO_new_mem_buf(pem.data, (int)pem.len);
	EVP_PKEY *again = PEM_read_bio_PrivateKey(in, NULL, NULL, NULL);
	assert_non_null(again);
	assert_int_equal(EVP_PKEY_get_bits(again), 256);
	EVP_PKEY_free(again);
	BIO_free(in);
	assert_memory_equal(pem.data, "-----BEGIN PRIVATE KEY-----", 27);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(opens_the_known_answer),
		cmocka_unit_test(t064_refuses_what_is_not_exactly_this_kind),
		cmocka_unit_test(t064_refuses_other_algorithms),
		cmocka_unit_test(t064_opens_nothing_with_another_header),
		cmocka_unit_test(t064_every_flipped_bit_is_refused),
		cmocka_unit_test(another_guests_key_opens_nothing),
		cmocka_unit_test(seals_what_it_opens),
		cmocka_unit_test(two_seals_share_nothing),
		cmocka_unit_test(writes_the_header_in_the_peers_order),
		cmocka_unit_test(libjose_opens_ours),
		cmocka_unit_test(t064_refuses_keys_of_any_other_kind),
		cmocka_unit_test(limits_sizes),
		cmocka_unit_test(the_pem_is_the_key),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
