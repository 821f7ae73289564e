/* SPDX-License-Identifier: Apache-2.0 */
/* Claims written as CBOR and read again are the claims. */
#include "tests/unit/refvalue/cbor_hex.h"

#include "attestation/refvalue/cbor.h"
#include "attestation/token/ear_cbor_int.h"

#define HEAD                                                                                                           \
	"{\"eat_profile\":\"tag:ietf.org,2026:rats/"                                                                   \
	"ear#03\",\"iat\":1,\"exp\":2,\"ear_verifier_id\":{\"developer\":\"d\","                                       \
	"\"build\":\"b\"}"
#define CPU(more) HEAD ",\"submods\":{\"cpu0\":{\"ear_status\":\"affirming\"" more "}}}"
#define POINT "\"MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4\""
#define BARE HEAD ",\"submods\":{\"cpu0\":{\"ear_status\":\"affirming\"}}"

static int write_text(const char *json, cof_buf *ret, cof_err *err)
{
	COF_AUTO_PTR(json_t) o = json_loads(json, JSON_DECODE_ANY, NULL);
	if (o == NULL)
		fail_msg("%s", json);
	return cof_ear_to_cbor(o, ret, err);
}

static void all_claims_there_and_back(void **state)
{
	(void)state;
	static const char *const texts[] = {
		CPU(""),
		BARE ",\"iss\":\"i\",\"sub\":\"s\",\"aud\":\"a\",\"nbf\":0,\"jti\":\"AAEC\",\"ear_status\":\"none\","
		     "\"ear_raw_evidence\":\"AAEC\",\"eat_nonce\":\"AAECAwQFBgc\"}",
		BARE ",\"aud\":[\"a\",\"b\"],\"eat_nonce\":[\"AAECAwQFBgc\",\"AAECAwQFBgg\"]}",
		BARE ",\"cnf\":{\"jwk\":{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":" POINT ",\"y\":" POINT "}}}",
		CPU(",\"ear_trustworthiness_vector\":{\"hardware\":-128,\"sourced-data\":127},"
		    "\"ear_appraisal_policy_ids\":[\"p\",\"q\"],\"eat_profile\":\"x\",\"eat_nonce\":\"AAECAwQFBgc\""),
	};
	for (size_t i = 0; i < COF_COUNT(texts); i++) {
		COF_AUTO(cof_buf) bytes = {0};
		COF_AUTO_PTR(cof_cbor) map = NULL;
		COF_AUTO_PTR(json_t) back = NULL;
		COF_AUTO_PTR(json_t) want = json_loads(texts[i], 0, NULL);
		assert_ok(write_text(texts[i], &bytes, &err));
		assert_ok(cof_cbor_check_ordered(cof_buf_span(&bytes), &err));
		assert_ok(cof_cbor_load(cof_buf_span(&bytes), &map, &err));
		assert_ok(cof_ear_from_cbor(map, &back, &err));
		if (!json_equal(back, want))
			fail_msg("%s: %s", texts[i], json_dumps(back, JSON_COMPACT));
	}
}

/* Names without a number stay names, behind all numbers. */
static void names_without_a_number(void **state)
{
	(void)state;
	COF_AUTO(cof_buf) bytes = {0};
	COF_AUTO_PTR(cof_cbor) map = NULL;
	assert_ok(write_text(CPU(",\"coffer.reason\":\"x\",\"ear_veraison_annotated_evidence\":{\"snp\":{\"a\":[1]}}"),
			     &bytes, &err));
	assert_ok(cof_cbor_load(cof_buf_span(&bytes), &map, &err));
	const cof_cbor *cpu = cof_cbor_value(cof_cbor_get(map, 266), 0);
	size_t n = 0;
	cof_span name;
	int64_t key = 0;
	assert_true(cof_cbor_map(cpu, &n));
	assert_int_equal(n, 3);
	assert_true(cof_cbor_int(cof_cbor_key(cpu, 1), &key));
	assert_int_equal(key, -70000);
	assert_true(cof_cbor_text(cof_cbor_key(cpu, 2), &name));
	assert_span_equal(name, "coffer.reason", 13);
}

static void t079_what_has_no_place(void **state)
{
	(void)state;
	static const char *const texts[] = {
		"[]",
		"7",
		CPU(",\"ear.status\":\"affirming\""),
		CPU(",\"ear_other\":1"),
		CPU(",\"eat_other\":1"),
		CPU(",\"ear_trustworthiness_vector\":{}"),
		CPU(",\"ear_trustworthiness_vector\":{\"firmware\":2}"),
		CPU(",\"ear_trustworthiness_vector\":{\"hardware\":\"2\"}"),
		BARE ",\"ear.verifier-id\":{}}",
		BARE ",\"ear_status\":\"fine\"}",
		BARE ",\"ear_status\":2}",
		BARE ",\"iss\":7}",
		BARE ",\"nbf\":\"7\"}",
		BARE ",\"nbf\":1.5}",
		BARE ",\"jti\":\"+\"}",
		BARE ",\"jti\":7}",
		BARE ",\"eat_nonce\":[7]}",
		BARE ",\"cnf\":{}}",
		BARE ",\"cnf\":{\"jwk\":{\"kty\":\"RSA\"}}}",
		BARE ",\"cnf\":{\"jwk\":{\"kty\":\"EC\",\"crv\":\"P-384\"}}}",
		BARE ",\"cnf\":{\"jwk\":{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"+\"}}}",
		"{\"submods\":{\"cpu0\":[]}}",
		"{\"submods\":{\"cpu0\":{\"ear_status\":7}}}",
		"{\"ear_verifier_id\":\"d\"}",
	};
	for (size_t i = 0; i < COF_COUNT(texts); i++) {
		COF_AUTO(cof_buf) bytes = {0};
		cof_err err = {0};
		if (write_text(texts[i], &bytes, &err) == 0)
			fail_msg("%s", texts[i]);
		assert_true(cof_err_is(&err, "ear-malformed"));
		assert_int_equal(bytes.len, 0);
	}
	COF_AUTO(cof_buf) bytes = {0};
	assert_fails(write_text(CPU(",\"x\":1.5"), &bytes, &err), "json-not-cbor");
}

/* A holder's key of another kind, or cut, in a token of somebody else's. */
static void t066_a_holder_s_key(void **state)
{
	(void)state;
	static const char *const bad[] = {
		"a0",
		"a10100",
		"a101a0",
		"a101a10103",
		"a101a10102",
		"a101a2010220"
		"02",
		"a101a401022001215820"
		"0000000000000000000000000000000000000000000000000000000000000000"
		"2240",
	};
	for (size_t i = 0; i < COF_COUNT(bad); i++) {
		COF_AUTO(cof_buf) bytes = {0};
		COF_AUTO_PTR(cof_cbor) map = NULL;
		json_t *o = NULL;
		hex_bytes("a108", &bytes);
		hex_bytes(bad[i], &bytes);
		assert_ok(cof_cbor_load(cof_buf_span(&bytes), &map, &err));
		assert_fails(cof_ear_from_cbor(map, &o, &err), "cwt-claim");
	}
}

static void the_tables_are_in_order(void **state)
{
	(void)state;
	static const struct {
		const cof_ear_claim *claims;
		size_t n;
	} tables[] = {{cof_ear_verifier_claims, COF_EAR_VERIFIER_CLAIMS},
		      {cof_ear_appraisal_claims, COF_EAR_APPRAISAL_CLAIMS},
		      {cof_ear_result_claims, COF_EAR_RESULT_CLAIMS}};
	for (size_t t = 0; t < COF_COUNT(tables); t++) {
		for (size_t i = 1; i < tables[t].n; i++) {
			int64_t before = tables[t].claims[i - 1].key, key = tables[t].claims[i].key;
			assert_true(before >= 0 && (key < 0 || key > before));
			assert_non_null(tables[t].claims[i].write);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_claims_there_and_back), cmocka_unit_test(names_without_a_number),
		cmocka_unit_test(t079_what_has_no_place),    cmocka_unit_test(t066_a_holder_s_key),
		cmocka_unit_test(the_tables_are_in_order),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
