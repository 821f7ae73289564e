/* SPDX-License-Identifier: Apache-2.0 */
#include "common/proc.h"

#include <fcntl.h>
#include <linux/close_range.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "common/clock.h"

enum { FDS_MAX = 32 };

/* --- in the child: async-signal-safe calls only --- */

/* Everything first moves above the numbers asked for, so that no dup2 overwrites a source that is still needed. */
static int place_fds(const cof_proc_opts *o, int *report)
{
	int moved[FDS_MAX];
	int above = STDERR_FILENO + 1;
	for (size_t i = 0; i < o->n_fds; i++)
		if (o->fds[i].to >= above)
			above = o->fds[i].to + 1;
	*report = fcntl(*report, F_DUPFD_CLOEXEC, above);
	if (*report < 0)
		return -1;
	for (size_t i = 0; i < o->n_fds; i++) {
		moved[i] = fcntl(o->fds[i].from, F_DUPFD_CLOEXEC, above);
		if (moved[i] < 0)
			return -1;
	}
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	for (int std = 0; std <= STDERR_FILENO && null >= 0; std++)
		if (dup2(null, std) < 0)
			return -1;
	for (size_t i = 0; i < o->n_fds; i++)
		if (dup2(moved[i], o->fds[i].to) < 0)
			return -1;
	return 0;
}

/* All descriptors but the named ones close at exec, whatever their flags were. */
static void hide_others(const cof_proc_opts *o)
{
	(void)syscall(SYS_close_range, STDERR_FILENO + 1, ~0u, CLOSE_RANGE_CLOEXEC);
	for (size_t i = 0; i < o->n_fds; i++)
		(void)fcntl(o->fds[i].to, F_SETFD, 0);
}

static void reset_signals(void)
{
	sigset_t none;
	(void)sigemptyset(&none);
	for (int s = 1; s < NSIG; s++)
		if (s != SIGKILL && s != SIGSTOP)
			(void)signal(s, SIG_DFL);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
}

__attribute__((noreturn)) static void child(const cof_proc_opts *o, int report, pid_t parent)
{
	static char *const empty[] = {NULL};
	const char *path = o->exe != NULL ? o->exe : o->argv[0];
	char *const *argv = (char *const *)(uintptr_t)o->argv;
	char *const *env = o->env != NULL ? (char *const *)(uintptr_t)o->env : empty;
	reset_signals();
	if (o->new_session)
		(void)setsid();
	if (!o->outlive_parent && (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) < 0 || getppid() != parent))
		_exit(127);
	if (place_fds(o, &report) == 0) {
		hide_others(o);
		if (o->search_path)
			(void)execvpe(path, argv, env);
		else
			(void)execve(path, argv, env);
	}
	int why = errno;
	ssize_t ignored = write(report, &why, sizeof why);
	(void)ignored;
	_exit(127);
}

/* --- in the parent --- */

/* The pipe closes without a word when exec succeeded. */
static int exec_result(int from, const cof_proc_opts *o, cof_err *err)
{
	int why = 0;
	ssize_t n = 0;
	do
		n = read(from, &why, sizeof why);
	while (n < 0 && errno == EINTR);
	if (n == 0)
		return 0;
	errno = n == (ssize_t)sizeof why ? why : EIO;
	return cof_err_sys(err, "exec-failed", "%s", o->exe != NULL ? o->exe : o->argv[0]);
}

static void reap(pid_t pid)
{
	while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
}

int cof_proc_spawn(const cof_proc_opts *o, cof_proc *ret, cof_err *err)
{
	if (o->n_fds > FDS_MAX)
		return cof_err_set(err, COF_E_INTERNAL, "exec-failed", "%zu descriptors for a child", o->n_fds);
	int report[2];
	if (pipe2(report, O_CLOEXEC) < 0)
		return cof_err_sys(err, "exec-failed", "a pipe");
	COF_AUTO_FD int from = report[0];
	COF_AUTO_FD int to = report[1];
	pid_t parent = getpid();
	pid_t pid = fork();
	if (pid < 0)
		return cof_err_sys(err, "fork-failed", "%s", o->argv[0]);
	if (pid == 0)
		child(o, to, parent);
	cof_fd_close(&to);
	int r = exec_result(from, o, err);
	if (r < 0) {
		reap(pid);
		return r;
	}
	int pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
	if (pidfd < 0) {
		r = cof_err_sys(err, "pidfd-failed", "%s", o->argv[0]);
		(void)kill(pid, SIGKILL);
		reap(pid);
		return r;
	}
	*ret = (cof_proc){pid, pidfd};
	return 0;
}

static int wait_readable(int fd, int timeout_ms, cof_err *err)
{
	int64_t until = cof_now_ms() + timeout_ms;
	for (;;) {
		int64_t left = timeout_ms < 0 ? -1 : until - cof_now_ms();
		struct pollfd p = {.fd = fd, .events = POLLIN};
		int n = poll(&p, 1, timeout_ms < 0 ? -1 : (int)(left > 0 ? left : 0));
		if (n > 0)
			return 0;
		if (n == 0)
			return cof_err_set(err, COF_E_UNAVAILABLE, "wait-timeout", "a child did not end in %d ms",
					   timeout_ms);
		if (errno != EINTR)
			return cof_err_sys(err, "wait-failed", "poll");
	}
}

int cof_proc_wait(cof_proc *p, int timeout_ms, int *ret_status, cof_err *err)
{
	int r = wait_readable(p->pidfd, timeout_ms, err);
	if (r < 0)
		return r;
	int status = 0;
	pid_t got = 0;
	do
		got = waitpid(p->pid, &status, 0);
	while (got < 0 && errno == EINTR);
	if (got < 0)
		return cof_err_sys(err, "wait-failed", "waitpid");
	cof_fd_close(&p->pidfd);
	*p = COF_PROC_NONE;
	*ret_status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
	return 0;
}

void cof_proc_stop(cof_proc *p, int sig, int grace_ms)
{
	int status = 0;
	if (p->pid <= 0)
		return;
	(void)syscall(SYS_pidfd_send_signal, p->pidfd, sig, NULL, 0);
	if (cof_proc_wait(p, grace_ms, &status, NULL) == 0)
		return;
	(void)syscall(SYS_pidfd_send_signal, p->pidfd, SIGKILL, NULL, 0);
	if (cof_proc_wait(p, -1, &status, NULL) < 0)
		cof_fd_close(&p->pidfd);
	*p = COF_PROC_NONE;
}
