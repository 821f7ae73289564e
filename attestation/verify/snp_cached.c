/* SPDX-License-Identifier: Apache-2.0 */
#include "attestation/verify/snp_cached.h"

#include "attestation/verify/snp_crl.h"

static void drop_certs(void *object)
{
	cof_snp_certs_release(object);
	free(object);
}

static int judge_certs(const void *ctx, int64_t now, cof_checks *c, void **ret, cof_err *err)
{
	const cof_snp_certs_in *in = ctx;
	cof_snp_certs *s = calloc(1, sizeof *s);
	*ret = s;
	if (s == NULL)
		return cof_err_oom(err);
	return cof_snp_certs_check(in->vek, in->intermediate, in->root, now, c, s, err);
}

int cof_snp_certs_find(cof_checks *c, const cof_snp_certs_in *in, cof_held **ret, cof_err *err)
{
	const cof_part part = {.name = "snp-certs",
			       .inputs = {in->vek, in->intermediate, in->root},
			       .n = 3,
			       .judge = judge_certs,
			       .ctx = in,
			       .drop = drop_certs};
	return cof_part_judge(in->cache, &part, in->now, c, ret, err);
}

static int judge_crl(const void *ctx, int64_t now, cof_checks *c, void **ret, cof_err *err)
{
	const cof_snp_crl_in *in = ctx;
	(void)ret;
	(void)err;
	cof_snp_crl_check(in->crl, in->certs, now, c);
	return 0;
}

int cof_snp_crl_find(cof_checks *c, const cof_snp_crl_in *in, cof_err *err)
{
	COF_AUTO_PTR(cof_held) held = NULL;
	const cof_snp_certs *s = in->certs;
	const cof_part part = {.name = "snp-crl",
			       .inputs = {in->crl, cof_buf_span(&s->root->der), cof_buf_span(&s->intermediate->der),
					  cof_buf_span(&s->vek->der)},
			       .n = 4,
			       .judge = judge_crl,
			       .ctx = in};
	return cof_part_judge(in->cache, &part, in->now, c, &held, err);
}
