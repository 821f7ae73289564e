/* SPDX-License-Identifier: Apache-2.0 */
/* TDX quotes beside reference values: each condition of each field wrong once, on either side. */
#include "tests/unit/verify/soft_tdx.h"

#include "tests/unit/refvalue/references.h"

static soft_tdx keys;
static EVP_PKEY *author;

typedef struct bench {
	soft_tdx t;
	cof_facts facts; /* of the good one */
	cof_verdict v;
} bench;

static bench b; /* too large for a frame */

enum { MORE_MAX = 4 };

/* Against these, too; NULL: nothing. */
static void judge(const cof_buf *ref, const cof_buf *key, const char *policy)
{
	cof_role_file files[SOFT_FILES_MAX + MORE_MAX];
	const cof_kind *kind = NULL;
	COF_AUTO_PTR(json_t) words = policy == NULL ? NULL : json_loads(policy, 0, NULL);
	size_t n = soft_files(&b.t, files);
	if (ref != NULL)
		files[n++] = (cof_role_file){"ref", cof_buf_span(ref)};
	if (key != NULL)
		files[n++] = (cof_role_file){"ref_key", cof_buf_span(key)};
	const cof_verify_in in = {.files = files, .n_files = n, .policy = words, .now = SOFT_NOW};
	cof_verdict_release(&b.v);
	assert_ok(cof_kind_find("tdx-quote", &kind, &err));
	assert_ok(cof_verify(kind, &in, &b.v, &err));
}

static void take_facts(void)
{
	static cof_verdict v;
	cof_role_file files[SOFT_FILES_MAX];
	COF_AUTO_PTR(cof_tdx_verified) tdx = NULL;
	size_t n = soft_files(&b.t, files);
	const cof_verify_in in = {.files = files, .n_files = n, .policy = NULL, .now = SOFT_NOW};
	assert_ok(cof_tdx_verify(&in, &v, &tdx, &err));
	assert_non_null(tdx);
	cof_facts_tdx(tdx, &b.facts);
	cof_verdict_release(&v);
}

static void set_up_quote(void)
{
	soft_drop(&b.t);
	soft_start(&b.t, &keys);
	soft_finish(&b.t);
	take_facts();
}

/* Takes the entry. */
static void judge_entry(cof_rim_entry *e, const char *policy)
{
	COF_AUTO(cof_buf) corim = {0};
	COF_AUTO(cof_buf) pem = {0};
	sign_entry(e, author, &corim);
	pem_public(author, &pem);
	judge(&corim, &pem, policy);
}

static void assert_match(void)
{
	if (!b.v.accepted)
		fail_msg("refused by %s", b.v.checks.list[b.v.checks.first].name);
	assert_int_equal(b.v.appraisal, COF_APPRAISED_MATCH);
}

static void what_a_quote_says_matches(void **state)
{
	(void)state;
	set_up_quote();
	assert_string_equal((const char *)b.facts.value[COF_RIM_TCB_STATUS], "UpToDate");
	cof_rim_entry e = entry_of(&b.facts, COF_RIM_FIELDS);
	assert_int_equal(e.launch.n, COF_RIM_FIELDS - COF_RIM_TDX_FIRST);
	judge_entry(&e, NULL);
	assert_match();
	assert_string_equal(b.v.tcb_status, "UpToDate");
	judge(NULL, NULL, NULL);
	assert_true(b.v.accepted && b.v.appraisal == COF_NOT_APPRAISED);
}

static void t007_each_field_of_a_reference_counts(void **state)
{
	(void)state;
	set_up_quote();
	for (cof_rim_field f = COF_RIM_TDX_FIRST; f < COF_RIM_FIELDS; f++) {
		cof_rim_entry e = entry_of(&b.facts, f);
		demand_other(&e, f, &b.facts);
		judge_entry(&e, NULL);
		assert_differs(&b.v, f);
	}
}

static void t007_each_field_of_a_quote_counts(void **state)
{
	(void)state;
	static const struct {
		size_t at;
		cof_rim_field field;
	} places[] = {
		{AT_MR_TD, COF_RIM_MRTD},
		{AT_MR_TD + 47, COF_RIM_MRTD},
		{AT_RTMR, COF_RIM_RTMR0},
		{AT_RTMR + 48, COF_RIM_RTMR1},
		{AT_RTMR + 96, COF_RIM_RTMR2},
		{AT_RTMR + 191, COF_RIM_RTMR3},
		{AT_MR_CONFIG_ID, COF_RIM_MRCONFIGID},
		{AT_MR_OWNER, COF_RIM_MROWNER},
		{AT_MR_OWNER_CONFIG + 47, COF_RIM_MROWNERCONFIG},
		{AT_ATTRIBUTES + 8, COF_RIM_XFAM},
		{AT_REPORT_DATA + 63, COF_RIM_TD_REPORT_DATA},
		{AT_SVN + 15, COF_RIM_TEE_TCB_SVN},
	};
	set_up_quote();
	const cof_facts good = b.facts;
	for (size_t i = 0; i < COF_COUNT(places); i++) {
		soft_drop(&b.t);
		soft_start(&b.t, &keys);
		b.t.body.data[places[i].at] ^= 1;
		soft_finish(&b.t);
		cof_rim_entry e = entry_of(&good, COF_RIM_FIELDS);
		judge_entry(&e, NULL);
		assert_differs(&b.v, places[i].field);
	}
}

/* Each of the sixteen by itself. */
static void t020_svns_are_compared_one_by_one(void **state)
{
	(void)state;
	set_up_quote();
	for (size_t i = 0; i < 17; i++) {
		uint8_t svns[16];
		memcpy(svns, b.facts.value[COF_RIM_TEE_TCB_SVN], sizeof svns);
		if (i < 16)
			svns[i]++;
		cof_rim_entry e = launch_of(&b.facts, "launch");
		assert_ok(cof_rim_demand(&e, COF_RIM_TEE_TCB_SVN, COF_RIM_AT_LEAST, cof_span_of(svns, sizeof svns),
					 &err));
		judge_entry(&e, NULL);
		if (i == 16)
			assert_match();
		else
			assert_differs(&b.v, COF_RIM_TEE_TCB_SVN);
	}
	static const uint8_t none[16];
	cof_rim_entry e = launch_of(&b.facts, "launch");
	assert_ok(cof_rim_demand(&e, COF_RIM_TEE_TCB_SVN, COF_RIM_AT_LEAST, cof_span_of(none, sizeof none), &err));
	judge_entry(&e, NULL);
	assert_match();
}

static void sets_and_masks(void **state)
{
	(void)state;
	uint8_t digests[3 * 48] = {0}, masked[16] = {[0] = 0, [8] = 1};
	char words[3 * 32] = "OutOfDate";
	set_up_quote();
	memcpy(digests + 48, b.facts.value[COF_RIM_MRTD], 48);
	memcpy(words + 32, "UpToDate", 9);
	memcpy(words + 64, "Revoked", 8);
	cof_rim_entry e = {.tee = COF_RIM_TDX};
	assert_ok(cof_rim_entry_name(&e, cof_span_str("set"), &err));
	assert_ok(cof_rim_demand(&e, COF_RIM_MRTD, COF_RIM_IS, cof_span_of(digests, sizeof digests), &err));
	assert_ok(cof_rim_demand(&e, COF_RIM_TCB_STATUS, COF_RIM_IS, cof_span_of(words, sizeof words), &err));
	assert_ok(cof_rim_demand(&e, COF_RIM_TD_ATTRIBUTES, COF_RIM_MASKED, cof_span_of(masked, sizeof masked), &err));
	judge_entry(&e, NULL);
	assert_match();
	/* DEBUG, which the policy of the verifier allows and the reference does not */
	soft_drop(&b.t);
	soft_start(&b.t, &keys);
	b.t.body.data[AT_ATTRIBUTES] |= 1;
	soft_finish(&b.t);
	e = launch_of(&b.facts, "launch");
	assert_ok(cof_rim_demand(&e, COF_RIM_TD_ATTRIBUTES, COF_RIM_MASKED, cof_span_of(masked, sizeof masked), &err));
	judge_entry(&e, "{\"allow_debug\":true}");
	assert_differs(&b.v, COF_RIM_TD_ATTRIBUTES);
	set_up_quote();
	digests[48] ^= 1;
	e = (cof_rim_entry){.tee = COF_RIM_TDX};
	assert_ok(cof_rim_entry_name(&e, cof_span_str("set"), &err));
	assert_ok(cof_rim_demand(&e, COF_RIM_MRTD, COF_RIM_IS, cof_span_of(digests, sizeof digests), &err));
	judge_entry(&e, NULL);
	assert_differs(&b.v, COF_RIM_MRTD);
	assert_non_null(strstr(check_called(&b.v, "reference-mrtd")->expected, "one of 3: 0000"));
}

/* SNP's values say nothing of a quote. */
static void another_tee_s_values(void **state)
{
	(void)state;
	set_up_quote();
	cof_facts snp = {.tee = COF_RIM_SNP};
	snp.stated[COF_RIM_MEASUREMENT] = true;
	memcpy(snp.value[COF_RIM_MEASUREMENT], b.facts.value[COF_RIM_MRTD], 48);
	cof_rim_entry e = launch_of(&snp, "launch");
	judge_entry(&e, NULL);
	assert_false(b.v.accepted);
	assert_string_equal(check_called(&b.v, "reference-mismatch")->found, "none of this class");
}

static void t077_authors_speak_for_their_classes(void **state)
{
	(void)state;
	static const char *const classes[] = {"[" VCEK_CLASS "," TD_CLASS "]", "[" VCEK_CLASS "]"};
	set_up_quote();
	for (size_t i = 0; i < COF_COUNT(classes); i++) {
		COF_AUTO(cof_buf) corim = {0};
		COF_AUTO(cof_buf) authors = {0};
		cof_rim_entry e = launch_of(&b.facts, "launch");
		sign_entry(&e, author, &corim);
		authors_of(author, classes[i], "", &authors);
		judge(&corim, &authors, NULL);
		if (i == 0)
			assert_match();
		else
			assert_string_equal(b.v.checks.list[b.v.checks.first].name, "reference-author");
	}
}

static void t007_refused_evidence_matches_nothing(void **state)
{
	(void)state;
	set_up_quote();
	cof_rim_entry e = launch_of(&b.facts, "launch");
	judge_entry(&e, "{\"rtmr0\":\""
			"11111111111111111111111111111111111111111111111111111111111111111111111111111111"
			"1111111111111111\"}");
	assert_false(b.v.accepted);
	assert_int_equal(b.v.appraisal, COF_APPRAISED_NO_MATCH);
	assert_false(was_checked(&b.v, "reference-mismatch"));
}

static int make_all(void **state)
{
	(void)state;
	soft_keys(&keys);
	author = EVP_EC_gen("P-384");
	return 0;
}

static int drop_all(void **state)
{
	(void)state;
	cof_verdict_release(&b.v);
	soft_drop(&b.t);
	soft_drop(&keys);
	EVP_PKEY_free(author);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(t007_each_field_of_a_reference_counts),
		cmocka_unit_test(t007_each_field_of_a_quote_counts),
		cmocka_unit_test(t007_refused_evidence_matches_nothing),
		cmocka_unit_test(t020_svns_are_compared_one_by_one),
		cmocka_unit_test(t077_authors_speak_for_their_classes),
		cmocka_unit_test(another_tee_s_values),
		cmocka_unit_test(sets_and_masks),
		cmocka_unit_test(what_a_quote_says_matches),
	};
	return cmocka_run_group_tests(tests, make_all, drop_all);
}
