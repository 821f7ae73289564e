/* SPDX-License-Identifier: Apache-2.0 */
#include "image-decrypt/sigbundle.h"

#include "tests/unit/image/sigrig.h"

#define TYPE "\"mediaType\":\"" COF_SIGBUNDLE_TYPE "\""
#define MATERIAL "\"verificationMaterial\":{\"publicKey\":{\"hint\":\"x\"}}"
#define DIGEST64 "ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0="
#define MESSAGE                                                                                                        \
	"\"messageSignature\":{\"messageDigest\":{\"algorithm\":\"SHA2_256\",\"digest\":\"" DIGEST64                   \
	"\"},\"signature\":\"YQ==\"}"
#define STATEMENT_OF(type, subject, predicate)                                                                         \
	"{\"_type\":\"" type "\",\"subject\":" subject ",\"predicateType\":\"" predicate "\",\"predicate\":{}}"
#define SUBJECT "[{\"digest\":{\"sha256\":\"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad\"}}]"
#define V1 "https://in-toto.io/Statement/v1"

/* A bundle whose envelope holds text, signed with its own pre-authentication encoding of pae_type. */
static void make_bundle(EVP_PKEY *key, const char *text, const char *type, const char *pae_type, cof_buf *ret)
{
	COF_AUTO(cof_buf) pae = {0};
	COF_AUTO(cof_buf) sig = {0};
	assert_ok(cof_buf_printf(&pae, &err, "DSSEv1 %zu %s %zu %s", strlen(pae_type), pae_type, strlen(text), text));
	assert_ok(cof_sigkey_sign(key, cof_buf_span(&pae), &sig, &err));
	COF_AUTO_FREE char *payload = cof_b64_dup(cof_span_str(text));
	COF_AUTO_FREE char *sig64 = cof_b64_dup(cof_buf_span(&sig));
	cof_buf_release(ret);
	assert_ok(cof_buf_printf(ret, &err,
				 "{" TYPE "," MATERIAL ",\"dsseEnvelope\":{\"payload\":\"%s\",\"payloadType\":\"%s\","
				 "\"signatures\":[{\"sig\":\"%s\"}]}}",
				 payload, type, sig64));
}

#define IN_TOTO "application/vnd.in-toto+json"

static bool accepted(EVP_PKEY *key, cof_span text, const char *digest, const char **ret_name, cof_sigbundle *b)
{
	cof_digest d = sigrig_digest(digest);
	const char *name = NULL;
	bool ok = cof_sigbundle_parse(text, b, NULL) == 0 && cof_sigbundle_verify(b, key) &&
		  cof_sigbundle_names(b, &d, &name);
	if (ret_name != NULL)
		*ret_name = name;
	return ok;
}

static void what_we_make_we_accept(void **state)
{
	(void)state;
	const char *const types[] = {"P-256", "P-384", "RSA2048", "ED25519"};
	for (size_t i = 0; i < COF_COUNT(types); i++) {
		COF_AUTO_PTR(cof_ossl_key) key = sigrig_key(types[i]);
		COF_AUTO_PTR(cof_ossl_key) other = sigrig_key(types[i]);
		COF_AUTO(cof_buf) text = {0};
		COF_AUTO(cof_sigbundle) b = {0};
		COF_AUTO(cof_sigbundle) again = {0};
		const char *name = NULL;
		cof_digest d = sigrig_digest(SIGRIG_DIGEST);
		assert_ok(cof_sigbundle_make(key, &d, SIGRIG_REPO, &text, &err));
		assert_true(accepted(key, cof_buf_span(&text), SIGRIG_DIGEST, &name, &b));
		assert_string_equal(name, SIGRIG_REPO);
		assert_false(accepted(other, cof_buf_span(&text), SIGRIG_DIGEST, NULL, &again));
		cof_sigbundle_release(&again);
		assert_false(accepted(key, cof_buf_span(&text), SIGRIG_OTHER, NULL, &again));
	}
}

static void t039_statements_for_another_purpose(void **state)
{
	(void)state;
	COF_AUTO_PTR(cof_ossl_key) key = sigrig_key("P-256");
	COF_AUTO(cof_buf) text = {0};
	const char *const sign = STATEMENT_OF(V1, SUBJECT, COF_SIGBUNDLE_PREDICATE);
	const struct {
		const char *statement, *type, *pae_type;
		bool good;
	} cases[] = {
		{sign, IN_TOTO, IN_TOTO, true},
		{sign, IN_TOTO, "application/json", false},
		{sign, "application/json", "application/json", false},
		{STATEMENT_OF(V1, SUBJECT, "https://spdx.dev/Document"), IN_TOTO, IN_TOTO, false},
		{STATEMENT_OF(V1, SUBJECT, "https://slsa.dev/provenance/v1"), IN_TOTO, IN_TOTO, false},
		{STATEMENT_OF("https://in-toto.io/Statement/v9", SUBJECT, COF_SIGBUNDLE_PREDICATE), IN_TOTO, IN_TOTO,
		 false},
		{STATEMENT_OF(V1, "[]", COF_SIGBUNDLE_PREDICATE), IN_TOTO, IN_TOTO, false},
		{STATEMENT_OF(V1, "{}", COF_SIGBUNDLE_PREDICATE), IN_TOTO, IN_TOTO, false},
		{STATEMENT_OF(V1, "[{\"digest\":{}}]", COF_SIGBUNDLE_PREDICATE), IN_TOTO, IN_TOTO, false},
		{STATEMENT_OF(V1,
			      "[{\"name\":1,\"digest\":{\"sha256\":\"ba7816bf8f01cfea414140de5dae2223b00361a396177a"
			      "9cb410ff61f20015ad\"}}]",
			      COF_SIGBUNDLE_PREDICATE),
		 IN_TOTO, IN_TOTO, false},
		{STATEMENT_OF(V1, "[{\"digest\":{\"sha1\":\"00\"}}," SUBJECT "]", COF_SIGBUNDLE_PREDICATE), IN_TOTO,
		 IN_TOTO, false},
		{"[]", IN_TOTO, IN_TOTO, false},
		{"", IN_TOTO, IN_TOTO, false},
	};
	for (size_t i = 0; i < COF_COUNT(cases); i++) {
		COF_AUTO(cof_sigbundle) b = {0};
		make_bundle(key, cases[i].statement, cases[i].type, cases[i].pae_type, &text);
		if (accepted(key, cof_buf_span(&text), SIGRIG_DIGEST, NULL, &b) != cases[i].good)
			fail_msg("case %zu: %s", i, cases[i].statement);
	}
}

static void t039_frames(void **state)
{
	(void)state;
	const char *const bad[] = {
		"",
		"[]",
		"{}",
		"{" TYPE "," MATERIAL "}",
		"{" MATERIAL "," MESSAGE "}",
		"{" TYPE "," MESSAGE "}",
		"{" TYPE ",\"verificationMaterial\":[]," MESSAGE "}",
		"{\"mediaType\":\"application/vnd.dev.sigstore.bundle.v0.4+json\"," MATERIAL "," MESSAGE "}",
		"{" TYPE "," MATERIAL "," MESSAGE ",\"x\":1}",
		"{" TYPE "," MATERIAL "," MESSAGE "," MESSAGE "}",
		"{" TYPE "," MATERIAL "," MESSAGE ",\"dsseEnvelope\":{}}",
		"{" TYPE "," MATERIAL ",\"dsseEnvelope\":{\"payload\":\"e30=\",\"payloadType\":\"" IN_TOTO "\"}}",
		"{" TYPE "," MATERIAL ",\"dsseEnvelope\":{\"payload\":\"e30=\",\"payloadType\":\"" IN_TOTO
		"\",\"signatures\":[]}}",
		"{" TYPE "," MATERIAL ",\"dsseEnvelope\":{\"payload\":\"e30=\",\"payloadType\":\"" IN_TOTO
		"\",\"signatures\":[{\"sig\":\"YQ==\"},{\"sig\":\"YQ==\"}]}}",
		"{" TYPE "," MATERIAL
		",\"messageSignature\":{\"messageDigest\":{\"algorithm\":\"SHA1\",\"digest\":\"" DIGEST64
		"\"},\"signature\":\"YQ==\"}}",
		"{" TYPE "," MATERIAL ",\"messageSignature\":{\"messageDigest\":{\"algorithm\":\"SHA2_256\",\"digest\":"
		"\"YQ==\"},\"signature\":\"YQ==\"}}",
		"{" TYPE "," MATERIAL ",\"messageSignature\":{\"signature\":\"YQ==\"}}",
	};
	for (size_t i = 0; i < COF_COUNT(bad); i++) {
		cof_sigbundle b = {0};
		assert_fails(cof_sigbundle_parse(cof_span_str(bad[i]), &b, &err), "signature-malformed");
	}
	const char *const versions[] = {COF_SIGBUNDLE_TYPE, "application/vnd.dev.sigstore.bundle+json;version=0.1",
					"application/vnd.dev.sigstore.bundle+json;version=0.2",
					"application/vnd.dev.sigstore.bundle+json;version=0.3"};
	for (size_t i = 0; i < COF_COUNT(versions); i++) {
		COF_AUTO(cof_buf) text = {0};
		COF_AUTO(cof_sigbundle) b = {0};
		assert_ok(cof_buf_printf(&text, &err, "{\"mediaType\":\"%s\"," MATERIAL "," MESSAGE "}", versions[i]));
		assert_ok(cof_sigbundle_parse(cof_buf_span(&text), &b, &err));
	}
}

/* spec: sigstore_bundle.proto: exactly one, or a stranger's could stand in front of the good one. */
static void t039_one_signature_of_an_envelope(void **state)
{
	(void)state;
	COF_AUTO_PTR(cof_ossl_key) key = sigrig_key("P-256");
	COF_AUTO(cof_buf) text = {0};
	COF_AUTO(cof_buf) two = {0};
	cof_sigbundle b = {0};
	cof_digest d = sigrig_digest(SIGRIG_DIGEST);
	assert_ok(cof_sigbundle_make(key, &d, SIGRIG_REPO, &text, &err));
	const char *end = strstr(cof_buf_str(&text), "}]}}");
	assert_non_null(end);
	assert_ok(cof_buf_printf(&two, &err, "%.*s},{\"sig\":\"YQ==\"}]}}", (int)(end - cof_buf_str(&text)),
				 cof_buf_str(&text)));
	assert_fails(cof_sigbundle_parse(cof_buf_span(&two), &b, &err), "signature-malformed");
}

/* `cosign sign-blob` of the manifest's bytes. */
static void plain_signatures_of_the_manifest(void **state)
{
	(void)state;
	COF_AUTO_PTR(cof_ossl_key) key = sigrig_key("P-256");
	COF_AUTO(cof_buf) sig = {0};
	COF_AUTO(cof_buf) text = {0};
	COF_AUTO(cof_sigbundle) b = {0};
	COF_AUTO(cof_sigbundle) again = {0};
	const char *name = "x";
	assert_ok(cof_sigkey_sign(key, cof_span_str("abc"), &sig, &err)); /* SIGRIG_DIGEST is its SHA-256 */
	COF_AUTO_FREE char *sig64 = cof_b64_dup(cof_buf_span(&sig));
	assert_ok(cof_buf_printf(&text, &err,
				 "{" TYPE "," MATERIAL ",\"messageSignature\":{\"messageDigest\":{\"algorithm\":"
				 "\"SHA2_256\",\"digest\":\"" DIGEST64 "\"},\"signature\":\"%s\"}}",
				 sig64));
	assert_true(accepted(key, cof_buf_span(&text), SIGRIG_DIGEST, &name, &b));
	assert_null(name);
	assert_false(accepted(key, cof_buf_span(&text), SIGRIG_OTHER, NULL, &again));
}

/* Whatever one bit makes of a good bundle: it is refused, or it says the same as before. */
static void t039_every_bit_of_a_bundle(void **state)
{
	(void)state;
	COF_AUTO_PTR(cof_ossl_key) key = sigrig_key("P-256");
	COF_AUTO(cof_buf) text = {0};
	cof_digest d = sigrig_digest(SIGRIG_DIGEST);
	assert_ok(cof_sigbundle_make(key, &d, SIGRIG_REPO, &text, &err));
	size_t refused = 0;
	for (size_t bit = 0; bit < text.len * 8; bit += unit_stride()) {
		COF_AUTO(cof_sigbundle) b = {0};
		const char *name = NULL;
		text.data[bit / 8] ^= (uint8_t)(1 << (bit % 8));
		if (!accepted(key, cof_buf_span(&text), SIGRIG_DIGEST, &name, &b))
			refused++;
		else
			assert_string_equal(name, SIGRIG_REPO);
		text.data[bit / 8] ^= (uint8_t)(1 << (bit % 8));
	}
	assert_true(refused > 0);
	for (size_t n = 0; n < text.len; n++) {
		cof_sigbundle b = {0};
		assert_fails(cof_sigbundle_parse(cof_span_of(text.data, n), &b, &err), "signature-malformed");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_we_make_we_accept),
		cmocka_unit_test(t039_statements_for_another_purpose),
		cmocka_unit_test(t039_frames),
		cmocka_unit_test(t039_one_signature_of_an_envelope),
		cmocka_unit_test(plain_signatures_of_the_manifest),
		cmocka_unit_test(t039_every_bit_of_a_bundle),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
