/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A vendor's service on loopback: answers under their paths, faults on demand, every request counted. One thread of
 * libevent; nothing of the client's code is in it.
 */
#pragma once

#include "tests/unit/test.h"

#include <event2/buffer.h>
#include <event2/event.h>
#include <event2/http.h>
#include <event2/http_struct.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>

enum { VENDOR_ANSWERS_MAX = 16, VENDOR_LATE_MAX = 64 };

typedef enum vendor_fault {
	VENDOR_FINE,
	VENDOR_BUSY,  /* 429, and the Retry-After that is set */
	VENDOR_ILL,   /* 503 */
	VENDOR_SLOW,  /* the answer, after slow_ms */
	VENDOR_CUT,   /* half of it */
	VENDOR_WRONG, /* a bit of the middle is another */
	VENDOR_HUGE,
	VENDOR_REDIRECT,
	VENDOR_BARE, /* without its headers */
	VENDOR_EMPTY,
	VENDOR_FAULTS
} vendor_fault;

typedef struct vendor_answer {
	char path[400];
	cof_buf body;
	const char *header; /* name; NULL: none */
	cof_buf value;
	int asked;
} vendor_answer;

/* An answer that waits. */
typedef struct vendor_late {
	struct evhttp_request *req;
	const vendor_answer *a;
} vendor_late;

typedef struct vendor_peer {
	struct event_base *base;
	struct evhttp *http;
	char url[64];
	pthread_t thread;
	pthread_mutex_t lock;
	atomic_bool stop;
	vendor_answer answers[VENDOR_ANSWERS_MAX];
	size_t n;
	vendor_fault fault;
	int faults_left;  /* so many requests meet it; negative: all */
	const char *only; /* of a path with this in it; NULL: of any */
	char retry_after[64];
	int slow_ms;
	vendor_late late[VENDOR_LATE_MAX];
	size_t n_late;
	int asked;
} vendor_peer;

/* --- what it says --- */

static inline void vendor_encode(const cof_buf *text, cof_buf *ret)
{
	for (size_t i = 0; i < text->len; i++) {
		uint8_t c = text->data[i];
		bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
		assert_ok(cof_buf_printf(ret, &err, plain ? "%c" : "%%%02X", c));
	}
}

/* Adds or replaces. header: its name and PEM that goes encoded; may be NULL. */
static inline void vendor_say(vendor_peer *v, const char *path, cof_span body, const char *header, const cof_buf *pem)
{
	pthread_mutex_lock(&v->lock);
	vendor_answer *a = NULL;
	for (size_t i = 0; i < v->n; i++) {
		if (strcmp(v->answers[i].path, path) == 0)
			a = &v->answers[i];
	}
	if (a == NULL) {
		assert_true(v->n < VENDOR_ANSWERS_MAX);
		a = &v->answers[v->n++];
		(void)snprintf(a->path, sizeof a->path, "%s", path);
	}
	a->body.len = a->value.len = 0;
	assert_ok(cof_buf_add(&a->body, body.data, body.len, &err));
	a->header = header;
	if (header != NULL)
		vendor_encode(pem, &a->value);
	pthread_mutex_unlock(&v->lock);
}

static inline void vendor_break(vendor_peer *v, vendor_fault fault, int times)
{
	pthread_mutex_lock(&v->lock);
	v->fault = fault;
	v->faults_left = times;
	pthread_mutex_unlock(&v->lock);
}

static inline int vendor_asked(vendor_peer *v)
{
	pthread_mutex_lock(&v->lock);
	int n = v->asked;
	pthread_mutex_unlock(&v->lock);
	return n;
}

/* --- serving --- */

static inline const vendor_answer *vendor_find(vendor_peer *v, const char *uri)
{
	for (size_t i = 0; i < v->n; i++) {
		if (strcmp(v->answers[i].path, uri) == 0)
			return &v->answers[i];
	}
	return NULL;
}

static inline vendor_fault vendor_take_fault(vendor_peer *v, const char *uri)
{
	if (v->faults_left == 0 || (v->only != NULL && strstr(uri, v->only) == NULL))
		return VENDOR_FINE;
	if (v->faults_left > 0)
		v->faults_left--;
	return v->fault;
}

/* A digit becomes another, so that only a signature finds it. */
static inline void vendor_change(uint8_t *bytes, size_t len)
{
	size_t at = len / 2;
	while (at < len && (bytes[at] < '0' || bytes[at] > '9'))
		at++;
	bytes[at < len ? at : 0] ^= 1;
}

static inline void vendor_reply(struct evhttp_request *req, const vendor_answer *a, vendor_fault f)
{
	struct evbuffer *out = evbuffer_new();
	struct evkeyvalq *headers = evhttp_request_get_output_headers(req);
	(void)evhttp_add_header(headers, "Connection", "close");
	(void)evbuffer_add(out, a->body.data, f == VENDOR_EMPTY ? 0 : a->body.len);
	if (a->header != NULL && f != VENDOR_BARE)
		(void)evhttp_add_header(headers, a->header, cof_buf_str(&a->value));
	if (f == VENDOR_WRONG)
		vendor_change(evbuffer_pullup(out, -1), a->body.len);
	if (f == VENDOR_CUT)
		(void)evhttp_add_header(headers, "Content-Length", "1000000");
	for (size_t i = 0; f == VENDOR_HUGE && i < 3 << 20; i += a->body.len)
		(void)evbuffer_add(out, a->body.data, a->body.len);
	evhttp_send_reply(req, 200, "OK", out);
	evbuffer_free(out);
}

static inline void vendor_wakes(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	vendor_late *l = arg;
	vendor_reply(l->req, l->a, VENDOR_FINE);
}

static inline void vendor_sleeps(vendor_peer *v, struct evhttp_request *req, const vendor_answer *a)
{
	const struct timeval tv = {v->slow_ms / 1000, v->slow_ms % 1000 * 1000};
	vendor_late *l = &v->late[v->n_late++ % VENDOR_LATE_MAX];
	*l = (vendor_late){req, a};
	(void)event_base_once(v->base, -1, EV_TIMEOUT, vendor_wakes, l, &tv);
}

static inline void vendor_on_request(struct evhttp_request *req, void *arg)
{
	vendor_peer *v = arg;
	const char *uri = evhttp_request_get_uri(req);
	struct evkeyvalq *headers = evhttp_request_get_output_headers(req);
	pthread_mutex_lock(&v->lock);
	v->asked++;
	const vendor_answer *a = vendor_find(v, uri);
	vendor_fault f = vendor_take_fault(v, uri);
	if (f == VENDOR_BUSY) {
		if (v->retry_after[0] != '\0')
			(void)evhttp_add_header(headers, "Retry-After", v->retry_after);
		evhttp_send_reply(req, 429, "Too Many Requests", NULL);
	} else if (f == VENDOR_ILL) {
		evhttp_send_reply(req, 503, "Ill", NULL);
	} else if (f == VENDOR_REDIRECT) {
		(void)evhttp_add_header(headers, "Location", "/elsewhere");
		evhttp_send_reply(req, 302, "Found", NULL);
	} else if (a == NULL) {
		evhttp_send_reply(req, 404, "None", NULL);
	} else if (f == VENDOR_SLOW) {
		vendor_sleeps(v, req, a);
	} else {
		vendor_reply(req, a, f);
	}
	pthread_mutex_unlock(&v->lock);
}

static inline void vendor_tick(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	vendor_peer *v = arg;
	if (atomic_load(&v->stop))
		(void)event_base_loopbreak(v->base);
}

static inline void *vendor_thread(void *arg)
{
	vendor_peer *v = arg;
	const struct timeval tv = {0, 10000};
	struct event *tick = event_new(v->base, -1, EV_PERSIST, vendor_tick, v);
	(void)event_add(tick, &tv);
	(void)event_base_dispatch(v->base);
	event_free(tick);
	return NULL;
}

static inline void vendor_open(vendor_peer *v)
{
	*v = (vendor_peer){.base = event_base_new()};
	v->http = evhttp_new(v->base);
	struct evhttp_bound_socket *s = evhttp_bind_socket_with_handle(v->http, "127.0.0.1", 0);
	assert_non_null(s);
	struct sockaddr_in at;
	socklen_t len = sizeof at;
	assert_int_equal(getsockname(evhttp_bound_socket_get_fd(s), (struct sockaddr *)&at, &len), 0);
	(void)snprintf(v->url, sizeof v->url, "http://127.0.0.1:%d", ntohs(at.sin_port));
	evhttp_set_gencb(v->http, vendor_on_request, v);
	(void)pthread_mutex_init(&v->lock, NULL);
	assert_int_equal(pthread_create(&v->thread, NULL, vendor_thread, v), 0);
}

/* Nobody listens afterwards: an outage. */
static inline void vendor_close(vendor_peer *v)
{
	if (v->base == NULL)
		return;
	atomic_store(&v->stop, true);
	(void)pthread_join(v->thread, NULL);
	evhttp_free(v->http);
	event_base_free(v->base);
	for (size_t i = 0; i < v->n; i++) {
		cof_buf_release(&v->answers[i].body);
		cof_buf_release(&v->answers[i].value);
	}
	v->base = NULL;
}
