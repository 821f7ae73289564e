/* SPDX-License-Identifier: Apache-2.0 */
/* A registry that asks for credentials as an attacker would, and sends its clients elsewhere. */
#include "tests/unit/image/blob_peer.h"

/* ---- credentials ---- */

static cof_registry_opts as_user(cof_login *login)
{
	assert_ok(cof_login_set(login, cof_span_str("me"), cof_span_str("pa55"), &err));
	return (cof_registry_opts){.retries = 1, .backoff_ms = 1, .login = login};
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
		COF_AUTO(cof_login) login = {0};
		char answer[512];
		peer p;
		const cof_registry_opts opts = as_user(&login);
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

#define TOKEN_CHALLENGE(realm) HEAD("401 No", "0") "WWW-Authenticate: Bearer realm=\"https://" realm "/t\"\r\n\r\n"
#define TOKEN_T0K HEAD("200 OK", "15") "\r\n{\"token\":\"t0k\"}"

/* The registry says that its token server is the second one; what comes of it. */
static void with_partner(peer *p, peer *second, bool named, const cof_login *login, outcome *ret)
{
	char challenge[256];
	const char *const partners[] = {"other.test", second->host, NULL};
	(void)snprintf(challenge, sizeof challenge, TOKEN_CHALLENGE("%s"), second->host);
	const tls_step steps[] = {{.answer = challenge}, {.answer = WHOLE}};
	const tls_step token[] = {{.answer = TOKEN_T0K}};
	tls_go(&p->tls, steps, 2);
	tls_go(&second->tls, token, 1);
	const cof_registry_opts opts = {
		.retries = 1, .backoff_ms = 1, .login = login, .partners = named ? partners : NULL};
	fetch(p, &opts, ret);
}

static void t040_a_login_goes_to_no_stranger(void **state)
{
	(void)state;
	COF_AUTO(outcome) o = {0};
	COF_AUTO(cof_login) login = {0};
	peer p, stranger;
	(void)as_user(&login);
	peer_open(&p, BLOB);
	second_open(&p, &stranger);
	with_partner(&p, &stranger, false, &login, &o);
	failed_with(&o, "challenge-realm");
	assert_non_null(strstr(o.err.text, stranger.host)); /* whom to name, if it is meant */
	assert_int_equal(atomic_load(&stranger.tls.connections), 0);
	tls_close(&p.tls);
	tls_close(&stranger.tls);
}

static void t041_no_token_server_inside_this_machine(void **state)
{
	(void)state;
	COF_AUTO(outcome) o = {0};
	peer p, inside;
	peer_open(&p, BLOB);
	second_open(&p, &inside);
	with_partner(&p, &inside, false, NULL, &o); /* no login: any token server will do, but not that one */
	failed_with(&o, "http-inward");
	assert_int_equal(atomic_load(&inside.tls.connections), 0);
	tls_close(&p.tls);
	tls_close(&inside.tls);
}

static void a_partner_gets_the_login_and_the_registry_the_token(void **state)
{
	(void)state;
	COF_AUTO(outcome) o = {0};
	COF_AUTO(cof_login) login = {0};
	peer p, partner;
	(void)as_user(&login);
	peer_open(&p, BLOB);
	second_open(&p, &partner);
	with_partner(&p, &partner, true, &login, &o);
	assert_int_equal(o.rc, 0);
	assert_true(asked_for(&partner, 0, BASIC_ME));
	assert_false(asked_for(&p, 0, "uthorization"));
	assert_true(asked_for(&p, 1, "\r\nAuthorization: Bearer t0k\r\n"));
	assert_false(asked_for(&p, 1, "Basic"));
	tls_close(&p.tls);
	tls_close(&partner.tls);
}

static void t042_a_partner_without_our_ca_hears_nothing(void **state)
{
	(void)state;
	COF_AUTO(outcome) o = {0};
	COF_AUTO(cof_login) login = {0};
	peer p, partner;
	(void)as_user(&login);
	peer_open(&p, BLOB);
	tls_open(&partner.tls, "DNS:localhost");
	(void)snprintf(partner.host, sizeof partner.host, "localhost:%d", partner.tls.port);
	with_partner(&p, &partner, true, &login, &o);
	failed_with(&o, "tls-untrusted");
	assert_int_equal(atomic_load(&partner.tls.requests), 0);
	tls_close(&p.tls);
	tls_close(&partner.tls);
}

/* An identity token is said to the token server alone, in a form. */
static void an_identity_token_is_posted(void **state)
{
	(void)state;
	COF_AUTO(outcome) o = {0};
	COF_AUTO(cof_login) login = {0};
	char challenge[512];
	peer p;
	assert_ok(cof_secret_from(&login.identity, cof_span_str("re+fresh/me&x"), &err));
	peer_open(&p, BLOB);
	(void)snprintf(
		challenge, sizeof challenge,
		HEAD("401 No", "0") "WWW-Authenticate: Basic realm=\"x\"\r\n"
				    "WWW-Authenticate: Bearer realm=\"https://%s/token\",service=\"s v\"\r\n\r\n",
		p.host);
	const tls_step steps[] = {
		{.answer = challenge},
		{.answer = HEAD("200 OK", "22") "\r\n{\"access_token\":\"t0k\"}"},
		{.answer = WHOLE},
	};
	const cof_registry_opts opts = {.retries = 1, .backoff_ms = 1, .login = &login};
	tls_go(&p.tls, steps, 3);
	fetch(&p, &opts, &o);
	assert_int_equal(o.rc, 0);
	assert_true(asked_for(&p, 1, "POST /token HTTP/1.1\r\n"));
	assert_true(asked_for(&p, 1, "\r\nContent-Type: application/x-www-form-urlencoded\r\n"));
	assert_true(asked_for(
		&p, 1,
		"\r\n\r\ngrant_type=refresh_token&client_id=coffer&service=s%20v&scope=repository%3Ateam%2Fapp"
		"%3Apull&refresh_token=re%2Bfresh%2Fme%26x"));
	assert_false(asked_for(&p, 1, "uthorization"));
	assert_true(asked_for(&p, 2, "\r\nAuthorization: Bearer t0k\r\n"));
	tls_close(&p.tls);
}

/* One token for many calls; a registry that has had enough of it gets another, once for each call. */
static void a_token_is_kept_until_it_is_refused(void **state)
{
	(void)state;
	COF_AUTO(outcome) o = {0};
	char challenge[256];
	peer p;
	peer_open(&p, BLOB);
	(void)snprintf(challenge, sizeof challenge, TOKEN_CHALLENGE("%s"), p.host);
	const tls_step steps[] = {
		{.answer = challenge}, {.answer = TOKEN_T0K},
		{.answer = WHOLE},     {.answer = WHOLE},
		{.answer = challenge}, {.answer = HEAD("200 OK", "15") "\r\n{\"token\":\"new\"}"},
		{.answer = WHOLE},     {.answer = challenge},
		{.answer = TOKEN_T0K}, {.answer = challenge},
	};
	tls_go(&p.tls, steps, COF_COUNT(steps));
	COF_AUTO_PTR(cof_registry) r = peer_client(&p, NULL);
	for (int i = 0; i < 3; i++)
		assert_ok(registry_blob(r, &p.desc, collect, &o.got, &err));
	assert_true(asked_for(&p, 2, "\r\nAuthorization: Bearer t0k\r\n"));
	assert_true(asked_for(&p, 3, "\r\nAuthorization: Bearer t0k\r\n"));
	assert_true(asked_for(&p, 6, "\r\nAuthorization: Bearer new\r\n"));
	assert_fails(registry_blob(r, &p.desc, collect, &o.got, &err), "registry-refused");
	assert_int_equal(atomic_load(&p.tls.requests), 10);
	tls_close(&p.tls);
}

/* The store that a redirect leads to may want to know who we are: it does not learn it. */
static void t040_a_store_has_no_say_in_who_we_are(void **state)
{
	(void)state;
	COF_AUTO(outcome) o = {0};
	COF_AUTO(cof_login) login = {0};
	char away[256];
	peer p, store;
	const char *const partners[] = {store.host, NULL};
	cof_registry_opts opts = as_user(&login);
	opts.partners = partners;
	peer_open(&p, BLOB);
	second_open(&p, &store);
	(void)snprintf(away, sizeof away, HEAD("307 Go", "0") "Location: https://%s/b\r\n\r\n", store.host);
	const tls_step steps[] = {{.answer = away}};
	const tls_step asks[] = {{.answer = HEAD("401 No", "0") "WWW-Authenticate: Basic realm=\"r\"\r\n\r\n"}};
	tls_go(&p.tls, steps, 1);
	tls_go(&store.tls, asks, 1);
	fetch(&p, &opts, &o);
	failed_with(&o, "registry-refused");
	assert_int_equal(atomic_load(&p.tls.requests), 1);
	assert_int_equal(atomic_load(&store.tls.requests), 1);
	assert_false(asked_for(&store, 0, "uthorization"));
	tls_close(&p.tls);
	tls_close(&store.tls);
}

static void a_second_401_is_the_answer(void **state)
{
	(void)state;
	COF_AUTO(outcome) o = {0};
	COF_AUTO(cof_login) login = {0};
	const cof_registry_opts opts = as_user(&login);
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
		{HEAD("200 OK", "26") "\r\n{\"token\":\"a\\r\\nX-Evil: b\"}", "token-malformed"},
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
static void t040_a_redirected_request_carries_no_credentials(void **state)
{
	(void)state;
	COF_AUTO(outcome) o = {0};
	COF_AUTO(cof_login) login = {0};
	cof_registry_opts opts = as_user(&login);
	char answer[256];
	peer p, store;
	const char *const partners[] = {store.host, NULL};
	opts.partners = partners;
	peer_open(&p, BLOB);
	second_open(&p, &store);
	(void)snprintf(answer, sizeof answer, HEAD("307 Go", "0") "Location: https://%s/b\r\n\r\n", store.host);
	const tls_step steps[] = {{.answer = HEAD("401 No", "0") "WWW-Authenticate: Basic realm=\"r\"\r\n\r\n"},
				  {.answer = answer}};
	const tls_step blob[] = {{.answer = WHOLE}};
	tls_go(&p.tls, steps, 2);
	tls_go(&store.tls, blob, 1);
	fetch(&p, &opts, &o);
	assert_true(asked_for(&p, 1, BASIC_ME));
	assert_int_equal(atomic_load(&store.tls.requests), 1);
	assert_false(asked_for(&store, 0, "uthorization"));
	assert_false(asked_for(&store, 0, "bWU6cGE1NQ"));
	assert_int_equal(o.rc, 0);
	assert_span_equal(cof_buf_span(&o.got), BLOB, 10);
	tls_close(&p.tls);
	tls_close(&store.tls);
}

static void t041_a_redirect_into_this_machine(void **state)
{
	(void)state;
	COF_AUTO(outcome) o = {0};
	char answer[256];
	peer p, inside;
	peer_open(&p, BLOB);
	second_open(&p, &inside);
	(void)snprintf(answer, sizeof answer, HEAD("307 Go", "0") "Location: https://%s/cdh/resource/a/b/c\r\n\r\n",
		       inside.host);
	const tls_step steps[] = {{.answer = answer}};
	tls_go(&p.tls, steps, 1);
	tls_go(&inside.tls, &(tls_step){.answer = WHOLE}, 1);
	fetch(&p, NULL, &o);
	failed_with(&o, "http-inward");
	assert_int_equal(atomic_load(&inside.tls.connections), 0);
	tls_close(&p.tls);
	tls_close(&inside.tls);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(t041_hostile_challenges_get_no_password),
		cmocka_unit_test(t040_a_login_goes_to_no_stranger),
		cmocka_unit_test(t041_no_token_server_inside_this_machine),
		cmocka_unit_test(a_partner_gets_the_login_and_the_registry_the_token),
		cmocka_unit_test(t042_a_partner_without_our_ca_hears_nothing),
		cmocka_unit_test(an_identity_token_is_posted),
		cmocka_unit_test(a_token_is_kept_until_it_is_refused),
		cmocka_unit_test(t040_a_store_has_no_say_in_who_we_are),
		cmocka_unit_test(a_second_401_is_the_answer),
		cmocka_unit_test(an_anonymous_client_has_no_password_to_give),
		cmocka_unit_test(t041_the_client_asks_only_for_its_own_repository),
		cmocka_unit_test(hostile_tokens),
		cmocka_unit_test(t072_redirects_never_leave_https),
		cmocka_unit_test(t043_redirects_end),
		cmocka_unit_test(t040_a_redirected_request_carries_no_credentials),
		cmocka_unit_test(t041_a_redirect_into_this_machine),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
