/* SPDX-License-Identifier: Apache-2.0 */
/* Signatures in COSE's form, each algorithm with the one kind of key that it is for. */
#include "tests/unit/refvalue/cbor_hex.h"

#include <openssl/evp.h>
#include <openssl/rsa.h>

#include "tests/unit/refvalue/pem.h"

static EVP_PKEY *make(const char *kind)
{
	EVP_PKEY *k = strcmp(kind, "ED25519") == 0 ? EVP_PKEY_Q_keygen(NULL, NULL, "ED25519") : EVP_EC_gen(kind);
	assert_non_null(k);
	return k;
}

static const struct {
	const char *kind;
	int64_t alg, full_alg;
	size_t len;
} kinds[] = {{"P-256", -7, -9, 64}, {"P-384", -35, -51, 96}, {"ED25519", -8, -19, 64}};

static void sign_and_verify(void **state)
{
	(void)state;
	for (size_t i = 0; i < COF_COUNT(kinds); i++) {
		EVP_PKEY *k = make(kinds[i].kind);
		COF_AUTO(cof_buf) sig = {0};
		cof_span in = cof_span_str("the signed bytes");
		int64_t alg = 0;
		assert_ok(cof_cose_key_alg(k, &alg, &err));
		assert_int_equal(alg, kinds[i].alg);
		assert_ok(cof_cose_key_sign(k, in, &sig, &err));
		assert_int_equal(sig.len, kinds[i].len);
		assert_ok(cof_cose_key_verify(k, alg, in, cof_buf_span(&sig), &err));
		assert_ok(cof_cose_key_verify(k, kinds[i].full_alg, in, cof_buf_span(&sig), &err));
		assert_fails(cof_cose_key_verify(k, alg, cof_span_str("The signed bytes"), cof_buf_span(&sig), &err),
			     "cose-signature");
		for (size_t at = 0; at < sig.len; at++) {
			sig.data[at] ^= 1;
			assert_fails(cof_cose_key_verify(k, alg, in, cof_buf_span(&sig), &err), "cose-signature");
			sig.data[at] ^= 1;
		}
		EVP_PKEY_free(k);
	}
}

static void t079_an_algorithm_is_one_kind_of_keys(void **state)
{
	(void)state;
	static const int64_t algs[] = {-7, -35, -8, -9, -51, -19, -36, -37, -257, -65535, 0, 1, 5, INT64_MIN};
	for (size_t i = 0; i < COF_COUNT(kinds); i++) {
		EVP_PKEY *k = make(kinds[i].kind);
		COF_AUTO(cof_buf) sig = {0};
		assert_ok(cof_cose_key_sign(k, cof_span_str("x"), &sig, &err));
		for (size_t a = 0; a < COF_COUNT(algs); a++) {
			bool fits = algs[a] == kinds[i].alg || algs[a] == kinds[i].full_alg;
			assert_int_equal(cof_cose_key_fits(k, algs[a]), fits);
			if (!fits)
				assert_fails(
					cof_cose_key_verify(k, algs[a], cof_span_str("x"), cof_buf_span(&sig), &err),
					"cose-algorithm");
		}
		EVP_PKEY_free(k);
	}
	assert_false(cof_cose_key_fits(NULL, -7));
}

static void t079_other_keys_are_refused(void **state)
{
	(void)state;
	EVP_PKEY *others[] = {EVP_EC_gen("P-521"), EVP_EC_gen("secp256k1"), EVP_RSA_gen(2048),
			      EVP_PKEY_Q_keygen(NULL, NULL, "X25519")};
	for (size_t i = 0; i < COF_COUNT(others); i++) {
		COF_AUTO(cof_buf) sig = {0};
		int64_t alg = 0;
		assert_non_null(others[i]);
		assert_fails(cof_cose_key_alg(others[i], &alg, &err), "bad-key");
		assert_fails(cof_cose_key_sign(others[i], cof_span_str("x"), &sig, &err), "bad-key");
		EVP_PKEY_free(others[i]);
	}
}

/* Lengths, DER, zeros, and numbers beyond the curve's order. */
static void t079_a_signature_has_one_form(void **state)
{
	(void)state;
	EVP_PKEY *k = make("P-256");
	COF_AUTO(cof_buf) sig = {0};
	cof_span in = cof_span_str("x");
	assert_ok(cof_cose_key_sign(k, in, &sig, &err));
	for (size_t n = 0; n < sig.len; n++)
		assert_fails(cof_cose_key_verify(k, -7, in, cof_span_of(sig.data, n), &err), "cose-signature");
	uint8_t longer[65] = {0};
	memcpy(longer + 1, sig.data, 64);
	assert_fails(cof_cose_key_verify(k, -7, in, cof_span_of(longer, 65), &err), "cose-signature");
	EVP_MD_CTX *c = EVP_MD_CTX_new();
	uint8_t der[80];
	size_t len = sizeof der;
	assert_int_equal(EVP_DigestSignInit(c, NULL, EVP_sha256(), NULL, k), 1);
	assert_int_equal(EVP_DigestSign(c, der, &len, in.data, in.len), 1);
	EVP_MD_CTX_free(c);
	assert_fails(cof_cose_key_verify(k, -7, in, cof_span_of(der, len), &err), "cose-signature");
	/* spec: SEC 2: the order of P-256 */
	static const char n_hex[] = "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551";
	for (size_t half = 0; half < 2; half++) {
		uint8_t odd[64];
		memcpy(odd, sig.data, 64);
		memset(odd + 32 * half, 0, 32);
		assert_fails(cof_cose_key_verify(k, -7, in, cof_span_of(odd, 64), &err), "cose-signature");
		assert_ok(cof_unhex(n_hex, odd + 32 * half, 32, &err));
		assert_fails(cof_cose_key_verify(k, -7, in, cof_span_of(odd, 64), &err), "cose-signature");
		memset(odd + 32 * half, 0xff, 32);
		assert_fails(cof_cose_key_verify(k, -7, in, cof_span_of(odd, 64), &err), "cose-signature");
	}
	static const uint8_t zero[64];
	assert_fails(cof_cose_key_verify(k, -7, in, cof_span_of(zero, 64), &err), "cose-signature");
	EVP_PKEY_free(k);
}

static void keys_in_pem(void **state)
{
	(void)state;
	for (size_t i = 0; i < COF_COUNT(kinds); i++) {
		EVP_PKEY *k = make(kinds[i].kind), *public = NULL, *of_cert = NULL;
		COF_AUTO(cof_buf) sig = {0};
		COF_AUTO(cof_buf) a = {0};
		COF_AUTO(cof_buf) b = {0};
		COF_AUTO(cof_buf) c = {0};
		assert_ok(cof_cose_key_write(k, &a, &err));
		pem_public(k, &b);
		pem_cert(k, PEM_NOW - 10, PEM_NOW + 10, &c);
		assert_string_equal(cof_buf_str(&a), cof_buf_str(&b));
		assert_ok(cof_cose_key_public(cof_buf_span(&b), PEM_NOW, &public, &err));
		assert_ok(cof_cose_key_public(cof_buf_span(&c), PEM_NOW, &of_cert, &err));
		assert_ok(cof_cose_key_sign(k, cof_span_str("x"), &sig, &err));
		assert_ok(cof_cose_key_verify(public, kinds[i].alg, cof_span_str("x"), cof_buf_span(&sig), &err));
		assert_ok(cof_cose_key_verify(of_cert, kinds[i].alg, cof_span_str("x"), cof_buf_span(&sig), &err));
		EVP_PKEY_free(k);
		EVP_PKEY_free(public);
		EVP_PKEY_free(of_cert);
	}
}

static void t077_a_certificate_counts_in_its_time(void **state)
{
	(void)state;
	EVP_PKEY *k = make("P-384"), *got = NULL;
	COF_AUTO(cof_buf) c = {0};
	pem_cert(k, PEM_NOW - 10, PEM_NOW + 10, &c);
	assert_fails(cof_cose_key_public(cof_buf_span(&c), PEM_NOW - 11, &got, &err), "bad-key");
	assert_fails(cof_cose_key_public(cof_buf_span(&c), PEM_NOW + 11, &got, &err), "bad-key");
	assert_null(got);
	EVP_PKEY_free(k);
}

static void t079_what_is_no_key(void **state)
{
	(void)state;
	EVP_PKEY *rsa = EVP_RSA_gen(2048), *got = NULL;
	COF_AUTO(cof_buf) a = {0};
	COF_AUTO(cof_buf) b = {0};
	static const char *const texts[] = {"", "x", "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n",
					    "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n",
					    "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"};
	for (size_t i = 0; i < COF_COUNT(texts); i++)
		assert_fails(cof_cose_key_public(cof_span_str(texts[i]), PEM_NOW, &got, &err), "bad-key");
	pem_private(rsa, &a);
	pem_public(rsa, &b);
	assert_fails(cof_cose_key_public(cof_buf_span(&a), PEM_NOW, &got, &err), "bad-key");
	assert_fails(cof_cose_key_public(cof_buf_span(&b), PEM_NOW, &got, &err), "bad-key");
	a.len = 0;
	assert_ok(cof_buf_reserve(&a, COF_COSE_PEM_MAX + 1, &err));
	memset(a.data, '\n', COF_COSE_PEM_MAX + 1);
	assert_fails(cof_cose_key_public(cof_span_of(a.data, COF_COSE_PEM_MAX + 1), PEM_NOW, &got, &err), "bad-key");
	EVP_PKEY_free(rsa);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(t079_an_algorithm_is_one_kind_of_keys),
		cmocka_unit_test(t079_other_keys_are_refused),
		cmocka_unit_test(t079_a_signature_has_one_form),
		cmocka_unit_test(t079_what_is_no_key),
		cmocka_unit_test(t077_a_certificate_counts_in_its_time),
		cmocka_unit_test(sign_and_verify),
		cmocka_unit_test(keys_in_pem),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
