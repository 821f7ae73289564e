/* SPDX-License-Identifier: Apache-2.0 */
/* What Intel is said to have said: each statement with one thing wrong. AMD's are in test_fetch_snp.c. */
#include "tests/unit/endorsements/intel.h"

#include "attestation/endorsements/judge.h"

typedef struct bench {
	soft_tdx t;
	cof_buf issuers;
	cof_endorsement above;
	cof_judge_in in;
} bench;

static void bench_open(bench *b, void (*change)(soft_tdx *t))
{
	*b = (bench){.above = {.id = {.type = COF_ENDORSE_TDX_QE_IDENTITY}}, .in = {.now = SOFT_NOW}};
	soft_start(&b->t, &intel_keys);
	if (change != NULL)
		change(&b->t);
	soft_finish(&b->t);
	soft_put_pem(b->t.x509[SOFT_CA], &b->issuers);
	soft_put_pem(b->t.x509[SOFT_ROOT], &b->issuers);
	assert_ok(cof_buf_add(&b->above.chain, b->t.signing.data, b->t.signing.len, &err));
	b->in.root = cof_buf_span(&b->t.root_der);
	b->in.above = &b->above;
}

static void bench_close(bench *b)
{
	soft_drop(&b->t);
	cof_buf_release(&b->issuers);
	cof_endorsement_release(&b->above);
}

static const cof_endorse_id info_id = {.type = COF_ENDORSE_TDX_TCB_INFO, .fmspc = {0, 0x80, 0x6f, 5, 0, 0}};
static const cof_endorse_id qe_id = {.type = COF_ENDORSE_TDX_QE_IDENTITY};
static const cof_endorse_id pck_id = {.type = COF_ENDORSE_TDX_PCK_CRL};
static const cof_endorse_id root_id = {.type = COF_ENDORSE_TDX_ROOT_CRL};

/* "" when it holds. */
static const char *judge(const bench *b, const cof_endorse_id *id, cof_endorsement *ret)
{
	static cof_err err;
	bool list = id->type == COF_ENDORSE_TDX_PCK_CRL;
	const cof_buf *body = id->type == COF_ENDORSE_TDX_TCB_INFO	? &b->t.tcb_info
			      : id->type == COF_ENDORSE_TDX_QE_IDENTITY ? &b->t.qe_identity
			      : list					? &b->t.pck_crl_der
									: &b->t.root_crl_der;
	const cof_buf *chain = list ? &b->issuers : &b->t.signing;
	COF_AUTO(cof_endorsement) e = {.id = *id};
	cof_err none = {0};
	err = none;
	assert_int_equal(cof_buf_add(&e.body, body->data, body->len, &err), 0);
	if (id->type != COF_ENDORSE_TDX_ROOT_CRL)
		assert_int_equal(cof_buf_add(&e.chain, chain->data, chain->len, &err), 0);
	int rc = cof_endorse_judge(&e, &b->in, &err);
	assert_true((rc < 0) == (err.reason[0] != '\0'));
	*ret = e;
	ret->body = ret->chain = (cof_buf){0};
	return err.reason;
}

static void assert_judged(const bench *b, const cof_endorse_id *id, const char *want)
{
	cof_endorsement e;
	assert_string_equal(judge(b, id, &e), want);
}

static void what_holds_says_its_age(void **state)
{
	(void)state;
	bench b;
	cof_endorsement e;
	bench_open(&b, NULL);
	assert_string_equal(judge(&b, &info_id, &e), "");
	assert_int_equal(e.number, 20);
	assert_int_equal(e.issued, 1798761600);	 /* 2027-01-01 */
	assert_int_equal(e.expires, 1801440000); /* 2027-02-01 */
	assert_string_equal(judge(&b, &qe_id, &e), "");
	assert_int_equal(e.number, 20);
	assert_string_equal(judge(&b, &pck_id, &e), "");
	assert_int_equal(e.number, 99);
	assert_int_equal(e.issued, SOFT_NOW - 10 * SOFT_DAY);
	assert_int_equal(e.expires, SOFT_NOW + 10 * SOFT_DAY);
	assert_string_equal(judge(&b, &root_id, &e), "");
	assert_int_equal(e.number, 99);
	bench_close(&b);
}

static void it_is_about_what_was_asked(void **state)
{
	(void)state;
	bench b;
	const cof_endorse_id other = {.type = COF_ENDORSE_TDX_TCB_INFO, .fmspc = {1}};
	const cof_endorse_id processor = {.type = COF_ENDORSE_TDX_PCK_CRL, .processor_ca = true};
	bench_open(&b, NULL);
	assert_judged(&b, &other, "endorsement-other");
	assert_judged(&b, &processor, "endorsement-other");
	bench_close(&b);
}

/* Intel's key is pinned, and a named root is the one that was named. */
static void t023_only_the_root_that_counts(void **state)
{
	(void)state;
	bench b, stranger;
	soft_tdx keys = {0};
	soft_keys(&keys);
	bench_open(&b, NULL);
	stranger = (bench){0};
	soft_start(&stranger.t, &keys);
	soft_finish(&stranger.t);
	static const cof_endorse_id *const ids[] = {&info_id, &qe_id, &pck_id, &root_id};
	for (size_t i = 0; i < COF_COUNT(ids); i++) {
		b.in.root = (cof_span){0};
		assert_judged(&b, ids[i], "endorsement-root");
		b.in.root = cof_buf_span(&stranger.t.root_der);
		assert_judged(&b, ids[i], "endorsement-root");
	}
	soft_drop(&stranger.t);
	soft_drop(&keys);
	bench_close(&b);
}

static void dates_and_signatures(void **state)
{
	(void)state;
	bench b;
	bench_open(&b, NULL);
	b.in.now = SOFT_NOW + 30 * SOFT_DAY;
	assert_judged(&b, &info_id, "tcb-info-expired");
	assert_judged(&b, &qe_id, "qe-identity-expired");
	assert_judged(&b, &pck_id, "pck-crl-expired");
	assert_judged(&b, &root_id, "root-crl-expired");
	b.in.now = SOFT_NOW - 20 * SOFT_DAY;
	assert_judged(&b, &info_id, "tcb-info-not-yet-valid");
	assert_judged(&b, &root_id, "root-crl-not-yet-valid");
	b.in.now = SOFT_NOW;
	b.in.above = NULL;
	assert_judged(&b, &root_id, "endorsement-above");
	bench_close(&b);
}

static void by_another(soft_tdx *t)
{
	t->json_by = SOFT_OTHER;
	t->pck_crl.by = t->root_crl.by = SOFT_OTHER;
}

static void signer_of_another_name(soft_tdx *t)
{
	t->cert[SOFT_TCB].subject = "Intel SGX PCK Certificate";
	t->cert[SOFT_CA].subject = "Intel SGX Root CA";
}

static void lists_of_changes(soft_tdx *t)
{
	t->pck_crl.critical = t->root_crl.critical = true;
}

static void what_another_signed_is_refused(void **state)
{
	(void)state;
	bench b;
	bench_open(&b, by_another);
	assert_judged(&b, &info_id, "tcb-info-signature");
	assert_judged(&b, &qe_id, "qe-identity-signature");
	assert_judged(&b, &pck_id, "pck-crl-signature");
	assert_judged(&b, &root_id, "root-crl-signature");
	bench_close(&b);
	bench_open(&b, signer_of_another_name);
	assert_judged(&b, &info_id, "certificate-name");
	assert_judged(&b, &pck_id, "certificate-name");
	bench_close(&b);
	bench_open(&b, lists_of_changes);
	assert_judged(&b, &pck_id, "pck-crl-malformed");
	assert_judged(&b, &root_id, "root-crl-malformed");
	bench_close(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_holds_says_its_age),	  cmocka_unit_test(it_is_about_what_was_asked),
		cmocka_unit_test(t023_only_the_root_that_counts), cmocka_unit_test(dates_and_signatures),
		cmocka_unit_test(what_another_signed_is_refused),
	};
	return cmocka_run_group_tests(tests, intel_setup, intel_teardown);
}
