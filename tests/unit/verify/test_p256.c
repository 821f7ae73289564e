/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/verify/soft_tdx.h"

#include "attestation/verify/p256.h"

static EVP_PKEY *own;
static uint8_t xy[64], rs[64];
static const char text[] = "what is signed";

static cof_span message(void)
{
	return cof_span_str(text);
}

static bool holds(const uint8_t key[64], cof_span in, cof_span signature)
{
	EVP_PKEY *k = cof_p256_key(cof_span_of(key, 64), NULL);
	bool ok = cof_p256_verify(k, in, signature);
	EVP_PKEY_free(k);
	return ok;
}

static void good_and_flipped(void **state)
{
	(void)state;
	assert_true(holds(xy, message(), cof_span_of(rs, 64)));
	for (size_t bit = 0; bit < 64 * 8; bit++) {
		uint8_t bad[64];
		memcpy(bad, rs, 64);
		bad[bit / 8] ^= (uint8_t)(1u << (bit % 8));
		assert_false(holds(xy, message(), cof_span_of(bad, 64)));
		memcpy(bad, xy, 64);
		bad[bit / 8] ^= (uint8_t)(1u << (bit % 8));
		assert_false(holds(bad, message(), cof_span_of(rs, 64)));
	}
	assert_false(holds(xy, cof_span_str("what is signec"), cof_span_of(rs, 64)));
	assert_false(holds(xy, (cof_span){0}, cof_span_of(rs, 64)));
	for (size_t len = 0; len < 64; len++)
		assert_false(holds(xy, message(), cof_span_of(rs, len)));
}

/* source: SEC 2, 2.4.2: the order of P-256; a number is taken as it is, never reduced */
static void numbers_out_of_range(void **state)
{
	(void)state;
	static const uint8_t order[32] = {0xff, 0xff, 0xff, 0xff, 0,	0,    0,    0,	  0xff, 0xff, 0xff,
					  0xff, 0xff, 0xff, 0xff, 0xff, 0xbc, 0xe6, 0xfa, 0xad, 0xa7, 0x17,
					  0x9e, 0x84, 0xf3, 0xb9, 0xca, 0xc2, 0xfc, 0x63, 0x25, 0x51};
	uint8_t bad[64];
	memset(bad, 0, sizeof bad);
	assert_false(holds(xy, message(), cof_span_of(bad, 64)));
	memcpy(bad, rs, 64);
	memset(bad, 0, 32);
	assert_false(holds(xy, message(), cof_span_of(bad, 64)));
	memcpy(bad, rs, 64);
	memset(bad + 32, 0, 32);
	assert_false(holds(xy, message(), cof_span_of(bad, 64)));
	memcpy(bad, rs, 64);
	memcpy(bad + 32, order, 32);
	assert_false(holds(xy, message(), cof_span_of(bad, 64)));
	memset(bad, 0xff, sizeof bad);
	assert_false(holds(xy, message(), cof_span_of(bad, 64)));
}

static void keys_that_are_none(void **state)
{
	(void)state;
	static const uint8_t zeros[64];
	uint8_t ones[64];
	memset(ones, 0xff, sizeof ones);
	assert_null(cof_p256_key(cof_span_of(zeros, 64), NULL));
	assert_null(cof_p256_key(cof_span_of(ones, 64), NULL));
	assert_null(cof_p256_key(cof_span_of(xy, 63), NULL));
	assert_null(cof_p256_key((cof_span){0}, NULL));
	/* the same on the curve of another key */
	EVP_PKEY *like = EVP_EC_gen("P-256"), *p384 = EVP_EC_gen("P-384");
	assert_null(cof_p256_key(cof_span_of(zeros, 64), like));
	assert_null(cof_p256_key(cof_span_of(ones, 64), like));
	assert_null(cof_p256_key(cof_span_of(xy, 63), like));
	assert_null(cof_p256_key(cof_span_of(xy, 64), p384));
	EVP_PKEY *same = cof_p256_key(cof_span_of(xy, 64), like), *fresh = cof_p256_key(cof_span_of(xy, 64), NULL);
	assert_true(cof_p256_is(same) && EVP_PKEY_eq(same, fresh) == 1 && EVP_PKEY_eq(same, like) == 0);
	EVP_PKEY_free(like);
	EVP_PKEY_free(p384);
	EVP_PKEY_free(same);
	EVP_PKEY_free(fresh);
}

static void other_kinds_of_keys(void **state)
{
	(void)state;
	EVP_PKEY *p384 = EVP_EC_gen("P-384"), *ed = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
	assert_true(cof_p256_is(own));
	assert_false(cof_p256_is(NULL));
	assert_false(cof_p256_is(p384));
	assert_false(cof_p256_is(ed));
	assert_false(cof_p256_verify(p384, message(), cof_span_of(rs, 64)));
	assert_false(cof_p256_verify(NULL, message(), cof_span_of(rs, 64)));
	EVP_PKEY_free(p384);
	EVP_PKEY_free(ed);
}

static int setup(void **state)
{
	(void)state;
	own = EVP_EC_gen("P-256");
	soft_raw_key(own, xy);
	soft_sign(own, message(), rs);
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
	const struct CMUnitTest tests[] = {cmocka_unit_test(good_and_flipped), cmocka_unit_test(numbers_out_of_range),
					   cmocka_unit_test(keys_that_are_none), cmocka_unit_test(other_kinds_of_keys)};
	return cmocka_run_group_tests(tests, setup, teardown);
}
