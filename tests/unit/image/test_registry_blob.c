/* SPDX-License-Identifier: Apache-2.0 */
/* Blobs from a registry that cuts, repeats, goes on elsewhere, sends too much or too little, and asks for credentials
 * as an attacker would. */
#include "tests/unit/image/peer.h"

#define BLOB "0123456789"
#define HEAD(status, len) "HTTP/1.1 " status "\r\nContent-Length: " len "\r\n" CLOSE
#define WHOLE HEAD("200 OK", "10") "\r\n" BLOB
#define CUT HEAD("200 OK", "10") "\r\n0123"
#define PART(range, bytes) HEAD("206 Partial Content", "6") "Content-Range: " range "\r\n\r\n" bytes

typedef struct outcome {
	cof_buf got;
	cof_err err;
	int rc;
} outcome;

static void outcome_release(outcome *o)
{
	cof_buf_release(&o->got);
}
COF_DEFINE_AUTO(outcome, outcome_release)

static int collect(void *arg, cof_span chunk, cof_err *err)
{
	return cof_buf_add(arg, chunk.data, chunk.len, err);
}

static void fetch(const peer *p, const cof_registry_opts *opts, outcome *ret)
{
	COF_AUTO_PTR(cof_registry) r = peer_client(p, opts);
	ret->rc = cof_registry_blob(r, &p->desc, collect, &ret->got, &ret->err);
}

/* The peer plays steps; requests says how many it saw. */
static int play(const tls_step *steps, size_t n, const cof_registry_opts *opts, outcome *ret)
{
	peer p;
	peer_open(&p, BLOB);
	tls_go(&p.tls, steps, n);
	fetch(&p, opts, ret);
	int requests = atomic_load(&p.tls.requests);
	tls_close(&p.tls);
	return requests;
}

static void failed_with(const outcome *o, const char *reason)
{
	assert_true(o->rc < 0);
	if (!cof_err_is(&o->err, reason))
		fail_msg("'%s' (%s), not '%s'", o->err.reason, o->err.text, reason);
}

/* ---- what is resumed, and how ---- */

static void t036_a_range_that_goes_on_elsewhere(void **state)
{
	(void)state;
	static const char *const parts[] = {
		PART("bytes 5-9/10", "456789"), PART("bytes 3-8/10", "456789"), PART("bytes 40-45/100", "456789"),
		PART("items 4-9/10", "456789"), PART("bytes */10", "456789"),	PART("", "456789"),
	};
	for (size_t i = 0; i < COF_COUNT(parts); i++) {
		COF_AUTO(outcome) o = {0};
		const tls_step steps[] = {{.answer = CUT}, {.answer = parts[i]}};
		assert_int_equal(play(steps, 2, NULL, &o), 2); /* it is not asked a third time */
		failed_with(&o, "registry-range");
		assert_span_equal(cof_buf_span(&o.got), "0123", 4);
	}
}

static void t036_a_first_answer_that_is_a_part(void **state)
{
	(void)state;
	COF_AUTO(outcome) o = {0};
	const tls_step steps[] = {{.answer = PART("bytes 4-9/10", "456789")}};
	assert_int_equal(play(steps, 1, NULL, &o), 1);
	failed_with(&o, "registry-range");
	assert_int_equal(o.got.len, 0);
}

static void t036_more_bytes_than_named(void **state)
{
	(void)state;
	static const tls_step answers[][2] = {
		{{.answer = HEAD("200 OK", "11") "\r\n0123456789X"}},
		{{.answer = CUT}, {.answer = HEAD("206 Partial", "7") "Content-Range: bytes 4-10/11\r\n\r\n456789X"}},
		{{.answer = CUT}, {.answer = HEAD("200 OK", "11") "\r\n0123456789X"}},
		{{.answer = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n" CLOSE
			    "\r\nb\r\n0123456789X\r\n0\r\n\r\n"}},
	};
	for (size_t i = 0; i < COF_COUNT(answers); i++) {
		COF_AUTO(outcome) o = {0};
		(void)play(answers[i], 2, NULL, &o);
		failed_with(&o, "layer-size-mismatch");
		assert_true(o.got.len <= 10); /* the sink never sees what is beyond the descriptor */
	}
}

static void t036_fewer_bytes_than_named(void **state)
{
	(void)state;
	static const tls_step answers[][2] = {
		{{.answer = HEAD("200 OK", "9") "\r\n012345678"}},
		{{.answer = HEAD("200 OK", "0") "\r\n"}},
		{{.answer = CUT}, {.answer = HEAD("206 Partial", "5") "Content-Range: bytes 4-8/9\r\n\r\n45678"}},
		{{.answer = CUT}, {.answer = HEAD("200 OK", "4") "\r\n0123"}},
		{{.answer = CUT}, {.answer = HEAD("200 OK", "2") "\r\n01"}},
	};
	for (size_t i = 0; i < COF_COUNT(answers); i++) {
		COF_AUTO(outcome) o = {0};
		(void)play(answers[i], answers[i][1].answer != NULL ? 2 : 1, NULL, &o);
		failed_with(&o, "layer-size-mismatch");
		assert_int_equal(o.err.cls, COF_E_CRYPTO);
	}
}

static void t036_other_bytes_than_named(void **state)
{
	(void)state;
	static const tls_step answers[][2] = {
		{{.answer = HEAD("200 OK", "10") "\r\n012345678X"}},
		{{.answer = HEAD("200 OK", "10") "\r\nX123456789"}},
		{{.answer = CUT}, {.answer = PART("bytes 4-9/10", "45678X")}},
		{{.answer = HEAD("200 OK", "10") "\r\nX123"}, {.answer = WHOLE}}, /* made good too late */
	};
	for (size_t i = 0; i < COF_COUNT(answers); i++) {
		COF_AUTO(outcome) o = {0};
		(void)play(answers[i], answers[i][1].answer != NULL ? 2 : 1, NULL, &o);
		failed_with(&o, "layer-digest-mismatch");
		assert_int_equal(o.err.cls, COF_E_CRYPTO);
	}
}

static void a_cut_blob_is_asked_for_from_where_it_broke(void **state)
{
	(void)state;
	static const char *const rests[] = {PART("bytes 4-9/10", "456789"), PART("bytes 4-9/*", "456789"), WHOLE};
	for (size_t i = 0; i < COF_COUNT(rests); i++) {
		COF_AUTO(outcome) o = {0};
		peer p;
		const tls_step steps[] = {{.answer = CUT}, {.answer = rests[i]}};
		peer_open(&p, BLOB);
		tls_go(&p.tls, steps, 2);
		fetch(&p, NULL, &o);
		assert_false(asked_for(&p, 0, "Range:"));
		assert_true(asked_for(&p, 1, "\r\nRange: bytes=4-\r\n"));
		assert_true(asked_for(&p, 1, "\r\nAccept-Encoding: identity\r\n"));
		tls_close(&p.tls);
		assert_int_equal(o.rc, 0);
		assert_span_equal(cof_buf_span(&o.got), BLOB, 10);
	}
}

static void t043_progress_extends_patience_and_nothing_else_does(void **state)
{
	(void)state;
	const cof_registry_opts two = {.retries = 2};
	const tls_step never[] = {{.answer = NULL}};
	const tls_step broken[] = {{.answer = HEAD("503 Busy", "0") "\r\n"}};
	const tls_step slow[] = {
		{.answer = CUT},
		{.answer = HEAD("206 P", "6") "Content-Range: bytes 4-9/10\r\n\r\n4"},
		{.answer = HEAD("206 P", "5") "Content-Range: bytes 5-9/10\r\n\r\n5"},
		{.answer = HEAD("206 P", "4") "Content-Range: bytes 6-9/10\r\n\r\n6"},
		{.answer = HEAD("206 P", "3") "Content-Range: bytes 7-9/10\r\n\r\n789"},
	};
	COF_AUTO(outcome) a = {0};
	COF_AUTO(outcome) b = {0};
	COF_AUTO(outcome) c = {0};
	assert_int_equal(play(never, 1, &two, &a), 3);
	assert_int_equal(a.err.cls, COF_E_UNAVAILABLE);
	assert_int_equal(play(broken, 1, &two, &b), 3);
	failed_with(&b, "registry-status");
	assert_int_equal(play(slow, COF_COUNT(slow), &two, &c), 5);
	assert_int_equal(c.rc, 0);
	assert_span_equal(cof_buf_span(&c.got), BLOB, 10);
}

static void a_no_is_not_asked_again(void **state)
{
	(void)state;
	static const struct {
		const char *answer;
		const char *reason;
	} noes[] = {
		{HEAD("403 Forbidden", "0") "\r\n", "registry-refused"},
		{HEAD("404 Not Found", "3") "\r\nabc", "registry-not-found"},
		{HEAD("416 Range", "0") "\r\n", "registry-status"},
		{HEAD("203 Changed", "10") "\r\n" BLOB, "registry-range"},
		{HEAD("204 Nothing", "0") "\r\n", "registry-status"},
	};
	for (size_t i = 0; i < COF_COUNT(noes); i++) {
		COF_AUTO(outcome) o = {0};
		const tls_step steps[] = {{.answer = noes[i].answer}};
		assert_int_equal(play(steps, 1, NULL, &o), 1);
		failed_with(&o, noes[i].reason);
		assert_int_equal(o.got.len, 0); /* the body of a refusal is no blob */
	}
}

/* ---- credentials ---- */

static cof_registry_opts as_user(cof_secret *password)
{
	assert_ok(cof_secret_from(password, cof_span_str("pa55"), &err));
	return (cof_registry_opts){.retries = 1, .user = "me", .password = password};
}

#define BASIC_ME "Authorization: Basic bWU6cGE1NQ==" /* me:pa55 */

static void t041_hostile_challenges_get_no_password(void **state)
{
	(void)state;
	static const struct {
		const char *challenge;
		const char *reason;
	} bad[] = {
		{"", "registry-refused"},
		{"WWW-Authenticate: Bearer realm=\"http://registry.test/t\",service=\"s\"\r\n", "challenge-realm"},
		{"WWW-Authenticate: Bearer realm=\"file:///etc/passwd\"\r\n", "challenge-realm"},
		{"WWW-Authenticate: Bearer realm=\"//registry.test/t\"\r\n", "challenge-realm"},
		{"WWW-Authenticate: Bearer service=\"s\"\r\n", "challenge-realm"},
		{"WWW-Authenticate: Bearer realm=\"https://registry.test/t\r\n", "challenge-malformed"},
		{"WWW-Authenticate: Digest realm=\"https://registry.test/t\"\r\n", "challenge-unsupported"},
		{"WWW-Authenticate: Negotiate\r\n", "challenge-unsupported"},
	};
	for (size_t i = 0; i < COF_COUNT(bad); i++) {
		COF_AUTO(outcome) o = {0};
		COF_AUTO(cof_secret) password = {0};
		char answer[512];
		peer p;
		const cof_registry_opts opts = as_user(&password);
		(void)snprintf(answer, sizeof answer, HEAD("401 No", "0") "%s\r\n", bad[i].challenge);
		const tls_step steps[] = {{.answer = answer}};
		peer_open(&p, BLOB);
		tls_go(&p.tls, steps, 1);
		fetch(&p, &opts, &o);
		failed_with(&o, bad[i].reason);
		assert_int_equal(atomic_load(&p.tls.requests), 1);
		assert_false(asked_for(&p, 0, "Authorization"));
		tls_close(&p.tls);
	}
}

static void t042_a_token_server_of_strangers_hears_nothing(void **state)
{
	(void)state;
	COF_AUTO(outcome) o = {0};
	COF_AUTO(cof_secret) password = {0};
	const cof_registry_opts opts = as_user(&password);
	char answer[256];
	peer p, stranger;
	peer_open(&p, BLOB);
	peer_open(&stranger, BLOB); /* another CA; localhost, since only the registry has an address */
	(void)snprintf(answer, sizeof answer,
		       HEAD("401 No", "0") "WWW-Authenticate: Bearer realm=\"https://localhost:%d/t\"\r\n\r\n",
		       stranger.tls.port);
	const tls_step steps[] = {{.answer = answer}};
	const tls_step token[] = {{.answer = HEAD("200 OK", "13") "\r\n{\"token\":\"x\"}"}};
	tls_go(&p.tls, steps, 1);
	tls_go(&stranger.tls, token, 1);
	fetch(&p, &opts, &o);
	failed_with(&o, "tls-untrusted");
	assert_int_equal(atomic_load(&stranger.tls.requests), 0);
	tls_close(&p.tls);
	tls_close(&stranger.tls);
}

static void a_second_401_is_the_answer(void **state)
{
	(void)state;
	COF_AUTO(outcome) o = {0};
	COF_AUTO(cof_secret) password = {0};
	const cof_registry_opts opts = as_user(&password);
	const tls_step steps[] = {{.answer = HEAD("401 No", "0") "WWW-Authenticate: Basic realm=\"r\"\r\n\r\n"}};
	peer p;
	peer_open(&p, BLOB);
	tls_go(&p.tls, steps, 1);
	fetch(&p, &opts, &o);
	failed_with(&o, "registry-refused");
	assert_int_equal(atomic_load(&p.tls.requests), 2);
	assert_false(asked_for(&p, 0, "Authorization"));
	assert_true(asked_for(&p, 1, BASIC_ME));
	tls_close(&p.tls);
}

static void an_anonymous_client_has_no_password_to_give(void **state)
{
	(void)state;
	COF_AUTO(outcome) o = {0};
	const tls_step steps[] = {{.answer = HEAD("401 No", "0") "WWW-Authenticate: Basic realm=\"r\"\r\n\r\n"}};
	assert_int_equal(play(steps, 1, NULL, &o), 1);
	failed_with(&o, "registry-refused");
}

/* 401, what the token server says, then the blob. */
static void with_token(const char *token_answer, peer *p, outcome *ret)
{
	char challenge[512];
	peer_open(p, BLOB);
	(void)snprintf(challenge, sizeof challenge,
		       HEAD("401 No", "0") "WWW-Authenticate: Bearer realm=\"https://%s/token?a=b\",service=\"s v&c\","
					   "scope=\"repository:other/repo:pull,push,delete\"\r\n\r\n",
		       p->host);
	const tls_step steps[] = {{.answer = challenge}, {.answer = token_answer}, {.answer = WHOLE}};
	tls_go(&p->tls, steps, 3);
	fetch(p, NULL, ret);
}

static void t041_the_client_asks_only_for_its_own_repository(void **state)
{
	(void)state;
	COF_AUTO(outcome) o = {0};
	peer p;
	with_token(HEAD("200 OK", "15") "\r\n{\"token\":\"t0k\"}", &p, &o);
	assert_int_equal(o.rc, 0);
	assert_span_equal(cof_buf_span(&o.got), BLOB, 10);
	assert_true(asked_for(&p, 1, "GET /token?a=b&service=s%20v%26c&scope=repository%3Ateam%2Fapp%3Apull "));
	assert_false(asked_for(&p, 1, "Authorization"));
	assert_true(asked_for(&p, 2, "\r\nAuthorization: Bearer t0k\r\n"));
	tls_close(&p.tls);
}

static void hostile_tokens(void **state)
{
	(void)state;
	static const struct {
		const char *answer;
		const char *reason;
	} bad[] = {
		{HEAD("200 OK", "0") "\r\n", "json-malformed"},
		{HEAD("200 OK", "2") "\r\n{}", "json-missing"},
		{HEAD("200 OK", "11") "\r\n{\"token\":7}", "json-type"},
		{HEAD("200 OK", "26") "\r\n{\"token\":\"a\\r\\nX-Evil: b\"}", "http-header"},
		{HEAD("403 No", "0") "\r\n", "registry-refused"},
	};
	for (size_t i = 0; i < COF_COUNT(bad); i++) {
		COF_AUTO(outcome) o = {0};
		peer p;
		with_token(bad[i].answer, &p, &o);
		failed_with(&o, bad[i].reason);
		assert_int_equal(o.got.len, 0);
		for (int k = 0; k < atomic_load(&p.tls.requests); k++)
			assert_false(asked_for(&p, k, "X-Evil"));
		tls_close(&p.tls);
	}
}

/* ---- redirects ---- */

static void t072_redirects_never_leave_https(void **state)
{
	(void)state;
	static const char *const places[] = {"http://registry.test/blob", "file:///etc/hostname",
					     "ftp://registry.test/b", "gopher://registry.test/b",
					     "HTTP://registry.test/b"};
	for (size_t i = 0; i < COF_COUNT(places); i++) {
		COF_AUTO(outcome) o = {0};
		char answer[256];
		(void)snprintf(answer, sizeof answer, HEAD("307 Go", "0") "Location: %s\r\n\r\n", places[i]);
		const tls_step steps[] = {{.answer = answer}};
		assert_int_equal(play(steps, 1, NULL, &o), 1);
		failed_with(&o, "http-redirect");
		assert_int_equal(o.got.len, 0);
	}
}

static void t043_redirects_end(void **state)
{
	(void)state;
	COF_AUTO(outcome) o = {0};
	const tls_step steps[] = {{.answer = HEAD("307 Go", "0") "Location: /again\r\n\r\n"}};
	int requests = play(steps, 1, NULL, &o);
	assert_true(o.rc < 0);
	assert_true(requests <= 6); /* the first and five more; a loop is nothing that time mends */
	assert_int_equal(o.got.len, 0);
}

/* A registry that keeps its blobs elsewhere: its store is another host, which gets no rights. */
static void t042_a_redirected_request_carries_no_credentials(void **state)
{
	(void)state;
	COF_AUTO(outcome) o = {0};
	COF_AUTO(cof_secret) password = {0};
	const cof_registry_opts opts = as_user(&password);
	char answer[256];
	peer p, store;
	peer_open(&p, BLOB);
	tls_open(&store.tls, "DNS:localhost");
	SSL_CTX_free(p.tls.ctx);
	free(p.tls.ca_pem);
	p.tls.ctx = tls_identity("DNS:" PEER_NAME ",DNS:localhost", &p.tls.ca_pem);
	SSL_CTX_free(store.tls.ctx); /* both hosts are vouched for by the one CA */
	store.tls.ctx = p.tls.ctx;
	(void)SSL_CTX_up_ref(p.tls.ctx);
	(void)snprintf(answer, sizeof answer, HEAD("307 Go", "0") "Location: https://localhost:%d/b\r\n\r\n",
		       store.tls.port);
	const tls_step steps[] = {{.answer = HEAD("401 No", "0") "WWW-Authenticate: Basic realm=\"r\"\r\n\r\n"},
				  {.answer = answer}};
	const tls_step blob[] = {{.answer = WHOLE}};
	tls_go(&p.tls, steps, 2);
	tls_go(&store.tls, blob, 1);
	fetch(&p, &opts, &o);
	assert_true(asked_for(&p, 1, BASIC_ME));
	assert_int_equal(atomic_load(&store.tls.requests), 1);
	assert_null(strstr(store.tls.log[0], "uthorization"));
	assert_null(strstr(store.tls.log[0], "bWU6cGE1NQ"));
	assert_int_equal(o.rc, 0);
	assert_span_equal(cof_buf_span(&o.got), BLOB, 10);
	tls_close(&p.tls);
	tls_close(&store.tls);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(t036_a_range_that_goes_on_elsewhere),
		cmocka_unit_test(t036_a_first_answer_that_is_a_part),
		cmocka_unit_test(t036_more_bytes_than_named),
		cmocka_unit_test(t036_fewer_bytes_than_named),
		cmocka_unit_test(t036_other_bytes_than_named),
		cmocka_unit_test(t043_progress_extends_patience_and_nothing_else_does),
		cmocka_unit_test(a_no_is_not_asked_again),
		cmocka_unit_test(t041_hostile_challenges_get_no_password),
		cmocka_unit_test(t042_a_token_server_of_strangers_hears_nothing),
		cmocka_unit_test(a_second_401_is_the_answer),
		cmocka_unit_test(an_anonymous_client_has_no_password_to_give),
		cmocka_unit_test(hostile_tokens),
		cmocka_unit_test(t072_redirects_never_leave_https),
		cmocka_unit_test(t043_redirects_end),
		cmocka_unit_test(t042_a_redirected_request_carries_no_credentials),
		cmocka_unit_test(a_cut_blob_is_asked_for_from_where_it_broke),
		cmocka_unit_test(t041_the_client_asks_only_for_its_own_repository),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
