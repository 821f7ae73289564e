/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Project Wycheproof's edge cases through the functions that judge evidence: P-256 for TDX quotes, P-384 for SNP
 * reports and SEV's certificates, both for COSE, PSS for AMD's certificates of either format. The files carry their own
 * answers.
 */
#include "tests/unit/verify/vectors.h"

#include "attestation/refvalue/cosekey.h"
#include "attestation/verify/p256.h"
#include "attestation/verify/p384.h"
#include "attestation/verify/pss.h"
#include "attestation/verify/sev_cert.h"
#include "common/ossl.h"
#include "firmware/sev/idkey.h"

typedef struct one {
	cof_buf message, signature;
	bool valid;
} one;

/* Judges one test under the key of its group. */
typedef bool judge_fn(EVP_PKEY *key, const json_t *group, const one *t);

static void bytes_of(const json_t *o, const char *key, cof_buf *ret)
{
	const char *hex = jstr(o, key);
	assert_non_null(hex);
	size_t n = strlen(hex) / 2;
	assert_ok(cof_buf_reserve(ret, n + 1, &err));
	assert_ok(cof_unhex(hex, ret->data, n, &err));
	ret->len = n;
}

static EVP_PKEY *key_of(const json_t *group)
{
	COF_AUTO(cof_buf) der = {0};
	bytes_of(group, "publicKeyDer", &der);
	const uint8_t *at = der.data;
	EVP_PKEY *key = d2i_PUBKEY(NULL, &at, (long)der.len);
	assert_non_null(key);
	return key;
}

static int walk_group(const char *name, const json_t *group, judge_fn *judge, size_t *n)
{
	COF_AUTO_PTR(cof_ossl_key) key = key_of(group);
	int bad = 0;
	size_t i;
	json_t *test;
	json_array_foreach (json_object_get(group, "tests"), i, test) {
		COF_AUTO(cof_buf) message = {0};
		COF_AUTO(cof_buf) signature = {0};
		bytes_of(test, "msg", &message);
		bytes_of(test, "sig", &signature);
		const one t = {message, signature, strcmp(jstr(test, "result"), "valid") == 0};
		bool got = judge(key, group, &t);
		(*n)++;
		if (got == t.valid)
			continue;
		print_error("%s: test %lld (%s): %s\n", name, json_integer_value(json_object_get(test, "tcId")),
			    jstr(test, "comment"), got ? "accepted" : "refused");
		bad++;
	}
	return bad;
}

static void walk_file(const char *id, judge_fn *judge)
{
	COF_AUTO_PTR(json_t) index = vector_index();
	COF_AUTO_PTR(json_t) file = NULL;
	COF_AUTO(cof_buf) text = {0};
	const json_t *v = vector_by_id(index, id);
	size_t i, n = 0;
	int bad = 0;
	json_t *group;
	vector_file(v, "tests", &text);
	assert_ok(cof_json_parse(cof_buf_span(&text), &file, &err));
	json_array_foreach (json_object_get(file, "testGroups"), i, group)
		bad += walk_group(id, group, judge, &n);
	assert_int_equal(bad, 0);
	assert_int_equal(n, json_integer_value(json_object_get(json_object_get(v, "fields"), "tests")));
}

/* The key comes the quote's way, as two numbers. */
static bool by_p256(EVP_PKEY *key, const json_t *group, const one *t)
{
	COF_AUTO(cof_buf) point = {0};
	(void)key;
	bytes_of(json_object_get(group, "publicKey"), "uncompressed", &point);
	COF_AUTO_PTR(cof_ossl_key) raw = cof_p256_key(cof_span_of(point.data + 1, point.len - 1), NULL);
	bool holds = cof_p256_verify(raw, cof_buf_span(&t->message), cof_buf_span(&t->signature));
	/* A quote signs no empty message: where a caller has nothing, it has lost it. */
	return t->message.len == 0 ? !holds && t->valid : holds;
}

/* Fields of a report have one size: another one never comes so far, which stands for a refusal. */
static bool by_p384(EVP_PKEY *key, const json_t *group, const one *t)
{
	COF_AUTO(cof_buf) point = {0};
	bool holds = false;
	(void)key;
	bytes_of(json_object_get(group, "publicKey"), "uncompressed", &point);
	COF_AUTO_PTR(cof_ossl_key) raw = cof_p384_key(cof_buf_span(&point));
	assert_non_null(raw);
	if (t->signature.len == 2 * (size_t)COF_P384_NUMBER_LEN)
		assert_ok(cof_p384_verify(raw, cof_buf_span(&t->message), t->signature.data,
					  t->signature.data + COF_P384_NUMBER_LEN, &holds, &err));
	return holds;
}

static bool by_cose(EVP_PKEY *key, const json_t *group, const one *t)
{
	int64_t alg = 0;
	(void)group;
	assert_ok(cof_cose_key_alg(key, &alg, &err));
	return cof_cose_key_verify(key, alg, cof_buf_span(&t->message), cof_buf_span(&t->signature), NULL) == 0;
}

/* Into a field of SEV's certificates, little-endian with zeros behind each number; false where it does not fit. */
static bool put_field(const cof_buf *signature, size_t numbers, size_t len, size_t room, uint8_t field[512])
{
	memset(field, 0, 512);
	for (size_t i = 0; signature->len == numbers * len && i < signature->len; i++)
		field[i / len * room + i % len] = signature->data[(i / len + 1) * len - 1 - i % len];
	return signature->len == numbers * len;
}

static bool sev_holds(EVP_PKEY *key, uint32_t algo, const one *t, const uint8_t field[512])
{
	bool holds = false;
	assert_true(cof_sev_signature_padded(key, cof_span_of(field, 512)));
	assert_ok(
		cof_sev_signature_verify(key, algo, cof_buf_span(&t->message), cof_span_of(field, 512), &holds, &err));
	return holds;
}

/* As a platform's certificates bring key and signature. */
static bool by_sev(EVP_PKEY *key, const json_t *group, const one *t)
{
	uint8_t bytes[COF_IDKEY_LEN], field[512];
	EVP_PKEY *read = NULL;
	(void)group;
	assert_ok(cof_idkey_bytes(key, bytes, &err));
	assert_ok(cof_idkey_parse(cof_span_of(bytes, sizeof bytes), &read, &err));
	bool holds = put_field(&t->signature, 2, 48, 72, field) && sev_holds(read, COF_SEV_ECDSA_SHA384, t, field);
	EVP_PKEY_free(read);
	return holds;
}

static bool by_sev_rsa(EVP_PKEY *key, const json_t *group, const one *t)
{
	uint8_t field[512];
	(void)group;
	return put_field(&t->signature, 1, 256, 256, field) && sev_holds(key, COF_SEV_RSA_SHA384, t, field);
}

static bool by_pss(EVP_PKEY *key, const json_t *group, const one *t)
{
	/* Of another hash, MGF or salt, nothing would be valid: this file states those that AMD uses. */
	assert_string_equal(jstr(group, "sha"), "SHA-384");
	assert_string_equal(jstr(group, "mgfSha"), "SHA-384");
	assert_int_equal(json_integer_value(json_object_get(group, "sLen")), 48);
	return cof_pss_verify(key, COF_SHA384, cof_buf_span(&t->message), cof_buf_span(&t->signature));
}

static void p256(void **state)
{
	(void)state;
	walk_file("wycheproof/ecdsa_secp256r1_sha256_p1363_test", by_p256);
	walk_file("wycheproof/ecdsa_secp256r1_sha256_p1363_test", by_cose);
}

static void p384(void **state)
{
	(void)state;
	walk_file("wycheproof/ecdsa_secp384r1_sha384_p1363_test", by_p384);
	walk_file("wycheproof/ecdsa_secp384r1_sha384_p1363_test", by_cose);
	walk_file("wycheproof/ecdsa_secp384r1_sha384_p1363_test", by_sev);
}

static void rsa_pss(void **state)
{
	(void)state;
	walk_file("wycheproof/rsa_pss_2048_sha384_mgf1_48_test", by_pss);
	walk_file("wycheproof/rsa_pss_2048_sha384_mgf1_48_test", by_sev_rsa);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(p256), cmocka_unit_test(p384), cmocka_unit_test(rsa_pss)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
