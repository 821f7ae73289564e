/* SPDX-License-Identifier: Apache-2.0 */
#include "attestation/verify/tdx_cached.h"

#include "attestation/verify/tdx_crl.h"

enum { LEAF, SIGNER = 0, PCK_CHAIN = 3 };

static void drop_cert(void *object)
{
	cof_x509_free(object);
}

static void drop_list(void *object)
{
	cof_x509_crl_free(object);
}

/* --- the platform --- */

static void drop_platform(void *object)
{
	cof_tdx_platform *p = object;
	cof_tdx_chain_release(&p->chain);
	cof_tdx_anchor_release(&p->anchor);
	free(p);
}

static int judge_platform(const void *ctx, int64_t now, cof_checks *c, void **ret, cof_err *err)
{
	const cof_tdx_platform_in *in = ctx;
	cof_err why = {0};
	cof_tdx_platform *p = calloc(1, sizeof *p);
	*ret = p;
	if (p == NULL)
		return cof_err_oom(err);
	if (cof_tdx_chain_read(in->pem, PCK_CHAIN, &p->chain, &why) < 0) {
		(void)cof_check_error(c, COF_STAGE_CHAIN, &why);
		return 0;
	}
	p->has_pck = cof_tdx_pck_check(c, &p->chain, in->root, now, &p->anchor, &p->pck) ||
		     cof_tdx_pck_read(p->chain.cert[LEAF], &p->pck, NULL) == 0;
	return 0;
}

int cof_tdx_platform_find(cof_checks *c, const cof_tdx_platform_in *in, cof_held **ret, cof_err *err)
{
	const cof_part part = {.name = "tdx-platform",
			       .inputs = {in->pem, in->root},
			       .n = 2,
			       .judge = judge_platform,
			       .ctx = in,
			       .drop = drop_platform};
	return cof_part_judge(in->cache, &part, in->now, c, ret, err);
}

/* --- what Intel signs --- */

/* What a statement is judged with; signer: NULL for the signer itself. */
typedef struct statement {
	const cof_tdx_collateral_in *in;
	cof_x509 *signer;
} statement;

static cof_tdx_collateral_in at_time(const statement *s, int64_t now)
{
	cof_tdx_collateral_in in = *s->in;
	in.now = now;
	return in;
}

static int judge_signer(const void *ctx, int64_t now, cof_checks *c, void **ret, cof_err *err)
{
	const cof_tdx_collateral_in in = at_time(ctx, now);
	COF_AUTO(cof_tdx_chain) chain = {0};
	(void)err;
	if (cof_tdx_signer_check(c, &in, &chain))
		*ret = cof_steal(&chain.cert[SIGNER]);
	return 0;
}

int cof_tdx_signer_find(cof_checks *c, const cof_tdx_collateral_in *in, cof_held **ret, cof_err *err)
{
	const statement s = {in, NULL};
	const cof_part part = {.name = "tdx-signer",
			       .inputs = {in->tcb_signing_chain, cof_buf_span(&in->anchor->cert->der)},
			       .n = 2,
			       .judge = judge_signer,
			       .ctx = &s,
			       .drop = drop_cert};
	return cof_part_judge(in->cache, &part, in->now, c, ret, err);
}

static void drop_info(void *object)
{
	cof_tdx_tcb_info_release(object);
	free(object);
}

static int judge_info(const void *ctx, int64_t now, cof_checks *c, void **ret, cof_err *err)
{
	const statement *s = ctx;
	const cof_tdx_collateral_in in = at_time(s, now);
	cof_tdx_tcb_info *info = calloc(1, sizeof *info);
	if (info == NULL)
		return cof_err_oom(err);
	(void)cof_tdx_info_check(c, &in, s->signer, info);
	if (info->text != NULL)
		*ret = info;
	else
		free(info);
	return 0;
}

static void drop_identity(void *object)
{
	cof_tdx_qe_identity_release(object);
	free(object);
}

static int judge_identity(const void *ctx, int64_t now, cof_checks *c, void **ret, cof_err *err)
{
	const statement *s = ctx;
	const cof_tdx_collateral_in in = at_time(s, now);
	cof_tdx_qe_identity *identity = calloc(1, sizeof *identity);
	if (identity == NULL)
		return cof_err_oom(err);
	(void)cof_tdx_identity_check(c, &in, s->signer, identity);
	if (identity->text != NULL)
		*ret = identity;
	else
		free(identity);
	return 0;
}

/* The edition that the policy asks for is among a statement's checks, so that it is among the inputs. */
static int find_statement(cof_checks *c, const statement *s, cof_part *part, cof_held **ret, cof_err *err)
{
	const cof_tdx_collateral_in *in = s->in;
	part->inputs[1] = cof_buf_span(&s->signer->der);
	part->inputs[2] = cof_span_of(&in->min_evaluation, sizeof in->min_evaluation);
	part->n = 3;
	part->ctx = s;
	return cof_part_judge(in->cache, part, in->now, c, ret, err);
}

int cof_tdx_info_find(cof_checks *c, const cof_tdx_collateral_in *in, cof_x509 *signer, cof_held **ret, cof_err *err)
{
	const statement s = {in, signer};
	cof_part part = {.name = "tdx-tcb-info", .inputs = {in->tcb_info}, .judge = judge_info, .drop = drop_info};
	return find_statement(c, &s, &part, ret, err);
}

int cof_tdx_identity_find(cof_checks *c, const cof_tdx_collateral_in *in, cof_x509 *signer, cof_held **ret,
			  cof_err *err)
{
	const statement s = {in, signer};
	cof_part part = {
		.name = "tdx-qe-identity", .inputs = {in->qe_identity}, .judge = judge_identity, .drop = drop_identity};
	return find_statement(c, &s, &part, ret, err);
}

/* --- what is revoked --- */

static int judge_list(const void *ctx, int64_t now, cof_checks *c, void **ret, cof_err *err)
{
	const cof_tdx_crl_in *in = ctx;
	cof_x509_crl *crl = NULL;
	(void)err;
	if (cof_tdx_crl_check(c, in->name, in->der, in->issuer, now, &crl))
		*ret = crl;
	return 0;
}

int cof_tdx_crl_find(cof_checks *c, const cof_tdx_crl_in *in, cof_held **ret, cof_err *err)
{
	const cof_part part = {.name = "tdx-crl",
			       .inputs = {cof_span_str(in->name), in->der, cof_buf_span(&in->issuer->der)},
			       .n = 3,
			       .judge = judge_list,
			       .ctx = in,
			       .drop = drop_list};
	return cof_part_judge(in->cache, &part, in->now, c, ret, err);
}
