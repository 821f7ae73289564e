/* SPDX-License-Identifier: Apache-2.0 */
/* CoMID and concise evidence by themselves: decoded, and nothing judged. */
#include "attestation/refvalue/comid_int.h"
#include "attestation/refvalue/kinds.h"
#include "attestation/token/kind_token.h"

/* source: TCG DICE Concise Evidence Binding for SPDM: tag and keys */
enum { TAG_EVIDENCE = 571, EV_TRIPLES = 0, EV_ID = 1, EV_PROFILE = 2, EV_COSWID = 4 };

static int no_policy(const cof_verify_in *in, cof_err *err)
{
	static const char *const words[] = {NULL};
	COF_AUTO(cof_token_policy) p = {0};
	return cof_token_policy_read(in->policy, words, &p, err);
}

/* *ret stays NULL where it is no CBOR. */
static int load(const cof_verify_in *in, const char *role, cof_verdict *v, cof_cbor **ret, cof_err *err)
{
	cof_err why = {0};
	v->decoded_only = true;
	int rc = no_policy(in, err);
	if (rc < 0)
		return rc;
	if (cof_cbor_load(cof_role(in, role), ret, &why) < 0)
		return cof_token_refuse(&v->checks, COF_STAGE_PARSE, &why, err);
	(void)cof_check_that(&v->checks, COF_STAGE_PARSE, "cbor-malformed", true);
	return 0;
}

int cof_kind_comid(const cof_verify_in *in, cof_verdict *ret, cof_err *err)
{
	COF_AUTO_PTR(cof_cbor) comid = NULL;
	cof_err why = {0};
	int rc = load(in, "comid", ret, &comid, err);
	if (rc < 0 || comid == NULL)
		return rc;
	if (cof_comid_check(comid, false, &why) < 0)
		return cof_token_refuse(&ret->checks, COF_STAGE_PARSE, &why, err);
	(void)cof_check_that(&ret->checks, COF_STAGE_PARSE, "comid-malformed", true);
	rc = cof_comid_fields(comid, &ret->fields, err);
	return rc < 0 ? rc : cof_json_set_new(ret->fields, "outer_tag", json_null(), err);
}

/* ---- concise evidence ---- */

/* [ environment, [ + { 0: tag id, 1: evidence, ? 2: authorized-by } ] ]; the CoSWID inside is not looked at */
static bool is_swid_claim(const cof_cbor *v)
{
	static const int64_t keys[] = {0, 1, 2};
	size_t n = 0;
	return cof_comid_only(v, keys, COF_COUNT(keys), false) && cof_cbor_map(cof_cbor_get(v, 1), &n) && n > 0 &&
	       (cof_cbor_get(v, 2) == NULL || cof_comid_keys(cof_cbor_get(v, 2)));
}

static bool is_swid_record(const cof_cbor *v)
{
	size_t n = 0;
	return cof_cbor_array(v, &n) && n == 2 && cof_comid_environment(cof_cbor_at(v, 0), NULL) == 0 &&
	       cof_comid_list(cof_cbor_at(v, 1), 1, is_swid_claim);
}

static bool is_record(const cof_cbor *v)
{
	return cof_comid_record(v, false, NULL) == 0;
}

static bool is_evidence(const cof_cbor *map)
{
	static const int64_t keys[] = {EV_TRIPLES, EV_ID, EV_PROFILE}, kinds[] = {0, EV_COSWID};
	const cof_cbor *triples = cof_cbor_get(map, EV_TRIPLES), *records = cof_cbor_get(triples, 0),
		       *swids = cof_cbor_get(triples, EV_COSWID);
	return cof_comid_only(map, keys, COF_COUNT(keys), false) &&
	       cof_comid_only(triples, kinds, COF_COUNT(kinds), false) &&
	       (records == NULL || cof_comid_list(records, 1, is_record)) &&
	       (swids == NULL || cof_comid_list(swids, 1, is_swid_record));
}

int cof_kind_concise_evidence(const cof_verify_in *in, cof_verdict *ret, cof_err *err)
{
	COF_AUTO_PTR(cof_cbor) item = NULL;
	int rc = load(in, "ce", ret, &item, err);
	if (rc < 0 || item == NULL)
		return rc;
	if (!cof_check_that(&ret->checks, COF_STAGE_PARSE, "evidence-malformed",
			    is_evidence(cof_cbor_untag(item, TAG_EVIDENCE))))
		return 0;
	ret->fields = json_pack("{s:i}", "outer_tag", TAG_EVIDENCE);
	return ret->fields != NULL ? 0 : cof_err_oom(err);
}
