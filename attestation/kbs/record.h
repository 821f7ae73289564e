/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One audit record while it is put together. Sticky: after a failure nothing is added and cof_record_done says so.
 * Text from outside is cut and made printable here, once.
 */
#pragma once

#include "attestation/kbs/session.h"
#include "common/json.h"

typedef struct cof_record {
	json_t *o;
	bool failed;
} cof_record;

enum { COF_RECORD_TEXT_MAX = 256 };

void cof_record_release(cof_record *r);
COF_DEFINE_AUTO(cof_record, cof_record_release)

/* what: "attest", "resource", "admin"; outcome: "affirming", "contraindicated", "released", "denied", "refused",
 * "done", ... */
cof_record cof_record_new(const char *what, const char *outcome);
/* Empty text is left out. */
void cof_record_text(cof_record *r, const char *key, cof_span text);
void cof_record_int(cof_record *r, const char *key, int64_t v);
/* The session by a short hash: its id is a credential. */
void cof_record_session(cof_record *r, const cof_session *s);
void cof_record_verdict(cof_record *r, const cof_session_verdict *v);
void cof_record_err(cof_record *r, const cof_err *why);
COF_WUR int cof_record_done(const cof_record *r, cof_err *err);
