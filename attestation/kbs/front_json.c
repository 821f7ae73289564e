/* SPDX-License-Identifier: Apache-2.0 */
#include "attestation/kbs/front_json.h"

#include "common/jwe.h"

void cof_front_body_release(cof_front_body *b)
{
	cof_kbsp_request_release(&b->request);
	cof_kbsp_tpm_keys_release(&b->keys);
	cof_kbsp_attest_release(&b->attest);
	cof_buf_release(&b->evidence);
}

int cof_front_parse_auth(cof_span in, cof_front_body *keep, cof_kb_auth *ret, cof_err *err)
{
	bool tpm = false;
	int rc = cof_kbsp_request_parse(in, &keep->request, err);
	if (rc == 0)
		rc = cof_kbsp_tpm_keys_parse(keep->request.extra, &keep->keys, &tpm, err);
	if (rc < 0)
		return rc;
	*ret = (cof_kb_auth){.tee = cof_span_str(keep->request.tee), .tpm = tpm};
	if (tpm) {
		ret->ek_cert = cof_buf_span(&keep->keys.ek_cert);
		ret->ek_public = cof_buf_span(&keep->keys.ek_public);
		ret->ak_public = cof_buf_span(&keep->keys.ak_public);
	}
	return 0;
}

static int member(const json_t *o, const char *key, cof_span *ret, cof_err *err)
{
	const char *s = NULL;
	int rc = cof_json_str(o, key, &s, err);
	if (rc == 0)
		*ret = cof_span_str(s);
	return rc;
}

/* A TPM guest has no further devices; what the verifier would not look at must not come along. */
static int check_additional(const cof_kbsp_attest *a, cof_err *err)
{
	if (a->additional[0] == '\0')
		return 0;
	return cof_err_set(err, COF_E_MALFORMED, "additional-evidence-unsupported", "evidence of further devices");
}

int cof_front_parse_attest(cof_span in, cof_front_body *keep, cof_kb_attest *ret, cof_err *err)
{
	cof_kb_attest m = {0};
	const cof_kbsp_attest *a = &keep->attest;
	int rc = cof_kbsp_attest_parse(in, &keep->attest, err);
	if (rc == 0)
		rc = check_additional(a, err);
	if (rc == 0)
		rc = cof_jwe_check_jwk(a->tee_pubkey, err);
	if (rc == 0)
		rc = member(a->tee_pubkey, "x", &m.key_x, err);
	if (rc == 0)
		rc = member(a->tee_pubkey, "y", &m.key_y, err);
	if (rc == 0)
		rc = cof_json_dump(a->evidence, &keep->evidence, err);
	if (rc < 0)
		return rc;
	m.nonce = cof_span_str(a->nonce);
	m.has_initdata = a->initdata != NULL;
	if (a->initdata != NULL)
		m.initdata = cof_span_str(a->initdata);
	m.evidence = cof_buf_span(&keep->evidence);
	*ret = m;
	return 0;
}

cof_span cof_front_cookie(const char *header, const char *name)
{
	cof_span found = {0};
	size_t n = strlen(name);
	for (const char *at = header != NULL ? header : ""; *at != '\0';) {
		at += strspn(at, "; \t");
		size_t len = strcspn(at, ";");
		if (len > n && strncmp(at, name, n) == 0 && at[n] == '=') {
			if (found.data != NULL)
				return (cof_span){0}; /* two values: whose? */
			found = cof_span_of(at + n + 1, strcspn(at + n + 1, "; \t"));
		}
		at += len;
	}
	return found;
}

cof_span cof_front_bearer(const char *header)
{
	static const char scheme[] = "Bearer ";
	if (header == NULL || strncasecmp(header, scheme, sizeof scheme - 1) != 0)
		return (cof_span){0};
	const char *token = header + sizeof scheme - 1;
	size_t len = strcspn(token, " \t,;");
	return token[len] == '\0' ? cof_span_of(token, len) : (cof_span){0};
}

int cof_front_write_challenge(const cof_kb_reply *r, cof_buf *ret, cof_err *err)
{
	COF_AUTO(cof_kbsp_tpm_cred) cred = {0};
	COF_AUTO_PTR(json_t) extra = NULL;
	COF_AUTO_FREE char *nonce = cof_span_dup_str(r->nonce);
	int rc = nonce != NULL ? 0 : cof_err_oom(err);
	if (rc == 0 && r->credential_blob.len > 0) {
		rc = cof_buf_add(&cred.credential_blob, r->credential_blob.data, r->credential_blob.len, err);
		if (rc == 0)
			rc = cof_buf_add(&cred.encrypted_secret, r->encrypted_secret.data, r->encrypted_secret.len,
					 err);
		if (rc == 0)
			rc = cof_kbsp_tpm_cred_make(&cred, &extra, err);
	}
	return rc < 0 ? rc : cof_kbsp_challenge_make(nonce, extra, ret, err);
}

int cof_front_write_token(const cof_kb_reply *r, cof_buf *ret, cof_err *err)
{
	COF_AUTO_FREE char *jwt = cof_span_dup_str(r->token);
	return jwt != NULL ? cof_kbsp_token_make(jwt, ret, err) : cof_err_oom(err);
}

static void copy(char *to, size_t size, cof_span s)
{
	size_t n = s.len < size ? s.len : size - 1;
	if (n > 0)
		memcpy(to, s.data, n);
	to[n] = '\0';
}

int cof_front_write_error(const cof_kb_reply *r, cof_buf *ret, cof_err *err)
{
	cof_kbsp_refusal why = {.pcr = r->pcr <= INT32_MAX ? (int)r->pcr : -1};
	copy(why.variant, sizeof why.variant, r->variant);
	copy(why.detail, sizeof why.detail, r->detail);
	copy(why.reason, sizeof why.reason, r->reason);
	copy(why.event, sizeof why.event, r->event);
	copy(why.expected, sizeof why.expected, r->expected);
	copy(why.found, sizeof why.found, r->found);
	return cof_kbsp_error_make(&why, ret, err);
}
