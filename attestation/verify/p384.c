/* SPDX-License-Identifier: Apache-2.0 */
#include "attestation/verify/p384.h"

#include "attestation/verify/x509_part.h"
#include "common/ossl.h"

/* SEQUENCE of two INTEGERs, each with a zero in front where its first bit is set. */
enum { DER_MAX = 2 + 2 * (2 + 1 + COF_P384_NUMBER_LEN) };

/* source: NIST SP 800-186: the order of P-384 */
static const uint8_t order[COF_P384_NUMBER_LEN] = {
	0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
	0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xc7, 0x63, 0x4d, 0x81, 0xf4, 0x37, 0x2d, 0xdf,
	0x58, 0x1a, 0x0d, 0xb2, 0x48, 0xb0, 0xa7, 0x7a, 0xec, 0xec, 0x19, 0x6a, 0xcc, 0xc5, 0x29, 0x73,
};

EVP_PKEY *cof_p384_key(cof_span point)
{
	if (point.len != COF_P384_POINT_LEN || point.data[0] != POINT_CONVERSION_UNCOMPRESSED)
		return NULL;
	return cof_x509_point(SN_secp384r1, point);
}

static size_t leading_zeros(const uint8_t n[COF_P384_NUMBER_LEN])
{
	size_t i = 0;
	while (i < COF_P384_NUMBER_LEN && n[i] == 0)
		i++;
	return i;
}

bool cof_p384_in_range(const uint8_t n[COF_P384_NUMBER_LEN])
{
	size_t i = 0;
	while (i < COF_P384_NUMBER_LEN && n[i] == order[i])
		i++;
	return i < COF_P384_NUMBER_LEN && n[i] < order[i] && leading_zeros(n) < COF_P384_NUMBER_LEN;
}

/* The number is in range, so it is not all zero. */
static size_t put_integer(const uint8_t n[COF_P384_NUMBER_LEN], uint8_t *out)
{
	size_t skip = leading_zeros(n);
	size_t len = COF_P384_NUMBER_LEN - skip, pad = n[skip] >> 7;
	out[0] = V_ASN1_INTEGER;
	out[1] = (uint8_t)(len + pad);
	out[2] = 0;
	memcpy(out + 2 + pad, n + skip, len);
	return 2 + pad + len;
}

int cof_p384_verify(EVP_PKEY *key, cof_span message, const uint8_t r[COF_P384_NUMBER_LEN],
		    const uint8_t s[COF_P384_NUMBER_LEN], bool *ret, cof_err *err)
{
	uint8_t der[DER_MAX] = {V_ASN1_SEQUENCE | V_ASN1_CONSTRUCTED};
	*ret = false;
	if (!cof_p384_in_range(r) || !cof_p384_in_range(s))
		return 0;
	size_t n = put_integer(r, der + 2);
	n += put_integer(s, der + 2 + n);
	der[1] = (uint8_t)n;
	COF_AUTO_PTR(cof_ossl_md) ctx = EVP_MD_CTX_new();
	if (ctx == NULL || EVP_DigestVerifyInit_ex(ctx, NULL, "SHA384", NULL, NULL, key, NULL) != 1)
		return cof_err_oom(err);
	*ret = EVP_DigestVerify(ctx, der, n + 2, message.data, message.len) == 1;
	return 0;
}
