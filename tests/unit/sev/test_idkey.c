/* SPDX-License-Identifier: Apache-2.0 */
#include "firmware/sev/idkey.h"

#include <openssl/core_names.h>
#include <openssl/rsa.h>

#include "tests/unit/launch_vectors.h"
#include "tests/unit/sev/make_idblock.h"

enum { X_AT = 4, Y_AT = X_AT + AUTH_NUMBER };

/* The prime of the field and the order of the base point. spec: FIPS 186-4, D.1.2.4 */
#define P384_0 "000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000"
#define P384_MAX "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"
#define P384_P "fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffeffffffff0000000000000000ffffffff"
#define P384_N "ffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196accc52973"

static void put_be(uint8_t field[AUTH_NUMBER], const char *hex)
{
	uint8_t be[COF_SHA384_LEN];
	assert_ok(cof_unhex(hex, be, sizeof be, &err));
	memset(field, 0, AUTH_NUMBER);
	for (size_t i = 0; i < sizeof be; i++)
		field[i] = be[sizeof be - 1 - i];
}

static void assert_no_key(const uint8_t bytes[COF_IDKEY_LEN])
{
	EVP_PKEY *key = NULL;
	assert_fails(cof_idkey_parse(cof_span_of(bytes, COF_IDKEY_LEN), &key, &err), "idauth-malformed");
	assert_null(key);
}

static void keys_come_back_equal(void **state)
{
	(void)state;
	for (size_t i = 0; i < 20; i++) {
		COF_AUTO_PTR(cof_ossl_key) key = make_idkey();
		COF_AUTO_PTR(cof_ossl_key) back = NULL;
		uint8_t bytes[COF_IDKEY_LEN], again[COF_IDKEY_LEN];
		assert_ok(cof_idkey_bytes(key, bytes, &err));
		assert_memory_equal(bytes, "\2\0\0\0", 4);
		assert_ok(cof_idkey_parse(cof_span_of(bytes, sizeof bytes), &back, &err));
		assert_int_equal(EVP_PKEY_eq(key, back), 1);
		assert_ok(cof_idkey_bytes(back, again, &err));
		assert_memory_equal(again, bytes, sizeof bytes);
	}
}

static void only_p384(void **state)
{
	(void)state;
	static const char *const curves[] = {"P-256", "P-521", "secp256k1", "brainpoolP384r1"};
	uint8_t bytes[COF_IDKEY_LEN] = {0x55}, digest[COF_SHA384_LEN];
	for (size_t i = 0; i < COF_COUNT(curves); i++) {
		COF_AUTO_PTR(cof_ossl_key) key = EVP_EC_gen(curves[i]);
		assert_non_null(key);
		assert_fails(cof_idkey_bytes(key, bytes, &err), "idkey-unsupported");
		assert_fails(cof_idkey_digest(key, digest, &err), "idkey-unsupported");
	}
	COF_AUTO_PTR(cof_ossl_key) rsa = EVP_RSA_gen(2048);
	COF_AUTO_PTR(cof_ossl_key) ed = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
	assert_fails(cof_idkey_bytes(rsa, bytes, &err), "idkey-unsupported");
	assert_fails(cof_idkey_bytes(ed, bytes, &err), "idkey-unsupported");
	assert_int_equal(bytes[0], 0x55);
}

static void a_key_that_writes_its_point_compressed(void **state)
{
	(void)state;
	COF_AUTO_PTR(cof_ossl_key) key = make_idkey();
	uint8_t plain[COF_IDKEY_LEN], compressed[COF_IDKEY_LEN];
	assert_ok(cof_idkey_bytes(key, plain, &err));
	assert_int_equal(EVP_PKEY_set_utf8_string_param(key, OSSL_PKEY_PARAM_EC_POINT_CONVERSION_FORMAT, "compressed"),
			 1);
	assert_ok(cof_idkey_bytes(key, compressed, &err));
	assert_memory_equal(compressed, plain, sizeof plain);
}

static void every_byte_of_a_key_counts(void **state)
{
	(void)state;
	COF_AUTO_PTR(cof_ossl_key) key = make_idkey();
	uint8_t bytes[COF_IDKEY_LEN];
	assert_ok(cof_idkey_bytes(key, bytes, &err));
	for (size_t i = 0; i < sizeof bytes; i++) {
		bytes[i] ^= (uint8_t)(1u << (i % 8));
		assert_no_key(bytes);
		bytes[i] ^= (uint8_t)(1u << (i % 8));
	}
	for (size_t n = 0; n < sizeof bytes; n++) {
		COF_AUTO_FREE uint8_t *exact = malloc(n + 1);
		EVP_PKEY *none = NULL;
		memcpy(exact, bytes, n);
		assert_fails(cof_idkey_parse(cof_span_of(exact, n), &none, &err), "idauth-malformed");
	}
}

static void points_off_the_curve(void **state)
{
	(void)state;
	static const char *const numbers[] = {
		P384_0,
		"000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000001",
		P384_P,
		P384_MAX,
	};
	COF_AUTO_PTR(cof_ossl_key) key = make_idkey();
	uint8_t good[COF_IDKEY_LEN], bad[COF_IDKEY_LEN];
	assert_ok(cof_idkey_bytes(key, good, &err));
	for (size_t i = 0; i < COF_COUNT(numbers); i++) {
		memcpy(bad, good, sizeof bad);
		put_be(bad + X_AT, numbers[i]);
		assert_no_key(bad);
		put_be(bad + Y_AT, numbers[i]);
		assert_no_key(bad);
		put_be(bad + Y_AT, numbers[0]);
		assert_no_key(bad);
		memcpy(bad, good, sizeof bad);
		put_be(bad + Y_AT, numbers[i]);
		assert_no_key(bad);
	}
}

/* (0, sqrt(b)) lies on the curve. With p written for 0 it would be the same point with another key digest. */
static void a_coordinate_has_one_text(void **state)
{
	(void)state;
	static const char y[] = "c306610fb0ae5a159cf45c06069f22a6c5eb3641c602d42dea2c4b4f7555079"
				"3406d80d2b91ad54f9048bd487af1ade1";
	COF_AUTO_PTR(cof_ossl_key) key = NULL;
	uint8_t bytes[COF_IDKEY_LEN] = {2};
	put_be(bytes + Y_AT, y);
	assert_ok(cof_idkey_parse(cof_span_of(bytes, sizeof bytes), &key, &err));
	put_be(bytes + X_AT, P384_P);
	assert_no_key(bytes);
}

static void signatures_hold(void **state)
{
	(void)state;
	COF_AUTO_PTR(cof_ossl_key) key = make_idkey();
	COF_AUTO_PTR(cof_ossl_key) other = make_idkey();
	for (size_t i = 0; i < 20; i++) {
		uint8_t sig[COF_IDSIG_LEN], message[3] = {(uint8_t)i, 2, 3};
		cof_span m = cof_span_of(message, sizeof message), s = cof_span_of(sig, sizeof sig);
		assert_ok(cof_idkey_sign(key, COF_SHA384, m, sig, &err));
		assert_ok(cof_idkey_check(key, COF_SHA384, m, s, &err));
		assert_fails(cof_idkey_check(other, COF_SHA384, m, s, &err), "idauth-signature");
		message[1] = 3;
		assert_fails(cof_idkey_check(key, COF_SHA384, m, s, &err), "idauth-signature");
	}
}

static void numbers_of_a_signature_out_of_range(void **state)
{
	(void)state;
	static const char *const bad[] = {P384_0, P384_N, P384_MAX};
	COF_AUTO_PTR(cof_ossl_key) key = make_idkey();
	uint8_t good[COF_IDSIG_LEN], sig[COF_IDSIG_LEN];
	cof_span m = cof_span_str("message");
	assert_ok(cof_idkey_sign(key, COF_SHA384, m, good, &err));
	for (size_t i = 0; i < COF_COUNT(bad); i++) {
		for (size_t at = 0; at <= AUTH_NUMBER; at += AUTH_NUMBER) {
			memcpy(sig, good, sizeof sig);
			put_be(sig + at, bad[i]);
			assert_fails(cof_idkey_check(key, COF_SHA384, m, cof_span_of(sig, sizeof sig), &err),
				     "idauth-signature");
		}
	}
	/* r = s = 0 passes where a verifier forgets the range. */
	memset(sig, 0, sizeof sig);
	assert_fails(cof_idkey_check(key, COF_SHA384, m, cof_span_of(sig, sizeof sig), &err), "idauth-signature");
}

/* r + n and s + n mean the same to a careless reader. */
static void a_number_has_one_text(void **state)
{
	(void)state;
	COF_AUTO_PTR(cof_ossl_key) key = make_idkey();
	uint8_t sig[COF_IDSIG_LEN], n[AUTH_NUMBER];
	cof_span m = cof_span_str("message");
	put_be(n, P384_N);
	for (size_t at = 0; at <= AUTH_NUMBER; at += AUTH_NUMBER) {
		unsigned carry = 0;
		assert_ok(cof_idkey_sign(key, COF_SHA384, m, sig, &err));
		for (size_t i = 0; i < AUTH_NUMBER; i++) {
			carry += (unsigned)sig[at + i] + n[i];
			sig[at + i] = (uint8_t)carry;
			carry >>= 8;
		}
		cof_err err = {0};
		assert_true(cof_idkey_check(key, COF_SHA384, m, cof_span_of(sig, sizeof sig), &err) < 0);
	}
}

static void every_byte_of_a_signature_counts(void **state)
{
	(void)state;
	COF_AUTO_PTR(cof_ossl_key) key = make_idkey();
	uint8_t sig[COF_IDSIG_LEN];
	cof_span m = cof_span_str("message");
	assert_ok(cof_idkey_sign(key, COF_SHA384, m, sig, &err));
	for (size_t i = 0; i < sizeof sig; i++) {
		bool number = i % AUTH_NUMBER < COF_SHA384_LEN && i < (size_t)2 * AUTH_NUMBER;
		sig[i] ^= (uint8_t)(1u << (i % 8));
		assert_fails(cof_idkey_check(key, COF_SHA384, m, cof_span_of(sig, sizeof sig), &err),
			     number ? "idauth-signature" : "idauth-malformed");
		sig[i] ^= (uint8_t)(1u << (i % 8));
	}
	for (size_t n = 0; n < sizeof sig; n++)
		assert_fails(cof_idkey_check(key, COF_SHA384, m, cof_span_of(sig, n), &err), "idauth-malformed");
}

static void a_key_without_its_private_half(void **state)
{
	(void)state;
	COF_AUTO_PTR(cof_ossl_key) key = make_idkey();
	COF_AUTO_PTR(cof_ossl_key) public = NULL;
	uint8_t bytes[COF_IDKEY_LEN], sig[COF_IDSIG_LEN] = {0x55};
	assert_ok(cof_idkey_bytes(key, bytes, &err));
	assert_ok(cof_idkey_parse(cof_span_of(bytes, sizeof bytes), &public, &err));
	assert_fails(cof_idkey_sign(public, COF_SHA384, cof_span_str("message"), sig, &err), "sign-failed");
	assert_int_equal(sig[0], 0x55);
}

static void published_keys(void **state)
{
	(void)state;
	COF_AUTO_PTR(json_t) j = vector_json("idblock.json");
	json_t *v;
	size_t i, done = 0;
	json_array_foreach (json_object_get(j, "key_digests"), i, v) {
		COF_AUTO_PTR(cof_ossl_key) key = NULL;
		uint8_t bytes[COF_IDKEY_LEN] = {2}, back[COF_IDKEY_LEN], digest[COF_SHA384_LEN];
		put_be(bytes + X_AT, jstr(v, "x"));
		put_be(bytes + Y_AT, jstr(v, "y"));
		assert_ok(cof_idkey_parse(cof_span_of(bytes, sizeof bytes), &key, &err));
		assert_ok(cof_idkey_bytes(key, back, &err));
		assert_memory_equal(back, bytes, sizeof back);
		assert_ok(cof_idkey_digest(key, digest, &err));
		assert_hex(digest, sizeof digest, jstr(v, "expect"));
		done++;
	}
	assert_true(done >= 6);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(keys_come_back_equal),
		cmocka_unit_test(only_p384),
		cmocka_unit_test(a_key_that_writes_its_point_compressed),
		cmocka_unit_test(every_byte_of_a_key_counts),
		cmocka_unit_test(points_off_the_curve),
		cmocka_unit_test(a_coordinate_has_one_text),
		cmocka_unit_test(signatures_hold),
		cmocka_unit_test(numbers_of_a_signature_out_of_range),
		cmocka_unit_test(a_number_has_one_text),
		cmocka_unit_test(every_byte_of_a_signature_counts),
		cmocka_unit_test(a_key_without_its_private_half),
		cmocka_unit_test(published_keys),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
