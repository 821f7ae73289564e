/* SPDX-License-Identifier: Apache-2.0 */
#include "attestation/verify/p384.h"

#include "attestation/verify/ecdsa.h"
#include "attestation/verify/x509_part.h"
#include "common/ossl.h"

EVP_PKEY *cof_p384_key(cof_span point)
{
	if (point.len != COF_P384_POINT_LEN || point.data[0] != POINT_CONVERSION_UNCOMPRESSED)
		return NULL;
	return cof_x509_point(SN_secp384r1, point, NULL);
}

bool cof_p384_in_range(const uint8_t n[COF_P384_NUMBER_LEN])
{
	return cof_ecdsa_in_range(cof_span_of(n, COF_P384_NUMBER_LEN), cof_ecdsa_order(384));
}

int cof_p384_verify(EVP_PKEY *key, cof_span message, const uint8_t r[COF_P384_NUMBER_LEN],
		    const uint8_t s[COF_P384_NUMBER_LEN], bool *ret, cof_err *err)
{
	uint8_t der[COF_ECDSA_DER_MAX];
	*ret = false;
	if (!cof_p384_in_range(r) || !cof_p384_in_range(s))
		return 0;
	size_t n = cof_ecdsa_der(cof_span_of(r, COF_P384_NUMBER_LEN), cof_span_of(s, COF_P384_NUMBER_LEN), der);
	COF_AUTO_PTR(cof_ossl_md) ctx = EVP_MD_CTX_new();
	if (ctx == NULL || EVP_DigestVerifyInit_ex(ctx, NULL, "SHA384", NULL, NULL, key, NULL) != 1)
		return cof_err_oom(err);
	*ret = EVP_DigestVerify(ctx, der, n, message.data, message.len) == 1;
	return 0;
}
