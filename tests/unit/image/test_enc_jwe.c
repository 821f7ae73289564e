/* SPDX-License-Identifier: Apache-2.0 */
/* JWE packets of every shape that peers write, and those that nobody may. */
#include <fcntl.h>

#include "common/jwe_crypto.h"
#include "image-decrypt/enckeyfile.h"
#include "tests/unit/image/make_jwe.h"

#define ALG ",\"alg\":\"RSA-OAEP\""

static void jwe_opens(const jwe_spec *s)
{
	COF_AUTO(cof_buf) packet = {0};
	COF_AUTO_PTR(cof_enc_keys) keys = PACKET_KEYS("P-256", "RSA");
	jwe_make(s, &packet);
	packet_opens(cof_enc_jwe_open, cof_buf_span(&packet), keys);
}

static void jwe_refused(const jwe_spec *s, const char *reason)
{
	COF_AUTO(cof_buf) packet = {0};
	COF_AUTO_PTR(cof_enc_keys) keys = PACKET_KEYS("P-256", "RSA");
	jwe_make(s, &packet);
	packet_refused(cof_enc_jwe_open, cof_buf_span(&packet), keys, reason);
}

static void content_encryptions(void **state)
{
	(void)state;
	const char *const encs[] = {"A256GCM", "A192GCM", "A128GCM", "A128CBC-HS256", "A192CBC-HS384", "A256CBC-HS512"};
	for (size_t i = 0; i < COF_COUNT(encs); i++) {
		COF_AUTO(cof_buf) packet = {0};
		COF_AUTO_PTR(cof_enc_keys) keys = PACKET_KEYS("RSA");
		const jwe_spec s = {.enc = encs[i], .in_protected = ALG, .rsa = key_of("RSA")};
		jwe_opens(&s);
		jwe_make(&s, &packet);
		packet_flips(cof_enc_jwe_open, cof_buf_span(&packet), keys, 41);
	}
}

static void shapes(void **state)
{
	(void)state;
	EVP_PKEY *rsa = key_of("RSA");
	const jwe_spec good[] = {
		{.in_protected = ALG, .rsa = rsa},
		{.in_protected = ",\"alg\":\"RSA-OAEP-256\"", .hash = "SHA256", .rsa = rsa},
		{.in_protected = ALG ",\"kid\":\"x\",\"typ\":\"JOSE\",\"unknown\":{}", .rsa = rsa},
		{.header = "{\"alg\":\"RSA-OAEP\"}", .rsa = rsa},
		{.in_protected = ALG, .aad = "bW9yZQ", .rsa = rsa},
		{.in_protected = ALG, .more = ",\"unknown\":[1]", .rsa = rsa},
		/* josekit: the general form for one */
		{.in_protected = ALG, .recipients = "[{\"encrypted_key\":\"KEY\"}]", .rsa = rsa},
		/* go-jose: the first one's key at the top, too */
		{.recipients = "[{\"header\":{\"alg\":\"RSA-OAEP\"},\"encrypted_key\":\"KEY\"}]",
		 .more = ",\"encrypted_key\":\"AAAA\"",
		 .rsa = rsa},
		/* others before and behind, some by what we would not do */
		{.recipients =
			 "[{\"header\":{\"alg\":\"dir\"},\"encrypted_key\":\"\"},{\"header\":{\"alg\":\"RSA-OAEP\"},"
			 "\"encrypted_key\":\"AAAA\"},{\"header\":{\"alg\":\"RSA-OAEP\"},\"encrypted_key\":\"KEY\"},"
			 "{\"header\":{\"alg\":\"PBES2-HS256+A128KW\",\"p2c\":2147483647},\"encrypted_key\":\"AA\"}]",
		 .rsa = rsa},
	};
	for (size_t i = 0; i < COF_COUNT(good); i++)
		jwe_opens(&good[i]);
}

static void t038_shapes_that_do_not_open(void **state)
{
	(void)state;
	EVP_PKEY *rsa = key_of("RSA");
	const jwe_spec bad[] = {
		{.rsa = rsa},
		{.in_protected = ",\"alg\":\"RSA1_5\"", .rsa = rsa},
		{.in_protected = ",\"alg\":\"dir\"", .rsa = rsa},
		{.in_protected = ",\"alg\":\"none\"", .rsa = rsa},
		{.in_protected = ",\"alg\":\"A256KW\"", .rsa = rsa},
		{.in_protected = ",\"alg\":\"ECDH-ES\"", .rsa = rsa},
		{.in_protected = ",\"alg\":\"RSA-OAEP-384\"", .rsa = rsa},
		{.in_protected = ",\"alg\":\"PBES2-HS256+A128KW\",\"p2c\":2147483647,\"p2s\":\"AAAA\"", .rsa = rsa},
		{.in_protected = ",\"alg\":\"ECDH-ES+A256KW\"", .rsa = rsa},
		{.in_protected = ",\"alg\":\"ECDH-ES+A256KW\",\"epk\":{\"kty\":\"RSA\",\"n\":\"AQAB\",\"e\":\"AQAB\"}",
		 .rsa = rsa},
		{.in_protected = ",\"alg\":1", .rsa = rsa},
		{.in_protected = ALG ",\"zip\":\"DEF\"", .rsa = rsa},
		{.in_protected = ALG ",\"crit\":[\"exp\"],\"exp\":1", .rsa = rsa},
		{.in_protected = ALG ",\"enc\":\"A256GCM\"", .rsa = rsa},
		{.in_protected = ALG, .header = "{\"alg\":\"RSA-OAEP\"}", .rsa = rsa},
		{.in_protected = ALG, .header = "{\"zip\":\"DEF\"}", .rsa = rsa},
		{.in_protected = ALG, .header = "{\"crit\":[]}", .rsa = rsa},
		{.in_protected = ALG, .header = "[]", .rsa = rsa},
		{.in_protected = ALG, .more = ",\"unprotected\":{}", .rsa = rsa},
		{.more = ",\"unprotected\":{\"alg\":\"RSA-OAEP\"}", .rsa = rsa},
		{.in_protected = ALG, .more = ",\"iv\":\"AAAA\"", .rsa = rsa},
		{.in_protected = ALG, .recipients = "{\"encrypted_key\":\"KEY\"}", .rsa = rsa},
		{.recipients = "[\"KEY\"]", .rsa = rsa},
		{.header = "{\"alg\":\"RSA-OAEP\"}", .recipients = "[{\"encrypted_key\":\"KEY\"}]", .rsa = rsa},
	};
	for (size_t i = 0; i < COF_COUNT(bad); i++)
		jwe_refused(&bad[i], "layer-packet-malformed");
	/* SHA-1 where SHA-256 is named, and the other way round */
	jwe_refused(&(jwe_spec){.in_protected = ALG, .hash = "SHA256", .rsa = rsa}, "layer-key-unwrap");
	jwe_refused(&(jwe_spec){.in_protected = ",\"alg\":\"RSA-OAEP-256\"", .rsa = rsa}, "layer-key-unwrap");
	jwe_refused(&(jwe_spec){.in_protected = ALG, .rsa = key_of("RSA2")}, "layer-key-unwrap");
}

static void t038_texts(void **state)
{
	(void)state;
	COF_AUTO_PTR(cof_enc_keys) keys = PACKET_KEYS("RSA");
	const char *const bad[] = {"",
				   "{",
				   "{}",
				   "[]",
				   "null",
				   "\"a.b.c.d.e\"",
				   "eyJhbGciOiJkaXIifQ..AAAA.AAAA.AAAA",
				   "{\"protected\":\"\"}",
				   "{\"protected\":\"####\"}",
				   "{\"protected\":\"W10\"}",
				   "{\"protected\":1}",
				   "{\"protected\":\"e30\"}"};
	for (size_t i = 0; i < COF_COUNT(bad); i++)
		packet_refused(cof_enc_jwe_open, cof_span_str(bad[i]), keys, "layer-packet-malformed");
}

/* Every bit and every cut of what we write, for both kinds of keys. */
static void t038_changed_packets(void **state)
{
	(void)state;
	static const char *const types[] = {"RSA", "P-256", "P-384", "P-521"};
	for (size_t i = 0; i < COF_COUNT(types); i++) {
		COF_AUTO(cof_buf) list = {0};
		COF_AUTO(cof_buf) packet = {0};
		COF_AUTO_PTR(cof_enc_keys) keys = PACKET_KEYS(types[i]);
		const cof_enc_recipient to = {.key = key_of(types[i])};
		const cof_enc_recipient *const all[] = {&to, &to};
		for (size_t n = 1; n <= 2; n++) {
			list.len = packet.len = 0;
			assert_ok(cof_enc_jwe_seal(all, n, cof_span_str(OPTIONS), &list, &err));
			assert_ok(cof_unb64(cof_buf_span(&list), &packet, &err));
			packet_opens(cof_enc_jwe_open, cof_buf_span(&packet), keys);
			packet_flips(cof_enc_jwe_open, cof_buf_span(&packet), keys, i == 0 ? 11 : 23);
		}
		packet_cuts(cof_enc_jwe_open, cof_buf_span(&packet), keys);
	}
}

/* spec: RFC 7518 appendix C: the derived key of its example */
static void known_answer_of_ecdh(void **state)
{
	(void)state;
	static const char alice[] =
		"{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"gI0GAILBdu7T53akrFmMyGcsF3n5dO7MmwNBHKW5SV0\","
		"\"y\":\"SLW_xSffzlPWrHEVI30DHM_4egVwt3NQqeUD7nMFpps\",\"d\":"
		"\"0_NxaRPUMQoAJt50Gz8YiTr8gRTwyEaCumd-MToTmIo\"}";
	static const char bob[] =
		"{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"weNJy2HscCSM6AEDTDg04biOvhFhyyWvOHQfeF_PxMQ\","
		"\"y\":\"e8lnCO-AlStT-NJVX-crhB7QRYhiix03illJOVAOyck\",\"d\":"
		"\"VEmDZpDXXK8p8N0Cndsxs924q6nS1RXFASRl6BfUqdw\"}";
	static const char want[] = "VqqN6vgjbSBcIijNcacQGg";
	COF_AUTO_PTR(json_t) a = NULL;
	COF_AUTO_PTR(json_t) b = NULL;
	EVP_PKEY *ours = NULL, *theirs = NULL;
	COF_AUTO(cof_secret) kek = {0};
	const cof_ecdh_es how = {"A128GCM", cof_span_str("Alice"), cof_span_str("Bob"), 16};
	assert_ok(cof_json_parse(cof_span_str(alice), &a, &err));
	assert_ok(cof_json_parse(cof_span_str(bob), &b, &err));
	assert_ok(cof_enc_jwk_key(a, true, &ours, &err));
	assert_ok(cof_enc_jwk_key(b, false, &theirs, &err));
	assert_ok(cof_ecdh_es_derive(ours, theirs, &how, &kek, &err));
	COF_AUTO_FREE char *text = cof_b64url_dup(cof_secret_span(&kek));
	assert_string_equal(text, want);
	EVP_PKEY_free(ours);
	EVP_PKEY_free(theirs);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(content_encryptions),		cmocka_unit_test(shapes),
		cmocka_unit_test(t038_shapes_that_do_not_open), cmocka_unit_test(t038_texts),
		cmocka_unit_test(t038_changed_packets),		cmocka_unit_test(known_answer_of_ecdh),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
