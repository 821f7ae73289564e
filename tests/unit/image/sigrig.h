/* SPDX-License-Identifier: Apache-2.0 */
/* Keys made here, and policies and signatures with them. */
#pragma once

#include <openssl/pem.h>

#include "common/hex.h"
#include "common/ossl.h"
#include "image-decrypt/sigbundle.h"
#include "image-decrypt/sigcheck.h"
#include "image-decrypt/sigpayload.h"
#include "tests/unit/test.h"

enum { SIGRIG_NOW = 1795900000 }; /* after the vectors were made */

#define SIGRIG_DIGEST "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
#define SIGRIG_OTHER "sha256:0000000000000000000000000000000000000000000000000000000000000000"
#define SIGRIG_REPO "reg.example.org/team/run"

static inline EVP_PKEY *sigrig_key(const char *type)
{
	EVP_PKEY *key = strcmp(type, "ED25519") == 0 ? EVP_PKEY_Q_keygen(NULL, NULL, type)
			: strncmp(type, "RSA", 3) == 0
				? EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t)strtoul(type + 3, NULL, 10))
				: EVP_PKEY_Q_keygen(NULL, NULL, "EC", type);
	assert_non_null(key);
	return key;
}

static inline void sigrig_pem(EVP_PKEY *key, cof_buf *ret)
{
	COF_AUTO_PTR(cof_ossl_bio) bio = BIO_new(BIO_s_mem());
	char *text = NULL;
	assert_int_equal(PEM_write_bio_PUBKEY(bio, key), 1);
	long n = BIO_get_mem_data(bio, &text);
	assert_ok(cof_buf_add(ret, text, (size_t)n, &err));
}

static inline char *sigrig_pem_b64(EVP_PKEY *key)
{
	COF_AUTO(cof_buf) pem = {0};
	sigrig_pem(key, &pem);
	char *text = cof_b64_dup(cof_buf_span(&pem));
	assert_non_null(text);
	return text;
}

static inline cof_digest sigrig_digest(const char *text)
{
	cof_digest d = {0};
	assert_ok(cof_digest_parse(text, &d, &err));
	return d;
}

static inline cof_ref sigrig_ref(const char *text)
{
	cof_ref r = {0};
	assert_ok(cof_ref_parse(text, &r, &err));
	return r;
}

static inline cof_sigpolicy *sigrig_policy(const char *text)
{
	cof_sigpolicy *p = NULL;
	assert_ok(cof_sigpolicy_parse(cof_span_str(text), &p, &err));
	return p;
}

/* A cosign payload and its signature, as base64. */
typedef struct sigrig_cosign {
	cof_buf payload;
	char *signature;
} sigrig_cosign;

static inline void sigrig_cosign_release(sigrig_cosign *s)
{
	cof_buf_release(&s->payload);
	free(s->signature);
}
COF_DEFINE_AUTO(sigrig_cosign, sigrig_cosign_release)

static inline sigrig_cosign sigrig_sign_text(EVP_PKEY *key, const char *payload)
{
	sigrig_cosign s = {0};
	COF_AUTO(cof_buf) sig = {0};
	assert_ok(cof_buf_add_str(&s.payload, payload, &err));
	assert_ok(cof_sigkey_sign(key, cof_buf_span(&s.payload), &sig, &err));
	s.signature = cof_b64_dup(cof_buf_span(&sig));
	return s;
}

static inline sigrig_cosign sigrig_sign(EVP_PKEY *key, const char *digest, const char *name)
{
	COF_AUTO(cof_buf) payload = {0};
	cof_digest d = sigrig_digest(digest);
	assert_ok(cof_sigpayload_make(&d, name, &payload, &err));
	return sigrig_sign_text(key, cof_buf_str(&payload));
}

static inline cof_sig_given sigrig_given(const sigrig_cosign *s)
{
	return (cof_sig_given){COF_SIG_COSIGN, cof_buf_span(&s->payload), cof_span_str(s->signature)};
}

/* The judgement of SIGRIG_DIGEST as ref. */
static inline int sigrig_judge(const cof_sigpolicy *p, const cof_ref *ref, const cof_sig_given *given, size_t n,
			       cof_sig_report *ret, cof_err *why)
{
	cof_digest d = sigrig_digest(SIGRIG_DIGEST);
	const cof_sigcheck in = {
		.policy = p,
		.place = {.transport = "docker", .ref = ref},
		.asked = &d,
		.chosen = &d,
		.given = given,
		.n_given = n,
		.now = SIGRIG_NOW,
	};
	return cof_sigcheck_run(&in, ret, why);
}
