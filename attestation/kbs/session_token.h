/* SPDX-License-Identifier: Apache-2.0 */
/* What an attested session says of itself: its key, its claims, and the signed token with them. */
#pragma once

#include "attestation/kbs/es256.h"
#include "attestation/kbs/session.h"
#include "common/json.h"

/* The guest's key, {"alg","crv","kty","x","y"}; a new reference. */
COF_WUR int cof_session_jwk(const cof_session *s, json_t **ret, cof_err *err);
/* The claims set that policies judge and tokens carry; a new reference. */
COF_WUR int cof_session_claims(const cof_session *s, int64_t now, json_t **ret, cof_err *err);
/* cert_pem: of key, for the header. */
COF_WUR int cof_session_token(const cof_session *s, EVP_PKEY *key, cof_span cert_pem, int64_t now, cof_buf *ret,
			      cof_err *err);
