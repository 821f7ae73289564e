/* SPDX-License-Identifier: Apache-2.0 */
/* CoRIM as a kind of evidence: who signed it, whether it is valid now, and that every part of it decodes. */
#include "attestation/refvalue/kind_corim.h"
#include "attestation/refvalue/comid.h"
#include "attestation/refvalue/corim_int.h"
#include "attestation/refvalue/kinds.h"
#include "attestation/token/kind_token.h"
#include "common/rd.h"

enum { LABEL_META = 8, LABEL_CWT = 15 };

/* With a key, nothing that is not signed is looked at; without one, nothing that is. */
static int verify_signed(const cof_verify_in *in, cof_verdict *v, cof_cose *ret, cof_err *err)
{
	static const int64_t crit[] = {LABEL_META, LABEL_CWT};
	COF_AUTO_PTR(cof_ossl_key) key = NULL;
	cof_err why = {0};
	int rc = cof_role_given(in, "key") ? cof_token_key(in, v, &key, err) : 0;
	if (rc < 0 || (key == NULL && v->checks.failed > 0))
		return rc;
	const cof_cose_in cose = {.message = cof_role(in, "corim"),
				  .keys = &key,
				  .n_keys = key != NULL,
				  .crit = crit,
				  .n_crit = COF_COUNT(crit)};
	if (cof_cose_verify(&cose, ret, &why) < 0)
		return cof_token_refuse(&v->checks, why.cls == COF_E_CRYPTO ? COF_STAGE_SIGNATURE : COF_STAGE_PARSE,
					&why, err);
	(void)cof_check_that(&v->checks, COF_STAGE_PARSE, "cose-malformed", true);
	(void)cof_check_that(&v->checks, COF_STAGE_SIGNATURE, "cose-signature", true);
	return 0;
}

static int put_header(const cof_cose *m, const cof_corim *c, json_t *fields, cof_err *err)
{
	const cof_cbor *meta = cof_cbor_get(m->protected_header, LABEL_META),
		       *cwt = cof_cbor_get(m->protected_header, LABEL_CWT);
	COF_AUTO_PTR(json_t)
	o = json_pack("{s:I, s:s, s:b, s:b, s:s}", "alg", (json_int_t)m->alg, "content_type", "application/rim+cbor",
		      "has_corim_meta", meta != NULL, "has_cwt_claims", cwt != NULL, "signer", c->signer);
	return o == NULL || json_object_update(fields, o) < 0 ? cof_err_oom(err) : 0;
}

/* Where only the dates are wrong, the rest is looked at all the same. */
static int judge_header(const cof_verify_in *in, const cof_cose *m, cof_verdict *v, cof_err *err)
{
	COF_AUTO(cof_corim) c = {0};
	cof_err why = {0};
	if (cof_corim_read_header(m->protected_header, in->now, &c, &why) < 0)
		return cof_token_refuse(&v->checks,
					cof_err_is(&why, "corim-validity") ? COF_STAGE_VALIDITY : COF_STAGE_PARSE, &why,
					err);
	(void)cof_check_that(&v->checks, COF_STAGE_PARSE, "corim-malformed", true);
	(void)cof_check_that(&v->checks, COF_STAGE_VALIDITY, "corim-validity", true);
	return put_header(m, &c, v->fields, err);
}

static int put_sizes(cof_span bytes, int tag, cof_verdict *v, cof_err *err)
{
	v->fields = json_pack("{s:I, s:I, s:i}", "consumed", (json_int_t)bytes.len, "length", (json_int_t)bytes.len,
			      "outer_tag", tag);
	return v->fields != NULL ? 0 : cof_err_oom(err);
}

static int put_payload_tag(cof_span payload, json_t *fields, cof_err *err)
{
	cof_rd r = cof_rd_of(payload);
	bool tagged = cof_rd_u8(&r) == 0xd9 && cof_rd_u16be(&r) == COF_CORIM_TAG_RIM;
	return cof_json_set_new(fields, "payload_tag", tagged ? json_integer(COF_CORIM_TAG_RIM) : json_null(), err);
}

static int kind_signed(const cof_verify_in *in, cof_verdict *v, cof_err *err)
{
	COF_AUTO(cof_cose) m = {0};
	int rc = verify_signed(in, v, &m, err);
	if (rc < 0 || m.message == NULL)
		return rc;
	rc = put_sizes(cof_role(in, "corim"), COF_COSE_TAG_SIGN1, v, err);
	if (rc == 0)
		rc = judge_header(in, &m, v, err);
	if (rc == 0)
		rc = put_payload_tag(m.payload, v->fields, err);
	return rc < 0 ? rc : cof_corim_judge(m.payload, in->now, v, err);
}

static int kind_plain(const cof_verify_in *in, cof_verdict *v, cof_err *err)
{
	cof_span bytes = cof_role(in, "corim");
	v->decoded_only = true;
	if (cof_role_given(in, "key")) {
		(void)cof_check_text(&v->checks, COF_STAGE_SIGNATURE, "corim-unsigned", false, "a signature", "none");
		return 0;
	}
	int rc = put_sizes(bytes, COF_CORIM_TAG_RIM, v, err);
	return rc < 0 ? rc : cof_corim_judge(bytes, in->now, v, err);
}

int cof_kind_corim(const cof_verify_in *in, cof_verdict *ret, cof_err *err)
{
	static const char *const words[] = {NULL};
	COF_AUTO(cof_token_policy) p = {0};
	cof_span bytes = cof_role(in, "corim");
	cof_rd r = cof_rd_of(bytes);
	int rc = cof_token_policy_read(in->policy, words, &p, err);
	if (rc < 0)
		return rc;
	if (!cof_check_that(&ret->checks, COF_STAGE_PARSE, "corim-malformed", cof_corim_looks_like(bytes)))
		return 0;
	return cof_rd_u8(&r) == (0xc0 | COF_COSE_TAG_SIGN1) ? kind_signed(in, ret, err) : kind_plain(in, ret, err);
}
