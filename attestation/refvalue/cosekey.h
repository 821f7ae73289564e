/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Keys of signed CBOR: ECDSA on P-256 and P-384, and Ed25519, with signatures in COSE's form (r and s side by side,
 * never DER). An algorithm counts only for the one kind of key that it is made for.
 *
 * spec: RFC 9053, 2.1, 2.2 and 7.1; RFC 9864 (the names that say the curve)
 */
#pragma once

#include <openssl/types.h>
#include <stdbool.h>

#include "common/buf.h"

enum { COF_COSE_ES256 = -7, COF_COSE_ES384 = -35, COF_COSE_EDDSA = -8, COF_COSE_SIGNATURE_MAX = 96 };

/* What this key signs with. Reason "bad-key" (usage) for any other kind of key. */
COF_WUR int cof_cose_key_alg(EVP_PKEY *key, int64_t *ret, cof_err *err);
/* Whether any kind of key here has this algorithm. */
bool cof_cose_alg_known(int64_t alg);
/* False for algorithms that are not known too. */
bool cof_cose_key_fits(EVP_PKEY *key, int64_t alg);

/* Appends the signature. */
COF_WUR int cof_cose_key_sign(EVP_PKEY *key, cof_span in, cof_buf *ret, cof_err *err);
/* 0 only for a good signature of exactly the algorithm's length. Reason "cose-signature" (crypto), "cose-algorithm"
 * (crypto) where the algorithm is not this key's. */
COF_WUR int cof_cose_key_verify(EVP_PKEY *key, int64_t alg, cof_span in, cof_span sig, cof_err *err);

enum { COF_COSE_PEM_MAX = 64 << 10 };

/* A public key, or a certificate that is valid at now: pinned by its owner, it needs no chain. Reason "bad-key". */
COF_WUR int cof_cose_key_public(cof_span pem, int64_t now, EVP_PKEY **ret, cof_err *err);
/* Appends the public half in PEM, and nothing else of what the key came with. */
COF_WUR int cof_cose_key_write(EVP_PKEY *key, cof_buf *ret, cof_err *err);
