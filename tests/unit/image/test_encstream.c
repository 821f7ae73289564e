/* SPDX-License-Identifier: Apache-2.0 */
#include "image-decrypt/ocicrypt.h"

#include "common/digest.h"
#include "common/hex.h"
#include "tests/unit/test.h"

static void key_of(cof_layer_key *k, const char *key, const char *nonce)
{
	assert_ok(cof_secret_new(&k->key, COF_LAYER_KEY_LEN, &err));
	assert_ok(cof_unhex(key, k->key.data, k->key.len, &err));
	assert_ok(cof_unhex(nonce, k->nonce, sizeof k->nonce, &err));
}

/* spec: NIST SP 800-38A F.5.5 */
#define KEY "603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4"
#define COUNTER "f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff"
#define PLAIN "6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e51"
#define CIPHER "601ec313775789a5b7a7f504bbf3d228f443e3ca4d62b59aca84e990cacaf5c5"

static void known_answer(void **state)
{
	(void)state;
	COF_AUTO(cof_layer_key) k = {0};
	COF_AUTO_PTR(cof_enc_stream) s = NULL;
	uint8_t in[32], out[32], want[32], mac[32], hmac[32];
	key_of(&k, KEY, COUNTER);
	assert_ok(cof_unhex(PLAIN, in, sizeof in, &err));
	assert_ok(cof_unhex(CIPHER, want, sizeof want, &err));
	assert_ok(cof_enc_stream_new(&s, &k, COF_ENC_ENCRYPT, &err));
	for (size_t i = 0; i < sizeof in; i++)
		assert_ok(cof_enc_stream_add(s, cof_span_of(in + i, 1), out + i, &err));
	assert_memory_equal(out, want, sizeof want);
	assert_ok(cof_enc_stream_end(s, mac, &err));
	/* the MAC is over the ciphertext, by the same key */
	assert_ok(cof_hmac_sha256(cof_secret_span(&k.key), cof_span_of(want, sizeof want), hmac, &err));
	assert_memory_equal(mac, hmac, sizeof hmac);
}

static void counter_carries_over_all_bits(void **state)
{
	(void)state;
	COF_AUTO(cof_layer_key) k = {0};
	COF_AUTO(cof_layer_key) zero = {0};
	COF_AUTO_PTR(cof_enc_stream) a = NULL;
	COF_AUTO_PTR(cof_enc_stream) b = NULL;
	uint8_t two[32] = {0}, one[16] = {0};
	key_of(&k, KEY, "ffffffffffffffffffffffffffffffff");
	key_of(&zero, KEY, "00000000000000000000000000000000");
	assert_ok(cof_enc_stream_new(&a, &k, COF_ENC_ENCRYPT, &err));
	assert_ok(cof_enc_stream_new(&b, &zero, COF_ENC_ENCRYPT, &err));
	assert_ok(cof_enc_stream_add(a, cof_span_of(two, 32), two, &err));
	assert_ok(cof_enc_stream_add(b, cof_span_of(one, 16), one, &err));
	assert_memory_equal(two + 16, one, 16);
}

static void t038_mac_must_hold(void **state)
{
	(void)state;
	for (int bit = -1; bit < 256; bit++) {
		COF_AUTO(cof_layer_key) k = {0};
		COF_AUTO_PTR(cof_enc_stream) s = NULL;
		uint8_t text[32], mac[32];
		key_of(&k, KEY, COUNTER);
		assert_ok(cof_unhex(CIPHER, text, sizeof text, &err));
		assert_ok(cof_hmac_sha256(cof_secret_span(&k.key), cof_span_of(text, sizeof text), mac, &err));
		if (bit >= 0)
			mac[bit / 8] ^= (uint8_t)(1 << bit % 8);
		assert_ok(cof_enc_stream_new(&s, &k, COF_ENC_DECRYPT, &err));
		assert_ok(cof_enc_stream_add(s, cof_span_of(text, sizeof text), text, &err));
		if (bit < 0)
			assert_ok(cof_enc_stream_check(s, mac, &err));
		else
			assert_fails(cof_enc_stream_check(s, mac, &err), "layer-hmac-mismatch");
	}
}

static void short_keys_are_refused(void **state)
{
	(void)state;
	COF_AUTO(cof_layer_key) k = {0};
	cof_enc_stream *s = NULL;
	assert_fails(cof_enc_stream_new(&s, &k, COF_ENC_DECRYPT, &err), "crypto-failed");
	assert_ok(cof_secret_new(&k.key, 16, &err));
	assert_fails(cof_enc_stream_new(&s, &k, COF_ENC_DECRYPT, &err), "crypto-failed");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(known_answer),
		cmocka_unit_test(counter_carries_over_all_bits),
		cmocka_unit_test(t038_mac_must_hold),
		cmocka_unit_test(short_keys_are_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
