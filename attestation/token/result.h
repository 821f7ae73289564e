/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The verdict on one piece of evidence as an attestation result: its trust vector, what the evidence says, the nonce
 * that it answers, and the key that it is bound to. What was refused yields a result too; that one says why, and holds
 * neither the evidence's claims nor a key, so that nobody uses them by mistake. Pure.
 */
#pragma once

#include <openssl/types.h>

#include "attestation/verify/kind.h"

enum { COF_RESULT_FIELDS_MAX = 48 << 10 /* as JSON; more is left out, and said to be */ };

typedef struct cof_result_in {
	const cof_kind *kind;
	const cof_verdict *verdict;
	const json_t *policy;  /* that the verdict came by; NULL: none */
	const char *profile;   /* of the result; NULL: the IETF draft's */
	const char *audience;  /* NULL: none */
	const json_t *runtime; /* that cof_result_bind took; NULL: none */
	int64_t now;	       /* of the verdict: the result is as old as that */
	int64_t life;	       /* seconds */
} cof_result_in;

/*
 * Adds the check "key-binding" (stage freshness): the report data are, with zeros behind, the digest of the guest's
 * key. runtime is the key broker protocol's {"nonce", "tee-pubkey"} (SHA-384 of its canonical JSON), or one JWK alone
 * (its thumbprint by SHA-256, 384 or 512). Reasons "key-binding" (usage: a kind without report data), "runtime-data"
 * (usage: neither of the two), "jwk-malformed". spec: KBS protocol, report data; RFC 7638
 */
COF_WUR int cof_result_bind(const cof_kind *kind, const json_t *runtime, cof_verdict *v, cof_err *err);

/* Each appends. Reasons "no-result" (cof_trust_of) and those of cof_ear_issue. */
COF_WUR int cof_result_jwt(const cof_result_in *in, EVP_PKEY *key, cof_buf *ret, cof_err *err);
COF_WUR int cof_result_cwt(const cof_result_in *in, EVP_PKEY *key, cof_buf *ret, cof_err *err);
