/* SPDX-License-Identifier: Apache-2.0 */
#include "attestation/kbs/es256.h"

#include <openssl/bio.h>
#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/pem.h>

typedef EVP_MD_CTX md_ctx;
typedef ECDSA_SIG ec_sig;
typedef BIO mem_bio;

static void md_ctx_release(md_ctx *c)
{
	EVP_MD_CTX_free(c);
}
COF_DEFINE_AUTO_PTR(md_ctx, md_ctx_release)

static void ec_sig_release(ec_sig *s)
{
	ECDSA_SIG_free(s);
}
COF_DEFINE_AUTO_PTR(ec_sig, ec_sig_release)

static void mem_bio_release(mem_bio *b)
{
	BIO_free_all(b);
}
COF_DEFINE_AUTO_PTR(mem_bio, mem_bio_release)

enum { DER_MAX = 80, HALF = COF_ES256_LEN / 2, PEM_MAX = 8192 };

int cof_es256_sign(EVP_PKEY *key, cof_span in, uint8_t out[COF_ES256_LEN], cof_err *err)
{
	COF_AUTO_PTR(md_ctx) c = EVP_MD_CTX_new();
	uint8_t der[DER_MAX];
	size_t len = sizeof der;
	if (c == NULL || EVP_DigestSignInit(c, NULL, EVP_sha256(), NULL, key) != 1 ||
	    EVP_DigestSign(c, der, &len, in.data, in.len) != 1)
		return cof_err_set(err, COF_E_INTERNAL, "sign-failed", "ES256");
	const uint8_t *at = der;
	COF_AUTO_PTR(ec_sig) s = d2i_ECDSA_SIG(NULL, &at, (long)len);
	if (s == NULL || BN_bn2binpad(ECDSA_SIG_get0_r(s), out, HALF) != HALF ||
	    BN_bn2binpad(ECDSA_SIG_get0_s(s), out + HALF, HALF) != HALF)
		return cof_err_set(err, COF_E_INTERNAL, "sign-failed", "ES256");
	return 0;
}

static int to_der(cof_span sig, uint8_t out[DER_MAX], size_t *ret_len)
{
	COF_AUTO_PTR(ec_sig) s = ECDSA_SIG_new();
	BIGNUM *r = BN_bin2bn(sig.data, HALF, NULL);
	BIGNUM *v = BN_bin2bn(sig.data + HALF, HALF, NULL);
	if (s == NULL || r == NULL || v == NULL || ECDSA_SIG_set0(s, r, v) != 1) {
		BN_free(r);
		BN_free(v);
		return -1;
	}
	uint8_t *at = out;
	int len = i2d_ECDSA_SIG(s, NULL);
	if (len <= 0 || len > DER_MAX || i2d_ECDSA_SIG(s, &at) != len)
		return -1;
	*ret_len = (size_t)len;
	return 0;
}

int cof_es256_verify(EVP_PKEY *key, cof_span in, cof_span sig, cof_err *err)
{
	uint8_t der[DER_MAX];
	size_t len = 0;
	if (sig.len != COF_ES256_LEN || to_der(sig, der, &len) < 0)
		return cof_err_set(err, COF_E_CRYPTO, "bad-signature", "not an ES256 signature");
	COF_AUTO_PTR(md_ctx) c = EVP_MD_CTX_new();
	if (c == NULL || EVP_DigestVerifyInit(c, NULL, EVP_sha256(), NULL, key) != 1)
		return cof_err_set(err, COF_E_INTERNAL, "verify-failed", "ES256");
	if (EVP_DigestVerify(c, der, len, in.data, in.len) != 1)
		return cof_err_set(err, COF_E_CRYPTO, "bad-signature", "the signature does not hold");
	return 0;
}

int cof_es256_new(EVP_PKEY **ret, cof_err *err)
{
	EVP_PKEY *k = EVP_EC_gen("P-256");
	if (k == NULL)
		return cof_err_set(err, COF_E_INTERNAL, "keygen-failed", "P-256");
	*ret = k;
	return 0;
}

static int check_curve(EVP_PKEY *k, cof_err *err)
{
	char name[32] = "";
	size_t len = 0;
	if (k == NULL || EVP_PKEY_get_id(k) != EVP_PKEY_EC ||
	    EVP_PKEY_get_group_name(k, name, sizeof name, &len) != 1 || strcmp(name, "prime256v1") != 0)
		return cof_err_set(err, COF_E_MALFORMED, "bad-key", "not a P-256 key in PEM");
	return 0;
}

static int read_key(cof_span pem, bool private, EVP_PKEY **ret, cof_err *err)
{
	if (pem.len > PEM_MAX)
		return cof_err_set(err, COF_E_MALFORMED, "bad-key", "a key of %zu bytes", pem.len);
	COF_AUTO_PTR(mem_bio) b = BIO_new_mem_buf(pem.data, (int)pem.len);
	if (b == NULL)
		return cof_err_oom(err);
	/* The empty passphrase: OpenSSL must not ask the terminal. */
	char none[] = "";
	COF_AUTO_PTR(cof_pkey)
	k = private ? PEM_read_bio_PrivateKey(b, NULL, NULL, none) : PEM_read_bio_PUBKEY(b, NULL, NULL, none);
	int rc = check_curve(k, err);
	if (rc == 0)
		*ret = cof_steal(&k);
	return rc;
}

int cof_es256_read_private(cof_span pem, EVP_PKEY **ret, cof_err *err)
{
	return read_key(pem, true, ret, err);
}

int cof_es256_read_public(cof_span pem, EVP_PKEY **ret, cof_err *err)
{
	return read_key(pem, false, ret, err);
}

static int write_key(EVP_PKEY *key, bool private, cof_buf *ret, cof_err *err)
{
	COF_AUTO_PTR(mem_bio) b = BIO_new(BIO_s_secmem());
	if (b == NULL)
		return cof_err_oom(err);
	int ok = private ? PEM_write_bio_PKCS8PrivateKey(b, key, NULL, NULL, 0, NULL, NULL)
			 : PEM_write_bio_PUBKEY(b, key);
	char *data = NULL;
	long len = BIO_get_mem_data(b, &data);
	if (ok != 1 || len <= 0)
		return cof_err_set(err, COF_E_INTERNAL, "bad-key", "the key cannot be written");
	return cof_buf_add(ret, data, (size_t)len, err);
}

int cof_es256_write_private(EVP_PKEY *key, cof_buf *ret, cof_err *err)
{
	return write_key(key, true, ret, err);
}

int cof_es256_write_public(EVP_PKEY *key, cof_buf *ret, cof_err *err)
{
	return write_key(key, false, ret, err);
}
