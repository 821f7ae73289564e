/* SPDX-License-Identifier: Apache-2.0 */
/* Entity attestation tokens as a kind of evidence. */
#include "attestation/token/eat.h"
#include "attestation/token/kind_token.h"
#include "attestation/token/kinds.h"

static int judge(const cof_verify_in *in, const cof_token_policy *p, cof_span payload, cof_verdict *v, cof_err *err)
{
	COF_AUTO_PTR(cof_cbor) claims = NULL;
	int rc = cof_token_claims(payload, v, &claims, err);
	if (rc < 0 || claims == NULL)
		return rc;
	const cof_eat_want want = {
		.profile = p->profile, .has_nonce = p->has_nonce, .nonce = cof_buf_span(&p->nonce), .now = in->now};
	cof_eat_checks(claims, &want, &v->checks);
	return cof_eat_fields(claims, &v->fields, err);
}

int cof_kind_eat_cwt(const cof_verify_in *in, cof_verdict *ret, cof_err *err)
{
	static const char *const words[] = {
		"nonce", "profile", "external_aad", "allow_untagged", "require_alg_protected", NULL};
	static const cof_token_cose_in how = {.role = "token", .is_cwt = true};
	COF_AUTO(cof_token_policy) p = {0};
	COF_AUTO(cof_cose) c = {0};
	int rc = cof_token_policy_read(in->policy, words, &p, err);
	if (rc == 0)
		rc = cof_token_cose(in, &p, &how, ret, &c, err);
	return rc < 0 || c.message == NULL ? rc : judge(in, &p, c.payload, ret, err);
}
