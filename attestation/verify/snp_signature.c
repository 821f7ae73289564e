/* SPDX-License-Identifier: Apache-2.0 */
#include "attestation/verify/snp_signature.h"

#include "common/rd.h"

/* SEQUENCE of two INTEGERs, each with a zero in front where its first bit is set. */
enum { DER_MAX = 2 + 2 * (2 + 1 + COF_SNP_SCALAR_LEN) };

/* source: NIST SP 800-186: the order of P-384 */
static const uint8_t order[COF_SNP_SCALAR_LEN] = {
	0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
	0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xc7, 0x63, 0x4d, 0x81, 0xf4, 0x37, 0x2d, 0xdf,
	0x58, 0x1a, 0x0d, 0xb2, 0x48, 0xb0, 0xa7, 0x7a, 0xec, 0xec, 0x19, 0x6a, 0xcc, 0xc5, 0x29, 0x73,
};

static size_t leading_zeros(const uint8_t v[COF_SNP_SCALAR_LEN])
{
	size_t n = 0;
	while (n < COF_SNP_SCALAR_LEN && v[n] == 0)
		n++;
	return n;
}

/* 1 <= v < order */
static bool is_in_range(const uint8_t v[COF_SNP_SCALAR_LEN])
{
	size_t i = 0;
	while (i < COF_SNP_SCALAR_LEN && v[i] == order[i])
		i++;
	return i < COF_SNP_SCALAR_LEN && v[i] < order[i] && leading_zeros(v) < COF_SNP_SCALAR_LEN;
}

static size_t put_integer(const uint8_t v[COF_SNP_SCALAR_LEN], uint8_t *out)
{
	size_t skip = leading_zeros(v);
	size_t n = COF_SNP_SCALAR_LEN - skip, pad = v[skip] >> 7;
	out[0] = V_ASN1_INTEGER;
	out[1] = (uint8_t)(n + pad);
	out[2] = 0;
	memcpy(out + 2 + pad, v + skip, n);
	return 2 + pad + n;
}

/* r and s are in range, so neither is all zero. */
static size_t put_der(const cof_snp_report *p, uint8_t out[DER_MAX])
{
	size_t n = put_integer(p->r, out + 2);
	n += put_integer(p->s, out + 2 + n);
	out[0] = V_ASN1_SEQUENCE | V_ASN1_CONSTRUCTED;
	out[1] = (uint8_t)n;
	return n + 2;
}

static int verify(cof_span in, const cof_snp_report *p, EVP_PKEY *key, bool *ret, cof_err *err)
{
	uint8_t der[DER_MAX];
	size_t n = put_der(p, der);
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
