/* SPDX-License-Identifier: Apache-2.0 */
/* Kind corim-appraisal: a report and a manifest, and two answers. */
#include "tests/unit/refvalue/snp_bench.h"

#include "attestation/token/jws.h"

static void jwk_file(EVP_PKEY *key, cof_buf *ret)
{
	COF_AUTO_PTR(json_t) jwk = NULL;
	assert_ok(cof_jwk_of(key, &jwk, &err));
	assert_ok(cof_json_dump(jwk, ret, &err));
}

static void judge_manifest(cof_rim_entry *e, const cof_buf *authors)
{
	COF_AUTO(cof_buf) corim = {0};
	COF_AUTO(cof_buf) jwk = {0};
	sign_entry(e, author, &corim);
	jwk_file(author, &jwk);
	b.n_more = 0;
	give("corim", &corim);
	give("key", &jwk);
	if (authors != NULL)
		give("authors", authors);
	judge("corim-appraisal");
	b.n_more = 0;
}

static void no_match_is_no_yes(void **state)
{
	(void)state;
	COF_AUTO_PTR(json_t) yes = NULL;
	COF_AUTO_PTR(json_t) no = NULL;
	const cof_kind *kind = NULL;
	set_up_report();
	assert_ok(cof_kind_find("corim-appraisal", &kind, &err));
	cof_rim_entry e = launch_of(&b.facts, "launch");
	judge_manifest(&e, NULL);
	assert_true(b.v.accepted && b.v.appraisal == COF_APPRAISED_MATCH);
	assert_ok(cof_verdict_json(kind, &b.v, &yes, &err));
	assert_string_equal(json_string_value(json_object_get(yes, "appraisal")), "match");
	assert_true(json_is_null(json_object_get(yes, "reason")));
	e = entry_of(&b.facts, COF_RIM_MEASUREMENT);
	demand_other(&e, COF_RIM_MEASUREMENT, &b.facts);
	judge_manifest(&e, NULL);
	assert_true(cof_checks_passed(&b.v.checks));
	assert_true(!b.v.accepted && b.v.appraisal == COF_APPRAISED_NO_MATCH);
	assert_ok(cof_verdict_json(kind, &b.v, &no, &err));
	assert_string_equal(json_string_value(json_object_get(no, "verdict")), "valid");
	assert_string_equal(json_string_value(json_object_get(no, "appraisal")), "no-match");
	assert_string_equal(json_string_value(json_object_get(no, "reason")), "reference-mismatch");
}

/* The certificate may be newer than the day that is asked for, and never older than it lasts. */
static void the_chain_s_time(void **state)
{
	(void)state;
	set_up_report();
	const cof_facts facts = b.facts;
	for (int i = 0; i < 3; i++) {
		soft_drop(&b.s);
		make_report(&b.s);
		b.s.vek.from = i == 0 ? 500 : -1000;
		b.s.vek.to = i == 1 ? -1 : 1000;
		b.s.root.from = i == 2 ? 500 : -1000;
		soft_make(&b.s);
		cof_rim_entry e = launch_of(&facts, "launch");
		judge_manifest(&e, NULL);
		if (i == 0)
			assert_true(b.v.accepted);
		else
			assert_reason(i == 1 ? "vek-validity" : "root-validity");
	}
}

static void t077_authors_of_a_manifest(void **state)
{
	(void)state;
	COF_AUTO(cof_buf) fine = {0};
	COF_AUTO(cof_buf) other_class = {0};
	COF_AUTO(cof_buf) other_key = {0};
	set_up_report();
	authors_of(author, "[" VCEK_CLASS "]", "", &fine);
	authors_of(author, "[" VLEK_CLASS "]", "", &other_class);
	authors_of(stranger, "[" VCEK_CLASS "]", "", &other_key);
	cof_rim_entry e = launch_of(&b.facts, "launch");
	judge_manifest(&e, &fine);
	assert_true(b.v.accepted);
	e = launch_of(&b.facts, "launch");
	judge_manifest(&e, &other_class);
	assert_reason("reference-author");
	e = launch_of(&b.facts, "launch");
	judge_manifest(&e, &other_key);
	assert_reason("cose-algorithm");
}

/* Nobody's manifest, and no manifest at all. */
static void t077_a_manifest_is_signed(void **state)
{
	(void)state;
	COF_AUTO(cof_buf) corim = {0};
	COF_AUTO(cof_buf) jwk = {0};
	COF_AUTO(cof_buf) garbage = {0};
	COF_AUTO(cof_rim) rim = {0};
	set_up_report();
	jwk_file(author, &jwk);
	cof_rim_entry e = launch_of(&b.facts, "launch");
	assert_ok(cof_rim_set_id(&rim, cof_span_str("guest"), &err));
	assert_ok(cof_rim_add(&rim, &e, &err));
	assert_ok(cof_corim_write(&rim, COF_RIM_SNP, &corim, &err));
	assert_ok(cof_buf_add_str(&garbage, "{}", &err));
	give("corim", &corim);
	give("key", &jwk);
	judge("corim-appraisal");
	assert_reason("corim-unsigned");
	b.more[0].bytes = cof_buf_span(&garbage);
	judge("corim-appraisal");
	assert_reason("corim-malformed");
	b.more[1].bytes = cof_buf_span(&garbage);
	judge("corim-appraisal");
	assert_reason("jwk-malformed");
	b.n_more = 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(t077_authors_of_a_manifest),
		cmocka_unit_test(t077_a_manifest_is_signed),
		cmocka_unit_test(no_match_is_no_yes),
		cmocka_unit_test(the_chain_s_time),
	};
	return cmocka_run_group_tests(tests, make_all, drop_all);
}
