/* SPDX-License-Identifier: Apache-2.0 */
/* PKCS#7 packets: Go's GCM, which is no DER, and what OpenSSL writes. */
#include <fcntl.h>
#include <openssl/cms.h>

#include "tests/unit/image/make_pkcs7.h"

static void go_opens(const go_spec *s)
{
	COF_AUTO(cof_buf) packet = {0};
	COF_AUTO_PTR(cof_enc_keys) keys = PACKET_KEYS("P-256", "RSA");
	go_make(s, &packet);
	packet_opens(cof_enc_pkcs7_open, cof_buf_span(&packet), keys);
}

static void go_refused(const go_spec *s, const char *reason)
{
	COF_AUTO(cof_buf) packet = {0};
	COF_AUTO_PTR(cof_enc_keys) keys = PACKET_KEYS("P-256", "RSA");
	go_make(s, &packet);
	packet_refused(cof_enc_pkcs7_open, cof_buf_span(&packet), keys, reason);
}

static void forms_of_gcm(void **state)
{
	(void)state;
	EVP_PKEY *rsa = key_of("RSA"), *rsa2 = key_of("RSA2");
	go_opens(&(go_spec){.key_len = 16, .to = {rsa}});
	go_opens(&(go_spec){.key_len = 32, .to = {rsa}});
	go_opens(&(go_spec){.key_len = 16, .to = {rsa}, .proper = true});
	go_opens(&(go_spec){.key_len = 16, .to = {rsa}, .primitive = true});
	go_opens(&(go_spec){.key_len = 16, .to = {rsa2, rsa}});
	go_opens(&(go_spec){.key_len = 16, .to = {rsa, rsa2}, .version = 2});
	go_refused(&(go_spec){.key_len = 16, .to = {rsa2}}, "layer-key-unwrap");
	go_refused(&(go_spec){.key_len = 16}, "layer-key-unwrap");
	go_refused(&(go_spec){.key_len = 16, .to = {rsa}, .version = 3}, "layer-packet-malformed");
	go_refused(&(go_spec){.key_len = 16, .to = {rsa}, .tag_len = 12}, "layer-packet-malformed");
}

static void t038_changed_gcm(void **state)
{
	(void)state;
	COF_AUTO(cof_buf) packet = {0};
	COF_AUTO_PTR(cof_enc_keys) keys = PACKET_KEYS("RSA");
	go_make(&(go_spec){.key_len = 16, .to = {key_of("RSA")}}, &packet);
	packet_flips(cof_enc_pkcs7_open, cof_buf_span(&packet), keys, 3);
	packet_cuts(cof_enc_pkcs7_open, cof_buf_span(&packet), keys);
	assert_ok(cof_buf_add(&packet, "", 1, &err));
	packet_refused(cof_enc_pkcs7_open, cof_buf_span(&packet), keys, "layer-packet-malformed");
}

static void cms(EVP_PKEY *const *to, size_t n, const EVP_CIPHER *cipher, const char *text, cof_buf *ret)
{
	STACK_OF(X509) *certs = sk_X509_new_null();
	uint8_t *der = NULL;
	for (size_t i = 0; i < n; i++)
		(void)sk_X509_push(certs, cert_of(to[i]));
	BIO *in = BIO_new_mem_buf(text, (int)strlen(text));
	CMS_ContentInfo *c = CMS_encrypt(certs, in, cipher, CMS_BINARY);
	assert_non_null(c);
	int len = i2d_CMS_ContentInfo(c, &der);
	assert_true(len > 0);
	assert_ok(cof_buf_add(ret, der, (size_t)len, &err));
	OPENSSL_free(der);
	CMS_ContentInfo_free(c);
	BIO_free(in);
	sk_X509_pop_free(certs, X509_free);
}

static void what_openssl_writes(void **state)
{
	(void)state;
	EVP_PKEY *const to[] = {key_of("RSA2"), key_of("RSA")};
	COF_AUTO_PTR(cof_enc_keys) keys = PACKET_KEYS("P-384", "RSA");
	for (size_t from = 0; from < 2; from++) {
		COF_AUTO(cof_buf) packet = {0};
		cms(to + from, 2 - from, EVP_aes_256_cbc(), OPTIONS, &packet);
		packet_opens(cof_enc_pkcs7_open, cof_buf_span(&packet), keys);
	}
	COF_AUTO(cof_buf) others = {0};
	cms(to, 1, EVP_aes_256_cbc(), OPTIONS, &others);
	packet_refused(cof_enc_pkcs7_open, cof_buf_span(&others), keys, "layer-key-unwrap");
}

/* One that opens to nothing, and one that does not open, are told apart by nobody. */
static void t038_the_same_words(void **state)
{
	(void)state;
	EVP_PKEY *const to[] = {key_of("RSA")};
	COF_AUTO_PTR(cof_enc_keys) keys = PACKET_KEYS("RSA");
	const char *const texts[] = {"", "x", "{}", "{\"symkey\":\"AAAA\"}", "not sixteen bytes at all, but forty"};
	for (size_t i = 0; i < COF_COUNT(texts); i++) {
		COF_AUTO(cof_buf) packet = {0};
		COF_AUTO(cof_secret) got = {0};
		cof_err opened = {0}, broken = {0};
		cms(to, 1, EVP_aes_256_cbc(), texts[i], &packet);
		assert_true(cof_enc_pkcs7_open(cof_buf_span(&packet), keys, false, &got, &opened) < 0);
		packet.data[packet.len - 1] ^= 1;
		assert_true(cof_enc_pkcs7_open(cof_buf_span(&packet), keys, false, &got, &broken) < 0);
		assert_string_equal(opened.reason, broken.reason);
		assert_string_equal(opened.text, broken.text);
	}
}

static void t038_weak_ciphers(void **state)
{
	(void)state;
	EVP_PKEY *const to[] = {key_of("RSA")};
	COF_AUTO_PTR(cof_enc_keys) keys = PACKET_KEYS("RSA");
	const EVP_CIPHER *const weak[] = {EVP_aes_128_cbc(), EVP_aes_192_cbc(), EVP_des_ede3_cbc()};
	for (size_t i = 0; i < COF_COUNT(weak); i++) {
		COF_AUTO(cof_buf) packet = {0};
		cms(to, 1, weak[i], OPTIONS, &packet);
		packet_refused(cof_enc_pkcs7_open, cof_buf_span(&packet), keys, "layer-packet-malformed");
	}
}

/* CBC does not say that it was changed; but what opens is whole options or nothing, and the layer's MAC has its say. */
static void t038_changed_cbc(void **state)
{
	(void)state;
	EVP_PKEY *const to[] = {key_of("RSA")};
	COF_AUTO(cof_buf) packet = {0};
	COF_AUTO_PTR(cof_enc_keys) keys = PACKET_KEYS("RSA");
	cms(to, 1, EVP_aes_256_cbc(), OPTIONS, &packet);
	for (size_t bit = 0; bit < packet.len * 8; bit += 7 * unit_stride()) {
		COF_AUTO(cof_secret) got = {0};
		COF_AUTO(cof_layer_key) key = {0};
		packet.data[bit / 8] ^= (uint8_t)(1u << bit % 8);
		if (cof_enc_pkcs7_open(cof_buf_span(&packet), keys, false, &got, NULL) == 0)
			assert_ok(cof_enc_private_parse(cof_secret_span(&got), &key, &err));
		packet.data[bit / 8] ^= (uint8_t)(1u << bit % 8);
	}
	packet_cuts(cof_enc_pkcs7_open, cof_buf_span(&packet), keys);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(forms_of_gcm),	       cmocka_unit_test(t038_changed_gcm),
		cmocka_unit_test(what_openssl_writes), cmocka_unit_test(t038_the_same_words),
		cmocka_unit_test(t038_weak_ciphers),   cmocka_unit_test(t038_changed_cbc),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
