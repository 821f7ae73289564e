/* SPDX-License-Identifier: Apache-2.0 */
/* RSA as the schemes need it. */
#include <openssl/err.h>
#include <openssl/rand.h>
#include <openssl/rsa.h>

#include "common/ossl.h"
#include "image-decrypt/enc_int.h"

static EVP_PKEY_CTX *oaep(EVP_PKEY *key, const char *hash, int (*init)(EVP_PKEY_CTX *))
{
	COF_AUTO_PTR(cof_ossl_key_ctx) ctx = EVP_PKEY_CTX_new(key, NULL);
	if (ctx == NULL || init(ctx) != 1 || EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_OAEP_PADDING) != 1 ||
	    EVP_PKEY_CTX_set_rsa_oaep_md_name(ctx, hash, NULL) != 1 ||
	    EVP_PKEY_CTX_set_rsa_mgf1_md_name(ctx, hash, NULL) != 1)
		return NULL;
	return cof_steal(&ctx);
}

static int decrypt(EVP_PKEY_CTX *ctx, EVP_PKEY *key, cof_span in, cof_secret *ret)
{
	size_t len = (size_t)EVP_PKEY_get_size(key);
	int r = -1;
	if (ctx != NULL && in.len == len && cof_secret_new(ret, len, NULL) == 0)
		r = EVP_PKEY_decrypt(ctx, ret->data, &len, in.data, in.len) == 1 ? 0 : -1;
	if (r == 0)
		ret->len = len;
	else
		cof_secret_release(ret);
	ERR_clear_error();
	return r;
}

int cof_enc_oaep_open(EVP_PKEY *key, const char *hash, cof_span in, cof_secret *ret)
{
	COF_AUTO_PTR(cof_ossl_key_ctx) ctx = oaep(key, hash, EVP_PKEY_decrypt_init);
	return decrypt(ctx, key, in, ret);
}

int cof_enc_oaep_seal(EVP_PKEY *key, const char *hash, cof_span in, cof_buf *ret, cof_err *err)
{
	COF_AUTO_PTR(cof_ossl_key_ctx) ctx = oaep(key, hash, EVP_PKEY_encrypt_init);
	size_t len = (size_t)EVP_PKEY_get_size(key);
	int r = cof_buf_reserve(ret, len, err);
	if (r < 0)
		return r;
	if (ctx == NULL || EVP_PKEY_encrypt(ctx, ret->data + ret->len, &len, in.data, in.len) != 1) {
		ERR_clear_error();
		return cof_err_set(err, COF_E_USAGE, "key-unsupported", "the RSA key cannot hold %zu bytes", in.len);
	}
	ret->len += len;
	return 0;
}

/* spec: RFC 3218 2.3.2: the answer to a broken wrap must look like the one to a broken content */
int cof_enc_rsa15_open(EVP_PKEY *key, cof_span in, size_t len, cof_secret *ret, cof_err *err)
{
	COF_AUTO_PTR(cof_ossl_key_ctx) ctx = EVP_PKEY_CTX_new(key, NULL);
	COF_AUTO(cof_secret) got = {0};
	COF_AUTO(cof_secret) out = {0};
	int r = cof_secret_new(&out, len, err);
	if (r < 0)
		return r;
	if (ctx == NULL || EVP_PKEY_decrypt_init(ctx) != 1 ||
	    EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_PADDING) != 1 || RAND_priv_bytes(out.data, (int)len) != 1)
		return cof_err_set(err, COF_E_INTERNAL, "crypto-failed", "RSA");
	if (decrypt(ctx, key, in, &got) == 0 && got.len == len)
		memcpy(out.data, got.data, len);
	*ret = cof_secret_steal(&out);
	return 0;
}
