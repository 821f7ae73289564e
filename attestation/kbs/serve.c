/* SPDX-License-Identifier: Apache-2.0 */
#include "attestation/kbs/serve.h"

#include <event2/event.h>
#include <event2/util.h>
#include <limits.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "attestation/kbs/fronts.h"
#include "common/file.h"
#include "common/json.h"
#include "common/log.h"
#include "common/secret.h"

enum { BACKLOG = 1024, SHUTDOWN_S = 15 };

typedef struct server {
	const cof_serve_opts *opts;
	struct event_base *base;
	cof_holder *holder;
	cof_fronts *fronts;
	struct event *on_term;
	struct event *on_int;
	struct event *deadline;
	char exe[PATH_MAX];
	int listen_fd;
	char address[96]; /* as it was bound */
	unsigned port;
	int code;
} server;

typedef union address {
	struct sockaddr any;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
} address;

/* ADDR:PORT or [ADDR]:PORT; port 0 is allowed, names are not. */
static bool parse_address(const char *text, address *ret)
{
	char host[64] = "";
	const char *colon = strrchr(text, ':');
	size_t n = colon != NULL ? (size_t)(colon - text) : 0;
	char *end = NULL;
	unsigned long port = colon != NULL ? strtoul(colon + 1, &end, 10) : 0;
	if (n == 0 || n >= sizeof host || colon[1] < '0' || colon[1] > '9' || *end != '\0' || port > 65535)
		return false;
	bool v6 = text[0] == '[' && text[n - 1] == ']';
	memcpy(host, text + v6, n - 2 * (size_t)v6);
	*ret = (address){0};
	ret->any.sa_family = v6 ? AF_INET6 : AF_INET;
	if (v6)
		ret->v6.sin6_port = htons((uint16_t)port);
	else
		ret->v4.sin_port = htons((uint16_t)port);
	return evutil_inet_pton(ret->any.sa_family, host,
				v6 ? (void *)&ret->v6.sin6_addr : (void *)&ret->v4.sin_addr) == 1;
}

static int listen_on(server *s, cof_err *err)
{
	address a;
	int one = 1;
	if (!parse_address(s->opts->listen, &a))
		return cof_err_set(err, COF_E_USAGE, "bad-address", "%s is not ADDR:PORT", s->opts->listen);
	socklen_t len = a.any.sa_family == AF_INET6 ? sizeof a.v6 : sizeof a.v4;
	s->listen_fd = socket(a.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (s->listen_fd < 0 || setsockopt(s->listen_fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one) < 0)
		return cof_err_sys(err, "listen-failed", "%s", s->opts->listen);
	if (bind(s->listen_fd, &a.any, len) < 0 || listen(s->listen_fd, BACKLOG) < 0)
		return cof_err_sys(err, "listen-failed", "%s", s->opts->listen);
	return 0;
}

static int find_port(server *s, cof_err *err)
{
	address a = {0};
	socklen_t len = sizeof a;
	if (getsockname(s->listen_fd, &a.any, &len) < 0)
		return cof_err_sys(err, "listen-failed", "the bound address");
	bool v6 = a.any.sa_family == AF_INET6;
	const void *host = v6 ? (const void *)&a.v6.sin6_addr : (const void *)&a.v4.sin_addr;
	s->port = ntohs(v6 ? a.v6.sin6_port : a.v4.sin_port);
	if (evutil_inet_ntop(a.any.sa_family, host, s->address, sizeof s->address) == NULL)
		return cof_err_sys(err, "listen-failed", "the bound address");
	return 0;
}

static int announce(server *s, cof_err *err)
{
	COF_AUTO(cof_buf) line = {0};
	COF_AUTO(cof_buf) port = {0};
	COF_AUTO_PTR(json_t)
	o = json_pack("{s:s, s:s, s:i}", "event", "ready", "address", s->address, "port", (int)s->port);
	int rc = o != NULL ? cof_json_dump(o, &line, err) : cof_err_oom(err);
	if (rc == 0)
		rc = cof_buf_add_str(&line, "\n", err);
	if (rc == 0)
		rc = cof_buf_printf(&port, err, "%u\n", s->port);
	if (rc == 0 && s->opts->port_file != NULL)
		rc = cof_file_write(s->opts->port_file, cof_buf_span(&port), 0644, err);
	if (rc < 0)
		return rc;
	return cof_fd_write_all(s->opts->ready_fd >= 0 ? s->opts->ready_fd : STDOUT_FILENO, cof_buf_span(&line), err);
}

static void leave(server *s, int code)
{
	s->code = code;
	(void)event_base_loopbreak(s->base);
}

static void on_ready(void *arg)
{
	server *s = arg;
	cof_err err = {0};
	if (announce(s, &err) == 0)
		return;
	cof_log_err(COF_LOG_ERROR, "kbs", "announce-failed", &err);
	leave(s, 2);
}

static void on_drained(void *arg)
{
	leave(arg, 0);
}

static void on_failed(void *arg)
{
	cof_log(COF_LOG_ERROR, "kbs", "front-failed", "text", "a front ended before it accepted connections", NULL);
	leave(arg, 2);
}

static void on_deadline(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	cof_log(COF_LOG_WARN, "kbs", "shutdown-forced", NULL);
	leave(arg, 0);
}

/* The first signal finishes what runs, the second ends it. */
static void on_signal(evutil_socket_t fd, short what, void *arg)
{
	server *s = arg;
	const struct timeval t = {SHUTDOWN_S, 0};
	(void)fd;
	(void)what;
	if (evtimer_pending(s->deadline, NULL) || evtimer_add(s->deadline, &t) < 0) {
		leave(s, 0);
		return;
	}
	cof_holder_drain(s->holder);
	cof_fronts_drain(s->fronts);
}

static int on_message(void *arg, cof_ticket from, enum cof_kb_type type, cof_span body, cof_err *err)
{
	server *s = arg;
	return cof_holder_handle(s->holder, from, type, body, err);
}

static void on_reply(void *arg, cof_ticket to, const cof_kb_reply *r)
{
	server *s = arg;
	cof_fronts_reply(s->fronts, to, r);
}

static int make_events(server *s, cof_err *err)
{
	s->base = event_base_new();
	if (s->base == NULL)
		return cof_err_oom(err);
	s->deadline = evtimer_new(s->base, on_deadline, s);
	s->on_term = evsignal_new(s->base, SIGTERM, on_signal, s);
	s->on_int = evsignal_new(s->base, SIGINT, on_signal, s);
	if (s->deadline == NULL || s->on_term == NULL || s->on_int == NULL || evsignal_add(s->on_term, NULL) < 0 ||
	    evsignal_add(s->on_int, NULL) < 0)
		return cof_err_set(err, COF_E_INTERNAL, "loop-failed", "event loop");
	return 0;
}

static int make_holder(server *s, cof_err *err)
{
	const cof_holder_opts o = {
		.store_dir = s->opts->store_dir, .base = s->base, .exe = s->exe, .reply = on_reply, .arg = s};
	return cof_holder_new(&s->holder, &o, err);
}

static int make_fronts(server *s, cof_err *err)
{
	const cof_fronts_opts o = {.base = s->base,
				   .exe = s->exe,
				   .cert = s->opts->tls_cert,
				   .key = s->opts->tls_key,
				   .listen_fd = s->listen_fd,
				   .n = s->opts->fronts,
				   .message = on_message,
				   .ready = on_ready,
				   .drained = on_drained,
				   .failed = on_failed,
				   .arg = s};
	return cof_fronts_new(&s->fronts, &o, err);
}

/* The program that fronts and verifiers are made from: this one. */
static int find_exe(server *s, cof_err *err)
{
	ssize_t n = readlink("/proc/self/exe", s->exe, sizeof s->exe - 1);
	if (n <= 0 || (size_t)n >= sizeof s->exe - 1)
		return cof_err_sys(err, "no-program", "the path of this program");
	s->exe[n] = '\0';
	return 0;
}

static int setup(server *s, cof_err *err)
{
	int rc = find_exe(s, err);
	if (rc == 0)
		rc = make_events(s, err);
	if (rc == 0)
		rc = make_holder(s, err);
	if (rc == 0)
		rc = listen_on(s, err);
	if (rc == 0)
		rc = find_port(s, err);
	return rc < 0 ? rc : make_fronts(s, err);
}

static void server_release(server *s)
{
	cof_fronts_free(s->fronts);
	cof_holder_free(s->holder);
	cof_fd_close(&s->listen_fd);
	struct event *const events[] = {s->deadline, s->on_term, s->on_int};
	for (size_t i = 0; i < COF_COUNT(events); i++)
		if (events[i] != NULL)
			event_free(events[i]);
	if (s->base != NULL)
		event_base_free(s->base);
}

int cof_serve(const cof_serve_opts *opts)
{
	server s = {.opts = opts, .listen_fd = -EBADF, .code = 0};
	cof_err err = {0};
	(void)signal(SIGPIPE, SIG_IGN);
	(void)umask(077);
	cof_secret_process_init();
	if (setup(&s, &err) < 0) {
		cof_log_err(COF_LOG_ERROR, "kbs", "start-failed", &err);
		s.code = 2;
	} else if (event_base_dispatch(s.base) < 0) {
		s.code = 2;
	}
	server_release(&s);
	return s.code;
}
