/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One large blob in several ranges at once: threads fill windows in a ring, the caller's thread empties them in order.
 * Memory is the ring, whatever the blob's size; a slow sink stops the asking.
 */
#include "image-decrypt/registry_int.h"

typedef struct window {
	uint8_t *data;
	uint64_t from;
	size_t want;
	/* under the lock: */
	size_t have;
	bool filling; /* its thread is not done with it, even when all bytes are there */
} window;

typedef struct windows {
	cof_download *w;
	window ring[COF_STREAMS_MAX];
	unsigned n; /* windows and threads */
	pthread_mutex_t lock;
	pthread_cond_t filled, room;
	/* under the lock: */
	uint64_t next;	   /* the first byte that nobody has asked for */
	size_t head, tail; /* windows emptied, windows taken: the ring holds [head, tail) */
	int rc;		   /* the first failure, and its error */
	cof_err err;
	atomic_bool stop;
	atomic_bool whole;     /* an answer was the whole blob: no ranges any more */
	atomic_bool no_direct; /* the redirect's target is over */
} windows;

/* --- filling --- */

/* One window being filled. */
typedef struct filling {
	windows *ws;
	window *at;
} filling;

static int on_begin(void *arg, const cof_http_resp *head, cof_err *err)
{
	filling *f = arg;
	bool whole = false;
	int rc = cof_download_head(f->ws->w, head, f->at->from + f->at->have, &whole, err);
	if (rc < 0 || !whole)
		return rc;
	atomic_store(&f->ws->whole, true);
	return cof_err_set(err, COF_E_MALFORMED, "registry-range", "the registry keeps ranges no longer");
}

static int on_chunk(void *arg, cof_span chunk, cof_err *err)
{
	filling *f = arg;
	window *at = f->at;
	if (chunk.len > at->want - at->have)
		return cof_err_set(err, COF_E_MALFORMED, "registry-range",
				   "the registry gives more than was asked for");
	/* Nobody else looks beyond have. */
	memcpy(at->data + at->have, chunk.data, chunk.len);
	(void)pthread_mutex_lock(&f->ws->lock);
	at->have += chunk.len;
	(void)pthread_cond_signal(&f->ws->filled);
	(void)pthread_mutex_unlock(&f->ws->lock);
	return 0;
}

/* A signed address ends after a while; then the registry is asked for another. */
static bool is_over(const cof_http_resp *resp)
{
	return resp->status == 400 || resp->status == 401 || resp->status == 403 || resp->status == 404 ||
	       resp->status == 410;
}

static int ask(filling *f, cof_http_resp *ret, cof_err *err)
{
	windows *ws = f->ws;
	const cof_download *w = ws->w;
	char range[COF_RANGE_LINE_MAX], etag[COF_RANGE_LINE_MAX];
	cof_download_ask(w, f->at->from + f->at->have, f->at->from + f->at->want - 1, range, etag);
	const char *const headers[] = {range, etag[0] != '\0' ? etag : NULL, NULL};
	const char *const bare[] = {"Accept-Encoding: identity", range, headers[1], NULL};
	cof_http_req req = {
		.method = "GET", .url = w->url, .begin = on_begin, .sink = on_chunk, .sink_arg = f, .stop = &ws->stop};
	if (w->direct == NULL || atomic_load(&ws->no_direct))
		return cof_registry_do(w->r, w->place, &req, headers, ret, err);
	req.url = w->direct;
	req.headers = bare;
	int rc = cof_registry_call(w->r, &req, ret, err);
	if (rc < 0 || !is_over(ret))
		return rc;
	atomic_store(&ws->no_direct, true);
	req.url = w->url;
	return cof_registry_do(w->r, w->place, &req, headers, ret, err);
}

static int fill(filling *f, cof_err *err)
{
	const cof_download *w = f->ws->w;
	unsigned attempt = 0;
	while (f->at->have < f->at->want) {
		COF_AUTO(cof_http_resp) resp = {0};
		size_t before = f->at->have;
		int rc = ask(f, &resp, err);
		bool good = rc == 0 && resp.status == 206;
		if (f->at->have == f->at->want)
			return 0;
		if (cof_download_moved(w, f->at->have - before))
			attempt = 0;
		else if (good && ++attempt > w->r->retries)
			return cof_err_set(err, COF_E_MALFORMED, "registry-range", "ranges that bring nothing");
		if (!good && (atomic_load(&f->ws->stop) || !cof_registry_again(w->r, &attempt, &resp, rc)))
			return rc < 0 ? rc : cof_registry_status(&resp, "a blob", err);
	}
	return 0;
}

/* --- the ring --- */

static void give_up(windows *ws, int rc, const cof_err *why)
{
	(void)pthread_mutex_lock(&ws->lock);
	if (rc < 0 && ws->rc == 0 && !atomic_load(&ws->stop)) {
		ws->rc = rc;
		ws->err = *why;
	}
	atomic_store(&ws->stop, true);
	(void)pthread_cond_broadcast(&ws->filled);
	(void)pthread_cond_broadcast(&ws->room);
	(void)pthread_mutex_unlock(&ws->lock);
}

/* The next window to fill; NULL when there is none, now or ever. */
static window *take_window(windows *ws)
{
	window *at = NULL;
	(void)pthread_mutex_lock(&ws->lock);
	while (!atomic_load(&ws->stop) && ws->next < ws->w->d->size && ws->tail - ws->head == ws->n)
		(void)pthread_cond_wait(&ws->room, &ws->lock);
	if (!atomic_load(&ws->stop) && ws->next < ws->w->d->size) {
		uint64_t left = ws->w->d->size - ws->next;
		at = &ws->ring[ws->tail++ % ws->n];
		at->from = ws->next;
		at->want = left < COF_WINDOW ? (size_t)left : COF_WINDOW;
		at->have = 0;
		at->filling = true;
		ws->next += at->want;
	}
	(void)pthread_mutex_unlock(&ws->lock);
	return at;
}

static void leave_window(windows *ws, window *at)
{
	(void)pthread_mutex_lock(&ws->lock);
	at->filling = false;
	(void)pthread_cond_signal(&ws->filled);
	(void)pthread_mutex_unlock(&ws->lock);
}

static void *worker(void *arg)
{
	windows *ws = arg;
	for (filling f = {.ws = ws}; (f.at = take_window(ws)) != NULL;) {
		cof_err err = {0};
		int rc = fill(&f, &err);
		leave_window(ws, f.at);
		if (rc < 0)
			give_up(ws, rc, &err);
	}
	return NULL;
}

/* Called with the lock, which is let go while sink works. */
static int empty_head(windows *ws, size_t *given, cof_err *err)
{
	window *at = &ws->ring[ws->head % ws->n];
	cof_span chunk = {at->data + *given, at->have - *given};
	(void)pthread_mutex_unlock(&ws->lock);
	int rc = cof_download_take(ws->w, chunk, err);
	(void)pthread_mutex_lock(&ws->lock);
	*given += chunk.len;
	if (*given < at->want)
		return rc;
	while (at->filling)
		(void)pthread_cond_wait(&ws->filled, &ws->lock);
	*given = 0;
	ws->head++;
	(void)pthread_cond_broadcast(&ws->room);
	return rc;
}

static bool head_has_more(const windows *ws, size_t given)
{
	return ws->head < ws->tail && ws->ring[ws->head % ws->n].have > given;
}

static int deliver(windows *ws, cof_err *err)
{
	size_t given = 0;
	int rc = 0;
	(void)pthread_mutex_lock(&ws->lock);
	while (rc == 0 && ws->w->have < ws->w->d->size) {
		while (!head_has_more(ws, given) && !atomic_load(&ws->stop))
			(void)pthread_cond_wait(&ws->filled, &ws->lock);
		if (!head_has_more(ws, given))
			break;
		rc = empty_head(ws, &given, err);
	}
	(void)pthread_mutex_unlock(&ws->lock);
	return rc;
}

/* --- the whole --- */

static int take_memory(windows *ws, cof_err *err)
{
	for (unsigned i = 0; i < ws->n; i++) {
		ws->ring[i].data = malloc(COF_WINDOW);
		if (ws->ring[i].data == NULL)
			return cof_err_oom(err);
	}
	return 0;
}

static int run(windows *ws, cof_err *err)
{
	pthread_t threads[COF_STREAMS_MAX];
	unsigned started = 0;
	int rc = take_memory(ws, err);
	for (; rc == 0 && started < ws->n; started++)
		if (pthread_create(&threads[started], NULL, worker, ws) != 0)
			break;
	if (rc == 0 && started == 0)
		rc = cof_err_set(err, COF_E_INTERNAL, "thread-failed", "no thread for a download");
	if (rc == 0)
		rc = deliver(ws, err);
	give_up(ws, 0, NULL);
	for (unsigned i = 0; i < started; i++)
		(void)pthread_join(threads[i], NULL);
	for (unsigned i = 0; i < ws->n; i++)
		free(ws->ring[i].data);
	return rc;
}

int cof_download_windows(cof_download *w, cof_err *err)
{
	windows ws = {.w = w, .n = w->r->streams, .next = w->have};
	(void)pthread_mutex_init(&ws.lock, NULL);
	(void)pthread_cond_init(&ws.filled, NULL);
	(void)pthread_cond_init(&ws.room, NULL);
	int rc = run(&ws, err);
	(void)pthread_cond_destroy(&ws.room);
	(void)pthread_cond_destroy(&ws.filled);
	(void)pthread_mutex_destroy(&ws.lock);
	if (rc < 0)
		return rc;
	w->whole = atomic_load(&ws.whole);
	if (w->whole || ws.rc == 0)
		return 0;
	if (err != NULL)
		*err = ws.err;
	w->wrong = ws.rc != -COF_E_UNAVAILABLE;
	return ws.rc;
}
