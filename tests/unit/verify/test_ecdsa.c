/* SPDX-License-Identifier: Apache-2.0 */
/* The DER of raw signatures is what OpenSSL would write. */
#include "tests/unit/test.h"

#include <openssl/ecdsa.h>

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
	static const size_t lens[] = {1, 2, 31, 32, 47, COF_ECDSA_NUMBER_MAX};
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

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(numbers_of_all_shapes), cmocka_unit_test(other_lengths)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
