/* SPDX-License-Identifier: Apache-2.0 */
/* OpenSSL's objects under the cleanup idiom. */
#pragma once

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include "common/cleanup.h"

#define COF_OSSL_AUTO(T, name, release)                                                                                \
	typedef T name;                                                                                                \
	static inline void name##_drop(T *p)                                                                           \
	{                                                                                                              \
		release(p);                                                                                            \
	}                                                                                                              \
	COF_DEFINE_AUTO_PTR(name, name##_drop)

COF_OSSL_AUTO(BIGNUM, cof_ossl_bn, BN_free)
COF_OSSL_AUTO(BIO, cof_ossl_bio, BIO_free_all)
COF_OSSL_AUTO(ECDSA_SIG, cof_ossl_sig, ECDSA_SIG_free)
COF_OSSL_AUTO(EVP_CIPHER_CTX, cof_ossl_cipher, EVP_CIPHER_CTX_free)
COF_OSSL_AUTO(EVP_MD_CTX, cof_ossl_md, EVP_MD_CTX_free)
COF_OSSL_AUTO(EVP_PKEY, cof_ossl_key, EVP_PKEY_free)
COF_OSSL_AUTO(EVP_PKEY_CTX, cof_ossl_key_ctx, EVP_PKEY_CTX_free)
COF_OSSL_AUTO(OSSL_PARAM, cof_ossl_params, OSSL_PARAM_free)
COF_OSSL_AUTO(OSSL_PARAM_BLD, cof_ossl_param_bld, OSSL_PARAM_BLD_free)
COF_OSSL_AUTO(X509, cof_ossl_cert, X509_free)
COF_OSSL_AUTO(X509_STORE, cof_ossl_store, X509_STORE_free)
COF_OSSL_AUTO(X509_STORE_CTX, cof_ossl_store_ctx, X509_STORE_CTX_free)
COF_OSSL_AUTO(GENERAL_NAMES, cof_ossl_names, GENERAL_NAMES_free)
COF_OSSL_AUTO(EXTENDED_KEY_USAGE, cof_ossl_eku, EXTENDED_KEY_USAGE_free)
COF_OSSL_AUTO(ASN1_OBJECT, cof_ossl_oid, ASN1_OBJECT_free)
COF_OSSL_AUTO(ASN1_BIT_STRING, cof_ossl_bits, ASN1_BIT_STRING_free)
COF_OSSL_AUTO(ASN1_TIME, cof_ossl_time, ASN1_TIME_free)
COF_OSSL_AUTO(BASIC_CONSTRAINTS, cof_ossl_constraints, BASIC_CONSTRAINTS_free)
