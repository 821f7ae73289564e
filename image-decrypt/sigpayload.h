/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a simple signing signature says: this digest, by this name. Read only after the signature over its bytes was
 * verified; its author may still be a stranger to our image. Nothing unknown, missing or repeated is let through in
 * what counts.
 *
 * spec: containers-signature(5) "JSON data format"; cosign SIGNATURE_SPEC.md "Simple Signing"
 */
#pragma once

#include "common/digest.h"
#include "common/json.h"

/* The type that each kind of signature must have; neither passes for the other. */
#define COF_SIGPAYLOAD_ATOMIC "atomic container signature"
#define COF_SIGPAYLOAD_COSIGN "cosign container image signature"

typedef struct cof_sigpayload {
	cof_digest digest; /* docker-manifest-digest */
	char *identity;	   /* docker-reference, as written */
} cof_sigpayload;

void cof_sigpayload_release(cof_sigpayload *p);
COF_DEFINE_AUTO(cof_sigpayload, cof_sigpayload_release)

/* type is one of the above: with cosign's, "optional" may be null. Reason "signature-malformed". ret must be zeroed. */
COF_WUR int cof_sigpayload_parse(cof_span in, const char *type, cof_sigpayload *ret, cof_err *err);
/* cosign's, compact, as every reader of it takes it: optional is null. Appends to ret. */
COF_WUR int cof_sigpayload_make(const cof_digest *digest, const char *identity, cof_buf *ret, cof_err *err);
