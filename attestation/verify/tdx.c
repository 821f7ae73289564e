/* SPDX-License-Identifier: Apache-2.0 */
#include "attestation/verify/tdx.h"

#include <openssl/err.h>
#include <stdio.h>

#include "attestation/verify/kinds.h"
#include "attestation/verify/p256.h"
#include "attestation/verify/tdx_cached.h"
#include "attestation/verify/tdx_ccel.h"
#include "attestation/verify/tdx_collateral.h"
#include "attestation/verify/tdx_policy.h"
#include "attestation/verify/tdx_tcb.h"
#include "common/digest.h"
#include "common/json.h"
#include "common/ossl.h"
#include "common/secret.h"

enum { LEAF };

struct cof_tdx_verified {
	cof_tdx_quote quote;
	cof_tdx_pck pck;
	cof_tdx_status status;
	bool has_log;
};

/* One quote under judgement. */
typedef struct judgement {
	const cof_verify_in *in;
	cof_verdict *v;
	cof_tdx_policy policy;
	cof_tdx_quote quote;
	cof_held *held;
	const cof_tdx_platform *platform;
	cof_tdx_collateral collateral;
	cof_tdx_status status;
} judgement;

static void judgement_release(judgement *j)
{
	cof_held_release(j->held);
	cof_tdx_collateral_release(&j->collateral);
}
COF_DEFINE_AUTO(judgement, judgement_release)

void cof_tdx_verified_free(cof_tdx_verified *v)
{
	free(v);
}

const cof_tdx_quote *cof_tdx_verified_quote(const cof_tdx_verified *v)
{
	return &v->quote;
}

const cof_tdx_pck *cof_tdx_verified_pck(const cof_tdx_verified *v)
{
	return &v->pck;
}

cof_tdx_status cof_tdx_verified_status(const cof_tdx_verified *v)
{
	return v->status;
}

bool cof_tdx_verified_has_log(const cof_tdx_verified *v)
{
	return v->has_log;
}

/* --- chain and signatures --- */

static int add_pck_fields(judgement *j, cof_err *err)
{
	json_t *o = NULL;
	const cof_tdx_platform *p = j->platform;
	int rc = 0;
	/* Where the certificate says nothing, nothing is shown. */
	if (p->has_pck)
		rc = cof_tdx_pck_json(&p->pck, &p->chain, &o, err);
	if (rc == 0 && p->has_pck)
		rc = cof_json_set_new(j->v->fields, "pck", o, err);
	if (rc == 0 && p->anchor.cert != NULL)
		rc = cof_json_set_str(j->v->fields, "root", p->anchor.intel ? "intel" : "named by the caller", err);
	return rc;
}

static int check_chain(judgement *j, cof_err *err)
{
	const cof_tdx_platform_in in = {j->quote.pck_chain, cof_role(j->in, "root"), j->in->now, j->in->cache};
	int rc = cof_tdx_platform_find(&j->v->checks, &in, &j->held, err);
	if (rc < 0)
		return rc;
	j->platform = j->held->object;
	return add_pck_fields(j, err);
}

/* Of both, one behind the other; false for memory too. */
static bool digest_of_two(cof_span a, cof_span b, uint8_t out[COF_SHA256_LEN])
{
	COF_AUTO_PTR(cof_ossl_md) ctx = EVP_MD_CTX_new();
	return ctx != NULL && EVP_DigestInit_ex(ctx, EVP_sha256(), NULL) == 1 &&
	       EVP_DigestUpdate(ctx, a.data, a.len) == 1 && EVP_DigestUpdate(ctx, b.data, b.len) == 1 &&
	       EVP_DigestFinal_ex(ctx, out, NULL) == 1;
}

/* Where the policy asks for it, a root that was named has to be Intel's, too. */
static void check_vendor(const judgement *j)
{
	const cof_tdx_anchor *a = &j->platform->anchor;
	if (j->policy.require_vendor_root && a->cert != NULL)
		cof_check_text(&j->v->checks, COF_STAGE_CHAIN, "vendor-root", a->intel,
			       "Intel SGX Root CA (pinned key)",
			       a->intel ? "Intel's" : "another one, named by the caller");
}

/* spec: DCAP QVL: SHA-256 of key and authentication data, and zeros, which peers leave unread */
static bool bound_to_qe(const cof_tdx_quote *q)
{
	uint8_t want[COF_TDX_REPORT_DATA_LEN] = {0};
	return digest_of_two(q->attestation_key, q->qe_auth, want) &&
	       cof_ct_equal(q->qe.report_data, cof_span_of(want, sizeof want));
}

static void check_signatures(const judgement *j)
{
	cof_checks *c = &j->v->checks;
	const cof_tdx_quote *q = &j->quote;
	EVP_PKEY *pck = j->platform->chain.n > 0 ? cof_x509_key(j->platform->chain.cert[LEAF], COF_X509_P256) : NULL;
	COF_AUTO_PTR(cof_ossl_key) key = cof_p256_key(q->attestation_key, pck);
	cof_check_text(c, COF_STAGE_SIGNATURE, "qe-report-signature",
		       cof_p256_verify(pck, q->qe.bytes, q->qe_signature), "by the PCK", NULL);
	cof_check_text(c, COF_STAGE_SIGNATURE, "attestation-key", key != NULL, "a point of P-256", NULL);
	cof_check_text(c, COF_STAGE_SIGNATURE, "qe-report-data", bound_to_qe(q),
		       "SHA-256 of attestation key and QE authentication data, and zeros", NULL);
	cof_check_text(c, COF_STAGE_SIGNATURE, "quote-signature", cof_p256_verify(key, q->signed_bytes, q->signature),
		       "by the attestation key", NULL);
}

/* --- collateral and TCB --- */

static int judge_tcb(judgement *j, cof_err *err)
{
	cof_tdx_tcb tcb;
	json_t *o = NULL;
	const cof_tdx_tcb_in in = {.info = j->collateral.info,
				   .identity = j->collateral.identity,
				   .pck = &j->platform->pck,
				   .quote = &j->quote};
	/* Another enclave's SVN says nothing about this one's status. */
	if (!cof_tdx_qe_check(&j->v->checks, &j->quote.qe, in.identity))
		return 0;
	cof_tdx_tcb_judge(&in, &tcb);
	j->status = tcb.status;
	j->v->tcb_status = cof_tdx_status_name(tcb.status);
	cof_tdx_policy_check_status(&j->v->checks, &j->policy, tcb.status);
	int rc = cof_tdx_tcb_json(&tcb, &o, err);
	return rc < 0 ? rc : cof_json_set_new(j->v->fields, "tcb", o, err);
}

/* No collateral at all is a refusal unless the owner wants it so; half of it is one always. */
static bool without_collateral(const judgement *j)
{
	static const char *const roles[] = {"tcb_info", "qe_identity", "tcb_signing_chain", "pck_crl", "root_crl"};
	for (size_t i = 0; i < COF_COUNT(roles); i++) {
		if (cof_role_given(j->in, roles[i]))
			return false;
	}
	return j->policy.signatures_only;
}

static int check_collateral(judgement *j, cof_err *err)
{
	if (j->platform->anchor.cert == NULL)
		return 0;
	if (without_collateral(j)) {
		cof_check_text(&j->v->checks, COF_STAGE_COLLATERAL, "tcb-info-missing", true,
			       "none, by the policy's word", "none: nothing is known of the platform's TCB");
		cof_check_waive(&j->v->checks);
		return 0;
	}
	const cof_tdx_collateral_in in = {.tcb_info = cof_role(j->in, "tcb_info"),
					  .qe_identity = cof_role(j->in, "qe_identity"),
					  .tcb_signing_chain = cof_role(j->in, "tcb_signing_chain"),
					  .pck_crl = cof_role(j->in, "pck_crl"),
					  .root_crl = cof_role(j->in, "root_crl"),
					  .anchor = &j->platform->anchor,
					  .pck_chain = &j->platform->chain,
					  .pck = j->held->passed ? &j->platform->pck : NULL,
					  .now = j->in->now,
					  .cache = j->in->cache,
					  .min_evaluation = j->policy.min_tcb_evaluation};
	int rc = cof_tdx_collateral_check(&j->v->checks, &in, &j->collateral, err);
	return rc < 0 || j->collateral.info == NULL ? rc : judge_tcb(j, err);
}

/* --- the quote --- */

static int read_quote(judgement *j, cof_err *err)
{
	cof_checks *c = &j->v->checks;
	cof_err why = {0};
	if (cof_tdx_quote_parse(cof_role(j->in, "quote"), &j->quote, &why) < 0) {
		cof_check_error(c, COF_STAGE_PARSE, &why);
		return 0;
	}
	char found[COF_CHECK_TEXT_MAX];
	(void)snprintf(found, sizeof found, "%zu bytes and %zu of padding", j->quote.len, j->quote.padding);
	cof_check_text(c, COF_STAGE_PARSE, "tdx-quote-padding", !j->policy.exact_length || j->quote.padding == 0,
		       j->policy.exact_length ? "no padding" : "zeros alone behind the quote", found);
	return cof_tdx_quote_json(&j->quote, &j->v->fields, err);
}

static int check_log(judgement *j, cof_err *err)
{
	json_t *o = NULL;
	if (!cof_role_given(j->in, "event_log"))
		return cof_json_set_str(j->v->fields, "event_log", "absent", err);
	int rc = cof_tdx_ccel_check(&j->v->checks, cof_role(j->in, "event_log"), &j->quote.td, &o, err);
	return rc < 0 || o == NULL ? rc : cof_json_set_new(j->v->fields, "event_log", o, err);
}

static int judge(judgement *j, cof_err *err)
{
	int rc = read_quote(j, err);
	if (rc < 0 || j->v->fields == NULL)
		return rc;
	rc = check_chain(j, err);
	if (rc < 0)
		return rc;
	check_vendor(j);
	check_signatures(j);
	rc = check_collateral(j, err);
	if (rc < 0)
		return rc;
	cof_tdx_policy_check(&j->v->checks, &j->policy, &j->quote.td);
	return check_log(j, err);
}

static int make_verified(const judgement *j, cof_tdx_verified **ret, cof_err *err)
{
	if (!cof_checks_passed(&j->v->checks))
		return 0;
	cof_tdx_verified *v = calloc(1, sizeof *v);
	if (v == NULL)
		return cof_err_oom(err);
	*v = (cof_tdx_verified){j->quote, j->platform->pck, j->status, cof_role_given(j->in, "event_log")};
	*ret = v;
	return 0;
}

static int read_policy_and_judge(judgement *j, cof_err *err)
{
	int rc = cof_tdx_policy_read(j->in->policy, &j->policy, err);
	/* What OpenSSL thinks of hostile bytes is not left behind for the caller's next TLS call. */
	(void)ERR_set_mark();
	if (rc == 0)
		rc = judge(j, err);
	(void)ERR_pop_to_mark();
	return rc;
}

int cof_tdx_verify(const cof_verify_in *in, cof_verdict *ret, cof_tdx_verified **ret_quote, cof_err *err)
{
	COF_AUTO(judgement) j = {.in = in, .v = ret, .status = COF_TDX_NO_STATUS};
	if (ret_quote != NULL)
		*ret_quote = NULL;
	int rc = read_policy_and_judge(&j, err);
	return rc < 0 || ret_quote == NULL ? rc : make_verified(&j, ret_quote, err);
}

/* --- the kind that decodes alone --- */

int cof_kind_tdx_quote_parse(const cof_verify_in *in, cof_verdict *ret, cof_err *err)
{
	COF_AUTO(judgement) j = {.in = in, .v = ret};
	ret->decoded_only = true;
	int rc = cof_tdx_policy_read(in->policy, &j.policy, err);
	return rc < 0 ? rc : read_quote(&j, err);
}
