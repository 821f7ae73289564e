/* SPDX-License-Identifier: Apache-2.0 */
#include "attestation/verify/tdx_collateral.h"

#include "attestation/verify/tdx_signed.h"
#include "common/ossl.h"

enum { LEAF, CA, ROOT };
enum { SIGNER, SIGNER_CHAIN = 2 };

COF_OSSL_AUTO(X509_CRL, cof_ossl_crl, X509_CRL_free)

void cof_tdx_collateral_release(cof_tdx_collateral *c)
{
	cof_tdx_tcb_info_release(&c->info);
	cof_tdx_qe_identity_release(&c->identity);
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
	if (cof_tdx_chain_read(in->tcb_signing_chain, SIGNER_CHAIN, in->anchor->cert, &chain, &err) < 0)
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
static bool check_signed(cof_checks *c, const char *name, cof_span in, const char *member, X509 *signer, cof_span *ret)
{
	cof_tdx_signed s;
	cof_err err = {0};
	if (cof_tdx_signed_parse(in, member, &s, &err) < 0)
		return failed(c, &err);
	if (!cof_check_that(
		    c, COF_STAGE_COLLATERAL, name,
		    cof_p256_verify(X509_get0_pubkey(signer), s.text, cof_span_of(s.signature, sizeof s.signature))))
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

bool cof_tdx_info_check(cof_checks *c, const cof_tdx_collateral_in *in, X509 *signer, cof_tdx_tcb_info *ret)
{
	cof_span text = {0};
	cof_err err = {0};
	if (!check_signed(c, "tcb-info-signature", in->tcb_info, "tcbInfo", signer, &text))
		return false;
	if (cof_tdx_tcb_info_parse(text, ret, &err) < 0)
		return failed(c, &err);
	bool ok = cof_tdx_check_dates(c, COF_STAGE_COLLATERAL, "tcb-info", ret->dates.issued, ret->dates.next_update,
				      in->now);
	ok = cof_check_at_least(c, COF_STAGE_COLLATERAL, "tcb-evaluation-too-low", in->min_evaluation,
				ret->dates.evaluation) &&
	     ok;
	return in->pck != NULL && check_platform(c, ret, in->pck) && ok;
}

bool cof_tdx_identity_check(cof_checks *c, const cof_tdx_collateral_in *in, X509 *signer, cof_tdx_qe_identity *ret)
{
	cof_span text = {0};
	cof_err err = {0};
	if (!present(c, "qe-identity-missing", in->qe_identity) ||
	    !check_signed(c, "qe-identity-signature", in->qe_identity, "enclaveIdentity", signer, &text))
		return false;
	if (cof_tdx_qe_identity_parse(text, ret, &err) < 0)
		return failed(c, &err);
	bool ok = cof_tdx_check_dates(c, COF_STAGE_COLLATERAL, "qe-identity", ret->dates.issued, ret->dates.next_update,
				      in->now);
	return cof_check_at_least(c, COF_STAGE_COLLATERAL, "qe-evaluation-too-low", in->min_evaluation,
				  ret->dates.evaluation) &&
	       ok;
}

/* --- what is revoked --- */

static bool check_revocation(cof_checks *c, const cof_tdx_collateral_in *in, X509 *signer)
{
	COF_AUTO_PTR(cof_ossl_crl) pck = NULL;
	COF_AUTO_PTR(cof_ossl_crl) root = NULL;
	X509 *ca = in->pck_chain->cert[CA];
	bool ok = cof_tdx_crl_check(c, "pck-crl", in->pck_crl, ca, in->now, &pck);
	ok = cof_tdx_crl_check(c, "root-crl", in->root_crl, in->anchor->cert, in->now, &root) && ok;
	if (pck != NULL)
		ok = cof_tdx_crl_allows(c, "pck-revoked", pck, in->pck_chain->cert[LEAF]) && ok;
	if (root != NULL)
		ok = cof_tdx_crl_allows(c, "intermediate-revoked", root, ca) && ok;
	if (root != NULL && signer != NULL)
		ok = cof_tdx_crl_allows(c, "tcb-signing-revoked", root, signer) && ok;
	return ok;
}

bool cof_tdx_collateral_check(cof_checks *c, const cof_tdx_collateral_in *in, cof_tdx_collateral *ret)
{
	COF_AUTO(cof_tdx_collateral) out = {0};
	COF_AUTO(cof_tdx_chain) signer = {0};
	bool ok = present(c, "tcb-info-missing", in->tcb_info);
	ok = cof_tdx_signer_check(c, in, &signer) && ok;
	if (signer.n > 0) {
		ok = ok && cof_tdx_info_check(c, in, signer.cert[SIGNER], &out.info);
		ok = cof_tdx_identity_check(c, in, signer.cert[SIGNER], &out.identity) && ok;
	}
	ok = check_revocation(c, in, signer.n > 0 ? signer.cert[SIGNER] : NULL) && ok;
	if (ok) {
		*ret = out;
		out = (cof_tdx_collateral){0};
	}
	return ok;
}
