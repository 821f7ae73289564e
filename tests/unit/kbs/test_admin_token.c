/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/test.h"

#include "attestation/kbs/admin_token.h"
#include "common/hex.h"
#include "common/json.h"

#define S(text) cof_span_str(text)
enum { NOW = 1000000 };

typedef struct fix {
	EVP_PKEY *key;
	cof_admin_used *used;
	cof_admin_call call;
	char role[16];
} fix;

static int setup(void **state)
{
	fix *f = calloc(1, sizeof *f);
	assert_non_null(f);
	assert_ok(cof_es256_new(&f->key, &err));
	assert_ok(cof_admin_used_new(&f->used, &err));
	f->call = (cof_admin_call){COF_ROUTE_RESOURCE_PUT, S("/kbs/v0/resource/a/b/c"), S("body")};
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	fix *f = *state;
	EVP_PKEY_free(f->key);
	cof_admin_used_free(f->used);
	free(f);
	return 0;
}

static void add_part(cof_buf *to, cof_span in)
{
	COF_AUTO_FREE char *text = cof_b64url_dup(in);
	assert_non_null(text);
	assert_ok(cof_buf_add_str(to, text, &err));
}

/* A token with any header and claims, signed or not. */
static void forge(EVP_PKEY *key, const char *header, const char *claims, cof_buf *ret)
{
	uint8_t sig[COF_ES256_LEN] = {0};
	add_part(ret, S(header));
	assert_ok(cof_buf_add_str(ret, ".", &err));
	add_part(ret, S(claims));
	if (key != NULL)
		assert_ok(cof_es256_sign(key, cof_buf_span(ret), sig, &err));
	assert_ok(cof_buf_add_str(ret, ".", &err));
	add_part(ret, cof_span_of(sig, sizeof sig));
}

static int check(fix *f, const cof_buf *token, int64_t now, cof_err *err)
{
	return cof_admin_check(f->key, f->used, cof_buf_span(token), &f->call, now, f->role, err);
}

static void forged_is(fix *f, const char *header, const char *claims, const char *reason)
{
	COF_AUTO(cof_buf) t = {0};
	forge(f->key, header, claims, &t);
	assert_fails(check(f, &t, NOW, &err), reason);
}

static const char good_header[] = "{\"alg\":\"ES256\",\"typ\":\"JWT\"}";

static void our_own_tokens_pass_once(void **state)
{
	fix *f = *state;
	COF_AUTO(cof_buf) t = {0};
	assert_ok(cof_admin_sign(f->key, "admin", &f->call, NOW, &t, &err));
	assert_ok(check(f, &t, NOW, &err));
	assert_string_equal(f->role, "admin");
	assert_fails(check(f, &t, NOW, &err), "token-replayed");
}

static void t064_unsigned_and_foreign_tokens_fail(void **state)
{
	fix *f = *state;
	COF_AUTO(cof_buf) t = {0};
	COF_AUTO(cof_buf) none = {0};
	COF_AUTO_PTR(cof_pkey) other = NULL;
	assert_ok(cof_es256_new(&other, &err));
	assert_ok(cof_admin_sign(other, "admin", &f->call, NOW, &t, &err));
	assert_fails(check(f, &t, NOW, &err), "bad-signature");
	forge(NULL, "{\"alg\":\"none\"}", "{\"role\":\"admin\",\"exp\":1000100}", &none);
	assert_fails(check(f, &none, NOW, &err), "bad-signature");
}

static void t064_headers_cannot_choose(void **state)
{
	fix *f = *state;
	static const char claims[] = "{\"role\":\"admin\",\"exp\":1000100}";
	forged_is(f, "{\"alg\":\"none\"}", claims, "bad-token");
	forged_is(f, "{\"alg\":\"HS256\"}", claims, "bad-token");
	forged_is(f, "{\"alg\":\"ES256\",\"alg\":\"ES256\"}", claims, "bad-token");
	forged_is(f, "{\"alg\":\"ES256\",\"crit\":[\"exp\"]}", claims, "bad-token");
	forged_is(f, "{}", claims, "bad-token");
	forged_is(f, "not json", claims, "bad-token");
}

static void t068_claims_must_be_whole(void **state)
{
	fix *f = *state;
	forged_is(f, good_header, "{\"role\":\"admin\"}", "bad-token");
	forged_is(f, good_header, "{\"role\":\"admin\",\"exp\":\"1000100\"}", "bad-token");
	forged_is(f, good_header, "{\"role\":\"admin\",\"exp\":1e300}", "bad-token");
	forged_is(f, good_header, "{\"role\":\"admin\",\"exp\":1000000}", "token-expired");
	forged_is(f, good_header, "{\"role\":\"admin\",\"exp\":-1}", "bad-token");
	forged_is(f, good_header, "{\"role\":\"admin\",\"exp\":1090000}", "bad-token"); /* longer than a day */
	forged_is(f, good_header, "{\"role\":\"admin\",\"exp\":1000100,\"nbf\":1000090}", "bad-token");
	forged_is(f, good_header, "{\"role\":\"admin\",\"exp\":1000100,\"iat\":\"x\"}", "bad-token");
	forged_is(f, good_header, "{\"role\":\"admin\",\"exp\":1000100,\"jti\":\"\"}", "bad-token");
	forged_is(f, good_header, "[]", "bad-token");
	forged_is(f, good_header, "{\"role\":\"admin\",\"role\":\"admin\",\"exp\":1000100}", "bad-token");
}

static void t068_roles_are_exact(void **state)
{
	fix *f = *state;
	static const char *const bad[] = {"", "Admin", "admin ", "root", "adminx", "auditor"};
	forged_is(f, good_header, "{\"exp\":1000100}", "role-denied");
	forged_is(f, good_header, "{\"exp\":1000100,\"role\":[\"admin\"]}", "role-denied");
	forged_is(f, good_header, "{\"exp\":1000100,\"role\":true}", "role-denied");
	for (size_t i = 0; i < COF_COUNT(bad); i++) {
		COF_AUTO(cof_buf) t = {0};
		assert_ok(cof_admin_sign(f->key, bad[i], &f->call, NOW, &t, &err));
		assert_fails(check(f, &t, NOW, &err), "role-denied");
	}
}

/* Every route that is an admin's: admin may, auditor only reads the log. */
static void t068_roles_by_route(void **state)
{
	fix *f = *state;
	for (unsigned r = COF_ROUTE_RESOURCE_PUT; r < COF_ROUTES; r++) {
		COF_AUTO(cof_buf) admin = {0};
		COF_AUTO(cof_buf) auditor = {0};
		f->call = (cof_admin_call){(enum cof_kb_route)r, S(cof_kb_route_path((enum cof_kb_route)r)), S("")};
		assert_ok(cof_admin_sign(f->key, "admin", &f->call, NOW, &admin, &err));
		assert_ok(check(f, &admin, NOW, &err));
		assert_ok(cof_admin_sign(f->key, "auditor", &f->call, NOW, &auditor, &err));
		int rc = check(f, &auditor, NOW, NULL);
		assert_true(r == COF_ROUTE_AUDIT ? rc == 0 : rc < 0);
	}
}

static void t068_a_token_is_for_its_call_alone(void **state)
{
	fix *f = *state;
	const cof_admin_call calls[] = {
		{COF_ROUTE_RESOURCE_DELETE, S("/kbs/v0/resource/a/b/c"), S("body")},
		{COF_ROUTE_RESOURCE_PUT, S("/kbs/v0/resource/a/b/d"), S("body")},
		{COF_ROUTE_RESOURCE_PUT, S("/kbs/v0/resource/a/b/c"), S("Body")},
		{COF_ROUTE_RESOURCE_PUT, S("/kbs/v0/resource/a/b/c"), S("")},
	};
	COF_AUTO(cof_buf) t = {0};
	assert_ok(cof_admin_sign(f->key, "admin", &f->call, NOW, &t, &err));
	const cof_admin_call good = f->call;
	for (size_t i = 0; i < COF_COUNT(calls); i++) {
		f->call = calls[i];
		assert_fails(check(f, &t, NOW, &err), "token-other-call");
	}
	f->call = good;
	assert_ok(check(f, &t, NOW, &err)); /* the refusals did not use it up */
}

static void a_token_without_a_call_is_good_for_its_life(void **state)
{
	fix *f = *state;
	COF_AUTO(cof_buf) t = {0};
	forge(f->key, good_header, "{\"role\":\"admin\",\"exp\":1000100,\"iss\":\"me\"}", &t);
	assert_ok(check(f, &t, NOW, &err));
	assert_ok(check(f, &t, NOW + 99, &err));
	assert_fails(check(f, &t, NOW + 100, &err), "token-expired");
}

static void t064_every_change_of_a_token_shows(void **state)
{
	fix *f = *state;
	COF_AUTO(cof_buf) t = {0};
	assert_ok(cof_admin_sign(f->key, "admin", &f->call, NOW, &t, &err));
	for (size_t i = 0; i < t.len; i++) {
		uint8_t was = t.data[i];
		t.data[i] = was == 'A' ? 'B' : 'A';
		assert_true(check(f, &t, NOW, NULL) < 0);
		t.data[i] = was;
	}
	for (size_t n = 0; n < t.len; n++)
		assert_true(cof_admin_check(f->key, f->used, cof_span_of(t.data, n), &f->call, NOW, f->role, NULL) < 0);
	assert_ok(cof_buf_add_str(&t, ".x", &err));
	assert_fails(check(f, &t, NOW, &err), "bad-token");
}

static void t062_used_numbers_are_bounded_and_forgotten(void **state)
{
	fix *f = *state;
	for (int i = 0; i < COF_ADMIN_JTI_MAX; i++) {
		COF_AUTO(cof_buf) t = {0};
		assert_ok(cof_admin_sign(f->key, "admin", &f->call, NOW, &t, &err));
		assert_ok(check(f, &t, NOW, &err));
	}
	COF_AUTO(cof_buf) more = {0};
	assert_ok(cof_admin_sign(f->key, "admin", &f->call, NOW, &more, &err));
	assert_fails(check(f, &more, NOW, &err), "too-many-admin-calls");
	COF_AUTO(cof_buf) later = {0};
	assert_ok(cof_admin_sign(f->key, "admin", &f->call, NOW + COF_ADMIN_CALL_LIFE_S, &later, &err));
	assert_ok(check(f, &later, NOW + COF_ADMIN_CALL_LIFE_S, &err));
}

#define WITH_FIX(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_FIX(our_own_tokens_pass_once),
		WITH_FIX(t064_unsigned_and_foreign_tokens_fail),
		WITH_FIX(t064_headers_cannot_choose),
		WITH_FIX(t068_claims_must_be_whole),
		WITH_FIX(t068_roles_are_exact),
		WITH_FIX(t068_roles_by_route),
		WITH_FIX(t068_a_token_is_for_its_call_alone),
		WITH_FIX(a_token_without_a_call_is_good_for_its_life),
		WITH_FIX(t064_every_change_of_a_token_shows),
		WITH_FIX(t062_used_numbers_are_bounded_and_forgotten),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
