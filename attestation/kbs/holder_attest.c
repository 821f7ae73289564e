/* SPDX-License-Identifier: Apache-2.0 */
#include "attestation/kbs/holder_int.h"
#include "attestation/kbs/session_token.h"
#include "common/hex.h"
#include "common/kbs_proto.h"

/* A job's way back to the request that caused it. The session is looked up again: it may have expired meanwhile. */
typedef struct waiter {
	cof_holder *h;
	cof_ticket to;
	char session[COF_KB_SESSION_LEN + 1];
	char peer[65];
} waiter;

static void copy_text(char *to, size_t size, cof_span s)
{
	size_t n = s.len < size ? s.len : size - 1;
	for (size_t i = 0; i < n; i++)
		to[i] = (char)(s.data[i] >= 0x20 && s.data[i] < 0x7f ? s.data[i] : '?');
	to[n] = '\0';
}

static waiter *waiter_new(cof_holder *h, cof_ticket to, const cof_session *s)
{
	waiter *w = calloc(1, sizeof *w);
	if (w == NULL)
		return NULL;
	*w = (waiter){.h = h, .to = to};
	memcpy(w->session, s->id, sizeof w->session);
	memcpy(w->peer, s->peer, sizeof w->peer);
	h->pending++;
	return w;
}

static void waiter_free(waiter *w)
{
	w->h->pending--;
	free(w);
}

static cof_session *waiter_session(const waiter *w, enum cof_session_state state)
{
	cof_session *s = cof_sessions_find(w->h->sessions, cof_holder_ms(), cof_span_str(w->session));
	return s != NULL && s->state == state ? s : NULL;
}

/* ---- challenge ---- */

static void send_challenge(cof_holder *h, cof_ticket to, const cof_session *s, const cof_kb_bound *b)
{
	cof_kb_reply r = {.status = 200,
			  .pcr = COF_KB_NO_PCR,
			  .session = cof_span_str(s->id),
			  .session_ttl = COF_SESSION_TTL_S,
			  .nonce = cof_span_str(s->nonce)};
	if (b != NULL) {
		r.credential_blob = b->credential_blob;
		r.encrypted_secret = b->encrypted_secret;
	}
	cof_holder_send(h, to, &r);
}

static int read_bound(cof_span body, const cof_err *failed, cof_kb_bound *ret, cof_err *err)
{
	if (failed != NULL) {
		*err = *failed;
		return -(int)failed->cls;
	}
	int rc = cof_kb_decode(COF_KB_BOUND, body, ret, err);
	if (rc == 0 && ret->failed != 0) {
		char reason[COF_VERDICT_WORD], detail[COF_VERDICT_TEXT];
		copy_text(reason, sizeof reason, ret->reason);
		copy_text(detail, sizeof detail, ret->detail);
		rc = cof_err_set(err, COF_E_CRYPTO, reason, "%s", detail);
	}
	return rc;
}

static void on_bound(void *arg, cof_span body, const cof_err *failed)
{
	waiter *w = arg;
	cof_holder *h = w->h;
	cof_session *s = waiter_session(w, COF_SESSION_BINDING);
	cof_kb_bound b = {0};
	cof_err err = {0};
	int rc = read_bound(body, failed, &b, &err);
	if (rc == 0 && s == NULL)
		rc = cof_err_set(&err, COF_E_CRYPTO, "no-session", "the session expired");
	if (rc == 0) {
		s->state = COF_SESSION_AUTHED;
		send_challenge(h, w->to, s, &b);
	} else {
		COF_AUTO(cof_record) r = cof_record_new("auth", "refused");
		cof_record_text(&r, "peer", cof_span_str(w->peer));
		cof_holder_deny_cheap(h, w->to, cof_holder_status_of(&err), "AttestationError", &err, &r);
		if (s != NULL)
			cof_sessions_drop(h->sessions, s);
	}
	waiter_free(w);
}

static int submit_bind(cof_holder *h, cof_ticket from, cof_session *s, const cof_kb_auth *m, cof_err *err)
{
	COF_AUTO(cof_holder_expect) e = {0};
	int rc = cof_holder_expect_load(h, &e, err);
	if (rc < 0)
		return rc;
	waiter *w = waiter_new(h, from, s);
	if (w == NULL)
		return cof_err_oom(err);
	const cof_kb_job_bind job = {.ek_cert = m->ek_cert,
				     .ek_public = m->ek_public,
				     .ak_public = m->ak_public,
				     .credential = cof_span_of(s->credential, sizeof s->credential),
				     .ek_roots = cof_buf_span(&e.roots),
				     .now = (uint64_t)cof_holder_time()};
	rc = cof_vpool_submit(h->verifiers, COF_KB_JOB_BIND, &job, on_bound, w, err);
	if (rc < 0)
		waiter_free(w);
	else
		s->state = COF_SESSION_BINDING;
	return rc;
}

static int keep_keys(cof_session *s, const cof_kb_auth *m, cof_err *err)
{
	if (m->tee.len >= sizeof s->tee || !cof_ct_equal(m->tee, cof_span_str("tpm")))
		return cof_err_set(err, COF_E_MALFORMED, "tee-unsupported", "only tpm evidence is judged here");
	copy_text(s->tee, sizeof s->tee, m->tee);
	if (!m->tpm)
		return 0;
	if (m->ak_public.len == 0 || m->ak_public.len > sizeof s->ak_public)
		return cof_err_set(err, COF_E_MALFORMED, "ak-malformed", "the AK's public area");
	memcpy(s->ak_public, m->ak_public.data, m->ak_public.len);
	s->ak_public_len = m->ak_public.len;
	s->has_credential = true;
	return 0;
}

void cof_holder_on_auth(cof_holder *h, cof_ticket from, const void *msg)
{
	const cof_kb_auth *m = msg;
	cof_session *s = NULL;
	cof_err err = {0};
	int rc = cof_sessions_open(h->sessions, cof_holder_ms(), m->peer, &s, &err);
	if (rc == 0)
		rc = keep_keys(s, m, &err);
	if (rc == 0 && m->tpm)
		rc = submit_bind(h, from, s, m, &err);
	else if (rc == 0)
		send_challenge(h, from, s, NULL);
	if (rc == 0)
		return;
	if (s != NULL)
		cof_sessions_drop(h->sessions, s);
	cof_holder_refuse(h, from, "AttestationError", &err);
}

/* ---- evidence ---- */

static void keep_verdict(cof_session *s, const cof_kb_verdict *v)
{
	cof_session_verdict *to = &s->verdict;
	to->affirming = v->affirming == 1;
	copy_text(to->reason, sizeof to->reason, v->reason);
	copy_text(to->detail, sizeof to->detail, v->detail);
	to->pcr = v->pcr < COF_KB_PCRS ? v->pcr : COF_KB_NO_PCR;
	copy_text(to->event, sizeof to->event, v->event);
	copy_text(to->expected, sizeof to->expected, v->expected);
	copy_text(to->found, sizeof to->found, v->found);
	copy_text(to->reference, sizeof to->reference, v->reference);
	cof_hex(v->initdata_digest, to->initdata);
	cof_hex(v->ak_name, to->ak_name);
	memcpy(to->pcrs, v->pcrs.data, sizeof to->pcrs);
	for (size_t i = 0; i < COF_TRUST_COUNT; i++)
		to->trust[i] = v->trust.data[i] < 128 ? (int)v->trust.data[i] : (int)v->trust.data[i] - 256;
}

/* The verifier read a stranger's bytes: its answer has a fixed shape or is no answer. */
static int read_verdict(cof_span body, const cof_err *failed, cof_kb_verdict *ret, cof_err *err)
{
	if (failed != NULL) {
		*err = *failed;
		return -(int)failed->cls;
	}
	int rc = cof_kb_decode(COF_KB_VERDICT, body, ret, err);
	if (rc < 0)
		return rc;
	if (ret->failed != 0) {
		char reason[COF_VERDICT_WORD], detail[COF_VERDICT_TEXT];
		copy_text(reason, sizeof reason, ret->reason);
		copy_text(detail, sizeof detail, ret->detail);
		return cof_err_set(err, COF_E_CRYPTO, reason, "%s", detail);
	}
	if (ret->pcrs.len != COF_KB_PCRS_LEN || ret->initdata_digest.len > COF_SHA256_LEN ||
	    ret->ak_name.len != COF_SHA256_LEN || ret->trust.len != COF_TRUST_COUNT)
		return cof_err_set(err, COF_E_INTERNAL, "verdict-malformed", "the verifier's answer");
	if (ret->affirming && (ret->reference.len == 0 || ret->initdata_digest.len != COF_SHA256_LEN))
		return cof_err_set(err, COF_E_INTERNAL, "verdict-malformed", "affirming without a reference");
	return 0;
}

static int sign(cof_holder *h, const cof_session *s, cof_buf *ret, cof_err *err)
{
	COF_AUTO(cof_secret) cert = {0};
	int rc = cof_store_get(h->store, COF_KIND_META, COF_META_TOKEN_CERT, &cert, err);
	return rc < 0 ? rc : cof_session_token(s, h->token_key, cof_secret_span(&cert), cof_holder_time(), ret, err);
}

static int finish(cof_holder *h, cof_session *s, const cof_kb_verdict *v, cof_buf *ret_token, cof_err *err)
{
	COF_AUTO(cof_record) r = cof_record_new("attest", v->affirming ? "affirming" : "contraindicated");
	keep_verdict(s, v);
	int rc = sign(h, s, ret_token, err);
	if (rc == 0)
		rc = cof_sha256(cof_buf_span(ret_token), s->token_hash, err);
	if (rc == 0)
		rc = cof_store_begin(h->store, err);
	cof_record_session(&r, s);
	cof_record_verdict(&r, &s->verdict);
	cof_holder_record_source(h, s->verdict.reference, &r);
	if (rc == 0)
		rc = cof_holder_record(h, &r, err);
	if (rc == 0)
		s->state = COF_SESSION_ATTESTED;
	return rc;
}

static void deny_attest(cof_holder *h, cof_ticket to, cof_session *s, const cof_err *why)
{
	COF_AUTO(cof_record) r = cof_record_new("attest", "refused");
	if (s != NULL)
		cof_record_session(&r, s);
	cof_holder_deny_cheap(h, to, cof_holder_status_of(why), "AttestationError", why, &r);
}

static void on_verdict(void *arg, cof_span body, const cof_err *failed)
{
	waiter *w = arg;
	cof_holder *h = w->h;
	cof_session *s = waiter_session(w, COF_SESSION_ATTESTING);
	COF_AUTO(cof_buf) token = {0};
	cof_kb_verdict v = {0};
	cof_err err = {0};
	int rc = read_verdict(body, failed, &v, &err);
	if (rc == 0 && s == NULL)
		rc = cof_err_set(&err, COF_E_CRYPTO, "no-session", "the session expired");
	if (rc == 0)
		rc = finish(h, s, &v, &token, &err);
	if (rc == 0) {
		cof_kb_reply r = {.status = 200,
				  .pcr = COF_KB_NO_PCR,
				  .token = cof_buf_span(&token),
				  .session = cof_span_str(s->id),
				  .session_ttl = (uint32_t)((s->deadline_ms - cof_holder_ms()) / 1000)};
		cof_holder_send(h, w->to, &r);
	} else {
		deny_attest(h, w->to, s, &err);
		if (s != NULL)
			cof_sessions_drop(h->sessions, s);
	}
	waiter_free(w);
}

/* What the quote must carry: the nonce that we gave and the key that we shall answer to. */
static int report_data(const cof_session *s, uint8_t out[COF_KBSP_REPORT_LEN], cof_err *err)
{
	COF_AUTO_PTR(json_t) jwk = NULL;
	int rc = cof_session_jwk(s, &jwk, err);
	return rc < 0 ? rc : cof_kbsp_report_data(s->nonce, jwk, "", out, err);
}

static int keep_key(cof_session *s, const cof_kb_attest *m, cof_err *err)
{
	if (m->key_x.len >= sizeof s->key_x || m->key_y.len >= sizeof s->key_y)
		return cof_err_set(err, COF_E_MALFORMED, "jwk-malformed", "the guest's key");
	copy_text(s->key_x, sizeof s->key_x, m->key_x);
	copy_text(s->key_y, sizeof s->key_y, m->key_y);
	return 0;
}

static int submit_verify(cof_holder *h, cof_ticket from, cof_session *s, const cof_kb_attest *m, cof_err *err)
{
	COF_AUTO(cof_holder_expect) e = {0};
	uint8_t rd[COF_KBSP_REPORT_LEN];
	int rc = keep_key(s, m, err);
	if (rc == 0)
		rc = report_data(s, rd, err);
	if (rc == 0)
		rc = cof_holder_expect_load(h, &e, err);
	if (rc < 0)
		return rc;
	waiter *w = waiter_new(h, from, s);
	if (w == NULL)
		return cof_err_oom(err);
	const cof_kb_job_verify job = {
		.report_data = cof_span_of(rd, COF_KBSP_REPORT_TPM_LEN),
		.credential = cof_span_of(s->credential, s->has_credential ? sizeof s->credential : 0),
		.ak_public = cof_span_of(s->ak_public, s->ak_public_len),
		.ek_roots = cof_buf_span(&e.roots),
		.references = cof_buf_span(&e.references),
		.initdata_digests = cof_buf_span(&e.digests),
		.has_initdata = m->has_initdata,
		.initdata = m->initdata,
		.evidence = m->evidence,
		.now = (uint64_t)cof_holder_time(),
	};
	rc = cof_vpool_submit(h->verifiers, COF_KB_JOB_VERIFY, &job, on_verdict, w, err);
	if (rc < 0)
		waiter_free(w);
	return rc;
}

void cof_holder_on_attest(cof_holder *h, cof_ticket from, const void *msg)
{
	const cof_kb_attest *m = msg;
	cof_session *s = cof_sessions_find(h->sessions, cof_holder_ms(), m->session);
	cof_err err = {0};
	int rc = s != NULL ? cof_session_use_nonce(s, m->nonce, &err)
			   : cof_err_set(&err, COF_E_CRYPTO, "no-session", "no such session");
	bool ours = rc == 0; /* the challenge was this session's and fresh */
	if (rc == 0)
		rc = submit_verify(h, from, s, m, &err);
	if (rc == 0)
		return;
	if (ours && err.cls == COF_E_UNAVAILABLE) {
		s->state = COF_SESSION_AUTHED; /* nobody looked at the evidence: it may be sent again */
		cof_holder_refuse(h, from, "AttestationError", &err);
		return;
	}
	deny_attest(h, from, s, &err);
	if (s != NULL && s->state == COF_SESSION_ATTESTING && (ours || cof_err_is(&err, "nonce-mismatch")))
		cof_sessions_drop(h->sessions, s);
}
