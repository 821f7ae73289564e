/* SPDX-License-Identifier: Apache-2.0 */
/* What the kinds of tokens share: their policy words, their key, and the way to a payload that was signed. */
#pragma once

#include "attestation/refvalue/cose.h"
#include "attestation/token/jwks.h"
#include "attestation/verify/kind.h"
#include "common/ossl.h"

enum { COF_TOKEN_AAD_MAX = 4096, COF_TOKEN_NONCE_MAX = 64 };

typedef struct cof_token_policy {
	const char *profile;  /* borrowed; NULL: any known one */
	const char *audience; /* borrowed; NULL: whatever the token says */
	bool has_nonce;
	cof_buf nonce;
	cof_buf aad; /* external_aad */
	bool allow_untagged;
} cof_token_policy;

void cof_token_policy_release(cof_token_policy *p);
COF_DEFINE_AUTO(cof_token_policy, cof_token_policy_release)

/* words: what this kind knows, NULL-ended. Reason "policy-word" (usage). */
COF_WUR int cof_token_policy_read(const json_t *policy, const char *const *words, cof_token_policy *ret, cof_err *err);

/* A failure that is the evidence's becomes a failed check, and 0; any other is handed on. */
COF_WUR int cof_token_refuse(cof_checks *c, cof_stage stage, const cof_err *why, cof_err *err);

/* The role "key", one JWK; *ret stays NULL where it is refused. */
COF_WUR int cof_token_key(const cof_verify_in *in, cof_verdict *v, EVP_PKEY **ret, cof_err *err);
/* The same, or a set of them; ret->n stays 0 where it is refused. */
COF_WUR int cof_token_keys(const cof_verify_in *in, cof_verdict *v, cof_jwks *ret, cof_err *err);

/* The message under the role's name, with the payload beside it where the caller has one. ret->message stays NULL
 * where it is refused. */
typedef struct cof_token_cose_in {
	const char *role;
	bool is_cwt; /* tag 61 may be around it */
} cof_token_cose_in;
COF_WUR int cof_token_cose(const cof_verify_in *in, const cof_token_policy *p, const cof_token_cose_in *how,
			   cof_verdict *v, cof_cose *ret, cof_err *err);

/* The claims of a CWT that was signed; *ret stays NULL where they are no map. */
COF_WUR int cof_token_claims(cof_span payload, cof_verdict *v, cof_cbor **ret, cof_err *err);
