/* SPDX-License-Identifier: Apache-2.0 */
/* Known answers: RFC 3394 4.6 for key wrap, the protocol's own example for the agreement. */
#include "tests/unit/test.h"

#include "common/hex.h"
#include "common/jwe_crypto.h"

static cof_span unhexed(const char *hex, uint8_t *out)
{
	assert_ok(cof_unhex(hex, out, strlen(hex) / 2, &err));
	return cof_span_of(out, strlen(hex) / 2);
}

static EVP_PKEY *private_key(const char *scalar_hex)
{
	uint8_t d[COF_P256_LEN];
	EVP_PKEY *key = NULL;
	assert_ok(cof_p256_private(unhexed(scalar_hex, d), &key, &err));
	return key;
}

static void t064_refuses_points_off_the_curve(void **state)
{
	(void)state;
	COF_AUTO_PTR(EVP_PKEY) key = NULL;
	uint8_t point[COF_P256_POINT_LEN];
	assert_ok(cof_p256_generate(&key, &err));
	assert_ok(cof_p256_point(key, point, &err));
	EVP_PKEY *got = NULL;
	point[COF_P256_POINT_LEN - 1] ^= 1; /* an invalid-curve attack's point */
	assert_fails(cof_p256_public(point, &got, &err), "ec-point");
	memset(point + 1, 0, sizeof point - 1);
	assert_fails(cof_p256_public(point, &got, &err), "ec-point");
	memset(point, 0, sizeof point); /* the point at infinity, padded */
	assert_fails(cof_p256_public(point, &got, &err), "ec-point");
	memset(point, 0xff, sizeof point);
	point[0] = 4;
	assert_fails(cof_p256_public(point, &got, &err), "ec-point");
	assert_null(got);
}

static void refuses_scalars_out_of_range(void **state)
{
	(void)state;
	const char *const bad[] = {"0000000000000000000000000000000000000000000000000000000000000000",
				   "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551",
				   "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"};
	EVP_PKEY *got = NULL;
	uint8_t d[COF_P256_LEN];
	for (size_t i = 0; i < COF_COUNT(bad); i++)
		assert_fails(cof_p256_private(unhexed(bad[i], d), &got, &err), "ec-scalar");
	assert_fails(cof_p256_private(cof_span_of(d, 31), &got, &err), "ec-scalar");
	assert_null(got);
}

static void derives_the_known_key(void **state)
{
	(void)state;
	COF_AUTO_PTR(EVP_PKEY) tee = private_key("5782497f0592af7a3e24234893aaa492134a7db95ea52f1cee750ab4b115bbf0");
	COF_AUTO_PTR(EVP_PKEY) eph = private_key("f9261096f7cf3c59b261e359278f7cd1c27e4262a5c2ebc947d106024cae5af5");
	uint8_t want[COF_KEK_LEN];
	(void)unhexed("cf9c5cfa92c50708a41a5fec892a16a2f0faff38a94dea9fce6264c557e52d33", want);
	COF_AUTO(cof_secret) there = {0};
	COF_AUTO(cof_secret) here = {0};
	assert_ok(cof_ecdh_es_kek(eph, tee, &there, &err));
	assert_ok(cof_ecdh_es_kek(tee, eph, &here, &err));
	assert_span_equal(cof_secret_span(&there), want, sizeof want);
	assert_span_equal(cof_secret_span(&here), want, sizeof want);
}

static void wraps_the_known_key(void **state)
{
	(void)state;
	uint8_t kek[32], cek[32], want[40], got[COF_WRAPPED_LEN];
	cof_span k = unhexed("000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f", kek);
	cof_span c = unhexed("00112233445566778899aabbccddeeff000102030405060708090a0b0c0d0e0f", cek);
	(void)unhexed("28c9f404c4b810f4cbccb35cfb87f8263f5786e2d80ed326cbc7f0e71a99f43bfb988b9b7a02dd21", want);
	assert_ok(cof_key_wrap(k, c, got, &err));
	assert_memory_equal(got, want, sizeof want);
	COF_AUTO(cof_secret) back = {0};
	assert_ok(cof_key_unwrap(k, cof_span_of(want, sizeof want), &back, &err));
	assert_span_equal(cof_secret_span(&back), cek, sizeof cek);
}

static void a_flipped_wrap_never_opens(void **state)
{
	(void)state;
	uint8_t kek[32] = {1}, cek[32] = {2}, wrapped[COF_WRAPPED_LEN];
	assert_ok(cof_key_wrap(cof_span_of(kek, 32), cof_span_of(cek, 32), wrapped, &err));
	for (size_t bit = 0; bit < sizeof wrapped * 8; bit++) {
		cof_secret got = {0};
		wrapped[bit / 8] ^= (uint8_t)(1u << bit % 8);
		assert_fails(cof_key_unwrap(cof_span_of(kek, 32), cof_span_of(wrapped, sizeof wrapped), &got, &err),
			     "key-wrap");
		assert_null(got.data);
		wrapped[bit / 8] ^= (uint8_t)(1u << bit % 8);
	}
	cof_secret got = {0};
	for (size_t n = 0; n < sizeof wrapped; n++)
		assert_fails(cof_key_unwrap(cof_span_of(kek, 32), cof_span_of(wrapped, n), &got, &err), "key-wrap");
}

static void gcm_opens_only_what_was_sealed(void **state)
{
	(void)state;
	uint8_t key[32] = {7}, iv[COF_GCM_IV_LEN] = {9}, sealed[6], tag[COF_GCM_TAG_LEN];
	cof_gcm g = {cof_span_of(key, 32), cof_span_of(iv, sizeof iv), cof_span_str("header")};
	assert_ok(cof_gcm_seal(&g, cof_span_str("coffer"), sealed, tag, &err));
	COF_AUTO(cof_secret) open = {0};
	assert_ok(cof_gcm_open(&g, cof_span_of(sealed, 6), cof_span_of(tag, 16), &open, &err));
	assert_span_equal(cof_secret_span(&open), "coffer", 6);
	uint8_t *const parts[] = {key, iv, sealed, tag};
	for (size_t i = 0; i < COF_COUNT(parts); i++) {
		cof_secret none = {0};
		parts[i][0] ^= 0x80;
		assert_fails(cof_gcm_open(&g, cof_span_of(sealed, 6), cof_span_of(tag, 16), &none, &err), "gcm-tag");
		assert_null(none.data);
		parts[i][0] ^= 0x80;
	}
	cof_secret none = {0};
	cof_gcm other = {g.key, g.iv, cof_span_str("Header")};
	assert_fails(cof_gcm_open(&other, cof_span_of(sealed, 6), cof_span_of(tag, 16), &none, &err), "gcm-tag");
	assert_fails(cof_gcm_open(&g, cof_span_of(sealed, 5), cof_span_of(tag, 16), &none, &err), "gcm-tag");
	assert_fails(cof_gcm_open(&g, cof_span_of(sealed, 6), cof_span_of(tag, 15), &none, &err), "gcm-tag");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(t064_refuses_points_off_the_curve),
		cmocka_unit_test(refuses_scalars_out_of_range),
		cmocka_unit_test(derives_the_known_key),
		cmocka_unit_test(wraps_the_known_key),
		cmocka_unit_test(a_flipped_wrap_never_opens),
		cmocka_unit_test(gcm_opens_only_what_was_sealed),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
