/* SPDX-License-Identifier: Apache-2.0 */
#include "attestation/verify/tpm_signature.h"

#include <openssl/rsa.h>

#include "attestation/verify/ecdsa.h"
#include "common/ossl.h"
#include "common/rd.h"

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

bool cof_tpm_signature_in_range(const cof_tpm_signature *sig, const EVP_PKEY *key)
{
	if (sig->scheme != COF_TPM_ALG_ECDSA)
		return sig->rsa.len == (size_t)EVP_PKEY_get_size(key);
	cof_span order = cof_ecdsa_order(EVP_PKEY_get_bits(key));
	return cof_ecdsa_in_range(sig->r, order) && cof_ecdsa_in_range(sig->s, order);
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

int cof_tpm_signature_check(const cof_tpm_signature *sig, EVP_PKEY *key, cof_span attest, cof_err *err)
{
	uint8_t der[COF_ECDSA_DER_MAX];
	cof_hash hash;
	int rc = cof_tpm_hash(sig->hash_alg, &hash, err);
	if (rc < 0)
		return rc;
	if (!cof_tpm_signature_fits(sig, key) || !cof_tpm_signature_in_range(sig, key))
		return bad_signature(err);
	if (sig->scheme != COF_TPM_ALG_ECDSA)
		return verify_der(key, sig, hash, sig->rsa, attest, err);
	size_t n = cof_ecdsa_der(sig->r, sig->s, der);
	return verify_der(key, sig, hash, cof_span_of(der, n), attest, err);
}
