/* SPDX-License-Identifier: Apache-2.0 */
#include "image-decrypt/sigkey.h"

#include <openssl/pem.h>

#include "tests/unit/image/sigrig.h"

static const char *const ours[] = {"P-256", "P-384", "P-521", "RSA2048", "RSA3072", "ED25519"};

static EVP_PKEY *public_of(EVP_PKEY *key)
{
	COF_AUTO(cof_buf) pem = {0};
	EVP_PKEY *pub = NULL;
	sigrig_pem(key, &pem);
	assert_ok(cof_sigkey_parse(cof_buf_span(&pem), &pub, &err));
	return pub;
}

static void every_kind_signs_and_verifies(void **state)
{
	(void)state;
	for (size_t i = 0; i < COF_COUNT(ours); i++) {
		COF_AUTO_PTR(cof_ossl_key) key = sigrig_key(ours[i]);
		COF_AUTO_PTR(cof_ossl_key) other = sigrig_key(ours[i]);
		COF_AUTO_PTR(cof_ossl_key) pub = public_of(key);
		COF_AUTO(cof_buf) sig = {0};
		char id[65], same[65];
		assert_ok(cof_sigkey_sign(key, cof_span_str("message"), &sig, &err));
		assert_true(cof_sigkey_verify(pub, cof_span_str("message"), cof_buf_span(&sig)));
		assert_false(cof_sigkey_verify(pub, cof_span_str("messagf"), cof_buf_span(&sig)));
		assert_false(cof_sigkey_verify(pub, cof_span_str(""), cof_buf_span(&sig)));
		assert_false(cof_sigkey_verify(other, cof_span_str("message"), cof_buf_span(&sig)));
		assert_ok(cof_sigkey_id(key, id, &err));
		assert_ok(cof_sigkey_id(pub, same, &err));
		assert_string_equal(id, same);
		cof_digest d;
		assert_ok(cof_digest_of(COF_SHA256, cof_span_str("message"), &d, &err));
		assert_int_equal(cof_sigkey_verify_sha256(pub, &d, cof_buf_span(&sig)),
				 strcmp(ours[i], "ED25519") != 0);
		d.bytes[0] ^= 1;
		assert_false(cof_sigkey_verify_sha256(pub, &d, cof_buf_span(&sig)));
	}
}

static void t039_every_bit_of_a_signature(void **state)
{
	(void)state;
	for (size_t i = 0; i < COF_COUNT(ours); i++) {
		COF_AUTO_PTR(cof_ossl_key) key = sigrig_key(ours[i]);
		COF_AUTO(cof_buf) sig = {0};
		assert_ok(cof_sigkey_sign(key, cof_span_str("message"), &sig, &err));
		for (size_t bit = 0; bit < sig.len * 8; bit += unit_stride()) {
			sig.data[bit / 8] ^= (uint8_t)(1 << (bit % 8));
			assert_false(cof_sigkey_verify(key, cof_span_str("message"), cof_buf_span(&sig)));
			sig.data[bit / 8] ^= (uint8_t)(1 << (bit % 8));
		}
		for (size_t n = 0; n < sig.len; n++)
			assert_false(cof_sigkey_verify(key, cof_span_str("message"), cof_span_of(sig.data, n)));
		assert_ok(cof_buf_add(&sig, "", 1, &err));
		assert_false(cof_sigkey_verify(key, cof_span_str("message"), cof_buf_span(&sig)));
	}
}

static int sign_as(EVP_PKEY *key, const char *hash, int padding, cof_buf *ret)
{
	COF_AUTO_PTR(cof_ossl_md) ctx = EVP_MD_CTX_new();
	EVP_PKEY_CTX *pctx = NULL;
	size_t n = 1024;
	assert_ok(cof_buf_reserve(ret, n, &err));
	assert_int_equal(EVP_DigestSignInit_ex(ctx, &pctx, hash, NULL, NULL, key, NULL), 1);
	if (padding != 0)
		assert_int_equal(EVP_PKEY_CTX_set_rsa_padding(pctx, padding), 1);
	int r = EVP_DigestSign(ctx, ret->data, &n, (const uint8_t *)"message", 7);
	ret->len = n;
	return r;
}

/* The key chooses the algorithm; nothing weaker or other passes, and what the registry pairs with large curves does. */
static void t039_one_list_of_algorithms(void **state)
{
	(void)state;
	const struct {
		const char *key, *hash;
		int padding;
		bool good;
	} cases[] = {
		{"P-256", "SHA256", 0, true},
		{"P-256", "SHA1", 0, false},
		{"P-256", "SHA384", 0, false},
		{"P-384", "SHA384", 0, true},
		{"P-384", "SHA512", 0, false},
		{"P-521", "SHA512", 0, true},
		{"RSA2048", "SHA256", RSA_PKCS1_PADDING, true},
		{"RSA2048", "SHA1", RSA_PKCS1_PADDING, false},
		{"RSA2048", "SHA256", RSA_PKCS1_PSS_PADDING, false},
	};
	for (size_t i = 0; i < COF_COUNT(cases); i++) {
		COF_AUTO_PTR(cof_ossl_key) key = sigrig_key(cases[i].key);
		COF_AUTO(cof_buf) sig = {0};
		assert_int_equal(sign_as(key, cases[i].hash, cases[i].padding, &sig), 1);
		assert_int_equal(cof_sigkey_verify(key, cof_span_str("message"), cof_buf_span(&sig)), cases[i].good);
	}
}

static void t039_other_keys_are_refused(void **state)
{
	(void)state;
	const char *const types[] = {"secp256k1", "P-224", "RSA1024", "brainpoolP256r1"};
	for (size_t i = 0; i < COF_COUNT(types); i++) {
		COF_AUTO_PTR(cof_ossl_key) key = sigrig_key(types[i]);
		COF_AUTO(cof_buf) pem = {0};
		COF_AUTO(cof_buf) sig = {0};
		EVP_PKEY *pub = NULL;
		sigrig_pem(key, &pem);
		assert_fails(cof_sigkey_parse(cof_buf_span(&pem), &pub, &err), "signature-key");
		assert_fails(cof_sigkey_sign(key, cof_span_str("m"), &sig, &err), "signature-key");
		assert_false(cof_sigkey_verify(key, cof_span_str("m"), cof_span_str("s")));
	}
	COF_AUTO_PTR(cof_ossl_key) x = EVP_PKEY_Q_keygen(NULL, NULL, "X25519");
	assert_false(cof_sigkey_verify(x, cof_span_str("m"), cof_span_str("s")));
}

static void t039_one_key_and_nothing_else(void **state)
{
	(void)state;
	COF_AUTO_PTR(cof_ossl_key) key = sigrig_key("P-256");
	COF_AUTO(cof_buf) pem = {0};
	COF_AUTO(cof_buf) text = {0};
	EVP_PKEY *pub = NULL;
	sigrig_pem(key, &pem);
	for (size_t n = 0; n + 1 < pem.len; n++)
		assert_fails(cof_sigkey_parse(cof_span_of(pem.data, n), &pub, &err), "signature-key");
	assert_ok(cof_buf_printf(&text, &err, "%s%s", cof_buf_str(&pem), cof_buf_str(&pem)));
	assert_fails(cof_sigkey_parse(cof_buf_span(&text), &pub, &err), "signature-key");
	cof_buf_release(&text);
	assert_ok(cof_buf_printf(&text, &err, "x\n%s", cof_buf_str(&pem)));
	assert_fails(cof_sigkey_parse(cof_buf_span(&text), &pub, &err), "signature-key");
	cof_buf_release(&text);
	assert_ok(cof_buf_printf(&text, &err, "%s\n\r\n \t", cof_buf_str(&pem)));
	assert_ok(cof_sigkey_parse(cof_buf_span(&text), &pub, &err));
	EVP_PKEY_free(pub);
	COF_AUTO_PTR(cof_ossl_bio) bio = BIO_new(BIO_s_mem());
	char *data = NULL;
	assert_int_equal(PEM_write_bio_PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL), 1);
	long len = BIO_get_mem_data(bio, &data);
	assert_fails(cof_sigkey_parse(cof_span_of(data, (size_t)len), &pub, &err), "signature-key");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_kind_signs_and_verifies), cmocka_unit_test(t039_every_bit_of_a_signature),
		cmocka_unit_test(t039_one_list_of_algorithms),	 cmocka_unit_test(t039_other_keys_are_refused),
		cmocka_unit_test(t039_one_key_and_nothing_else),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
