/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/helper.h"

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/time.h>

enum { END_MS = 1000 };

struct cof_helper {
	cof_proc proc;
	cof_children *children;
	int chan;
	struct event *readable;
	cof_helper_opts opts;
};

static void on_readable(evutil_socket_t fd, short what, void *arg)
{
	cof_helper *h = arg;
	(void)fd;
	(void)what;
	h->opts.readable(h->opts.arg);
}

static int spawn(cof_helper *h, int theirs, cof_err *err)
{
	const char *const argv[] = {"coffer-agent", "--role", h->opts.role, NULL};
	/* The TPM library's own chatter is not for the console; what matters comes back as an error. */
	static const char *const env[] = {"TSS2_LOG=all+NONE", NULL};
	const cof_proc_fd fds[] = {{theirs, COF_HELPER_CHAN}, {STDERR_FILENO, STDERR_FILENO}};
	cof_proc_opts opts = {
		.argv = argv, .exe = h->opts.exe, .env = env, .fds = fds, .n_fds = COF_COUNT(fds), .new_session = true};
	return cof_proc_spawn(&opts, &h->proc, err);
}

int cof_helper_start(cof_helper **ret, const cof_helper_opts *opts, cof_err *err)
{
	static const struct timeval patience = {.tv_sec = COF_HELPER_PATIENCE_S};
	int pair[2];
	COF_AUTO_PTR(cof_helper) h = calloc(1, sizeof *h);
	if (h == NULL)
		return cof_err_oom(err);
	h->proc = COF_PROC_NONE;
	h->chan = -EBADF;
	h->opts = *opts;
	int r = cof_chan_pair(pair, err);
	if (r < 0)
		return r;
	h->chan = pair[0];
	COF_AUTO_FD int theirs = pair[1];
	if (setsockopt(h->chan, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience) < 0 ||
	    setsockopt(h->chan, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience) < 0)
		return cof_err_sys(err, "helper-failed", "%s", opts->role);
	r = spawn(h, theirs, err);
	if (r < 0)
		return r;
	h->readable = event_new(opts->base, h->chan, EV_READ | EV_PERSIST, on_readable, h);
	if (h->readable == NULL || event_add(h->readable, NULL) < 0)
		return cof_err_oom(err);
	*ret = cof_steal(&h);
	return 0;
}

/* Waits until it can touch no file any more; a killed process takes no longer than that. The reaper has the rest. */
static void end(int pidfd)
{
	struct pollfd p = {.fd = pidfd, .events = POLLIN};
	if (syscall(SYS_pidfd_send_signal, pidfd, SIGKILL, NULL, 0) == 0)
		(void)poll(&p, 1, END_MS);
}

void cof_helper_free(cof_helper *h)
{
	if (h->readable != NULL)
		event_free(h->readable);
	cof_fd_close(&h->chan);
	if (h->proc.pid > 0)
		end(h->proc.pidfd);
	cof_fd_close(&h->proc.pidfd);
	free(h);
}

int cof_helper_chan(const cof_helper *h)
{
	return h->chan;
}

pid_t cof_helper_pid(const cof_helper *h)
{
	return h->proc.pid;
}

int cof_helper_explain(const cof_helper *h, cof_err *err)
{
	char reason[COF_ERR_REASON_MAX];
	if (!cof_err_is(err, "peer-closed") && !cof_err_is(err, "peer-timeout") && !cof_err_is(err, "keeper-gone"))
		return -(int)err->cls;
	(void)snprintf(reason, sizeof reason, "%s-died", h->opts.role);
	return cof_err_set(err, COF_E_INTERNAL, reason, "the guest's %s process ended or fell silent", h->opts.role);
}
