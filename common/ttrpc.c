/* SPDX-License-Identifier: Apache-2.0 */
#include "common/ttrpc.h"

#include <fcntl.h>
#include <openssl/rand.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "common/ttrpc_conn.h"

enum {
	READ_CHUNK = 64 << 10,
	READS_PER_EVENT = 16, /* then other events get their turn */
	HELLO_AGAIN_MS = 250,
	FRAME_WHOLE_MS = 3000, /* a frame on a serial port that is cut off in the middle: its sender died */
};

static void arm_ms(struct event *timer, int ms)
{
	struct timeval tv = {ms / 1000, (ms % 1000) * 1000};
	(void)event_add(timer, &tv);
}

void cof_ttrpc_enter(cof_ttrpc *c)
{
	c->busy++;
}

static void destroy(cof_ttrpc *c)
{
	struct event *events[] = {c->readable, c->writable, c->timer};
	for (size_t i = 0; i < COF_COUNT(events); i++)
		if (events[i] != NULL)
			event_free(events[i]);
	if (c->in != NULL)
		evbuffer_free(c->in);
	if (c->out != NULL)
		evbuffer_free(c->out);
	cof_fd_close(&c->fd);
	free(c);
}

bool cof_ttrpc_leave(cof_ttrpc *c)
{
	if (--c->busy > 0 || !c->doomed)
		return true;
	destroy(c);
	return false;
}

void cof_ttrpc_free(cof_ttrpc *c)
{
	if (c == NULL || c->doomed)
		return;
	cof_err why = {0};
	int ignored = cof_err_set(&why, COF_E_UNAVAILABLE, "connection-freed", "the connection was closed here");
	(void)ignored;
	c->opts.closed = NULL;
	cof_ttrpc_enter(c);
	cof_ttrpc_end(c, &why);
	c->doomed = true;
	(void)cof_ttrpc_leave(c);
}

void cof_ttrpc_end(cof_ttrpc *c, const cof_err *why)
{
	if (c->state == COF_TTRPC_CLOSED)
		return;
	c->state = COF_TTRPC_CLOSED;
	struct event *events[] = {c->readable, c->writable, c->timer};
	for (size_t i = 0; i < COF_COUNT(events); i++)
		if (events[i] != NULL)
			(void)event_del(events[i]);
	cof_ttrpc_enter(c);
	cof_ttrpc_forget_calls(c);
	cof_ttrpc_fail_waits(c, why);
	if (c->opts.closed != NULL)
		c->opts.closed(c->opts.arg, why);
	(void)cof_ttrpc_leave(c);
}

/* --- writing --- */

static ssize_t put(const cof_ttrpc *c, const uint8_t *data, size_t len)
{
	return c->socket ? send(c->fd, data, len, MSG_NOSIGNAL) : write(c->fd, data, len);
}

static int flush_some(cof_ttrpc *c, cof_err *err)
{
	for (size_t left = evbuffer_get_length(c->out); left > 0; left = evbuffer_get_length(c->out)) {
		size_t n = left < READ_CHUNK ? left : READ_CHUNK;
		const uint8_t *data = evbuffer_pullup(c->out, (ev_ssize_t)n);
		if (data == NULL)
			return cof_err_oom(err);
		ssize_t did = put(c, data, n);
		if (did < 0 && errno == EINTR)
			continue;
		if (did < 0 && (errno == EAGAIN))
			return event_add(c->writable, NULL) < 0 ? cof_err_oom(err) : 0;
		if (did < 0)
			return cof_err_set(err, COF_E_UNAVAILABLE, "peer-closed", "the peer went away");
		(void)evbuffer_drain(c->out, (size_t)did);
	}
	return 0;
}

int cof_ttrpc_queue(cof_ttrpc *c, cof_span bytes, cof_err *err)
{
	if (evbuffer_get_length(c->out) + bytes.len > COF_TTRPC_OUT_MAX)
		return cof_err_set(err, COF_E_UNAVAILABLE, "peer-not-reading", "the peer does not read its answers");
	if (evbuffer_add(c->out, bytes.data, bytes.len) < 0 || event_add(c->writable, NULL) < 0)
		return cof_err_oom(err);
	return 0;
}

static void on_writable(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	cof_ttrpc *c = arg;
	cof_err err = {0};
	if (flush_some(c, &err) < 0)
		cof_ttrpc_end(c, &err);
}

/* --- the hello --- */

static int opened(cof_ttrpc *c)
{
	c->state = COF_TTRPC_OPEN;
	(void)event_del(c->timer);
	if (c->opts.ready != NULL)
		c->opts.ready(c->opts.arg);
	return 1;
}

/* The client's side: everything before our own hello comes back is somebody else's. */
static int hunt_echo(cof_ttrpc *c, cof_span hello)
{
	bool ours = true;
	for (size_t i = 0; i < COF_HELLO_LEN; i++)
		ours = ours && hello.data[i] == c->hello[i];
	(void)evbuffer_drain(c->in, ours ? COF_HELLO_LEN : 1);
	if (ours && c->state == COF_TTRPC_HUNT)
		return opened(c);
	return 1;
}

/* The guest's side: a hello is a new client, whatever was going on before. */
static int answer_hello(cof_ttrpc *c, cof_span hello, cof_err *err)
{
	uint8_t echo[COF_HELLO_LEN];
	memcpy(echo, hello.data, sizeof echo);
	(void)evbuffer_drain(c->in, COF_HELLO_LEN);
	cof_ttrpc_forget_calls(c);
	c->last_stream = 0;
	int r = cof_ttrpc_queue(c, cof_span_of(echo, sizeof echo), err);
	return r < 0 ? r : opened(c);
}

/* 1: went on, 0: needs more bytes. */
static int take_hello(cof_ttrpc *c, cof_err *err)
{
	size_t have = evbuffer_get_length(c->in);
	if (have < COF_HELLO_LEN)
		return 0;
	cof_span hello = {evbuffer_pullup(c->in, COF_HELLO_LEN), COF_HELLO_LEN};
	if (hello.data == NULL)
		return cof_err_oom(err);
	return c->opts.hello == COF_HELLO_SEND ? hunt_echo(c, hello) : answer_hello(c, hello, err);
}

static int hunt(cof_ttrpc *c, cof_err *err)
{
	size_t have = evbuffer_get_length(c->in);
	cof_span all = {evbuffer_pullup(c->in, -1), have};
	(void)evbuffer_drain(c->in, cof_hello_skip(all));
	return take_hello(c, err);
}

static int send_hello(cof_ttrpc *c, cof_err *err)
{
	arm_ms(c->timer, HELLO_AGAIN_MS);
	/* A port that nobody reads yet needs no second copy. */
	if (evbuffer_get_length(c->out) > 0)
		return 0;
	return cof_ttrpc_queue(c, cof_span_of(c->hello, sizeof c->hello), err);
}

/*
 * A serial port does not tell that the host's process changed. A client that died inside a frame left us waiting for
 * bytes that the next client's hello would fill, so a frame that does not come whole in time is given up.
 */
static void on_timer(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	cof_ttrpc *c = arg;
	cof_err err = {0};
	if (c->opts.hello == COF_HELLO_SEND) {
		if (c->state == COF_TTRPC_HUNT && send_hello(c, &err) < 0)
			cof_ttrpc_end(c, &err);
		return;
	}
	if (c->state == COF_TTRPC_OPEN) {
		c->state = COF_TTRPC_HUNT;
		cof_ttrpc_forget_calls(c);
		(void)evbuffer_drain(c->in, evbuffer_get_length(c->in));
	}
}

/* --- reading --- */

static size_t frame_max(const cof_ttrpc *c)
{
	return c->opts.frame_max == 0 ? COF_TTRPC_FRAME_MAX : c->opts.frame_max;
}

static int wait_for_rest(cof_ttrpc *c)
{
	bool armed = event_pending(c->timer, EV_TIMEOUT, NULL) != 0;
	if (c->opts.hello == COF_HELLO_ANSWER && !armed)
		arm_ms(c->timer, FRAME_WHOLE_MS);
	return 0;
}

static int take_frame(cof_ttrpc *c, cof_err *err)
{
	size_t have = evbuffer_get_length(c->in);
	if (have < COF_FRAME_HEADER)
		return wait_for_rest(c);
	cof_frame head = {0};
	int r = cof_frame_parse(evbuffer_pullup(c->in, COF_FRAME_HEADER), frame_max(c), &head, err);
	if (r < 0)
		return r;
	if (have - COF_FRAME_HEADER < head.len)
		return wait_for_rest(c);
	(void)event_del(c->timer);
	const uint8_t *all = evbuffer_pullup(c->in, (ev_ssize_t)(COF_FRAME_HEADER + (size_t)head.len));
	if (all == NULL)
		return cof_err_oom(err);
	r = cof_ttrpc_on_frame(c, &head, cof_span_of(all + COF_FRAME_HEADER, head.len), err);
	if (r < 0)
		return r;
	(void)evbuffer_drain(c->in, COF_FRAME_HEADER + (size_t)head.len);
	return 1;
}

/* At a frame's boundary: a frame begins with 0, a hello does not. */
static int step(cof_ttrpc *c, cof_err *err)
{
	size_t have = evbuffer_get_length(c->in);
	if (have == 0 || c->state == COF_TTRPC_CLOSED || c->doomed)
		return 0;
	if (c->state == COF_TTRPC_HUNT)
		return hunt(c, err);
	size_t n = have < COF_HELLO_MAGIC_LEN ? have : COF_HELLO_MAGIC_LEN;
	cof_span start = {evbuffer_pullup(c->in, (ev_ssize_t)n), n};
	if (c->opts.hello != COF_HELLO_NONE && start.data != NULL && cof_hello_begins(start))
		return have < COF_HELLO_LEN ? wait_for_rest(c) : take_hello(c, err);
	return take_frame(c, err);
}

static int read_some(cof_ttrpc *c, cof_err *err)
{
	struct evbuffer_iovec v;
	if (evbuffer_reserve_space(c->in, READ_CHUNK, &v, 1) != 1)
		return cof_err_oom(err);
	ssize_t n = read(c->fd, v.iov_base, v.iov_len);
	int why = errno;
	v.iov_len = n > 0 ? (size_t)n : 0;
	(void)evbuffer_commit_space(c->in, &v, 1);
	if (n < 0 && (why == EAGAIN || why == EINTR))
		return 0;
	if (n <= 0)
		return cof_err_set(err, COF_E_UNAVAILABLE, "peer-closed", "the peer went away");
	return 1;
}

static void on_readable(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	cof_ttrpc *c = arg;
	cof_err err = {0};
	cof_ttrpc_enter(c);
	int r = 1;
	for (int i = 0; i < READS_PER_EVENT && r > 0; i++) {
		r = read_some(c, &err);
		int went = r;
		while (went > 0)
			went = step(c, &err);
		r = went < 0 ? went : r;
		if (c->state == COF_TTRPC_CLOSED || c->doomed)
			break;
	}
	if (r < 0 && !c->doomed)
		cof_ttrpc_end(c, &err);
	(void)cof_ttrpc_leave(c);
}

/* --- making --- */

static bool make_events(cof_ttrpc *c)
{
	c->readable = event_new(c->base, c->fd, EV_READ | EV_PERSIST, on_readable, c);
	c->writable = event_new(c->base, c->fd, EV_WRITE, on_writable, c);
	c->timer = event_new(c->base, -1, 0, on_timer, c);
	c->in = evbuffer_new();
	c->out = evbuffer_new();
	return c->readable != NULL && c->writable != NULL && c->timer != NULL && c->in != NULL && c->out != NULL;
}

static int make_hello(cof_ttrpc *c, cof_err *err)
{
	memcpy(c->hello, COF_HELLO_MAGIC, COF_HELLO_MAGIC_LEN);
	if (RAND_bytes(c->hello + COF_HELLO_MAGIC_LEN, COF_HELLO_LEN - COF_HELLO_MAGIC_LEN) != 1)
		return cof_err_set(err, COF_E_INTERNAL, "openssl", "no random bytes for a hello");
	return send_hello(c, err);
}

/* Without a hello the connection is ready at once, but says so from the event loop like the others. */
static void on_ready_now(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	cof_ttrpc *c = arg;
	if (c->opts.ready != NULL)
		c->opts.ready(c->opts.arg);
}

static int begin(cof_ttrpc *c, cof_err *err)
{
	if (event_add(c->readable, NULL) < 0)
		return cof_err_sys(err, "ttrpc-fd", "a connection's descriptor");
	if (c->opts.hello == COF_HELLO_SEND)
		return make_hello(c, err);
	if (c->opts.hello == COF_HELLO_NONE && c->opts.ready != NULL) {
		event_free(c->timer);
		c->timer = event_new(c->base, -1, 0, on_ready_now, c);
		if (c->timer == NULL)
			return cof_err_oom(err);
		arm_ms(c->timer, 0);
	}
	return 0;
}

int cof_ttrpc_new(cof_ttrpc **ret, struct event_base *base, int fd, const cof_ttrpc_opts *opts, cof_err *err)
{
	struct stat st;
	int flags = fcntl(fd, F_GETFL);
	if (fstat(fd, &st) < 0 || flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0)
		return cof_err_sys(err, "ttrpc-fd", "a connection's descriptor");
	cof_ttrpc *c = calloc(1, sizeof *c);
	if (c == NULL)
		return cof_err_oom(err);
	*c = (cof_ttrpc){.base = base, .fd = fd, .socket = S_ISSOCK(st.st_mode), .opts = *opts, .next_stream = 1};
	c->state = opts->hello == COF_HELLO_NONE ? COF_TTRPC_OPEN : COF_TTRPC_HUNT;
	int r = make_events(c) ? begin(c, err) : cof_err_oom(err);
	if (r < 0) {
		c->fd = -EBADF; /* still the caller's */
		destroy(c);
		return r;
	}
	*ret = c;
	return 0;
}
