/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/stdio.h"

#include <fcntl.h>

typedef struct reader {
	cof_read_done done;
	void *arg;
	size_t len;
} reader;

struct cof_outlet {
	int fd;
	struct event *readable;
	struct event *drained;
	reader waiting[COF_STDIO_WAITERS_MAX];
	size_t n_waiting;
	bool ended;	/* nothing more will come */
	bool lingering; /* the process is gone and its time to drain is over */
	bool busy;	/* inside a call back */
};

struct cof_inlet {
	int fd;
	struct event *writable;
	cof_buf pending;
	size_t written;
	cof_write_done done; /* NULL: no write under way */
	void *arg;
};

static int set_nonblocking(int fd, cof_err *err)
{
	int flags = fcntl(fd, F_GETFL);
	if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0)
		return cof_err_sys(err, "stdio-failed", "a stream of a process");
	return 0;
}

/* --- output --- */

static reader pop(cof_outlet *o)
{
	reader r = o->waiting[0];
	o->n_waiting--;
	memmove(&o->waiting[0], &o->waiting[1], o->n_waiting * sizeof o->waiting[0]);
	return r;
}

static void end_all(cof_outlet *o)
{
	o->ended = true;
	(void)event_del(o->readable);
	while (o->n_waiting > 0) {
		reader r = pop(o);
		r.done(r.arg, (cof_span){0}, NULL);
	}
}

/* Serves the first waiter. False: the pipe is empty, or at its end. */
static bool serve_one(cof_outlet *o)
{
	uint8_t chunk[COF_STDIO_CHUNK / 4];
	size_t want = o->waiting[0].len < sizeof chunk ? o->waiting[0].len : sizeof chunk;
	ssize_t n = read(o->fd, chunk, want);
	if (n < 0 && (errno == EAGAIN || errno == EINTR) && !o->lingering)
		return false;
	if (n <= 0) {
		end_all(o);
		return false;
	}
	reader r = pop(o);
	r.done(r.arg, cof_span_of(chunk, (size_t)n), NULL);
	return true;
}

static void pump(cof_outlet *o)
{
	if (o->busy)
		return;
	o->busy = true;
	while (o->n_waiting > 0 && !o->ended && serve_one(o))
		;
	o->busy = false;
	if (o->n_waiting > 0 && !o->ended)
		(void)event_add(o->readable, NULL);
}

static void on_outlet_readable(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	pump(arg);
}

/* The process is gone and its pipe stayed silent: whoever still holds the other end is not waited for. */
static void on_drained(evutil_socket_t fd, short what, void *arg)
{
	cof_outlet *o = arg;
	(void)fd;
	(void)what;
	o->lingering = true;
	pump(o);
}

int cof_outlet_new(cof_outlet **ret, struct event_base *base, int fd, cof_err *err)
{
	COF_AUTO_PTR(cof_outlet) o = calloc(1, sizeof *o);
	if (o == NULL)
		return cof_err_oom(err);
	o->fd = -EBADF;
	int r = set_nonblocking(fd, err);
	if (r < 0)
		return r;
	o->readable = event_new(base, fd, EV_READ, on_outlet_readable, o);
	o->drained = event_new(base, -1, 0, on_drained, o);
	if (o->readable == NULL || o->drained == NULL)
		return cof_err_oom(err);
	o->fd = fd;
	*ret = cof_steal(&o);
	return 0;
}

void cof_outlet_free(cof_outlet *o)
{
	cof_outlet_cancel(o, NULL);
	if (o->readable != NULL)
		event_free(o->readable);
	if (o->drained != NULL)
		event_free(o->drained);
	cof_fd_close(&o->fd);
	free(o);
}

int cof_outlet_read(cof_outlet *o, size_t len, cof_read_done done, void *arg, cof_err *err)
{
	if (len == 0)
		return cof_err_set(err, COF_E_USAGE, "bad-length", "a read of no bytes");
	if (o->n_waiting == COF_STDIO_WAITERS_MAX)
		return cof_err_set(err, COF_E_UNAVAILABLE, "too-many-calls", "%d reads wait already",
				   COF_STDIO_WAITERS_MAX);
	if (o->ended) {
		done(arg, (cof_span){0}, NULL);
		return 0;
	}
	o->waiting[o->n_waiting++] = (reader){done, arg, len};
	pump(o);
	return 0;
}

void cof_outlet_process_ended(cof_outlet *o)
{
	static const struct timeval drain = {.tv_usec = COF_STDIO_DRAIN_MS * 1000};
	if (!o->ended)
		(void)event_add(o->drained, &drain);
}

void cof_outlet_cancel(cof_outlet *o, bool (*gone)(const void *arg))
{
	reader sent_away[COF_STDIO_WAITERS_MAX];
	size_t n = 0, kept = 0;
	cof_err why = {0};
	int ignored = cof_err_set(&why, COF_E_UNAVAILABLE, "cancelled", "the reader went away");
	(void)ignored;
	for (size_t i = 0; i < o->n_waiting; i++) {
		reader r = o->waiting[i];
		if (gone == NULL || gone(r.arg))
			sent_away[n++] = r;
		else
			o->waiting[kept++] = r;
	}
	o->n_waiting = kept;
	if (o->readable != NULL && kept == 0)
		(void)event_del(o->readable);
	for (size_t i = 0; i < n; i++)
		sent_away[i].done(sent_away[i].arg, (cof_span){0}, &why);
}

/* --- input --- */

static void write_ended(cof_inlet *i, const cof_err *why)
{
	cof_write_done done = i->done;
	i->done = NULL;
	if (done != NULL)
		done(i->arg, i->written, why);
}

static void push(cof_inlet *i)
{
	while (i->written < i->pending.len) {
		ssize_t n = write(i->fd, i->pending.data + i->written, i->pending.len - i->written);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN) {
			(void)event_add(i->writable, NULL);
			return;
		}
		if (n < 0) {
			cof_err why = {0};
			int ignored = cof_err_set(&why, COF_E_UNAVAILABLE, "stdin-closed", "the process reads no more");
			(void)ignored;
			write_ended(i, &why);
			return;
		}
		i->written += (size_t)n;
	}
	write_ended(i, NULL);
}

static void on_writable(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	push(arg);
}

int cof_inlet_new(cof_inlet **ret, struct event_base *base, int fd, cof_err *err)
{
	COF_AUTO_PTR(cof_inlet) i = calloc(1, sizeof *i);
	if (i == NULL)
		return cof_err_oom(err);
	i->fd = -EBADF;
	int r = set_nonblocking(fd, err);
	if (r < 0)
		return r;
	i->writable = event_new(base, fd, EV_WRITE, on_writable, i);
	if (i->writable == NULL)
		return cof_err_oom(err);
	i->fd = fd;
	*ret = cof_steal(&i);
	return 0;
}

void cof_inlet_close(cof_inlet *i)
{
	cof_err why = {0};
	int ignored = cof_err_set(&why, COF_E_UNAVAILABLE, "stdin-closed", "the stream was closed");
	(void)ignored;
	if (i->writable != NULL)
		(void)event_del(i->writable);
	cof_fd_close(&i->fd);
	write_ended(i, &why);
}

void cof_inlet_free(cof_inlet *i)
{
	cof_inlet_close(i);
	if (i->writable != NULL)
		event_free(i->writable);
	cof_buf_wipe(&i->pending);
	cof_buf_release(&i->pending);
	free(i);
}

int cof_inlet_write(cof_inlet *i, cof_span data, cof_write_done done, void *arg, cof_err *err)
{
	if (i->fd < 0)
		return cof_err_set(err, COF_E_UNAVAILABLE, "stdin-closed", "the stream was closed");
	if (i->done != NULL)
		return cof_err_set(err, COF_E_UNAVAILABLE, "stdin-busy", "a write is under way");
	cof_buf_wipe(&i->pending);
	i->pending.len = 0;
	i->written = 0;
	int r = cof_buf_add(&i->pending, data.data, data.len, err);
	if (r < 0)
		return r;
	i->done = done;
	i->arg = arg;
	push(i);
	return 0;
}
