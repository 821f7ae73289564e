/* SPDX-License-Identifier: Apache-2.0 */
#include "attestation/verify/tpm_ak.h"

#include "common/ossl.h"

static void ak_free(cof_tpm_ak *a)
{
	if (a == NULL)
		return;
	EVP_PKEY_free(a->key);
	cof_buf_release(&a->area);
	free(a);
}
COF_DEFINE_AUTO_PTR(cof_tpm_ak, ak_free)

static void drop(void *object)
{
	ak_free(object);
}

static int judge(const void *ctx, int64_t now, cof_checks *c, void **ret, cof_err *err)
{
	const cof_span *area = ctx;
	COF_AUTO_PTR(cof_tpm_ak) a = calloc(1, sizeof *a);
	cof_err why = {0};
	(void)now;
	if (a == NULL)
		return cof_err_oom(err);
	/* One byte too many is refused like any more. */
	size_t len = area->len > COF_TPM_PUBLIC_MAX ? COF_TPM_PUBLIC_MAX + 1 : area->len;
	int rc = cof_buf_add(&a->area, area->data, len, err);
	if (rc < 0)
		return rc;
	if (cof_tpm_public_parse(cof_buf_span(&a->area), &a->pub, &why) < 0 ||
	    cof_tpm_public_key(&a->pub, &a->key, &why) < 0) {
		(void)cof_check_text(c, COF_STAGE_PARSE, "ak-malformed", false, "a public area", why.text);
		return 0;
	}
	*ret = cof_steal(&a);
	return 0;
}

static cof_part part_of(const cof_span *area)
{
	return (cof_part){.name = "tpm-ak", .inputs = {*area}, .n = 1, .judge = judge, .ctx = area, .drop = drop};
}

int cof_tpm_ak_find(cof_checks *c, cof_verify_cache *cache, cof_span area, cof_held **ret, cof_err *err)
{
	const cof_part part = part_of(&area);
	/* There is no check that could pass, so that nothing is kept here; and no time in it. */
	return cof_part_judge(cache, &part, 0, c, ret, err);
}

void cof_tpm_ak_keep(cof_verify_cache *cache, cof_held *h)
{
	if (cache == NULL || h == NULL || h->object == NULL || h->refs > 1)
		return;
	const cof_tpm_ak *a = h->object;
	const cof_span area = cof_buf_span(&a->area);
	const cof_part part = part_of(&area);
	cof_cache_keep(cache, &part, h);
}
