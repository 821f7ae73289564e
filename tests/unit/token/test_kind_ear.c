/* SPDX-License-Identifier: Apache-2.0 */
/* Attestation results in both forms, one claim changed at a time and signed well all the same. */
#include "tests/unit/token/make_token.h"

#include <stdio.h>

#include "attestation/token/ear.h"

static EVP_PKEY *key, *other;

static int make_keys(void **state)
{
	(void)state;
	key = EVP_EC_gen("P-256");
	other = EVP_EC_gen("P-256");
	return key == NULL || other == NULL;
}

static int drop_keys(void **state)
{
	(void)state;
	EVP_PKEY_free(key);
	EVP_PKEY_free(other);
	return 0;
}

/* ---- CWT ---- */

#define PROFILE_HEX "781d7461673a696574662e6f72672c323032363a726174732f656172233033"
#define VECTOR_HEX                                                                                                     \
	"a300020202"                                                                                                   \
	"0402"
#define CPU(status, vector)                                                                                            \
	"a16463707530a2"                                                                                               \
	"1903e8" status "1903e9" vector
#define ALL_GOOD CPU("02", VECTOR_HEX)

static const pair good[] = {
	{4, "1a6b49d23c"},			      /* exp: TOKEN_NOW + 60 */
	{6, "1a6b49d1f6"},			      /* iat: TOKEN_NOW - 10 */
	{10, "50" TOKEN_NONCE},	  {265, PROFILE_HEX}, /* nonce, profile */
	{266, ALL_GOOD},	  {1000, "02"},	      /* submods, overall */
	{1004, "a2006164016162"},		      /* verifier: "d", "b" */
};

static void cwt_with(const pair *change, cof_buf *ret)
{
	COF_AUTO(cof_buf) payload = {0};
	put_claims(good, COF_COUNT(good), change, &payload);
	sign_cwt(cof_buf_span(&payload), key, ret);
}

static ask ask_cwt(const cof_buf *token)
{
	return (ask){.kind = "ear-cwt",
		     .role = "token",
		     .token = cof_buf_span(token),
		     .key = key,
		     .policy = TOKEN_POLICY,
		     .now = TOKEN_NOW};
}

static void a_good_cwt(void **state)
{
	(void)state;
	COF_AUTO(cof_buf) token = {0};
	cwt_with(NULL, &token);
	ask a = ask_cwt(&token);
	assert_accepted(&a);
	a.key = other;
	assert_refused(&a, "cose-signature", "signature");
	a.key = key;
	a.policy = "{\"profile\":\"" COF_EAR_PROFILE_COCO "\"}";
	assert_refused(&a, "token-profile", "claims");
	a.policy = "{\"external_aad\":\"00\"}";
	assert_refused(&a, "cose-signature", "signature");
}

static void t066_one_claim_of_a_cwt_changed(void **state)
{
	(void)state;
	static const struct {
		pair change;
		const char *reason;
	} cases[] = {
		{{4, "1a6b49d200"}, "token-expired"},
		{{4, "20"}, "token-times"},
		{{4, "1b7fffffffffffffff"}, "token-times"},
		{{4, "1bffffffffffffffff"}, "cwt-claim"},
		{{4, "f97e00"}, "cwt-claim"},
		{{4, "fb41dad27480000000"}, "cwt-claim"},
		{{4, "6131"}, "cwt-claim"},
		{{5, "1a6b49d23d"}, "token-not-yet"},
		{{5, "f5"}, "cwt-claim"},
		{{6, NULL}, "token-times"},
		{{6, "1a6b49d23d"}, "token-not-yet"},
		{{6, "fa4f000000"}, "cwt-claim"},
		{{6, "c11a6b49d1f6"}, "cwt-claim"},
		{{10, NULL}, "token-nonce"},
		{{10, "50000102030405060708090a0b0c0d0e0e"}, "token-nonce"},
		{{10, "7041414543417751464267634943516f4c"}, "cwt-claim"}, /* text, 16 characters */
		{{10, "8150" TOKEN_NONCE}, "token-nonce-size"},
		{{10, "8250" TOKEN_NONCE "40"}, "token-nonce-size"},
		{{10, "80"}, "cwt-claim"},
		{{265, NULL}, "token-profile"},
		{{265, "6161"}, "token-profile"},
		{{265, "4161"}, "cwt-claim"},
		{{265, "7818"
		       "7461673a6769746875622e636f6d2c323032333a76657261"},
		 "token-profile"},
		{{266, NULL}, "ear-submods"},
		{{266, "a0"}, "ear-submods"},
		{{266, "80"}, "cwt-claim"},
		{{266, "a10002"}, "cwt-claim"},
		{{266, "a1616180"}, "cwt-claim"},
		{{266, "a16161a0"}, "ear-status-word"},
		{{266, "a1616100"}, "cwt-claim"},
		{{266, "a1"
		       "626100"
		       "a0"},
		 "cwt-claim"}, /* a NUL in the name */
		{{266, CPU("05", VECTOR_HEX)}, "ear-status-word"},
		{{266, CPU("f4", VECTOR_HEX)}, "cwt-claim"},
		{{266, CPU("20", VECTOR_HEX)}, "ear-status-word"},
		{{266, CPU("02", "a0")}, "ear-vector"},
		{{266, CPU("02", "a10802")}, "cwt-claim"},
		{{266, CPU("02", "a12002")}, "cwt-claim"},
		{{266, CPU("02", "a1021880")}, "ear-vector"},
		{{266, CPU("02", "a1023880")}, "ear-vector"},
		{{266, CPU("02", "a102f90000")}, "cwt-claim"},
		{{266, CPU("02", "a1616102")}, "cwt-claim"},
		{{266, CPU("02", "a1021860")}, "ear-status"},
		{{266, CPU("02", "a1021820")}, "ear-status"},
		{{266, CPU("02", "a10238ff")}, "ear-vector"},
		{{266, CPU("1820", "a1021860")}, "ear-status"},
		{{266, CPU("1820", "a10200")}, "ear-overall"},
		{{266, CPU("1860", "a10200")}, "ear-overall"},
		{{266, "a16161a2"
		       "1903e802"
		       "1903eb80"},
		 "cwt-claim"},
		{{266, "a16161a2"
		       "1903e802"
		       "1903eb6161"},
		 "cwt-claim"},
		{{266, "a16161a2"
		       "1903e802"
		       "6a6561725f737461747573"
		       "02"},
		 "cwt-claim"}, /* "ear_status" */
		{{1000, "03"}, "ear-status-word"},
		{{1000, "f6"}, "cwt-claim"},
		{{1002, "6161"}, "cwt-claim"},
		{{1004, NULL}, "ear-verifier"},
		{{1004, "a0"}, "ear-verifier"},
		{{1004, "a1006164"}, "ear-verifier"},
		{{1004, "a2000101"
			"6162"},
		 "cwt-claim"},
		{{1004, "6161"}, "cwt-claim"},
		{{1, "01"}, "cwt-claim"},
		{{2, "4161"}, "cwt-claim"},
		{{3, "01"}, "cwt-claim"},
		{{3, "80"}, "cwt-claim"},
		{{7, "6161"}, "cwt-claim"},
	};
	assert_true(COF_COUNT(cases) >= 60);
	for (size_t i = 0; i < COF_COUNT(cases); i++) {
		COF_AUTO(cof_buf) token = {0};
		cwt_with(&cases[i].change, &token);
		ask a = ask_cwt(&token);
		assert_refused(&a, cases[i].reason, "claims");
	}
}

static void other_shapes_of_a_cwt_are_fine(void **state)
{
	(void)state;
	static const pair cases[] = {
		{4, NULL},
		{6, "1a6b49d23c"},
		{10, "82"
		     "480001020304050607"
		     "50" TOKEN_NONCE},
		{266, "a2"
		      "6161"
		      "a11903e802"
		      "6162"
		      "a11903e802"},
		{266, CPU("00", "a10200")},
		{1000, NULL},
		{1000, "00"},
		{1002, "4101"},
		{3, "8161"
		    "61"},
		{-70000, "a0"},
		{9999, "fb4048000000000000"},
	};
	for (size_t i = 0; i < COF_COUNT(cases); i++) {
		COF_AUTO(cof_buf) token = {0};
		cwt_with(&cases[i], &token);
		ask a = ask_cwt(&token);
		assert_accepted(&a);
	}
}

static void t024_json_names_do_not_stand_in_cbor(void **state)
{
	(void)state;
	static const char *const names[] = {"6a6561725f737461747573", "6a6561722e737461747573", "677375626d6f6473",
					    "6b6561745f70726f66696c65", "4161"};
	for (size_t i = 0; i < COF_COUNT(names); i++) {
		COF_AUTO(cof_buf) payload = {0};
		COF_AUTO(cof_buf) token = {0};
		put_claims(good, COF_COUNT(good), NULL, &payload);
		payload.data[0]++;
		hex_bytes(names[i], &payload);
		hex_bytes("02", &payload);
		sign_cwt(cof_buf_span(&payload), key, &token);
		ask a = ask_cwt(&token);
		assert_refused(&a, "cwt-claim", "claims");
	}
}

static void t079_every_truncation_of_a_cwt(void **state)
{
	(void)state;
	COF_AUTO(cof_buf) token = {0};
	cof_verdict *v = verdict_new();
	cwt_with(NULL, &token);
	ask a = ask_cwt(&token);
	for (size_t n = 0; n < token.len; n++) {
		a.token = cof_span_of(token.data, n);
		assert_ok(verdict_on(&a, v, &err));
		assert_false(v->accepted);
		assert_int_equal(v->checks.list[v->checks.first].stage, COF_STAGE_PARSE);
		assert_null(v->fields);
		cof_verdict_release(v);
	}
	verdict_free(v);
}

/* ---- JWT ---- */

static const char good_json[] =
	"{\"eat_profile\":\"" COF_EAR_PROFILE_IETF "\",\"iat\":1799999990,\"exp\":1800000060,"
	"\"eat_nonce\":\"AAECAwQFBgcICQoLDA0ODw\",\"ear_status\":\"affirming\","
	"\"ear_verifier_id\":{\"developer\":\"d\",\"build\":\"b\"},\"submods\":{\"cpu0\":{"
	"\"ear_status\":\"affirming\",\"ear_trustworthiness_vector\":{\"executables\":2,\"hardware\":2},"
	"\"ear_appraisal_policy_ids\":[\"p\"]}}}";

/* at: names with '/' between; text NULL: the member goes. */
typedef struct edit {
	const char *at, *text;
} edit;

static json_t *edited(const char *base, const edit *e)
{
	json_t *root = NULL;
	assert_ok(cof_json_parse(cof_span_str(base), &root, &err));
	if (e == NULL)
		return root;
	char path[128];
	(void)snprintf(path, sizeof path, "%s", e->at);
	json_t *o = root;
	char *name = path, *slash;
	for (; (slash = strchr(name, '/')) != NULL; name = slash + 1) {
		*slash = '\0';
		o = json_object_get(o, name);
	}
	assert_true(json_is_object(o));
	if (e->text == NULL)
		assert_int_equal(json_object_del(o, name), 0);
	else
		assert_int_equal(json_object_set_new(o, name, json_loads(e->text, JSON_DECODE_ANY, NULL)), 0);
	return root;
}

static void jwt_with(const char *base, const edit *e, cof_buf *ret)
{
	COF_AUTO_PTR(json_t) payload = edited(base, e);
	COF_AUTO_PTR(json_t) header = json_pack("{s:s}", "typ", "JWT");
	assert_ok(cof_jws_sign(key, header, payload, ret, &err));
}

static ask ask_jwt(const cof_buf *token)
{
	return (ask){.kind = "ear-jwt",
		     .role = "token",
		     .token = cof_buf_span(token),
		     .key = key,
		     .policy = TOKEN_POLICY,
		     .now = TOKEN_NOW};
}

static void a_good_jwt(void **state)
{
	(void)state;
	COF_AUTO(cof_buf) token = {0};
	jwt_with(good_json, NULL, &token);
	ask a = ask_jwt(&token);
	assert_accepted(&a);
	a.key = other;
	assert_refused(&a, "token-signature", "signature");
	a.key = key;
	a.policy = "{\"profile\":\"" COF_EAR_PROFILE_COCO "\"}";
	assert_refused(&a, "token-profile", "claims");
	a.token = cof_span_str("e30.e30.e30");
	assert_refused(&a, "token-algorithm", "parse");
	static const char *const no_tokens[] = {"", "e30", "e30.e30", "e30.e30.e30.e30", "!.e30.e30"};
	for (size_t i = 0; i < COF_COUNT(no_tokens); i++) {
		a.token = cof_span_str(no_tokens[i]);
		assert_refused(&a, "token-malformed", "parse");
	}
}

static void t066_one_claim_of_a_jwt_changed(void **state)
{
	(void)state;
	static const struct {
		edit change;
		const char *reason;
	} cases[] = {
		{{"exp", "1800000000"}, "token-expired"},
		{{"exp", "1800000060.0"}, "token-times"},
		{{"exp", "18e8"}, "token-times"},
		{{"exp", "\"1800000060\""}, "token-times"},
		{{"exp", "-1"}, "token-times"},
		{{"iat", NULL}, "token-times"},
		{{"iat", "1800000061"}, "token-not-yet"},
		{{"iat", "true"}, "token-times"},
		{{"nbf", "1800000061"}, "token-not-yet"},
		{{"eat_nonce", NULL}, "token-nonce"},
		{{"eat_nonce", "\"AAECAwQFBgcICQoLDA0ODg\""}, "token-nonce"},
		{{"eat_nonce", "\"AAECAwQFBgcICQoLDA0ODw==\""}, "token-nonce"},
		{{"eat_nonce", "[\"AAECAwQFBgcICQoLDA0ODw\"]"}, "token-nonce-size"},
		{{"eat_nonce", "[\"AAECAwQFBgcICQoLDA0ODw\",\"AA\"]"}, "token-nonce-size"},
		{{"eat_nonce", "7"}, "token-nonce"},
		{{"eat_profile", NULL}, "token-profile"},
		{{"eat_profile", "\"x\""}, "token-profile"},
		{{"eat_profile", "\"" COF_EAR_PROFILE_VERAISON "\""}, "token-dialect"},
		{{"eat_profile", "\"" COF_EAR_PROFILE_COCO "\""}, "token-dialect"},
		{{"eat_profile", "[\"" COF_EAR_PROFILE_IETF "\"]"}, "token-profile"},
		{{"ear.status", "\"affirming\""}, "token-dialect"},
		{{"submods/cpu0/ear.status", "\"affirming\""}, "token-dialect"},
		{{"ear_verifier_id", NULL}, "ear-verifier"},
		{{"ear_verifier_id/build", NULL}, "ear-verifier"},
		{{"ear_verifier_id/developer", "7"}, "ear-verifier"},
		{{"submods", NULL}, "ear-submods"},
		{{"submods", "{}"}, "ear-submods"},
		{{"submods", "[]"}, "ear-submods"},
		{{"submods/cpu0", "[]"}, "ear-submods"},
		{{"submods/cpu0/ear_status", NULL}, "ear-status-word"},
		{{"submods/cpu0/ear_status", "\"Affirming\""}, "ear-status-word"},
		{{"submods/cpu0/ear_status", "2"}, "ear-status-word"},
		{{"submods/cpu0/ear_status", "\"good\""}, "ear-status-word"},
		{{"submods/cpu0/ear_status", "\"warning\""}, "ear-overall"},
		{{"submods/cpu0/ear_trustworthiness_vector", "{}"}, "ear-vector"},
		{{"submods/cpu0/ear_trustworthiness_vector", "7"}, "ear-vector"},
		{{"submods/cpu0/ear_trustworthiness_vector/luck", "2"}, "ear-vector"},
		{{"submods/cpu0/ear_trustworthiness_vector/hardware", "128"}, "ear-vector"},
		{{"submods/cpu0/ear_trustworthiness_vector/hardware", "-129"}, "ear-vector"},
		{{"submods/cpu0/ear_trustworthiness_vector/hardware", "2.0"}, "ear-vector"},
		{{"submods/cpu0/ear_trustworthiness_vector/hardware", "97"}, "ear-status"},
		{{"submods/cpu0/ear_trustworthiness_vector/hardware", "32"}, "ear-status"},
		{{"submods/cpu0/ear_trustworthiness_vector/hardware", "-97"}, "ear-status"},
		{{"submods/cpu0/ear_appraisal_policy_ids", "[]"}, "ear-policies"},
		{{"submods/cpu0/ear_appraisal_policy_ids", "\"p\""}, "ear-policies"},
		{{"submods/cpu0/ear_appraisal_policy_ids", "[1]"}, "ear-policies"},
		{{"ear_status", "\"great\""}, "ear-status-word"},
		{{"ear_status", "2"}, "ear-status-word"},
	};
	for (size_t i = 0; i < COF_COUNT(cases); i++) {
		COF_AUTO(cof_buf) token = {0};
		jwt_with(good_json, &cases[i].change, &token);
		ask a = ask_jwt(&token);
		assert_refused(&a, cases[i].reason, "claims");
	}
}

static const char coco_json[] = "{\"eat_profile\":\"" COF_EAR_PROFILE_COCO "\",\"iat\":1799999990,\"exp\":1800000060,"
				"\"ear.verifier-id\":{\"developer\":\"d\",\"build\":\"b\"},\"submods\":{\"cpu0\":{"
				"\"ear.status\":\"affirming\",\"ear.trustworthiness-vector\":{\"executables\":3},"
				"\"ear.appraisal-policy-id\":\"default\"}}}";

static void t024_the_older_dialect_by_its_profile(void **state)
{
	(void)state;
	static const struct {
		edit change;
		const char *reason;
	} cases[] = {
		{{"exp", NULL}, "token-times"},
		{{"ear_status", "\"affirming\""}, "token-dialect"},
		{{"submods/cpu0/ear_x", "1"}, "token-dialect"},
		{{"submods/cpu0/ear.trustworthiness-vector", NULL}, "ear-vector"},
		{{"submods/cpu0/ear.appraisal-policy-id", "[\"p\"]"}, "ear-policies"},
		{{"submods/cpu0/ear.trustworthiness-vector/executables", "33"}, "ear-status"},
	};
	COF_AUTO(cof_buf) fine = {0};
	cof_verdict *v = verdict_new();
	jwt_with(coco_json, NULL, &fine);
	ask a = ask_jwt(&fine);
	a.policy = NULL;
	assert_accepted(&a);
	assert_ok(verdict_on(&a, v, &err));
	const json_t *cpu = json_object_get(json_object_get(v->fields, "submods"), "cpu0");
	assert_string_equal(json_string_value(json_object_get(cpu, "ear_status")), "affirming");
	verdict_free(v);
	for (size_t i = 0; i < COF_COUNT(cases); i++) {
		COF_AUTO(cof_buf) token = {0};
		jwt_with(coco_json, &cases[i].change, &token);
		a.token = cof_buf_span(&token);
		assert_refused(&a, cases[i].reason, "claims");
	}
}

/* ---- claims alone ---- */

static ask ask_claims(cof_span claims)
{
	return (ask){.kind = "ear-claims", .role = "claims", .token = claims, .now = TOKEN_NOW};
}

static void claims_are_decoded_and_no_more(void **state)
{
	(void)state;
	COF_AUTO(cof_buf) cbor = {0};
	cof_verdict *v = verdict_new();
	put_claims(good, COF_COUNT(good), NULL, &cbor);
	ask a = ask_claims(cof_buf_span(&cbor));
	assert_accepted(&a);
	a.now = TOKEN_NOW + 100000; /* dates are not judged */
	assert_accepted(&a);
	a = ask_claims(cof_span_str(good_json));
	assert_accepted(&a);
	assert_ok(verdict_on(&a, v, &err));
	assert_true(v->decoded_only);
	verdict_free(v);
}

static void claims_that_do_not_decode(void **state)
{
	(void)state;
	static const struct {
		const char *text, *reason, *stage;
	} cases[] = {{"", "json-malformed", "parse"},	      {"[]", "ear-malformed", "parse"},
		     {"{}", "token-profile", "claims"},	      {"{\"a\":1,\"a\":2}", "json-malformed", "parse"},
		     {"{} {}", "json-malformed", "parse"},    {"\xa0", "token-profile", "claims"},
		     {"\xa1\x04", "cbor-malformed", "parse"}, {"\xbf\xff", "cbor-malformed", "parse"},
		     {"\xa1\x04\xf6", "cwt-claim", "claims"}};
	for (size_t i = 0; i < COF_COUNT(cases); i++) {
		ask a = ask_claims(cof_span_str(cases[i].text));
		assert_refused(&a, cases[i].reason, cases[i].stage);
	}
	COF_AUTO(cof_buf) large = {0};
	for (size_t i = 0; i < 16385; i++)
		assert_ok(cof_buf_add_str(&large, "                ", &err));
	ask a = ask_claims(cof_buf_span(&large));
	assert_refused(&a, "token-too-large", "parse");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_good_cwt),
		cmocka_unit_test(t066_one_claim_of_a_cwt_changed),
		cmocka_unit_test(other_shapes_of_a_cwt_are_fine),
		cmocka_unit_test(t024_json_names_do_not_stand_in_cbor),
		cmocka_unit_test(t079_every_truncation_of_a_cwt),
		cmocka_unit_test(a_good_jwt),
		cmocka_unit_test(t066_one_claim_of_a_jwt_changed),
		cmocka_unit_test(t024_the_older_dialect_by_its_profile),
		cmocka_unit_test(claims_are_decoded_and_no_more),
		cmocka_unit_test(claims_that_do_not_decode),
	};
	return cmocka_run_group_tests(tests, make_keys, drop_keys);
}
