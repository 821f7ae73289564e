/* SPDX-License-Identifier: Apache-2.0 */
#include "attestation/verify/pss.h"

#include <openssl/rsa.h>

#include "common/ossl.h"

bool cof_pss_verify(EVP_PKEY *key, cof_hash alg, cof_span message, cof_span signature)
{
	EVP_PKEY_CTX *pss = NULL; /* belongs to ctx */
	const char *hash = cof_hash_name(alg);
	COF_AUTO_PTR(cof_ossl_md) ctx = EVP_MD_CTX_new();
	return ctx != NULL && key != NULL && EVP_DigestVerifyInit_ex(ctx, &pss, hash, NULL, NULL, key, NULL) == 1 &&
	       EVP_PKEY_CTX_set_rsa_padding(pss, RSA_PKCS1_PSS_PADDING) > 0 &&
	       EVP_PKEY_CTX_set_rsa_mgf1_md_name(pss, hash, NULL) > 0 &&
	       EVP_PKEY_CTX_set_rsa_pss_saltlen(pss, (int)cof_hash_len(alg)) > 0 &&
	       EVP_DigestVerify(ctx, signature.data, signature.len, message.data, message.len) == 1;
}
