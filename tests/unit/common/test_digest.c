/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/test.h"

#include "common/digest.h"
#include "common/hex.h"

#define ABC256 "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"

static void known_answers(void **state)
{
	(void)state;
	cof_digest d = {0};
	char text[COF_DIGEST_STR_MAX];
	assert_ok(cof_digest_of(COF_SHA256, cof_span_str("abc"), &d, &err));
	cof_digest_str(&d, text);
	assert_string_equal(text, "sha256:" ABC256); /* FIPS 180-2 B.1 */
	assert_ok(cof_digest_of(COF_SHA384, cof_span_str(""), &d, &err));
	cof_digest_str(&d, text);
	assert_string_equal(text, "sha384:38b060a751ac96384cd9327eb1b1e36a21fdb71114be07434c0cc7bf63f6e1da"
				  "274edebfe76f65fbd51ad2f14898b95b");
}

static void streams_like_one_shot(void **state)
{
	(void)state;
	COF_AUTO_PTR(cof_hasher) h = NULL;
	cof_digest d = {0}, whole = {0};
	assert_ok(cof_hasher_new(&h, COF_SHA512, &err));
	for (int i = 0; i < 3; i++)
		assert_ok(cof_hasher_add(h, cof_span_str("part"), &err));
	assert_ok(cof_hasher_end(h, &d, &err));
	assert_ok(cof_digest_of(COF_SHA512, cof_span_str("partpartpart"), &whole, &err));
	assert_true(cof_digest_equal(&d, &whole));
	whole.bytes[63] ^= 1;
	assert_false(cof_digest_equal(&d, &whole));
}

static void peeking_changes_nothing(void **state)
{
	(void)state;
	COF_AUTO_PTR(cof_hasher) h = NULL;
	cof_digest d = {0}, want = {0};
	assert_ok(cof_hasher_new(&h, COF_SHA256, &err));
	assert_ok(cof_hasher_peek(h, &d, &err));
	assert_ok(cof_digest_of(COF_SHA256, cof_span_str(""), &want, &err));
	assert_true(cof_digest_equal(&d, &want));
	assert_ok(cof_hasher_add(h, cof_span_str("a"), &err));
	assert_ok(cof_hasher_peek(h, &d, &err));
	assert_ok(cof_digest_of(COF_SHA256, cof_span_str("a"), &want, &err));
	assert_true(cof_digest_equal(&d, &want));
	assert_ok(cof_hasher_add(h, cof_span_str("bc"), &err));
	assert_ok(cof_hasher_end(h, &d, &err));
	assert_ok(cof_digest_of(COF_SHA256, cof_span_str("abc"), &want, &err));
	assert_true(cof_digest_equal(&d, &want));
}

static void one_hasher_for_many_messages(void **state)
{
	(void)state;
	static const cof_hash algs[] = {COF_SHA256, COF_SHA384, COF_SHA512};
	for (size_t i = 0; i < COF_COUNT(algs); i++) {
		COF_AUTO_PTR(cof_hasher) h = NULL;
		assert_ok(cof_hasher_new(&h, algs[i], &err));
		for (size_t n = 0; n < 300; n++) {
			uint8_t message[300], out[COF_DIGEST_MAX + 1];
			cof_digest want = {0};
			memset(message, (int)n, sizeof message);
			memset(out, 0xee, sizeof out);
			assert_ok(cof_digest_of(algs[i], cof_span_of(message, n), &want, &err));
			assert_ok(cof_hasher_once(h, cof_span_of(message, n), out, &err));
			assert_memory_equal(out, want.bytes, cof_hash_len(algs[i]));
			assert_int_equal(out[cof_hash_len(algs[i])], 0xee);
		}
	}
}

/* A chain writes its digest over the start of the next message. */
static void a_message_may_take_its_own_digest(void **state)
{
	(void)state;
	COF_AUTO_PTR(cof_hasher) h = NULL;
	uint8_t message[112] = {1, 2, 3};
	cof_digest want = {0};
	assert_ok(cof_hasher_new(&h, COF_SHA384, &err));
	for (int i = 0; i < 3; i++) {
		assert_ok(cof_digest_of(COF_SHA384, cof_span_of(message, sizeof message), &want, &err));
		assert_ok(cof_hasher_once(h, cof_span_of(message, sizeof message), message, &err));
		assert_memory_equal(message, want.bytes, COF_SHA384_LEN);
	}
}

/* Neither what was added nor an end stays behind. */
static void a_message_of_its_own_forgets_what_was_added(void **state)
{
	(void)state;
	COF_AUTO_PTR(cof_hasher) h = NULL;
	cof_digest d = {0}, want = {0};
	uint8_t out[COF_SHA256_LEN];
	assert_ok(cof_digest_of(COF_SHA256, cof_span_str("abc"), &want, &err));
	assert_ok(cof_hasher_new(&h, COF_SHA256, &err));
	assert_ok(cof_hasher_add(h, cof_span_str("before"), &err));
	assert_ok(cof_hasher_once(h, cof_span_str("abc"), out, &err));
	assert_memory_equal(out, want.bytes, sizeof out);
	COF_AUTO_PTR(cof_hasher) ended = NULL;
	assert_ok(cof_hasher_new(&ended, COF_SHA256, &err));
	assert_ok(cof_hasher_end(ended, &d, &err));
	assert_ok(cof_hasher_once(ended, cof_span_str("abc"), out, &err));
	assert_memory_equal(out, want.bytes, sizeof out);
}

static void hmac_known_answer(void **state)
{
	(void)state;
	uint8_t out[COF_SHA256_LEN];
	char hex[2 * COF_SHA256_LEN + 1];
	assert_ok(cof_hmac_sha256(cof_span_str("Jefe"), cof_span_str("what do ya want for nothing?"), out, &err));
	cof_hex(cof_span_of(out, sizeof out), hex);
	/* RFC 4231 test case 2 */
	assert_string_equal(hex, "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
}

static void parses_strictly(void **state)
{
	(void)state;
	cof_digest d = {0};
	assert_ok(cof_digest_parse("sha256:" ABC256, &d, &err));
	assert_int_equal(d.bytes[0], 0xba);
	const char *const malformed[] = {
		"",
		":",
		"sha256",
		"sha256:",
		":" ABC256,
		"sha256:" ABC256 "0",
		"sha256:BA7816bf",
		"sha256:Ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
		"sha256:" ABC256 " ",
		"sha512:" ABC256,
		"verylongalgorithm:" ABC256,
	};
	for (size_t i = 0; i < COF_COUNT(malformed); i++)
		assert_fails(cof_digest_parse(malformed[i], &d, &err), "digest-malformed");
	assert_fails(cof_digest_parse("md5:00", &d, &err), "digest-algorithm");
}

static void other_algorithms_never_equal(void **state)
{
	(void)state;
	cof_digest a = {.alg = COF_SHA256}, b = {.alg = COF_SHA384};
	assert_false(cof_digest_equal(&a, &b));
}

/* What only event logs use must not become a digest that an image or an owner may rest on. */
static void weak_digests_are_for_logs_alone(void **state)
{
	(void)state;
	cof_digest d = {0};
	cof_hash alg = COF_SHA256;
	char text[COF_DIGEST_STR_MAX];
	assert_fails(cof_digest_parse("sha1:a9993e364706816aba3e25717850c26c9cd0d89d", &d, &err), "digest-algorithm");
	assert_fails(cof_digest_parse("sm3_256:" ABC256, &d, &err), "digest-algorithm");
	assert_fails(cof_hash_by_name("sha1", &alg, &err), "digest-algorithm");
	assert_fails(cof_hash_by_name("sm3_256", &alg, &err), "digest-algorithm");
	assert_ok(cof_hash_by_bank("sha1", &alg, &err));
	assert_int_equal(alg, COF_SHA1);
	assert_ok(cof_digest_of(alg, cof_span_str("abc"), &d, &err));
	cof_digest_str(&d, text);
	assert_string_equal(text, "sha1:a9993e364706816aba3e25717850c26c9cd0d89d"); /* FIPS 180-2 A.1 */
	assert_fails(cof_hash_by_bank("md5", &alg, &err), "digest-algorithm");
}

static void sm3_where_openssl_has_it(void **state)
{
	(void)state;
	COF_AUTO_PTR(cof_hasher) h = NULL;
	cof_digest d = {0};
	cof_hash alg = COF_SHA256;
	cof_err why = {0};
	char text[COF_DIGEST_STR_MAX];
	assert_ok(cof_hash_by_bank("sm3_256", &alg, &err));
	assert_int_equal(cof_hash_len(alg), COF_SM3_LEN);
	if (cof_digest_of(alg, cof_span_str("abc"), &d, &why) < 0) {
		assert_string_equal(why.reason, "digest-unavailable");
		assert_fails(cof_hasher_new(&h, alg, &err), "digest-unavailable");
		return;
	}
	cof_digest_str(&d, text);
	/* GB/T 32905-2016 A.1 */
	assert_string_equal(text, "sm3_256:66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(known_answers),
		cmocka_unit_test(streams_like_one_shot),
		cmocka_unit_test(peeking_changes_nothing),
		cmocka_unit_test(one_hasher_for_many_messages),
		cmocka_unit_test(a_message_may_take_its_own_digest),
		cmocka_unit_test(a_message_of_its_own_forgets_what_was_added),
		cmocka_unit_test(hmac_known_answer),
		cmocka_unit_test(parses_strictly),
		cmocka_unit_test(other_algorithms_never_equal),
		cmocka_unit_test(weak_digests_are_for_logs_alone),
		cmocka_unit_test(sm3_where_openssl_has_it),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
