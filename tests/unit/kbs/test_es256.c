/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/test.h"

#include <openssl/pem.h>

#include "attestation/kbs/es256.h"

#define S(text) cof_span_str(text)

static void t064_every_flipped_bit_of_a_signature_shows(void **state)
{
	(void)state;
	COF_AUTO_PTR(cof_pkey) key = NULL;
	uint8_t sig[COF_ES256_LEN];
	assert_ok(cof_es256_new(&key, &err));
	assert_ok(cof_es256_sign(key, S("text"), sig, &err));
	assert_ok(cof_es256_verify(key, S("text"), cof_span_of(sig, sizeof sig), &err));
	for (size_t bit = 0; bit < sizeof sig * 8; bit++) {
		sig[bit / 8] ^= (uint8_t)(1u << (bit % 8));
		assert_fails(cof_es256_verify(key, S("text"), cof_span_of(sig, sizeof sig), &err), "bad-signature");
		sig[bit / 8] ^= (uint8_t)(1u << (bit % 8));
	}
	assert_fails(cof_es256_verify(key, S("texT"), cof_span_of(sig, sizeof sig), &err), "bad-signature");
}

static void t064_odd_signatures_are_none(void **state)
{
	(void)state;
	COF_AUTO_PTR(cof_pkey) key = NULL;
	static const uint8_t zeros[COF_ES256_LEN + 1];
	uint8_t ones[COF_ES256_LEN];
	memset(ones, 0xff, sizeof ones);
	assert_ok(cof_es256_new(&key, &err));
	for (size_t n = 0; n <= COF_ES256_LEN + 1; n++)
		assert_fails(cof_es256_verify(key, S("text"), cof_span_of(zeros, n), &err), "bad-signature");
	assert_fails(cof_es256_verify(key, S("text"), cof_span_of(ones, sizeof ones), &err), "bad-signature");
}

static void another_key_does_not_verify(void **state)
{
	(void)state;
	COF_AUTO_PTR(cof_pkey) a = NULL;
	COF_AUTO_PTR(cof_pkey) b = NULL;
	uint8_t sig[COF_ES256_LEN];
	assert_ok(cof_es256_new(&a, &err));
	assert_ok(cof_es256_new(&b, &err));
	assert_ok(cof_es256_sign(a, S("text"), sig, &err));
	assert_fails(cof_es256_verify(b, S("text"), cof_span_of(sig, sizeof sig), &err), "bad-signature");
}

static void keys_survive_pem(void **state)
{
	(void)state;
	COF_AUTO_PTR(cof_pkey) key = NULL;
	COF_AUTO_PTR(cof_pkey) private = NULL;
	COF_AUTO_PTR(cof_pkey) public = NULL;
	COF_AUTO(cof_buf) pem = {0};
	uint8_t sig[COF_ES256_LEN];
	assert_ok(cof_es256_new(&key, &err));
	assert_ok(cof_es256_write_private(key, &pem, &err));
	assert_ok(cof_es256_read_private(cof_buf_span(&pem), &private, &err));
	pem.len = 0;
	assert_ok(cof_es256_write_public(key, &pem, &err));
	assert_ok(cof_es256_read_public(cof_buf_span(&pem), &public, &err));
	assert_ok(cof_es256_sign(private, S("x"), sig, &err));
	assert_ok(cof_es256_verify(public, S("x"), cof_span_of(sig, sizeof sig), &err));
}

static void t064_other_keys_are_refused(void **state)
{
	(void)state;
	COF_AUTO_PTR(cof_pkey) p384 = EVP_EC_gen("P-384");
	COF_AUTO_PTR(cof_pkey) out = NULL;
	COF_AUTO(cof_buf) pem = {0};
	assert_ok(cof_es256_write_public(p384, &pem, &err));
	assert_fails(cof_es256_read_public(cof_buf_span(&pem), &out, &err), "bad-key");
	pem.len = 0;
	assert_ok(cof_es256_write_private(p384, &pem, &err));
	assert_fails(cof_es256_read_private(cof_buf_span(&pem), &out, &err), "bad-key");
	static const char *const bad[] = {"", "x", "-----BEGIN PUBLIC KEY-----\n-----END PUBLIC KEY-----\n"};
	for (size_t i = 0; i < COF_COUNT(bad); i++)
		assert_fails(cof_es256_read_public(S(bad[i]), &out, &err), "bad-key");
	uint8_t big[9000] = {0};
	assert_fails(cof_es256_read_public(cof_span_of(big, sizeof big), &out, &err), "bad-key");
}

/* No prompt at the terminal: an encrypted key is simply no key. */
static void an_encrypted_key_is_refused(void **state)
{
	(void)state;
	COF_AUTO_PTR(cof_pkey) key = NULL;
	COF_AUTO_PTR(cof_pkey) out = NULL;
	assert_ok(cof_es256_new(&key, &err));
	BIO *b = BIO_new(BIO_s_mem());
	char pass[] = "secret", *data = NULL;
	assert_int_equal(PEM_write_bio_PKCS8PrivateKey(b, key, EVP_aes_128_cbc(), NULL, 0, NULL, pass), 1);
	long len = BIO_get_mem_data(b, &data);
	assert_fails(cof_es256_read_private(cof_span_of(data, (size_t)len), &out, &err), "bad-key");
	BIO_free(b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(t064_every_flipped_bit_of_a_signature_shows),
		cmocka_unit_test(t064_odd_signatures_are_none),
		cmocka_unit_test(another_key_does_not_verify),
		cmocka_unit_test(keys_survive_pem),
		cmocka_unit_test(t064_other_keys_are_refused),
		cmocka_unit_test(an_encrypted_key_is_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
