/* SPDX-License-Identifier: Apache-2.0 */
/* Two ends of a ttrpc connection in one event loop, or one end and raw bytes. */
#pragma once

#include <fcntl.h>
#include <stdio.h>
#include <sys/socket.h>
#include <time.h>

#include "common/file.h"
#include "common/ttrpc_frame.h"
#include "tests/unit/test.h"

typedef struct side {
	struct event_base *base;
	cof_ttrpc *c;
	int ready, closed, served, replies;
	cof_err why;
	cof_ttrpc_call *held[COF_TTRPC_CALLS_MAX + 1];
	bool hold;	    /* keep calls instead of answering */
	bool free_in_serve; /* or in closed */
	bool free_in_closed;
	bool free_in_reply;
	int code;
	char text[256];
	int *until; /* the loop ends when this is not zero */
} side;

static void side_closed(void *arg, const cof_err *why)
{
	side *s = arg;
	s->closed++;
	s->why = *why;
	if (s->free_in_closed)
		cof_ttrpc_free(cof_steal(&s->c));
}

static void side_ready(void *arg)
{
	side *s = arg;
	s->ready++;
}

/* Echoes "service/method:payload". */
static void side_serve(void *arg, cof_ttrpc_call *call, const char *service, const char *method, cof_span payload)
{
	side *s = arg;
	int n = s->served++;
	(void)snprintf(s->text, sizeof s->text, "%s/%s:%.*s", service, method, (int)payload.len,
		       payload.len == 0 ? "" : (const char *)payload.data);
	if (s->hold) {
		s->held[n] = call;
		return;
	}
	if (s->free_in_serve)
		cof_ttrpc_free(cof_steal(&s->c));
	cof_ttrpc_answer(call, COF_RPC_OK, NULL, cof_span_str(s->text));
}

__attribute__((unused)) static void side_reply(void *arg, int code, const char *message, cof_span payload)
{
	side *s = arg;
	s->replies++;
	s->code = code;
	(void)snprintf(s->text, sizeof s->text, "%s%.*s", message, (int)payload.len,
		       payload.len == 0 ? "" : (const char *)payload.data);
	if (s->free_in_reply)
		cof_ttrpc_free(cof_steal(&s->c));
}

static void side_open(side *s, struct event_base *base, int fd, cof_hello hello, bool server, size_t frame_max)
{
	const cof_ttrpc_opts opts = {.hello = hello,
				     .frame_max = frame_max,
				     .serve = server ? side_serve : NULL,
				     .ready = side_ready,
				     .closed = side_closed,
				     .arg = s};
	s->base = base;
	assert_ok(cof_ttrpc_new(&s->c, base, fd, &opts, &err));
}

static int64_t side_now(void)
{
	struct timespec t;
	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void side_tick(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	(void)arg;
}

/* Runs the loop until *what is at least n, at most ms. */
static bool pump_until(struct event_base *base, const int *what, int n, int ms)
{
	int64_t end = side_now() + ms;
	struct event *tick = event_new(base, -1, EV_PERSIST, side_tick, NULL);
	struct timeval tv = {0, 5000};
	(void)event_add(tick, &tv);
	while (*what < n && side_now() < end)
		(void)event_base_loop(base, EVLOOP_ONCE);
	event_free(tick);
	return *what >= n;
}

/* Runs the loop for as long as it has something to do now. */
static void pump(struct event_base *base)
{
	int never = 0;
	(void)pump_until(base, &never, 1, 40);
}

static void pair(int fds[2])
{
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
}

/* What the raw end can read now. */
__attribute__((unused)) static size_t raw_read(int fd, uint8_t *out, size_t size)
{
	ssize_t n = recv(fd, out, size, MSG_DONTWAIT);
	return n < 0 ? 0 : (size_t)n;
}

__attribute__((unused)) static void raw_write(int fd, const void *data, size_t len)
{
	assert_ok(cof_fd_write_all(fd, cof_span_of(data, len), &err));
}

__attribute__((unused)) static void raw_call(int fd, uint32_t stream, const char *method)
{
	COF_AUTO(cof_buf) frame = {0};
	const cof_frame_call call = {stream, "s", method, {0}, 0};
	assert_ok(cof_frame_request(&call, COF_TTRPC_FRAME_MAX, &frame, &err));
	raw_write(fd, frame.data, frame.len);
}
