/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The front's side of the JSON: strangers' bodies into the small messages of wire.h, and replies back. A body is
 * hostile; a reply comes from the key holder. The formats are common/kbs_proto.h's.
 */
#pragma once

#include "attestation/kbs/wire.h"
#include "common/kbs_proto.h"

/* Owns what the spans of a message borrow. */
typedef struct cof_front_body {
	cof_kbsp_request request;
	cof_kbsp_tpm_keys keys;
	cof_kbsp_attest attest;
	cof_buf evidence;
} cof_front_body;

void cof_front_body_release(cof_front_body *b);
COF_DEFINE_AUTO(cof_front_body, cof_front_body_release)

/* Malformed for everything that the parsers of kbs_proto.h and jwe.h refuse, and "additional-evidence-unsupported".
 * peer and session stay empty. */
COF_WUR int cof_front_parse_auth(cof_span in, cof_front_body *keep, cof_kb_auth *ret, cof_err *err);
COF_WUR int cof_front_parse_attest(cof_span in, cof_front_body *keep, cof_kb_attest *ret, cof_err *err);

/* The value of one cookie in a Cookie header; empty when absent or twice. */
cof_span cof_front_cookie(const char *header, const char *name);
/* The token of an Authorization header; empty unless it is "Bearer" with one token. */
cof_span cof_front_bearer(const char *header);

/* The bodies of answers. */
COF_WUR int cof_front_write_challenge(const cof_kb_reply *r, cof_buf *ret, cof_err *err);
COF_WUR int cof_front_write_token(const cof_kb_reply *r, cof_buf *ret, cof_err *err);
COF_WUR int cof_front_write_error(const cof_kb_reply *r, cof_buf *ret, cof_err *err);
