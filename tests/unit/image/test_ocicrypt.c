/* SPDX-License-Identifier: Apache-2.0 */
#include "image-decrypt/enc_provider.h"

#include "common/digest.h"
#include "common/hex.h"
#include "common/json.h"
#include "tests/unit/test.h"

#define KID "kbs:///default/image-key/demo"
#define ZERO32 "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="
#define ZERO16 "AAAAAAAAAAAAAAAAAAAAAA=="
#define ZERO12 "AAAAAAAAAAAAAAAA"

static char *b64(const char *text)
{
	char *out = cof_b64_dup(cof_span_str(text));
	assert_non_null(out);
	return out;
}

static void t038_public_options(void **state)
{
	(void)state;
	const char *const bad[] = {
		"",
		"null",
		"[]",
		"{}",
		"{\"cipher\":\"AES_256_CTR_HMAC_SHA256\"}",
		"{\"cipher\":\"AES_256_CTR_HMAC_SHA256\",\"hmac\":null}",
		"{\"cipher\":\"AES_256_CTR_HMAC_SHA256\",\"hmac\":\"\"}",
		"{\"cipher\":\"AES_256_CTR_HMAC_SHA256\",\"hmac\":\"" ZERO16 "\"}",
		"{\"cipher\":\"\",\"hmac\":\"" ZERO32 "\"}",
		"{\"cipher\":\"aes_256_ctr_hmac_sha256\",\"hmac\":\"" ZERO32 "\"}",
		"{\"hmac\":\"" ZERO32 "\"}",
		"{\"cipher\":\"AES_256_CTR_HMAC_SHA256\",\"hmac\":\"" ZERO32 "\",\"cipheroptions\":{\"nonce\":\"" ZERO16
		"\"}}",
		"{\"cipher\":\"AES_256_CTR_HMAC_SHA256\",\"hmac\":\"" ZERO32 "\",\"cipheroptions\":{\"Nonce\":\"\"}}",
		"{\"cipher\":\"AES_256_CTR_HMAC_SHA256\",\"hmac\":\"" ZERO32 "\",\"cipheroptions\":[]}",
		"{\"cipher\":\"AES_256_CTR_HMAC_SHA256\",\"hmac\":\"" ZERO32 "\",\"hmac\":\"" ZERO32 "\"}",
	};
	uint8_t hmac[COF_ENC_HMAC_LEN];
	for (size_t i = 0; i < COF_COUNT(bad); i++) {
		COF_AUTO_FREE char *text = b64(bad[i]);
		assert_fails(cof_enc_public_parse(text, hmac, &err), "layer-pubopts-malformed");
	}
	assert_fails(cof_enc_public_parse("not base64", hmac, &err), "layer-pubopts-malformed");
	const char *const good[] = {"{\"cipher\":\"AES_256_CTR_HMAC_SHA256\",\"hmac\":\"" ZERO32
				    "\",\"cipheroptions\":null}",
				    "{\"x\":1,\"hmac\":\"" ZERO32 "\",\"cipher\":\"AES_256_CTR_HMAC_SHA256\"}"};
	for (size_t i = 0; i < COF_COUNT(good); i++) {
		COF_AUTO_FREE char *text = b64(good[i]);
		assert_ok(cof_enc_public_parse(text, hmac, &err));
	}
}

static void private_options(void **state)
{
	(void)state;
	const char *const bad[] = {
		"",
		"{}",
		"{\"symkey\":\"" ZERO32 "\"}",
		"{\"symkey\":\"" ZERO32 "\",\"cipheroptions\":{}}",
		"{\"symkey\":\"" ZERO32 "\",\"cipheroptions\":{\"nonce\":\"" ZERO12 "\"}}",
		"{\"symkey\":\"" ZERO16 "\",\"cipheroptions\":{\"nonce\":\"" ZERO16 "\"}}",
		"{\"symkey\":\"" ZERO32 "\",\"symkey\":\"" ZERO32 "\",\"cipheroptions\":{\"nonce\":\"" ZERO16 "\"}}",
		"{\"cipheroptions\":{\"nonce\":\"" ZERO16 "\"}}",
	};
	for (size_t i = 0; i < COF_COUNT(bad); i++) {
		COF_AUTO(cof_layer_key) k = {0};
		assert_fails(cof_enc_private_parse(cof_span_str(bad[i]), &k, &err), "layer-privopts-malformed");
		assert_null(k.key.data);
	}
	COF_AUTO(cof_layer_key) k = {0};
	/* the digest in there means little: real tools write other things, or nothing */
	assert_ok(
		cof_enc_private_parse(cof_span_str("{\"symkey\":\"" ZERO32
						   "\",\"digest\":\"\",\"cipheroptions\":{\"nonce\":\"" ZERO16 "\"}}"),
				      &k, &err));
}

static void refuses_packets(void **state)
{
	(void)state;
#define REST ",\"wrapped_data\":\"" ZERO32 "\",\"iv\":\"" ZERO12 "\",\"wrap_type\":\"A256GCM\"}"
	const char *const bad[] = {
		"{}",
		"[]",
		"{\"kid\":\"\"" REST,
		"{\"kid\":\"a b\"" REST,
		"{\"kid\":\"a\\n\"" REST,
		"{\"kid\":1" REST,
		"{\"wrapped_data\":\"" ZERO32 "\",\"iv\":\"" ZERO12 "\",\"wrap_type\":\"A256GCM\"}",
		"{\"kid\":\"k\",\"wrapped_data\":\"" ZERO32 "\",\"iv\":\"" ZERO16 "\",\"wrap_type\":\"A256GCM\"}",
		"{\"kid\":\"k\",\"wrapped_data\":\"" ZERO32 "\",\"iv\":\"" ZERO12 "\",\"wrap_type\":\"A256CTR\"}",
		"{\"kid\":\"k\",\"wrapped_data\":\"" ZERO16 "\",\"iv\":\"" ZERO12 "\",\"wrap_type\":\"A256GCM\"}",
		"{\"kid\":\"k\",\"wrapped_data\":\"" ZERO32 "\",\"iv\":\"" ZERO12 "\",\"wrap_type\":\"A128GCM\"}",
		"{\"kid\":\"k\",\"wrapped_data\":\"" ZERO32 "\",\"iv\":\"" ZERO12 "\"}",
		"{\"version\":\"0.2.0\",\"kid\":\"k\"" REST,
		"{\"provider\":\"aliyun\",\"kid\":\"k\"" REST,
		"{\"kid\":\"k\",\"kid\":\"l\"" REST,
	};
	for (size_t i = 0; i < COF_COUNT(bad); i++) {
		COF_AUTO(cof_enc_packets) p = {0};
		COF_AUTO_FREE char *text = b64(bad[i]);
		assert_fails(cof_enc_packets_parse(text, &p, &err), "layer-packet-malformed");
	}
	const char *const broken[] = {"", ",", "AAAA,", "####"};
	for (size_t i = 0; i < COF_COUNT(broken); i++) {
		COF_AUTO(cof_enc_packets) p = {0};
		assert_fails(cof_enc_packets_parse(broken[i], &p, &err), "layer-packet-malformed");
	}
}

static void t035_number_of_packets(void **state)
{
	(void)state;
	COF_AUTO_FREE char *one = b64("{\"version\":\"0.1.0\",\"provider\":\"kbs\",\"kid\":\"k\"" REST);
	COF_AUTO(cof_buf) list = {0};
	for (int n = 1; n <= COF_ENC_PACKETS_MAX + 1; n++) {
		COF_AUTO(cof_enc_packets) p = {0};
		assert_ok(cof_buf_printf(&list, &err, "%s%s", n > 1 ? "," : "", one));
		if (n <= COF_ENC_PACKETS_MAX) {
			assert_ok(cof_enc_packets_parse(cof_buf_str(&list), &p, &err));
			assert_int_equal(p.n, n);
		} else {
			assert_fails(cof_enc_packets_parse(cof_buf_str(&list), &p, &err), "layer-packet-malformed");
		}
	}
}

static void wrap(const cof_layer_key *key, cof_span kek, cof_enc_packets *ret)
{
	COF_AUTO(cof_secret) options = {0};
	COF_AUTO(cof_buf) text = {0};
	cof_digest d = {0};
	assert_ok(cof_enc_private_make(key, &d, &options, &err));
	assert_ok(cof_enc_wrap_make(KID, kek, cof_secret_span(&options), &text, &err));
	assert_ok(cof_enc_packets_parse(cof_buf_str(&text), ret, &err));
}

static void wraps_and_opens(void **state)
{
	(void)state;
	COF_AUTO(cof_layer_key) key = {0};
	COF_AUTO(cof_layer_key) got = {0};
	COF_AUTO(cof_enc_packets) p = {0};
	uint8_t kek[COF_ENC_KEK_LEN] = {1, 2, 3};
	cof_span k = {kek, sizeof kek};
	assert_ok(cof_enc_key_new(&key, &err));
	wrap(&key, k, &p);
	assert_string_equal(p.at[0].kid, KID);
	assert_ok(cof_enc_unwrap(&p.at[0], k, false, &got, &err));
	assert_true(cof_ct_equal(cof_secret_span(&got.key), cof_secret_span(&key.key)));
	assert_memory_equal(got.nonce, key.nonce, sizeof key.nonce);
	/* every byte of the packet counts */
	for (size_t i = 0; i < p.at[0].wrapped.len; i++) {
		COF_AUTO(cof_layer_key) none = {0};
		p.at[0].wrapped.data[i] ^= 1;
		assert_fails(cof_enc_unwrap(&p.at[0], k, true, &none, &err), "layer-key-unwrap");
		p.at[0].wrapped.data[i] ^= 1;
	}
	COF_AUTO(cof_layer_key) none = {0};
	kek[31] ^= 1;
	assert_fails(cof_enc_unwrap(&p.at[0], k, false, &none, &err), "layer-key-unwrap");
	kek[31] ^= 1;
	assert_fails(cof_enc_unwrap(&p.at[0], cof_span_of(kek, 31), false, &none, &err), "layer-key-unwrap");
	p.at[0].iv[0] ^= 1;
	assert_fails(cof_enc_unwrap(&p.at[0], k, false, &none, &err), "layer-key-unwrap");
	p.at[0].iv[0] ^= 1;
	p.at[0].wrap = COF_ENC_A256CTR; /* authenticated data under the unauthenticated name */
	assert_fails(cof_enc_unwrap(&p.at[0], k, false, &none, &err), "layer-wrap-unauthenticated");
	assert_fails(cof_enc_unwrap(&p.at[0], k, true, &none, &err), "layer-privopts-malformed");
}

static void keys_are_fresh(void **state)
{
	(void)state;
	COF_AUTO(cof_layer_key) a = {0};
	COF_AUTO(cof_layer_key) b = {0};
	assert_ok(cof_enc_key_new(&a, &err));
	assert_ok(cof_enc_key_new(&b, &err));
	assert_false(cof_ct_equal(cof_secret_span(&a.key), cof_secret_span(&b.key)));
	assert_memory_not_equal(a.nonce, b.nonce, sizeof a.nonce);
}

/* Errors about a key never quote it. */
static void errors_hold_no_secret(void **state)
{
	(void)state;
	COF_AUTO(cof_layer_key) k = {0};
	cof_err err = {0};
	assert_true(cof_enc_private_parse(cof_span_str("{\"symkey\": \"TOPSECRET\" TOPSECRET"), &k, &err) < 0);
	assert_null(strstr(err.text, "TOPSECRET"));
}

static void refuses_what_it_cannot_write(void **state)
{
	(void)state;
	uint8_t kek[32] = {0};
	COF_AUTO(cof_buf) out = {0};
	cof_span in = cof_span_str("{}");
	assert_fails(cof_enc_wrap_make(KID, cof_span_of(kek, 16), in, &out, &err), "image-key-length");
	assert_fails(cof_enc_wrap_make("a\"b", cof_span_of(kek, 32), in, &out, &err), "kid-malformed");
	assert_fails(cof_enc_wrap_make("a\nb", cof_span_of(kek, 32), in, &out, &err), "kid-malformed");
	assert_int_equal(out.len, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(t038_public_options),	 cmocka_unit_test(private_options),
		cmocka_unit_test(refuses_packets),	 cmocka_unit_test(t035_number_of_packets),
		cmocka_unit_test(wraps_and_opens),	 cmocka_unit_test(keys_are_fresh),
		cmocka_unit_test(errors_hold_no_secret), cmocka_unit_test(refuses_what_it_cannot_write),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
