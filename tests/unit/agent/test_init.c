/* SPDX-License-Identifier: Apache-2.0 */
/* The process-level guest: its mounts are its own, and it ends with a reason. Being PID 1 takes a machine. */
#include <sys/prctl.h>

#include "agent/run.h"
#include "tests/unit/agent/guest.h"

static guest g;

static void run(const char *folder)
{
	char disk[160], log[160];
	guest_path(&g, "initdata", disk);
	guest_path(&g, "log", log);
	pid_t pid = fork();
	if (pid == 0) {
		const cof_run_opts o = {.folder = folder,
					.tcti = "none",
					.eventlog = disk,
					.initdata_disk = disk,
					.crun = "/nonexistent/crun",
					.cgroups = "/nonexistent",
					.rest_port = -1};
		int fd = open(log, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
		(void)dup2(fd, STDERR_FILENO);
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
		_exit(cof_process_guest_main(&o));
	}
	g.agent.pid = pid;
}

static int ends(int sig)
{
	int status = 0;
	if (sig != 0)
		assert_int_equal(kill(g.agent.pid, sig), 0);
	assert_int_equal(waitpid(g.agent.pid, &status, 0), g.agent.pid);
	g.agent = COF_PROC_NONE;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status);
}

/* Does this process (or "self") see the guest's /run as a mount? */
static bool sees_run(const char *pid)
{
	char path[64], want[192];
	COF_AUTO(cof_buf) mounts = {0};
	(void)snprintf(path, sizeof path, "/proc/%s/mountinfo", pid);
	(void)snprintf(want, sizeof want, " %s/run ", g.dir);
	assert_ok(cof_file_read(path, 1 << 20, &mounts, &err));
	return strstr(cof_buf_str(&mounts), want) != NULL;
}

static void assert_logged(const char *reason)
{
	char path[160];
	COF_AUTO(cof_buf) log = {0};
	guest_path(&g, "log", path);
	assert_ok(cof_file_read(path, 1 << 20, &log, &err));
	if (strstr(cof_buf_str(&log), reason) == NULL)
		fail_msg("'%s' is not in: %s", reason, cof_buf_str(&log));
}

/* T-91: what a guest unpacks stays in its own mounts, and goes with it. */
static void t091_mounts_are_its_own(void **state)
{
	char pid[16];
	(void)state;
	guest_init(&g);
	guest_write_disk(&g, NULL);
	run(g.dir);
	guest_connect(&g);
	(void)snprintf(pid, sizeof pid, "%d", (int)g.agent.pid);
	assert_true(sees_run(pid));
	assert_false(sees_run("self"));
	assert_int_equal(ends(SIGTERM), 1);
	assert_logged("initdata-missing");
	guest_stop(&g);
}

static void no_folder_no_guest(void **state)
{
	char path[160];
	(void)state;
	guest_init(&g);
	guest_write_disk(&g, NULL);
	guest_path(&g, "initdata", path); /* a file */
	run(path);
	assert_int_equal(ends(0), 1);
	assert_logged("ended");
	guest_stop(&g);
}

static int tear_down(void **state)
{
	(void)state;
	if (g.agent.pid > 0)
		(void)ends(SIGKILL);
	if (g.base != NULL)
		guest_stop(&g);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(t091_mounts_are_its_own, tear_down),
		cmocka_unit_test_teardown(no_folder_no_guest, tear_down),
	};
	g.agent = COF_PROC_NONE;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
