/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/test.h"

#include <openssl/rsa.h>

#include "attestation/verify/pss.h"
#include "common/ossl.h"

static EVP_PKEY *own;
static const char text[] = "what is signed";

typedef struct how {
	const char *hash, *mgf;
	int padding, salt;
} how;

static cof_span sign(const how *h, uint8_t out[256])
{
	EVP_PKEY_CTX *p = NULL;
	size_t n = 256;
	EVP_MD_CTX *m = EVP_MD_CTX_new();
	assert_int_equal(EVP_DigestSignInit_ex(m, &p, h->hash, NULL, NULL, own, NULL), 1);
	assert_int_equal(EVP_PKEY_CTX_set_rsa_padding(p, h->padding), 1);
	if (h->padding == RSA_PKCS1_PSS_PADDING) {
		assert_int_equal(EVP_PKEY_CTX_set_rsa_pss_saltlen(p, h->salt), 1);
		assert_int_equal(EVP_PKEY_CTX_set_rsa_mgf1_md_name(p, h->mgf, NULL), 1);
	}
	assert_int_equal(EVP_DigestSign(m, out, &n, (const uint8_t *)text, strlen(text)), 1);
	EVP_MD_CTX_free(m);
	return cof_span_of(out, n);
}

static bool holds(cof_hash alg, cof_span sig)
{
	return cof_pss_verify(own, alg, cof_span_str(text), sig);
}

/* Signatures of the right key by any other scheme: salts of other lengths, another MGF, another hash, PKCS #1. */
static void other_schemes(void **state)
{
	(void)state;
	static const how others[] = {
		{"SHA384", "SHA384", RSA_PKCS1_PSS_PADDING, 47}, {"SHA384", "SHA384", RSA_PKCS1_PSS_PADDING, 49},
		{"SHA384", "SHA384", RSA_PKCS1_PSS_PADDING, 0},	 {"SHA384", "SHA384", RSA_PKCS1_PSS_PADDING, 32},
		{"SHA384", "SHA256", RSA_PKCS1_PSS_PADDING, 48}, {"SHA384", "SHA1", RSA_PKCS1_PSS_PADDING, 48},
		{"SHA512", "SHA512", RSA_PKCS1_PSS_PADDING, 48}, {"SHA256", "SHA256", RSA_PKCS1_PSS_PADDING, 48},
		{"SHA256", "SHA384", RSA_PKCS1_PSS_PADDING, 32}, {"SHA384", NULL, RSA_PKCS1_PADDING, 0},
	};
	uint8_t sig[256];
	for (size_t i = 0; i < COF_COUNT(others); i++) {
		cof_span s = sign(&others[i], sig);
		assert_false(holds(COF_SHA384, s));
		assert_false(holds(COF_SHA256, s));
	}
}

static void good_and_flipped(void **state)
{
	(void)state;
	static const how good = {"SHA384", "SHA384", RSA_PKCS1_PSS_PADDING, 48};
	static const how short_hash = {"SHA256", "SHA256", RSA_PKCS1_PSS_PADDING, 32};
	uint8_t sig[257] = {0};
	assert_true(holds(COF_SHA256, sign(&short_hash, sig)));
	assert_false(holds(COF_SHA384, cof_span_of(sig, 256)));
	assert_true(holds(COF_SHA384, sign(&good, sig)));
	assert_false(cof_pss_verify(own, COF_SHA384, cof_span_str("what is signec"), cof_span_of(sig, 256)));
	assert_false(cof_pss_verify(NULL, COF_SHA384, cof_span_str(text), cof_span_of(sig, 256)));
	for (size_t len = 0; len <= 257; len++)
		assert_int_equal(holds(COF_SHA384, cof_span_of(sig, len)), len == 256);
	for (size_t i = 0; i < 256; i++) {
		sig[i] ^= 1;
		assert_false(holds(COF_SHA384, cof_span_of(sig, 256)));
		sig[i] ^= 1;
	}
}

static int setup(void **state)
{
	(void)state;
	own = EVP_RSA_gen(2048);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	EVP_PKEY_free(own);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(other_schemes), cmocka_unit_test(good_and_flipped)};
	return cmocka_run_group_tests(tests, setup, teardown);
}
