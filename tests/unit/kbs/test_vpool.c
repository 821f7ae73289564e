/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/kbs/tmpdir.h"

#include <signal.h>

#include "attestation/kbs/vpool.h"

#define S(text) cof_span_str(text)

typedef struct seen {
	unsigned calls;
	unsigned failed;
	char reason[COF_ERR_REASON_MAX];
} seen;

static void on_done(void *arg, cof_span body, const cof_err *err)
{
	seen *s = arg;
	s->calls++;
	if (err == NULL)
		return;
	s->failed++;
	assert_int_equal(body.len, 0);
	memcpy(s->reason, err->reason, sizeof s->reason);
}

static const cof_kb_job_bind job;

static void run_until(struct event_base *b, const seen *s, unsigned calls)
{
	for (int i = 0; i < 2000 && s->calls < calls; i++)
		(void)event_base_loop(b, EVLOOP_ONCE);
	assert_int_equal(s->calls, calls);
}

/* A verifier made of shell: what it does with descriptor 3 is the test's. */
static const char *script(const tmpdir *t, const char *text, char out[160])
{
	COF_AUTO(cof_buf) b = {0};
	assert_ok(cof_buf_printf(&b, &err, "#!/bin/sh\n%s\n", text));
	assert_ok(cof_file_write(tmpdir_path(t, "v", out), cof_buf_span(&b), 0700, &err));
	return out;
}

static void one_job(const char *text, const char *reason)
{
	COF_AUTO(tmpdir) t = tmpdir_new();
	char path[160];
	struct event_base *base = event_base_new();
	cof_vpool *p = NULL;
	seen s = {0};
	assert_ok(cof_vpool_new(&p, base, script(&t, text, path), &err));
	assert_ok(cof_vpool_submit(p, COF_KB_JOB_BIND, &job, on_done, &s, &err));
	run_until(base, &s, 1);
	assert_string_equal(s.reason, reason);
	assert_int_equal(cof_vpool_load(p), 0);
	cof_vpool_free(p);
	event_base_free(base);
}

static void t079_a_verifier_that_crashes_fails_its_job_only(void **state)
{
	(void)state;
	one_job("exit 1", "verifier-died");
	one_job("kill -SEGV $$", "verifier-died");
	one_job("exec sleep 100", "verifier-timeout");
}

static void t079_a_verifier_that_lies_about_its_frame_is_refused(void **state)
{
	(void)state;
	one_job("printf 'garbage garbage garbage' >&3; sleep 5", "verifier-died");
	/* a whole frame of another type: a reply that no verifier may send */
	one_job("printf '\\0\\0\\0\\0\\0\\0\\0\\0\\006\\0' >&3; sleep 5", "frame-malformed");
}

static void a_program_that_is_not_there_fails_the_job(void **state)
{
	(void)state;
	struct event_base *base = event_base_new();
	cof_vpool *p = NULL;
	seen s = {0};
	assert_ok(cof_vpool_new(&p, base, "/nonexistent/verifier", &err));
	assert_ok(cof_vpool_submit(p, COF_KB_JOB_BIND, &job, on_done, &s, &err));
	run_until(base, &s, 1);
	assert_string_equal(s.reason, "exec-failed");
	cof_vpool_free(p);
	event_base_free(base);
}

static void t062_waiting_jobs_are_bounded_and_all_are_answered(void **state)
{
	(void)state;
	struct event_base *base = event_base_new();
	cof_vpool *p = NULL;
	seen s = {0};
	cof_err why = {0};
	unsigned n = 0;
	assert_ok(cof_vpool_new(&p, base, "/bin/false", &err));
	while (cof_vpool_submit(p, COF_KB_JOB_BIND, &job, on_done, &s, &why) == 0)
		n++;
	assert_true(cof_err_is(&why, "verifier-busy"));
	assert_int_equal(n, COF_VPOOL_WAITING_MAX);
	run_until(base, &s, n);
	assert_int_equal(s.failed, n);
	cof_vpool_free(p);
	event_base_free(base);
}

static void freeing_ends_what_runs(void **state)
{
	(void)state;
	COF_AUTO(tmpdir) t = tmpdir_new();
	char path[160];
	struct event_base *base = event_base_new();
	cof_vpool *p = NULL;
	seen s = {0};
	assert_ok(cof_vpool_new(&p, base, script(&t, "sleep 100", path), &err));
	for (int i = 0; i < COF_VPOOL_RUNNING_MAX + 2; i++)
		assert_ok(cof_vpool_submit(p, COF_KB_JOB_BIND, &job, on_done, &s, &err));
	(void)event_base_loop(base, EVLOOP_NONBLOCK);
	(void)event_base_loop(base, EVLOOP_NONBLOCK);
	assert_int_equal(cof_vpool_load(p), COF_VPOOL_RUNNING_MAX + 2);
	cof_vpool_free(p);
	assert_int_equal(s.calls, 0);
	event_base_free(base);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(t079_a_verifier_that_crashes_fails_its_job_only),
		cmocka_unit_test(t079_a_verifier_that_lies_about_its_frame_is_refused),
		cmocka_unit_test(a_program_that_is_not_there_fails_the_job),
		cmocka_unit_test(t062_waiting_jobs_are_bounded_and_all_are_answered),
		cmocka_unit_test(freeing_ends_what_runs),
	};
	(void)signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
