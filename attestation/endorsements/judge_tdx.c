/* SPDX-License-Identifier: Apache-2.0 */
#include "attestation/endorsements/judge_int.h"
#include "attestation/verify/tdx_collateral.h"
#include "common/secret.h"

enum { SIGNER, ROOT, CHAIN };

/* The signer's chain, and the root in it, which is Intel's or the named one. */
static int read_chain(cof_span pem, const cof_judge_in *in, cof_tdx_chain *chain, cof_tdx_anchor *anchor, cof_err *err)
{
	COF_AUTO_FREE cof_checks *c = calloc(1, sizeof *c);
	if (c == NULL)
		return cof_err_oom(err);
	int rc = cof_tdx_chain_read(pem, CHAIN, chain, err);
	if (rc == 0 && !cof_tdx_anchor_find(c, in->root, chain->cert[ROOT], anchor))
		rc = cof_err_set(err, COF_E_POLICY, "endorsement-root", "its root is not %s",
				 in->root.len > 0 ? "the one that was named" : "Intel's");
	return rc;
}

static void add_end(const cof_x509 *cert, cof_endorsement *e)
{
	cof_endorse_until(e, cert->validity.to);
}

static void add_dates(const cof_tdx_dates *d, cof_endorsement *e)
{
	e->issued = d->issued;
	e->number = d->evaluation;
	cof_endorse_until(e, d->next_update);
}

/* --- signed JSON --- */

static int judge_info(cof_endorsement *e, const cof_tdx_collateral_in *in, cof_x509 *signer, cof_checks *c,
		      cof_err *err)
{
	COF_AUTO(cof_tdx_tcb_info) info = {0};
	(void)cof_tdx_info_check(c, in, signer, &info);
	if (info.text == NULL)
		return 0; /* a check says why */
	add_dates(&info.dates, e);
	bool same =
		cof_ct_equal(cof_span_of(info.fmspc, sizeof info.fmspc), cof_span_of(e->id.fmspc, sizeof e->id.fmspc));
	return same ? 0 : cof_endorse_is_other(err, "platform");
}

static void judge_identity(cof_endorsement *e, const cof_tdx_collateral_in *in, cof_x509 *signer, cof_checks *c)
{
	COF_AUTO(cof_tdx_qe_identity) identity = {0};
	(void)cof_tdx_identity_check(c, in, signer, &identity);
	if (identity.text != NULL)
		add_dates(&identity.dates, e);
}

static int judge_signed(cof_endorsement *e, const cof_judge_in *in, cof_checks *c, cof_err *err)
{
	COF_AUTO(cof_tdx_chain) presented = {0};
	COF_AUTO(cof_tdx_chain) signer = {0};
	COF_AUTO(cof_tdx_anchor) anchor = {0};
	bool is_info = e->id.type == COF_ENDORSE_TDX_TCB_INFO;
	cof_span body = cof_buf_span(&e->body), none = {0};
	int rc = read_chain(cof_buf_span(&e->chain), in, &presented, &anchor, err);
	const cof_tdx_collateral_in collateral = {.tcb_info = is_info ? body : none,
						  .qe_identity = is_info ? none : body,
						  .tcb_signing_chain = cof_buf_span(&e->chain),
						  .anchor = &anchor,
						  .now = in->now};
	if (rc < 0 || !cof_tdx_signer_check(c, &collateral, &signer))
		return rc;
	if (is_info)
		rc = judge_info(e, &collateral, signer.cert[SIGNER], c, err);
	else
		judge_identity(e, &collateral, signer.cert[SIGNER], c);
	add_end(signer.cert[SIGNER], e);
	return rc;
}

/* --- lists --- */

static int judge_list(cof_endorsement *e, cof_x509 *issuer, const cof_judge_in *in, cof_checks *c, cof_err *err)
{
	COF_AUTO_PTR(cof_x509_crl) crl = NULL;
	const char *name = e->id.type == COF_ENDORSE_TDX_PCK_CRL ? "pck-crl" : "root-crl";
	if (!cof_tdx_crl_check(c, name, cof_buf_span(&e->body), issuer, in->now, &crl))
		return 0;
	return cof_endorse_list_facts(crl, e, err);
}

static bool is_named(const cof_x509 *cert, const char *cn)
{
	char name[COF_X509_NAME_MAX];
	cof_x509_common_name(cert->subject, name);
	return strcmp(name, cn) == 0;
}

static int judge_pck_crl(cof_endorsement *e, const cof_judge_in *in, cof_checks *c, cof_err *err)
{
	COF_AUTO(cof_tdx_chain) chain = {0};
	COF_AUTO(cof_tdx_anchor) anchor = {0};
	int rc = read_chain(cof_buf_span(&e->chain), in, &chain, &anchor, err);
	if (rc < 0 || !cof_tdx_cert_check(c, COF_STAGE_COLLATERAL, &cof_tdx_rule_pck_ca, chain.cert[SIGNER],
					  anchor.cert, in->now))
		return rc;
	/* One CA's list says nothing of the other's certificates. */
	if (!is_named(chain.cert[SIGNER],
		      e->id.processor_ca ? "Intel SGX PCK Processor CA" : "Intel SGX PCK Platform CA"))
		return cof_endorse_is_other(err, "authority");
	add_end(chain.cert[SIGNER], e);
	return judge_list(e, chain.cert[SIGNER], in, c, err);
}

static int judge_root_crl(cof_endorsement *e, const cof_judge_in *in, cof_checks *c, cof_err *err)
{
	COF_AUTO(cof_tdx_chain) chain = {0};
	COF_AUTO(cof_tdx_anchor) anchor = {0};
	if (in->above == NULL)
		return cof_endorse_no_above(err);
	int rc = read_chain(cof_buf_span(&in->above->chain), in, &chain, &anchor, err);
	return rc < 0 ? rc : judge_list(e, anchor.cert, in, c, err);
}

int cof_endorse_judge_tdx(cof_endorsement *e, const cof_judge_in *in, cof_checks *c, cof_err *err)
{
	if (e->id.type == COF_ENDORSE_TDX_PCK_CRL)
		return judge_pck_crl(e, in, c, err);
	return e->id.type == COF_ENDORSE_TDX_ROOT_CRL ? judge_root_crl(e, in, c, err) : judge_signed(e, in, c, err);
}
