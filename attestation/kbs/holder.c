/* SPDX-License-Identifier: Apache-2.0 */
#include <time.h>

#include "attestation/kbs/holder_int.h"
#include "common/clock.h"
#include "common/log.h"

typedef struct request_kind {
	size_t size;
	void (*handle)(cof_holder *h, cof_ticket from, const void *msg);
} request_kind;

/* All that a front can ask for. */
static const request_kind kinds[COF_KB_TYPES] = {
	[COF_KB_AUTH] = {sizeof(cof_kb_auth), cof_holder_on_auth},
	[COF_KB_ATTEST] = {sizeof(cof_kb_attest), cof_holder_on_attest},
	[COF_KB_RESOURCE] = {sizeof(cof_kb_resource), cof_holder_on_resource},
	[COF_KB_ADMIN] = {sizeof(cof_kb_admin), cof_holder_on_admin},
};

typedef union any_request {
	cof_kb_auth auth;
	cof_kb_attest attest;
	cof_kb_resource resource;
	cof_kb_admin admin;
} any_request;

uint64_t cof_holder_ms(void)
{
	return (uint64_t)cof_boot_ms();
}

int64_t cof_holder_time(void)
{
	return (int64_t)time(NULL);
}

void cof_holder_send(cof_holder *h, cof_ticket to, const cof_kb_reply *r)
{
	h->opts.reply(h->opts.arg, to, r);
}

uint32_t cof_holder_status_of(const cof_err *why)
{
	switch (why->cls) {
	case COF_E_POLICY:
		return 403;
	case COF_E_UNAVAILABLE:
		return 429;
	case COF_E_IO:
	case COF_E_INTERNAL:
		return 503;
	default:
		return 401;
	}
}

void cof_holder_refuse_as(cof_holder *h, cof_ticket to, uint32_t status, const char *variant, const cof_err *why)
{
	/* A stranger learns the class and the stable word; the text is for the audit log. */
	cof_kb_reply r = {.status = status,
			  .variant = cof_span_str(variant),
			  .reason = cof_span_str(why->reason),
			  .detail = cof_span_str(cof_class_name(why->cls)),
			  .pcr = COF_KB_NO_PCR,
			  .retry_after = status == 429 || status == 503 ? 1 : 0};
	cof_holder_send(h, to, &r);
}

void cof_holder_refuse(cof_holder *h, cof_ticket to, const char *variant, const cof_err *why)
{
	cof_holder_refuse_as(h, to, cof_holder_status_of(why), variant, why);
}

int cof_holder_record(cof_holder *h, const cof_record *r, cof_err *err)
{
	cof_audit_head before = h->head;
	int rc = cof_record_done(r, err);
	if (rc == 0)
		rc = cof_audit_append(h->store, &h->head, cof_holder_time(), r->o, err);
	if (rc == 0)
		rc = cof_store_commit(h->store, err);
	if (rc < 0) {
		h->head = before;
		cof_store_rollback(h->store);
		cof_log_err(COF_LOG_ERROR, "holder", "audit-failed", err);
	}
	return rc;
}

void cof_holder_deny(cof_holder *h, cof_ticket to, uint32_t status, const char *variant, const cof_err *why,
		     cof_record *r)
{
	cof_err err = {0};
	cof_record_err(r, why);
	int rc = cof_store_begin(h->store, &err);
	if (rc == 0)
		rc = cof_holder_record(h, r, &err);
	if (rc < 0)
		cof_holder_refuse_as(h, to, 503, "PluginInternalError", &err);
	else
		cof_holder_refuse_as(h, to, status, variant, why);
}

void cof_holder_deny_cheap(cof_holder *h, cof_ticket to, uint32_t status, const char *variant, const cof_err *why,
			   cof_record *r)
{
	int64_t minute = cof_holder_time() / 60;
	if (h->cheap.minute != minute) {
		h->cheap.minute = minute;
		h->cheap.n = 0;
	}
	if (h->cheap.n >= COF_HOLDER_CHEAP_PER_MINUTE) {
		h->cheap.suppressed++;
		cof_holder_refuse_as(h, to, status, variant, why);
		return;
	}
	h->cheap.n++;
	if (h->cheap.suppressed > 0)
		cof_record_int(r, "suppressed", h->cheap.suppressed);
	h->cheap.suppressed = 0;
	cof_holder_deny(h, to, status, variant, why, r);
}

int cof_holder_handle(cof_holder *h, cof_ticket from, enum cof_kb_type type, cof_span body, cof_err *err)
{
	any_request m;
	if ((unsigned)type >= COF_KB_TYPES || kinds[type].handle == NULL)
		return cof_err_set(err, COF_E_MALFORMED, "frame-malformed", "a front may not send %s",
				   cof_kb_type_name(type));
	int rc = cof_kb_decode(type, body, &m, err);
	if (rc < 0)
		return rc;
	if (h->draining) {
		cof_err why = {.cls = COF_E_UNAVAILABLE, .reason = "shutting-down"};
		cof_holder_refuse_as(h, from, 503, "HTTPFailed", &why);
		return 0;
	}
	kinds[type].handle(h, from, &m);
	return 0;
}

size_t cof_holder_pending(const cof_holder *h)
{
	return h->pending;
}

void cof_holder_drain(cof_holder *h)
{
	h->draining = true;
}

static int load_private(cof_store *s, const char *name, EVP_PKEY **ret, cof_err *err)
{
	COF_AUTO(cof_secret) pem = {0};
	int rc = cof_store_get(s, COF_KIND_META, name, &pem, err);
	return rc < 0 ? rc : cof_es256_read_private(cof_secret_span(&pem), ret, err);
}

static int load_public(cof_store *s, const char *name, EVP_PKEY **ret, cof_err *err)
{
	COF_AUTO(cof_secret) pem = {0};
	int rc = cof_store_get(s, COF_KIND_META, name, &pem, err);
	return rc < 0 ? rc : cof_es256_read_public(cof_secret_span(&pem), ret, err);
}

static int load(cof_holder *h, cof_err *err)
{
	int rc = cof_store_open(h->opts.store_dir, &h->store, err);
	if (rc == 0)
		rc = cof_audit_load(h->store, &h->head, err);
	if (rc == 0)
		rc = load_private(h->store, COF_META_TOKEN_KEY, &h->token_key, err);
	if (rc == 0)
		rc = load_public(h->store, COF_META_ADMIN_KEY, &h->admin_key, err);
	if (rc == 0)
		rc = cof_admin_used_new(&h->admin_used, err);
	if (rc == 0)
		rc = cof_sessions_new(&h->sessions, COF_SESSIONS_MAX, COF_SESSIONS_PER_PEER, err);
	if (rc == 0)
		rc = cof_vpool_new(&h->verifiers, h->opts.base, h->opts.exe, err);
	return rc;
}

/* The first line of each life: a gap in the service shows in the log. */
static int record_start(cof_holder *h, cof_err *err)
{
	COF_AUTO(cof_record) r = cof_record_new("start", "done");
	cof_record_text(&r, "version", cof_span_str(COF_VERSION));
	int rc = cof_store_begin(h->store, err);
	return rc < 0 ? rc : cof_holder_record(h, &r, err);
}

int cof_holder_new(cof_holder **ret, const cof_holder_opts *opts, cof_err *err)
{
	COF_AUTO_PTR(cof_holder) h = calloc(1, sizeof *h);
	if (h == NULL)
		return cof_err_oom(err);
	h->opts = *opts;
	int rc = load(h, err);
	if (rc == 0)
		rc = record_start(h, err);
	if (rc == 0)
		*ret = cof_steal(&h);
	return rc;
}

void cof_holder_free(cof_holder *h)
{
	if (h == NULL)
		return;
	cof_vpool_free(h->verifiers);
	cof_sessions_free(h->sessions);
	cof_admin_used_free(h->admin_used);
	EVP_PKEY_free(h->token_key);
	EVP_PKEY_free(h->admin_key);
	cof_store_free(h->store);
	free(h);
}
