/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/test.h"

#include "common/hex.h"
#include "common/kbs_proto.h"

#define NONCE "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
#define JWK                                                                                                            \
	"{\"kty\":\"EC\",\"crv\":\"P-256\",\"alg\":\"ECDH-ES+A256KW\",\"y\":\"DEu2ukKUAr6L18nUYJanQlDWPQQq_"           \
	"tIcCRsURtlQC8A\",\"x\":\"gh-c-oIARysuJn1xvUcIBpLRXcGzNKlkBbavnQIEB7Q\"}"

static json_t *parse(const char *text)
{
	json_t *v = NULL;
	assert_ok(cof_json_parse(cof_span_str(text), &v, &err));
	return v;
}

static void report_is(const char *nonce, const char *additional, const char *want)
{
	COF_AUTO_PTR(json_t) jwk = parse(JWK);
	uint8_t got[COF_KBSP_REPORT_LEN];
	char hex[2 * COF_KBSP_REPORT_LEN + 1];
	assert_ok(cof_kbsp_report_data(nonce, jwk, additional, got, &err));
	cof_hex(cof_span_of(got, sizeof got), hex);
	assert_string_equal(hex, want);
}

/* The protocol's own examples, with the key's members in another order than the canonical one. */
static void t006_report_data_is_the_protocols(void **state)
{
	(void)state;
	report_is(NONCE, "",
		  "b92b7f306462d0d6f96426e7592e04b2bfd72b9f8000db1a76c404c4a1330e9ffedb891cedaf0fe45da478e6e14ac9f4");
	report_is(NONCE, "{\"sampledevice\":{\"svn\":\"2\"}}",
		  "e30011210f52fc418da2a98411845527489a866b7cce823956106140bab07ae74266da29d0887a6a325fb9c995460d1e");
}

/* A key or nonce that has two spellings would let one quote stand for two. */
static void t006_report_data_refuses_what_is_not_canonical(void **state)
{
	(void)state;
	COF_AUTO_PTR(json_t) odd = parse("{\"n\":1.5}");
	uint8_t got[COF_KBSP_REPORT_LEN];
	assert_fails(cof_kbsp_report_data(NONCE, odd, "", got, &err), "json-not-canonical");
}

static void requests_go_and_come(void **state)
{
	(void)state;
	COF_AUTO(cof_buf) body = {0};
	COF_AUTO(cof_kbsp_request) q = {0};
	COF_AUTO_PTR(json_t) extra = parse("{\"tpm\":{\"ek_cert\":\"\"}}");
	assert_ok(cof_kbsp_request_make("tpm", extra, &body, &err));
	assert_string_equal(cof_buf_str(&body),
			    "{\"version\":\"0.4.0\",\"tee\":\"tpm\",\"extra-params\":{\"supported-hash-"
			    "algorithms\":[\"sha384\"],\"tpm\":{\"ek_cert\":\"\"}}}");
	assert_ok(cof_kbsp_request_parse(cof_buf_span(&body), &q, &err));
	assert_string_equal(q.tee, "tpm");
	assert_true(json_is_object(q.extra));
}

static void refuses_other_versions_and_shapes(void **state)
{
	(void)state;
	const struct {
		const char *body, *reason;
	} bad[] = {
		{"", "json-malformed"},
		{"[]", "json-type"},
		{"\"0.4.0\"", "json-malformed"},
		{"{\"tee\":\"tpm\"}", "json-missing"},
		{"{\"version\":\"0.4.0\"}", "json-missing"},
		{"{\"version\":4,\"tee\":\"tpm\"}", "json-type"},
		{"{\"version\":\"0.4.0\",\"tee\":[]}", "json-type"},
		{"{\"version\":\"0.4.1\",\"tee\":\"tpm\"}", "kbs-version"},
		{"{\"version\":\"0.4.0 \",\"tee\":\"tpm\"}", "kbs-version"},
		{"{\"version\":\"\",\"tee\":\"tpm\"}", "kbs-version"},
		{"{\"version\":\"0.4.0\",\"tee\":\"tpm\",\"tee\":\"snp\"}", "json-malformed"},
	};
	for (size_t i = 0; i < COF_COUNT(bad); i++) {
		cof_kbsp_request q = {0};
		assert_fails(cof_kbsp_request_parse(cof_span_str(bad[i].body), &q, &err), bad[i].reason);
		assert_null(q.doc);
	}
	cof_kbsp_request q = {0};
	assert_fails(cof_kbsp_request_parse(cof_span_of("", COF_KBSP_BODY_MAX + (size_t)1), &q, &err), "kbs-too-large");
}

static void challenges_go_and_come(void **state)
{
	(void)state;
	COF_AUTO(cof_buf) plain = {0};
	COF_AUTO(cof_kbsp_challenge) c = {0};
	assert_ok(cof_kbsp_challenge_make(NONCE, NULL, &plain, &err));
	assert_string_equal(cof_buf_str(&plain), "{\"nonce\":\"" NONCE "\",\"extra-params\":\"\"}");
	assert_ok(cof_kbsp_challenge_parse(cof_buf_span(&plain), &c, &err));
	assert_string_equal(c.nonce, NONCE);
	bool present = true;
	COF_AUTO(cof_kbsp_tpm_cred) cred = {0};
	assert_ok(cof_kbsp_tpm_cred_parse(c.extra, &cred, &present, &err));
	assert_false(present);
}

static void t004_refuses_weak_nonces(void **state)
{
	(void)state;
	const struct {
		const char *body, *reason;
	} bad[] = {
		{"{\"nonce\":\"\"}", "kbs-nonce"},
		{"{\"nonce\":\"AAAA\"}", "kbs-nonce"},
		{"{\"nonce\":\"not base64\"}", "bad-base64"},
		{"{\"nonce\":null}", "json-type"},
		{"{}", "json-missing"},
		{"{\"nonce\":\"" NONCE "\"", "json-malformed"},
	};
	for (size_t i = 0; i < COF_COUNT(bad); i++) {
		cof_kbsp_challenge c = {0};
		assert_fails(cof_kbsp_challenge_parse(cof_span_str(bad[i].body), &c, &err), bad[i].reason);
		assert_null(c.doc);
	}
}

static void tpm_members_go_and_come(void **state)
{
	(void)state;
	COF_AUTO(cof_kbsp_tpm_keys) k = {0}, back = {0};
	COF_AUTO_PTR(json_t) extra = NULL;
	bool present = false;
	assert_ok(cof_buf_add_str(&k.ek_public, "ek", &err));
	assert_ok(cof_buf_add_str(&k.ak_public, "ak", &err));
	assert_ok(cof_kbsp_tpm_keys_make(&k, &extra, &err));
	assert_ok(cof_kbsp_tpm_keys_parse(extra, &back, &present, &err));
	assert_true(present);
	assert_int_equal(back.ek_cert.len, 0);
	assert_string_equal(cof_buf_str(&back.ak_public), "ak");
	COF_AUTO(cof_kbsp_tpm_cred) c = {0}, c_back = {0};
	COF_AUTO_PTR(json_t) cred = NULL;
	assert_ok(cof_buf_add_str(&c.credential_blob, "blob", &err));
	assert_ok(cof_buf_add_str(&c.encrypted_secret, "secret", &err));
	assert_ok(cof_kbsp_tpm_cred_make(&c, &cred, &err));
	assert_ok(cof_kbsp_tpm_cred_parse(cred, &c_back, &present, &err));
	assert_string_equal(cof_buf_str(&c_back.encrypted_secret), "secret");
}

static void half_of_tpm_members_is_refused(void **state)
{
	(void)state;
	const char *const bad[] = {"{\"tpm\":{}}",
				   "{\"tpm\":[]}",
				   "{\"tpm\":null}",
				   "{\"tpm\":{\"ek_public\":\"AA==\"}}",
				   "{\"tpm\":{\"ek_cert\":\"\",\"ek_public\":\"AA\",\"ak_public\":\"AA==\"}}",
				   "{\"tpm\":{\"credential_blob\":\"AA==\",\"encrypted_secret\":7}}"};
	for (size_t i = 0; i < COF_COUNT(bad); i++) {
		COF_AUTO_PTR(json_t) extra = parse(bad[i]);
		cof_kbsp_tpm_keys k = {0};
		cof_kbsp_tpm_cred c = {0};
		bool present = false;
		cof_err err = {0};
		assert_true(cof_kbsp_tpm_keys_parse(extra, &k, &present, &err) < 0);
		assert_true(cof_kbsp_tpm_cred_parse(extra, &c, &present, &err) < 0);
		assert_null(k.ek_public.data);
		assert_null(c.credential_blob.data);
	}
	bool present = true;
	cof_kbsp_tpm_keys k = {0};
	assert_ok(cof_kbsp_tpm_keys_parse(NULL, &k, &present, &err));
	assert_false(present);
}

static void make_attest(const char *initdata, cof_buf *ret)
{
	COF_AUTO_PTR(json_t) jwk = parse(JWK);
	COF_AUTO_PTR(json_t) evidence = parse("{\"quote\":{}}");
	const cof_kbsp_attest a = {
		.initdata = initdata, .nonce = NONCE, .tee_pubkey = jwk, .evidence = evidence, .additional = ""};
	assert_ok(cof_kbsp_attest_make(&a, ret, &err));
}

static void attestations_go_and_come(void **state)
{
	(void)state;
	const char *const initdata[] = {NULL, "version = \"0.1.0\"\n"};
	for (size_t i = 0; i < COF_COUNT(initdata); i++) {
		COF_AUTO(cof_buf) body = {0};
		COF_AUTO(cof_kbsp_attest) back = {0};
		make_attest(initdata[i], &body);
		assert_ok(cof_kbsp_attest_parse(cof_buf_span(&body), &back, &err));
		assert_string_equal(back.nonce, NONCE);
		assert_string_equal(back.additional, "");
		assert_true(json_is_object(back.evidence));
		if (initdata[i] == NULL)
			assert_null(back.initdata);
		else
			assert_string_equal(back.initdata, initdata[i]);
	}
}

static void t079_every_cut_of_an_attestation_is_refused(void **state)
{
	(void)state;
	COF_AUTO(cof_buf) body = {0};
	make_attest("x", &body);
	for (size_t n = 0; n < body.len; n++) {
		cof_kbsp_attest a = {0};
		assert_fails(cof_kbsp_attest_parse(cof_span_of(body.data, n), &a, &err), "json-malformed");
		assert_null(a.doc);
	}
}

static void t079_refuses_attestations_of_another_shape(void **state)
{
	(void)state;
#define RUNTIME "\"runtime-data\":{\"nonce\":\"" NONCE "\",\"tee-pubkey\":" JWK "}"
#define EVIDENCE "\"tee-evidence\":{\"primary_evidence\":{},\"additional_evidence\":\"\"}"
	const struct {
		const char *body, *reason;
	} bad[] = {
		{"{" RUNTIME "}", "json-missing"},
		{"{" EVIDENCE "}", "json-missing"},
		{"{\"init-data\":\"x\"," RUNTIME "," EVIDENCE "}", "json-missing"},
		{"{\"init-data\":{\"format\":\"json\",\"body\":\"\"}," RUNTIME "," EVIDENCE "}", "initdata-format"},
		{"{\"init-data\":{\"format\":\"toml\"}," RUNTIME "," EVIDENCE "}", "json-missing"},
		{"{\"init-data\":{\"format\":\"toml\",\"body\":7}," RUNTIME "," EVIDENCE "}", "json-type"},
		{"{\"runtime-data\":{\"nonce\":\"x\",\"tee-pubkey\":\"y\"}," EVIDENCE "}", "json-type"},
		{"{\"runtime-data\":{\"nonce\":1,\"tee-pubkey\":{}}," EVIDENCE "}", "json-type"},
		{"{" RUNTIME ",\"tee-evidence\":{\"primary_evidence\":\"x\",\"additional_evidence\":\"\"}}",
		 "json-type"},
		{"{" RUNTIME ",\"tee-evidence\":{\"primary_evidence\":{},\"additional_evidence\":{}}}", "json-type"},
		{"{" RUNTIME ",\"tee-evidence\":{\"primary_evidence\":{}}}", "json-missing"},
	};
	for (size_t i = 0; i < COF_COUNT(bad); i++) {
		cof_kbsp_attest a = {0};
		assert_fails(cof_kbsp_attest_parse(cof_span_str(bad[i].body), &a, &err), bad[i].reason);
		assert_null(a.doc);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(t006_report_data_is_the_protocols),
		cmocka_unit_test(t006_report_data_refuses_what_is_not_canonical),
		cmocka_unit_test(requests_go_and_come),
		cmocka_unit_test(refuses_other_versions_and_shapes),
		cmocka_unit_test(challenges_go_and_come),
		cmocka_unit_test(t004_refuses_weak_nonces),
		cmocka_unit_test(tpm_members_go_and_come),
		cmocka_unit_test(half_of_tpm_members_is_refused),
		cmocka_unit_test(attestations_go_and_come),
		cmocka_unit_test(t079_every_cut_of_an_attestation_is_refused),
		cmocka_unit_test(t079_refuses_attestations_of_another_shape),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
