/* SPDX-License-Identifier: Apache-2.0 */
/* The scratch disk's process, on a machine where it has nothing to encrypt: it says so, and mounts nothing. */
#include "agent/roles.h"

#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/unit/test.h"

static void ask(uint32_t type, const char *body, cof_err *why)
{
	int pair[2];
	int status = 0;
	COF_AUTO(cof_msg) m = {0};
	assert_ok(cof_chan_pair(pair, &err));
	assert_ok(cof_chan_send(pair[0], type, cof_span_str(body), NULL, 0, &err));
	pid_t pid = fork();
	assert_true(pid >= 0);
	if (pid == 0)
		_exit(cof_scratch_main(pair[1]));
	(void)close(pair[1]);
	assert_ok(cof_chan_recv(pair[0], &m, &err));
	assert_int_equal(m.type, COF_ROLE_ERR);
	cof_chan_parse_err(cof_buf_span(&m.body), why);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 1);
	(void)close(pair[0]);
}

static void refuses(uint32_t type, const char *body, const char *reason)
{
	cof_err why = {0};
	ask(type, body, &why);
	if (!cof_err_is(&why, reason))
		fail_msg("%s: '%s' (%s), not '%s'", body, why.reason, why.text, reason);
}

static void t029_what_cannot_be_encrypted_is_not_mounted(void **state)
{
	char folder[] = "/tmp/coffer-scratch-XXXXXX", body[160], at[80];
	(void)state;
	if (geteuid() != 0) {
		print_message("skipped: only root has a network namespace to leave\n");
		skip();
	}
	assert_non_null(mkdtemp(folder));
	for (int integrity = 0; integrity < 2; integrity++) {
		(void)snprintf(body, sizeof body, "{\"disk\":\"coffer-no-disk\",\"integrity\":%s,\"folder\":\"%s/at\"}",
			       integrity != 0 ? "true" : "false", folder);
		refuses(COF_SCRATCH_JOB, body, "scratch-failed");
		(void)snprintf(at, sizeof at, "%s/at", folder);
		assert_int_not_equal(access(at, F_OK), 0);
	}
	assert_int_equal(rmdir(folder), 0); /* no header stays behind either */
}

static void jobs_that_are_none(void **state)
{
	(void)state;
	if (geteuid() != 0) {
		print_message("skipped: only root has a network namespace to leave\n");
		skip();
	}
	refuses(COF_UNPACKER_JOB, "{\"disk\":\"vdb\",\"integrity\":true,\"folder\":\"/nonexistent\"}",
		"scratch-failed");
	refuses(COF_SCRATCH_JOB, "", "json-malformed");
	refuses(COF_SCRATCH_JOB, "{\"integrity\":true,\"folder\":\"/nonexistent\"}", "json-missing");
	refuses(COF_SCRATCH_JOB, "{\"disk\":\"vdb\",\"folder\":\"/nonexistent\"}", "json-missing");
	refuses(COF_SCRATCH_JOB, "{\"disk\":\"vdb\",\"integrity\":1,\"folder\":\"/nonexistent\"}", "json-type");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(t029_what_cannot_be_encrypted_is_not_mounted),
		cmocka_unit_test(jobs_that_are_none),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
