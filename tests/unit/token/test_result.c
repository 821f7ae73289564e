/* SPDX-License-Identifier: Apache-2.0 */
/* Results of SNP reports and of tokens that the test makes itself: what they say, and who can read them. */
#include "tests/unit/token/result_check.h"
#include "tests/unit/verify/judge_snp.h"

#include "common/digest.h"
#include "common/jwe.h"
#include "common/kbs_proto.h"

#define HEX16(x) x x x x x x x x x x x x x x x x
#define ONES HEX16("11") HEX16("11") HEX16("11") HEX16("11")
#define ONES_B64 "EREREREREREREREREREREREREREREREREREREREREREREREREREREREREREREREREREREREREREREREREREREQ"
#define DEMANDS                                                                                                        \
	"{\"report_data\":\"" ONES "\",\"measurement\":\"" HEX16("22") HEX16("22") HEX16("22") "\",\"min_tcb\":{"      \
											       "\"snp\":24}}"

static EVP_PKEY *p256, *p384;
static cof_verdict good, refused;
static const cof_kind *snp;

static void judge_it(soft_snp *s, cof_verdict *ret)
{
	s->policy = DEMANDS;
	s->crl.given = true;
	soft_make(s);
	soft_verify(s, ret);
	soft_drop(s);
}

static int make(void **state)
{
	(void)state;
	soft_keys_make(&keys);
	p256 = EVP_EC_gen("P-256");
	p384 = EVP_EC_gen("P-384");
	soft_snp s = soft_snp_good(&keys);
	judge_it(&s, &good);
	s = soft_snp_good(&keys);
	memset(s.report + 0x90, 0x23, 48);
	judge_it(&s, &refused);
	assert_true(good.accepted && !refused.accepted);
	assert_ok(cof_kind_find("snp-report", &snp, &err));
	return 0;
}

static int drop(void **state)
{
	(void)state;
	cof_verdict_release(&good);
	cof_verdict_release(&refused);
	EVP_PKEY_free(p256);
	EVP_PKEY_free(p384);
	soft_keys_drop(&keys);
	return 0;
}

static cof_result_in result_of(const cof_verdict *v, const json_t *policy)
{
	return (cof_result_in){.kind = snp, .verdict = v, .policy = policy, .now = SOFT_NOW, .life = 300};
}

/* ---- what they say ---- */

static void a_jwt_of_the_draft(void **state)
{
	(void)state;
	COF_AUTO(cof_buf) token = {0};
	COF_AUTO_PTR(json_t) policy = json_loads(DEMANDS, 0, NULL);
	cof_result_in in = result_of(&good, policy);
	in.audience = "rp";
	assert_ok(cof_result_jwt(&in, p256, &token, &err));
	COF_AUTO_PTR(json_t) o = jwt_claims(cof_buf_span(&token));
	assert_text_at(o, "eat_profile", COF_EAR_PROFILE_IETF);
	assert_int_at(o, "iat", SOFT_NOW);
	assert_int_at(o, "exp", SOFT_NOW + 300);
	assert_text_at(o, "iss", "coffer");
	assert_text_at(o, "aud", "rp");
	assert_text_at(o, "eat_nonce", ONES_B64);
	assert_text_at(o, "ear_verifier_id/developer", "coffer");
	assert_text_at(o, "submods/cpu0/ear_status", "warning"); /* a root of the test's own */
	assert_int_at(o, "submods/cpu0/ear_trustworthiness_vector/executables", 2);
	assert_int_at(o, "submods/cpu0/ear_trustworthiness_vector/hardware", 32);
	assert_int_at(o, "submods/cpu0/ear_trustworthiness_vector/file-system", 0);
	assert_text_at(o, "submods/cpu0/ear_veraison_annotated_evidence/report_data", ONES);
	assert_text_at(o, "submods/cpu0/ear_veraison_annotated_evidence/snp/product_line", "Milan");
	const json_t *ids = member_at(o, "submods/cpu0/ear_appraisal_policy_ids");
	assert_int_equal(json_array_size(ids), 1);
	assert_int_equal(strncmp(json_string_value(json_array_get(ids, 0)), "snp-report/sha-256:", 19), 0);
	assert_null(json_object_get(o, "cnf"));
	assert_null(member_at(o, "submods/cpu0/coffer.reason"));
}

static void a_jwt_of_the_older_dialects(void **state)
{
	(void)state;
	static const char *const profiles[] = {COF_EAR_PROFILE_VERAISON, COF_EAR_PROFILE_COCO};
	for (size_t i = 0; i < COF_COUNT(profiles); i++) {
		COF_AUTO(cof_buf) token = {0};
		cof_result_in in = result_of(&good, NULL);
		in.profile = profiles[i];
		assert_ok(cof_result_jwt(&in, p256, &token, &err));
		COF_AUTO_PTR(json_t) o = jwt_claims(cof_buf_span(&token));
		assert_text_at(o, "eat_profile", profiles[i]);
		assert_text_at(o, "ear.verifier-id/developer", "coffer");
		assert_text_at(o, "submods/cpu0/ear.status", "warning");
		assert_text_at(o, "submods/cpu0/ear.appraisal-policy-id", "snp-report/default");
		assert_text_at(o, "submods/cpu0/ear.veraison.annotated-evidence/snp/product_line", "Milan");
		assert_null(member_at(o, "submods/cpu0/ear_status"));
	}
}

/* Why, and nothing that anybody could use: no claims, no key, no nonce that it does not answer. */
static void t007_a_refused_report(void **state)
{
	(void)state;
	COF_AUTO(cof_buf) token = {0};
	COF_AUTO_PTR(json_t) policy = json_loads(DEMANDS, 0, NULL);
	COF_AUTO_PTR(json_t) runtime = json_pack("{s:s}", "nonce", "n");
	cof_result_in in = result_of(&refused, policy);
	in.runtime = runtime;
	assert_ok(cof_result_jwt(&in, p256, &token, &err));
	COF_AUTO_PTR(json_t) o = jwt_claims(cof_buf_span(&token));
	assert_text_at(o, "submods/cpu0/ear_status", "contraindicated");
	assert_int_at(o, "submods/cpu0/ear_trustworthiness_vector/executables", 96);
	assert_text_at(o, "submods/cpu0/coffer.reason", "measurement");
	assert_text_at(o, "submods/cpu0/coffer.stage", "policy");
	assert_null(member_at(o, "submods/cpu0/ear_veraison_annotated_evidence"));
	assert_null(json_object_get(o, "cnf"));
}

static void t066_bytes_that_are_no_report(void **state)
{
	(void)state;
	static cof_verdict v;
	COF_AUTO(cof_buf) token = {0};
	soft_snp s = soft_snp_good(&keys);
	soft_make(&s);
	s.made[0].len = 7;
	soft_verify(&s, &v);
	cof_result_in in = result_of(&v, NULL);
	assert_ok(cof_result_jwt(&in, p256, &token, &err));
	COF_AUTO_PTR(json_t) o = jwt_claims(cof_buf_span(&token));
	assert_text_at(o, "submods/cpu0/ear_status", "contraindicated");
	assert_text_at(o, "submods/cpu0/coffer.reason", "report-size");
	assert_int_at(o, "submods/cpu0/ear_trustworthiness_vector/hardware", 1);
	assert_null(json_object_get(o, "eat_nonce"));
	cof_verdict_release(&v);
	soft_drop(&s);
}

static void fields_that_are_too_large_are_left_out(void **state)
{
	(void)state;
	static cof_verdict v;
	COF_AUTO(cof_buf) token = {0};
	COF_AUTO_FREE char *text = malloc(COF_RESULT_FIELDS_MAX + 1);
	memset(text, 'a', COF_RESULT_FIELDS_MAX);
	text[COF_RESULT_FIELDS_MAX] = '\0';
	v = good;
	v.fields = json_pack("{s:s}", "log", text);
	cof_result_in in = result_of(&v, NULL);
	assert_ok(cof_result_jwt(&in, p256, &token, &err));
	assert_true(token.len < 4096);
	COF_AUTO_PTR(json_t) o = jwt_claims(cof_buf_span(&token));
	assert_text_at(o, "submods/cpu0/coffer.evidence", "too-large");
	json_decref(v.fields);
}

/* ---- who can read them ---- */

static void both_forms_under_both_curves(void **state)
{
	(void)state;
	EVP_PKEY *by[] = {p256, p384};
	COF_AUTO_PTR(json_t) policy = json_loads(DEMANDS, 0, NULL);
	for (size_t i = 0; i < COF_COUNT(by); i++) {
		COF_AUTO(cof_buf) jwt = {0};
		COF_AUTO(cof_buf) cwt = {0};
		cof_result_in in = result_of(&good, policy);
		in.audience = "rp";
		assert_ok(cof_result_jwt(&in, by[i], &jwt, &err));
		assert_ok(cof_result_cwt(&in, by[i], &cwt, &err));
		ask a = {.kind = "ear-jwt",
			 .role = "token",
			 .token = cof_buf_span(&jwt),
			 .key = by[i],
			 .now = SOFT_NOW + 299};
		a.policy = "{\"nonce\":\"" ONES "\",\"profile\":\"" COF_EAR_PROFILE_IETF "\",\"audience\":\"rp\"}";
		assert_accepted(&a);
		a.kind = "ear-cwt";
		a.token = cof_buf_span(&cwt);
		assert_accepted(&a);
		a.now = SOFT_NOW + 300;
		assert_refused(&a, "token-expired", "claims");
		a.now = SOFT_NOW;
		a.key = by[1 - i];
		assert_refused(&a, "cose-algorithm", "signature");
		a.key = by[i];
		a.policy = "{\"audience\":\"another\"}";
		assert_refused(&a, "token-audience", "claims");
		cof_verdict *v = verdict_new();
		a.policy = "{\"audience\":7}";
		assert_fails(verdict_on(&a, v, &err), "policy-word");
		verdict_free(v);
	}
}

static void openssl_alone_verifies_a_jwt(void **state)
{
	(void)state;
	EVP_PKEY *by[] = {p256, p384};
	for (size_t i = 0; i < COF_COUNT(by); i++) {
		COF_AUTO(cof_buf) jwt = {0};
		jwt_parts p = {0};
		char kid[COF_JWK_KID_STR];
		COF_AUTO_PTR(json_t) header = NULL;
		cof_result_in in = result_of(&good, NULL);
		assert_ok(cof_result_jwt(&in, by[i], &jwt, &err));
		jwt_split(cof_buf_span(&jwt), &p);
		assert_int_equal(p.signature.len, i == 0 ? 64 : 96);
		assert_ecdsa(by[i], cof_span_of(jwt.data, p.signed_len), cof_buf_span(&p.signature),
			     i == 0 ? EVP_sha256() : EVP_sha384());
		assert_ok(cof_json_parse(cof_buf_span(&p.header), &header, &err));
		assert_ok(cof_jwk_kid(by[i], kid, &err));
		assert_text_at(header, "alg", i == 0 ? "ES256" : "ES384");
		assert_text_at(header, "kid", kid);
		assert_null(json_object_get(header, "jwk"));
		jwt_drop(&p);
	}
}

/* The bytes of a CWT by hand: tag 61, tag 18, four parts; the signature over what RFC 9052 says. */
static void openssl_alone_verifies_a_cwt(void **state)
{
	(void)state;
	COF_AUTO(cof_buf) cwt = {0};
	COF_AUTO(cof_buf) tbs = {0};
	COF_AUTO_PTR(cof_cbor) message = NULL;
	cof_span header, payload, sig;
	cof_result_in in = result_of(&good, NULL);
	assert_ok(cof_result_cwt(&in, p256, &cwt, &err));
	assert_memory_equal(cwt.data, "\xd8\x3d\xd2\x84", 4);
	assert_ok(cof_cbor_load(cof_span_of(cwt.data + 3, cwt.len - 3), &message, &err));
	assert_true(cof_cbor_bytes(cof_cbor_at(message, 0), &header));
	assert_true(cof_cbor_bytes(cof_cbor_at(message, 2), &payload));
	assert_true(cof_cbor_bytes(cof_cbor_at(message, 3), &sig));
	assert_ok(cof_cbor_check_ordered(payload, &err));
	cof_wr w = cof_wr_to(&tbs);
	cof_wr_bytes(&w, cof_span_of("\x84\x6aSignature1\x58", 13));
	cof_wr_u8(&w, (uint8_t)header.len);
	cof_wr_bytes(&w, header);
	cof_wr_bytes(&w, cof_span_of("\x40\x59", 2));
	cof_wr_u16be(&w, (uint16_t)payload.len);
	cof_wr_bytes(&w, payload);
	assert_ok(cof_wr_done(&w, &err));
	assert_ecdsa(p256, cof_buf_span(&tbs), sig, EVP_sha256());
}

/* ---- the guest's key ---- */

static void bind_report(const uint8_t report_data[64], cof_verdict *ret)
{
	soft_snp s = soft_snp_good(&keys);
	memcpy(s.report + 0x50, report_data, 64);
	soft_make(&s);
	soft_verify(&s, ret);
	assert_true(ret->accepted);
	soft_drop(&s);
}

static const char *last_check(const cof_verdict *v)
{
	return v->checks.list[v->checks.n - 1].name;
}

static void assert_bound(const json_t *runtime, const json_t *jwk, cof_verdict *v)
{
	COF_AUTO(cof_buf) jwt = {0};
	COF_AUTO(cof_buf) cwt = {0};
	assert_ok(cof_result_bind(snp, runtime, v, &err));
	assert_string_equal(last_check(v), "key-binding");
	assert_true(v->accepted);
	cof_result_in in = result_of(v, NULL);
	in.runtime = runtime;
	assert_ok(cof_result_jwt(&in, p256, &jwt, &err));
	assert_ok(cof_result_cwt(&in, p256, &cwt, &err));
	COF_AUTO_PTR(json_t) o = jwt_claims(cof_buf_span(&jwt));
	assert_true(json_equal(member_at(o, "cnf/jwk"), jwk));
	assert_true(json_equal(
		member_at(o, "submods/cpu0/ear_veraison_annotated_evidence/runtime_data_claims/tee-pubkey"), jwk));
	ask a = {.kind = "ear-cwt", .role = "token", .token = cof_buf_span(&cwt), .key = p256, .now = SOFT_NOW};
	assert_accepted(&a);
}

static void t066_a_key_by_the_broker_s_protocol(void **state)
{
	(void)state;
	static cof_verdict v;
	uint8_t report_data[64] = {0};
	COF_AUTO_PTR(cof_jwe_key) key = NULL;
	COF_AUTO_PTR(json_t) jwk = NULL;
	assert_ok(cof_jwe_key_new(&key, &err));
	assert_ok(cof_jwe_key_jwk(key, &jwk, &err));
	assert_ok(cof_kbsp_report_data("the nonce", jwk, "", report_data, &err));
	COF_AUTO_PTR(json_t) runtime = json_pack("{s:s, s:O}", "nonce", "the nonce", "tee-pubkey", jwk);
	bind_report(report_data, &v);
	assert_bound(runtime, jwk, &v);
	cof_verdict_release(&v);
	/* one bit behind the digest, or of it; another nonce */
	for (size_t i = 0; i < 64; i += 21) {
		report_data[i] ^= 1;
		bind_report(report_data, &v);
		report_data[i] ^= 1;
		assert_ok(cof_result_bind(snp, runtime, &v, &err));
		assert_false(v.accepted);
		assert_string_equal(v.checks.list[v.checks.first].name, "key-binding");
		cof_verdict_release(&v);
	}
	bind_report(report_data, &v);
	assert_ok(cof_json_set_str(runtime, "nonce", "another", &err));
	assert_ok(cof_result_bind(snp, runtime, &v, &err));
	assert_false(v.accepted);
	cof_verdict_release(&v);
}

static void t066_a_key_by_its_thumbprint(void **state)
{
	(void)state;
	static cof_verdict v;
	static const cof_hash algs[] = {COF_SHA256, COF_SHA384, COF_SHA512};
	COF_AUTO_PTR(cof_jwe_key) key = NULL;
	COF_AUTO_PTR(json_t) jwk = NULL;
	COF_AUTO(cof_buf) text = {0};
	assert_ok(cof_jwe_key_new(&key, &err));
	assert_ok(cof_jwe_key_jwk(key, &jwk, &err));
	assert_ok(cof_buf_printf(&text, &err, "{\"crv\":\"P-256\",\"kty\":\"EC\",\"x\":\"%s\",\"y\":\"%s\"}",
				 json_string_value(json_object_get(jwk, "x")),
				 json_string_value(json_object_get(jwk, "y"))));
	for (size_t i = 0; i < COF_COUNT(algs); i++) {
		uint8_t report_data[64] = {0};
		cof_digest d = {0};
		assert_ok(cof_digest_of(algs[i], cof_buf_span(&text), &d, &err));
		memcpy(report_data, d.bytes, cof_digest_span(&d).len);
		bind_report(report_data, &v);
		assert_bound(jwk, jwk, &v);
		cof_verdict_release(&v);
	}
}

/* A key that was never compared does not get in, whatever the caller says. */
static void t066_no_key_without_its_check(void **state)
{
	(void)state;
	COF_AUTO(cof_buf) token = {0};
	COF_AUTO_PTR(json_t) runtime = json_pack("{s:s, s:{s:s}}", "nonce", "n", "tee-pubkey", "kty", "EC");
	cof_result_in in = result_of(&good, NULL);
	in.runtime = runtime;
	assert_ok(cof_result_jwt(&in, p256, &token, &err));
	COF_AUTO_PTR(json_t) o = jwt_claims(cof_buf_span(&token));
	assert_null(json_object_get(o, "cnf"));
	assert_null(member_at(o, "submods/cpu0/ear_veraison_annotated_evidence/runtime_data_claims"));
}

static void t066_keys_of_other_shapes(void **state)
{
	(void)state;
	static cof_verdict v;
	static const struct {
		const char *text, *reason;
	} cases[] = {
		{"[]", "runtime-data"},
		{"{}", "runtime-data"},
		{"{\"nonce\":\"n\"}", "jwk-malformed"},
		{"{\"nonce\":7,\"tee-pubkey\":{}}", "runtime-data"},
		{"{\"nonce\":\"n\",\"tee-pubkey\":{}}", "jwk-malformed"},
		{"{\"nonce\":\"n\",\"tee-pubkey\":{},\"more\":1}", "runtime-data"},
		{"{\"kty\":\"EC\"}", "jwk-malformed"},
		{"{\"kty\":\"oct\",\"k\":\"AA\"}", "jwk-malformed"},
		{"{\"kty\":\"RSA\",\"n\":\"AQAB\",\"e\":\"AQAB\"}", "jwk-malformed"},
	};
	const cof_kind *eat = NULL;
	for (size_t i = 0; i < COF_COUNT(cases); i++) {
		COF_AUTO_PTR(json_t) runtime = json_loads(cases[i].text, 0, NULL);
		v = good;
		assert_fails(cof_result_bind(snp, runtime, &v, &err), cases[i].reason);
		assert_int_equal(v.checks.n, good.checks.n);
	}
	assert_ok(cof_kind_find("eat-cwt", &eat, &err));
	assert_fails(cof_result_bind(eat, NULL, &v, &err), "key-binding");
}

/* ---- what the caller got wrong ---- */

static void t066_sizes_and_keys(void **state)
{
	(void)state;
	static const int64_t lives[] = {0, -1, INT64_MIN, COF_EAR_LIFE_MAX + 1, INT64_MAX};
	EVP_PKEY *wrong[] = {EVP_EC_gen("P-521"), EVP_RSA_gen(2048), EVP_PKEY_Q_keygen(NULL, NULL, "ED25519")};
	COF_AUTO(cof_buf) token = {0};
	cof_result_in in = result_of(&good, NULL);
	for (size_t i = 0; i < COF_COUNT(lives); i++) {
		in.life = lives[i];
		assert_fails(cof_result_jwt(&in, p256, &token, &err), "ear-life");
		assert_fails(cof_result_cwt(&in, p256, &token, &err), "ear-life");
	}
	in = result_of(&good, NULL);
	in.now = -1;
	assert_fails(cof_result_jwt(&in, p256, &token, &err), "ear-life");
	in = result_of(&good, NULL);
	for (size_t i = 0; i < COF_COUNT(wrong); i++) {
		assert_fails(cof_result_jwt(&in, wrong[i], &token, &err), "bad-key");
		assert_fails(cof_result_cwt(&in, wrong[i], &token, &err), "bad-key");
		EVP_PKEY_free(wrong[i]);
	}
	char large[COF_EAR_AUDIENCE_MAX + 2];
	memset(large, 'a', sizeof large - 1);
	large[sizeof large - 1] = '\0';
	const char *const audiences[] = {"", "\xff", "\xc0\x80", "\xed\xa0\x80", large};
	for (size_t i = 0; i < COF_COUNT(audiences); i++) {
		in.audience = audiences[i];
		assert_fails(cof_result_jwt(&in, p256, &token, &err), "ear-audience");
	}
	in = result_of(&good, NULL);
	in.profile = "tag:example";
	assert_fails(cof_result_jwt(&in, p256, &token, &err), "token-profile");
	in.profile = COF_EAR_PROFILE_COCO;
	assert_fails(cof_result_cwt(&in, p256, &token, &err), "ear-malformed");
	assert_ok(cof_kind_find("ear-jwt", &in.kind, &err));
	assert_fails(cof_result_jwt(&in, p256, &token, &err), "no-result");
	assert_int_equal(token.len, 0);
}

/* ---- tokens ---- */

static void a_result_of_an_entity_token(void **state)
{
	(void)state;
	static const pair claims[] = {{4, "1a6b49d23c"}, {6, "1a6b49d1f6"}, {10, "50" TOKEN_NONCE}};
	static const char *const wants[] = {"affirming", "contraindicated"};
	COF_AUTO(cof_buf) payload = {0};
	COF_AUTO(cof_buf) eat = {0};
	COF_AUTO_PTR(json_t) policy = json_loads(TOKEN_POLICY, 0, NULL);
	put_claims(claims, COF_COUNT(claims), NULL, &payload);
	sign_cwt(cof_buf_span(&payload), p256, &eat);
	for (size_t i = 0; i < 2; i++) {
		COF_AUTO(cof_buf) token = {0};
		cof_verdict *v = verdict_new();
		cof_result_in in = {.verdict = v, .policy = policy, .now = TOKEN_NOW, .life = 1};
		eat.data[eat.len - 1] ^= (uint8_t)i;
		ask a = {"eat-cwt", "token", cof_buf_span(&eat), p256, TOKEN_POLICY, TOKEN_NOW};
		assert_ok(verdict_on(&a, v, &err));
		assert_ok(cof_kind_find("eat-cwt", &in.kind, &err));
		assert_ok(cof_result_jwt(&in, p384, &token, &err));
		COF_AUTO_PTR(json_t) o = jwt_claims(cof_buf_span(&token));
		assert_text_at(o, "submods/cpu0/ear_status", wants[i]);
		assert_int_at(o, "submods/cpu0/ear_trustworthiness_vector/instance-identity", i == 0 ? 2 : 99);
		if (i == 0)
			assert_text_at(o, "eat_nonce", "AAECAwQFBgcICQoLDA0ODw");
		else
			assert_null(json_object_get(o, "eat_nonce"));
		verdict_free(v);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_jwt_of_the_draft),
		cmocka_unit_test(a_jwt_of_the_older_dialects),
		cmocka_unit_test(t007_a_refused_report),
		cmocka_unit_test(t066_bytes_that_are_no_report),
		cmocka_unit_test(fields_that_are_too_large_are_left_out),
		cmocka_unit_test(both_forms_under_both_curves),
		cmocka_unit_test(openssl_alone_verifies_a_jwt),
		cmocka_unit_test(openssl_alone_verifies_a_cwt),
		cmocka_unit_test(t066_a_key_by_the_broker_s_protocol),
		cmocka_unit_test(t066_a_key_by_its_thumbprint),
		cmocka_unit_test(t066_no_key_without_its_check),
		cmocka_unit_test(t066_keys_of_other_shapes),
		cmocka_unit_test(t066_sizes_and_keys),
		cmocka_unit_test(a_result_of_an_entity_token),
	};
	return cmocka_run_group_tests(tests, make, drop);
}
