/* SPDX-License-Identifier: Apache-2.0 */
/* Large blobs from a registry that keeps ranges, or does not, or lies about them. */
#include "tests/unit/image/peer.h"

enum { LEN = 5 * COF_WINDOW + 12345 };

/* How the registry misbehaves, from the request of this number on. */
typedef enum fault {
	NONE,
	NO_RANGES,	 /* 200 for everything */
	NO_RANGES_LATER, /* 200 after the first */
	CUT,		 /* half of what was asked, then the connection ends */
	HALF,		 /* half of what was asked, honestly said */
	ELSEWHERE,	 /* another part */
	LONGER,		 /* more than was asked */
	OTHER_TAG,
	OTHER_BYTES,
	OTHER_SIZE,
	BUSY,	/* 503 */
	GONE,	/* 404 */
	CRUMBS, /* a byte at a time */
} fault;

typedef struct server {
	peer p;
	char *blob;
	fault fault;
	int from, until; /* requests with the fault */
	int n;
	char away[128]; /* where blobs are, when not here */
} server;

static char *answer(const server *s, fault f, size_t from, size_t to, bool ranged)
{
	char *text = NULL;
	size_t len = to - from + 1;
	const char *tag = f == OTHER_TAG ? "\"b\"" : "\"a\"";
	size_t announced = f == CUT ? len : 0;
	if (f == CUT || f == HALF)
		to = from + len / 2;
	if (f == CRUMBS)
		to = from;
	if (f == LONGER && to + 100 < LEN)
		to += 100;
	size_t at = f == ELSEWHERE && from > 100 ? from - 100 : from;
	len = to - from + 1;
	if (announced == 0)
		announced = len;
	if (!ranged)
		assert_true(asprintf(&text, "HTTP/1.1 200 OK\r\nETag: %s\r\nContent-Length: %zu\r\n" CLOSE "\r\n%.*s",
				     tag, announced, (int)len, s->blob + from) > 0);
	else
		assert_true(asprintf(&text,
				     "HTTP/1.1 206 Part\r\nETag: %s\r\nContent-Length: %zu\r\n"
				     "Content-Range: bytes %zu-%zu/%d\r\n" CLOSE "\r\n%.*s",
				     tag, announced, at, at + announced - 1, f == OTHER_SIZE ? LEN + 1 : LEN, (int)len,
				     s->blob + from) > 0);
	if (f == OTHER_BYTES)
		text[strlen(text) - 1] ^= 1;
	return text;
}

static char *respond(void *arg, const char *request)
{
	server *s = arg;
	size_t from = 0, to = LEN - 1;
	fault f = s->n >= s->from && s->n < s->until ? s->fault : NONE;
	const char *range = strstr(request, "\r\nRange: bytes=");
	s->n++;
	if (f == BUSY)
		return strdup("HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n" CLOSE "\r\n");
	if (f == GONE)
		return strdup("HTTP/1.1 404 Gone\r\nContent-Length: 0\r\n" CLOSE "\r\n");
	if (range == NULL || f == NO_RANGES || f == NO_RANGES_LATER)
		return answer(s, f, from, to, false);
	char *end = NULL;
	from = strtoul(range + strlen("\r\nRange: bytes="), &end, 10);
	assert_int_equal(*end, '-');
	if (end[1] != '\r')
		to = strtoul(end + 1, NULL, 10);
	assert_true(from <= to && to < LEN);
	return answer(s, f, from, to, true);
}

static void server_open(server *s, fault f, int from, int until)
{
	*s = (server){.fault = f, .from = from, .until = until, .blob = malloc(LEN + 1)};
	assert_non_null(s->blob);
	for (size_t i = 0; i < LEN; i++)
		s->blob[i] = (char)('!' + (i * 2654435761u >> 13) % 90);
	s->blob[LEN] = '\0';
	peer_open(&s->p, s->blob);
	s->p.tls.respond = respond;
	s->p.tls.arg = s;
	tls_go(&s->p.tls, NULL, 0);
}

static void server_close(server *s)
{
	tls_close(&s->p.tls);
	free(s->blob);
}

typedef struct seen {
	cof_buf got;
	size_t refuse_at; /* 0: never */
} seen;

static int collect(void *arg, cof_span chunk, cof_err *err)
{
	seen *o = arg;
	if (o->refuse_at != 0 && o->got.len + chunk.len > o->refuse_at)
		return cof_err_set(err, COF_E_IO, "no-more", "enough");
	return cof_buf_add(&o->got, chunk.data, chunk.len, err);
}

/* What reached the sink is always the blob's beginning. */
static int fetch(server *s, const cof_registry_opts *opts, seen *o, cof_err *err)
{
	COF_AUTO_PTR(cof_registry) r = peer_client(&s->p, opts);
	int rc = registry_blob(r, &s->p.desc, collect, o, err);
	assert_true(o->got.len <= LEN);
	if (s->fault != OTHER_BYTES && o->got.len > 0)
		assert_memory_equal(o->got.data, s->blob, o->got.len);
	if (rc == 0)
		assert_int_equal(o->got.len, LEN);
	return rc;
}

static void large_blobs_come_in_parts(void **state)
{
	(void)state;
	for (unsigned streams = 1; streams <= COF_STREAMS_MAX; streams *= 2) {
		server s;
		seen o = {0};
		const cof_registry_opts opts = {.retries = 1, .backoff_ms = 1, .streams = streams, .eager = true};
		server_open(&s, NONE, 0, 0);
		assert_ok(fetch(&s, &opts, &o, &err));
		assert_int_equal(s.n, streams == 1 ? 1 : 6);
		assert_int_equal(asked_for(&s.p, 0, "Range: bytes=0-2097151\r\n"), streams > 1);
		for (int i = 1; i < s.n; i++)
			assert_true(asked_for(&s.p, i, "\r\nIf-Range: \"a\"\r\n"));
		cof_buf_release(&o.got);
		server_close(&s);
	}
}

static void what_can_be_borne_is_borne(void **state)
{
	(void)state;
	static const struct {
		fault fault;
		int from, until;
	} cases[] = {
		{NO_RANGES, 0, 99},
		{NO_RANGES_LATER, 1, 99},
		{NO_RANGES_LATER, 3, 99},
		{CUT, 0, 1},
		{CUT, 1, 4},
		{CUT, 0, 6},
		{HALF, 0, 1},
		{HALF, 1, 4},
		{BUSY, 0, 1},
		{BUSY, 2, 3},
		{BUSY, 5, 6},
	};
	for (size_t i = 0; i < COF_COUNT(cases); i++) {
		server s;
		seen o = {0};
		cof_err err = {0};
		const cof_registry_opts opts = {.retries = 2, .backoff_ms = 1, .streams = 4, .eager = true};
		server_open(&s, cases[i].fault, cases[i].from, cases[i].until);
		if (fetch(&s, &opts, &o, &err) < 0)
			fail_msg("%zu: %s: %s", i, err.reason, err.text);
		cof_buf_release(&o.got);
		server_close(&s);
	}
}

static void t036_parts_that_do_not_fit(void **state)
{
	(void)state;
	static const struct {
		fault fault;
		const char *reason;
	} cases[] = {
		{ELSEWHERE, "registry-range"},
		{LONGER, "registry-range"},
		{OTHER_TAG, "registry-changed"},
		{OTHER_SIZE, "layer-size-mismatch"},
		{OTHER_BYTES, "blob-digest-mismatch"},
		{GONE, "registry-not-found"},
		{BUSY, "registry-status"},
	};
	for (size_t i = 0; i < COF_COUNT(cases); i++) {
		server s;
		seen o = {0};
		cof_err err = {0};
		const cof_registry_opts opts = {.retries = 1, .backoff_ms = 1, .streams = 4, .eager = true};
		server_open(&s, cases[i].fault, 2, 99);
		assert_true(fetch(&s, &opts, &o, &err) < 0);
		if (!cof_err_is(&err, cases[i].reason))
			fail_msg("%zu: %s: %s", i, err.reason, err.text);
		cof_buf_release(&o.got);
		server_close(&s);
	}
}

static void t043_crumbs_are_not_waited_for(void **state)
{
	(void)state;
	for (int from = 0; from < 3; from++) {
		server s;
		seen o = {0};
		const cof_registry_opts opts = {.retries = 2, .backoff_ms = 1, .streams = 4, .eager = true};
		server_open(&s, CRUMBS, from, 9999);
		cof_err err = {0};
		assert_true(fetch(&s, &opts, &o, &err) < 0);
		assert_true(s.n < 40);
		cof_buf_release(&o.got);
		server_close(&s);
	}
}

static void the_sink_can_stop_it(void **state)
{
	(void)state;
	static const size_t at[] = {1, COF_WINDOW, COF_WINDOW + 1, 3 * COF_WINDOW + 7, LEN - 1};
	for (size_t i = 0; i < COF_COUNT(at); i++) {
		server s;
		seen o = {.refuse_at = at[i]};
		const cof_registry_opts opts = {.retries = 1, .backoff_ms = 1, .streams = 4, .eager = true};
		server_open(&s, NONE, 0, 0);
		assert_fails(fetch(&s, &opts, &o, &err), "no-more");
		cof_buf_release(&o.got);
		server_close(&s);
	}
}

/* ---- blobs that are elsewhere ---- */

static char *respond_away(void *arg, const char *request)
{
	server *s = arg;
	char *text = NULL;
	(void)request;
	s->n++;
	assert_true(asprintf(&text,
			     "HTTP/1.1 307 Go\r\nLocation: https://%s/signed/%d\r\nContent-Length: 0\r\n" CLOSE "\r\n",
			     s->away, s->n) > 0);
	return text;
}

static char *respond_signed(void *arg, const char *request)
{
	server *s = arg;
	/* a signature that ends after three requests, and is good again when it is new */
	if (s->n >= 3 && strstr(request, "GET /signed/1 ") != NULL)
		return strdup("HTTP/1.1 403 Over\r\nContent-Length: 0\r\n" CLOSE "\r\n");
	return respond(arg, request);
}

static void parts_are_asked_where_the_redirect_led(void **state)
{
	(void)state;
	server s, store;
	seen o = {0};
	const char *const partners[] = {store.p.host, NULL};
	server_open(&store, NONE, 0, 0);
	(void)snprintf(store.p.host, sizeof store.p.host, "localhost:%d", store.p.tls.port);
	store.p.tls.respond = respond_signed;
	server_open(&s, NONE, 0, 0);
	s.p.tls.respond = respond_away;
	(void)snprintf(s.away, sizeof s.away, "%s", store.p.host);
	SSL_CTX_free(s.p.tls.ctx);
	free(s.p.tls.ca_pem);
	s.p.tls.ctx = tls_identity("DNS:" PEER_NAME ",DNS:localhost", &s.p.tls.ca_pem);
	SSL_CTX_free(store.p.tls.ctx);
	store.p.tls.ctx = s.p.tls.ctx;
	(void)SSL_CTX_up_ref(store.p.tls.ctx);
	COF_AUTO(cof_login) login = {0};
	assert_ok(cof_login_set(&login, cof_span_str("me"), cof_span_str("pa55"), &err));
	const cof_registry_opts opts = {
		.retries = 1, .backoff_ms = 1, .streams = 2, .eager = true, .partners = partners, .login = &login};
	assert_ok(fetch(&s, &opts, &o, &err));
	assert_true(s.n > 1 && s.n < 6); /* only when the signature was over */
	for (int i = 0; i < atomic_load(&store.p.tls.requests); i++)
		assert_false(asked_for(&store.p, i, "uthorization"));
	cof_buf_release(&o.got);
	server_close(&s);
	server_close(&store);
}

/* ---- many at once ---- */

typedef struct job {
	server *s;
	cof_registry *r;
	seen o;
	int rc;
} job;

static void *work(void *arg)
{
	job *j = arg;
	j->rc = registry_blob(j->r, &j->s->p.desc, collect, &j->o, NULL);
	return NULL;
}

static void one_client_serves_many_threads(void **state)
{
	(void)state;
	server s;
	pthread_t threads[3];
	job jobs[3];
	server_open(&s, CUT, 3, 5);
	COF_AUTO_PTR(cof_registry)
	r = peer_client(&s.p, &(cof_registry_opts){.retries = 3, .backoff_ms = 1, .streams = 4, .eager = true});
	for (size_t i = 0; i < COF_COUNT(jobs); i++) {
		jobs[i] = (job){.s = &s, .r = r};
		assert_int_equal(pthread_create(&threads[i], NULL, work, &jobs[i]), 0);
	}
	for (size_t i = 0; i < COF_COUNT(jobs); i++) {
		(void)pthread_join(threads[i], NULL);
		assert_int_equal(jobs[i].rc, 0);
		assert_int_equal(jobs[i].o.got.len, LEN);
		cof_buf_release(&jobs[i].o.got);
	}
	server_close(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(large_blobs_come_in_parts),
		cmocka_unit_test(what_can_be_borne_is_borne),
		cmocka_unit_test(t036_parts_that_do_not_fit),
		cmocka_unit_test(t043_crumbs_are_not_waited_for),
		cmocka_unit_test(the_sink_can_stop_it),
		cmocka_unit_test(parts_are_asked_where_the_redirect_led),
		cmocka_unit_test(one_client_serves_many_threads),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
