/* SPDX-License-Identifier: Apache-2.0 */
#include "attestation/refvalue/cosekey.h"

#include <openssl/pem.h>

#include "common/ossl.h"
#include "common/rd.h"

typedef struct cose_alg {
	int64_t id;
	int type;	   /* of the key */
	const char *group; /* EC only */
	const EVP_MD *(*md)(void);
	size_t len; /* of a signature */
} cose_alg;

/* A key signs with its first row. */
static const cose_alg algs[] = {
	{COF_COSE_ES256, EVP_PKEY_EC, "prime256v1", EVP_sha256, 64},
	{COF_COSE_ES384, EVP_PKEY_EC, "secp384r1", EVP_sha384, 96},
	{COF_COSE_EDDSA, EVP_PKEY_ED25519, NULL, NULL, 64},
	/* spec: RFC 9864, 2.1 and 2.2: ESP256, ESP384, Ed25519 */
	{-9, EVP_PKEY_EC, "prime256v1", EVP_sha256, 64},
	{-51, EVP_PKEY_EC, "secp384r1", EVP_sha384, 96},
	{-19, EVP_PKEY_ED25519, NULL, NULL, 64},
};

enum { DER_MAX = 128 };

static bool is_of(EVP_PKEY *key, const cose_alg *a)
{
	char group[32] = "";
	size_t len = 0;
	if (key == NULL || EVP_PKEY_get_id(key) != a->type)
		return false;
	return a->group == NULL ||
	       (EVP_PKEY_get_group_name(key, group, sizeof group, &len) == 1 && strcmp(group, a->group) == 0);
}

static const cose_alg *alg_of(EVP_PKEY *key)
{
	for (size_t i = 0; i < COF_COUNT(algs); i++) {
		if (is_of(key, &algs[i]))
			return &algs[i];
	}
	return NULL;
}

static const cose_alg *alg_by_id(int64_t id)
{
	for (size_t i = 0; i < COF_COUNT(algs); i++) {
		if (algs[i].id == id)
			return &algs[i];
	}
	return NULL;
}

bool cof_cose_alg_known(int64_t alg)
{
	return alg_by_id(alg) != NULL;
}

bool cof_cose_key_fits(EVP_PKEY *key, int64_t alg)
{
	const cose_alg *a = alg_by_id(alg);
	return a != NULL && is_of(key, a);
}

int cof_cose_key_alg(EVP_PKEY *key, int64_t *ret, cof_err *err)
{
	const cose_alg *a = alg_of(key);
	if (a == NULL)
		return cof_err_set(err, COF_E_USAGE, "bad-key", "keys are P-256, P-384 or Ed25519");
	*ret = a->id;
	return 0;
}

/* ---- signatures ---- */

static int sign_failed(cof_err *err)
{
	return cof_err_set(err, COF_E_INTERNAL, "sign-failed", "COSE");
}

/* r and s, each as long as the curve's order. */
static int from_der(cof_span der, size_t len, uint8_t out[COF_COSE_SIGNATURE_MAX], cof_err *err)
{
	const uint8_t *at = der.data;
	int half = (int)(len / 2);
	COF_AUTO_PTR(cof_ossl_sig) s = d2i_ECDSA_SIG(NULL, &at, (long)der.len);
	if (s == NULL || BN_bn2binpad(ECDSA_SIG_get0_r(s), out, half) != half ||
	    BN_bn2binpad(ECDSA_SIG_get0_s(s), out + half, half) != half)
		return sign_failed(err);
	return 0;
}

int cof_cose_key_sign(EVP_PKEY *key, cof_span in, cof_buf *ret, cof_err *err)
{
	uint8_t sig[DER_MAX], raw[COF_COSE_SIGNATURE_MAX];
	size_t len = sizeof sig;
	const cose_alg *a = alg_of(key);
	COF_AUTO_PTR(cof_ossl_md) c = EVP_MD_CTX_new();
	if (a == NULL)
		return cof_err_set(err, COF_E_USAGE, "bad-key", "keys are P-256, P-384 or Ed25519");
	if (c == NULL || EVP_DigestSignInit(c, NULL, a->md != NULL ? a->md() : NULL, NULL, key) != 1 ||
	    EVP_DigestSign(c, sig, &len, in.data, in.len) != 1)
		return sign_failed(err);
	if (a->group == NULL)
		return len == a->len ? cof_buf_add(ret, sig, len, err) : sign_failed(err);
	int rc = from_der(cof_span_of(sig, len), a->len, raw, err);
	return rc < 0 ? rc : cof_buf_add(ret, raw, a->len, err);
}

static bool to_der(cof_span sig, uint8_t out[DER_MAX], size_t *ret_len)
{
	cof_rd rd = cof_rd_of(sig);
	cof_span half_r = cof_rd_bytes(&rd, sig.len / 2), half_s = cof_rd_rest(&rd);
	COF_AUTO_PTR(cof_ossl_sig) s = ECDSA_SIG_new();
	BIGNUM *r = BN_bin2bn(half_r.data, (int)half_r.len, NULL);
	BIGNUM *v = BN_bin2bn(half_s.data, (int)half_s.len, NULL);
	if (s == NULL || r == NULL || v == NULL || ECDSA_SIG_set0(s, r, v) != 1) {
		BN_free(r);
		BN_free(v);
		return false;
	}
	uint8_t *at = out;
	int len = i2d_ECDSA_SIG(s, NULL);
	if (len <= 0 || len > DER_MAX || i2d_ECDSA_SIG(s, &at) != len)
		return false;
	*ret_len = (size_t)len;
	return true;
}

int cof_cose_key_verify(EVP_PKEY *key, int64_t alg, cof_span in, cof_span sig, cof_err *err)
{
	uint8_t der[DER_MAX];
	const cose_alg *a = alg_by_id(alg);
	if (a == NULL || !is_of(key, a))
		return cof_err_set(err, COF_E_CRYPTO, "cose-algorithm", "algorithm %lld is not this key's",
				   (long long)alg);
	/* Exactly this long: a DER signature, or one cut short, has another length or other numbers. */
	if (sig.len != a->len)
		return cof_err_set(err, COF_E_CRYPTO, "cose-signature", "a signature of %zu bytes", sig.len);
	if (a->group != NULL) {
		size_t len = 0;
		if (!to_der(sig, der, &len))
			return cof_err_oom(err);
		sig = cof_span_of(der, len);
	}
	COF_AUTO_PTR(cof_ossl_md) c = EVP_MD_CTX_new();
	if (c == NULL || EVP_DigestVerifyInit(c, NULL, a->md != NULL ? a->md() : NULL, NULL, key) != 1)
		return cof_err_set(err, COF_E_INTERNAL, "verify-failed", "COSE");
	if (EVP_DigestVerify(c, sig.data, sig.len, in.data, in.len) != 1)
		return cof_err_set(err, COF_E_CRYPTO, "cose-signature", "the signature does not hold");
	return 0;
}

/* ---- PEM ---- */

static int bad_key(cof_err *err, const char *what)
{
	return cof_err_set(err, COF_E_MALFORMED, "bad-key", "%s", what);
}

static int open_pem(cof_span pem, BIO **ret, cof_err *err)
{
	if (pem.len > COF_COSE_PEM_MAX)
		return bad_key(err, "the key's file is too large");
	*ret = BIO_new_mem_buf(pem.data, (int)pem.len);
	return *ret == NULL ? cof_err_oom(err) : 0;
}

static int take_key(EVP_PKEY **key, EVP_PKEY **ret, cof_err *err)
{
	if (alg_of(*key) == NULL)
		return bad_key(err, "not a P-256, P-384 or Ed25519 key in PEM");
	*ret = cof_steal(key);
	return 0;
}

static int key_of_cert(cof_span pem, int64_t now, EVP_PKEY **ret, cof_err *err)
{
	COF_AUTO_PTR(cof_ossl_bio) b = NULL;
	time_t at = (time_t)now;
	int rc = open_pem(pem, &b, err);
	if (rc < 0)
		return rc;
	COF_AUTO_PTR(cof_ossl_cert) x = PEM_read_bio_X509(b, NULL, NULL, NULL);
	if (x == NULL)
		return bad_key(err, "neither a public key nor a certificate in PEM (private keys stay at home)");
	if (X509_cmp_time(X509_get0_notBefore(x), &at) >= 0 || X509_cmp_time(X509_get0_notAfter(x), &at) <= 0)
		return bad_key(err, "the signer's certificate is not valid now");
	COF_AUTO_PTR(cof_ossl_key) k = X509_get_pubkey(x);
	return take_key(&k, ret, err);
}

int cof_cose_key_public(cof_span pem, int64_t now, EVP_PKEY **ret, cof_err *err)
{
	COF_AUTO_PTR(cof_ossl_bio) b = NULL;
	int rc = open_pem(pem, &b, err);
	if (rc < 0)
		return rc;
	COF_AUTO_PTR(cof_ossl_key) k = PEM_read_bio_PUBKEY(b, NULL, NULL, NULL);
	return k != NULL ? take_key(&k, ret, err) : key_of_cert(pem, now, ret, err);
}

int cof_cose_key_write(EVP_PKEY *key, cof_buf *ret, cof_err *err)
{
	char *data = NULL;
	COF_AUTO_PTR(cof_ossl_bio) b = BIO_new(BIO_s_mem());
	if (b == NULL || PEM_write_bio_PUBKEY(b, key) != 1)
		return cof_err_oom(err);
	long n = BIO_get_mem_data(b, &data);
	return n > 0 ? cof_buf_add(ret, data, (size_t)n, err) : cof_err_oom(err);
}
