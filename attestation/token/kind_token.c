/* SPDX-License-Identifier: Apache-2.0 */
#include "attestation/token/kind_token.h"

#include "attestation/token/jwk.h"
#include "common/hex.h"
#include "common/json.h"

#include <stdio.h>

void cof_token_policy_release(cof_token_policy *p)
{
	cof_buf_release(&p->nonce);
	cof_buf_release(&p->aad);
	*p = (cof_token_policy){0};
}

/* ---- policy words ---- */

static int bad_word(cof_err *err, const char *word)
{
	return cof_err_set(err, COF_E_USAGE, "policy-word", "%s: not of the type, or too long", word);
}

static int read_hex(const json_t *v, const char *word, size_t max, cof_buf *ret, cof_err *err)
{
	size_t len = json_string_length(v) / 2;
	if (!json_is_string(v) || json_string_length(v) % 2 != 0 || len > max)
		return bad_word(err, word);
	int rc = cof_buf_reserve(ret, len, err);
	if (rc < 0)
		return rc;
	if (cof_unhex(json_string_value(v), ret->data, len, NULL) < 0)
		return bad_word(err, word);
	ret->len = len;
	return 0;
}

static int read_nonce(const json_t *v, cof_token_policy *p, cof_err *err)
{
	p->has_nonce = true;
	int rc = read_hex(v, "nonce", COF_TOKEN_NONCE_MAX, &p->nonce, err);
	return rc == 0 && p->nonce.len == 0 ? bad_word(err, "nonce") : rc;
}

static int read_aad(const json_t *v, cof_token_policy *p, cof_err *err)
{
	return read_hex(v, "external_aad", COF_TOKEN_AAD_MAX, &p->aad, err);
}

static int read_profile(const json_t *v, cof_token_policy *p, cof_err *err)
{
	p->profile = json_string_value(v);
	return p->profile != NULL ? 0 : bad_word(err, "profile");
}

static int read_audience(const json_t *v, cof_token_policy *p, cof_err *err)
{
	p->audience = json_string_value(v);
	return p->audience != NULL ? 0 : bad_word(err, "audience");
}

static int read_untagged(const json_t *v, cof_token_policy *p, cof_err *err)
{
	p->allow_untagged = json_is_true(v);
	return json_is_boolean(v) ? 0 : bad_word(err, "allow_untagged");
}

/* There is no other way to read them, so nobody can ask for one. */
static int read_protected(const json_t *v, cof_token_policy *p, cof_err *err)
{
	(void)p;
	return json_is_true(v) ? 0
			       : cof_err_set(err, COF_E_USAGE, "policy-word",
					     "require_alg_protected: the algorithm is protected, always");
}

static const struct {
	const char *word;
	int (*read)(const json_t *v, cof_token_policy *p, cof_err *err);
} readers[] = {
	{"nonce", read_nonce},	    {"profile", read_profile},	       {"audience", read_audience},
	{"external_aad", read_aad}, {"allow_untagged", read_untagged}, {"require_alg_protected", read_protected},
};

int cof_token_policy_read(const json_t *policy, const char *const *words, cof_token_policy *ret, cof_err *err)
{
	COF_AUTO(cof_token_policy) p = {0};
	cof_err why = {0};
	int rc = 0;
	if (policy != NULL && (!json_is_object(policy) || cof_json_only(policy, words, &why) < 0))
		return cof_err_set(err, COF_E_USAGE, "policy-word", "%s",
				   json_is_object(policy) ? why.text : "a policy is an object");
	for (size_t i = 0; rc == 0 && i < COF_COUNT(readers); i++) {
		const json_t *v = json_object_get(policy, readers[i].word);
		if (v != NULL)
			rc = readers[i].read(v, &p, err);
	}
	if (rc < 0)
		return rc;
	*ret = p;
	p = (cof_token_policy){0};
	return 0;
}

/* ---- what was signed ---- */

int cof_token_refuse(cof_checks *c, cof_stage stage, const cof_err *why, cof_err *err)
{
	if (why->cls != COF_E_MALFORMED && why->cls != COF_E_CRYPTO && why->cls != COF_E_POLICY)
		return cof_err_set(err, why->cls, why->reason, "%s", why->text);
	(void)cof_check_error(c, stage, why);
	return 0;
}

int cof_token_key(const cof_verify_in *in, cof_verdict *v, EVP_PKEY **ret, cof_err *err)
{
	cof_err why = {0};
	if (cof_jwk_parse(cof_role(in, "key"), ret, &why) < 0)
		return cof_token_refuse(&v->checks, COF_STAGE_PARSE, &why, err);
	(void)cof_check_that(&v->checks, COF_STAGE_PARSE, "jwk-malformed", true);
	return 0;
}

int cof_token_keys(const cof_verify_in *in, cof_verdict *v, cof_jwks *ret, cof_err *err)
{
	cof_err why = {0};
	if (cof_jwks_parse(cof_role(in, "key"), ret, &why) < 0)
		return cof_token_refuse(&v->checks, COF_STAGE_PARSE, &why, err);
	(void)cof_check_that(&v->checks, COF_STAGE_PARSE, "jwk-malformed", true);
	return 0;
}

/* Every key of a set is tried that the algorithm is for: one whose signature holds is the signer, whatever name the
 * message gives. */
int cof_token_cose(const cof_verify_in *in, const cof_token_policy *p, const cof_token_cose_in *how, cof_verdict *v,
		   cof_cose *ret, cof_err *err)
{
	COF_AUTO(cof_jwks) set = {0};
	cof_err why = {0};
	int rc = cof_token_keys(in, v, &set, err);
	if (rc < 0 || set.n == 0)
		return rc;
	const cof_cose_in cose = {.message = cof_role(in, how->role),
				  .keys = set.keys,
				  .n_keys = set.n,
				  .aad = cof_buf_span(&p->aad),
				  .has_detached = cof_role_given(in, "detached_payload"),
				  .detached = cof_role(in, "detached_payload"),
				  .allow_untagged = p->allow_untagged,
				  .allow_cwt_tag = how->is_cwt};
	if (cof_cose_verify(&cose, ret, &why) < 0)
		return cof_token_refuse(&v->checks, why.cls == COF_E_CRYPTO ? COF_STAGE_SIGNATURE : COF_STAGE_PARSE,
					&why, err);
	(void)cof_check_that(&v->checks, COF_STAGE_PARSE, "cose-malformed", true);
	(void)cof_check_that(&v->checks, COF_STAGE_SIGNATURE, "cose-signature", true);
	return 0;
}

int cof_token_claims(cof_span payload, cof_verdict *v, cof_cbor **ret, cof_err *err)
{
	COF_AUTO_PTR(cof_cbor) claims = NULL;
	cof_err why = {0};
	size_t n = 0;
	if (cof_cbor_load_floats(payload, &claims, &why) < 0)
		return cof_token_refuse(&v->checks, COF_STAGE_PARSE, &why, err);
	if (cof_check_that(&v->checks, COF_STAGE_PARSE, "cwt-malformed", cof_cbor_map(claims, &n)))
		*ret = cof_steal(&claims);
	return 0;
}
