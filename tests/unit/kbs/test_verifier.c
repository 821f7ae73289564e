/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/kbs/rig.h"

#include <sys/socket.h>

#include "attestation/kbs/link.h"
#include "attestation/kbs/verifier.h"
#include "common/chan.h"

#define S(text) cof_span_str(text)

static cof_span body_of(const cof_buf *frame)
{
	return cof_span_of(frame->data + COF_KB_HEAD_LEN, frame->len - COF_KB_HEAD_LEN);
}

static void judged_as(const cof_kb_job_verify *job, const char *reason)
{
	COF_AUTO(cof_buf) out = {0};
	cof_kb_verdict v;
	assert_ok(cof_verifier_judge(job, &out, &err));
	assert_ok(cof_kb_decode(COF_KB_VERDICT, body_of(&out), &v, &err));
	assert_int_not_equal(v.failed, 0);
	assert_int_equal(v.affirming, 0);
	assert_int_equal(v.pcrs.len, 0);
	if (reason != NULL)
		assert_span_equal(v.reason, reason, strlen(reason));
}

static void t079_odd_evidence_is_a_refusal_not_a_failure(void **state)
{
	(void)state;
	static const uint8_t rd[32] = {1};
	static const char *const bad[] = {"",
					  "{",
					  "{}",
					  "[]",
					  "null",
					  "7",
					  "{\"tpm_quote\":{}}",
					  "{\"tpm_quote\":{\"signature\":\"AA==\",\"message\":\"AA==\",\"pcrs\":[]},"
					  "\"ak_public\":\"AA==\"}"};
	for (size_t i = 0; i < COF_COUNT(bad); i++) {
		const cof_kb_job_verify job = {
			.report_data = cof_span_of(rd, sizeof rd), .references = S("[]"), .evidence = S(bad[i])};
		judged_as(&job, NULL);
	}
}

static void initdata_that_does_not_parse_is_not_absent(void **state)
{
	(void)state;
	static const uint8_t rd[32] = {1};
	const cof_kb_job_verify job = {.report_data = cof_span_of(rd, sizeof rd),
				       .references = S("[]"),
				       .evidence = S("{}"),
				       .has_initdata = 1,
				       .initdata = S("not toml =")};
	COF_AUTO(cof_buf) out = {0};
	judged_as(&job, NULL);
	assert_ok(cof_verifier_judge(&job, &out, &err));
}

static void t025_odd_keys_get_no_credential(void **state)
{
	(void)state;
	COF_AUTO(cof_buf) out = {0};
	static const uint8_t credential[32] = {7};
	const cof_kb_job_bind job = {.ek_cert = S("x"),
				     .ek_public = S("y"),
				     .ak_public = S("z"),
				     .credential = cof_span_of(credential, sizeof credential)};
	cof_kb_bound b;
	assert_ok(cof_verifier_bind(&job, &out, &err));
	assert_ok(cof_kb_decode(COF_KB_BOUND, body_of(&out), &b, &err));
	assert_int_not_equal(b.failed, 0);
	assert_true(b.reason.len > 0);
	assert_int_equal(b.credential_blob.len, 0);
}

/* The process: what it is sent, and how it ends. */
static int run_process(cof_span sent, cof_buf *ret)
{
	char exe[512];
	int pair[2], status = -1;
	cof_proc p = COF_PROC_NONE;
	rig_program("coffer-kbs", exe);
	assert_ok(cof_chan_pair(pair, &err));
	const char *const argv[] = {exe, "--role", "verifier", NULL};
	const cof_proc_fd fds[] = {{pair[1], COF_VERIFIER_FD}};
	assert_ok(cof_proc_spawn(&(cof_proc_opts){.argv = argv, .fds = fds, .n_fds = 1}, &p, &err));
	(void)close(pair[1]);
	assert_ok(cof_fd_write_all(pair[0], sent, &err));
	assert_int_equal(shutdown(pair[0], SHUT_WR), 0);
	if (cof_fd_read_all(pair[0], 1 << 20, ret, NULL) < 0)
		ret->len = 0;
	assert_ok(cof_proc_wait(&p, 20000, &status, &err));
	cof_proc_stop(&p, SIGKILL, 0);
	(void)close(pair[0]);
	return status;
}

static void the_process_answers_one_job_and_ends(void **state)
{
	(void)state;
	static const uint8_t rd[32] = {1};
	COF_AUTO(cof_buf) job = {0};
	COF_AUTO(cof_buf) out = {0};
	cof_kb_head h;
	const cof_kb_job_verify m = {
		.report_data = cof_span_of(rd, sizeof rd), .references = S("[]"), .evidence = S("{}")};
	assert_ok(cof_kb_encode(COF_KB_JOB_VERIFY, 0, &m, &job, &err));
	assert_int_equal(run_process(cof_buf_span(&job), &out), 0);
	assert_ok(cof_kb_head_parse(cof_span_of(out.data, COF_KB_HEAD_LEN), &h, &err));
	assert_int_equal(h.type, COF_KB_VERDICT);
	assert_int_equal(out.len, COF_KB_HEAD_LEN + h.len);
}

static void the_process_takes_nothing_else(void **state)
{
	(void)state;
	COF_AUTO(cof_buf) wrong = {0};
	COF_AUTO(cof_buf) out = {0};
	const cof_kb_auth m = {.tee = S("tpm")};
	assert_int_equal(run_process((cof_span){0}, &out), 1);
	assert_int_equal(run_process(S("0123456789"), &out), 1);
	assert_ok(cof_kb_encode(COF_KB_AUTH, 0, &m, &wrong, &err));
	assert_int_equal(run_process(cof_buf_span(&wrong), &out), 1);
	assert_int_equal(out.len, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(t079_odd_evidence_is_a_refusal_not_a_failure),
		cmocka_unit_test(initdata_that_does_not_parse_is_not_absent),
		cmocka_unit_test(t025_odd_keys_get_no_credential),
		cmocka_unit_test(the_process_answers_one_job_and_ends),
		cmocka_unit_test(the_process_takes_nothing_else),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
