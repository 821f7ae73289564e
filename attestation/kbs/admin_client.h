/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The owner's side of the admin calls: each is signed anew for its method, path and body. The broker is authenticated
 * by the CA that the owner names; its answers are still parsed with limits.
 */
#pragma once

#include "attestation/kbs/audit.h"
#include "attestation/kbs/route.h"
#include "common/http.h"

typedef struct cof_admin_client cof_admin_client;

typedef struct cof_admin_client_opts {
	const char *url;	    /* https://NAME:PORT, with or without a slash at the end */
	cof_span ca_pem;	    /* empty: the system's roots */
	cof_span key_pem;	    /* the admin's private key */
	const char *const *resolve; /* NAME:PORT:ADDR, NULL-ended; may be NULL */
	const char *role;	    /* NULL: "admin" */
} cof_admin_client_opts;

COF_WUR int cof_admin_client_new(cof_admin_client **ret, const cof_admin_client_opts *opts, cof_err *err);
void cof_admin_client_free(cof_admin_client *c);
COF_DEFINE_AUTO_PTR(cof_admin_client, cof_admin_client_free)

/* tail: what follows the route's fixed path ("REPO/TYPE/TAG"), or "". A refusal is an error with the broker's reason:
 * policy for 403 and 404, crypto for 401, malformed for 400, unavailable for 429 and 503. */
COF_WUR int cof_admin_client_call(cof_admin_client *c, enum cof_kb_route route, const char *tail, cof_span body,
				  cof_buf *ret, cof_err *err);

/* The bodies of the calls. */
COF_WUR int cof_admin_body_reference(cof_span json, cof_buf *ret, cof_err *err);
/* A signed CoRIM with its author's public key, which may be given as a certificate that is valid now. Reason "bad-key".
 */
COF_WUR int cof_admin_body_corim(cof_span corim, cof_span key_pem, cof_buf *ret, cof_err *err);
COF_WUR int cof_admin_body_policy(cof_span json, cof_buf *ret, cof_err *err);
COF_WUR int cof_admin_body_initdata(const char *digest, cof_buf *ret, cof_err *err);
COF_WUR int cof_admin_body_ek_root(cof_span pem, cof_buf *ret, cof_err *err);

/* Reads the log from number head->seq + 1 on, checks that each line follows, moves head, and appends the lines to ret
 * (may be NULL). With check false only the lines are taken. */
COF_WUR int cof_admin_client_audit(cof_admin_client *c, cof_audit_head *head, bool check, cof_buf *ret, cof_err *err);
