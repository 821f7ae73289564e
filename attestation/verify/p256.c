/* SPDX-License-Identifier: Apache-2.0 */
#include "attestation/verify/p256.h"

#include "attestation/verify/ecdsa.h"
#include "attestation/verify/x509_part.h"
#include "common/ossl.h"
#include "common/rd.h"

enum { NUMBER_LEN = 32 };

EVP_PKEY *cof_p256_key(cof_span xy, EVP_PKEY *like)
{
	uint8_t point[1 + COF_P256_RAW_LEN] = {0x04};
	if (xy.len != COF_P256_RAW_LEN)
		return NULL;
	memcpy(point + 1, xy.data, COF_P256_RAW_LEN);
	return cof_x509_point(SN_X9_62_prime256v1, cof_span_of(point, sizeof point), like);
}

bool cof_p256_is(const EVP_PKEY *key)
{
	char name[32] = "";
	int explicit_params = 1;
	if (key == NULL || EVP_PKEY_get_base_id(key) != EVP_PKEY_EC ||
	    EVP_PKEY_get_group_name(key, name, sizeof name, NULL) != 1 ||
	    EVP_PKEY_get_int_param(key, OSSL_PKEY_PARAM_EC_DECODED_FROM_EXPLICIT_PARAMS, &explicit_params) != 1)
		return false;
	return explicit_params == 0 && strcmp(name, SN_X9_62_prime256v1) == 0;
}

bool cof_p256_verify_der(EVP_PKEY *key, cof_span message, cof_span der)
{
	if (message.len == 0 || der.len == 0 || !cof_p256_is(key))
		return false;
	COF_AUTO_PTR(cof_ossl_md) ctx = EVP_MD_CTX_new();
	return ctx != NULL && EVP_DigestVerifyInit(ctx, NULL, EVP_sha256(), NULL, key) == 1 &&
	       EVP_DigestVerify(ctx, der.data, der.len, message.data, message.len) == 1;
}

bool cof_p256_verify(EVP_PKEY *key, cof_span message, cof_span rs)
{
	uint8_t der[COF_ECDSA_DER_MAX];
	cof_rd rd = cof_rd_of(rs);
	cof_span r = cof_rd_bytes(&rd, NUMBER_LEN), s = cof_rd_bytes(&rd, NUMBER_LEN);
	size_t n = cof_rd_end(&rd) ? cof_ecdsa_der(r, s, der) : 0;
	return cof_p256_verify_der(key, message, cof_span_of(der, n));
}
