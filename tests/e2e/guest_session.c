/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The host's side of `coffer run` without a machine: the same session code on the two unix sockets of a process-level
 * guest. Prints "phase NAME" lines and the end on stderr; stdout and the exit code are the workload's (125: any other
 * end).
 *
 *	guest_session DIR IMAGE [ADDR=NAME ...]
 */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "common/cleanup.h"
#include "runtime/vm/session.h"

enum { HOSTS_MAX = 16, NOT_WORKLOAD = 125 };

typedef struct ctx {
	struct event_base *base;
	cof_session *session;
	char phase[16];
	int code;
} ctx;

static void on_state(void *arg, const cof_state *s)
{
	ctx *c = arg;
	if (strcmp(c->phase, s->phase) != 0)
		(void)fprintf(stderr, "phase %s %s%s\n", s->phase, s->verdict, s->reason);
	(void)snprintf(c->phase, sizeof c->phase, "%s", s->phase);
	char *refusal = s->refusal != NULL ? json_dumps(s->refusal, JSON_COMPACT) : NULL;
	if (refusal != NULL)
		(void)fprintf(stderr, "refusal %s\n", refusal);
	free(refusal);
}

static void on_ended(void *arg, int exit_code, const cof_err *why)
{
	ctx *c = arg;
	c->code = why != NULL ? NOT_WORKLOAD : exit_code;
	if (why != NULL)
		(void)fprintf(stderr, "coffer: %s: %s\n", why->reason, why->text);
	else
		(void)fprintf(stderr, "exited %d\n", exit_code);
	(void)event_base_loopbreak(c->base);
}

static void on_signal(evutil_socket_t sig, short what, void *arg)
{
	ctx *c = arg;
	(void)what;
	(void)cof_session_signal(c->session, (int)sig, NULL);
}

static int dial(const char *dir, const char *name)
{
	struct sockaddr_un a = {.sun_family = AF_UNIX};
	COF_AUTO_FD int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int n = snprintf(a.sun_path, sizeof a.sun_path, "%s/%s", dir, name);
	if (n < 0 || (size_t)n >= sizeof a.sun_path ||
	    connect(fd, (const struct sockaddr *)(const void *)&a, sizeof a) < 0) {
		perror(name);
		return -1;
	}
	return cof_steal_fd(&fd);
}

int main(int argc, char **argv)
{
	ctx c = {.base = event_base_new(), .code = NOT_WORKLOAD};
	char *hosts[HOSTS_MAX + 1] = {NULL};
	cof_err err = {0};
	if (argc < 3 || argc > 3 + HOSTS_MAX || c.base == NULL) {
		(void)fprintf(stderr, "usage: guest_session DIR IMAGE [ADDR=NAME ...]\n");
		return 2;
	}
	for (int i = 3; i < argc; i++) {
		hosts[i - 3] = argv[i];
		argv[i][strcspn(argv[i], "=")] = ' ';
	}
	(void)signal(SIGPIPE, SIG_IGN);
	struct event *term = evsignal_new(c.base, SIGTERM, on_signal, &c);
	const cof_session_opts o = {
		.ctl_fd = dial(argv[1], "ctl.sock"),
		.io_fd = dial(argv[1], "io.sock"),
		.image = argv[2],
		.hosts = (const char *const *)hosts,
		.stdin_fd = -1,
		.stdout_fd = 1,
		.stderr_fd = 2,
		.silence_ms = 30000,
		.state = on_state,
		.ended = on_ended,
		.arg = &c,
	};
	if (term == NULL || event_add(term, NULL) < 0 || o.ctl_fd < 0 || o.io_fd < 0 ||
	    cof_session_new(&c.session, c.base, &o, &err) < 0) {
		(void)fprintf(stderr, "coffer: %s: %s\n", err.reason, err.text);
		return NOT_WORKLOAD;
	}
	(void)event_base_dispatch(c.base);
	cof_session_free(c.session);
	event_free(term);
	event_base_free(c.base);
	return c.code;
}
