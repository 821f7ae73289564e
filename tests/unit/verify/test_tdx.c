/* SPDX-License-Identifier: Apache-2.0 */
/* Whole quotes of a platform of our own: what is good is accepted, and each single wrong thing refused by its check. */
#include "tests/unit/verify/mutate_tdx.h"

#include "attestation/verify/tdx.h"

/* ---- the good one ---- */

static void a_good_quote(void **state)
{
	(void)state;
	COF_AUTO(soft_tdx) t;
	soft_start(&t, &keys);
	soft_finish(&t);
	COF_AUTO_PTR(walk_verdict) r = judge(&t, NULL);
	if (!r->accepted)
		print_failures(r);
	assert_true(r->accepted);
	assert_string_equal(r->tcb_status, "UpToDate");
	const json_t *tcb = json_object_get(r->fields, "tcb");
	assert_string_equal(jstr(tcb, "module"), "UpToDate");
	assert_string_equal(jstr(tcb, "tcb_date"), "2026-12-01T00:00:00Z");
	assert_int_equal(json_array_size(json_object_get(tcb, "advisories")), 2);
	assert_string_equal(jstr(json_object_get(r->fields, "pck"), "fmspc"), "00806f050000");
	assert_string_equal(jstr(r->fields, "event_log"), "absent");
	/* a root that is not Intel's is named so */
	assert_non_null(strstr(find_check(r, "untrusted-root")->found, "NOT Intel's"));
	assert_string_equal(jstr(r->fields, "root"), "named by the caller");
}

/* Without a root by hand, Intel's alone counts. */
static void t022_own_root_counts_only_by_name(void **state)
{
	(void)state;
	COF_AUTO(soft_tdx) t;
	soft_start(&t, &keys);
	soft_finish(&t);
	t.leave_out = "root";
	COF_AUTO_PTR(walk_verdict) r = judge(&t, NULL);
	assert_false(r->accepted);
	assert_string_equal(walk_first(r)->name, "untrusted-root");
	assert_null(r->tcb_status);
}

/* Named or not, where the policy wants the vendor's. */
static void t022_intel_s_root_alone(void **state)
{
	(void)state;
	COF_AUTO(soft_tdx) t;
	soft_start(&t, &keys);
	soft_finish(&t);
	COF_AUTO_PTR(walk_verdict) r = judge(&t, "{\"require_vendor_root\":true}");
	assert_true(refused_by(r, "vendor-root"));
	assert_accepted(&t, "{\"require_vendor_root\":false}");
}

/* Same names, same serial numbers, other keys. */
static void t022_look_alike_roots(void **state)
{
	(void)state;
	COF_AUTO(soft_tdx) other = {0};
	COF_AUTO(soft_tdx) look_alike = {0};
	COF_AUTO(soft_tdx) t;
	cof_role_file files[SOFT_FILES_MAX];
	soft_keys(&other);
	soft_start(&look_alike, &other);
	soft_finish(&look_alike);
	soft_start(&t, &keys);
	soft_finish(&t);
	size_t n = soft_files(&t, files);
	const cof_span roots[] = {
		cof_buf_span(&look_alike.root_der), cof_span_str("no root"), cof_buf_span(&look_alike.chain), {0}};
	assert_string_equal(files[n - 1].role, "root");
	for (size_t i = 0; i < COF_COUNT(roots); i++) {
		files[n - 1].bytes = roots[i];
		COF_AUTO_PTR(walk_verdict) r = judge_files("tdx-quote", files, n, NULL);
		assert_false(r->accepted);
		assert_string_equal(walk_first(r)->name, "untrusted-root");
	}
	/* and as PEM, the right one */
	COF_AUTO(cof_buf) pem = {0};
	soft_put_pem(t.x509[SOFT_ROOT], &pem);
	files[n - 1].bytes = cof_buf_span(&pem);
	COF_AUTO_PTR(walk_verdict) r = judge_files("tdx-quote", files, n, NULL);
	assert_true(r->accepted);
}

static void without_collateral_only_by_policy(void **state)
{
	(void)state;
	COF_AUTO(soft_tdx) t;
	soft_start(&t, &keys);
	soft_finish(&t);
	const cof_role_file files[] = {{"quote", cof_buf_span(&t.quote)}, {"root", cof_buf_span(&t.root_der)}};
	COF_AUTO_PTR(walk_verdict) strict = judge_files("tdx-quote", files, 2, NULL);
	COF_AUTO_PTR(walk_verdict) open = judge_files("tdx-quote", files, 2, "{\"signatures_only\":true}");
	assert_string_equal(walk_first(strict)->name, "tcb-info-missing");
	assert_true(open->accepted);
	assert_null(open->tcb_status);
	assert_non_null(strstr(find_check(open, "tcb-info-missing")->found, "nothing is known"));
	/* half of it is never enough */
	t.leave_out = "tcb_info";
	COF_AUTO_PTR(walk_verdict) half = judge(&t, "{\"signatures_only\":true}");
	assert_string_equal(walk_first(half)->name, "tcb-info-missing");
}

static void the_verified_quote(void **state)
{
	(void)state;
	COF_AUTO(soft_tdx) t;
	cof_role_file files[SOFT_FILES_MAX];
	COF_AUTO_PTR(walk_verdict) r = walk_new();
	COF_AUTO_PTR(walk_verdict) later = walk_new();
	COF_AUTO_PTR(cof_tdx_verified) v = NULL;
	soft_start(&t, &keys);
	soft_finish(&t);
	cof_verify_in in = {.files = files, .n_files = soft_files(&t, files), .now = SOFT_NOW};
	assert_ok(cof_tdx_verify(&in, r, &v, &err));
	assert_non_null(v);
	assert_int_equal(cof_tdx_verified_quote(v)->version, 5);
	assert_int_equal(cof_tdx_verified_pck(v)->pcesvn, 11);
	assert_int_equal(cof_tdx_verified_status(v), COF_TDX_UP_TO_DATE);
	assert_false(cof_tdx_verified_has_log(v));
	cof_tdx_verified *none = v;
	in.now += 365L * SOFT_DAY;
	assert_ok(cof_tdx_verify(&in, later, &none, &err));
	assert_null(none);
}

/* ---- what else is allowed ---- */

static void a_mutation_that_policy_allows(const mutation *m)
{
	COF_AUTO(soft_tdx) t;
	soft_start(&t, &keys);
	m->apply(&t, m);
	soft_finish(&t);
	assert_accepted(&t, m->policy);
}

static void allowed_by_policy(void **state)
{
	(void)state;
	const mutation allowed[] = {
		BODY_POLICY("", AT_ATTRIBUTES, 1, "{\"allow_debug\":true}"),
		BODY_POLICY("", AT_ATTRIBUTES + 3, 0x20, NULL),
		BODY_POLICY("", AT_ATTRIBUTES + 3, 0x10, NULL),
		BODY_POLICY("", AT_ATTRIBUTES + 7, 0x80, NULL),
		BODY_POLICY("", AT_SERVICE_TD, 1, NULL),
		BODY_POLICY("", AT_SVN + 2, 6 ^ 5, "{\"accept_tcb\":[\"OutOfDate\"]}"),
		BODY_POLICY("", AT_SVN, 5 ^ 4, "{\"accept_tcb\":[\"UpToDate\",\"TDRelaunchAdvised\"]}"),
		{"", in_info, 0, 0, "{\"tcb\":{\"sgx", "{\"new\":1,\"tcb\":{\"sgx", NULL},
		{"", behind, 4, 0, NULL, "\0\0\0\0", NULL},
	};
	for (size_t i = 0; i < COF_COUNT(allowed); i++)
		a_mutation_that_policy_allows(&allowed[i]);
}

static void qe_auth_of_any_length(void **state)
{
	(void)state;
	for (size_t len = 0; len < 300; len += 99) {
		COF_AUTO(soft_tdx) t;
		soft_start(&t, &keys);
		t.auth.len = 0;
		for (size_t i = 0; i < len; i++)
			soft_add(&t.auth, "a");
		soft_finish(&t);
		assert_accepted(&t, NULL);
	}
}

static void t020_relaunch_needs_the_newest_module(void **state)
{
	(void)state;
	COF_AUTO(soft_tdx) t;
	soft_start(&t, &keys);
	t.body.data[AT_SVN] = 4;
	t.body.data[AT_SVN2] = 4;
	soft_finish(&t);
	COF_AUTO_PTR(walk_verdict) r = judge(&t, "{\"accept_tcb\":[\"TDRelaunchAdvised\"]}");
	assert_false(r->accepted);
	assert_string_equal(r->tcb_status, "OutOfDate");
}

/* A revoked platform, and words that are no status, are never accepted by policy. */
static void policy_words_are_strict(void **state)
{
	(void)state;
	static const char *const words[] = {"{\"accept_tcb\":[\"Revoked\"]}", "{\"accept_tcb\":[\"NotSupported\"]}",
					    "{\"accept_tcb\":\"UpToDate\"}",  "{\"accept_tcb\":[\"uptodate\"]}",
					    "{\"allow_debug\":\"false\"}",    "{\"allow_debug\":0}",
					    "{\"allow_everything\":true}",    "{\"report_data\":\"\"}",
					    "{\"report_data\":null}",	      "{\"mr_td\":\"00\"}",
					    "{\"min_tcb_evaluation\":-1}",    "[]"};
	COF_AUTO(soft_tdx) t;
	cof_role_file files[SOFT_FILES_MAX];
	const cof_kind *kind = NULL;
	soft_start(&t, &keys);
	soft_finish(&t);
	assert_ok(cof_kind_find("tdx-quote", &kind, &err));
	for (size_t i = 0; i < COF_COUNT(words); i++) {
		COF_AUTO_PTR(json_t) policy = json_loads(words[i], 0, NULL);
		COF_AUTO_PTR(walk_verdict) r = walk_new();
		const cof_verify_in in = {
			.files = files, .n_files = soft_files(&t, files), .policy = policy, .now = SOFT_NOW};
		assert_non_null(policy);
		assert_fails(cof_verify(kind, &in, r, &err), "policy-word");
	}
}

static void decoded_alone(void **state)
{
	(void)state;
	COF_AUTO(soft_tdx) t;
	soft_start(&t, &keys);
	t.flip = AT_SIG + 1;
	t.flip_with = 1;
	soft_finish(&t);
	const cof_role_file quote = {"quote", cof_buf_span(&t.quote)};
	COF_AUTO_PTR(walk_verdict) r = judge_files("tdx-quote-parse", &quote, 1, NULL);
	assert_true(r->accepted && r->decoded_only);
	assert_string_equal(jstr(json_object_get(r->fields, "td"), "mr_td"), HEX_48);
	assert_int_equal(json_integer_value(json_object_get(r->fields, "quote_length")), t.quote.len);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_good_quote),
		cmocka_unit_test(t022_own_root_counts_only_by_name),
		cmocka_unit_test(t022_intel_s_root_alone),
		cmocka_unit_test(t022_look_alike_roots),
		cmocka_unit_test(without_collateral_only_by_policy),
		cmocka_unit_test(the_verified_quote),
		cmocka_unit_test(allowed_by_policy),
		cmocka_unit_test(qe_auth_of_any_length),
		cmocka_unit_test(t020_relaunch_needs_the_newest_module),
		cmocka_unit_test(policy_words_are_strict),
		cmocka_unit_test(decoded_alone),
	};
	return cmocka_run_group_tests(tests, judge_setup, judge_teardown);
}
