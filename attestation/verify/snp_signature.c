/* SPDX-License-Identifier: Apache-2.0 */
#include "attestation/verify/snp_signature.h"

#include "attestation/verify/ecdsa.h"
#include "common/rd.h"
#include "common/secret.h"

/* source: NIST SP 800-186: the order of P-384 */
static const uint8_t order[COF_SNP_SCALAR_LEN] = {
	0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
	0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xc7, 0x63, 0x4d, 0x81, 0xf4, 0x37, 0x2d, 0xdf,
	0x58, 0x1a, 0x0d, 0xb2, 0x48, 0xb0, 0xa7, 0x7a, 0xec, 0xec, 0x19, 0x6a, 0xcc, 0xc5, 0x29, 0x73,
};

/* 1 <= v < order */
static bool is_in_range(const uint8_t v[COF_SNP_SCALAR_LEN])
{
	static const uint8_t zero[COF_SNP_SCALAR_LEN];
	size_t i = 0;
	while (i < COF_SNP_SCALAR_LEN && v[i] == order[i])
		i++;
	return i < COF_SNP_SCALAR_LEN && v[i] < order[i] &&
	       !cof_ct_equal(cof_span_of(v, COF_SNP_SCALAR_LEN), cof_span_of(zero, sizeof zero));
}

static int verify(cof_span in, const cof_snp_report *p, EVP_PKEY *key, bool *ret, cof_err *err)
{
	uint8_t der[COF_ECDSA_DER_MAX];
	size_t n = cof_ecdsa_der(cof_span_of(p->r, sizeof p->r), cof_span_of(p->s, sizeof p->s), der);
	cof_rd r = cof_rd_of(in);
	cof_span covered = cof_rd_bytes(&r, COF_SNP_SIGNED_LEN);
	COF_AUTO_PTR(cof_ossl_md) ctx = EVP_MD_CTX_new();
	if (ctx == NULL || EVP_DigestVerifyInit_ex(ctx, NULL, "SHA384", NULL, NULL, key, NULL) != 1)
		return cof_err_oom(err);
	*ret = covered.len == COF_SNP_SIGNED_LEN && EVP_DigestVerify(ctx, der, n, covered.data, covered.len) == 1;
	return 0;
}

int cof_snp_signature_check(cof_span in, const cof_snp_report *r, EVP_PKEY *key, cof_checks *c, cof_err *err)
{
	bool holds = false;
	bool is_signed = cof_check_text(c, COF_STAGE_SIGNATURE, "report-unsigned", r->signing_key != COF_SNP_UNSIGNED,
					"signed by a VCEK or VLEK", NULL);
	bool in_range = cof_check_text(c, COF_STAGE_SIGNATURE, "report-signature-range",
				       r->scalars_fit && is_in_range(r->r) && is_in_range(r->s),
				       "R and S from 1 to the order less 1", NULL);
	bool usable = is_signed && in_range && key != NULL;
	int rc = usable ? verify(in, r, key, &holds, err) : 0;
	if (rc == 0)
		(void)cof_check_text(c, COF_STAGE_SIGNATURE, "report-signature", holds, "signed by the VEK", NULL);
	return rc;
}
