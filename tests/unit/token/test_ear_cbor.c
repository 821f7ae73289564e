/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/refvalue/cbor_hex.h"

#include "attestation/token/ear_cbor.h"

static void assert_json(const char *hex, const char *want)
{
	COF_AUTO_PTR(cof_cbor) map = hex_item(hex);
	COF_AUTO_PTR(json_t) got = NULL;
	COF_AUTO(cof_buf) text = {0};
	assert_ok(cof_ear_from_cbor(map, &got, &err));
	assert_ok(cof_json_dump(got, &text, &err));
	assert_string_equal(cof_buf_str(&text), want);
}

/* source: the example of draft-ietf-rats-ear-03, shortened */
static void a_result(void **state)
{
	(void)state;
	assert_json("a5"
		    "061a635537a0"
		    "1901096174"
		    "19010aa163505341a3"
		    "1903e81860"
		    "1903e9a3000202186004021903eb816170"
		    "1903ea42cafe"
		    "1903eca2006164016162",
		    "{\"iat\":1666529184,\"eat_profile\":\"t\",\"submods\":{\"PSA\":{"
		    "\"ear_status\":\"contraindicated\",\"ear_trustworthiness_vector\":{\"instance-identity\":2,"
		    "\"executables\":96,\"hardware\":2},\"ear_appraisal_policy_ids\":[\"p\"]}},"
		    "\"ear_raw_evidence\":\"yv4\",\"ear_verifier_id\":{\"developer\":\"d\",\"build\":\"b\"}}");
}

static void single_claims(void **state)
{
	(void)state;
	assert_json("a0", "{}");
	assert_json("a1016161", "{\"iss\":\"a\"}");
	assert_json("a103826161"
		    "6162",
		    "{\"aud\":[\"a\",\"b\"]}");
	assert_json("a1036161", "{\"aud\":\"a\"}");
	assert_json("a10741ff", "{\"jti\":\"_w\"}");
	assert_json("a10520", "{\"nbf\":-1}");
	assert_json("a10a8240"
		    "4101",
		    "{\"eat_nonce\":[\"\",\"AQ\"]}");
	assert_json("a11903e800", "{\"ear_status\":\"none\"}");
	assert_json("a11903e81820", "{\"ear_status\":\"warning\"}");
	assert_json("a11903e805", "{\"ear_status\":\"5\"}");
	assert_json("a11903e838ff", "{\"ear_status\":\"-256\"}");
	/* unknown numbers and names are passed over */
	assert_json("a21a00011170016161f6", "{}");
}

static void t024_other_shapes(void **state)
{
	(void)state;
	static const char *const bad[] = {"80",
					  "01",
					  "a101f6",
					  "a1014161",
					  "a1010a",
					  "a101620061",
					  "a10380",
					  "a1038101",
					  "a1046131",
					  "a104f5",
					  "a1041bffffffffffffffff",
					  "a104c100",
					  "a10a6161",
					  "a10a80",
					  "a10a8101",
					  "a1190109f6",
					  "a119010a80",
					  "a119010aa10000",
					  "a119010aa1616100",
					  "a11903e8f6",
					  "a11903ea6161",
					  "a11903ec80",
					  "a11903eca10001",
					  "a14100f6",
					  "a1f600",
					  "a163656172f6",
					  "a1677375626d6f647301",
					  "a1656561745f78f6",
					  "a1620061f6",
					  "a119010aa16161a11903e980",
					  "a119010aa16161a11903e9a10800",
					  "a119010aa16161a11903e9a120f6"};
	for (size_t i = 0; i < COF_COUNT(bad); i++) {
		COF_AUTO_PTR(cof_cbor) map = hex_item(bad[i]);
		json_t *got = NULL;
		assert_fails(cof_ear_from_cbor(map, &got, &err), "cwt-claim");
		assert_null(got);
	}
	json_t *none = NULL;
	assert_fails(cof_ear_from_cbor(NULL, &none, &err), "cwt-claim");
}

static void t079_lists_end(void **state)
{
	(void)state;
	COF_AUTO(cof_buf) hex = {0};
	json_t *got = NULL;
	assert_ok(cof_buf_add_str(&hex, "a10a9841", &err));
	for (int i = 0; i < 65; i++)
		assert_ok(cof_buf_add_str(&hex, "40", &err));
	COF_AUTO_PTR(cof_cbor) map = hex_item(cof_buf_str(&hex));
	assert_fails(cof_ear_from_cbor(map, &got, &err), "cwt-claim");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_result),
		cmocka_unit_test(single_claims),
		cmocka_unit_test(t024_other_shapes),
		cmocka_unit_test(t079_lists_end),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
