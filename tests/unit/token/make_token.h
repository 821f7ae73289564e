/* SPDX-License-Identifier: Apache-2.0 */
/* Tokens that the test signs itself, and the verdict of their kind on them. */
#pragma once

#include "tests/unit/refvalue/cbor_hex.h"

#include <openssl/ec.h>
#include <openssl/evp.h>

#include "attestation/refvalue/cborwr.h"
#include "attestation/refvalue/cose.h"
#include "attestation/token/jws.h"
#include "attestation/verify/kind.h"

enum { TOKEN_NOW = 1800000000 };

#define TOKEN_NONCE "000102030405060708090a0b0c0d0e0f"
#define TOKEN_POLICY "{\"nonce\":\"" TOKEN_NONCE "\"}"

/* A claim as encoded CBOR; hex NULL: leave it out. */
typedef struct pair {
	int64_t key;
	const char *hex;
} pair;

/* The pairs, with one replaced, taken away or added. */
static inline void put_claims(const pair *pairs, size_t n, const pair *change, cof_buf *ret)
{
	size_t count = 0;
	bool is_new = change != NULL && change->hex != NULL;
	COF_AUTO(cof_buf) body = {0};
	cof_wr w = cof_wr_to(&body);
	for (size_t i = 0; i < n; i++) {
		bool changed = change != NULL && change->key == pairs[i].key;
		is_new = is_new && !changed;
		if (changed && change->hex == NULL)
			continue;
		cof_cbor_put_int(&w, pairs[i].key);
		hex_bytes(changed ? change->hex : pairs[i].hex, &body);
		count++;
	}
	if (is_new) {
		cof_cbor_put_int(&w, change->key);
		hex_bytes(change->hex, &body);
		count++;
	}
	cof_wr out = cof_wr_to(ret);
	cof_cbor_put_map(&out, count);
	cof_wr_bytes(&out, cof_buf_span(&body));
	assert_ok(cof_wr_done(&out, &err));
}

static inline void sign_cwt(cof_span payload, EVP_PKEY *key, cof_buf *ret)
{
	const cof_cose_out out = {.content_type = "application/eat+cwt", .payload = payload};
	assert_ok(cof_cose_sign(&out, key, ret, &err));
}

static inline void key_file(EVP_PKEY *key, cof_buf *ret)
{
	COF_AUTO_PTR(json_t) jwk = NULL;
	assert_ok(cof_jwk_of(key, &jwk, &err));
	assert_ok(cof_json_dump(jwk, ret, &err));
}

static inline cof_verdict *verdict_new(void)
{
	cof_verdict *v = calloc(1, sizeof *v);
	assert_non_null(v);
	return v;
}

static inline void verdict_free(cof_verdict *v)
{
	cof_verdict_release(v);
	free(v);
}

/* What the kind says to one file of the named role, the key beside it. */
typedef struct ask {
	const char *kind;
	const char *role;
	cof_span token;
	EVP_PKEY *key;	    /* NULL: the kind wants none */
	const char *policy; /* JSON; NULL: none */
	int64_t now;
} ask;

static inline int verdict_on(const ask *a, cof_verdict *ret, cof_err *err)
{
	COF_AUTO(cof_buf) key = {0};
	COF_AUTO_PTR(json_t) policy = NULL;
	const cof_kind *kind = NULL;
	if (a->key != NULL)
		key_file(a->key, &key);
	if (a->policy != NULL && cof_json_parse(cof_span_str(a->policy), &policy, err) < 0)
		fail_msg("%s", a->policy);
	const cof_role_file files[] = {{a->role, a->token}, {"key", cof_buf_span(&key)}};
	const cof_verify_in in = {.files = files, .n_files = a->key != NULL ? 2 : 1, .policy = policy, .now = a->now};
	if (cof_kind_find(a->kind, &kind, err) < 0)
		fail_msg("%s", a->kind);
	return cof_verify(kind, &in, ret, err);
}

static inline const char *first_failed(const cof_verdict *v)
{
	return v->checks.failed > 0 ? v->checks.list[v->checks.first].name : "";
}

static inline void assert_accepted(const ask *a)
{
	cof_verdict *v = verdict_new();
	assert_ok(verdict_on(a, v, &err));
	if (!v->accepted)
		fail_msg("%s: %s", first_failed(v), v->checks.list[v->checks.first].found);
	assert_true(json_is_object(v->fields));
	verdict_free(v);
}

static inline void assert_refused(const ask *a, const char *reason, const char *stage)
{
	cof_verdict *v = verdict_new();
	assert_ok(verdict_on(a, v, &err));
	const cof_check *first = &v->checks.list[v->checks.first];
	if (v->accepted || strcmp(first_failed(v), reason) != 0 || strcmp(cof_stage_name(first->stage), stage) != 0)
		fail_msg("'%s' at %s (%s), not '%s'", v->accepted ? "accepted" : first_failed(v),
			 cof_stage_name(first->stage), first->found, reason);
	verdict_free(v);
}
