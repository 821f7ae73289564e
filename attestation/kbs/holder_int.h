/* SPDX-License-Identifier: Apache-2.0 */
/* The key holder's inside, shared by its holder*.c files only. */
#pragma once

#include "attestation/kbs/admin_token.h"
#include "attestation/kbs/audit.h"
#include "attestation/kbs/holder.h"
#include "attestation/kbs/record.h"
#include "attestation/kbs/session.h"
#include "attestation/kbs/vpool.h"

/* Names of meta items. */
#define COF_META_TOKEN_KEY "token-key"	 /* PEM */
#define COF_META_TOKEN_CERT "token-cert" /* PEM */
#define COF_META_ADMIN_KEY "admin-key"	 /* PEM, public */
#define COF_META_POLICY "policy"	 /* the release policy; absent: nothing is released */

enum {
	COF_HOLDER_CHEAP_PER_MINUTE = 600, /* audit lines that strangers can cause */
	COF_HOLDER_REFERENCES_MAX = 256,
	COF_HOLDER_TEE_REFERENCES_MAX = 8192,
	COF_HOLDER_INITDATA_MAX = 1024,
	COF_HOLDER_EK_ROOTS_MAX = 32,
};

struct cof_holder {
	cof_holder_opts opts;
	cof_store *store;
	cof_audit_head head;
	cof_sessions *sessions;
	cof_vpool *verifiers;
	EVP_PKEY *token_key;
	EVP_PKEY *admin_key;
	cof_admin_used *admin_used;
	size_t pending;
	bool draining;
	struct {
		int64_t minute;
		uint32_t n;
		uint32_t suppressed;
	} cheap;
};

uint64_t cof_holder_ms(void);  /* monotonic, counts sleep */
int64_t cof_holder_time(void); /* seconds since the epoch */

void cof_holder_send(cof_holder *h, cof_ticket to, const cof_kb_reply *r);
/* The HTTP status follows from why's class. */
void cof_holder_refuse(cof_holder *h, cof_ticket to, const char *variant, const cof_err *why);
void cof_holder_refuse_as(cof_holder *h, cof_ticket to, uint32_t status, const char *variant, const cof_err *why);

/* Commits one line, and whatever the caller changed since cof_store_begin when it began. */
COF_WUR int cof_holder_record(cof_holder *h, const cof_record *r, cof_err *err);
/* Writes the line, then refuses; when the line cannot be written the answer is 503. */
void cof_holder_deny(cof_holder *h, cof_ticket to, uint32_t status, const char *variant, const cof_err *why,
		     cof_record *r);
/* The same for what any stranger can cause: beyond a rate the lines are counted instead of written. */
void cof_holder_deny_cheap(cof_holder *h, cof_ticket to, uint32_t status, const char *variant, const cof_err *why,
			   cof_record *r);
uint32_t cof_holder_status_of(const cof_err *why);

/* The handlers of holder.c's table; msg is the decoded message. */
void cof_holder_on_auth(cof_holder *h, cof_ticket from, const void *msg);
void cof_holder_on_attest(cof_holder *h, cof_ticket from, const void *msg);
void cof_holder_on_resource(cof_holder *h, cof_ticket from, const void *msg);
void cof_holder_on_admin(cof_holder *h, cof_ticket from, const void *msg);

/* Registers what a set-reference call brings, all or nothing within the caller's transaction; what it adds to the
 * record says from whom. Reasons of cof_owner_parse_references, "bad-name", "store-full", "reference-older". */
COF_WUR int cof_holder_set_references(cof_holder *h, cof_span body, cof_record *r, cof_err *err);
COF_WUR int cof_holder_delete_reference(cof_holder *h, cof_span name, cof_record *r, cof_err *err);
/* 0 while the tpm set of this name may be relied on; policy, reason "reference-withdrawn", "reference-expired". */
COF_WUR int cof_holder_check_reference(cof_holder *h, const char *name, cof_err *err);
/* The names of those tpm sets that have expired, as the keys of an object; a new reference. */
COF_WUR int cof_holder_expired_references(cof_holder *h, json_t **ret, cof_err *err);
/* Adds who signed the set that matched; nothing for one without a CoRIM. */
void cof_holder_record_source(cof_holder *h, const char *name, cof_record *r);

/* What the verifier is told: the owner's EK roots, reference values and initdata digests. */
typedef struct cof_holder_expect {
	cof_buf roots;
	cof_buf references;
	cof_buf digests;
} cof_holder_expect;
void cof_holder_expect_release(cof_holder_expect *e);
COF_DEFINE_AUTO(cof_holder_expect, cof_holder_expect_release)
COF_WUR int cof_holder_expect_load(cof_holder *h, cof_holder_expect *ret, cof_err *err);
/* After a change of this kind: whether a verifier can still be told all of them. Policy, reason "store-full"; the
 * caller then undoes the change, since with it no guest at all could be judged. */
COF_WUR int cof_holder_check_room(cof_holder *h, const char *kind, cof_err *err);
