/* SPDX-License-Identifier: Apache-2.0 */
/* COSE_Sign1 by itself: who signed which bytes; what they mean is not asked. */
#include "attestation/token/kind_token.h"
#include "attestation/token/kinds.h"
#include "common/hex.h"
#include "common/json.h"

static int put_fields(const cof_cose *c, json_t **ret, cof_err *err)
{
	COF_AUTO_FREE char *payload = cof_hex_dup(c->payload);
	json_t *o = payload == NULL ? NULL : json_pack("{s:I, s:s}", "alg", (json_int_t)c->alg, "payload", payload);
	if (o == NULL)
		return cof_err_oom(err);
	*ret = o;
	return 0;
}

int cof_kind_cose_sign1(const cof_verify_in *in, cof_verdict *ret, cof_err *err)
{
	static const char *const words[] = {"external_aad", "allow_untagged", "require_alg_protected", NULL};
	static const cof_token_cose_in how = {.role = "cose"};
	COF_AUTO(cof_token_policy) p = {0};
	COF_AUTO(cof_cose) c = {0};
	int rc = cof_token_policy_read(in->policy, words, &p, err);
	if (rc == 0)
		rc = cof_token_cose(in, &p, &how, ret, &c, err);
	return rc < 0 || c.message == NULL ? rc : put_fields(&c, &ret->fields, err);
}
