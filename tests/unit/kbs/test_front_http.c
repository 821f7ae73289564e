/* SPDX-License-Identifier: Apache-2.0 */
/* Requests as strangers write them, over plain sockets into a real evhttp; the test is the key holder behind it. */
#include "tests/unit/test.h"

#include <arpa/inet.h>
#include <event2/http.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "attestation/kbs/front.h"
#include "attestation/kbs/front_http.h"
#include "attestation/kbs/route.h"
#include "common/chan.h"
#include "common/file.h"
#include "common/kbs_proto.h"

#define S(text) cof_span_str(text)
#define SESSION "0123456789abcdef0123456789abcdef"
#define COOKIE "Cookie: " COF_KBSP_COOKIE "=" SESSION "\r\n"
#define HOST "Host: kbs\r\n"
#define GET_ABC "GET /kbs/v0/resource/a/b/c HTTP/1.1\r\n" HOST
enum { ANSWER_MAX = 8192, TURNS = 400 };

typedef struct rig {
	struct event_base *base;
	struct evhttp *http;
	cof_link *link;
	cof_front_reqs *reqs;
	int holder; /* our end of the link */
	unsigned port;
} rig;

/* What the key holder got. */
typedef struct frame {
	cof_kb_head head;
	cof_buf body;
} frame;

static void frame_release(frame *f)
{
	cof_buf_release(&f->body);
}
COF_DEFINE_AUTO(frame, frame_release)

static void on_frame(void *arg, uint32_t id, enum cof_kb_type type, cof_span body)
{
	rig *r = arg;
	assert_int_equal(type, COF_KB_REPLY);
	cof_front_on_reply(r->reqs, id, body);
}

static void on_closed(void *arg, const cof_err *why)
{
	(void)arg;
	fail_msg("link: %s", why->reason);
}

static int set_up(void **state)
{
	rig *r = calloc(1, sizeof *r);
	int fds[2];
	struct sockaddr_in a;
	socklen_t len = sizeof a;
	assert_non_null(r);
	(void)signal(SIGPIPE, SIG_IGN);
	r->base = event_base_new();
	assert_ok(cof_chan_pair(fds, &err));
	r->holder = fds[1];
	const cof_link_opts opts = {on_frame, on_closed, r};
	assert_ok(cof_link_new(&r->link, r->base, fds[0], &opts, &err));
	assert_ok(cof_front_reqs_new(&r->reqs, r->link, &err));
	r->http = evhttp_new(r->base);
	evhttp_set_allowed_methods(r->http, EVHTTP_REQ_GET | EVHTTP_REQ_POST | EVHTTP_REQ_DELETE);
	evhttp_set_gencb(r->http, cof_front_on_request, r->reqs);
	struct evhttp_bound_socket *b = evhttp_bind_socket_with_handle(r->http, "127.0.0.1", 0);
	assert_non_null(b);
	assert_int_equal(getsockname(evhttp_bound_socket_get_fd(b), (struct sockaddr *)&a, &len), 0);
	r->port = ntohs(a.sin_port);
	*state = r;
	return 0;
}

static int tear_down(void **state)
{
	rig *r = *state;
	evhttp_free(r->http);
	cof_front_reqs_free(r->reqs);
	cof_link_free(r->link);
	cof_fd_close(&r->holder);
	event_base_free(r->base);
	free(r);
	return 0;
}

static void turn(rig *r)
{
	const struct timeval tick = {0, 2000};
	assert_int_equal(event_base_loopexit(r->base, &tick), 0);
	assert_true(event_base_dispatch(r->base) >= 0);
}

static int dial(const rig *r)
{
	struct sockaddr_in a = {
		.sin_family = AF_INET, .sin_port = htons((uint16_t)r->port), .sin_addr = {htonl(INADDR_LOOPBACK)}};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_true(fd >= 0);
	assert_int_equal(connect(fd, (const struct sockaddr *)&a, sizeof a), 0);
	assert_int_equal(fcntl(fd, F_SETFL, O_NONBLOCK), 0);
	return fd;
}

static int ask(const rig *r, const char *text)
{
	int fd = dial(r);
	assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	return fd;
}

/* A POST with its length. */
static int post(const rig *r, const char *path, const char *headers, const char *body)
{
	char text[2048];
	(void)snprintf(text, sizeof text, "POST %s HTTP/1.1\r\n" HOST "%sContent-Length: %zu\r\n\r\n%s", path, headers,
		       strlen(body), body);
	return ask(r, text);
}

/* The whole answer, told by its Content-Length; the connection stays. */
static const char *answer(rig *r, int fd)
{
	static char out[ANSWER_MAX];
	size_t n = 0;
	for (int i = 0; i < TURNS; i++) {
		ssize_t got = read(fd, out + n, sizeof out - 1 - n);
		n += got > 0 ? (size_t)got : 0;
		out[n] = '\0';
		const char *end = strstr(out, "\r\n\r\n"), *len = strstr(out, "Content-Length: ");
		if (end != NULL && len != NULL && strlen(end + 4) >= strtoul(len + 16, NULL, 10))
			return out;
		turn(r);
	}
	fail_msg("no answer but '%s'", out);
	return NULL;
}

static bool has_frame(const rig *r)
{
	struct pollfd p = {.fd = r->holder, .events = POLLIN};
	return poll(&p, 1, 0) == 1;
}

static void next_frame(rig *r, frame *ret)
{
	for (int i = 0; i < TURNS && !has_frame(r); i++)
		turn(r);
	assert_true(has_frame(r));
	cof_buf_release(&ret->body);
	assert_ok(cof_link_read(r->holder, &ret->head, &ret->body, &err));
}

static void reply(rig *r, uint32_t id, const cof_kb_reply *m)
{
	assert_ok(cof_link_write(r->holder, COF_KB_REPLY, id, m, &err));
	turn(r);
}

/* The front itself refuses: the key holder never hears of it. */
static void refused(rig *r, int fd, const char *status, const char *word)
{
	const char *a = answer(r, fd);
	if (strncmp(a + 9, status, 3) != 0 || strstr(a, word) == NULL)
		fail_msg("'%s', not %s %s", a, status, word);
	assert_false(has_frame(r));
	assert_int_equal(cof_front_reqs_pending(r->reqs), 0);
	(void)close(fd);
}

/* ---- what never reaches the key holder ---- */

static void t063_ambiguous_requests_go_nowhere(void **state)
{
	rig *r = *state;
	static const char *const bad[] = {
		GET_ABC "Content-Length: 0\r\nContent-Length: 0\r\n\r\n",
		GET_ABC "Authorization: Bearer a\r\nAuthorization: Bearer b\r\n\r\n",
		GET_ABC COOKIE COOKIE "\r\n",
		GET_ABC COOKIE "cookie: x=y\r\n\r\n",
		GET_ABC "AUTHORIZATION: Bearer a\r\n" COOKIE "authorization: Bearer b\r\n\r\n",
	};
	for (size_t i = 0; i < COF_COUNT(bad); i++)
		refused(r, ask(r, bad[i]), "400", "bad-framing");
}

static void t070_paths_are_compared_as_they_came(void **state)
{
	rig *r = *state;
	static const char *const paths[] = {
		"/kbs/v0/resource/a/b/../c",
		"/kbs/v0/resource/a/b/%2e%2e",
		"/kbs/v0//resource/a/b/c",
		"/KBS/v0/resource/a/b/c",
		"/kbs/v0/resource/a/b/c/",
		"/kbs/v0/resource/a/b/c?x=1",
		"/kbs/v0/resource/a/b/c;x",
		"/kbs/v0/resource/a/b/.c",
		"http://kbs/kbs/v0/resource/a/b/c/d",
		"/kbs/v0/resource/a/b",
		"/",
		"/kbs/v0/resource/a//c",
	};
	for (size_t i = 0; i < COF_COUNT(paths); i++) {
		char text[256];
		(void)snprintf(text, sizeof text, "GET %s HTTP/1.1\r\n" HOST "\r\n", paths[i]);
		refused(r, ask(r, text), "404", "InvalidRequestPath");
	}
	refused(r, ask(r, "GET /kbs/v0/auth HTTP/1.1\r\n" HOST "\r\n"), "405", "bad-method");
	refused(r, ask(r, "DELETE /kbs/v0/attest HTTP/1.1\r\n" HOST "\r\n"), "405", "bad-method");
}

static void t079_bodies_that_do_not_parse_go_nowhere(void **state)
{
	rig *r = *state;
	static const char *const bad[] = {"", "{", "[]", "{\"version\":\"0.4.0\",\"tee\":\"tpm\"}x",
					  "{\"version\":\"0.4.0\",\"tee\":\"tpm\",\"tee\":\"tpm\"}"};
	for (size_t i = 0; i < COF_COUNT(bad); i++) {
		refused(r, post(r, "/kbs/v0/auth", "", bad[i]), "401", "SerdeError");
		refused(r, post(r, "/kbs/v0/attest", COOKIE, bad[i]), "401", "SerdeError");
	}
}

static void t062_more_than_can_wait_are_told_to_come_back(void **state)
{
	rig *r = *state;
	COF_AUTO(frame) f = {0};
	int fds[COF_FRONT_PENDING_MAX];
	for (size_t i = 0; i < COF_FRONT_PENDING_MAX; i++) {
		fds[i] = ask(r, GET_ABC "\r\n");
		turn(r);
	}
	for (int i = 0; i < TURNS && cof_front_reqs_pending(r->reqs) < COF_FRONT_PENDING_MAX; i++)
		turn(r);
	assert_int_equal(cof_front_reqs_pending(r->reqs), COF_FRONT_PENDING_MAX);
	int late = ask(r, GET_ABC "\r\n");
	const char *a = answer(r, late);
	assert_non_null(strstr(a, " 429 "));
	assert_non_null(strstr(a, "\r\nRetry-After: 1\r\n"));
	next_frame(r, &f); /* the first is answered: there is room again */
	reply(r, f.head.id, &(cof_kb_reply){.status = 200, .body = S("v")});
	assert_non_null(strstr(answer(r, fds[0]), " 200 "));
	assert_int_equal(cof_front_reqs_pending(r->reqs), COF_FRONT_PENDING_MAX - 1);
	assert_int_equal(write(late, GET_ABC "\r\n", strlen(GET_ABC) + 2), (ssize_t)strlen(GET_ABC) + 2);
	for (int i = 0; i < TURNS && cof_front_reqs_pending(r->reqs) < COF_FRONT_PENDING_MAX; i++)
		turn(r);
	assert_int_equal(cof_front_reqs_pending(r->reqs), COF_FRONT_PENDING_MAX);
	for (size_t i = 0; i < COF_FRONT_PENDING_MAX; i++)
		(void)close(fds[i]);
	(void)close(late);
}

/* ---- what reaches it, and as what ---- */

static void health_needs_nobody(void **state)
{
	rig *r = *state;
	int fd = ask(r, "GET /healthz HTTP/1.1\r\n" HOST "\r\n");
	assert_non_null(strstr(answer(r, fd), " 200 "));
	assert_false(has_frame(r));
	(void)close(fd);
}

static void t070_a_session_is_one_cookie_of_its_length(void **state)
{
	rig *r = *state;
	static const struct {
		const char *headers;
		const char *session;
		const char *bearer;
	} cases[] = {
		{"", "", ""},
		{COOKIE, SESSION, ""},
		{COOKIE "Authorization: Bearer a.b.c\r\n", SESSION, "a.b.c"},
		{"Cookie: " COF_KBSP_COOKIE "=" SESSION "0\r\n", "", ""},
		{"Cookie: " COF_KBSP_COOKIE "=0\r\n", "", ""},
		{"Cookie: " COF_KBSP_COOKIE "=" SESSION "; " COF_KBSP_COOKIE "=" SESSION "\r\n", "", ""},
		{"Cookie: x" COF_KBSP_COOKIE "=" SESSION "\r\n", "", ""},
		{"Authorization: Basic a\r\n", "", ""},
		{"Authorization: Bearer a b\r\n", "", ""},
	};
	for (size_t i = 0; i < COF_COUNT(cases); i++) {
		COF_AUTO(frame) f = {0};
		cof_kb_resource m;
		char text[512];
		(void)snprintf(text, sizeof text, GET_ABC "%s\r\n", cases[i].headers);
		int fd = ask(r, text);
		next_frame(r, &f);
		assert_int_equal(f.head.type, COF_KB_RESOURCE);
		assert_ok(cof_kb_decode(COF_KB_RESOURCE, cof_buf_span(&f.body), &m, &err));
		assert_span_equal(m.peer, "127.0.0.1", 9);
		assert_span_equal(m.session, cases[i].session, strlen(cases[i].session));
		assert_span_equal(m.bearer, cases[i].bearer, strlen(cases[i].bearer));
		assert_span_equal(m.repo, "a", 1);
		assert_span_equal(m.type, "b", 1);
		assert_span_equal(m.tag, "c", 1);
		(void)close(fd);
	}
}

static void t068_an_admin_call_is_forwarded_with_its_bytes(void **state)
{
	rig *r = *state;
	COF_AUTO(frame) f = {0};
	cof_kb_admin m;
	int fd = post(r, "/kbs/v0/resource/a/b/c", "Authorization: bearer t\r\n", "any bytes");
	next_frame(r, &f);
	assert_int_equal(f.head.type, COF_KB_ADMIN);
	assert_ok(cof_kb_decode(COF_KB_ADMIN, cof_buf_span(&f.body), &m, &err));
	assert_int_equal(m.route, COF_ROUTE_RESOURCE_PUT);
	assert_span_equal(m.bearer, "t", 1);
	assert_span_equal(m.path, "/kbs/v0/resource/a/b/c", 22);
	assert_span_equal(m.body, "any bytes", 9);
	reply(r, f.head.id, &(cof_kb_reply){.status = 200, .content_type = S("text/plain"), .body = S("done")});
	const char *a = answer(r, fd);
	assert_non_null(strstr(a, "\r\nContent-Type: text/plain\r\n"));
	assert_non_null(strstr(a, "\r\n\r\ndone"));
	(void)close(fd);
}

static void an_auth_gets_its_challenge_and_cookie(void **state)
{
	rig *r = *state;
	COF_AUTO(frame) f = {0};
	cof_kb_auth m;
	int fd = post(r, "/kbs/v0/auth", "", "{\"version\":\"0.4.0\",\"tee\":\"tpm\"}");
	next_frame(r, &f);
	assert_int_equal(f.head.type, COF_KB_AUTH);
	assert_ok(cof_kb_decode(COF_KB_AUTH, cof_buf_span(&f.body), &m, &err));
	assert_span_equal(m.tee, "tpm", 3);
	assert_int_equal(m.tpm, 0);
	reply(r, f.head.id,
	      &(cof_kb_reply){.status = 200, .session = S(SESSION), .session_ttl = 300, .nonce = S("bm9uY2U=")});
	const char *a = answer(r, fd);
	assert_non_null(strstr(a, "\r\nSet-Cookie: " COF_KBSP_COOKIE "=" SESSION "; Expires="));
	assert_non_null(strstr(a, "; Path=/kbs/v0; Secure; HttpOnly\r\n"));
	assert_non_null(strstr(a, "\r\nCache-Control: no-store\r\n"));
	assert_non_null(strstr(a, "\"nonce\":\"bm9uY2U=\""));
	(void)close(fd);
}

static void attest_without_a_session_goes_nowhere(void **state)
{
	rig *r = *state;
	static const char body[] = "{\"runtime-data\":{\"nonce\":\"bm9uY2U=\",\"tee-pubkey\":{\"kty\":\"EC\",\"crv\":"
				   "\"P-256\",\"alg\":\"ECDH-"
				   "ES+A256KW\",\"x\":\"MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4\",\"y\":"
				   "\"4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4"
				   "IFyM\"}},\"tee-evidence\":{\"primary_evidence\":{},\"additional_evidence\":\"\"}}";
	COF_AUTO(frame) f = {0};
	cof_kb_attest m;
	refused(r, post(r, "/kbs/v0/attest", "", body), "401", "no-session");
	refused(r, post(r, "/kbs/v0/attest", "Cookie: " COF_KBSP_COOKIE "=x\r\n", body), "401", "AttestationError");
	int fd = post(r, "/kbs/v0/attest", COOKIE, body);
	next_frame(r, &f);
	assert_int_equal(f.head.type, COF_KB_ATTEST);
	assert_ok(cof_kb_decode(COF_KB_ATTEST, cof_buf_span(&f.body), &m, &err));
	assert_span_equal(m.session, SESSION, strlen(SESSION));
	assert_span_equal(m.nonce, "bm9uY2U=", 8);
	assert_int_equal(m.has_initdata, 0);
	(void)close(fd);
}

/* ---- answers ---- */

static void a_refusal_carries_its_words_and_closes_after_a_bad_request(void **state)
{
	rig *r = *state;
	static const uint32_t statuses[] = {400, 401, 403, 404, 413, 503};
	for (size_t i = 0; i < COF_COUNT(statuses); i++) {
		COF_AUTO(frame) f = {0};
		char line[16];
		int fd = ask(r, GET_ABC "\r\n");
		next_frame(r, &f);
		reply(r, f.head.id,
		      &(cof_kb_reply){.status = statuses[i],
				      .variant = S("PolicyDeny"),
				      .reason = S("pcr-mismatch"),
				      .detail = S("\"quotes\" and \n"),
				      .pcr = 9,
				      .body = S("secret"),
				      .session = S(SESSION),
				      .session_ttl = 300});
		const char *a = answer(r, fd);
		(void)snprintf(line, sizeof line, " %u ", statuses[i]);
		assert_non_null(strstr(a, line));
		assert_non_null(strstr(a, "pcr-mismatch"));
		assert_null(strstr(a, "secret")); /* a refusal has no body but its own */
		assert_null(strstr(a, "Set-Cookie"));
		bool closes = statuses[i] == 400 || statuses[i] == 413;
		assert_true((strstr(a, "\r\nConnection: close\r\n") != NULL) == closes);
		(void)close(fd);
	}
}

static void t070_answers_go_to_whom_they_are_for(void **state)
{
	rig *r = *state;
	COF_AUTO(frame) one = {0};
	COF_AUTO(frame) two = {0};
	int a = ask(r, GET_ABC "\r\n");
	next_frame(r, &one);
	int b = ask(r, GET_ABC "\r\n");
	next_frame(r, &two);
	assert_int_not_equal(one.head.id, two.head.id);
	reply(r, one.head.id + two.head.id + 100, &(cof_kb_reply){.status = 200, .body = S("nobody's")});
	reply(r, two.head.id, &(cof_kb_reply){.status = 200, .body = S("for b")});
	reply(r, two.head.id, &(cof_kb_reply){.status = 200, .body = S("twice")});
	assert_int_equal(cof_front_reqs_pending(r->reqs), 1);
	reply(r, one.head.id, &(cof_kb_reply){.status = 200, .body = S("for a")});
	assert_non_null(strstr(answer(r, a), "\r\n\r\nfor a"));
	assert_non_null(strstr(answer(r, b), "\r\n\r\nfor b"));
	turn(r);
	char more[16];
	assert_true(read(b, more, sizeof more) < 0);
	(void)close(a);
	(void)close(b);
}

static void t070_an_answer_for_a_client_that_left_is_dropped(void **state)
{
	rig *r = *state;
	COF_AUTO(frame) f = {0};
	COF_AUTO(frame) g = {0};
	int fd = ask(r, GET_ABC "\r\n");
	next_frame(r, &f);
	(void)close(fd);
	turn(r);
	turn(r);
	int other = ask(r, GET_ABC "\r\n");
	next_frame(r, &g);
	assert_int_equal(cof_front_reqs_pending(r->reqs), 2); /* its number is not given again */
	reply(r, f.head.id, &(cof_kb_reply){.status = 200, .body = S("gone")});
	reply(r, g.head.id, &(cof_kb_reply){.status = 200, .body = S("here")});
	assert_non_null(strstr(answer(r, other), "\r\n\r\nhere"));
	assert_int_equal(cof_front_reqs_pending(r->reqs), 0);
	(void)close(other);
}

static void a_broken_answer_is_500(void **state)
{
	rig *r = *state;
	COF_AUTO(frame) f = {0};
	int fd = ask(r, GET_ABC "\r\n");
	next_frame(r, &f);
	cof_front_on_reply(r->reqs, f.head.id, S("nonsense"));
	assert_non_null(strstr(answer(r, fd), " 500 "));
	assert_int_equal(cof_front_reqs_pending(r->reqs), 0);
	(void)close(fd);
}

static void draining_closes_after_the_answer(void **state)
{
	rig *r = *state;
	COF_AUTO(frame) f = {0};
	int fd = ask(r, GET_ABC "\r\n");
	next_frame(r, &f);
	cof_front_reqs_drain(r->reqs);
	reply(r, f.head.id, &(cof_kb_reply){.status = 200, .body = S("last")});
	assert_non_null(strstr(answer(r, fd), "\r\nConnection: close\r\n"));
	(void)close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
		T(t063_ambiguous_requests_go_nowhere),
		T(t070_paths_are_compared_as_they_came),
		T(t079_bodies_that_do_not_parse_go_nowhere),
		T(t062_more_than_can_wait_are_told_to_come_back),
		T(attest_without_a_session_goes_nowhere),
		T(t070_a_session_is_one_cookie_of_its_length),
		T(t070_answers_go_to_whom_they_are_for),
		T(t070_an_answer_for_a_client_that_left_is_dropped),
		T(a_broken_answer_is_500),
		T(a_refusal_carries_its_words_and_closes_after_a_bad_request),
		T(draining_closes_after_the_answer),
		T(health_needs_nobody),
		T(t068_an_admin_call_is_forwarded_with_its_bytes),
		T(an_auth_gets_its_challenge_and_cookie),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
