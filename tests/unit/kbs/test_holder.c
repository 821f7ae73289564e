/* SPDX-License-Identifier: Apache-2.0 */
/* The key holder without its processes: messages in, replies out, and its store looked into from behind. */
#include "tests/unit/kbs/tmpdir.h"

#include <signal.h>

#include "attestation/kbs/holder_int.h"
#include "common/jwe.h"

#define S(text) cof_span_str(text)
#define SECRET "canary-5521"

typedef struct fix {
	tmpdir dir;
	struct event_base *base;
	cof_holder *h;
	EVP_PKEY *admin;
	cof_jwe_key *key;
	unsigned replies;
	uint32_t status;
	char variant[64];
	char reason[64];
	char event[64];
	uint32_t pcr;
	cof_buf body;
	uint64_t audit_at_reply;
} fix;

static void copy(char out[64], cof_span s)
{
	size_t n = s.len < 63 ? s.len : 63;
	memset(out, 0, 64);
	if (n > 0)
		memcpy(out, s.data, n);
}

static void on_reply(void *arg, cof_ticket to, const cof_kb_reply *r)
{
	fix *f = arg;
	assert_int_equal(to.id, 9);
	f->replies++;
	f->status = r->status;
	f->pcr = r->pcr;
	copy(f->variant, r->variant);
	copy(f->reason, r->reason);
	copy(f->event, r->event);
	f->body.len = 0;
	assert_ok(cof_buf_add(&f->body, r->body.data, r->body.len, &err));
	assert_ok(cof_store_audit_last(f->h->store, &f->audit_at_reply, &err));
}

static int setup(void **state)
{
	fix *f = calloc(1, sizeof *f);
	char store[160], key[160];
	COF_AUTO(cof_buf) pem = {0};
	f->dir = tmpdir_new();
	f->base = event_base_new();
	assert_ok(cof_holder_init(tmpdir_path(&f->dir, "store", store), tmpdir_path(&f->dir, "admin.key", key), &err));
	const cof_holder_opts o = {
		.store_dir = store, .base = f->base, .exe = "/bin/false", .reply = on_reply, .arg = f};
	assert_ok(cof_holder_new(&f->h, &o, &err));
	assert_ok(cof_file_read(key, 8192, &pem, &err));
	assert_ok(cof_es256_read_private(cof_buf_span(&pem), &f->admin, &err));
	assert_ok(cof_jwe_key_new(&f->key, &err));
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	fix *f = *state;
	cof_holder_free(f->h);
	EVP_PKEY_free(f->admin);
	cof_jwe_key_free(f->key);
	cof_buf_release(&f->body);
	event_base_free(f->base);
	tmpdir_release(&f->dir);
	free(f);
	return 0;
}

static void say(fix *f, enum cof_kb_type type, const void *msg)
{
	COF_AUTO(cof_buf) frame = {0};
	unsigned before = f->replies;
	assert_ok(cof_kb_encode(type, 9, msg, &frame, &err));
	cof_span body = cof_span_of(frame.data + COF_KB_HEAD_LEN, frame.len - COF_KB_HEAD_LEN);
	assert_ok(cof_holder_handle(f->h, (cof_ticket){0, 1, 9}, type, body, &err));
	for (int i = 0; i < 200 && f->replies == before; i++)
		(void)event_base_loop(f->base, EVLOOP_ONCE);
	assert_int_equal(f->replies, before + 1);
}

static void answer_is(const fix *f, uint32_t status, const char *variant, const char *reason)
{
	assert_int_equal(f->status, status);
	assert_string_equal(f->variant, variant);
	assert_string_equal(f->reason, reason);
}

/* An admin call whose token is for path and body, whatever else the message says. */
static void admin(fix *f, enum cof_kb_route token_route, enum cof_kb_route route, const char *path, cof_span body)
{
	COF_AUTO(cof_buf) token = {0};
	const cof_admin_call call = {token_route, S(path), body};
	assert_ok(cof_admin_sign(f->admin, "admin", &call, cof_holder_time(), &token, &err));
	const cof_kb_admin m = {
		.bearer = cof_buf_span(&token), .route = (uint32_t)route, .path = S(path), .from = 1, .body = body};
	say(f, COF_KB_ADMIN, &m);
}

/* A session that a verifier has judged, as if its handshake had just ended. */
static cof_session *judged(fix *f, bool affirming)
{
	cof_session *s = NULL;
	COF_AUTO_PTR(json_t) jwk = NULL;
	const char *x = NULL, *y = NULL;
	assert_ok(cof_sessions_open(f->h->sessions, cof_holder_ms(), S("10.0.0.1"), &s, &err));
	assert_ok(cof_jwe_key_jwk(f->key, &jwk, &err));
	assert_ok(cof_json_str(jwk, "x", &x, &err));
	assert_ok(cof_json_str(jwk, "y", &y, &err));
	memcpy(s->key_x, x, strlen(x) + 1);
	memcpy(s->key_y, y, strlen(y) + 1);
	memcpy(s->tee, "tpm", 4);
	s->state = COF_SESSION_ATTESTED;
	s->verdict = (cof_session_verdict){.affirming = affirming, .pcr = COF_KB_NO_PCR, .reference = "set"};
	memset(s->verdict.initdata, 'a', 64);
	for (int i = 0; i < COF_TRUST_COUNT; i++)
		s->verdict.trust[i] = affirming ? 2 : 96;
	assert_ok(cof_store_put(f->h->store, COF_KIND_REFERENCE, "set", S("{}"), &err));
	assert_ok(cof_store_put(f->h->store, COF_KIND_INITDATA, s->verdict.initdata, S(""), &err));
	assert_ok(cof_store_put(f->h->store, COF_KIND_RESOURCE, "a/b/c", S(SECRET), &err));
	assert_ok(cof_store_put(f->h->store, COF_KIND_META, COF_META_POLICY,
				S("{\"format\":\"coffer-release-policy/1\",\"rules\":[{\"resource\":\"a/*/*\","
				  "\"require\":{\"tee\":[\"tpm\"],\"status\":\"affirming\"}}]}"),
				&err));
	return s;
}

static void get(fix *f, const cof_session *s, const char *tag)
{
	const cof_kb_resource m = {.peer = S("10.0.0.1"),
				   .session = s != NULL ? S(s->id) : (cof_span){0},
				   .repo = S("a"),
				   .type = S("b"),
				   .tag = S(tag)};
	say(f, COF_KB_RESOURCE, &m);
}

static void a_front_may_send_requests_only(void **state)
{
	fix *f = *state;
	for (unsigned t = 0; t <= COF_KB_TYPES; t++) {
		assert_fails(cof_holder_handle(f->h, (cof_ticket){0, 1, 9}, (enum cof_kb_type)t, S("x"), &err),
			     "frame-malformed");
	}
	assert_int_equal(f->replies, 0);
}

static void the_line_is_written_before_the_answer(void **state)
{
	fix *f = *state;
	const cof_session *s = judged(f, true);
	uint64_t before = 0;
	assert_ok(cof_store_audit_last(f->h->store, &before, &err));
	get(f, s, "c");
	assert_int_equal(f->status, 200);
	assert_int_equal(f->audit_at_reply, before + 1);
	get(f, s, "absent");
	answer_is(f, 404, "PluginInternalError", "resource-not-found");
	assert_int_equal(f->audit_at_reply, before + 2);
	get(f, NULL, "c");
	answer_is(f, 401, "TokenNotFound", "no-token");
	assert_int_equal(f->audit_at_reply, before + 3);
}

/* The log is full, the disk is broken: no line, no secret. */
static void without_a_line_there_is_no_secret(void **state)
{
	fix *f = *state;
	const cof_session *s = judged(f, true);
	COF_AUTO(cof_secret) plain = {0};
	cof_audit_head good = f->h->head;
	f->h->head.seq--; /* the next line's number is taken: adding it fails */
	get(f, s, "c");
	assert_int_equal(f->status, 503);
	assert_int_equal(f->body.len, 0);
	admin(f, COF_ROUTE_RESOURCE_PUT, COF_ROUTE_RESOURCE_PUT, "/kbs/v0/resource/a/b/new", S("x"));
	assert_true(f->status >= 500);
	bool has = true;
	assert_ok(cof_store_has(f->h->store, COF_KIND_RESOURCE, "a/b/new", &has, &err));
	assert_false(has); /* the change went with its line */
	f->h->head = good;
	get(f, s, "c");
	assert_int_equal(f->status, 200);
	assert_ok(cof_jwe_decrypt(f->key, cof_buf_span(&f->body), &plain, &err));
	assert_span_equal(cof_secret_span(&plain), SECRET, strlen(SECRET));
}

static void a_contraindicated_guest_is_told_where(void **state)
{
	fix *f = *state;
	cof_session *s = judged(f, false);
	memcpy(s->verdict.reason, "pcr-mismatch", 13);
	memcpy(s->verdict.event, "kernel", 7);
	s->verdict.pcr = 4;
	get(f, s, "c");
	answer_is(f, 403, "PolicyDeny", "pcr-mismatch");
	assert_int_equal(f->pcr, 4);
	assert_string_equal(f->event, "kernel");
}

static void t007_without_a_policy_nothing_is_released(void **state)
{
	fix *f = *state;
	const cof_session *s = judged(f, true);
	bool was = false;
	assert_ok(cof_store_del(f->h->store, COF_KIND_META, COF_META_POLICY, &was, &err));
	get(f, s, "c");
	answer_is(f, 403, "PolicyDeny", "policy-denied");
}

static void t069_a_policy_that_broke_in_the_store_denies(void **state)
{
	fix *f = *state;
	const cof_session *s = judged(f, true);
	assert_ok(cof_store_put(f->h->store, COF_KIND_META, COF_META_POLICY, S("{\"rules\":"), &err));
	get(f, s, "c");
	assert_true(f->status >= 400);
	assert_int_equal(f->body.len, 0);
}

static void t066_an_unjudged_session_gets_nothing(void **state)
{
	fix *f = *state;
	cof_session *s = judged(f, true);
	static const enum cof_session_state states[] = {COF_SESSION_BINDING, COF_SESSION_AUTHED, COF_SESSION_ATTESTING};
	for (size_t i = 0; i < COF_COUNT(states); i++) {
		s->state = states[i];
		get(f, s, "c");
		answer_is(f, 401, "TokenNotFound", "no-token");
	}
}

static void t070_a_compromised_front_cannot_bend_paths(void **state)
{
	fix *f = *state;
	const cof_session *s = judged(f, true);
	static const char *const bad[] = {"", "..", "c/d", ".c", "c%00"};
	for (size_t i = 0; i < COF_COUNT(bad); i++) {
		get(f, s, bad[i]);
		assert_int_equal(f->status, 404);
	}
}

static void t068_a_compromised_front_cannot_bend_admin_calls(void **state)
{
	fix *f = *state;
	/* the admin signed for a/b/x; the front names another route for the same path */
	admin(f, COF_ROUTE_RESOURCE_PUT, COF_ROUTE_RESOURCE_DELETE, "/kbs/v0/resource/a/b/x", S("v"));
	answer_is(f, 403, "AdminAuthAccess", "token-other-call");
	admin(f, COF_ROUTE_RESOURCE_PUT, COF_ROUTE_POLICY_PUT, "/kbs/v0/resource/a/b/x", S("v"));
	assert_string_equal(f->variant, "AdminAuthAccess");
	admin(f, COF_ROUTE_RESOURCE_PUT, COF_ROUTE_RESOURCE_PUT, "/kbs/v0/resource/a/b/../x", S("v"));
	assert_string_equal(f->variant, "AdminAuthAccess");
	admin(f, COF_ROUTE_RESOURCE_PUT, COF_ROUTE_RESOURCE_GET, "/kbs/v0/resource/a/b/x", S("v"));
	assert_string_equal(f->variant, "AdminAuthAccess");
	admin(f, COF_ROUTE_RESOURCE_PUT, (enum cof_kb_route)1000, "/kbs/v0/resource/a/b/x", S("v"));
	assert_string_equal(f->variant, "AdminAuthAccess");
	bool has = true;
	assert_ok(cof_store_has(f->h->store, COF_KIND_RESOURCE, "a/b/x", &has, &err));
	assert_false(has);
}

static void limits_of_what_the_owner_registers(void **state)
{
	fix *f = *state;
	char body[160];
	for (int i = 0; i <= COF_HOLDER_INITDATA_MAX; i++) {
		(void)snprintf(body, sizeof body, "{\"digest\":\"sha256:%064x\"}", (unsigned)i);
		admin(f, COF_ROUTE_INITDATA_PUT, COF_ROUTE_INITDATA_PUT, "/kbs/v0/initdata", S(body));
		if (f->status != 200)
			break;
	}
	/* the numbers of used tokens are bounded too: one of the two limits ends this */
	assert_true(strcmp(f->reason, "store-full") == 0 || strcmp(f->reason, "too-many-admin-calls") == 0);
}

static void a_verifier_that_dies_is_a_refusal(void **state)
{
	fix *f = *state; /* its verifier is /bin/false */
	const cof_kb_auth m = {
		.peer = S("p"), .tee = S("tpm"), .tpm = 1, .ek_cert = S("c"), .ek_public = S("e"), .ak_public = S("a")};
	say(f, COF_KB_AUTH, &m);
	answer_is(f, 503, "AttestationError", "verifier-died");
	assert_int_equal(cof_sessions_count(f->h->sessions), 0);
	assert_int_equal(cof_holder_pending(f->h), 0);
}

static void t024_other_tees_are_refused(void **state)
{
	fix *f = *state;
	static const char *const tees[] = {"", "snp", "sample", "TPM", "tpm "};
	for (size_t i = 0; i < COF_COUNT(tees); i++) {
		const cof_kb_auth m = {.tee = S(tees[i])};
		say(f, COF_KB_AUTH, &m);
		answer_is(f, 401, "AttestationError", "tee-unsupported");
	}
	assert_int_equal(cof_sessions_count(f->h->sessions), 0);
}

static void t074_strangers_cannot_fill_the_log(void **state)
{
	fix *f = *state;
	uint64_t before = f->h->head.seq;
	for (int i = 0; i < COF_HOLDER_CHEAP_PER_MINUTE + 50; i++)
		get(f, NULL, "c");
	assert_true(f->h->head.seq - before <= 2 * COF_HOLDER_CHEAP_PER_MINUTE);
	assert_int_equal(f->status, 401);
}

static void while_draining_everything_new_is_later(void **state)
{
	fix *f = *state;
	const cof_session *s = judged(f, true);
	cof_holder_drain(f->h);
	get(f, s, "c");
	answer_is(f, 503, "HTTPFailed", "shutting-down");
}

#define WITH_FIX(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_FIX(a_front_may_send_requests_only),
		WITH_FIX(the_line_is_written_before_the_answer),
		WITH_FIX(without_a_line_there_is_no_secret),
		WITH_FIX(a_contraindicated_guest_is_told_where),
		WITH_FIX(t007_without_a_policy_nothing_is_released),
		WITH_FIX(t069_a_policy_that_broke_in_the_store_denies),
		WITH_FIX(t066_an_unjudged_session_gets_nothing),
		WITH_FIX(t070_a_compromised_front_cannot_bend_paths),
		WITH_FIX(t068_a_compromised_front_cannot_bend_admin_calls),
		WITH_FIX(limits_of_what_the_owner_registers),
		WITH_FIX(a_verifier_that_dies_is_a_refusal),
		WITH_FIX(t024_other_tees_are_refused),
		WITH_FIX(t074_strangers_cannot_fill_the_log),
		WITH_FIX(while_draining_everything_new_is_later),
	};
	(void)signal(SIGPIPE, SIG_IGN); /* as the program does */
	return cmocka_run_group_tests(tests, NULL, NULL);
}
