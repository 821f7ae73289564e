/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/process.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/syscall.h>

#include "agent/reply.h"
#include "common/file.h"

/* One pipe: our end becomes a stream, the other waits for crun. */
static int make_outlet(cof_outlet **ret, int *theirs, struct event_base *base, cof_err *err)
{
	int fds[2];
	if (pipe2(fds, O_CLOEXEC) < 0)
		return cof_err_sys(err, "stdio-failed", "a pipe");
	*theirs = fds[1];
	int r = cof_outlet_new(ret, base, fds[0], err);
	if (r < 0)
		cof_fd_close(&fds[0]);
	return r;
}

static int make_inlet(cof_inlet **ret, int *theirs, struct event_base *base, cof_err *err)
{
	int fds[2];
	if (pipe2(fds, O_CLOEXEC) < 0)
		return cof_err_sys(err, "stdio-failed", "a pipe");
	*theirs = fds[0];
	int r = cof_inlet_new(ret, base, fds[1], err);
	if (r < 0)
		cof_fd_close(&fds[1]);
	return r;
}

int cof_process_new(cof_process **ret, struct event_base *base, cof_children *children, const char *id, cof_err *err)
{
	COF_AUTO_PTR(cof_process) p = calloc(1, sizeof *p);
	if (p == NULL)
		return cof_err_oom(err);
	p->children = children;
	p->pidfd = -EBADF;
	for (size_t i = 0; i < COF_COUNT(p->theirs); i++)
		p->theirs[i] = -EBADF;
	(void)snprintf(p->id, sizeof p->id, "%s", id);
	int r = make_inlet(&p->in, &p->theirs[0], base, err);
	if (r == 0)
		r = make_outlet(&p->out, &p->theirs[1], base, err);
	if (r == 0)
		r = make_outlet(&p->err, &p->theirs[2], base, err);
	if (r == 0)
		*ret = cof_steal(&p);
	return r;
}

void cof_process_close_theirs(cof_process *p)
{
	for (size_t i = 0; i < COF_COUNT(p->theirs); i++)
		cof_fd_close(&p->theirs[i]);
}

static void cancelled(cof_ttrpc_call *call)
{
	cof_err why = {0};
	int ignored = cof_err_set(&why, COF_E_UNAVAILABLE, "cancelled", "the wait is over");
	(void)ignored;
	cof_reply_err(call, &why);
}

void cof_process_drop_waiters(cof_process *p, bool (*gone)(const void *call))
{
	cof_ttrpc_call *sent_away[COF_WAITERS_MAX];
	size_t n = 0, kept = 0;
	for (size_t i = 0; i < p->n_waiters; i++) {
		cof_ttrpc_call *call = p->waiters[i];
		if (gone == NULL || gone(call))
			sent_away[n++] = call;
		else
			p->waiters[kept++] = call;
	}
	p->n_waiters = kept;
	for (size_t i = 0; i < n; i++)
		cancelled(sent_away[i]);
}

void cof_process_free(cof_process *p)
{
	if (p->pid > 0 && !p->exited)
		cof_children_forget(p->children, p->pid);
	cof_process_drop_waiters(p, NULL);
	cof_process_close_theirs(p);
	if (p->in != NULL)
		cof_inlet_free(p->in);
	if (p->out != NULL)
		cof_outlet_free(p->out);
	if (p->err != NULL)
		cof_outlet_free(p->err);
	cof_fd_close(&p->pidfd);
	free(p);
}

/* --- its end --- */

static void answer_wait(const cof_process *p, cof_ttrpc_call *call)
{
	Grpc__WaitProcessResponse m = GRPC__WAIT_PROCESS_RESPONSE__INIT;
	m.status = p->status;
	cof_reply(call, &m.base);
}

static void on_exit_of(void *arg, pid_t pid, int status)
{
	cof_process *p = arg;
	(void)pid;
	p->exited = true;
	p->status = status;
	cof_outlet_process_ended(p->out);
	cof_outlet_process_ended(p->err);
	cof_inlet_close(p->in);
	while (p->n_waiters > 0)
		answer_wait(p, p->waiters[--p->n_waiters]);
	if (p->ended != NULL)
		p->ended(p->arg, p);
}

void cof_process_wait(cof_process *p, cof_ttrpc_call *call)
{
	cof_err why = {0};
	if (p->exited) {
		answer_wait(p, call);
	} else if (p->n_waiters == COF_WAITERS_MAX) {
		int ignored =
			cof_err_set(&why, COF_E_UNAVAILABLE, "too-many-calls", "%d waits already", COF_WAITERS_MAX);
		(void)ignored;
		cof_reply_err(call, &why);
	} else {
		p->waiters[p->n_waiters++] = call;
	}
}

static int read_pid(const char *path, pid_t *ret, cof_err *err)
{
	COF_AUTO(cof_buf) text = {0};
	int r = cof_file_read(path, 32, &text, err);
	if (r < 0)
		return r;
	(void)unlink(path);
	long v = strtol(cof_buf_str(&text), NULL, 10);
	if (v < 2 || v > 1 << 22)
		return cof_err_set(err, COF_E_INTERNAL, "runtime-failed", "crun wrote no pid");
	*ret = (pid_t)v;
	return 0;
}

int cof_process_adopt(cof_process *p, const char *pid_file, cof_err *err)
{
	int r = read_pid(pid_file, &p->pid, err);
	if (r < 0)
		return r;
	/* It may be over and reaped already: then there is no descriptor, and none is needed. */
	p->pidfd = (int)syscall(SYS_pidfd_open, p->pid, 0);
	return cof_children_watch(p->children, p->pid, on_exit_of, p, err);
}

/* --- signals --- */

static uint64_t mask_of(const char *status, const char *name)
{
	const char *line = strstr(status, name);
	return line == NULL ? 0 : strtoull(line + strlen(name), NULL, 16);
}

bool cof_process_hears(cof_span status, int signal)
{
	COF_AUTO_FREE char *text = cof_span_dup_str(status);
	if (text == NULL || signal < 1 || signal > 64)
		return true;
	uint64_t all = mask_of(text, "\nSigBlk:\t") | mask_of(text, "\nSigIgn:\t") | mask_of(text, "\nSigCgt:\t");
	return (all >> (signal - 1) & 1) != 0;
}

/* Who sends SIGTERM wants an end, and cannot know how the image wants to be asked for it. The first process of a
 * namespace ignores what it has no handler for: then it is not asked. */
static int effective(const cof_process *p, int signal)
{
	COF_AUTO_FREE char *path = NULL;
	COF_AUTO(cof_buf) status = {0};
	if (signal != SIGTERM)
		return signal;
	if (p->stop_signal != 0)
		signal = p->stop_signal;
	if (cof_path(&path, NULL, "/proc/%d/status", (int)p->pid) < 0 ||
	    cof_file_read(path, 16 << 10, &status, NULL) < 0)
		return signal;
	return cof_process_hears(cof_buf_span(&status), signal) ? signal : SIGKILL;
}

int cof_process_signal(cof_process *p, int signal, cof_err *err)
{
	if (p->pid <= 0)
		return cof_err_set(err, COF_E_USAGE, "bad-state", "the process does not run yet");
	if (p->exited || p->pidfd < 0)
		return 0;
	if (syscall(SYS_pidfd_send_signal, p->pidfd, effective(p, signal), NULL, 0) < 0 && errno != ESRCH)
		return cof_err_sys(err, "signal-failed", "signal %d", signal);
	return 0;
}
