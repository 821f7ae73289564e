/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sigstore bundles: a DSSE envelope around an in-toto statement that says "cosign signed this image", or a plain
 * signature of the manifest as a file. Hostile until the signature was verified by a key of the policy; certificates
 * and log entries in them are not looked at, since keys decide here.
 *
 * spec: sigstore protobuf-specs sigstore_bundle.proto (v0.1 to v0.3); DSSE protocol.md; in-toto Statement v1
 */
#pragma once

#include "common/json.h"
#include "common/ossl.h"
#include "image-decrypt/sigkey.h"

#define COF_SIGBUNDLE_TYPE "application/vnd.dev.sigstore.bundle.v0.3+json"
/* What a statement must say to be an image's signature. */
#define COF_SIGBUNDLE_PREDICATE "https://sigstore.dev/cosign/sign/v1"

typedef struct cof_sigbundle {
	cof_buf signature;
	cof_buf signed_bytes; /* of an envelope: its pre-authentication encoding */
	json_t *statement;    /* of an envelope, not believed before the signature is */
	cof_digest digest;    /* of a plain signature: what it says it signs */
} cof_sigbundle;

void cof_sigbundle_release(cof_sigbundle *b);
COF_DEFINE_AUTO(cof_sigbundle, cof_sigbundle_release)

/* True for the names that bundles go by, as artifactType, layer's or bundle's own media type. */
bool cof_sigbundle_type(const char *media_type);
/* Reason "signature-malformed". ret must be zeroed. */
COF_WUR int cof_sigbundle_parse(cof_span in, cof_sigbundle *ret, cof_err *err);
/* True only for a good signature by the key. */
bool cof_sigbundle_verify(const cof_sigbundle *b, EVP_PKEY *key);
/* Whether it is about this image. *ret_name is borrowed: the name that a statement's subject gives, else NULL. */
bool cof_sigbundle_names(const cof_sigbundle *b, const cof_digest *image, const char **ret_name);

/* A bundle about image, with the name as its subject's. Appends JSON to ret. */
COF_WUR int cof_sigbundle_make(EVP_PKEY *key, const cof_digest *image, const char *name, cof_buf *ret, cof_err *err);
