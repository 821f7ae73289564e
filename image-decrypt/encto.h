/* SPDX-License-Identifier: Apache-2.0 */
/*
 * For whom the owner wraps a layer's key: several recipients, of several schemes. Recipients of one scheme share a
 * packet where the scheme allows it.
 *
 * spec: containers/ocicrypt (--encryption-key), CoCo's key provider (its parameters)
 */
#pragma once

#include "common/json.h"
#include "common/secret.h"

enum { COF_ENC_TO_MAX = 32 };

typedef struct cof_enc_to cof_enc_to;
COF_WUR int cof_enc_to_new(cof_enc_to **ret, cof_err *err);
void cof_enc_to_free(cof_enc_to *t);
COF_DEFINE_AUTO_PTR(cof_enc_to, cof_enc_to_free)

/*
 * jwe:FILE          a public key, PEM, DER or JWK (whose alg chooses RSA-OAEP-256 or ECDH-ES with another wrap)
 * pkcs7:FILE        a certificate with an RSA key, PEM or DER
 * pkcs11:FILE       the RSA public key of a token's key, PEM or DER
 * provider:attestation-agent:keyid=kbs:///REPO/TYPE/TAG::keypath=FILE   32 bytes that a broker keeps by this id
 *
 * Reasons: "recipient-malformed", "recipient-unsupported" (usage), "resource-path" (a keyid that no guest would
 * follow), "key-malformed", "key-unsupported", "kek-size", "too-many-keys", those of common/file.h.
 */
COF_WUR int cof_enc_to_add(cof_enc_to *t, const char *text, cof_err *err);
/* The same as the last, with the key at hand. */
COF_WUR int cof_enc_to_add_kek(cof_enc_to *t, const char *kid, cof_span kek, cof_err *err);
bool cof_enc_to_empty(const cof_enc_to *t);

/* Wraps the private options for all of them: adds packets to a descriptor's annotations, behind those that are there.
 */
COF_WUR int cof_enc_to_seal(const cof_enc_to *t, cof_span options, json_t *annotations, cof_err *err);
