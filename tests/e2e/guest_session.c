/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The host's side of `coffer run` without `coffer run`: the same session code on the unix sockets of a process-level
 * guest, or on the one that a vsock device in user space has in the place of the kernel's vsock. Prints "phase NAME"
 * lines, the registers and the end on stderr; stdout and the exit code are the workload's (125: any other end).
 *
 *	guest_session DIR IMAGE [ADDR=NAME ...]			DIR/ctl.sock and DIR/io.sock, as the two ports
 *	guest_session --vsock DIR IMAGE [ADDR=NAME ...]		DIR/vsock.sock, as the vsock port
 *	guest_session --hybrid SOCKET IMAGE [ADDR=NAME ...]	a machine's, behind "CONNECT 1024"
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
	const char *place; /* folder or socket */
	struct event_base *base;
	cof_session *session;
	char phase[16];
	bool pcrs_shown;
	int code;
} ctx;

static void on_state(void *arg, const cof_state *s)
{
	ctx *c = arg;
	if (strcmp(c->phase, s->phase) != 0)
		(void)fprintf(stderr, "phase %s %s%s\n", s->phase, s->verdict, s->reason);
	(void)snprintf(c->phase, sizeof c->phase, "%s", s->phase);
	char *pcrs = s->pcrs != NULL && !c->pcrs_shown ? json_dumps(s->pcrs, JSON_COMPACT) : NULL;
	if (pcrs != NULL)
		(void)fprintf(stderr, "pcrs %s\n", pcrs);
	c->pcrs_shown |= pcrs != NULL;
	free(pcrs);
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
	int n = snprintf(a.sun_path, sizeof a.sun_path, "%s%s%s", dir, name[0] != 0 ? "/" : "", name);
	if (n < 0 || (size_t)n >= sizeof a.sun_path ||
	    connect(fd, (const struct sockaddr *)(const void *)&a, sizeof a) < 0)
		return -1;
	return cof_steal_fd(&fd);
}

static int not_yet(cof_err *err)
{
	return cof_err_set(err, COF_E_UNAVAILABLE, "agent-silent", "not yet");
}

static int dial_vsock(void *arg, cof_err *err)
{
	const ctx *c = arg;
	int fd = dial(c->place, "vsock.sock");
	return fd < 0 ? not_yet(err) : fd;
}

/* "OK PORT" is the answer once the guest listens; before that the device hangs up. */
static int dial_hybrid(void *arg, cof_err *err)
{
	static const char ask[] = "CONNECT 1024\n";
	static const struct timeval patience = {.tv_sec = 2};
	const ctx *c = arg;
	char answer[32] = "";
	COF_AUTO_FD int fd = dial(c->place, "");
	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience) < 0 ||
	    send(fd, ask, strlen(ask), MSG_NOSIGNAL) != (ssize_t)strlen(ask))
		return not_yet(err);
	for (size_t n = 0; n + 1 < sizeof answer && strchr(answer, '\n') == NULL; n++)
		if (recv(fd, answer + n, 1, 0) != 1)
			return not_yet(err);
	return strncmp(answer, "OK ", 3) == 0 ? cof_steal_fd(&fd) : not_yet(err);
}

static int usage(void)
{
	(void)fprintf(stderr, "usage: guest_session [--vsock|--hybrid] PLACE IMAGE [ADDR=NAME ...]\n");
	return 2;
}

/* The connections, by where they are to be had. */
static void choose(ctx *c, const char *how, cof_session_opts *o)
{
	bool hybrid = strcmp(how, "--hybrid") == 0;
	o->ctl_fd = o->io_fd = -1;
	o->dial_arg = c;
	o->network = hybrid; /* a machine's network is to be set up */
	if (hybrid || strcmp(how, "--vsock") == 0) {
		o->dial = hybrid ? dial_hybrid : dial_vsock;
		return;
	}
	o->ctl_fd = dial(c->place, "ctl.sock");
	o->io_fd = dial(c->place, "io.sock");
}

int main(int argc, char **argv)
{
	ctx c = {.base = event_base_new(), .code = NOT_WORKLOAD};
	char *hosts[HOSTS_MAX + 1] = {NULL};
	cof_err err = {0};
	const char *how = argc > 1 && strncmp(argv[1], "--", 2) == 0 ? argv[1] : "";
	int first = how[0] != 0 ? 2 : 1;
	if (argc < first + 2 || argc > first + 2 + HOSTS_MAX || c.base == NULL)
		return usage();
	c.place = argv[first];
	for (int i = first + 2; i < argc; i++) {
		hosts[i - first - 2] = argv[i];
		argv[i][strcspn(argv[i], "=")] = ' ';
	}
	(void)signal(SIGPIPE, SIG_IGN);
	struct event *term = evsignal_new(c.base, SIGTERM, on_signal, &c);
	cof_session_opts o = {
		.image = argv[first + 1],
		.hosts = (const char *const *)hosts,
		.stdin_fd = -1,
		.stdout_fd = 1,
		.stderr_fd = 2,
		.silence_ms = 60000,
		.state = on_state,
		.ended = on_ended,
		.arg = &c,
	};
	choose(&c, how, &o);
	if (term == NULL || event_add(term, NULL) < 0 || (o.dial == NULL && (o.ctl_fd < 0 || o.io_fd < 0)) ||
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
