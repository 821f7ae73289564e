/* SPDX-License-Identifier: Apache-2.0 */
/* The software TPM behind the back end's table: what it leaves where, and who holds its channel. */
#include "tests/unit/kbs/tmpdir.h"

#include <fcntl.h>
#include <fts.h>
#include <poll.h>
#include <signal.h>

#include "runtime/vm/backend.h"

static cof_tee_run *start(const char *dir, const char *keep, bool bare)
{
	cof_tee_run *run = NULL;
	const cof_tee_ctx ctx = {.run_dir = dir, .keep_dir = keep, .bare = bare};
	assert_ok(cof_tee_tpm.start(&ctx, &run, &err));
	return run;
}

static bool has_ended(int pidfd, int ms)
{
	struct pollfd p = {.fd = pidfd, .events = POLLIN};
	return poll(&p, 1, ms) == 1;
}

static void needs_swtpm(void)
{
	if (cof_tee_tpm.probe(NULL) < 0)
		skip();
}

static void no_folder_no_machine(void **state)
{
	(void)state;
	cof_tee_run *run = NULL;
	COF_AUTO(tmpdir) t = tmpdir_new();
	char path[160];
	assert_ok(cof_file_write(tmpdir_path(&t, "file", path), cof_span_str("x"), 0600, &err));
	const cof_tee_ctx ctx = {.run_dir = path, .bare = true};
	cof_err err = {0};
	assert_true(cof_tee_tpm.start(&ctx, &run, &err) < 0);
	assert_null(run);
	cof_tee_tpm.stop(NULL);
}

static void t091_its_state_is_private_and_has_no_socket(void **state)
{
	(void)state;
	needs_swtpm();
	COF_AUTO(tmpdir) t = tmpdir_new();
	char dir[160];
	struct stat st;
	cof_tee_run *run = start(t.path, NULL, true);
	assert_int_equal(stat(tmpdir_path(&t, "tpm", dir), &st), 0);
	assert_int_equal(st.st_mode & 0777, 0700);
	char *const places[] = {t.path, NULL};
	FTS *walk = fts_open(places, FTS_PHYSICAL, NULL);
	assert_non_null(walk);
	for (const FTSENT *e; (e = fts_read(walk)) != NULL;)
		if (e->fts_info == FTS_DEFAULT || (e->fts_info == FTS_F && (e->fts_statp->st_mode & 077) != 0 &&
						   strstr(e->fts_path, ".permall") != NULL))
			fail_msg("%s", e->fts_path); /* a socket, or state that others read */
	(void)fts_close(walk);
	cof_tee_tpm.stop(run);
}

static void t091_only_the_machine_holds_the_channel(void **state)
{
	(void)state;
	needs_swtpm();
	COF_AUTO(tmpdir) t = tmpdir_new();
	cof_tee_run *run = start(t.path, NULL, true);
	cof_argv_in in = {COF_ARGV_NO_FDS};
	cof_proc_fd fds[4];
	size_t n = 1; /* another one is in the table already */
	int next = 9;
	assert_ok(cof_tee_tpm.attach(run, &in, fds, &n, &next, &err));
	assert_int_equal(n, 2);
	assert_int_equal(fds[1].to, 9);
	assert_int_equal(in.tpm_fd, 9);
	int held = fds[1].from;
	assert_true((fcntl(held, F_GETFD) & FD_CLOEXEC) != 0); /* no other child gets it */
	cof_tee_tpm.attached(run);
	assert_int_equal(fcntl(held, F_GETFD), -1); /* what stays open is the machine's copy */
	cof_tee_tpm.attached(run);		    /* once more closes nobody's */
	assert_false(has_ended(cof_tee_tpm.helper_pidfd(run), 0));
	cof_tee_tpm.stop(run);
}

static void t094_stopping_leaves_no_process(void **state)
{
	(void)state;
	needs_swtpm();
	COF_AUTO(tmpdir) t = tmpdir_new();
	for (int i = 0; i < 3; i++) {
		cof_tee_run *run = start(t.path, NULL, true); /* the same folder, again and again */
		int helper = fcntl(cof_tee_tpm.helper_pidfd(run), F_DUPFD_CLOEXEC, 3);
		assert_true(helper >= 0);
		cof_tee_tpm.stop(run);
		assert_true(has_ended(helper, 0));
		(void)close(helper);
	}
}

static void t025_a_kept_ca_is_used(void **state)
{
	(void)state;
	needs_swtpm();
	COF_AUTO(tmpdir) t = tmpdir_new();
	COF_AUTO(tmpdir) keep = tmpdir_new();
	char path[160];
	cof_tee_run *run = start(t.path, keep.path, false);
	assert_int_equal(access(tmpdir_path(&keep, "issuercert.pem", path), R_OK), 0);
	assert_int_equal(access(tmpdir_path(&t, "tpm/ca", path), F_OK), -1);
	cof_tee_tpm.stop(run);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_folder_no_machine),
		cmocka_unit_test(t091_its_state_is_private_and_has_no_socket),
		cmocka_unit_test(t091_only_the_machine_holds_the_channel),
		cmocka_unit_test(t094_stopping_leaves_no_process),
		cmocka_unit_test(t025_a_kept_ca_is_used),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
