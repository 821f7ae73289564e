/* SPDX-License-Identifier: Apache-2.0 */
#include "attestation/token/result.h"

#include <stdio.h>

#include "attestation/token/ear.h"
#include "attestation/verify/trust.h"
#include "common/digest.h"
#include "common/hex.h"
#include "common/jwe.h"
#include "common/kbs_proto.h"
#include "common/secret.h"

enum { REPORT_DATA_LEN = 64, POLICY_ID_MAX = 112 };

/* How a kind answers a challenge: the policy's word and its check, and where the bytes are among the fields. */
typedef struct answer {
	const char *kind;
	const char *tee;  /* the name that the key broker protocol has for it */
	const char *word; /* hex */
	const char *check;
	const char *within; /* the member of fields that holds report_data; NULL: fields itself */
	bool has_report_data;
} answer;

static const answer answers[] = {
	{"snp-report", "snp", "report_data", "report-data", NULL, true},
	{"corim-appraisal", "snp", "report_data", "report-data", NULL, true},
	{"tdx-quote", "tdx", "report_data", "report-data", "td", true},
	{"tpm-quote", "tpm", "nonce", "nonce", NULL, false},
	{"azure-hcl", "az", "nonce", "nonce", NULL, false},
	{"eat-cwt", "eat", "nonce", "token-nonce", NULL, false},
};

static const answer *answer_of(const cof_kind *kind)
{
	for (size_t i = 0; i < COF_COUNT(answers); i++) {
		if (strcmp(answers[i].kind, kind->name) == 0)
			return &answers[i];
	}
	return NULL;
}

/* ---- the guest's key ---- */

static int bad_runtime(cof_err *err, const char *what)
{
	return cof_err_set(err, COF_E_USAGE, "runtime-data", "%s", what);
}

/* What the report data say; false where the evidence did not decode. */
static bool report_data_of(const answer *a, const json_t *fields, uint8_t out[REPORT_DATA_LEN])
{
	const json_t *o = a->within != NULL ? json_object_get(fields, a->within) : fields;
	const char *hex = json_string_value(json_object_get(o, "report_data"));
	return hex != NULL && cof_unhex(hex, out, REPORT_DATA_LEN, NULL) == 0;
}

static bool begins_with(const uint8_t report_data[REPORT_DATA_LEN], const cof_digest *d)
{
	uint8_t want[REPORT_DATA_LEN] = {0};
	cof_span digest = cof_digest_span(d);
	memcpy(want, digest.data, digest.len);
	return cof_ct_equal(cof_span_of(report_data, REPORT_DATA_LEN), cof_span_of(want, sizeof want));
}

/* spec: KBS protocol, report data; without further devices */
static int bound_by_protocol(const json_t *runtime, const uint8_t report_data[REPORT_DATA_LEN], bool *ret, cof_err *err)
{
	static const char *const known[] = {"nonce", "tee-pubkey", NULL};
	cof_digest d = {.alg = COF_SHA384};
	const char *nonce = NULL;
	const json_t *jwk = json_object_get(runtime, "tee-pubkey");
	if (cof_json_only(runtime, known, NULL) < 0 || cof_json_str(runtime, "nonce", &nonce, NULL) < 0)
		return bad_runtime(err, "runtime data have a nonce and a tee-pubkey, and nothing else");
	int rc = cof_jwe_check_jwk(jwk, err);
	if (rc == 0)
		rc = cof_kbsp_report_data(nonce, jwk, "", d.bytes, err);
	if (rc == 0)
		*ret = begins_with(report_data, &d);
	return rc;
}

/* spec: RFC 7638, 3.1: crv, kty, x and y alone */
static int bound_by_thumbprint(const json_t *jwk, const uint8_t report_data[REPORT_DATA_LEN], bool *ret, cof_err *err)
{
	static const cof_hash algs[] = {COF_SHA256, COF_SHA384, COF_SHA512};
	COF_AUTO(cof_buf) text = {0};
	int rc = cof_jwe_check_jwk(jwk, err);
	if (rc < 0)
		return rc;
	COF_AUTO_PTR(json_t) bare = json_copy((json_t *)(uintptr_t)jwk);
	if (bare == NULL)
		return cof_err_oom(err);
	(void)json_object_del(bare, "alg");
	rc = cof_json_canonical(bare, &text, err);
	*ret = false;
	for (size_t i = 0; rc == 0 && i < COF_COUNT(algs); i++) {
		cof_digest d = {0};
		rc = cof_digest_of(algs[i], cof_buf_span(&text), &d, err);
		*ret = *ret || (rc == 0 && begins_with(report_data, &d));
	}
	return rc;
}

int cof_result_bind(const cof_kind *kind, const json_t *runtime, cof_verdict *v, cof_err *err)
{
	uint8_t report_data[REPORT_DATA_LEN] = {0};
	const answer *a = answer_of(kind);
	bool bound = false;
	if (a == NULL || !a->has_report_data)
		return cof_err_set(err, COF_E_USAGE, "key-binding", "%s has no report data for a key", kind->name);
	if (!json_is_object(runtime))
		return bad_runtime(err, "neither runtime data nor one JWK");
	bool has_data = report_data_of(a, v->fields, report_data);
	int rc = json_object_get(runtime, "kty") != NULL ? bound_by_thumbprint(runtime, report_data, &bound, err)
							 : bound_by_protocol(runtime, report_data, &bound, err);
	if (rc < 0)
		return rc;
	(void)cof_check_text(&v->checks, COF_STAGE_FRESHNESS, "key-binding", has_data && bound,
			     "report data that hold the digest of the key", NULL);
	v->accepted = v->accepted && cof_checks_passed(&v->checks);
	return 0;
}

/* ---- the result ---- */

/* What the EAR borrows while it is made. */
typedef struct parts {
	cof_trust_said said;
	cof_buf nonce;
	char policy_id[POLICY_ID_MAX];
	json_t *runtime, *extra;
	uint8_t report_data[REPORT_DATA_LEN];
} parts;

static void parts_release(parts *p)
{
	cof_buf_release(&p->nonce);
	json_decref(p->runtime);
	json_decref(p->extra);
}
COF_DEFINE_AUTO(parts, parts_release)

/* By its digest: whoever has the policy can tell that it was this one. */
static int name_policy(const cof_result_in *in, parts *p, cof_err *err)
{
	COF_AUTO(cof_buf) text = {0};
	uint8_t digest[COF_SHA256_LEN];
	char hex[2 * COF_SHA256_LEN + 1];
	(void)snprintf(p->policy_id, sizeof p->policy_id, "%.32s/default", in->kind->name);
	if (in->policy == NULL || json_object_size(in->policy) == 0)
		return 0;
	int rc = cof_json_canonical(in->policy, &text, err);
	if (rc == 0)
		rc = cof_sha256(cof_buf_span(&text), digest, err);
	if (rc < 0)
		return rc;
	cof_hex(cof_span_of(digest, sizeof digest), hex);
	(void)snprintf(p->policy_id, sizeof p->policy_id, "%.32s/sha-256:%s", in->kind->name, hex);
	return 0;
}

static bool passed(const cof_checks *c, const char *name)
{
	for (size_t i = 0; i < c->n; i++) {
		if (strcmp(c->list[i].name, name) == 0)
			return c->list[i].passed;
	}
	return false;
}

/* The challenge, where the policy has one and the evidence answers it. */
static int find_nonce(const cof_result_in *in, const answer *a, parts *p, cof_err *err)
{
	const json_t *v = json_object_get(in->policy, a->word);
	size_t len = json_string_length(v) / 2;
	if (!json_is_string(v) || !passed(&in->verdict->checks, a->check) || len < COF_EAR_NONCE_MIN ||
	    len > COF_EAR_NONCE_MAX)
		return 0;
	int rc = cof_buf_reserve(&p->nonce, len, err);
	if (rc == 0)
		rc = cof_unhex(json_string_value(v), p->nonce.data, len, err);
	p->nonce.len = rc == 0 ? len : 0;
	return rc;
}

static int say_why(const cof_verdict *v, parts *p, cof_err *err)
{
	static const cof_check none = {.stage = COF_STAGE_POLICY};
	const cof_check *first = v->checks.failed > 0 ? &v->checks.list[v->checks.first] : &none;
	const char *reason = cof_verdict_reason(v);
	p->extra = json_pack("{s:s, s:s, s:s, s:s}", "coffer.reason", reason != NULL ? reason : "nothing-checked",
			     "coffer.stage", cof_stage_name(first->stage), "coffer.expected", first->expected,
			     "coffer.found", first->found);
	return p->extra != NULL ? 0 : cof_err_oom(err);
}

static int find_runtime(const cof_result_in *in, parts *p, cof_err *err)
{
	/* A key that nothing binds to the evidence is nobody's. */
	if (in->runtime == NULL || !passed(&in->verdict->checks, "key-binding"))
		return 0;
	p->runtime = json_object_get(in->runtime, "kty") != NULL
			     ? json_pack("{s:O}", "tee-pubkey", (json_t *)(uintptr_t)in->runtime)
			     : json_incref((json_t *)(uintptr_t)in->runtime);
	return p->runtime != NULL ? 0 : cof_err_oom(err);
}

/* Fields of a megabyte would make a token that no reader takes. */
static int is_small(const json_t *fields, bool *ret, cof_err *err)
{
	COF_AUTO(cof_buf) text = {0};
	int rc = fields != NULL ? cof_json_dump(fields, &text, err) : 0;
	*ret = rc == 0 && text.len <= COF_RESULT_FIELDS_MAX;
	return rc;
}

static int add_evidence(const cof_result_in *in, const answer *a, parts *p, cof_ear_in *ear, cof_err *err)
{
	bool small = false;
	int rc = is_small(in->verdict->fields, &small, err);
	if (rc == 0)
		rc = find_runtime(in, p, err);
	if (rc < 0)
		return rc;
	if (small)
		ear->tee_claims = in->verdict->fields;
	else
		p->extra = json_pack("{s:s}", "coffer.evidence", "too-large");
	ear->runtime_data = p->runtime;
	if (a->has_report_data && report_data_of(a, in->verdict->fields, p->report_data))
		ear->report_data = cof_span_of(p->report_data, sizeof p->report_data);
	return small || p->extra != NULL ? 0 : cof_err_oom(err);
}

static int make_ear(const cof_result_in *in, parts *p, cof_ear_in *ret, cof_err *err)
{
	const answer *a = answer_of(in->kind);
	int rc = cof_trust_of(in->kind, in->verdict, &p->said, err);
	if (rc == 0 && a == NULL)
		rc = cof_err_set(err, COF_E_USAGE, "no-result", "%s judges no attester", in->kind->name);
	if (rc == 0)
		rc = name_policy(in, p, err);
	if (rc == 0)
		rc = find_nonce(in, a, p, err);
	if (rc < 0)
		return rc;
	*ret = (cof_ear_in){.profile = in->profile != NULL ? in->profile : COF_EAR_PROFILE_IETF,
			    .issuer = "coffer",
			    .tee = a->tee,
			    .nonce = cof_buf_span(&p->nonce),
			    .policy_id = p->policy_id,
			    .trust = p->said.vector,
			    .status = &p->said.status,
			    .now = in->now,
			    .life = in->life,
			    .audience = in->audience};
	rc = in->verdict->accepted ? add_evidence(in, a, p, ret, err) : say_why(in->verdict, p, err);
	ret->extra = p->extra;
	return rc;
}

int cof_result_jwt(const cof_result_in *in, EVP_PKEY *key, cof_buf *ret, cof_err *err)
{
	COF_AUTO(parts) p = {0};
	cof_ear_in ear;
	int rc = make_ear(in, &p, &ear, err);
	return rc < 0 ? rc : cof_ear_issue(&ear, key, (cof_span){0}, ret, err);
}

int cof_result_cwt(const cof_result_in *in, EVP_PKEY *key, cof_buf *ret, cof_err *err)
{
	COF_AUTO(parts) p = {0};
	cof_ear_in ear;
	int rc = make_ear(in, &p, &ear, err);
	return rc < 0 ? rc : cof_ear_issue_cwt(&ear, key, ret, err);
}
