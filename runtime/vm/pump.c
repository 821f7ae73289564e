/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/vm/pump.h"

#include <poll.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "runtime/vm/calls.h"

enum { PIECE = 4096 }; /* what a pipe that polls writable takes without blocking (PIPE_BUF) */

struct cof_pump {
	cof_pump_opts o;
	struct event *on_fd;
	cof_buf data; /* answered and not yet written */
	size_t at;
	bool reader_gone;
	bool ended;
};

void cof_pump_free(cof_pump *p)
{
	if (p->on_fd != NULL)
		event_free(p->on_fd);
	cof_buf_release(&p->data);
	free(p);
}

static void finish(cof_pump *p, const cof_err *why)
{
	if (p->ended)
		return;
	p->ended = true;
	(void)event_del(p->on_fd);
	p->o.done(p->o.arg, why);
}

static int make(cof_pump **ret, const cof_pump_opts *opts, short what, event_callback_fn cb, cof_err *err)
{
	COF_AUTO_PTR(cof_pump) p = calloc(1, sizeof *p);
	if (p == NULL)
		return cof_err_oom(err);
	p->o = *opts;
	p->on_fd = event_new(opts->base, opts->fd, what, cb, p);
	if (p->on_fd == NULL)
		return cof_err_oom(err);
	*ret = cof_steal(&p);
	return 0;
}

static int send_call(cof_pump *p, const cof_buf *payload, cof_ttrpc_reply reply, cof_err *err)
{
	return cof_ttrpc_send(p->o.io, COF_SERVICE_AGENT, p->o.method, cof_buf_span(payload), 0, reply, p, err);
}

/* --- guest to host --- */

static void ask(cof_pump *p);

static bool writable(int fd)
{
	struct pollfd f = {.fd = fd, .events = POLLOUT};
	return poll(&f, 1, 0) > 0;
}

/* A reader that went away (a closed pipe) does not end the workload: the rest is read and dropped. */
static void write_piece(cof_pump *p)
{
	size_t left = p->data.len - p->at;
	ssize_t n = write(p->o.fd, p->data.data + p->at, left < PIECE ? left : PIECE);
	if (n >= 0)
		p->at += (size_t)n;
	else if (errno != EINTR && errno != EAGAIN)
		p->reader_gone = true;
}

static void flush(evutil_socket_t fd, short what, void *arg)
{
	cof_pump *p = arg;
	cof_err err = {0};
	(void)fd;
	(void)what;
	while (!p->reader_gone && p->at < p->data.len) {
		if (writable(p->o.fd)) {
			write_piece(p);
			continue;
		}
		if (event_add(p->on_fd, NULL) < 0) {
			(void)!cof_err_oom(&err);
			finish(p, &err);
		}
		return;
	}
	p->data.len = 0;
	p->at = 0;
	ask(p);
}

static void got_output(void *arg, int code, const char *message, cof_span payload)
{
	cof_pump *p = arg;
	cof_err err = {0};
	if (p->ended)
		return;
	int r = code == COF_RPC_OK ? cof_answer_read(payload, COF_PUMP_CHUNK, &p->data, &err)
				   : cof_answer_error(code, message, &err);
	if (r < 0)
		finish(p, &err);
	else if (p->data.len == 0)
		finish(p, NULL);
	else
		flush(-1, 0, p);
}

static void ask(cof_pump *p)
{
	COF_AUTO(cof_buf) payload = {0};
	cof_err err = {0};
	int r = cof_call_read(p->o.container, COF_PUMP_CHUNK, &payload, &err);
	if (r == 0)
		r = send_call(p, &payload, got_output, &err);
	if (r < 0)
		finish(p, &err);
}

int cof_pump_out(cof_pump **ret, const cof_pump_opts *opts, cof_err *err)
{
	int r = make(ret, opts, EV_WRITE, flush, err);
	if (r == 0)
		ask(*ret);
	return r;
}

/* --- host to guest --- */

static void wait_input(cof_pump *p);

static void wrote_input(void *arg, int code, const char *message, cof_span payload)
{
	cof_pump *p = arg;
	cof_err err = {0};
	(void)payload;
	if (p->ended)
		return;
	if (code != COF_RPC_OK) {
		(void)!cof_answer_error(code, message, &err);
		finish(p, &err);
		return;
	}
	if (p->reader_gone) /* the empty write was the last */
		finish(p, NULL);
	else
		wait_input(p);
}

static void read_input(evutil_socket_t fd, short what, void *arg)
{
	cof_pump *p = arg;
	COF_AUTO(cof_buf) payload = {0};
	uint8_t chunk[PIECE];
	cof_err err = {0};
	(void)what;
	ssize_t n = read(fd, chunk, sizeof chunk);
	if (n < 0 && (errno == EINTR || errno == EAGAIN)) {
		wait_input(p);
		return;
	}
	p->reader_gone = n <= 0;
	int r = cof_call_write(p->o.container, cof_span_of(chunk, n > 0 ? (size_t)n : 0), &payload, &err);
	if (r == 0)
		r = send_call(p, &payload, wrote_input, &err);
	if (r < 0)
		finish(p, &err);
}

/* Plain files are always readable, and epoll takes none. */
static void wait_input(cof_pump *p)
{
	struct stat st;
	cof_err err = {0};
	bool plain = fstat(p->o.fd, &st) == 0 && (S_ISREG(st.st_mode) || S_ISDIR(st.st_mode));
	if (plain) {
		read_input(p->o.fd, 0, p);
	} else if (event_add(p->on_fd, NULL) < 0) {
		(void)!cof_err_oom(&err);
		finish(p, &err);
	}
}

int cof_pump_in(cof_pump **ret, const cof_pump_opts *opts, cof_err *err)
{
	int r = make(ret, opts, EV_READ, read_input, err);
	if (r == 0)
		wait_input(*ret);
	return r;
}
