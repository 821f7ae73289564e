/* SPDX-License-Identifier: Apache-2.0 */
#include "attestation/kbs/session_token.h"

#include "attestation/token/ear.h"
#include "common/hex.h"
#include "common/kbs_proto.h"

/* Borrowed by a cof_ear_in while a token is made. */
typedef struct parts {
	json_t *tee_claims;
	json_t *runtime;
	json_t *extra;
	uint8_t report_data[COF_KBSP_REPORT_LEN];
} parts;

static void parts_release(parts *p)
{
	json_decref(p->tee_claims);
	json_decref(p->runtime);
	json_decref(p->extra);
	*p = (parts){0};
}
COF_DEFINE_AUTO(parts, parts_release)

int cof_session_jwk(const cof_session *s, json_t **ret, cof_err *err)
{
	json_t *o = json_pack("{s:s, s:s, s:s, s:s, s:s}", "alg", "ECDH-ES+A256KW", "crv", "P-256", "kty", "EC", "x",
			      s->key_x, "y", s->key_y);
	if (o == NULL)
		return cof_err_oom(err);
	*ret = o;
	return 0;
}

static int make_tee_claims(const cof_session *s, json_t **ret, cof_err *err)
{
	COF_AUTO_PTR(json_t) o = json_object();
	const cof_session_verdict *v = &s->verdict;
	char key[8], hex[2 * COF_SHA256_LEN + 1];
	int rc = o != NULL ? 0 : cof_err_oom(err);
	for (unsigned i = 0; i < COF_KB_PCRS && rc == 0; i++) {
		(void)snprintf(key, sizeof key, "pcr%02u", i % 100); /* fits */
		cof_hex(cof_span_of(v->pcrs + (size_t)i * COF_SHA256_LEN, COF_SHA256_LEN), hex);
		rc = cof_json_set_str(o, key, hex, err);
	}
	if (rc == 0)
		rc = cof_json_set_str(o, "ak_name", v->ak_name, err);
	if (rc == 0)
		rc = cof_json_set_str(o, "reference", v->reference, err);
	if (rc == 0 && v->initdata[0] != '\0')
		rc = cof_json_set_str(o, "initdata_digest", v->initdata, err);
	if (rc == 0)
		*ret = cof_steal(&o);
	return rc;
}

static int make_runtime(const cof_session *s, parts *p, cof_err *err)
{
	COF_AUTO_PTR(json_t) jwk = NULL;
	int rc = cof_session_jwk(s, &jwk, err);
	if (rc == 0)
		rc = cof_kbsp_report_data(s->nonce, jwk, "", p->report_data, err);
	if (rc < 0)
		return rc;
	p->runtime = json_pack("{s:s, s:O}", "nonce", s->nonce, "tee-pubkey", jwk);
	return p->runtime != NULL ? 0 : cof_err_oom(err);
}

/* Why a verdict is not affirming, for whoever reads the token. */
static int make_extra(const cof_session *s, parts *p, cof_err *err)
{
	if (s->verdict.reason[0] == '\0')
		return 0;
	p->extra = json_pack("{s:s}", "coffer.reason", s->verdict.reason);
	return p->extra != NULL ? 0 : cof_err_oom(err);
}

static int make_in(const cof_session *s, int64_t now, parts *p, cof_ear_in *ret, cof_err *err)
{
	const cof_session_verdict *v = &s->verdict;
	int rc = make_tee_claims(s, &p->tee_claims, err);
	if (rc == 0)
		rc = make_runtime(s, p, err);
	if (rc == 0)
		rc = make_extra(s, p, err);
	if (rc < 0)
		return rc;
	*ret = (cof_ear_in){.tee = s->tee,
			    .tee_claims = p->tee_claims,
			    .report_data = cof_span_of(p->report_data, sizeof p->report_data),
			    .runtime_data = p->runtime,
			    .initdata_digest = v->initdata[0] != '\0' ? v->initdata : NULL,
			    .trust = v->trust,
			    .now = now,
			    .life = COF_SESSION_TTL_S,
			    .extra = p->extra};
	return 0;
}

int cof_session_claims(const cof_session *s, int64_t now, json_t **ret, cof_err *err)
{
	COF_AUTO(parts) p = {0};
	cof_ear_in in;
	int rc = make_in(s, now, &p, &in, err);
	return rc < 0 ? rc : cof_ear_claims(&in, ret, err);
}

int cof_session_token(const cof_session *s, EVP_PKEY *key, cof_span cert_pem, int64_t now, cof_buf *ret, cof_err *err)
{
	COF_AUTO(parts) p = {0};
	cof_ear_in in;
	int rc = make_in(s, now, &p, &in, err);
	return rc < 0 ? rc : cof_ear_issue(&in, key, cert_pem, ret, err);
}
