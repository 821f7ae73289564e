/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/test.h"

#include "attestation/token/claims_policy.h"

#define HEAD "{\"format\":\"coffer-release-policy/1\",\"rules\":["
#define TAIL "]}"
#define RULE(resource, require) "{\"resource\":\"" resource "\",\"require\":" require "}"
#define TPM_OK "{\"tee\":[\"tpm\"],\"status\":\"affirming\"}"

static const cof_kbsp_path demo = {"default", "image-key", "demo"};

static cof_release_policy *policy(const char *text)
{
	cof_release_policy *p = NULL;
	assert_ok(cof_release_policy_parse(cof_span_str(text), &p, &err));
	return p;
}

static json_t *claims_of(const char *tee, const char *status)
{
	return json_pack("{s:{s:{s:s, s:{s:{s:s, s:b, s:i, s:{s:s}}, s:s}}}}", "submods", "cpu0", "ear.status", status,
			 "ear.veraison.annotated-evidence", tee, "pcr08", "aa", "eventlog", 1, "svn", 3, "deep", "er",
			 "x", "init_data", "bb");
}

static int judge(const char *text, const char *tee, const char *status, const cof_kbsp_path *path)
{
	COF_AUTO_PTR(cof_release_policy) p = policy(text);
	COF_AUTO_PTR(json_t) claims = claims_of(tee, status);
	bool named = false;
	return cof_release_policy_judge(p, path, claims, &named, NULL);
}

static void t007_only_one_cell_of_the_matrix_releases(void **state)
{
	(void)state;
	static const char *const policies[] = {HEAD TAIL, HEAD RULE("default/image-key/other", TPM_OK) TAIL,
					       HEAD RULE("*/*/*", TPM_OK) TAIL};
	static const char *const statuses[] = {"affirming", "none", "warning", "contraindicated", "sample"};
	static const char *const tees[] = {"tpm", "snp", "sample", "init_data_claims"};
	for (size_t p = 0; p < COF_COUNT(policies); p++)
		for (size_t s = 0; s < COF_COUNT(statuses); s++)
			for (size_t t = 0; t < COF_COUNT(tees); t++)
				assert_int_equal(judge(policies[p], tees[t], statuses[s], &demo) == 0,
						 p == 2 && s == 0 && t == 0);
}

static void t007_malformed_policies(void **state)
{
	(void)state;
	static const char *const bad[] = {
		"",
		"[]",
		"{}",
		"{\"format\":\"coffer-release-policy/2\",\"rules\":[]}",
		"{\"format\":\"coffer-release-policy/1\"}",
		"{\"format\":\"coffer-release-policy/1\",\"rules\":[],\"default\":\"allow\"}",
		"{\"format\":\"coffer-release-policy/1\",\"rules\":{}}",
		HEAD "1" TAIL,
		HEAD "{}" TAIL,
		HEAD "{\"resource\":\"a/b/c\"}" TAIL,
		HEAD "{\"resource\":\"a/b/c\",\"require\":{}}" TAIL,
		HEAD RULE("a/b/c", "{\"tee\":[\"tpm\"]}") TAIL,
		HEAD RULE("a/b/c", "{\"status\":\"affirming\"}") TAIL,
		HEAD RULE("a/b/c", "{\"tee\":[],\"status\":\"affirming\"}") TAIL,
		HEAD RULE("a/b/c", "{\"tee\":\"tpm\",\"status\":\"affirming\"}") TAIL,
		HEAD RULE("a/b/c", "{\"tee\":[\"sample\"],\"status\":\"affirming\"}") TAIL,
		HEAD RULE("a/b/c", "{\"tee\":[7],\"status\":\"affirming\"}") TAIL,
		HEAD RULE("a/b/c", "{\"tee\":[\"tpm\"],\"status\":\"none\"}") TAIL,
		HEAD RULE("a/b/c", "{\"tee\":[\"tpm\"],\"status\":\"contraindicated\"}") TAIL,
		HEAD RULE("a/b/c", "{\"tee\":[\"tpm\"],\"status\":\"affirming\",\"svn\":1}") TAIL,
		HEAD RULE("a/b/c", "{\"tee\":[\"tpm\"],\"status\":\"affirming\",\"claims\":{}}") TAIL,
		HEAD "{\"resource\":\"a/b/c\",\"require\":" TPM_OK ",\"unless\":[]}" TAIL,
		HEAD RULE("a/b", TPM_OK) TAIL,
		HEAD RULE("a/b/c/d", TPM_OK) TAIL,
		HEAD RULE("a//c", TPM_OK) TAIL,
		HEAD RULE("a/b/", TPM_OK) TAIL,
		HEAD RULE("/a/b/c", TPM_OK) TAIL,
		HEAD RULE("a/b/.c", TPM_OK) TAIL,
		HEAD RULE("a/b/c*", TPM_OK) TAIL,
		HEAD RULE("**/b/c", TPM_OK) TAIL,
		HEAD RULE("a/b/c d", TPM_OK) TAIL,
		HEAD RULE("a/b/c", TPM_OK) ",{}" TAIL,
	};
	for (size_t i = 0; i < COF_COUNT(bad); i++) {
		cof_release_policy *p = NULL;
		assert_fails(cof_release_policy_parse(cof_span_str(bad[i]), &p, &err), "policy-malformed");
	}
}

#define CLAIM(c) HEAD RULE("*/*/*", "{\"tee\":[\"tpm\"],\"status\":\"affirming\",\"claims\":[" c "]}") TAIL

static void t007_malformed_claims(void **state)
{
	(void)state;
	static const char *const bad[] = {
		CLAIM("1"),
		CLAIM("{}"),
		CLAIM("{\"path\":\"/a\"}"),
		CLAIM("{\"path\":\"a\",\"equals\":1}"),
		CLAIM("{\"path\":\"\",\"equals\":1}"),
		CLAIM("{\"path\":\"/a\",\"equals\":1,\"one-of\":[1]}"),
		CLAIM("{\"path\":\"/a\",\"equals\":null}"),
		CLAIM("{\"path\":\"/a\",\"equals\":1.0}"),
		CLAIM("{\"path\":\"/a\",\"equals\":{}}"),
		CLAIM("{\"path\":\"/a\",\"one-of\":[]}"),
		CLAIM("{\"path\":\"/a\",\"one-of\":[null]}"),
		CLAIM("{\"path\":\"/a\",\"one-of\":1}"),
		CLAIM("{\"path\":\"/a\",\"equals\":1,\"or\":2}"),
	};
	for (size_t i = 0; i < COF_COUNT(bad); i++) {
		cof_release_policy *p = NULL;
		assert_fails(cof_release_policy_parse(cof_span_str(bad[i]), &p, &err), "policy-malformed");
	}
}

/* As much as there is room for, and one more: of claims, and of bytes around a policy that is a good one. */
static void t007_more_than_there_is_room_for(void **state)
{
	(void)state;
	for (size_t more = 0; more < 2; more++) {
		COF_AUTO(cof_buf) b = {0};
		COF_AUTO(cof_buf) blank = {0};
		COF_AUTO_PTR(cof_release_policy) claims = NULL;
		COF_AUTO_PTR(cof_release_policy) file = NULL;
		const char *good = HEAD RULE("a/b/c", TPM_OK) TAIL;
		assert_ok(cof_buf_add_str(&b, HEAD "{\"resource\":\"a/b/c\",\"require\":{\"tee\":[\"tpm\"],", &err));
		assert_ok(cof_buf_add_str(&b, "\"status\":\"affirming\",\"claims\":[", &err));
		for (size_t i = 0; i < COF_RELEASE_CLAIMS_MAX + more; i++)
			assert_ok(cof_buf_printf(&b, &err, "%s{\"path\":\"/a\",\"equals\":%zu}", i > 0 ? "," : "", i));
		assert_ok(cof_buf_add_str(&b, "]}}" TAIL, &err));
		assert_int_equal(cof_release_policy_parse(cof_buf_span(&b), &claims, NULL) < 0, more == 1);
		assert_ok(cof_buf_reserve(&blank, COF_RELEASE_FILE_MAX + 1, &err));
		memset(blank.data, ' ', COF_RELEASE_FILE_MAX + 1);
		memcpy(blank.data, good, strlen(good));
		blank.len = COF_RELEASE_FILE_MAX + more;
		assert_int_equal(cof_release_policy_parse(cof_buf_span(&blank), &file, NULL) < 0, more == 1);
	}
}

static void t007_claims_hold_exactly_or_not_at_all(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		bool holds;
	} cases[] = {
		{CLAIM("{\"path\":\"/tpm/pcr08\",\"equals\":\"aa\"}"), true},
		{CLAIM("{\"path\":\"/tpm/pcr08\",\"equals\":\"AA\"}"), false},
		{CLAIM("{\"path\":\"/tpm/pcr08\",\"equals\":\"a\"}"), false},
		{CLAIM("{\"path\":\"/tpm/pcr09\",\"equals\":\"aa\"}"), false},
		{CLAIM("{\"path\":\"/tpm/pcr08/\",\"equals\":\"aa\"}"), false},
		{CLAIM("{\"path\":\"/tpm\",\"equals\":\"aa\"}"), false},
		{CLAIM("{\"path\":\"/init_data\",\"one-of\":[\"aa\",\"bb\"]}"), true},
		{CLAIM("{\"path\":\"/init_data\",\"one-of\":[\"aa\",\"cc\"]}"), false},
		{CLAIM("{\"path\":\"/tpm/eventlog\",\"equals\":true}"), true},
		{CLAIM("{\"path\":\"/tpm/eventlog\",\"equals\":\"true\"}"), false},
		{CLAIM("{\"path\":\"/tpm/eventlog\",\"equals\":1}"), false},
		{CLAIM("{\"path\":\"/tpm/svn\",\"equals\":3}"), true},
		{CLAIM("{\"path\":\"/tpm/svn\",\"equals\":\"3\"}"), false},
		{CLAIM("{\"path\":\"/tpm/deep/er\",\"equals\":\"x\"}"), true},
		{CLAIM("{\"path\":\"/init_data\",\"equals\":\"bb\"},{\"path\":\"/tpm/svn\",\"equals\":4}"), false},
	};
	for (size_t i = 0; i < COF_COUNT(cases); i++)
		assert_int_equal(judge(cases[i].text, "tpm", "affirming", &demo) == 0, cases[i].holds);
}

static void paths_and_wildcards(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		bool holds;
	} cases[] = {
		{HEAD RULE("default/image-key/demo", TPM_OK) TAIL, true},
		{HEAD RULE("default/image-key/*", TPM_OK) TAIL, true},
		{HEAD RULE("*/image-key/demo", TPM_OK) TAIL, true},
		{HEAD RULE("default/image-key/dem", TPM_OK) TAIL, false},
		{HEAD RULE("default/image-key/demo2", TPM_OK) TAIL, false},
		{HEAD RULE("other/image-key/*", TPM_OK) TAIL, false},
		{HEAD RULE("a/b/c", TPM_OK) "," RULE("default/*/demo", TPM_OK) TAIL, true},
	};
	for (size_t i = 0; i < COF_COUNT(cases); i++)
		assert_int_equal(judge(cases[i].text, "tpm", "affirming", &demo) == 0, cases[i].holds);
}

static void t024_status_and_evidence_of_every_part(void **state)
{
	(void)state;
	COF_AUTO_PTR(cof_release_policy) p = policy(HEAD RULE("*/*/*", TPM_OK) TAIL);
	bool named = false;
	COF_AUTO_PTR(json_t) claims = claims_of("tpm", "affirming");
	json_t *submods = json_object_get(claims, "submods");
	assert_ok(cof_release_policy_judge(p, &demo, claims, &named, &err));
	(void)json_object_set_new(submods, "gpu0", json_pack("{s:s}", "ear.status", "warning"));
	assert_fails(cof_release_policy_judge(p, &demo, claims, &named, &err), "policy-denied");
	(void)json_object_set_new(submods, "gpu0", json_object());
	assert_fails(cof_release_policy_judge(p, &demo, claims, &named, &err), "policy-denied");
	(void)json_object_del(submods, "gpu0");
	json_t *evidence = json_object_get(json_object_get(submods, "cpu0"), "ear.veraison.annotated-evidence");
	(void)json_object_set_new(evidence, "snp", json_object()); /* evidence of two TEEs is evidence of none */
	assert_fails(cof_release_policy_judge(p, &demo, claims, &named, &err), "policy-denied");
	COF_AUTO_PTR(json_t) empty = json_object();
	assert_fails(cof_release_policy_judge(p, &demo, empty, &named, &err), "policy-denied");
}

static void t024_evidence_of_two_tees_is_of_none(void **state)
{
	(void)state;
	static const char text[] = HEAD RULE("*/*/*", "{\"tee\":[\"tpm\",\"snp\"],\"status\":\"affirming\"}") TAIL;
	COF_AUTO_PTR(cof_release_policy) p = policy(text);
	COF_AUTO_PTR(json_t) claims = claims_of("tpm", "affirming");
	bool named = false;
	assert_ok(cof_release_policy_judge(p, &demo, claims, &named, &err));
	json_t *cpu = json_object_get(json_object_get(claims, "submods"), "cpu0");
	(void)json_object_set_new(json_object_get(cpu, "ear.veraison.annotated-evidence"), "snp", json_object());
	assert_fails(cof_release_policy_judge(p, &demo, claims, &named, &err), "policy-denied");
}

static void warning_is_enough_only_where_asked(void **state)
{
	(void)state;
	static const char text[] = HEAD RULE("*/*/*", "{\"tee\":[\"tpm\",\"snp\"],\"status\":\"warning\"}") TAIL;
	assert_int_equal(judge(text, "tpm", "warning", &demo), 0);
	assert_int_equal(judge(text, "snp", "affirming", &demo), 0);
	assert_true(judge(text, "tpm", "contraindicated", &demo) < 0);
	assert_true(judge(text, "tpm", "none", &demo) < 0);
	assert_true(judge(text, "tdx", "affirming", &demo) < 0);
}

static void whether_a_rule_names_the_path(void **state)
{
	(void)state;
	COF_AUTO_PTR(cof_release_policy) p = policy(HEAD RULE("default/image-key/*", TPM_OK) TAIL);
	COF_AUTO_PTR(json_t) claims = claims_of("tpm", "contraindicated");
	bool named = false;
	const cof_kbsp_path other = {"default", "secret", "x"};
	assert_fails(cof_release_policy_judge(p, &demo, claims, &named, &err), "policy-denied");
	assert_true(named);
	assert_fails(cof_release_policy_judge(p, &other, claims, &named, &err), "policy-denied");
	assert_false(named);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(t007_only_one_cell_of_the_matrix_releases),
		cmocka_unit_test(t007_malformed_policies),
		cmocka_unit_test(t007_malformed_claims),
		cmocka_unit_test(t007_more_than_there_is_room_for),
		cmocka_unit_test(t007_claims_hold_exactly_or_not_at_all),
		cmocka_unit_test(paths_and_wildcards),
		cmocka_unit_test(t024_status_and_evidence_of_every_part),
		cmocka_unit_test(t024_evidence_of_two_tees_is_of_none),
		cmocka_unit_test(warning_is_enough_only_where_asked),
		cmocka_unit_test(whether_a_rule_names_the_path),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
