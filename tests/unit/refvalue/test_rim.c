/* SPDX-License-Identifier: Apache-2.0 */
/* The table, and its entries as documents. */
#include "tests/unit/test.h"

#include "tests/unit/refvalue/make_rim.h"

static void what_is_added_is_there(void **state)
{
	(void)state;
	COF_AUTO(cof_rim) r = {0};
	rim_make(&r);
	assert_ok(cof_rim_check(&r, &err));
	for (unsigned t = 0; t < COF_RIM_TEES; t++) {
		cof_rim_tee back = COF_RIM_TEES;
		assert_int_equal(cof_rim_count(&r, (cof_rim_tee)t), 2);
		assert_true(cof_rim_tee_by_name(cof_rim_tee_name((cof_rim_tee)t), &back));
		assert_int_equal(back, t);
	}
	cof_rim_tee none;
	assert_false(cof_rim_tee_by_name("sgx", &none));
	assert_false(cof_rim_tee_by_name("", &none));
	assert_null(cof_rim_tee_name(COF_RIM_TEES));
	assert_string_equal(r.entries[4].tpm.name, "0.1.0/default");
	assert_true(r.entries[4].tpm.has[0] && r.entries[4].tpm.has[9] && !r.entries[4].tpm.has[8]);
}

static void adding_moves(void **state)
{
	(void)state;
	COF_AUTO(cof_rim) r = {0};
	cof_rim_entry e = rim_launch(COF_RIM_SEV, "a");
	assert_ok(cof_rim_add(&r, &e, &err));
	assert_int_equal(e.name[0], '\0');
	assert_fails(cof_rim_add(&r, &e, &err), "rim-malformed"); /* an empty one has no name */
	e.tee = COF_RIM_TEES;
	e.name[0] = 'x';
	assert_fails(cof_rim_add(&r, &e, &err), "rim-malformed");
	assert_int_equal(r.n, 1);
}

static void t077_names_are_plain(void **state)
{
	(void)state;
	COF_AUTO(cof_rim) r = {0};
	cof_rim_entry e = {0};
	char longest[COF_RIM_NAME_MAX + 2];
	memset(longest, 'a', sizeof longest);
	longest[sizeof longest - 1] = '\0';
	const char *const bad[] = {"", "a\n", "\x7f", "\xc3\xbc", "a\tb", longest};
	for (size_t i = 0; i < COF_COUNT(bad); i++) {
		assert_fails(cof_rim_entry_name(&e, cof_span_str(bad[i]), &err), "rim-malformed");
		assert_fails(cof_rim_set_id(&r, cof_span_str(bad[i]), &err), "rim-malformed");
	}
	assert_fails(cof_rim_set_id(&r, cof_span_of("a\0b", 3), &err), "rim-malformed");
	longest[COF_RIM_NAME_MAX] = '\0';
	assert_ok(cof_rim_set_id(&r, cof_span_str(longest), &err));
	assert_ok(cof_rim_entry_name(&e, cof_span_str(longest), &err));
}

static void t077_a_name_stands_once_in_its_kind(void **state)
{
	(void)state;
	COF_AUTO(cof_rim) r = {0};
	rim_make(&r);
	rim_put(&r, rim_launch(COF_RIM_SEV, "0.1.0/default"));
	assert_fails(cof_rim_check(&r, &err), "rim-malformed");
}

static void t077_a_table_is_checked_as_a_whole(void **state)
{
	(void)state;
	COF_AUTO(cof_rim) r = {0};
	assert_ok(cof_rim_set_id(&r, cof_span_str("id"), &err));
	assert_fails(cof_rim_check(&r, &err), "rim-malformed"); /* empty */
	rim_put(&r, rim_launch(COF_RIM_SEV, "a"));
	assert_ok(cof_rim_check(&r, &err));
	static const int64_t bad[][2] = {{-1, 5}, {5, -1}, {6, 5}, {5, 0}};
	for (size_t i = 0; i < COF_COUNT(bad); i++) {
		r.not_before = bad[i][0];
		r.not_after = bad[i][1];
		assert_fails(cof_rim_check(&r, &err), "rim-malformed");
	}
	r.not_before = 0;
	r.not_after = 5;
	assert_ok(cof_rim_check(&r, &err));
	r.id[0] = '\0';
	assert_fails(cof_rim_check(&r, &err), "rim-malformed");
}

static void t017_a_boot_with_gaps_is_none(void **state)
{
	(void)state;
	COF_AUTO(cof_rim) r = {0};
	assert_ok(cof_rim_set_id(&r, cof_span_str("id"), &err));
	rim_put_tpm(&r, "a");
	cof_refvalue *v = &r.entries[0].tpm;
	assert_ok(cof_rim_check(&r, &err));
	v->has[4] = false;
	assert_fails(cof_rim_check(&r, &err), "reference-malformed");
	v->has[4] = true;
	v->pcrs[4].bytes[0] ^= 1;
	assert_fails(cof_rim_check(&r, &err), "reference-malformed");
	v->pcrs[4].bytes[0] ^= 1;
	v->has[8] = true;
	assert_fails(cof_rim_check(&r, &err), "reference-malformed");
	v->has[8] = false;
	v->name[0] = 'b';
	assert_fails(cof_rim_check(&r, &err), "rim-malformed");
}

static void the_table_ends(void **state)
{
	(void)state;
	COF_AUTO(cof_rim) r = {0};
	for (size_t i = 0; i < COF_RIM_ENTRIES_MAX; i++) {
		char name[16];
		(void)snprintf(name, sizeof name, "%zu", i);
		rim_put(&r, rim_launch(COF_RIM_SEV, name));
	}
	assert_ok(cof_rim_set_id(&r, cof_span_str("id"), &err));
	assert_ok(cof_rim_check(&r, &err));
	cof_rim_entry e = rim_launch(COF_RIM_SEV, "more");
	assert_fails(cof_rim_add(&r, &e, &err), "rim-malformed");
	assert_string_equal(e.name, "more"); /* still the caller's */
}

/* ---- documents ---- */

static json_t *document(size_t i)
{
	COF_AUTO(cof_rim) r = {0};
	json_t *doc = NULL;
	rim_make(&r);
	assert_ok(cof_rim_entry_json(&r.entries[i], &doc, &err));
	return doc;
}

static void there_and_back(void **state)
{
	(void)state;
	COF_AUTO(cof_rim) r = {0};
	rim_make(&r);
	for (size_t i = 0; i < r.n; i++) {
		COF_AUTO_PTR(json_t) doc = NULL;
		COF_AUTO(cof_rim_entry) e = {0};
		assert_ok(cof_rim_entry_json(&r.entries[i], &doc, &err));
		assert_ok(cof_rim_entry_parse(doc, &e, &err));
		assert_int_equal(e.tee, r.entries[i].tee);
		assert_string_equal(e.name, r.entries[i].name);
		assert_same_entry(&e, &r.entries[i]);
	}
}

#define H32(b) b b b b b b b b b b b b b b b b b b b b b b b b b b b b b b b b
#define H48(b) H32(b) b b b b b b b b b b b b b b b b

static void golden(void **state)
{
	(void)state;
	static const char *const texts[] = {
		"{\"format\":\"coffer-reference-values/2\",\"tee\":\"snp\",\"name\":\"0.1.0/default/vcpus-2/"
		"EPYC-Milan\","
		"\"vlek\":true,\"measurement\":\"",
		"{\"format\":\"coffer-reference-values/2\",\"tee\":\"tdx\",\"name\":\"0.1.0/large\",\"mrtd\":\"",
		"{\"format\":\"coffer-reference-values/2\",\"tee\":\"sev\",\"name\":\"0.1.0/default\",\"digest\":\"",
	};
	static const char *const tails[] = {"\"policy\":\"0000000000030000\",\"guest_svn\":4294967294}",
					    "\"mrconfigid\":\"" H48("66") "\"}", "\"digest\":\"" H32("77") "\"}"};
	static const size_t which[] = {1, 3, 6}, members[] = {10, 8, 4};
	for (size_t i = 0; i < COF_COUNT(which); i++) {
		COF_AUTO_PTR(json_t) doc = document(which[i]);
		COF_AUTO(cof_buf) text = {0};
		assert_ok(cof_json_dump(doc, &text, &err));
		assert_int_equal(json_object_size(doc), members[i]);
		assert_int_equal(strncmp(cof_buf_str(&text), texts[i], strlen(texts[i])), 0);
		assert_string_equal(cof_buf_str(&text) + text.len - strlen(tails[i]), tails[i]);
	}
	COF_AUTO_PTR(json_t) tdx = document(3);
	assert_string_equal(json_string_value(json_object_get(tdx, "rtmr2")), H48("62"));
	assert_null(json_object_get(tdx, "rtmr3"));
}

/* Entry 1 (snp, all members) with one member changed. */
static void refused(size_t which, const char *key, json_t *value)
{
	COF_AUTO_PTR(json_t) doc = document(which);
	COF_AUTO(cof_rim_entry) e = {0};
	if (value == NULL)
		assert_int_equal(json_object_del(doc, key), 0);
	else
		assert_int_equal(json_object_set_new(doc, key, value), 0);
	assert_fails(cof_rim_entry_parse(doc, &e, &err), "reference-malformed");
	assert_int_equal(e.name[0], '\0');
}

static void t077_documents_are_strict(void **state)
{
	(void)state;
	static const char *const must[] = {"format", "tee", "name", "measurement"};
	for (size_t i = 0; i < COF_COUNT(must); i++) {
		refused(1, must[i], NULL);
		refused(1, must[i], json_null());
		refused(1, must[i], json_integer(1));
		refused(1, must[i], json_string(""));
	}
	refused(3, "mrtd", NULL);
	refused(6, "digest", NULL);
	static const char *const hex[] = {"measurement", "host_data", "id_key_digest", "author_key_digest", "policy"};
	for (size_t i = 0; i < COF_COUNT(hex); i++) {
		refused(1, hex[i], json_string("00"));
		refused(1, hex[i], json_string("AA" H48("11")));
		refused(1, hex[i], json_null());
	}
	refused(1, "measurement", json_string(H32("11")));
	refused(1, "measurement", json_string(H48("AA")));
	refused(1, "measurement", json_string(H32("AA") H32("AA")));
	refused(1, "policy", json_string("00000000000300zz"));
	refused(1, "policy", json_string("0x00000000030000"));
	refused(1, "policy", json_integer(0x30000));
	refused(1, "guest_svn", json_integer(-1));
	refused(1, "guest_svn", json_integer(0x100000000));
	refused(1, "guest_svn", json_string("1"));
	refused(1, "vlek", json_false());
	refused(1, "vlek", json_integer(1));
	refused(1, "name", json_string("a\nb"));
	refused(1, "expires", json_integer(1));
	refused(1, "mrtd", json_string(H48("11"))); /* another kind's member */
	refused(6, "policy", json_string("0000000000030000"));
	refused(3, "rtmr4", json_string(H48("11")));
}

/* ---- conditions ---- */

/* A document of the kind with this member more, which comes back as it is; NULL: it is refused. */
static void member(const char *tee, const char *more, const char *reason)
{
	COF_AUTO(cof_buf) text = {0};
	COF_AUTO(cof_rim_entry) e = {0};
	COF_AUTO_PTR(json_t) doc = NULL;
	COF_AUTO_PTR(json_t) again = NULL;
	cof_err why = {0};
	assert_ok(cof_buf_printf(
		&text, &err,
		"{\"format\":\"coffer-reference-values/2\",\"tee\":\"%s\",\"name\":\"a\",\"%s\":\"" H48("11") "\",%s}",
		tee, strcmp(tee, "snp") == 0 ? "measurement" : "mrtd", more));
	assert_ok(cof_json_parse(cof_buf_span(&text), &doc, &err));
	int rc = cof_rim_entry_parse(doc, &e, &why);
	if (reason != NULL) {
		if (rc >= 0 || !cof_err_is(&why, reason))
			fail_msg("%s: %s", more, rc >= 0 ? "accepted" : why.reason);
		return;
	}
	if (rc < 0)
		fail_msg("%s: %s", more, why.text);
	assert_ok(cof_rim_entry_json(&e, &again, &err));
	assert_true(json_equal(doc, again));
}

static void conditions_there_and_back(void **state)
{
	(void)state;
	static const char *const snp[] = {
		"\"policy\":{\"value\":\"0000000000000000\",\"mask\":\"0000000000080000\"}",
		"\"guest_svn\":{\"min\":3}",
		"\"guest_svn\":[1,2]",
		"\"vmpl\":{\"min\":0,\"max\":3}",
		"\"reported_tcb\":{\"min\":\"db18000000000004\"}",
		"\"launch_tcb\":\"db18000000000004\"",
		"\"committed_version\":\"1.55.40\"",
		"\"current_version\":[\"1.55.40\",\"0.0.255\"]",
		"\"host_data\":[\"" H32("22") "\",\"" H32("33") "\"]",
		"\"flags\":{\"value\":\"0000\",\"mask\":\"0008\"}",
		"\"csp_id\":[\"Azure\",\"GCP\"]",
	};
	static const char *const tdx[] = {
		"\"tcb_status\":[\"UpToDate\",\"SWHardeningNeeded\"]",
		"\"tee_tcb_svn\":{\"min\":\"05010600000000000000000000000000\"}",
		"\"td_attributes\":{\"value\":\"0000000000000000\",\"mask\":\"0100000000000000\"}",
		"\"xfam\":\"e702060000000000\"",
	};
	for (size_t i = 0; i < COF_COUNT(snp); i++)
		member("snp", snp[i], NULL);
	for (size_t i = 0; i < COF_COUNT(tdx); i++)
		member("tdx", tdx[i], NULL);
}

static void t077_conditions_are_strict(void **state)
{
	(void)state;
	static const char *const bad[] = {
		"\"policy\":{\"value\":\"0000000000000000\"}",
		"\"policy\":{\"mask\":\"0000000000080000\"}",
		"\"policy\":{\"value\":\"0000000000000000\",\"mask\":\"0000000000000000\"}",
		"\"policy\":{\"value\":\"0000000000000001\",\"mask\":\"0000000000080000\"}",
		"\"policy\":{\"value\":\"0000000000000000\",\"mask\":\"0000000000080000\",\"min\":1}",
		"\"policy\":{}",
		"\"guest_svn\":{\"max\":3}",
		"\"guest_svn\":{\"min\":-1}",
		"\"guest_svn\":{\"min\":1,\"max\":0}",
		"\"guest_svn\":{\"least\":1}",
		"\"guest_svn\":[1]",
		"\"guest_svn\":[]",
		"\"guest_svn\":[1,\"2\"]",
		"\"guest_svn\":[1,[2]]",
		"\"guest_svn\":1.0",
		"\"reported_tcb\":{\"min\":4}",
		"\"reported_tcb\":{\"min\":\"04\"}",
		"\"current_version\":\"1.55\"",
		"\"current_version\":\"1.55.40.\"",
		"\"current_version\":\"1.55.40.1\"",
		"\"current_version\":\"1.055.40\"",
		"\"current_version\":\"1.256.40\"",
		"\"current_version\":\"1..40\"",
		"\"current_version\":\"-1.5.40\"",
		"\"csp_id\":\"\"",
		"\"csp_id\":\"a\\nb\"",
		"\"host_data\":{\"value\":\"" H32("22") "\",\"mask\":\"" H32("ff") "\"}",
		"\"flags\":true",
		"\"mrtd\":\"" H48("11") "\"",
	};
	for (size_t i = 0; i < COF_COUNT(bad); i++)
		member("snp", bad[i], "reference-malformed");
}

static void t077_formats_and_kinds_do_not_mix(void **state)
{
	(void)state;
	refused(1, "format", json_string("coffer-reference-values/1"));
	refused(1, "format", json_string("coffer-reference-values/3"));
	refused(1, "tee", json_string("tpm"));
	refused(1, "tee", json_string("tdx"));
	refused(1, "tee", json_string("sgx"));
	refused(4, "format", json_string("coffer-reference-values/2"));
	refused(4, "tee", json_string("snp"));
	COF_AUTO(cof_rim_entry) e = {0};
	COF_AUTO_PTR(json_t) list = json_array();
	assert_fails(cof_rim_entry_parse(list, &e, &err), "reference-malformed");
	assert_fails(cof_rim_entry_parse(NULL, &e, &err), "reference-malformed");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(t077_names_are_plain),
		cmocka_unit_test(t077_a_name_stands_once_in_its_kind),
		cmocka_unit_test(t077_a_table_is_checked_as_a_whole),
		cmocka_unit_test(t017_a_boot_with_gaps_is_none),
		cmocka_unit_test(t077_documents_are_strict),
		cmocka_unit_test(t077_formats_and_kinds_do_not_mix),
		cmocka_unit_test(t077_conditions_are_strict),
		cmocka_unit_test(conditions_there_and_back),
		cmocka_unit_test(what_is_added_is_there),
		cmocka_unit_test(adding_moves),
		cmocka_unit_test(the_table_ends),
		cmocka_unit_test(there_and_back),
		cmocka_unit_test(golden),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
