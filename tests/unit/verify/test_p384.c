/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/test.h"

#include "attestation/verify/p384.h"
#include "common/ossl.h"

enum { N = COF_P384_NUMBER_LEN };

static EVP_PKEY *own, *public_half;
static uint8_t r[N], s[N];
static const char text[] = "what is signed";

static bool holds(EVP_PKEY *key, const char *message, const uint8_t rn[N], const uint8_t sn[N])
{
	bool ok = true;
	assert_ok(cof_p384_verify(key, cof_span_str(message), rn, sn, &ok, &err));
	return ok;
}

/* Each bit of both numbers, and of the message. */
static void good_and_flipped(void **state)
{
	(void)state;
	assert_true(holds(public_half, text, r, s));
	for (size_t bit = 0; bit < (size_t)N * 8; bit++) {
		uint8_t bad[N];
		memcpy(bad, r, N);
		bad[bit / 8] ^= (uint8_t)(1u << (bit % 8));
		assert_false(holds(public_half, text, bad, s));
		memcpy(bad, s, N);
		bad[bit / 8] ^= (uint8_t)(1u << (bit % 8));
		assert_false(holds(public_half, text, r, bad));
	}
	assert_false(holds(public_half, "what is signec", r, s));
	assert_false(holds(public_half, "", r, s));
}

/* source: NIST SP 800-186; a number is taken as it is, never reduced */
static void numbers_out_of_range(void **state)
{
	(void)state;
	uint8_t order[N] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
			    0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
			    0xc7, 0x63, 0x4d, 0x81, 0xf4, 0x37, 0x2d, 0xdf, 0x58, 0x1a, 0x0d, 0xb2,
			    0x48, 0xb0, 0xa7, 0x7a, 0xec, 0xec, 0x19, 0x6a, 0xcc, 0xc5, 0x29, 0x73};
	uint8_t zero[N] = {0}, ones[N], one[N] = {[N - 1] = 1};
	memset(ones, 0xff, sizeof ones);
	const uint8_t *const bad[] = {zero, order, ones};
	for (size_t i = 0; i < COF_COUNT(bad); i++) {
		assert_false(cof_p384_in_range(bad[i]));
		assert_false(holds(public_half, text, bad[i], s));
		assert_false(holds(public_half, text, r, bad[i]));
		assert_false(holds(public_half, text, bad[i], bad[i]));
	}
	assert_true(cof_p384_in_range(one));
	order[N - 1]--;
	assert_true(cof_p384_in_range(order));
	assert_false(holds(public_half, text, one, one));
}

static void keys_that_are_none(void **state)
{
	(void)state;
	uint8_t point[COF_P384_POINT_LEN] = {4}, compressed[COF_P384_POINT_LEN] = {2};
	assert_null(cof_p384_key(cof_span_of(point, sizeof point)));
	assert_null(cof_p384_key(cof_span_of(compressed, sizeof compressed)));
	assert_null(cof_p384_key((cof_span){0}));
	memset(point + 1, 0xff, sizeof point - 1);
	assert_null(cof_p384_key(cof_span_of(point, sizeof point)));
}

static int setup(void **state)
{
	(void)state;
	uint8_t der[160], point[COF_P384_POINT_LEN];
	const uint8_t *at = der;
	size_t n = sizeof der, len = 0;
	own = EVP_EC_gen("P-384");
	EVP_MD_CTX *m = EVP_MD_CTX_new();
	assert_int_equal(EVP_DigestSignInit_ex(m, NULL, "SHA384", NULL, NULL, own, NULL), 1);
	assert_int_equal(EVP_DigestSign(m, der, &n, (const uint8_t *)text, strlen(text)), 1);
	EVP_MD_CTX_free(m);
	ECDSA_SIG *sig = d2i_ECDSA_SIG(NULL, &at, (long)n);
	assert_int_equal(BN_bn2binpad(ECDSA_SIG_get0_r(sig), r, N), N);
	assert_int_equal(BN_bn2binpad(ECDSA_SIG_get0_s(sig), s, N), N);
	ECDSA_SIG_free(sig);
	assert_int_equal(
		EVP_PKEY_get_octet_string_param(own, OSSL_PKEY_PARAM_ENCODED_PUBLIC_KEY, point, sizeof point, &len), 1);
	public_half = cof_p384_key(cof_span_of(point, len));
	assert_non_null(public_half);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	EVP_PKEY_free(own);
	EVP_PKEY_free(public_half);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(good_and_flipped), cmocka_unit_test(numbers_out_of_range),
					   cmocka_unit_test(keys_that_are_none)};
	return cmocka_run_group_tests(tests, setup, teardown);
}
