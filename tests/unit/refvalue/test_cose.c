/* SPDX-License-Identifier: Apache-2.0 */
/* COSE_Sign1: messages in which one thing is wrong, signed well all the same. */
#include "tests/unit/refvalue/cbor_hex.h"

#include <openssl/ec.h>
#include <openssl/evp.h>

#include "attestation/refvalue/cborwr.h"
#include "attestation/refvalue/cose.h"
#include "attestation/token/jws.h"
#include "tests/unit/verify/vectors.h"

#define PROTECTED "a20126036178" /* {1: -7, 3: "x"} */

typedef struct parts {
	const char *tags;	 /* NULL: d2 */
	const char *protected_h; /* NULL: PROTECTED */
	const char *unprotected; /* NULL: a0 */
	const char *payload;	 /* NULL: the item for h'01'; otherwise an encoded item */
	const char *signed_payload;
	const char *tail; /* behind the message */
	const char *aad;
} parts;

static EVP_PKEY *key, *other, *key384;

static int make_keys(void **state)
{
	(void)state;
	key = EVP_EC_gen("P-256");
	other = EVP_EC_gen("P-256");
	key384 = EVP_EC_gen("P-384");
	return key == NULL || other == NULL || key384 == NULL;
}

static int drop_keys(void **state)
{
	(void)state;
	EVP_PKEY_free(key);
	EVP_PKEY_free(other);
	EVP_PKEY_free(key384);
	return 0;
}

static const char *given(const char *a, const char *b)
{
	return a != NULL ? a : b;
}

static void sign_structure(const parts *p, EVP_PKEY *by, cof_buf *ret)
{
	COF_AUTO(cof_buf) header = {0};
	COF_AUTO(cof_buf) payload = {0};
	COF_AUTO(cof_buf) aad = {0};
	COF_AUTO(cof_buf) tbs = {0};
	hex_bytes(given(p->protected_h, PROTECTED), &header);
	hex_bytes(given(p->signed_payload, "01"), &payload);
	hex_bytes(given(p->aad, ""), &aad);
	cof_wr w = cof_wr_to(&tbs);
	cof_cbor_put_array(&w, 4);
	cof_cbor_put_text(&w, "Signature1");
	cof_cbor_put_bytes(&w, cof_buf_span(&header));
	cof_cbor_put_bytes(&w, cof_buf_span(&aad));
	cof_cbor_put_bytes(&w, cof_buf_span(&payload));
	assert_ok(cof_wr_done(&w, &err));
	assert_ok(cof_cose_key_sign(by, cof_buf_span(&tbs), ret, &err));
}

static void message(const parts *p, EVP_PKEY *by, cof_buf *ret)
{
	COF_AUTO(cof_buf) header = {0};
	COF_AUTO(cof_buf) sig = {0};
	hex_bytes(given(p->protected_h, PROTECTED), &header);
	sign_structure(p, by, &sig);
	hex_bytes(given(p->tags, "d2"), ret);
	cof_wr w = cof_wr_to(ret);
	cof_cbor_put_array(&w, 4);
	cof_cbor_put_bytes(&w, cof_buf_span(&header));
	assert_ok(cof_wr_done(&w, &err));
	hex_bytes(given(p->unprotected, "a0"), ret);
	hex_bytes(given(p->payload, "4101"), ret);
	cof_cbor_put_bytes(&w, cof_buf_span(&sig));
	assert_ok(cof_wr_done(&w, &err));
	hex_bytes(given(p->tail, ""), ret);
}

static int verify(const parts *p, const cof_cose_in *with, cof_err *err)
{
	COF_AUTO(cof_buf) m = {0};
	COF_AUTO(cof_cose) c = {0};
	EVP_PKEY *const keys[] = {key};
	message(p, key, &m);
	cof_cose_in in = with != NULL ? *with : (cof_cose_in){0};
	in.message = cof_buf_span(&m);
	in.keys = keys;
	in.n_keys = 1;
	int rc = cof_cose_verify(&in, &c, err);
	if (rc == 0) {
		assert_int_equal(c.payload.len, 1);
		assert_int_equal(c.alg, -7);
		assert_non_null(c.protected_header);
	} else {
		assert_null(c.message); /* nothing unverified comes out */
	}
	return rc;
}

#define V(...) verify(&(parts){__VA_ARGS__}, NULL, &err)
#define VW(with, ...) verify(&(parts){__VA_ARGS__}, &(cof_cose_in)with, &err)
#define W(...)                                                                                                         \
	{                                                                                                              \
		__VA_ARGS__                                                                                            \
	}

static void a_good_message(void **state)
{
	(void)state;
	assert_ok(V(.aad = NULL));
	assert_ok(V(.unprotected = "a1044131"));	     /* a key id is a hint */
	assert_ok(V(.unprotected = "a21821413061304131"));   /* so is a certificate; text labels exist */
	assert_ok(V(.protected_h = "a3012603617820f5"));     /* an unknown label that is not critical */
	assert_ok(V(.protected_h = "a30126028101036178"));   /* critical, and understood */
	assert_ok(V(.protected_h = "a3012602820103036178")); /* likewise */
	assert_ok(VW(W(.crit = (const int64_t[]){8}, .n_crit = 1), .protected_h = "a4012602810803617808f5"));
}

static void t079_the_algorithm_is_protected(void **state)
{
	(void)state;
	assert_fails(V(.protected_h = "", .unprotected = "a10126"), "cose-malformed");
	assert_fails(V(.protected_h = ""), "cose-malformed");
	assert_fails(V(.protected_h = "a0"), "cose-malformed");
	assert_fails(V(.protected_h = "a0", .unprotected = "a10126"), "cose-malformed");
	assert_fails(V(.protected_h = "a1036178", .unprotected = "a10126"), "cose-malformed");
	assert_fails(V(.protected_h = "a201654553323536036178"), "cose-malformed"); /* its name instead of its number */
	assert_fails(V(.protected_h = "a201f6036178"), "cose-malformed");
	assert_fails(V(.protected_h = "a201f5036178"), "cose-malformed");
}

static void t079_a_label_stands_in_one_header(void **state)
{
	(void)state;
	assert_fails(V(.unprotected = "a10126"), "cose-malformed");
	assert_fails(V(.unprotected = "a1013822"), "cose-malformed");
	assert_fails(V(.unprotected = "a1036178"), "cose-malformed");
	assert_fails(V(.protected_h = "a30126036178613000", .unprotected = "a1613001"), "cose-malformed");
	assert_ok(V(.protected_h = "a30126036178613000", .unprotected = "a1613101"));
	assert_fails(V(.unprotected = "a1028101"), "cose-malformed");
	assert_fails(V(.unprotected = "a1414100"), "cose-malformed"); /* a label of another type */
	assert_fails(V(.protected_h = "a30126036178414100"), "cose-malformed");
	assert_fails(V(.unprotected = "a204000401"), "cbor-malformed");
	assert_fails(V(.protected_h = "a301260126036178"), "cbor-malformed");
}

static void t079_critical_labels(void **state)
{
	(void)state;
	static const char *const bad[] = {
		"a301260280036178",					  /* none */
		"a30126028108036178",					  /* not in the header */
		"a4012602810803617808f5",				  /* in it, not understood */
		"a401260282010803617808f5", "a301260201036178",		  /* no list */
		"a301260281f5036178",	    "a4012602816130036178613000", /* a text */
	};
	for (size_t i = 0; i < COF_COUNT(bad); i++)
		assert_fails(V(.protected_h = bad[i]), "cose-malformed");
	assert_fails(VW(W(.crit = (const int64_t[]){8}, .n_crit = 1), .protected_h = "a30126028108036178"),
		     "cose-malformed");
	assert_fails(VW(W(.crit = (const int64_t[]){9}, .n_crit = 1), .protected_h = "a4012602810803617808f5"),
		     "cose-malformed");
}

static void t079_tags(void **state)
{
	(void)state;
	assert_fails(V(.tags = ""), "cose-malformed");
	assert_ok(VW(W(.allow_untagged = true), .tags = ""));
	assert_ok(VW(W(.allow_untagged = true), .aad = NULL));
	assert_fails(V(.tags = "d83dd2"), "cose-malformed");
	assert_ok(VW(W(.allow_cwt_tag = true), .tags = "d83dd2"));
	assert_ok(VW(W(.allow_cwt_tag = true), .aad = NULL));
	assert_fails(VW(W(.allow_cwt_tag = true, .allow_untagged = true), .tags = "d83d"), "cose-malformed");
	assert_fails(VW(W(.allow_cwt_tag = true, .allow_untagged = true), .tags = "d83dd83dd2"), "cose-malformed");
	static const char *const others[] = {"d1", "d0", "d862", "d861", "d901f5", "d2d2", "d812", "d90012", "c0"};
	for (size_t i = 0; i < COF_COUNT(others); i++) {
		cof_err err = {0};
		assert_true(verify(&(parts){.tags = others[i]}, NULL, &err) < 0);
		assert_int_equal(err.cls, COF_E_MALFORMED);
		assert_true(verify(&(parts){.tags = others[i]}, &(cof_cose_in){.allow_untagged = true}, &err) < 0);
		assert_int_equal(err.cls, COF_E_MALFORMED);
	}
}

static void t079_payloads(void **state)
{
	(void)state;
	static const uint8_t one[] = {1}, two[] = {2};
	assert_fails(V(.payload = "f6"), "cose-malformed");
	assert_ok(VW(W(.has_detached = true, .detached = cof_span_of(one, 1)), .payload = "f6"));
	assert_fails(VW(W(.has_detached = true, .detached = cof_span_of(two, 1)), .payload = "f6"), "cose-signature");
	assert_fails(VW(W(.has_detached = true, .detached = cof_span_of(one, 1)), .aad = NULL), "cose-malformed");
	assert_fails(V(.payload = "6101"), "cose-malformed");
	assert_fails(V(.payload = "01"), "cose-malformed");
	assert_fails(V(.payload = "f4"), "cose-malformed");
	assert_fails(V(.payload = "40"), "cose-signature");
	assert_fails(V(.payload = "4102"), "cose-signature");
}

static void t079_aad(void **state)
{
	(void)state;
	static const uint8_t aad[] = {0xaa};
	assert_ok(VW(W(.aad = cof_span_of(aad, 1)), .aad = "aa"));
	assert_fails(VW(W(.aad = cof_span_of(aad, 1)), .aad = "ab"), "cose-signature");
	assert_fails(V(.aad = "aa"), "cose-signature");
	assert_fails(VW(W(.aad = cof_span_of(aad, 1)), .aad = ""), "cose-signature");
}

static void t079_shapes(void **state)
{
	(void)state;
	assert_fails(V(.tail = "00"), "cbor-malformed");
	assert_fails(V(.unprotected = "80"), "cose-malformed");
	assert_fails(V(.unprotected = "40"), "cose-malformed");
	assert_fails(V(.unprotected = "f6"), "cose-malformed");
	assert_fails(V(.protected_h = "80"), "cose-malformed");
	assert_fails(V(.protected_h = "26"), "cose-malformed");
	assert_fails(V(.protected_h = PROTECTED "00"), "cbor-malformed");
	assert_fails(V(.protected_h = "bf0126036178ff"), "cbor-malformed");
	assert_fails(V(.protected_h = "a2180126036178"), "cbor-malformed");
	assert_fails(V(.unprotected = "bfff"), "cbor-malformed");
	static const char *const whole[] = {"",
					    "d2",
					    "d280",
					    "d2a0",
					    "d284",
					    "d28440a04100",
					    "d28340a04100",
					    "d284a0a041004100",
					    "d28540a041004100f6",
					    "d240",
					    "00"};
	for (size_t i = 0; i < COF_COUNT(whole); i++) {
		COF_AUTO(cof_buf) b = {0};
		COF_AUTO(cof_cose) c = {0};
		EVP_PKEY *const keys[] = {key};
		cof_err err = {0};
		hex_bytes(whole[i], &b);
		const cof_cose_in in = {.message = cof_buf_span(&b), .keys = keys, .n_keys = 1};
		assert_true(cof_cose_verify(&in, &c, &err) < 0);
		assert_int_equal(err.cls, COF_E_MALFORMED);
	}
}

static int verify_with(cof_span m, EVP_PKEY *const *keys, size_t n, size_t *ret_key, cof_err *err)
{
	COF_AUTO(cof_cose) c = {0};
	int rc = cof_cose_verify(&(cof_cose_in){.message = m, .keys = keys, .n_keys = n}, &c, err);
	if (rc == 0)
		*ret_key = c.key;
	return rc;
}

static void t077_only_the_callers_keys_count(void **state)
{
	(void)state;
	COF_AUTO(cof_buf) m = {0};
	size_t used = 9;
	message(&(parts){0}, key, &m);
	EVP_PKEY *const wrong[] = {other}, *const kind[] = {key384}, *const third[] = {key384, other, key};
	assert_fails(verify_with(cof_buf_span(&m), wrong, 1, &used, &err), "cose-signature");
	assert_fails(verify_with(cof_buf_span(&m), kind, 1, &used, &err), "cose-algorithm");
	assert_fails(verify_with(cof_buf_span(&m), NULL, 0, &used, &err), "cose-algorithm");
	assert_ok(verify_with(cof_buf_span(&m), third, 3, &used, &err));
	assert_int_equal(used, 2);
	/* the header names an algorithm of another curve, or one that is not known */
	static const char *const algs[] = {"a2013822036178", "a2013823036178", "a201390100036178", "a20105036178",
					   "a20127036178"};
	for (size_t i = 0; i < COF_COUNT(algs); i++)
		assert_fails(V(.protected_h = algs[i]), "cose-algorithm");
	/* ESP256 is the same signature by its newer number: but the header is signed */
	m.len = 0;
	message(&(parts){.protected_h = "a20128036178"}, key, &m);
	assert_ok(verify_with(cof_buf_span(&m), third, 3, &used, &err));
}

static void t079_every_bit_counts(void **state)
{
	(void)state;
	COF_AUTO(cof_buf) m = {0};
	EVP_PKEY *const keys[] = {key};
	size_t used = 0;
	message(&(parts){0}, key, &m);
	assert_ok(verify_with(cof_buf_span(&m), keys, 1, &used, &err));
	for (size_t i = 0; i < m.len * 8; i++) {
		cof_err err = {0};
		m.data[i / 8] ^= (uint8_t)(1u << i % 8);
		if (verify_with(cof_buf_span(&m), keys, 1, &used, &err) == 0)
			fail_msg("bit %zu is not looked at", i);
		m.data[i / 8] ^= (uint8_t)(1u << i % 8);
	}
	for (size_t n = 0; n < m.len; n++) {
		cof_err err = {0};
		assert_true(verify_with(cof_span_of(m.data, n), keys, 1, &used, &err) < 0);
		assert_int_equal(err.cls, COF_E_MALFORMED);
	}
}

static void there_and_back(void **state)
{
	(void)state;
	EVP_PKEY *ed = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
	EVP_PKEY *const keys[] = {key, key384, ed};
	static const uint8_t more[] = {8, 0x41, 0xa0};
	for (size_t i = 0; i < COF_COUNT(keys); i++) {
		for (int detached = 0; detached < 2; detached++) {
			COF_AUTO(cof_buf) m = {0};
			COF_AUTO(cof_cose) c = {0};
			cof_span text, payload = cof_span_str("payload");
			const cof_cose_out out = {.content_type = "application/x",
						  .more = cof_span_of(more, sizeof more),
						  .n_more = 1,
						  .aad = cof_span_str("aad"),
						  .payload = payload,
						  .detached = detached == 1};
			assert_ok(cof_cose_sign(&out, keys[i], &m, &err));
			const cof_cose_in in = {.message = cof_buf_span(&m),
						.keys = keys,
						.n_keys = 3,
						.aad = cof_span_str("aad"),
						.has_detached = detached == 1,
						.detached = payload};
			assert_ok(cof_cose_verify(&in, &c, &err));
			assert_int_equal(c.key, i);
			assert_span_equal(c.payload, "payload", 7);
			assert_true(cof_cbor_text(cof_cbor_get(c.protected_header, 3), &text));
			assert_span_equal(text, "application/x", 13);
			assert_true(cof_cbor_bytes(cof_cbor_get(c.protected_header, 8), &text));
		}
	}
	/* pairs that are out of order are a caller's mistake, and seen */
	COF_AUTO(cof_buf) m = {0};
	static const uint8_t low[] = {2, 0};
	const cof_cose_out out = {.content_type = "x", .more = cof_span_of(low, 2), .n_more = 1};
	assert_fails(cof_cose_sign(&out, key, &m, &err), "cbor-malformed");
	EVP_PKEY_free(ed);
}

/* The bytes of a message, less its signature. */
static void golden(void **state)
{
	(void)state;
	COF_AUTO(cof_buf) m = {0};
	const cof_cose_out out = {.content_type = "x", .payload = cof_span_str("\x01")};
	assert_ok(cof_cose_sign(&out, key, &m, &err));
	assert_int_equal(m.len, 14 + 64);
	assert_hex_equal(cof_span_of(m.data, 14), "d28446a20126036178a041015840");
}

/* ---- vectors ---- */

static EVP_PKEY *vector_key(const json_t *v)
{
	COF_AUTO(cof_buf) text = {0};
	COF_AUTO_PTR(json_t) jwk = NULL;
	EVP_PKEY *k = NULL;
	vector_file(v, "key", &text);
	assert_ok(cof_json_parse(cof_buf_span(&text), &jwk, &err));
	assert_ok(cof_jwk_read(jwk, &k, &err));
	return k;
}

static int vector_verify(const json_t *v, cof_err *err)
{
	const json_t *policy = json_object_get(v, "policy");
	const char *aad_hex = jstr(policy, "external_aad");
	COF_AUTO(cof_buf) m = {0};
	COF_AUTO(cof_buf) aad = {0};
	COF_AUTO(cof_buf) detached = {0};
	COF_AUTO(cof_cose) c = {0};
	EVP_PKEY *k = vector_key(v);
	EVP_PKEY *const keys[] = {k};
	vector_file(v, vector_has(v, "cose") ? "cose" : "token", &m);
	hex_bytes(given(aad_hex, ""), &aad);
	bool has_detached = vector_has(v, "detached_payload");
	if (has_detached)
		vector_file(v, "detached_payload", &detached);
	const cof_cose_in in = {.message = cof_buf_span(&m),
				.keys = keys,
				.n_keys = 1,
				.aad = cof_buf_span(&aad),
				.has_detached = has_detached,
				.detached = cof_buf_span(&detached),
				.allow_untagged = json_is_true(json_object_get(policy, "allow_untagged")),
				.allow_cwt_tag = !vector_has(v, "cose")};
	int rc = cof_cose_verify(&in, &c, err);
	EVP_PKEY_free(k);
	return rc;
}

/* What a token's payload says is another reader's matter: those cases only must not break this one. */
static bool is_ours(const json_t *v)
{
	const char *stage = jstr(json_object_get(v, "expect"), "stage"),
		   *failure = jstr(json_object_get(v, "expect"), "failure");
	static const char *const inside[] = {"claims-set", "duplicate-key", "nesting"};
	for (size_t i = 0; i < COF_COUNT(inside); i++) {
		if (failure != NULL && strcmp(failure, inside[i]) == 0)
			return false;
	}
	return stage == NULL || strcmp(stage, "signature") == 0 || strcmp(stage, "parse") == 0;
}

static void vectors(void **state)
{
	(void)state;
	COF_AUTO_PTR(json_t) index = vector_index();
	size_t i, checked = 0;
	json_t *v;
	json_array_foreach (json_object_get(index, "vectors"), i, v) {
		const char *kind = jstr(v, "kind"), *verdict = jstr(json_object_get(v, "expect"), "verdict");
		if (strcmp(kind, "cose-sign1") != 0 && strcmp(kind, "ear-cwt") != 0 && strcmp(kind, "eat-cwt") != 0)
			continue;
		cof_err err = {0};
		int rc = vector_verify(v, &err);
		if (rc < 0 && strcmp(verdict, "valid") == 0)
			fail_msg("%s: %s", jstr(v, "id"), err.text);
		if (rc == 0 && strcmp(verdict, "invalid") == 0 && is_ours(v))
			fail_msg("%s was accepted", jstr(v, "id"));
		checked++;
	}
	assert_true(checked >= 40);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(t079_the_algorithm_is_protected),
		cmocka_unit_test(t079_a_label_stands_in_one_header),
		cmocka_unit_test(t079_critical_labels),
		cmocka_unit_test(t079_tags),
		cmocka_unit_test(t079_payloads),
		cmocka_unit_test(t079_aad),
		cmocka_unit_test(t079_shapes),
		cmocka_unit_test(t077_only_the_callers_keys_count),
		cmocka_unit_test(t079_every_bit_counts),
		cmocka_unit_test(a_good_message),
		cmocka_unit_test(there_and_back),
		cmocka_unit_test(golden),
		cmocka_unit_test(vectors),
	};
	return cmocka_run_group_tests(tests, make_keys, drop_keys);
}
