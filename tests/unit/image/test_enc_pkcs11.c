/* SPDX-License-Identifier: Apache-2.0 */
/* PKCS#11 packets, opened by a copy of the token's key. */
#include <fcntl.h>

#include "tests/unit/image/packets.h"

/* hash: as it stands in JSON, with a comma in front. */
static void packet(EVP_PKEY *to, const char *oaep, const char *hash, const char *version, cof_buf *ret)
{
	COF_AUTO(cof_buf) blob = {0};
	assert_ok(cof_enc_oaep_seal(to, oaep, cof_span_str(OPTIONS), &blob, &err));
	COF_AUTO_FREE char *text = cof_b64_dup(cof_buf_span(&blob));
	assert_ok(cof_buf_printf(ret, &err, "{\"version\":%s,\"recipients\":[{\"version\":0,\"blob\":\"%s\"%s}]}",
				 version, text, hash));
}

static void hashes(void **state)
{
	(void)state;
	static const struct {
		const char *oaep, *hash, *reason;
	} cases[] = {
		{"SHA1", "", NULL},
		{"SHA1", ",\"hash\":\"\"", NULL},
		{"SHA1", ",\"hash\":\"sha1\"", NULL},
		{"SHA256", ",\"hash\":\"sha256\"", NULL},
		{"SHA256", "", "layer-key-unwrap"},
		{"SHA1", ",\"hash\":\"sha256\"", "layer-key-unwrap"},
		{"SHA1", ",\"hash\":\"md5\"", "layer-packet-malformed"},
		{"SHA1", ",\"hash\":1", "layer-packet-malformed"},
		{"SHA1", ",\"hash\":\"sha1\",\"hash\":\"sha1\"", "layer-packet-malformed"},
	};
	COF_AUTO_PTR(cof_enc_keys) keys = PACKET_KEYS("P-256", "RSA3072");
	for (size_t i = 0; i < COF_COUNT(cases); i++) {
		COF_AUTO(cof_buf) p = {0};
		packet(key_of("RSA3072"), cases[i].oaep, cases[i].hash, "0", &p);
		if (cases[i].reason == NULL)
			packet_opens(cof_enc_pkcs11_open, cof_buf_span(&p), keys);
		else
			packet_refused(cof_enc_pkcs11_open, cof_buf_span(&p), keys, cases[i].reason);
	}
	COF_AUTO(cof_buf) other = {0};
	packet(key_of("RSA3072"), "SHA1", "", "1", &other);
	packet_refused(cof_enc_pkcs11_open, cof_buf_span(&other), keys, "layer-packet-malformed");
}

static void t038_texts(void **state)
{
	(void)state;
	COF_AUTO_PTR(cof_enc_keys) keys = PACKET_KEYS("RSA3072");
	const char *const bad[] = {"",
				   "{}",
				   "[]",
				   "{\"version\":0}",
				   "{\"version\":0,\"recipients\":[]}",
				   "{\"version\":0,\"recipients\":{}}",
				   "{\"version\":0,\"recipients\":[1]}",
				   "{\"version\":0,\"recipients\":[{\"version\":0}]}",
				   "{\"version\":0,\"recipients\":[{\"version\":1,\"blob\":\"AAAA\"}]}",
				   "{\"version\":0,\"recipients\":[{\"version\":0,\"blob\":\"####\"}]}"};
	for (size_t i = 0; i < COF_COUNT(bad); i++)
		packet_refused(cof_enc_pkcs11_open, cof_span_str(bad[i]), keys, "layer-packet-malformed");
}

/* What we write: SHA-256, but SHA-1 where a key of 2048 bits has no room. */
static void what_we_write(void **state)
{
	(void)state;
	const cof_enc_recipient small = {.key = key_of("RSA")}, large = {.key = key_of("RSA3072")};
	const cof_enc_recipient *const to[] = {&small, &large};
	COF_AUTO(cof_buf) list = {0};
	COF_AUTO(cof_buf) p = {0};
	COF_AUTO_PTR(cof_enc_keys) a = PACKET_KEYS("RSA");
	COF_AUTO_PTR(cof_enc_keys) b = PACKET_KEYS("RSA3072");
	assert_ok(cof_enc_pkcs11_seal(to, 2, cof_span_str(OPTIONS), &list, &err));
	assert_ok(cof_unb64(cof_buf_span(&list), &p, &err));
	assert_non_null(strstr(cof_buf_str(&p), "\"hash\":\"sha1\""));
	assert_non_null(strstr(cof_buf_str(&p), "\"hash\":\"sha256\""));
	packet_opens(cof_enc_pkcs11_open, cof_buf_span(&p), a);
	packet_opens(cof_enc_pkcs11_open, cof_buf_span(&p), b);
	packet_flips(cof_enc_pkcs11_open, cof_buf_span(&p), a, 7);
	packet_cuts(cof_enc_pkcs11_open, cof_buf_span(&p), b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hashes),
		cmocka_unit_test(t038_texts),
		cmocka_unit_test(what_we_write),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
