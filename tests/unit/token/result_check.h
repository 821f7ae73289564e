/* SPDX-License-Identifier: Apache-2.0 */
/* Results that are read back by the kinds of tokens, and by OpenSSL alone. */
#pragma once

#include "tests/unit/token/make_token.h"

#include <openssl/ecdsa.h>

#include "attestation/token/ear.h"
#include "attestation/token/jwks.h"
#include "attestation/token/result.h"
#include "common/hex.h"

/* The parts of a compact JWS, decoded. */
typedef struct jwt_parts {
	cof_buf header, payload, signature;
	size_t signed_len;
} jwt_parts;

static inline void jwt_split(cof_span token, jwt_parts *ret)
{
	cof_buf *parts[] = {&ret->header, &ret->payload, &ret->signature};
	size_t at = 0;
	for (size_t i = 0; i < 3; i++) {
		size_t end = at;
		while (end < token.len && token.data[end] != '.')
			end++;
		assert_ok(cof_unb64url(cof_span_of(token.data + at, end - at), parts[i], &err));
		ret->signed_len = i == 1 ? end : ret->signed_len;
		at = end + 1;
	}
	assert_true(at == token.len + 1);
}

static inline void jwt_drop(jwt_parts *p)
{
	cof_buf_release(&p->header);
	cof_buf_release(&p->payload);
	cof_buf_release(&p->signature);
}

/* By OpenSSL and nothing of ours: r and s side by side over the first two parts. */
static inline void assert_ecdsa(EVP_PKEY *key, cof_span message, cof_span rs, const EVP_MD *md)
{
	unsigned char *der = NULL;
	int half = (int)(rs.len / 2);
	ECDSA_SIG *sig = ECDSA_SIG_new();
	assert_int_equal(ECDSA_SIG_set0(sig, BN_bin2bn(rs.data, half, NULL), BN_bin2bn(rs.data + half, half, NULL)), 1);
	int n = i2d_ECDSA_SIG(sig, &der);
	EVP_MD_CTX *c = EVP_MD_CTX_new();
	assert_int_equal(EVP_DigestVerifyInit(c, NULL, md, NULL, key), 1);
	assert_int_equal(EVP_DigestVerify(c, der, (size_t)n, message.data, message.len), 1);
	EVP_MD_CTX_free(c);
	OPENSSL_free(der);
	ECDSA_SIG_free(sig);
}

/* The claims of a JWT; a new reference. */
static inline json_t *jwt_claims(cof_span token)
{
	json_t *o = NULL;
	jwt_parts p = {0};
	jwt_split(token, &p);
	assert_ok(cof_json_parse(cof_buf_span(&p.payload), &o, &err));
	jwt_drop(&p);
	return o;
}

/* A member within members: "submods/cpu0/ear_status". */
static inline const json_t *member_at(const json_t *o, const char *path)
{
	char name[64];
	for (const char *at = path; o != NULL && *at != '\0';) {
		size_t len = strcspn(at, "/");
		assert_true(len < sizeof name);
		memcpy(name, at, len);
		name[len] = '\0';
		o = json_object_get(o, name);
		at += len + (at[len] == '/');
	}
	return o;
}

static inline void assert_text_at(const json_t *o, const char *path, const char *want)
{
	const char *found = json_string_value(member_at(o, path));
	if (found == NULL || strcmp(found, want) != 0)
		fail_msg("%s is '%s', not '%s'", path, found != NULL ? found : "nothing", want);
}

static inline void assert_int_at(const json_t *o, const char *path, json_int_t want)
{
	if (!json_is_integer(member_at(o, path)) || json_integer_value(member_at(o, path)) != want)
		fail_msg("%s is %lld, not %lld", path, (long long)json_integer_value(member_at(o, path)),
			 (long long)want);
}
