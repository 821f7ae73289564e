/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/launch_vectors.h"
#include "tests/unit/sev/make_idblock.h"

static cof_span auth_of(const signed_block *s)
{
	return cof_span_of(s->auth, sizeof s->auth);
}

static void assert_refused(const signed_block *s, const char *reason)
{
	cof_idauth a = {.has_author = true, .id_key_digest = {0x55}};
	assert_fails(cof_idauth_verify(s->block, auth_of(s), &a, &err), reason);
	assert_int_equal(a.id_key_digest[0], 0x55);
}

static void assert_verified(const signed_block *s)
{
	static const uint8_t zeros[COF_SHA384_LEN] = {0};
	uint8_t digest[COF_SHA384_LEN];
	cof_idauth a;
	assert_ok(cof_idauth_verify(s->block, auth_of(s), &a, &err));
	assert_int_equal(a.has_author, s->author_key != NULL);
	assert_ok(cof_idkey_digest(s->id_key, digest, &err));
	assert_memory_equal(a.id_key_digest, digest, sizeof digest);
	if (s->author_key != NULL)
		assert_ok(cof_idkey_digest(s->author_key, digest, &err));
	assert_memory_equal(a.author_key_digest, s->author_key != NULL ? digest : zeros, sizeof digest);
}

static void what_was_signed_is_verified(void **state)
{
	(void)state;
	for (int i = 0; i < 4; i++) {
		COF_AUTO(signed_block) s = make_signed(i % 2 != 0);
		assert_verified(&s);
	}
}

static void one_key_may_be_both(void **state)
{
	(void)state;
	COF_AUTO(signed_block) s = make_signed(false);
	cof_idauth a;
	assert_ok(cof_idauth_sign(s.block, s.id_key, s.id_key, s.auth, &err));
	assert_ok(cof_idauth_verify(s.block, auth_of(&s), &a, &err));
	assert_memory_equal(a.id_key_digest, a.author_key_digest, sizeof a.id_key_digest);
}

/* Nothing in either block is without meaning: no byte can be another one. */
static void every_byte_counts(bool author)
{
	COF_AUTO(signed_block) s = make_signed(author);
	cof_idauth a;
	cof_err err;
	for (size_t i = 0; i < sizeof s.auth; i++) {
		s.auth[i] ^= (uint8_t)(1u << (i % 8));
		if (cof_idauth_verify(s.block, auth_of(&s), &a, &err) == 0)
			fail_msg("byte 0x%zx", i);
		s.auth[i] ^= (uint8_t)(1u << (i % 8));
	}
	for (size_t i = 0; i < sizeof s.block; i++) {
		s.block[i] ^= (uint8_t)(1u << (i % 8));
		assert_refused(&s, "idauth-signature");
		s.block[i] ^= (uint8_t)(1u << (i % 8));
	}
	assert_verified(&s);
}

static void every_byte_counts_with_an_author(void **state)
{
	(void)state;
	every_byte_counts(true);
}

static void every_byte_counts_without_an_author(void **state)
{
	(void)state;
	every_byte_counts(false);
}

static void every_truncation_and_an_addition(void **state)
{
	(void)state;
	COF_AUTO(signed_block) s = make_signed(true);
	COF_AUTO_FREE uint8_t *longer = calloc(1, COF_IDAUTH_LEN + 1);
	cof_idauth a;
	for (size_t n = 0; n < COF_IDAUTH_LEN; n++) {
		COF_AUTO_FREE uint8_t *exact = malloc(n + 1);
		memcpy(exact, s.auth, n);
		assert_fails(cof_idauth_verify(s.block, cof_span_of(exact, n), &a, &err), "idauth-malformed");
	}
	memcpy(longer, s.auth, COF_IDAUTH_LEN);
	assert_fails(cof_idauth_verify(s.block, cof_span_of(longer, COF_IDAUTH_LEN + 1), &a, &err), "idauth-malformed");
}

static void every_reserved_byte_is_zero(void **state)
{
	(void)state;
	static const size_t ranges[][2] = {
		{AUTH_HEAD, AUTH_BLOCK_SIG},
		{AUTH_BLOCK_SIG + 2 * AUTH_NUMBER, AUTH_ID_KEY},
		{AUTH_ID_KEY + 4 + 2 * AUTH_NUMBER, AUTH_MIDDLE},
		{AUTH_MIDDLE, AUTH_KEY_SIG},
		{AUTH_KEY_SIG + 2 * AUTH_NUMBER, AUTH_AUTHOR_KEY},
		{AUTH_AUTHOR_KEY + 4 + 2 * AUTH_NUMBER, AUTH_TAIL},
		{AUTH_TAIL, COF_IDAUTH_LEN},
	};
	COF_AUTO(signed_block) s = make_signed(true);
	for (size_t i = 0; i < COF_COUNT(ranges); i++) {
		const size_t ends[] = {ranges[i][0], ranges[i][1] - 1};
		for (size_t k = 0; k < COF_COUNT(ends); k++) {
			s.auth[ends[k]] = 0x80;
			assert_refused(&s, "idauth-malformed");
			s.auth[ends[k]] = 0;
		}
	}
	assert_verified(&s);
}

static void other_algorithms(void **state)
{
	(void)state;
	static const uint8_t words[][4] = {{0}, {2}, {1, 1}, {1, 0, 0, 1}, {0xff, 0xff, 0xff, 0xff}};
	COF_AUTO(signed_block) s = make_signed(true);
	for (size_t i = 0; i < COF_COUNT(words); i++) {
		memcpy(s.auth + AUTH_ID_ALG, words[i], 4);
		assert_refused(&s, "idauth-malformed");
	}
	memcpy(s.auth + AUTH_ID_ALG, "\1\0\0\0", 4);
	for (size_t i = 0; i < COF_COUNT(words); i++) {
		memcpy(s.auth + AUTH_AUTHOR_ALG, words[i], 4);
		assert_refused(&s, "idauth-malformed"); /* 0 too: the author's bytes are there */
	}
}

/* Taking the author away, as a whole, leaves a good block: has_author and its digest are what a caller must look at. */
static void an_author_can_be_taken_away_but_not_hidden(void **state)
{
	(void)state;
	COF_AUTO(signed_block) s = make_signed(true);
	cof_idauth a;
	memset(s.auth + AUTH_AUTHOR_ALG, 0, 4);
	memset(s.auth + AUTH_KEY_SIG, 0, AUTH_TAIL - AUTH_KEY_SIG);
	assert_ok(cof_idauth_verify(s.block, auth_of(&s), &a, &err));
	assert_false(a.has_author);
	s.auth[AUTH_AUTHOR_ALG] = 1; /* an algorithm, and zeros for a key */
	assert_refused(&s, "idauth-malformed");
}

static void parts_of_other_blocks(void **state)
{
	(void)state;
	static const size_t parts[][2] = {{AUTH_BLOCK_SIG, COF_IDSIG_LEN},
					  {AUTH_ID_KEY, COF_IDKEY_LEN},
					  {AUTH_KEY_SIG, COF_IDSIG_LEN},
					  {AUTH_AUTHOR_KEY, COF_IDKEY_LEN}};
	COF_AUTO(signed_block) other = make_signed(true);
	for (size_t i = 0; i < COF_COUNT(parts); i++) {
		COF_AUTO(signed_block) s = make_signed(true);
		memcpy(s.auth + parts[i][0], other.auth + parts[i][0], parts[i][1]);
		assert_refused(&s, "idauth-signature");
	}
}

static void signing_refuses(void **state)
{
	(void)state;
	COF_AUTO(signed_block) s = make_signed(false);
	COF_AUTO_PTR(cof_ossl_key) p256 = EVP_EC_gen("P-256");
	COF_AUTO_PTR(cof_ossl_key) public = NULL;
	uint8_t auth[COF_IDAUTH_LEN] = {0x55};
	assert_ok(cof_idkey_parse(cof_span_of(s.auth + AUTH_ID_KEY, COF_IDKEY_LEN), &public, &err));
	assert_fails(cof_idauth_sign(s.block, p256, NULL, auth, &err), "idkey-unsupported");
	assert_fails(cof_idauth_sign(s.block, s.id_key, p256, auth, &err), "idkey-unsupported");
	assert_fails(cof_idauth_sign(s.block, public, NULL, auth, &err), "sign-failed");
	assert_fails(cof_idauth_sign(s.block, s.id_key, public, auth, &err), "sign-failed");
	s.block[0x50] = 2;
	assert_fails(cof_idauth_sign(s.block, s.id_key, NULL, auth, &err), "idblock-malformed");
	assert_int_equal(auth[0], 0x55);
}

static void check_published(const json_t *v)
{
	COF_AUTO(cof_buf) auth = {0};
	uint8_t block[COF_IDBLOCK_LEN];
	bool author = json_integer_value(json_object_get(v, "author_key_algo")) != 0;
	cof_idauth a;
	assert_ok(cof_unhex(jstr(v, "id_block"), block, sizeof block, &err));
	vector_read(jstr(v, "file"), &auth);
	if (!json_is_true(json_object_get(v, "block_signature_valid"))) {
		assert_fails(cof_idauth_verify(block, cof_buf_span(&auth), &a, &err), "idauth-signature");
		return;
	}
	assert_ok(cof_idauth_verify(block, cof_buf_span(&auth), &a, &err));
	assert_int_equal(a.has_author, author);
	assert_int_equal(a.has_author, json_is_true(json_object_get(v, "id_key_signature_valid")));
	if (jstr(v, "id_key_digest") != NULL)
		assert_hex(a.id_key_digest, sizeof a.id_key_digest, jstr(v, "id_key_digest"));
	if (jstr(v, "author_key_digest") != NULL)
		assert_hex(a.author_key_digest, sizeof a.author_key_digest, jstr(v, "author_key_digest"));
}

static void published_blocks(void **state)
{
	(void)state;
	COF_AUTO_PTR(json_t) j = vector_json("idblock.json");
	json_t *v;
	size_t i, done = 0;
	json_array_foreach (json_object_get(j, "auth"), i, v) {
		check_published(v);
		done++;
	}
	assert_true(done >= 4);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_was_signed_is_verified),
		cmocka_unit_test(one_key_may_be_both),
		cmocka_unit_test(every_byte_counts_with_an_author),
		cmocka_unit_test(every_byte_counts_without_an_author),
		cmocka_unit_test(every_truncation_and_an_addition),
		cmocka_unit_test(every_reserved_byte_is_zero),
		cmocka_unit_test(other_algorithms),
		cmocka_unit_test(an_author_can_be_taken_away_but_not_hidden),
		cmocka_unit_test(parts_of_other_blocks),
		cmocka_unit_test(signing_refuses),
		cmocka_unit_test(published_blocks),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
