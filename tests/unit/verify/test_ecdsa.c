/* SPDX-License-Identifier: Apache-2.0 */
/* The DER of raw signatures is what OpenSSL would write. */
#include "tests/unit/test.h"

#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>

#include "attestation/verify/ecdsa.h"

static void assert_as_openssl(const uint8_t *rs, size_t len)
{
	uint8_t out[COF_ECDSA_DER_MAX], *want = NULL;
	ECDSA_SIG *sig = ECDSA_SIG_new();
	assert_int_equal(ECDSA_SIG_set0(sig, BN_bin2bn(rs, (int)len, NULL), BN_bin2bn(rs + len, (int)len, NULL)), 1);
	int n = i2d_ECDSA_SIG(sig, &want);
	size_t is = cof_ecdsa_der(cof_span_of(rs, len), cof_span_of(rs + len, len), out);
	assert_span_equal(cof_span_of(out, is), want, (size_t)n);
	OPENSSL_free(want);
	ECDSA_SIG_free(sig);
}

static void numbers_of_all_shapes(void **state)
{
	(void)state;
	static const uint8_t firsts[] = {0x00, 0x01, 0x7f, 0x80, 0xff};
	static const size_t lens[] = {1, 2, 31, 32, 47, 48, 61, 62, COF_ECDSA_NUMBER_MAX};
	uint8_t rs[2 * COF_ECDSA_NUMBER_MAX];
	for (size_t l = 0; l < COF_COUNT(lens); l++) {
		for (size_t zeros = 0; zeros <= lens[l]; zeros++) {
			for (size_t f = 0; f < COF_COUNT(firsts); f++) {
				memset(rs, 0xab, sizeof rs);
				memset(rs, 0, zeros);
				if (zeros < lens[l])
					rs[zeros] = firsts[f];
				rs[lens[l]] = firsts[COF_COUNT(firsts) - 1 - f];
				assert_as_openssl(rs, lens[l]);
			}
		}
	}
	memset(rs, 0, sizeof rs);
	assert_as_openssl(rs, COF_ECDSA_NUMBER_MAX);
	memset(rs, 0xff, sizeof rs);
	assert_as_openssl(rs, COF_ECDSA_NUMBER_MAX);
}

static void other_lengths(void **state)
{
	(void)state;
	static const uint8_t n[COF_ECDSA_NUMBER_MAX + 1] = {1};
	uint8_t out[COF_ECDSA_DER_MAX];
	const cof_span good = cof_span_of(n, 1), none = {0}, longer = cof_span_of(n, sizeof n);
	assert_int_equal(cof_ecdsa_der(none, good, out), 0);
	assert_int_equal(cof_ecdsa_der(good, none, out), 0);
	assert_int_equal(cof_ecdsa_der(longer, good, out), 0);
	assert_int_equal(cof_ecdsa_der(good, longer, out), 0);
	assert_int_equal(cof_ecdsa_der(good, good, out), 8);
}

/* From OpenSSL's own orders. */
static void range_of_each_curve(void **state)
{
	(void)state;
	static const char *const curves[] = {"P-256", "P-384", "P-521"};
	uint8_t n[1 + COF_ECDSA_NUMBER_MAX] = {0};
	for (size_t i = 0; i < COF_COUNT(curves); i++) {
		EVP_PKEY *key = EVP_EC_gen(curves[i]);
		BIGNUM *order = NULL;
		assert_int_equal(EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_EC_ORDER, &order), 1);
		size_t len = (size_t)BN_num_bytes(order);
		const cof_span is = cof_ecdsa_order(EVP_PKEY_get_bits(key)), v = cof_span_of(n + 1, len);
		assert_int_equal(BN_bn2binpad(order, n + 1, (int)len), len);
		assert_span_equal(is, n + 1, len);
		assert_false(cof_ecdsa_in_range(v, is));
		n[len]--;
		assert_true(cof_ecdsa_in_range(v, is));
		assert_false(cof_ecdsa_in_range(cof_span_of(n, len + 1), is)); /* a zero too many */
		n[len] += 2;
		assert_false(cof_ecdsa_in_range(v, is));
		memset(n + 1, 0xff, len);
		assert_false(cof_ecdsa_in_range(v, is));
		memset(n + 1, 0, len);
		assert_false(cof_ecdsa_in_range(v, is));
		n[len] = 1;
		assert_true(cof_ecdsa_in_range(v, is));
		assert_true(cof_ecdsa_in_range(cof_span_of(n + len, 1), is));
		assert_false(cof_ecdsa_in_range(cof_span_of(n + len, 0), is));
		memset(n, 0, sizeof n);
		BN_free(order);
		EVP_PKEY_free(key);
	}
	n[0] = 1;
	assert_int_equal(cof_ecdsa_order(255).len, 0);
	assert_int_equal(cof_ecdsa_order(0).len, 0);
	assert_false(cof_ecdsa_in_range(cof_span_of(n, 1), cof_ecdsa_order(255)));
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(numbers_of_all_shapes), cmocka_unit_test(other_lengths),
					   cmocka_unit_test(range_of_each_curve)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
