/* SPDX-License-Identifier: Apache-2.0 */
/* Attestation results as kinds of evidence: one list of checks for JWT, CWT and bare claims. */
#include "attestation/token/ear.h"
#include "attestation/token/ear_cbor.h"
#include "attestation/token/jws.h"
#include "attestation/token/kind_token.h"
#include "attestation/token/kinds.h"
#include "common/hex.h"
#include "common/rd.h"

enum { CLAIMS_MAX = 256 << 10, CBOR_MAJOR_MAP = 5 };

/* Any profile that is known, where the policy names none; a CBOR token has the draft's alone. */
static int judge(const cof_verify_in *in, const cof_token_policy *p, const json_t *claims, cof_verdict *v, cof_err *err)
{
	COF_AUTO_FREE char *nonce = p->has_nonce ? cof_b64url_dup(cof_buf_span(&p->nonce)) : NULL;
	if (p->has_nonce && nonce == NULL)
		return cof_err_oom(err);
	const char *own = json_string_value(json_object_get(claims, "eat_profile"));
	const cof_ear_want want = {.profile = p->profile != NULL ? p->profile : own,
				   .audience = p->audience,
				   .nonce = nonce,
				   .now = in->now};
	cof_ear_checks(claims, &want, &v->checks);
	return cof_ear_fields(claims, &v->fields, err);
}

/* ---- JWT ---- */

static const char *const jwt_words[] = {"nonce", "profile", "audience", NULL};

/* Of a set, the key that the token names: a hint among those that are believed. */
static int choose(const cof_jwks *set, cof_span token, cof_verdict *v, EVP_PKEY **ret, cof_err *err)
{
	COF_AUTO_FREE char *kid = NULL;
	cof_err why = {0};
	int rc = cof_jws_kid(token, &kid, err);
	if (rc < 0)
		return rc;
	if (cof_jwks_choose(set, kid, ret, &why) < 0)
		return cof_token_refuse(&v->checks, COF_STAGE_SIGNATURE, &why, err);
	return 0;
}

static int verify_jwt(const cof_verify_in *in, cof_verdict *v, json_t **ret_claims, cof_err *err)
{
	COF_AUTO(cof_jwks) set = {0};
	EVP_PKEY *key = NULL;
	cof_err why = {0};
	int rc = cof_token_keys(in, v, &set, err);
	if (rc == 0 && set.n > 0)
		rc = choose(&set, cof_role(in, "token"), v, &key, err);
	if (rc < 0 || key == NULL)
		return rc;
	if (cof_jws_verify(cof_role(in, "token"), key, NULL, ret_claims, &why) < 0)
		return cof_token_refuse(&v->checks,
					cof_err_is(&why, "token-signature") ? COF_STAGE_SIGNATURE : COF_STAGE_PARSE,
					&why, err);
	(void)cof_check_that(&v->checks, COF_STAGE_PARSE, "token-malformed", true);
	(void)cof_check_that(&v->checks, COF_STAGE_PARSE, "token-algorithm", true);
	(void)cof_check_that(&v->checks, COF_STAGE_SIGNATURE, "token-signature", true);
	return 0;
}

int cof_kind_ear_jwt(const cof_verify_in *in, cof_verdict *ret, cof_err *err)
{
	COF_AUTO(cof_token_policy) p = {0};
	COF_AUTO_PTR(json_t) claims = NULL;
	int rc = cof_token_policy_read(in->policy, jwt_words, &p, err);
	if (rc == 0)
		rc = verify_jwt(in, ret, &claims, err);
	return rc < 0 || claims == NULL ? rc : judge(in, &p, claims, ret, err);
}

/* ---- CWT ---- */

static const char *const cwt_words[] = {
	"nonce", "profile", "audience", "external_aad", "allow_untagged", "require_alg_protected", NULL};

/* The draft's CBOR claims under the draft's JSON names. */
static int translate(const cof_cbor *map, cof_verdict *v, json_t **ret, cof_err *err)
{
	cof_err why = {0};
	if (cof_ear_from_cbor(map, ret, &why) < 0)
		return cof_token_refuse(&v->checks, COF_STAGE_CLAIMS, &why, err);
	(void)cof_check_that(&v->checks, COF_STAGE_CLAIMS, "cwt-claim", true);
	return 0;
}

int cof_kind_ear_cwt(const cof_verify_in *in, cof_verdict *ret, cof_err *err)
{
	static const cof_token_cose_in how = {.role = "token", .is_cwt = true};
	COF_AUTO(cof_token_policy) p = {0};
	COF_AUTO(cof_cose) c = {0};
	COF_AUTO_PTR(cof_cbor) map = NULL;
	COF_AUTO_PTR(json_t) claims = NULL;
	int rc = cof_token_policy_read(in->policy, cwt_words, &p, err);
	if (rc == 0)
		rc = cof_token_cose(in, &p, &how, ret, &c, err);
	if (rc == 0 && c.message != NULL)
		rc = cof_token_claims(c.payload, ret, &map, err);
	if (rc == 0 && map != NULL)
		rc = translate(map, ret, &claims, err);
	return rc < 0 || claims == NULL ? rc : judge(in, &p, claims, ret, err);
}

/* ---- claims alone ---- */

static int load_json(cof_span in, cof_verdict *v, json_t **ret, cof_err *err)
{
	COF_AUTO_PTR(json_t) claims = NULL;
	cof_err why = {0};
	if (cof_json_parse(in, &claims, &why) < 0)
		return cof_token_refuse(&v->checks, COF_STAGE_PARSE, &why, err);
	if (cof_check_that(&v->checks, COF_STAGE_PARSE, "ear-malformed", json_is_object(claims)))
		*ret = cof_steal(&claims);
	return 0;
}

static int load_cbor(cof_span in, cof_verdict *v, json_t **ret, cof_err *err)
{
	COF_AUTO_PTR(cof_cbor) map = NULL;
	int rc = cof_token_claims(in, v, &map, err);
	return rc < 0 || map == NULL ? rc : translate(map, v, ret, err);
}

int cof_kind_ear_claims(const cof_verify_in *in, cof_verdict *ret, cof_err *err)
{
	static const char *const words[] = {NULL};
	COF_AUTO(cof_token_policy) p = {0};
	COF_AUTO_PTR(json_t) claims = NULL;
	cof_span bytes = cof_role(in, "claims");
	cof_rd r = cof_rd_of(bytes);
	int rc = cof_token_policy_read(in->policy, words, &p, err);
	ret->decoded_only = true;
	if (rc < 0)
		return rc;
	if (!cof_check_that(&ret->checks, COF_STAGE_PARSE, "token-too-large", bytes.len <= CLAIMS_MAX))
		return 0;
	/* No JSON begins like a map of CBOR. */
	bool is_cbor = cof_rd_u8(&r) >> 5 == CBOR_MAJOR_MAP;
	rc = is_cbor ? load_cbor(bytes, ret, &claims, err) : load_json(bytes, ret, &claims, err);
	if (rc < 0 || claims == NULL)
		return rc;
	cof_ear_checks(claims, NULL, &ret->checks);
	return cof_ear_fields(claims, &ret->fields, err);
}
