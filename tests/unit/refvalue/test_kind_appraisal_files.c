/* SPDX-License-Identifier: Apache-2.0 */
/* SNP reports beside reference values: which entries of which files count, and by whose word. */
#include "tests/unit/refvalue/snp_bench.h"

#include "common/hex.h"

/* ---- entries ---- */

static void sign_two(cof_rim_entry *x, cof_rim_entry *y, cof_buf *ret)
{
	COF_AUTO(cof_rim) rim = {0};
	assert_ok(cof_rim_add(&rim, x, &err));
	assert_ok(cof_rim_add(&rim, y, &err));
	sign_rim(&rim, COF_RIM_SNP, author, 0, ret);
}

/* Conditions do not add up across entries: the one has the right measurement, the other the right TCB. */
static void t077_entries_are_alternatives(void **state)
{
	(void)state;
	COF_AUTO(cof_buf) corim = {0};
	COF_AUTO(cof_buf) pem = {0};
	set_up_report();
	cof_rim_entry x = entry_of(&b.facts, COF_RIM_MEASUREMENT), y = launch_of(&b.facts, "other");
	demand_other(&x, COF_RIM_MEASUREMENT, &b.facts);
	demand_other(&y, COF_RIM_HOST_DATA, &b.facts);
	demand_other(&y, COF_RIM_GUEST_SVN, &b.facts);
	sign_two(&x, &y, &corim);
	give("ref", &corim);
	give_key(author, &pem);
	judge("snp-report");
	assert_differs(&b.v, COF_RIM_MEASUREMENT); /* the nearest: one condition of many is wrong */
	assert_non_null(strstr(check_called(&b.v, "reference-mismatch")->found, "'launch'"));
	assert_non_null(strstr(check_called(&b.v, "reference-mismatch")->expected, "one of 2 entries"));
}

static void t077_the_second_entry_and_the_second_file_count(void **state)
{
	(void)state;
	COF_AUTO(cof_buf) first = {0};
	COF_AUTO(cof_buf) second = {0};
	COF_AUTO(cof_buf) third = {0};
	COF_AUTO(cof_buf) pem = {0};
	set_up_report();
	cof_rim_entry x = launch_of(&b.facts, "wrong"), y = launch_of(&b.facts, "right"), z = launch_of(&b.facts, "z"),
		      u = launch_of(&b.facts, "u");
	demand_other(&x, COF_RIM_GUEST_SVN, &b.facts);
	demand_other(&z, COF_RIM_VMPL, &b.facts);
	sign_two(&x, &y, &first);
	sign_entry(&z, author, &second);
	sign_entry(&u, author, &third);
	give("ref", &second);
	give_key(author, &pem);
	judge("snp-report");
	assert_differs(&b.v, COF_RIM_VMPL);
	give("ref", &first);
	judge("snp-report");
	assert_match();
	assert_string_equal(json_string_value(json_object_get(json_object_get(b.v.fields, "appraisal"), "entry")),
			    "right");
	b.more[2].bytes = cof_buf_span(&third);
	judge("snp-report");
	assert_match();
}

/* ---- whose word counts ---- */

static void judge_by(EVP_PKEY *signer, const cof_buf *authors)
{
	COF_AUTO(cof_buf) corim = {0};
	cof_rim_entry e = launch_of(&b.facts, "launch");
	sign_entry(&e, signer, &corim);
	b.n_more = 0;
	give("ref", &corim);
	if (authors != NULL)
		give("ref_key", authors);
	judge("snp-report");
	b.n_more = 0;
}

static void t077_authors_speak_for_their_classes(void **state)
{
	(void)state;
	COF_AUTO(cof_buf) chip = {0};
	COF_AUTO(cof_buf) others = {0};
	COF_AUTO(cof_buf) pem = {0};
	set_up_report();
	authors_of(author, "[" VCEK_CLASS "]", "", &chip);
	authors_of(author, "[" VLEK_CLASS "," TD_CLASS "]", "", &others);
	pem_public(author, &pem);
	judge_by(author, &chip);
	assert_match();
	assert_string_equal(json_string_value(json_object_get(json_object_get(b.v.fields, "appraisal"), "author")),
			    "image team");
	judge_by(author, &pem);
	assert_match();
	judge_by(author, &others);
	assert_reason("reference-author");
	assert_non_null(strstr(check_called(&b.v, "reference-author")->found, "'image team' may not speak for snp"));
	judge_by(stranger, &chip);
	assert_reason("cose-signature");
	judge_by(author, NULL);
	assert_reason("cose-algorithm");
}

static void t077_older_values_are_not_served_again(void **state)
{
	(void)state;
	COF_AUTO(cof_buf) newer = {0};
	COF_AUTO(cof_buf) now = {0};
	set_up_report();
	authors_of(author, "[" VCEK_CLASS "]", ",\"min_version\":3", &newer);
	authors_of(author, "[" VCEK_CLASS "]", ",\"min_version\":2", &now);
	for (uint64_t version = 0; version < 4; version++) {
		COF_AUTO(cof_buf) corim = {0};
		cof_rim_entry e = launch_of(&b.facts, "launch");
		e.version = version;
		sign_entry(&e, author, &corim);
		b.n_more = 0;
		give("ref", &corim);
		give("ref_key", &newer);
		judge("snp-report");
		if (version < 3)
			assert_reason("reference-older");
		else
			assert_match();
		b.more[1].bytes = cof_buf_span(&now);
		judge("snp-report");
		if (version < 2)
			assert_reason("reference-older");
		else
			assert_match();
		b.n_more = 0;
	}
}

static void t077_signatures_end(void **state)
{
	(void)state;
	COF_AUTO(cof_buf) pem = {0};
	set_up_report();
	for (int i = 0; i < 2; i++) {
		COF_AUTO(cof_buf) corim = {0};
		COF_AUTO(cof_rim) rim = {0};
		cof_rim_entry e = launch_of(&b.facts, "launch");
		assert_ok(cof_rim_add(&rim, &e, &err));
		rim.not_after = i == 0 ? SOFT_NOW - 1 : 0; /* of the manifest, or of the signature */
		sign_rim(&rim, COF_RIM_SNP, author, i == 0 ? 0 : SOFT_NOW - 1, &corim);
		b.n_more = 0;
		give("ref", &corim);
		pem.len = 0;
		give_key(author, &pem);
		judge("snp-report");
		assert_reason("corim-validity");
		assert_int_equal(check_called(&b.v, "corim-validity")->stage, COF_STAGE_VALIDITY);
	}
	b.n_more = 0;
}

static void t077_unsigned_values_need_the_word(void **state)
{
	(void)state;
	COF_AUTO(cof_buf) corim = {0};
	COF_AUTO(cof_buf) doc = {0};
	COF_AUTO(cof_rim) rim = {0};
	set_up_report();
	cof_rim_entry e = launch_of(&b.facts, "launch");
	document_of(&e, &doc);
	assert_ok(cof_rim_set_id(&rim, cof_span_str("guest"), &err));
	assert_ok(cof_rim_add(&rim, &e, &err));
	assert_ok(cof_corim_write(&rim, COF_RIM_SNP, &corim, &err));
	const cof_buf *files[] = {&corim, &doc};
	static const char *const reasons[] = {"corim-unsigned", "reference-unsigned"};
	for (size_t i = 0; i < COF_COUNT(files); i++) {
		b.n_more = 0;
		give("ref", files[i]);
		judge("snp-report");
		assert_reason(reasons[i]);
		b.n_more = 0;
		give("ref_unsigned", files[i]);
		judge("snp-report");
		assert_match();
		assert_true(check_called(&b.v, "reference-unsigned")->passed);
	}
	/* one word does not do for two files */
	give("ref", &doc);
	judge("snp-report");
	assert_reason("reference-unsigned");
	b.n_more = 0;
}

/* An entry that does not say what was launched would be true of any guest. */
static void t007_a_reference_names_the_launch(void **state)
{
	(void)state;
	set_up_report();
	cof_rim_entry e = entry_of(&b.facts, COF_RIM_MEASUREMENT);
	judge_entry(&e);
	assert_reason("corim-unsupported");
}

static void t077_one_bad_file_spoils_the_rest(void **state)
{
	(void)state;
	COF_AUTO(cof_buf) corim = {0};
	COF_AUTO(cof_buf) bad = {0};
	COF_AUTO(cof_buf) pem = {0};
	set_up_report();
	cof_rim_entry e = launch_of(&b.facts, "launch");
	sign_entry(&e, author, &corim);
	assert_ok(cof_buf_add(&bad, corim.data, corim.len, &err));
	bad.data[bad.len - 1] ^= 1;
	give("ref", &corim);
	give("ref", &bad);
	give_key(author, &pem);
	judge("snp-report");
	assert_reason("cose-signature");
	assert_non_null(strstr(soft_failed(&b.v)->found, "file 2: "));
	b.n_more = 0;
}

static void put_hex(const char *hex, cof_buf *ret)
{
	uint8_t bytes[64];
	assert_ok(cof_unhex(hex, bytes, strlen(hex) / 2, &err));
	assert_ok(cof_buf_add(ret, bytes, strlen(hex) / 2, &err));
}

static void t079_files_that_are_none(void **state)
{
	(void)state;
	static const struct {
		const char *role, *bytes, *reason;
		cof_stage stage;
	} files[] = {
		{"ref", "d280", "cose-malformed", COF_STAGE_PARSE},
		{"ref", "d2", "cbor-malformed", COF_STAGE_PARSE},
		{"ref", "d29b8000000000000000", "cbor-malformed", COF_STAGE_PARSE},
		{"ref_unsigned", "d901f5a2", "cbor-malformed", COF_STAGE_PARSE},
		{"ref_unsigned", "d901f5a20061670180", "corim-malformed", COF_STAGE_PARSE},
		{"ref_unsigned", "d901f5a30061670181d901fa4003d8206178", "corim-profile", COF_STAGE_PROFILE},
		{"ref_unsigned", "7b2278223a317d", "rvps-unsupported", COF_STAGE_POLICY}, /* {"x":1} */
		{"ref_unsigned", "5b5d", "rim-malformed", COF_STAGE_PARSE},		  /* [] */
		{"ref_unsigned", "7b", "reference-malformed", COF_STAGE_PARSE},
	};
	set_up_report();
	for (size_t i = 0; i < COF_COUNT(files); i++) {
		COF_AUTO(cof_buf) bytes = {0};
		COF_AUTO(cof_buf) pem = {0};
		put_hex(files[i].bytes, &bytes);
		b.n_more = 0;
		give(files[i].role, &bytes);
		give_key(author, &pem);
		judge("snp-report");
		assert_reason(files[i].reason);
		assert_int_equal(soft_failed(&b.v)->stage, files[i].stage);
		b.n_more = 0;
	}
}

/* Evidence that is refused matches nothing, and its references are judged all the same. */
static void t007_refused_evidence_matches_nothing(void **state)
{
	(void)state;
	set_up_report();
	b.policy = "{\"vmpl\":1}";
	cof_rim_entry e = launch_of(&b.facts, "launch");
	judge_entry(&e);
	assert_reason("vmpl");
	assert_false(was_checked(&b.v, "reference-mismatch"));
	assert_true(check_called(&b.v, "cose-signature")->passed);
	b.policy = NULL;
}

static void keys_alone_are_wrong_usage(void **state)
{
	(void)state;
	static cof_verdict v;
	COF_AUTO(cof_buf) pem = {0};
	const cof_kind *kind = NULL;
	set_up_report();
	pem_public(author, &pem);
	cof_role_file files[5] = {{"report", cof_buf_span(&b.s.made[0])},
				  {"vek", cof_buf_span(&b.s.made[1])},
				  {"intermediate", cof_buf_span(&b.s.made[2])},
				  {"root", cof_buf_span(&b.s.made[3])},
				  {"ref_key", cof_buf_span(&pem)}};
	cof_verify_in in = {.files = files, .n_files = 5, .now = SOFT_NOW};
	assert_ok(cof_kind_find("snp-report", &kind, &err));
	assert_fails(cof_verify(kind, &in, &v, &err), "role-missing");
}

static void t077_too_many_files(void **state)
{
	(void)state;
	COF_AUTO(cof_buf) doc = {0};
	set_up_report();
	cof_rim_entry e = launch_of(&b.facts, "launch");
	document_of(&e, &doc);
	cof_rim_entry_release(&e);
	for (size_t i = 0; i < COF_REFERENCES_MAX + 1; i++)
		give("ref_unsigned", &doc);
	judge("snp-report");
	assert_reason("reference-malformed");
	b.n_more = 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(t077_entries_are_alternatives),
		cmocka_unit_test(t077_the_second_entry_and_the_second_file_count),
		cmocka_unit_test(t077_authors_speak_for_their_classes),
		cmocka_unit_test(t077_older_values_are_not_served_again),
		cmocka_unit_test(t077_signatures_end),
		cmocka_unit_test(t077_unsigned_values_need_the_word),
		cmocka_unit_test(t007_a_reference_names_the_launch),
		cmocka_unit_test(t077_one_bad_file_spoils_the_rest),
		cmocka_unit_test(t079_files_that_are_none),
		cmocka_unit_test(t007_refused_evidence_matches_nothing),
		cmocka_unit_test(t077_too_many_files),
		cmocka_unit_test(keys_alone_are_wrong_usage),
	};
	return cmocka_run_group_tests(tests, make_all, drop_all);
}
