/* SPDX-License-Identifier: Apache-2.0 */
#include "attestation/kbs/holder_int.h"
#include "attestation/kbs/owner_data.h"
#include "attestation/kbs/session_token.h"
#include "attestation/token/claims_policy.h"
#include "common/jwe.h"

/* spec: KBS protocol 7.2: the cookie's session first, then the bearer token. A token is known by its hash alone: one
 * that we did not issue in this life, or that was changed by a bit, is none, and nothing in it is parsed. */
static cof_session *attested(cof_holder *h, const cof_kb_resource *m, cof_err *err)
{
	uint64_t now = cof_holder_ms();
	cof_session *s = cof_sessions_find(h->sessions, now, m->session);
	uint8_t hash[COF_SHA256_LEN];
	if (s != NULL && s->state == COF_SESSION_ATTESTED)
		return s;
	s = NULL;
	if (m->bearer.len > 0 && cof_sha256(m->bearer, hash, err) == 0)
		s = cof_sessions_by_token(h->sessions, now, hash);
	if (s == NULL && cof_err_set(err, COF_E_CRYPTO, "no-token", "no attested session and no token of ours") < 0)
		return NULL;
	return s;
}

/* The owner may have withdrawn what the verdict rested on since the attestation. */
static int check_still_registered(cof_holder *h, const cof_session_verdict *v, cof_err *err)
{
	bool initdata = false;
	int rc = cof_holder_check_reference(h, v->reference, err);
	if (rc == 0)
		rc = cof_store_has(h->store, COF_KIND_INITDATA, v->initdata, &initdata, err);
	if (rc == 0 && !initdata)
		rc = cof_err_set(err, COF_E_POLICY, "initdata-mismatch", "the initdata digest was withdrawn");
	return rc;
}

static int path_of(const cof_kb_resource *m, cof_kbsp_path *ret, cof_err *err)
{
	COF_AUTO(cof_buf) name = {0};
	const cof_span parts[3] = {m->repo, m->type, m->tag};
	int rc = cof_owner_resource_name(parts, &name, err);
	return rc < 0 ? rc : cof_kbsp_path_parse(cof_buf_str(&name), ret, err);
}

static int judge(cof_span policy, const json_t *claims, const cof_kb_resource *m, cof_err *err)
{
	COF_AUTO_PTR(cof_release_policy) p = NULL;
	cof_kbsp_path path;
	bool named = false;
	int rc = path_of(m, &path, err);
	if (rc == 0)
		rc = cof_release_policy_parse(policy, &p, err);
	return rc < 0 ? rc : cof_release_policy_judge(p, &path, claims, &named, err);
}

static int check_policy(cof_holder *h, const cof_session *s, const cof_kb_resource *m, cof_err *err)
{
	COF_AUTO(cof_secret) policy = {0};
	COF_AUTO_PTR(json_t) claims = NULL;
	int rc = cof_store_get(h->store, COF_KIND_META, COF_META_POLICY, &policy, err);
	if (rc < 0 && cof_err_is(err, "not-found"))
		return cof_err_set(err, COF_E_POLICY, "policy-denied", "the owner has set no release policy");
	if (rc == 0)
		rc = cof_session_claims(s, cof_holder_time(), &claims, err);
	return rc < 0 ? rc : judge(cof_secret_span(&policy), claims, m, err);
}

static int decide(cof_holder *h, const cof_session *s, const cof_kb_resource *m, cof_err *err)
{
	const cof_session_verdict *v = &s->verdict;
	if (!v->affirming)
		return cof_err_set(err, COF_E_POLICY, v->reason[0] != '\0' ? v->reason : "contraindicated", "%s",
				   v->detail);
	int rc = check_still_registered(h, v, err);
	return rc < 0 ? rc : check_policy(h, s, m, err);
}

static int wrap(cof_holder *h, const cof_session *s, const char *path, cof_buf *ret, cof_err *err)
{
	COF_AUTO(cof_secret) plain = {0};
	COF_AUTO_PTR(json_t) jwk = NULL;
	int rc = cof_store_get(h->store, COF_KIND_RESOURCE, path, &plain, err);
	if (rc == 0)
		rc = cof_session_jwk(s, &jwk, err);
	return rc < 0 ? rc : cof_jwe_encrypt(jwk, cof_secret_span(&plain), ret, err);
}

static cof_record resource_record(const cof_session *s, const cof_kb_resource *m, const char *path, const char *outcome)
{
	cof_record r = cof_record_new("resource", outcome);
	cof_record_text(&r, "resource", cof_span_str(path));
	if (s != NULL) {
		cof_record_session(&r, s);
		cof_record_verdict(&r, &s->verdict);
	} else {
		cof_record_text(&r, "peer", m->peer);
	}
	return r;
}

/* An attested guest is told which PCR and event; the verdict is about its own boot. */
static void send_denial(cof_holder *h, cof_ticket to, const cof_session *s, const cof_err *why)
{
	cof_kb_reply r = {.status = cof_holder_status_of(why),
			  .variant = cof_span_str("PolicyDeny"),
			  .reason = cof_span_str(why->reason),
			  .detail = cof_span_str(why->text),
			  .pcr = COF_KB_NO_PCR};
	if (!s->verdict.affirming) {
		r.pcr = s->verdict.pcr;
		r.event = cof_span_str(s->verdict.event);
		r.expected = cof_span_str(s->verdict.expected);
		r.found = cof_span_str(s->verdict.found);
	}
	if (cof_err_is(why, "not-found")) {
		r.status = 404;
		r.variant = cof_span_str("PluginInternalError");
		r.reason = cof_span_str("resource-not-found");
	}
	if (r.status == 429 || r.status == 503) {
		r.variant = cof_span_str("PluginInternalError");
		r.retry_after = 1;
	}
	cof_holder_send(h, to, &r);
}

static void deny(cof_holder *h, cof_ticket to, const cof_session *s, cof_record *r, const cof_err *why)
{
	cof_err err = {0};
	if (s->verdict.affirming)
		cof_record_err(r, why);
	int rc = cof_store_begin(h->store, &err);
	if (rc == 0)
		rc = cof_holder_record(h, r, &err);
	if (rc < 0)
		cof_holder_refuse_as(h, to, 503, "PluginInternalError", &err);
	else
		send_denial(h, to, s, why);
}

static int release(cof_holder *h, const cof_session *s, const cof_kb_resource *m, const char *path, cof_buf *ret,
		   cof_err *err)
{
	COF_AUTO(cof_record) r = resource_record(s, m, path, "released");
	int rc = decide(h, s, m, err);
	if (rc == 0)
		rc = wrap(h, s, path, ret, err);
	if (rc == 0)
		rc = cof_store_begin(h->store, err);
	return rc < 0 ? rc : cof_holder_record(h, &r, err);
}

static void answer(cof_holder *h, cof_ticket from, const cof_session *s, const cof_kb_resource *m, const char *path)
{
	COF_AUTO(cof_buf) jwe = {0};
	cof_err err = {0};
	if (release(h, s, m, path, &jwe, &err) < 0) {
		COF_AUTO(cof_record) r = resource_record(s, m, path, "denied");
		deny(h, from, s, &r, &err);
		return;
	}
	cof_kb_reply r = {.status = 200,
			  .pcr = COF_KB_NO_PCR,
			  .content_type = cof_span_str("application/json"),
			  .body = cof_buf_span(&jwe)};
	cof_holder_send(h, from, &r);
}

void cof_holder_on_resource(cof_holder *h, cof_ticket from, const void *msg)
{
	const cof_kb_resource *m = msg;
	const cof_span part[3] = {m->repo, m->type, m->tag};
	COF_AUTO(cof_buf) path = {0};
	cof_err err = {0};
	if (cof_owner_resource_name(part, &path, &err) < 0) {
		cof_holder_refuse_as(h, from, 404, "InvalidRequestPath", &err);
		return;
	}
	const cof_session *s = attested(h, m, &err);
	if (s != NULL) {
		answer(h, from, s, m, cof_buf_str(&path));
		return;
	}
	COF_AUTO(cof_record) r = resource_record(NULL, m, cof_buf_str(&path), "refused");
	cof_holder_deny_cheap(h, from, 401, "TokenNotFound", &err, &r);
}
