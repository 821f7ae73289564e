/* SPDX-License-Identifier: Apache-2.0 */
#include "attestation/verify/tdx_collateral.h"

#include "attestation/verify/tdx_cached.h"
#include "attestation/verify/tdx_signed.h"

enum { LEAF, CA, ROOT };
enum { SIGNER, SIGNER_CHAIN = 2 };

void cof_tdx_collateral_release(cof_tdx_collateral *c)
{
	cof_held_release(c->info_held);
	cof_held_release(c->identity_held);
	*c = (cof_tdx_collateral){0};
}

static bool present(cof_checks *c, const char *name, cof_span bytes)
{
	return cof_check_that(c, COF_STAGE_COLLATERAL, name, bytes.len > 0);
}

static bool failed(cof_checks *c, const cof_err *err)
{
	return cof_check_error(c, COF_STAGE_COLLATERAL, err);
}

/* --- who signs --- */

/* The root in this chain must be the anchor, too: Intel has one. */
bool cof_tdx_signer_check(cof_checks *c, const cof_tdx_collateral_in *in, cof_tdx_chain *ret)
{
	COF_AUTO(cof_tdx_chain) chain = {0};
	cof_err err = {0};
	if (!present(c, "tcb-signing-chain-missing", in->tcb_signing_chain))
		return false;
	if (cof_tdx_chain_read(in->tcb_signing_chain, SIGNER_CHAIN, &chain, &err) < 0)
		return failed(c, &err);
	bool ok = cof_check_that(c, COF_STAGE_COLLATERAL, "tcb-signing-root",
				 cof_tdx_cert_same_key(chain.cert[SIGNER + 1], in->anchor->cert));
	ok = cof_tdx_cert_check(c, COF_STAGE_COLLATERAL, &cof_tdx_rule_tcb_signing, chain.cert[SIGNER],
				in->anchor->cert, in->now) &&
	     ok;
	if (ok) {
		*ret = chain;
		chain = (cof_tdx_chain){0};
	}
	return ok;
}

/* --- what is signed --- */

/* The text whose signature holds; nothing of it was parsed before. */
static bool check_signed(cof_checks *c, const char *name, cof_span in, const char *member, cof_x509 *signer,
			 cof_span *ret)
{
	cof_tdx_signed s;
	cof_err err = {0};
	if (cof_tdx_signed_parse(in, member, &s, &err) < 0)
		return failed(c, &err);
	if (!cof_check_that(c, COF_STAGE_COLLATERAL, name,
			    cof_p256_verify(cof_x509_key(signer, COF_X509_P256), s.text,
					    cof_span_of(s.signature, sizeof s.signature))))
		return false;
	*ret = s.text;
	return true;
}

static bool check_platform(cof_checks *c, const cof_tdx_tcb_info *i, const cof_tdx_pck *pck)
{
	bool fmspc =
		cof_check_bytes(c, COF_STAGE_COLLATERAL, "fmspc-mismatch", cof_span_of(pck->fmspc, sizeof pck->fmspc),
				cof_span_of(i->fmspc, sizeof i->fmspc));
	bool pceid =
		cof_check_bytes(c, COF_STAGE_COLLATERAL, "pceid-mismatch", cof_span_of(pck->pceid, sizeof pck->pceid),
				cof_span_of(i->pceid, sizeof i->pceid));
	return fmspc && pceid;
}

static bool check_dates(cof_checks *c, const cof_tdx_collateral_in *in, const char *name, const cof_tdx_dates *said)
{
	return cof_tdx_check_dates(c, COF_STAGE_COLLATERAL, name, said->issued, said->next_update, in->now);
}

bool cof_tdx_info_check(cof_checks *c, const cof_tdx_collateral_in *in, cof_x509 *signer, cof_tdx_tcb_info *ret)
{
	cof_span text = {0};
	cof_err err = {0};
	if (!check_signed(c, "tcb-info-signature", in->tcb_info, "tcbInfo", signer, &text))
		return false;
	if (cof_tdx_tcb_info_parse(text, ret, &err) < 0)
		return failed(c, &err);
	bool ok = check_dates(c, in, "tcb-info", &ret->dates);
	return cof_check_at_least(c, COF_STAGE_COLLATERAL, "tcb-evaluation-too-low", in->min_evaluation,
				  ret->dates.evaluation) &&
	       ok;
}

bool cof_tdx_identity_check(cof_checks *c, const cof_tdx_collateral_in *in, cof_x509 *signer, cof_tdx_qe_identity *ret)
{
	cof_span text = {0};
	cof_err err = {0};
	if (!present(c, "qe-identity-missing", in->qe_identity) ||
	    !check_signed(c, "qe-identity-signature", in->qe_identity, "enclaveIdentity", signer, &text))
		return false;
	if (cof_tdx_qe_identity_parse(text, ret, &err) < 0)
		return failed(c, &err);
	bool ok = check_dates(c, in, "qe-identity", &ret->dates);
	return cof_check_at_least(c, COF_STAGE_COLLATERAL, "qe-evaluation-too-low", in->min_evaluation,
				  ret->dates.evaluation) &&
	       ok;
}

/* --- what is revoked --- */

static int check_revocation(cof_checks *c, const cof_tdx_collateral_in *in, const cof_x509 *signer, cof_err *err)
{
	COF_AUTO_PTR(cof_held) of_pck = NULL;
	COF_AUTO_PTR(cof_held) of_root = NULL;
	cof_x509 *ca = in->pck_chain->cert[CA];
	const cof_tdx_crl_in pck = {"pck-crl", in->pck_crl, ca, in->now, in->cache};
	const cof_tdx_crl_in root = {"root-crl", in->root_crl, in->anchor->cert, in->now, in->cache};
	int rc = cof_tdx_crl_find(c, &pck, &of_pck, err);
	if (rc == 0)
		rc = cof_tdx_crl_find(c, &root, &of_root, err);
	if (rc < 0)
		return rc;
	if (of_pck->object != NULL)
		(void)cof_tdx_crl_allows(c, "pck-revoked", of_pck->object, in->pck_chain->cert[LEAF]);
	if (of_root->object != NULL)
		(void)cof_tdx_crl_allows(c, "intermediate-revoked", of_root->object, ca);
	if (of_root->object != NULL && signer != NULL)
		(void)cof_tdx_crl_allows(c, "tcb-signing-revoked", of_root->object, signer);
	return 0;
}

/* --- all of it --- */

static int check_statements(cof_checks *c, const cof_tdx_collateral_in *in, cof_x509 *signer, cof_tdx_collateral *ret,
			    cof_err *err)
{
	int rc = 0;
	if (in->tcb_info.len > 0)
		rc = cof_tdx_info_find(c, in, signer, &ret->info_held, err);
	if (rc < 0)
		return rc;
	if (ret->info_held != NULL && ret->info_held->object != NULL && in->pck != NULL)
		(void)check_platform(c, ret->info_held->object, in->pck);
	return cof_tdx_identity_find(c, in, signer, &ret->identity_held, err);
}

static int check_all(cof_checks *c, const cof_tdx_collateral_in *in, cof_tdx_collateral *ret, cof_err *err)
{
	COF_AUTO_PTR(cof_held) signer = NULL;
	(void)present(c, "tcb-info-missing", in->tcb_info);
	int rc = cof_tdx_signer_find(c, in, &signer, err);
	if (rc == 0 && signer->object != NULL)
		rc = check_statements(c, in, signer->object, ret, err);
	return rc < 0 ? rc : check_revocation(c, in, signer->object, err);
}

int cof_tdx_collateral_check(cof_checks *c, const cof_tdx_collateral_in *in, cof_tdx_collateral *ret, cof_err *err)
{
	COF_AUTO(cof_tdx_collateral) out = {0};
	size_t failed_before = c->failed;
	int rc = check_all(c, in, &out, err);
	if (rc < 0)
		return rc;
	bool whole = out.info_held != NULL && out.identity_held != NULL;
	if (whole && in->pck != NULL && c->failed == failed_before) {
		out.info = out.info_held->object;
		out.identity = out.identity_held->object;
	}
	*ret = out;
	out = (cof_tdx_collateral){0};
	return 0;
}
