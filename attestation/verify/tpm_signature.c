/* SPDX-License-Identifier: Apache-2.0 */
#include "attestation/verify/tpm_signature.h"

#include <openssl/rsa.h>

#include "common/ossl.h"
#include "common/rd.h"

/* SEQUENCE of two INTEGERs of up to 521 bits. */
enum { DER_MAX = 160 };

int cof_tpm_signature_parse(cof_span in, cof_tpm_signature *ret, cof_err *err)
{
	cof_tpm_signature sig = {0};
	cof_rd r = cof_rd_of(in);
	sig.scheme = cof_rd_u16be(&r);
	sig.hash_alg = cof_rd_u16be(&r);
	if (!cof_rd_ok(&r) || in.len > COF_TPM_SIGNATURE_MAX)
		return cof_err_set(err, COF_E_MALFORMED, "signature-malformed", "TPM signature has %zu bytes", in.len);
	if (sig.scheme == COF_TPM_ALG_RSASSA || sig.scheme == COF_TPM_ALG_RSAPSS) {
		sig.rsa = cof_rd_span_u16be(&r);
	} else if (sig.scheme == COF_TPM_ALG_ECDSA) {
		sig.r = cof_rd_span_u16be(&r);
		sig.s = cof_rd_span_u16be(&r);
	} else {
		return cof_err_set(err, COF_E_MALFORMED, "signature-malformed", "TPM signature scheme 0x%04x",
				   sig.scheme);
	}
	if (!cof_rd_end(&r))
		return cof_err_set(err, COF_E_MALFORMED, "signature-malformed", "length of the TPM signature");
	*ret = sig;
	return 0;
}

bool cof_tpm_signature_fits(const cof_tpm_signature *sig, const EVP_PKEY *key)
{
	return EVP_PKEY_get_base_id(key) == (sig->scheme == COF_TPM_ALG_ECDSA ? EVP_PKEY_EC : EVP_PKEY_RSA);
}

static bool scalar_in_range(cof_span v, const BIGNUM *order)
{
	if (v.len > (size_t)BN_num_bytes(order))
		return false;
	COF_AUTO_PTR(cof_ossl_bn) n = BN_bin2bn(v.data, (int)v.len, NULL);
	return n != NULL && !BN_is_zero(n) && BN_cmp(n, order) < 0;
}

bool cof_tpm_signature_in_range(const cof_tpm_signature *sig, const EVP_PKEY *key)
{
	BIGNUM *n = NULL;
	if (sig->scheme != COF_TPM_ALG_ECDSA)
		return sig->rsa.len == (size_t)EVP_PKEY_get_size(key);
	if (EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_EC_ORDER, &n) != 1)
		return false;
	COF_AUTO_PTR(cof_ossl_bn) order = n;
	return scalar_in_range(sig->r, order) && scalar_in_range(sig->s, order);
}

/* ---- verifying ---- */

static int bad_signature(cof_err *err)
{
	return cof_err_set(err, COF_E_CRYPTO, "quote-signature", "the quote was not signed by the attestation key");
}

static const EVP_MD *md_of(cof_hash h)
{
	return h == COF_SHA256 ? EVP_sha256() : h == COF_SHA384 ? EVP_sha384() : EVP_sha512();
}

static int verify_der(EVP_PKEY *key, const cof_tpm_signature *sig, cof_hash hash, cof_span der, cof_span attest,
		      cof_err *err)
{
	COF_AUTO_PTR(cof_ossl_md) ctx = EVP_MD_CTX_new();
	EVP_PKEY_CTX *pctx = NULL; /* ctx owns it */
	if (ctx == NULL || EVP_DigestVerifyInit(ctx, &pctx, md_of(hash), NULL, key) != 1)
		return cof_err_oom(err);
	/* Older firmware salts RSAPSS to the maximum instead of the digest's length: let the signature tell. */
	if (sig->scheme == COF_TPM_ALG_RSAPSS && (EVP_PKEY_CTX_set_rsa_padding(pctx, RSA_PKCS1_PSS_PADDING) <= 0 ||
						  EVP_PKEY_CTX_set_rsa_pss_saltlen(pctx, RSA_PSS_SALTLEN_AUTO) <= 0))
		return cof_err_oom(err);
	return EVP_DigestVerify(ctx, der.data, der.len, attest.data, attest.len) == 1 ? 0 : bad_signature(err);
}

/* The form that OpenSSL wants. */
static int ecdsa_der(const cof_tpm_signature *sig, uint8_t out[DER_MAX], size_t *ret, cof_err *err)
{
	COF_AUTO_PTR(cof_ossl_sig) e = ECDSA_SIG_new();
	COF_AUTO_PTR(cof_ossl_bn) r = BN_bin2bn(sig->r.data, (int)sig->r.len, NULL);
	COF_AUTO_PTR(cof_ossl_bn) s = BN_bin2bn(sig->s.data, (int)sig->s.len, NULL);
	if (e == NULL || r == NULL || s == NULL || ECDSA_SIG_set0(e, r, s) != 1)
		return cof_err_oom(err);
	(void)cof_steal(&r);
	(void)cof_steal(&s);
	int n = i2d_ECDSA_SIG(e, &out);
	*ret = n > 0 ? (size_t)n : 0;
	return n > 0 ? 0 : bad_signature(err);
}

int cof_tpm_signature_check(const cof_tpm_signature *sig, EVP_PKEY *key, cof_span attest, cof_err *err)
{
	uint8_t der[DER_MAX];
	size_t n = 0;
	cof_hash hash;
	int rc = cof_tpm_hash(sig->hash_alg, &hash, err);
	if (rc < 0)
		return rc;
	if (!cof_tpm_signature_fits(sig, key) || !cof_tpm_signature_in_range(sig, key))
		return bad_signature(err);
	if (sig->scheme != COF_TPM_ALG_ECDSA)
		return verify_der(key, sig, hash, sig->rsa, attest, err);
	rc = ecdsa_der(sig, der, &n, err);
	return rc < 0 ? rc : verify_der(key, sig, hash, cof_span_of(der, n), attest, err);
}
