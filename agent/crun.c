/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/crun.h"

#include <signal.h>
#include <sys/syscall.h>

#include "common/file.h"

enum { LOG_SHOWN = 200 };

/* One run of crun, from spawn to exit. */
typedef struct run {
	cof_proc proc;
	struct event *deadline;
	char *log;
	cof_crun_done done;
	void *arg;
} run;

static void run_free(run *r)
{
	cof_fd_close(&r->proc.pidfd);
	if (r->deadline != NULL)
		event_free(r->deadline);
	free(r->log);
	free(r);
}

/* The end of the log holds the reason; a workload cannot write there. */
static void explain(const char *log, int status, cof_err *ret)
{
	COF_AUTO(cof_buf) text = {0};
	const char *said = "";
	if (cof_file_read(log, 64 << 10, &text, NULL) == 0 && text.len > 0) {
		while (text.len > 0 && text.data[text.len - 1] == '\n')
			text.data[--text.len] = '\0';
		said = cof_buf_str(&text) + (text.len > LOG_SHOWN ? text.len - LOG_SHOWN : 0);
	}
	int ignored = cof_err_set(ret, COF_E_INTERNAL, "runtime-failed", "crun ended with %d: %s", status, said);
	(void)ignored;
}

static void on_exit_of(void *arg, pid_t pid, int status)
{
	run *r = arg;
	cof_err why = {0};
	(void)pid;
	if (status != 0)
		explain(r->log, status, &why);
	(void)unlink(r->log);
	r->done(r->arg, status == 0 ? NULL : &why);
	run_free(r);
}

static void on_deadline(evutil_socket_t fd, short what, void *arg)
{
	run *r = arg;
	(void)fd;
	(void)what;
	(void)syscall(SYS_pidfd_send_signal, r->proc.pidfd, SIGKILL, NULL, 0);
}

static int spawn(const cof_crun *c, const cof_crun_cmd *cmd, cof_proc *ret, cof_err *err)
{
	static const char *const env[] = {"PATH=/usr/sbin:/usr/bin:/sbin:/bin", NULL};
	const char *argv[COF_CRUN_ARGS_MAX + 8] = {c->exe,     "--root", c->root, "--cgroup-manager",
						   "cgroupfs", "--log",	 cmd->log};
	size_t n = 7;
	for (size_t i = 0; cmd->args[i] != NULL; i++) {
		if (i == COF_CRUN_ARGS_MAX)
			return cof_err_set(err, COF_E_INTERNAL, "runtime-failed", "too many arguments");
		argv[n++] = cmd->args[i];
	}
	cof_proc_fd fds[3];
	size_t n_fds = 0;
	const int from[3] = {cmd->in, cmd->out, cmd->err};
	for (int i = 0; i < 3; i++)
		if (from[i] >= 0)
			fds[n_fds++] = (cof_proc_fd){from[i], i};
	cof_proc_opts opts = {.argv = argv, .env = env, .fds = fds, .n_fds = n_fds, .new_session = true};
	return cof_proc_spawn(&opts, ret, err);
}

int cof_crun_run(const cof_crun *c, const cof_crun_cmd *cmd, cof_err *err)
{
	static const struct timeval deadline = {.tv_sec = COF_CRUN_DEADLINE_S};
	run *r = calloc(1, sizeof *r);
	if (r == NULL)
		return cof_err_oom(err);
	r->proc = COF_PROC_NONE;
	r->done = cmd->done;
	r->arg = cmd->arg;
	r->log = strdup(cmd->log);
	r->deadline = evtimer_new(c->base, on_deadline, r);
	int e = r->log == NULL || r->deadline == NULL ? cof_err_oom(err) : spawn(c, cmd, &r->proc, err);
	if (e == 0)
		e = cof_children_watch(c->children, r->proc.pid, on_exit_of, r, err);
	if (e < 0) {
		run_free(r);
		return e;
	}
	(void)evtimer_add(r->deadline, &deadline);
	return 0;
}
