/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Keys of sigstore signatures, and the one list of algorithms: ECDSA on the NIST curves, RSA PKCS#1 v1.5 of 2048 to
 * 8192 bits, Ed25519; SHA-256, and what sigstore's registry pairs with the larger curves. Nothing in a signature
 * chooses: the key does.
 *
 * spec: cosign SIGNATURE_SPEC.md; sigstore architecture-docs algorithm-registry.md; RFC 7468 13
 */
#pragma once

#include "common/digest.h"
#include "common/ossl.h"

/* One key in PEM ("PUBLIC KEY"), nothing else in the text. Reason "signature-key" (malformed). */
COF_WUR int cof_sigkey_parse(cof_span pem, EVP_PKEY **ret, cof_err *err);
/* SHA-256 of its SubjectPublicKeyInfo in hex: what names a key in reports. */
COF_WUR int cof_sigkey_id(EVP_PKEY *key, char out[65], cof_err *err);
/* True only for a signature that is good. */
bool cof_sigkey_verify(EVP_PKEY *key, cof_span message, cof_span signature);
/* For a signature of a file whose SHA-256 is known and whose bytes are not at hand: never true for Ed25519, which
 * signs the bytes themselves. */
bool cof_sigkey_verify_sha256(EVP_PKEY *key, const cof_digest *digest, cof_span signature);
/* With a private key. Reason "signature-key" (usage) for one that no reader would take, "sign-failed" (crypto). */
COF_WUR int cof_sigkey_sign(EVP_PKEY *key, cof_span message, cof_buf *ret, cof_err *err);
