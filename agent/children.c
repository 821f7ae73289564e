/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/children.h"

#include <signal.h>
#include <sys/signalfd.h>
#include <sys/wait.h>

enum { WATCHES_MAX = 512, REMEMBERED = 64 };

typedef struct watch {
	pid_t pid; /* 0: free */
	cof_child_exit done;
	void *arg;
	bool ended; /* its call back is due */
	int status;
} watch;

typedef struct ended {
	pid_t pid;
	int status;
} ended;

struct cof_children {
	int fd;
	struct event *readable;
	struct event *due;
	cof_child_signal on_signal;
	void *arg;
	watch watches[WATCHES_MAX];
	ended remembered[REMEMBERED];
	size_t next;
};

static watch *find(cof_children *c, pid_t pid)
{
	for (size_t i = 0; i < WATCHES_MAX; i++)
		if (c->watches[i].pid == pid && !c->watches[i].ended)
			return &c->watches[i];
	return NULL;
}

static void finish(watch *w, int status)
{
	watch taken = *w;
	*w = (watch){0};
	taken.done(taken.arg, taken.pid, status);
}

static void remember(cof_children *c, pid_t pid, int status)
{
	c->remembered[c->next] = (ended){pid, status};
	c->next = (c->next + 1) % REMEMBERED;
}

static void reap_all(cof_children *c)
{
	int raw = 0;
	for (;;) {
		pid_t pid = waitpid(-1, &raw, WNOHANG);
		if (pid <= 0)
			return;
		int status = WIFEXITED(raw) ? WEXITSTATUS(raw) : 128 + WTERMSIG(raw);
		watch *w = find(c, pid);
		if (w != NULL)
			finish(w, status);
		else
			remember(c, pid, status);
	}
}

static void on_readable(evutil_socket_t fd, short what, void *arg)
{
	cof_children *c = arg;
	struct signalfd_siginfo info;
	(void)what;
	while (read(fd, &info, sizeof info) == (ssize_t)sizeof info)
		if (info.ssi_signo != SIGCHLD)
			c->on_signal(c->arg, (int)info.ssi_signo);
	/* Several exits may share one SIGCHLD, so every wake-up looks for all. */
	reap_all(c);
}

static void on_due(evutil_socket_t fd, short what, void *arg)
{
	cof_children *c = arg;
	(void)fd;
	(void)what;
	for (size_t i = 0; i < WATCHES_MAX; i++)
		if (c->watches[i].ended)
			finish(&c->watches[i], c->watches[i].status);
}

static int open_signals(cof_err *err)
{
	sigset_t set;
	(void)sigemptyset(&set);
	(void)sigaddset(&set, SIGCHLD);
	(void)sigaddset(&set, SIGTERM);
	(void)sigaddset(&set, SIGINT);
	(void)sigaddset(&set, SIGPWR);
	if (sigprocmask(SIG_BLOCK, &set, NULL) < 0)
		return cof_err_sys(err, "signals-failed", "sigprocmask");
	int fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	return fd < 0 ? cof_err_sys(err, "signals-failed", "signalfd") : fd;
}

int cof_children_new(cof_children **ret, struct event_base *base, cof_child_signal on_signal, void *arg, cof_err *err)
{
	COF_AUTO_PTR(cof_children) c = calloc(1, sizeof *c);
	if (c == NULL)
		return cof_err_oom(err);
	c->on_signal = on_signal;
	c->arg = arg;
	c->fd = open_signals(err);
	if (c->fd < 0)
		return c->fd;
	c->readable = event_new(base, c->fd, EV_READ | EV_PERSIST, on_readable, c);
	c->due = event_new(base, -1, 0, on_due, c);
	if (c->readable == NULL || c->due == NULL || event_add(c->readable, NULL) < 0)
		return cof_err_oom(err);
	*ret = cof_steal(&c);
	return 0;
}

void cof_children_free(cof_children *c)
{
	if (c->readable != NULL)
		event_free(c->readable);
	if (c->due != NULL)
		event_free(c->due);
	if (c->fd > 0)
		cof_fd_close(&c->fd);
	free(c);
}

/* Pids come round again, the sooner the more a workload forks: one that is there now is another than the one that is
 * remembered, which is reaped. */
static bool already_ended(cof_children *c, pid_t pid, int *ret_status)
{
	bool gone = kill(pid, 0) < 0 && errno == ESRCH;
	bool found = false;
	for (size_t i = 0; i < REMEMBERED; i++) {
		if (c->remembered[i].pid == pid) {
			*ret_status = c->remembered[i].status;
			c->remembered[i] = (ended){0};
			found = gone;
		}
	}
	return found;
}

int cof_children_watch(cof_children *c, pid_t pid, cof_child_exit done, void *arg, cof_err *err)
{
	int status = 0;
	watch *w = pid > 0 ? find(c, 0) : NULL;
	if (w == NULL)
		return cof_err_set(err, COF_E_INTERNAL, "too-many-processes", "no place to watch pid %d", (int)pid);
	*w = (watch){.pid = pid, .done = done, .arg = arg};
	if (already_ended(c, pid, &status)) {
		w->ended = true;
		w->status = status;
		event_active(c->due, EV_TIMEOUT, 0);
	}
	return 0;
}

void cof_children_forget(cof_children *c, pid_t pid)
{
	for (size_t i = 0; i < WATCHES_MAX; i++)
		if (c->watches[i].pid == pid)
			c->watches[i] = (watch){0};
}
