/* SPDX-License-Identifier: Apache-2.0 */
#include "attestation/verify/tdx_collateral.h"

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

static cof_x509 *anchor_of(const cof_tdx_collateral_in *in)
{
	return in->pck->anchor.cert;
}

/* The root in this chain must be the anchor, too: Intel has one. */
static int judge_signer(const void *ctx, int64_t now, cof_checks *c, void **ret, cof_err *err)
{
	const cof_tdx_collateral_in *in = ctx;
	COF_AUTO(cof_tdx_chain) chain = {0};
	cof_err why = {0};
	(void)err;
	if (!present(c, "tcb-signing-chain-missing", in->tcb_signing_chain))
		return 0;
	if (cof_tdx_chain_read(in->tcb_signing_chain, SIGNER_CHAIN, &chain, &why) < 0) {
		(void)failed(c, &why);
		return 0;
	}
	bool ok = cof_check_that(c, COF_STAGE_COLLATERAL, "tcb-signing-root",
				 cof_tdx_cert_same_key(chain.cert[SIGNER + 1], anchor_of(in)));
	ok = cof_tdx_cert_check(c, COF_STAGE_COLLATERAL, &cof_tdx_rule_tcb_signing, chain.cert[SIGNER], anchor_of(in),
				now) &&
	     ok;
	if (ok)
		*ret = cof_steal(&chain.cert[SIGNER]);
	return 0;
}

static void drop_signer(void *object)
{
	cof_x509_free(object);
}

static int find_signer(cof_checks *c, const cof_tdx_collateral_in *in, cof_held **ret, cof_err *err)
{
	const cof_part part = {.name = "tdx-tcb-signer",
			       .inputs = {in->tcb_signing_chain, cof_buf_span(&anchor_of(in)->der)},
			       .n = 2,
			       .judge = judge_signer,
			       .ctx = in,
			       .drop = drop_signer};
	return cof_part_judge(in->cache, &part, in->now, c, ret, err);
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

/* What a signed text is judged with. */
typedef struct signed_by {
	const cof_tdx_collateral_in *in;
	cof_x509 *signer;
} signed_by;

/* Both bounds, and the least edition that the policy asks for. */
static void check_edition(cof_checks *c, const cof_tdx_collateral_in *in, int64_t now, const char *const names[2],
			  const cof_tdx_dates *said)
{
	const cof_check_dates d = {said->issued, said->next_update, now};
	(void)cof_tdx_check_dates(c, COF_STAGE_COLLATERAL, names[0], &d);
	(void)cof_check_at_least(c, COF_STAGE_COLLATERAL, names[1], in->min_evaluation, said->evaluation);
}

static int judge_info(const void *ctx, int64_t now, cof_checks *c, void **ret, cof_err *err)
{
	static const char *const names[] = {"tcb-info", "tcb-evaluation-too-low"};
	const signed_by *s = ctx;
	cof_span text = {0};
	cof_err why = {0};
	if (!check_signed(c, "tcb-info-signature", s->in->tcb_info, "tcbInfo", s->signer, &text))
		return 0;
	cof_tdx_tcb_info *info = calloc(1, sizeof *info);
	if (info == NULL)
		return cof_err_oom(err);
	if (cof_tdx_tcb_info_parse(text, info, &why) < 0) {
		free(info);
		(void)failed(c, &why);
		return 0;
	}
	*ret = info;
	check_edition(c, s->in, now, names, &info->dates);
	return 0;
}

static void drop_info(void *object)
{
	cof_tdx_tcb_info_release(object);
	free(object);
}

static int judge_identity(const void *ctx, int64_t now, cof_checks *c, void **ret, cof_err *err)
{
	static const char *const names[] = {"qe-identity", "qe-evaluation-too-low"};
	const signed_by *s = ctx;
	cof_span text = {0};
	cof_err why = {0};
	if (!present(c, "qe-identity-missing", s->in->qe_identity) ||
	    !check_signed(c, "qe-identity-signature", s->in->qe_identity, "enclaveIdentity", s->signer, &text))
		return 0;
	cof_tdx_qe_identity *identity = calloc(1, sizeof *identity);
	if (identity == NULL)
		return cof_err_oom(err);
	if (cof_tdx_qe_identity_parse(text, identity, &why) < 0) {
		free(identity);
		(void)failed(c, &why);
		return 0;
	}
	*ret = identity;
	check_edition(c, s->in, now, names, &identity->dates);
	return 0;
}

static void drop_identity(void *object)
{
	cof_tdx_qe_identity_release(object);
	free(object);
}

static int check_info(cof_checks *c, const signed_by *s, cof_tdx_collateral *ret, cof_err *err)
{
	const cof_tdx_collateral_in *in = s->in;
	const cof_part part = {.name = "tdx-tcb-info",
			       .inputs = {in->tcb_info, cof_buf_span(&s->signer->der),
					  cof_span_of(&in->min_evaluation, sizeof in->min_evaluation)},
			       .n = 3,
			       .judge = judge_info,
			       .ctx = s,
			       .drop = drop_info};
	int rc = cof_part_judge(in->cache, &part, in->now, c, &ret->info_held, err);
	if (rc == 0 && ret->info_held->object != NULL && in->pck_holds)
		(void)check_platform(c, ret->info_held->object, &in->pck->pck);
	return rc;
}

static int check_identity(cof_checks *c, const signed_by *s, cof_tdx_collateral *ret, cof_err *err)
{
	const cof_tdx_collateral_in *in = s->in;
	const cof_part part = {.name = "tdx-qe-identity",
			       .inputs = {in->qe_identity, cof_buf_span(&s->signer->der),
					  cof_span_of(&in->min_evaluation, sizeof in->min_evaluation)},
			       .n = 3,
			       .judge = judge_identity,
			       .ctx = s,
			       .drop = drop_identity};
	return cof_part_judge(in->cache, &part, in->now, c, &ret->identity_held, err);
}

/* --- what is revoked --- */

static int check_revocation(cof_checks *c, const cof_tdx_collateral_in *in, const cof_x509 *signer, cof_err *err)
{
	COF_AUTO_PTR(cof_held) pck_held = NULL;
	COF_AUTO_PTR(cof_held) root_held = NULL;
	cof_x509 *ca = in->pck->chain.cert[CA];
	const cof_tdx_crl_in of_pck = {"pck-crl", in->pck_crl, ca, in->now, in->cache};
	const cof_tdx_crl_in of_root = {"root-crl", in->root_crl, anchor_of(in), in->now, in->cache};
	const cof_x509_crl *pck = NULL, *root = NULL;
	int rc = cof_tdx_crl_check(c, &of_pck, &pck, &pck_held, err);
	if (rc == 0)
		rc = cof_tdx_crl_check(c, &of_root, &root, &root_held, err);
	if (rc < 0)
		return rc;
	if (pck != NULL)
		(void)cof_tdx_crl_allows(c, "pck-revoked", pck, in->pck->chain.cert[LEAF]);
	if (root != NULL)
		(void)cof_tdx_crl_allows(c, "intermediate-revoked", root, ca);
	if (root != NULL && signer != NULL)
		(void)cof_tdx_crl_allows(c, "tcb-signing-revoked", root, signer);
	return 0;
}

static int check_all(cof_checks *c, const cof_tdx_collateral_in *in, cof_tdx_collateral *ret, cof_err *err)
{
	COF_AUTO_PTR(cof_held) signer_held = NULL;
	bool given = present(c, "tcb-info-missing", in->tcb_info);
	int rc = find_signer(c, in, &signer_held, err);
	const signed_by s = {in, rc == 0 ? signer_held->object : NULL};
	if (rc == 0 && s.signer != NULL && given)
		rc = check_info(c, &s, ret, err);
	if (rc == 0 && s.signer != NULL)
		rc = check_identity(c, &s, ret, err);
	return rc < 0 ? rc : check_revocation(c, in, s.signer, err);
}

int cof_tdx_collateral_check(cof_checks *c, const cof_tdx_collateral_in *in, cof_tdx_collateral *ret, cof_err *err)
{
	COF_AUTO(cof_tdx_collateral) out = {0};
	size_t failed_before = c->failed;
	int rc = check_all(c, in, &out, err);
	if (rc < 0)
		return rc;
	/* A chain that does not hold was counted before: nothing was compared with it then. */
	if (c->failed == failed_before && in->pck_holds && out.info_held != NULL && out.identity_held != NULL) {
		out.info = out.info_held->object;
		out.identity = out.identity_held->object;
	}
	*ret = out;
	out = (cof_tdx_collateral){0};
	return 0;
}
