/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/test.h"

#include "attestation/kbs/session.h"

#define S(text) cof_span_str(text)
enum { MAX = 8, SHARE = 4, TTL_MS = COF_SESSION_TTL_S * 1000 };

static cof_sessions *table(void)
{
	cof_sessions *t = NULL;
	assert_ok(cof_sessions_new(&t, MAX, SHARE, &err));
	return t;
}

static cof_session *open_one(cof_sessions *t, uint64_t now, const char *peer)
{
	cof_session *s = NULL;
	assert_ok(cof_sessions_open(t, now, S(peer), &s, &err));
	return s;
}

static void t004_ids_nonces_and_credentials_differ(void **state)
{
	(void)state;
	COF_AUTO_PTR(cof_sessions) t = table();
	const cof_session *a = open_one(t, 0, "a"), *b = open_one(t, 0, "a");
	assert_int_equal(strlen(a->id), COF_KB_SESSION_LEN);
	assert_int_equal(strlen(a->nonce), 44);
	assert_string_not_equal(a->id, b->id);
	assert_string_not_equal(a->nonce, b->nonce);
	assert_memory_not_equal(a->credential, b->credential, COF_CREDENTIAL_LEN);
}

static void t004_a_nonce_is_used_once(void **state)
{
	(void)state;
	COF_AUTO_PTR(cof_sessions) t = table();
	cof_session *s = open_one(t, 0, "a");
	assert_ok(cof_session_use_nonce(s, S(s->nonce), &err));
	assert_fails(cof_session_use_nonce(s, S(s->nonce), &err), "nonce-used");
	s->state = COF_SESSION_ATTESTED;
	assert_fails(cof_session_use_nonce(s, S(s->nonce), &err), "nonce-used");
}

static void t004_a_wrong_nonce_uses_it_up(void **state)
{
	(void)state;
	COF_AUTO_PTR(cof_sessions) t = table();
	cof_session *s = open_one(t, 0, "a"), *other = open_one(t, 0, "a");
	assert_fails(cof_session_use_nonce(s, S(other->nonce), &err), "nonce-mismatch");
	assert_fails(cof_session_use_nonce(s, S(s->nonce), &err), "nonce-used");
	assert_fails(cof_session_use_nonce(other, S(""), &err), "nonce-mismatch");
}

static void t004_sessions_expire_and_are_not_extended(void **state)
{
	(void)state;
	COF_AUTO_PTR(cof_sessions) t = table();
	cof_session *s = open_one(t, 1000, "a");
	char id[COF_KB_SESSION_LEN + 1];
	memcpy(id, s->id, sizeof id);
	assert_non_null(cof_sessions_find(t, 1000 + TTL_MS - 1, S(id)));
	assert_null(cof_sessions_find(t, 1000 + TTL_MS, S(id)));
	assert_null(cof_sessions_find(t, 1000, S(id))); /* it was wiped */
	assert_int_equal(cof_sessions_count(t), 0);
}

static void t062_one_address_cannot_take_the_table(void **state)
{
	(void)state;
	COF_AUTO_PTR(cof_sessions) t = table();
	cof_session *s = NULL;
	for (int i = 0; i < SHARE; i++)
		(void)open_one(t, 0, "flood");
	assert_fails(cof_sessions_open(t, 0, S("flood"), &s, &err), "too-many-sessions");
	(void)open_one(t, 0, "good");
	(void)open_one(t, TTL_MS, "flood"); /* room again when the old ones are over */
}

static void t062_a_full_table_drops_nobody(void **state)
{
	(void)state;
	COF_AUTO_PTR(cof_sessions) t = table();
	char peer[] = "0", id[COF_KB_SESSION_LEN + 1];
	cof_session *s = open_one(t, 0, "first");
	memcpy(id, s->id, sizeof id);
	for (int i = 1; i < MAX; i++, peer[0]++)
		(void)open_one(t, 0, peer);
	assert_fails(cof_sessions_open(t, 0, S("late"), &s, &err), "too-many-sessions");
	assert_non_null(cof_sessions_find(t, 0, S(id)));
	assert_int_equal(cof_sessions_count(t), MAX);
}

static void t066_only_the_right_id_finds(void **state)
{
	(void)state;
	COF_AUTO_PTR(cof_sessions) t = table();
	cof_session *s = open_one(t, 0, "a");
	char id[COF_KB_SESSION_LEN + 2];
	for (size_t i = 0; i < COF_KB_SESSION_LEN; i++) {
		memcpy(id, s->id, COF_KB_SESSION_LEN + 1);
		id[i] = (char)(id[i] ^ 1);
		assert_null(cof_sessions_find(t, 0, cof_span_of(id, COF_KB_SESSION_LEN)));
	}
	assert_null(cof_sessions_find(t, 0, cof_span_of(s->id, COF_KB_SESSION_LEN - 1)));
	assert_null(cof_sessions_find(t, 0, (cof_span){0}));
}

static void t066_tokens_find_attested_sessions_only(void **state)
{
	(void)state;
	COF_AUTO_PTR(cof_sessions) t = table();
	static const uint8_t zero[COF_SHA256_LEN] = {0};
	uint8_t hash[COF_SHA256_LEN] = {1, 2, 3};
	cof_session *s = open_one(t, 0, "a");
	assert_null(cof_sessions_by_token(t, 0, zero)); /* a session without a token has the hash of nothing */
	memcpy(s->token_hash, hash, sizeof hash);
	assert_null(cof_sessions_by_token(t, 0, hash));
	s->state = COF_SESSION_ATTESTED;
	assert_ptr_equal(cof_sessions_by_token(t, 0, hash), s);
	hash[31] ^= 1;
	assert_null(cof_sessions_by_token(t, 0, hash));
	hash[31] ^= 1;
	assert_null(cof_sessions_by_token(t, TTL_MS, hash));
}

static void t078_dropping_wipes(void **state)
{
	(void)state;
	COF_AUTO_PTR(cof_sessions) t = table();
	cof_session *s = open_one(t, 0, "a");
	cof_sessions_drop(t, s);
	static const cof_session none;
	assert_memory_equal(s, &none, sizeof none);
	cof_sessions_drop(t, s); /* twice is once */
	assert_int_equal(cof_sessions_count(t), 0);
}

static void a_long_address_is_refused(void **state)
{
	(void)state;
	COF_AUTO_PTR(cof_sessions) t = table();
	char peer[100];
	cof_session *s = NULL;
	memset(peer, 'x', sizeof peer);
	assert_fails(cof_sessions_open(t, 0, cof_span_of(peer, sizeof peer), &s, &err), "bad-peer");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(t004_ids_nonces_and_credentials_differ),
		cmocka_unit_test(t004_a_nonce_is_used_once),
		cmocka_unit_test(t004_a_wrong_nonce_uses_it_up),
		cmocka_unit_test(t004_sessions_expire_and_are_not_extended),
		cmocka_unit_test(t062_one_address_cannot_take_the_table),
		cmocka_unit_test(t062_a_full_table_drops_nobody),
		cmocka_unit_test(t066_only_the_right_id_finds),
		cmocka_unit_test(t066_tokens_find_attested_sessions_only),
		cmocka_unit_test(t078_dropping_wipes),
		cmocka_unit_test(a_long_address_is_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
