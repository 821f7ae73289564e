/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/verify/soft_snp.h"

#include "attestation/public/attestation.h"

static soft_keys keys;

typedef struct question {
	soft_snp snp;
	cof_attestation_file files[SOFT_ROLES + 1];
	cof_attestation_input in;
} question;

/* A good report, with room for what a test changes. */
static void ask(question *q)
{
	static const char *const roles[] = {"report", "vek", "intermediate", "root"};
	q->snp = soft_snp_good(&keys);
	soft_make(&q->snp);
	for (size_t i = 0; i < COF_COUNT(roles); i++)
		q->files[i] = (cof_attestation_file){roles[i], q->snp.made[i].data, q->snp.made[i].len};
	q->in = (cof_attestation_input){sizeof q->in, "snp-report", q->files, COF_COUNT(roles), NULL, SOFT_NOW};
}

static void drop(question *q)
{
	soft_drop(&q->snp);
}

static cof_appraisal *appraise(const question *q)
{
	cof_attestation_failure why = {0};
	cof_verifier *v = cof_verifier_new();
	assert_non_null(v);
	cof_appraisal *a = cof_verifier_appraise(v, &q->in, &why);
	if (a == NULL)
		fail_msg("%s: %s", why.reason, why.text);
	cof_verifier_free(v); /* the appraisal outlives it */
	return a;
}

static void assert_unjudged(const question *q, const char *reason)
{
	cof_attestation_failure why = {0};
	cof_verifier *v = cof_verifier_new();
	assert_null(cof_verifier_appraise(v, &q->in, NULL));
	assert_null(cof_verifier_appraise(v, &q->in, &why));
	assert_string_equal(why.reason, reason);
	assert_true(strlen(why.text) > 0);
	cof_verifier_free(v);
}

/* ---- yes and no ---- */

static void good_evidence_is_accepted_and_speaks(void **state)
{
	(void)state;
	question q;
	ask(&q);
	int64_t n = 0;
	bool flag = true;
	cof_appraisal *a = appraise(&q);
	assert_true(cof_appraisal_accepted(a) && cof_appraisal_decoded(a));
	assert_string_equal(cof_appraisal_reason(a), "");
	assert_string_equal(cof_appraisal_stage(a), "");
	assert_null(cof_appraisal_tcb_status(a));
	assert_int_equal(strlen(cof_appraisal_text(a, "measurement")), 96);
	assert_true(cof_appraisal_number(a, "version", &n));
	assert_int_equal(n, 3);
	assert_false(cof_appraisal_flag(a, "version", &flag));
	assert_false(cof_appraisal_number(a, "measurement", &n));
	assert_null(cof_appraisal_text(a, "version"));
	assert_null(cof_appraisal_text(a, "measurement.more"));
	assert_null(cof_appraisal_text(a, ""));
	assert_null(cof_appraisal_text(a, "."));
	assert_non_null(strstr(cof_appraisal_json(a), "\"verdict\": \"valid\""));
	cof_appraisal_free(a);
	drop(&q);
}

static void every_check_is_there(void **state)
{
	(void)state;
	question q;
	ask(&q);
	size_t n = 0;
	bool signature = false;
	cof_attestation_check k;
	cof_appraisal *a = appraise(&q);
	for (; cof_appraisal_check_at(a, n, &k); n++) {
		assert_true(k.passed);
		signature = signature || strcmp(k.name, "report-signature") == 0;
	}
	assert_true(n > 30 && signature);
	assert_false(cof_appraisal_check_at(a, SIZE_MAX, &k));
	cof_appraisal_free(a);
	drop(&q);
}

static void refused_evidence_says_why_and_nothing_else(void **state)
{
	(void)state;
	question q;
	int64_t n = 0;
	ask(&q);
	q.snp.made[0].data[0x90] ^= 1;
	cof_appraisal *a = appraise(&q);
	assert_false(cof_appraisal_accepted(a) || cof_appraisal_decoded(a));
	assert_string_equal(cof_appraisal_reason(a), "report-signature");
	assert_string_equal(cof_appraisal_stage(a), "signature");
	assert_null(cof_appraisal_text(a, "measurement"));
	assert_false(cof_appraisal_number(a, "version", &n));
	assert_non_null(strstr(cof_appraisal_json(a), "\"measurement\""));
	cof_appraisal_free(a);
	drop(&q);
}

static void no_appraisal_is_a_no(void **state)
{
	(void)state;
	assert_false(cof_appraisal_accepted(NULL));
	assert_false(cof_appraisal_decoded(NULL));
	cof_appraisal_free(NULL);
	cof_verifier_free(NULL);
}

static void what_is_only_decoded_is_not_accepted(void **state)
{
	(void)state;
	question q;
	ask(&q);
	q.in.kind = "snp-report-parse";
	q.in.n_files = 1;
	cof_appraisal *a = appraise(&q);
	assert_true(cof_appraisal_decoded(a));
	assert_false(cof_appraisal_accepted(a));
	assert_non_null(cof_appraisal_text(a, "measurement"));
	cof_appraisal_free(a);
	drop(&q);
}

static void a_policy_decides(void **state)
{
	(void)state;
	question q;
	ask(&q);
	q.in.policy = "{\"min_tcb\": {\"snp\": 255}}";
	cof_appraisal *a = appraise(&q);
	assert_string_equal(cof_appraisal_reason(a), "tcb-too-low");
	cof_appraisal_free(a);
	q.in.policy = "{}";
	a = appraise(&q);
	assert_true(cof_appraisal_accepted(a));
	cof_appraisal_free(a);
	drop(&q);
}

/* ---- what a verifier keeps ---- */

/* The same chain again, with another report: what was kept answers no question about the report. */
static void a_known_chain_vouches_for_no_report(void **state)
{
	(void)state;
	question q;
	ask(&q);
	cof_verifier *v = cof_verifier_new();
	for (size_t i = 0; i < 4; i++) {
		q.snp.made[0].data[0x90] ^= 1;
		cof_appraisal *a = cof_verifier_appraise(v, &q.in, NULL);
		assert_non_null(a);
		assert_int_equal(cof_appraisal_accepted(a), i % 2 == 1);
		cof_appraisal_free(a);
	}
	cof_verifier_free(v);
	drop(&q);
}

/* ---- callers' mistakes ---- */

static void mistakes_are_no_verdicts(void **state)
{
	(void)state;
	question q;
	ask(&q);
	q.in.size--;
	assert_unjudged(&q, "input-size");
	q.in.size += 2;
	assert_unjudged(&q, "input-size");
	q.in.size--;
	q.in.kind = NULL;
	assert_unjudged(&q, "input-missing");
	q.in.kind = "no-such";
	assert_unjudged(&q, "kind-unknown");
	q.in.kind = "snp-report";
	q.in.n_files = 3;
	assert_unjudged(&q, "role-missing");
	q.in.n_files = 1000;
	assert_unjudged(&q, "input-missing");
	q.in.n_files = 5;
	q.files[4] = (cof_attestation_file){"no-such", "x", 1};
	assert_unjudged(&q, "role-unknown");
	q.files[4] = q.files[3];
	assert_unjudged(&q, "role-repeated");
	q.files[4].role = NULL;
	assert_unjudged(&q, "input-missing");
	q.files[4] = (cof_attestation_file){"crl", NULL, 1};
	assert_unjudged(&q, "input-missing");
	drop(&q);
}

static void half_a_policy_judges_nothing(void **state)
{
	(void)state;
	static const char *const bad[] = {
		"{\"vmpll\": 0}", "{\"vmpl\": \"0\"}", "[]", "{\"vmpl\": 0, \"vmpl\": 1}", "{}{}", ""};
	static const char *const reasons[] = {"policy-word",	"policy-word",	  "policy-word",
					      "json-malformed", "json-malformed", "json-malformed"};
	question q;
	ask(&q);
	for (size_t i = 0; i < COF_COUNT(bad); i++) {
		q.in.policy = bad[i];
		assert_unjudged(&q, reasons[i]);
	}
	drop(&q);
}

static void kinds_are_listed(void **state)
{
	(void)state;
	cof_attestation_kind k;
	size_t n = 0;
	bool snp = false;
	for (; cof_attestation_kind_at(n, &k); n++) {
		assert_true(strlen(k.name) > 0 && strlen(k.summary) > 0 && k.required[0] != NULL);
		snp = snp || (strcmp(k.name, "snp-report") == 0 && strcmp(k.required[0], "report") == 0);
	}
	assert_true(snp);
	assert_false(cof_attestation_kind_at(SIZE_MAX, &k));
	assert_string_equal(cof_attestation_version(), COF_VERSION);
}

static int make_keys(void **state)
{
	(void)state;
	soft_keys_make(&keys);
	return 0;
}

static int drop_keys(void **state)
{
	(void)state;
	soft_keys_drop(&keys);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(good_evidence_is_accepted_and_speaks),
		cmocka_unit_test(every_check_is_there),
		cmocka_unit_test(refused_evidence_says_why_and_nothing_else),
		cmocka_unit_test(no_appraisal_is_a_no),
		cmocka_unit_test(what_is_only_decoded_is_not_accepted),
		cmocka_unit_test(a_policy_decides),
		cmocka_unit_test(a_known_chain_vouches_for_no_report),
		cmocka_unit_test(mistakes_are_no_verdicts),
		cmocka_unit_test(half_a_policy_judges_nothing),
		cmocka_unit_test(kinds_are_listed),
	};
	return cmocka_run_group_tests(tests, make_keys, drop_keys);
}
