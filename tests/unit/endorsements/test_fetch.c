/* SPDX-License-Identifier: Apache-2.0 */
/* The fetcher before a service that is ill in every way, with a vendor of our own behind it. */
#include "tests/unit/endorsements/intel.h"

#include <sys/wait.h>
#include <unistd.h>

#include "attestation/endorsements/roles.h"
#include "common/clock.h"

#define DAY ((int64_t)SOFT_DAY)

/* What the verifier says of the quote with what the cache has; NULL: accepted. */
static const char *verdict(const intel *i, int64_t now)
{
	static cof_verdict v;
	static char reason[COF_CHECK_NAME_MAX];
	COF_AUTO(cof_endorse_files) files = {0};
	const cof_kind *kind = NULL;
	cof_endorse_wants w = intel_wants(i);
	cof_role_file all[COF_ENDORSE_ROLES_MAX + 2] = {{"quote", cof_buf_span(&i->t.quote)},
							{"root", cof_buf_span(&i->t.root_der)}};
	const cof_endorse_files_in in = {.store = i->store, .wants = &w};
	v = (cof_verdict){0};
	assert_ok(cof_endorse_files_load(&in, &v.checks, &files, &err));
	assert_int_equal(v.checks.n, 0);
	memcpy(all + 2, files.file, files.n * sizeof *all);
	const cof_verify_in judge = {.files = all, .n_files = files.n + 2, .now = now};
	assert_ok(cof_kind_find("tdx-quote", &kind, &err));
	assert_ok(cof_verify(kind, &judge, &v, &err));
	(void)snprintf(reason, sizeof reason, "%s", v.checks.failed > 0 ? v.checks.list[v.checks.first].name : "");
	bool accepted = v.accepted;
	cof_verdict_release(&v);
	return accepted ? NULL : reason;
}

static void fetches_and_then_asks_nobody(void **state)
{
	(void)state;
	intel i;
	intel_open(&i);
	intel_fetch_all(&i, COF_FETCH_FETCHED);
	assert_int_equal(vendor_asked(&i.v), 4);
	intel_fetch_all(&i, COF_FETCH_FRESH);
	assert_int_equal(vendor_asked(&i.v), 4);
	assert_null(verdict(&i, SOFT_NOW));
	i.f.again = true;
	intel_fetch_all(&i, COF_FETCH_FETCHED);
	assert_int_equal(vendor_asked(&i.v), 8);
	intel_close(&i);
}

/* The root's list alone brings what it is judged by along. */
static void what_vouches_for_it_comes_first(void **state)
{
	(void)state;
	intel i;
	intel_open(&i);
	assert_int_equal(intel_fetch(&i, COF_ENDORSE_TDX_ROOT_CRL, NULL), COF_FETCH_FETCHED);
	assert_int_equal(vendor_asked(&i.v), 2);
	intel_close(&i);
}

static void stale_is_served_and_asked_for_again(void **state)
{
	(void)state;
	intel i;
	intel_open(&i);
	cof_endorse_id id = {.type = COF_ENDORSE_TDX_QE_IDENTITY};
	COF_AUTO(cof_fetch_got) got = {0};
	intel_fetch_all(&i, COF_FETCH_FETCHED);
	i.f.now = SOFT_NOW + 2 * DAY;
	assert_ok(cof_fetch_cached(&i.f, &id, &got, &err));
	assert_int_equal(got.state, COF_FETCH_STALE);
	assert_int_equal(vendor_asked(&i.v), 4);
	assert_true(got.e.body.len > 0);
	intel_fetch_all(&i, COF_FETCH_FETCHED);
	assert_int_equal(vendor_asked(&i.v), 8);
	intel_fetch_all(&i, COF_FETCH_FRESH);
	intel_close(&i);
}

/* Another process renews it, or has just tried in vain: nobody waits, nobody asks. */
static void stale_is_served_while_another_renews_it(void **state)
{
	(void)state;
	intel i;
	int lock = -EBADF;
	const cof_endorse_id id = {.type = COF_ENDORSE_TDX_QE_IDENTITY};
	intel_open(&i);
	intel_fetch_all(&i, COF_FETCH_FETCHED);
	i.f.now = SOFT_NOW + 2 * DAY;
	assert_ok(cof_ecache_lock(i.store, &id, 0, &lock, &err));
	int64_t began = cof_boot_ms();
	assert_int_equal(intel_fetch(&i, id.type, NULL), COF_FETCH_STALE);
	assert_true(cof_boot_ms() - began < 1000);
	cof_fd_close(&lock);
	assert_int_equal(vendor_asked(&i.v), 4);
	vendor_break(&i.v, VENDOR_REDIRECT, 1);
	assert_int_equal(intel_fetch(&i, id.type, "endorsement-redirect"), COF_FETCH_KEPT);
	assert_int_equal(intel_fetch(&i, id.type, NULL), COF_FETCH_STALE);
	assert_int_equal(vendor_asked(&i.v), 5);
	/* unless a person says so */
	i.f.again = true;
	assert_int_equal(intel_fetch(&i, id.type, NULL), COF_FETCH_FETCHED);
	intel_close(&i);
}

/* The clock was set back: what was fetched "later" is no fresher for it. */
static void a_date_from_the_future_is_not_fresh(void **state)
{
	(void)state;
	intel i;
	intel_open(&i);
	intel_fetch_all(&i, COF_FETCH_FETCHED);
	i.f.now = SOFT_NOW - DAY;
	intel_fetch_all(&i, COF_FETCH_FETCHED);
	intel_close(&i);
}

/* --- outages --- */

static void t023_an_outage_stops_nobody_until_the_signed_end(void **state)
{
	(void)state;
	intel i;
	intel_open(&i);
	intel_fetch_all(&i, COF_FETCH_FETCHED);
	vendor_close(&i.v);
	i.f.now = SOFT_NOW + 5 * DAY;
	assert_int_equal(intel_fetch(&i, COF_ENDORSE_TDX_TCB_INFO, "http-unreachable"), COF_FETCH_KEPT);
	assert_int_equal(intel_fetch(&i, COF_ENDORSE_TDX_PCK_CRL, "http-unreachable"), COF_FETCH_KEPT);
	assert_null(verdict(&i, SOFT_NOW + 5 * DAY));
	/* The lists end ten days after SOFT_NOW. */
	i.f.now = SOFT_NOW + 11 * DAY;
	assert_int_equal(intel_fetch(&i, COF_ENDORSE_TDX_PCK_CRL, "http-unreachable"), COF_FETCH_MISSING);
	assert_string_equal(verdict(&i, SOFT_NOW + 11 * DAY), "pck-crl-expired");
	i.f.service = NULL;
	assert_int_equal(intel_fetch(&i, COF_ENDORSE_TDX_PCK_CRL, "endorsement-expired"), COF_FETCH_MISSING);
	intel_close(&i);
}

static void t023_an_outage_from_the_start_is_no_acceptance(void **state)
{
	(void)state;
	intel i;
	intel_open(&i);
	COF_AUTO(cof_endorse_files) files = {0};
	static cof_checks checks;
	vendor_close(&i.v);
	assert_int_equal(intel_fetch(&i, COF_ENDORSE_TDX_TCB_INFO, "http-unreachable"), COF_FETCH_MISSING);
	cof_endorse_wants w = intel_wants(&i);
	const cof_endorse_files_in in = {.store = i.store, .wants = &w};
	assert_ok(cof_endorse_files_load(&in, &checks, &files, &err));
	assert_int_equal(checks.failed, 4);
	assert_string_equal(checks.list[0].name, "endorsement-missing");
	assert_string_equal(checks.list[1].expected, "tdx/tcb-info/00806f050000");
	intel_close(&i);
}

/* The disk is full, or the cache somebody else's to write to: what holds is served. */
static void t023_a_cache_that_cannot_be_written_still_serves(void **state)
{
	(void)state;
	intel i;
	char blocker[160];
	cof_endorse_id id = {.type = COF_ENDORSE_TDX_QE_IDENTITY};
	COF_AUTO(cof_fetch_got) got = {0};
	intel_open(&i);
	intel_fetch_all(&i, COF_FETCH_FETCHED);
	i.f.now = SOFT_NOW + 2 * DAY;
	/* in the place of what is written before the rename, something that cannot be removed like a file */
	uint8_t digest[COF_SHA256_LEN];
	char hex[2 * COF_SHA256_LEN + 1];
	assert_ok(cof_sha256(cof_span_str("tdx/qe-identity"), digest, &err));
	cof_hex(cof_span_of(digest, sizeof digest), hex);
	assert_true(snprintf(blocker, sizeof blocker, "%s/n-%s", i.dir.path, hex) < 160);
	assert_int_equal(mkdir(blocker, 0700), 0);
	assert_ok(cof_fetch(&i.f, &id, &got, &err));
	assert_int_equal(got.state, COF_FETCH_KEPT);
	assert_string_equal(got.why.reason, "cache-failed");
	assert_true(got.e.body.len > 0);
	intel_close(&i);
}

static void each_fault_is_named_and_replaces_nothing(void **state)
{
	(void)state;
	static const struct {
		vendor_fault fault;
		const char *why;
	} faults[] = {
		{VENDOR_ILL, "endorsement-busy"},	   {VENDOR_CUT, "http-cut"},
		{VENDOR_WRONG, "tcb-info-signature"},	   {VENDOR_HUGE, "http-too-large"},
		{VENDOR_REDIRECT, "endorsement-redirect"}, {VENDOR_BARE, "endorsement-answer"},
		{VENDOR_EMPTY, "endorsement-answer"},
	};
	intel i;
	intel_open(&i);
	for (int round = 0; round < 2; round++) {
		for (size_t k = 0; k < COF_COUNT(faults); k++) {
			vendor_break(&i.v, faults[k].fault, -1);
			assert_int_equal(intel_fetch(&i, COF_ENDORSE_TDX_TCB_INFO, faults[k].why),
					 round == 0 ? COF_FETCH_MISSING : COF_FETCH_KEPT);
		}
		vendor_break(&i.v, VENDOR_FINE, 0);
		intel_fetch_all(&i, COF_FETCH_FETCHED);
		i.f.again = true;
	}
	assert_null(verdict(&i, SOFT_NOW));
	intel_close(&i);
}

static void a_fault_that_passes_is_waited_out(void **state)
{
	(void)state;
	static const vendor_fault faults[] = {VENDOR_ILL, VENDOR_CUT, VENDOR_BUSY};
	intel i;
	intel_open(&i);
	i.f.again = true;
	for (size_t k = 0; k < COF_COUNT(faults); k++) {
		vendor_break(&i.v, faults[k], 2);
		assert_int_equal(intel_fetch(&i, COF_ENDORSE_TDX_TCB_INFO, NULL), COF_FETCH_FETCHED);
		assert_int_equal(vendor_asked(&i.v), 3 * ((int)k + 1));
	}
	intel_close(&i);
}

/* A refusal is no fault that passes: it is asked once. */
static void a_no_is_not_asked_twice(void **state)
{
	(void)state;
	intel i;
	intel_open(&i);
	(void)snprintf(i.v.answers[0].path, 32, "/nowhere");
	assert_int_equal(intel_fetch(&i, COF_ENDORSE_TDX_TCB_INFO, "endorsement-not-found"), COF_FETCH_MISSING);
	assert_int_equal(vendor_asked(&i.v), 1);
	intel_close(&i);
}

static void a_slow_service_is_left_in_time(void **state)
{
	(void)state;
	intel i;
	intel_open(&i);
	i.v.slow_ms = 8000;
	vendor_break(&i.v, VENDOR_SLOW, -1);
	int64_t began = cof_boot_ms();
	assert_int_equal(intel_fetch(&i, COF_ENDORSE_TDX_TCB_INFO, "http-timeout"), COF_FETCH_MISSING);
	assert_true(cof_boot_ms() - began < 6000);
	intel_close(&i);
}

/* --- later --- */

static void retry_after_is_obeyed(void **state)
{
	(void)state;
	intel i;
	intel_open(&i);
	(void)snprintf(i.v.retry_after, sizeof i.v.retry_after, "1");
	vendor_break(&i.v, VENDOR_BUSY, 1);
	int64_t began = cof_boot_ms();
	assert_int_equal(intel_fetch(&i, COF_ENDORSE_TDX_TCB_INFO, NULL), COF_FETCH_FETCHED);
	assert_true(cof_boot_ms() - began >= 990);
	assert_int_equal(vendor_asked(&i.v), 2);
	intel_close(&i);
}

/* Longer than anybody has patience: nobody waits, and nobody asks until then, whatever it is about. */
static void a_long_retry_after_holds_for_all(void **state)
{
	(void)state;
	intel i;
	intel_open(&i);
	(void)snprintf(i.v.retry_after, sizeof i.v.retry_after, "600");
	vendor_break(&i.v, VENDOR_BUSY, 1);
	int64_t began = cof_boot_ms();
	assert_int_equal(intel_fetch(&i, COF_ENDORSE_TDX_TCB_INFO, "endorsement-busy"), COF_FETCH_MISSING);
	assert_int_equal(intel_fetch(&i, COF_ENDORSE_TDX_TCB_INFO, "endorsement-busy"), COF_FETCH_MISSING);
	assert_int_equal(intel_fetch(&i, COF_ENDORSE_TDX_QE_IDENTITY, "endorsement-busy"), COF_FETCH_MISSING);
	assert_true(cof_boot_ms() - began < 1500);
	assert_int_equal(vendor_asked(&i.v), 1);
	intel_close(&i);
}

/* --- rollback --- */

static void evaluation_19(soft_tdx *t)
{
	soft_replace(&t->info, "\"tcbEvaluationDataNumber\":20", "\"tcbEvaluationDataNumber\":19");
	soft_replace(&t->identity, "\"tcbEvaluationDataNumber\":20", "\"tcbEvaluationDataNumber\":19");
}

static void issued_before(soft_tdx *t)
{
	soft_replace(&t->info, "2027-01-01T00:00:00Z", "2026-12-31T00:00:00Z");
	soft_replace(&t->identity, "2027-01-01T00:00:00Z", "2026-12-31T00:00:00Z");
}

static void evaluation_21(soft_tdx *t)
{
	soft_replace(&t->info, "\"tcbEvaluationDataNumber\":20", "\"tcbEvaluationDataNumber\":21");
	soft_replace(&t->identity, "\"tcbEvaluationDataNumber\":20", "\"tcbEvaluationDataNumber\":21");
}

static void list_98(soft_tdx *t)
{
	t->pck_crl.serial = t->root_crl.serial = 98; /* the number of the list, too */
}

static void list_of_before(soft_tdx *t)
{
	t->pck_crl.from = t->root_crl.from = -11;
}

static void t023_an_older_statement_does_not_replace_a_newer_one(void **state)
{
	(void)state;
	intel i;
	intel_open(&i);
	intel_fetch_all(&i, COF_FETCH_FETCHED);
	i.f.again = true;
	void (*const changes[])(soft_tdx *) = {evaluation_19, issued_before};
	for (size_t k = 0; k < COF_COUNT(changes); k++) {
		intel_renew(&i, changes[k]);
		assert_int_equal(intel_fetch(&i, COF_ENDORSE_TDX_TCB_INFO, "endorsement-rollback"), COF_FETCH_KEPT);
		assert_int_equal(intel_fetch(&i, COF_ENDORSE_TDX_QE_IDENTITY, "endorsement-rollback"), COF_FETCH_KEPT);
	}
	intel_renew(&i, evaluation_21);
	assert_int_equal(intel_fetch(&i, COF_ENDORSE_TDX_TCB_INFO, NULL), COF_FETCH_FETCHED);
	intel_renew(&i, NULL);
	assert_int_equal(intel_fetch(&i, COF_ENDORSE_TDX_TCB_INFO, "endorsement-rollback"), COF_FETCH_KEPT);
	intel_close(&i);
}

static void t023_an_older_list_does_not_replace_a_newer_one(void **state)
{
	(void)state;
	intel i;
	intel_open(&i);
	intel_fetch_all(&i, COF_FETCH_FETCHED);
	i.f.again = true;
	void (*const changes[])(soft_tdx *) = {list_98, list_of_before};
	for (size_t k = 0; k < COF_COUNT(changes); k++) {
		intel_renew(&i, changes[k]);
		assert_int_equal(intel_fetch(&i, COF_ENDORSE_TDX_PCK_CRL, "endorsement-rollback"), COF_FETCH_KEPT);
		assert_int_equal(intel_fetch(&i, COF_ENDORSE_TDX_ROOT_CRL, "endorsement-rollback"), COF_FETCH_KEPT);
	}
	intel_close(&i);
}

/* Even when what is known has run out. */
static void t023_an_expired_statement_still_forbids_older_ones(void **state)
{
	(void)state;
	intel i;
	intel_open(&i);
	intel_renew(&i, evaluation_21);
	intel_fetch_all(&i, COF_FETCH_FETCHED);
	i.f.now = SOFT_NOW + 20 * DAY; /* past nextUpdate */
	soft_drop(&i.t);
	soft_start(&i.t, &intel_keys);
	soft_replace(&i.t.info, "2027-02-01T00:00:00Z", "2027-03-01T00:00:00Z");
	soft_finish(&i.t);
	intel_say(&i);
	i.f.root = cof_buf_span(&i.t.root_der);
	assert_int_equal(intel_fetch(&i, COF_ENDORSE_TDX_TCB_INFO, "endorsement-rollback"), COF_FETCH_MISSING);
	intel_close(&i);
}

/* --- many at once --- */

static void one_process_asks_for_all(void **state)
{
	(void)state;
	enum { MANY = 12 };
	intel i;
	pid_t child[MANY];
	intel_open(&i);
	i.v.slow_ms = 300;
	vendor_break(&i.v, VENDOR_SLOW, -1);
	cof_endorse_id id = {.type = COF_ENDORSE_TDX_QE_IDENTITY};
	for (size_t k = 0; k < MANY; k++) {
		child[k] = fork();
		assert_true(child[k] >= 0);
		if (child[k] == 0) {
			cof_fetch_got got = {0};
			cof_ecache *own = NULL;
			int rc = cof_ecache_open(i.dir.path, false, &own, NULL);
			i.f.store = own;
			rc = rc < 0 ? rc : cof_fetch(&i.f, &id, &got, NULL);
			_exit(rc == 0 && got.state != COF_FETCH_MISSING && got.e.body.len > 0 ? 0 : 1);
		}
	}
	for (size_t k = 0; k < MANY; k++) {
		int status = 0;
		assert_int_equal(waitpid(child[k], &status, 0), child[k]);
		assert_int_equal(status, 0);
	}
	assert_int_equal(vendor_asked(&i.v), 1);
	intel_close(&i);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(fetches_and_then_asks_nobody),
		cmocka_unit_test(what_vouches_for_it_comes_first),
		cmocka_unit_test(stale_is_served_and_asked_for_again),
		cmocka_unit_test(stale_is_served_while_another_renews_it),
		cmocka_unit_test(a_date_from_the_future_is_not_fresh),
		cmocka_unit_test(t023_an_outage_stops_nobody_until_the_signed_end),
		cmocka_unit_test(t023_an_outage_from_the_start_is_no_acceptance),
		cmocka_unit_test(t023_a_cache_that_cannot_be_written_still_serves),
		cmocka_unit_test(each_fault_is_named_and_replaces_nothing),
		cmocka_unit_test(a_fault_that_passes_is_waited_out),
		cmocka_unit_test(a_no_is_not_asked_twice),
		cmocka_unit_test(a_slow_service_is_left_in_time),
		cmocka_unit_test(retry_after_is_obeyed),
		cmocka_unit_test(a_long_retry_after_holds_for_all),
		cmocka_unit_test(t023_an_older_statement_does_not_replace_a_newer_one),
		cmocka_unit_test(t023_an_older_list_does_not_replace_a_newer_one),
		cmocka_unit_test(t023_an_expired_statement_still_forbids_older_ones),
		cmocka_unit_test(one_process_asks_for_all),
	};
	return cmocka_run_group_tests(tests, intel_setup, intel_teardown);
}
