/* SPDX-License-Identifier: Apache-2.0 */
#include "attestation/verify/credential.h"

#include <openssl/hmac.h>
#include <openssl/rsa.h>

#include "common/ossl.h"
#include "common/wr.h"

enum { AES_KEY_MAX = 32, KDFA_CONTEXT_MAX = 256, KDFA_BITS_MAX = 4096 };

static const EVP_MD *md_of(cof_hash h)
{
	return h == COF_SHA256 ? EVP_sha256() : h == COF_SHA384 ? EVP_sha384() : EVP_sha512();
}

static int openssl_failed(cof_err *err)
{
	return cof_err_set(err, COF_E_INTERNAL, "openssl", "a credential could not be made");
}

static int hmac(cof_hash h, cof_span key, cof_span in, uint8_t out[COF_DIGEST_MAX], cof_err *err)
{
	unsigned int n = 0;
	if (key.len > COF_DIGEST_MAX || HMAC(md_of(h), key.data, (int)key.len, in.data, in.len, out, &n) == NULL)
		return openssl_failed(err);
	return 0;
}

int cof_kdfa(const cof_kdfa_in *in, uint8_t *ret, cof_err *err)
{
	size_t want = in->bits / 8, done = 0;
	if (in->bits % 8 != 0 || in->bits > KDFA_BITS_MAX)
		return openssl_failed(err);
	for (uint32_t i = 1; done < want; i++) {
		COF_AUTO(cof_buf) block = cof_buf_capped(KDFA_CONTEXT_MAX);
		cof_wr w = cof_wr_to(&block);
		uint8_t mac[COF_DIGEST_MAX];
		cof_wr_u32be(&w, i);
		cof_wr_bytes(&w, cof_span_of(in->label, strlen(in->label) + 1));
		cof_wr_bytes(&w, in->u);
		cof_wr_bytes(&w, in->v);
		cof_wr_u32be(&w, in->bits);
		int r = cof_wr_done(&w, err);
		if (r == 0)
			r = hmac(in->hash, in->key, cof_buf_span(&block), mac, err);
		if (r < 0)
			return r;
		size_t n = want - done < cof_hash_len(in->hash) ? want - done : cof_hash_len(in->hash);
		memcpy(ret + done, mac, n);
		cof_wipe(mac, sizeof mac);
		done += n;
	}
	return 0;
}

static int aes_cfb(uint16_t bits, const uint8_t *key, cof_span in, uint8_t *out, cof_err *err)
{
	static const uint8_t zero_iv[16] = {0};
	int n = 0;
	COF_AUTO_PTR(cof_ossl_cipher) ctx = EVP_CIPHER_CTX_new();
	const EVP_CIPHER *cipher = bits == 128 ? EVP_aes_128_cfb128() : EVP_aes_256_cfb128();
	if (ctx == NULL || EVP_EncryptInit_ex(ctx, cipher, NULL, key, zero_iv) != 1 ||
	    EVP_EncryptUpdate(ctx, out, &n, in.data, (int)in.len) != 1 || (size_t)n != in.len)
		return openssl_failed(err);
	return 0;
}

int cof_credential_derive(const cof_tpm_public *ek, cof_span seed, cof_span name, cof_credential_keys *ret,
			  cof_err *err)
{
	cof_kdfa_in sym = {.hash = ek->name_alg, .key = seed, .label = "STORAGE", .u = name, .bits = ek->sym_bits};
	cof_kdfa_in mac = {.hash = ek->name_alg,
			   .key = seed,
			   .label = "INTEGRITY",
			   .bits = (uint32_t)cof_hash_len(ek->name_alg) * 8};
	if (ek->sym_bits != 128 && ek->sym_bits != 256)
		return openssl_failed(err);
	int r = cof_kdfa(&sym, ret->sym, err);
	return r < 0 ? r : cof_kdfa(&mac, ret->hmac, err);
}

/* encIdentity: the sized credential under a key that depends on the object's name. */
static int encrypt_identity(const cof_tpm_public *ek, const cof_credential_keys *keys, cof_span credential,
			    cof_buf *ret, cof_err *err)
{
	uint8_t sized[2 + COF_DIGEST_MAX], out[2 + COF_DIGEST_MAX];
	sized[0] = 0;
	sized[1] = (uint8_t)credential.len;
	memcpy(sized + 2, credential.data, credential.len);
	int r = aes_cfb(ek->sym_bits, keys->sym, cof_span_of(sized, 2 + credential.len), out, err);
	if (r == 0)
		r = cof_buf_add(ret, out, 2 + credential.len, err);
	cof_wipe(sized, sizeof sized);
	return r;
}

int cof_credential_mac(const cof_tpm_public *ek, const cof_credential_keys *keys, cof_span enc, cof_span name,
		       uint8_t mac[COF_DIGEST_MAX], cof_err *err)
{
	COF_AUTO(cof_buf) both = {0};
	int r = cof_buf_add(&both, enc.data, enc.len, err);
	if (r == 0)
		r = cof_buf_add(&both, name.data, name.len, err);
	return r < 0 ? r
		     : hmac(ek->name_alg, cof_span_of(keys->hmac, cof_hash_len(ek->name_alg)), cof_buf_span(&both), mac,
			    err);
}

int cof_credential_wrap(const cof_tpm_public *ek, cof_span seed, cof_span name, cof_span credential, cof_buf *ret,
			cof_err *err)
{
	uint8_t mac[COF_DIGEST_MAX];
	cof_credential_keys keys;
	COF_AUTO(cof_buf) enc = {0};
	if (credential.len > cof_hash_len(ek->name_alg) || (ek->sym_bits != 128 && ek->sym_bits != 256))
		return cof_err_set(err, COF_E_USAGE, "credential-size", "a credential of %zu bytes", credential.len);
	int r = cof_credential_derive(ek, seed, name, &keys, err);
	if (r == 0)
		r = encrypt_identity(ek, &keys, credential, &enc, err);
	if (r == 0)
		r = cof_credential_mac(ek, &keys, cof_buf_span(&enc), name, mac, err);
	cof_wipe(&keys, sizeof keys);
	if (r < 0)
		return r;
	cof_wr w = cof_wr_to(ret);
	size_t outer = cof_wr_begin_u16be(&w);
	cof_wr_span_u16be(&w, cof_span_of(mac, cof_hash_len(ek->name_alg)));
	cof_wr_bytes(&w, cof_buf_span(&enc));
	cof_wr_end_u16be(&w, outer);
	return cof_wr_done(&w, err);
}

/* The label with its NUL; the context takes the copy. */
int cof_credential_oaep(EVP_PKEY_CTX *ctx, cof_hash h, cof_err *err)
{
	static const char label[] = "IDENTITY";
	void *copy = OPENSSL_memdup(label, sizeof label);
	if (copy == NULL || EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_OAEP_PADDING) <= 0 ||
	    EVP_PKEY_CTX_set_rsa_oaep_md(ctx, md_of(h)) <= 0 || EVP_PKEY_CTX_set_rsa_mgf1_md(ctx, md_of(h)) <= 0 ||
	    EVP_PKEY_CTX_set0_rsa_oaep_label(ctx, copy, (int)sizeof label) <= 0) {
		OPENSSL_free(copy);
		return openssl_failed(err);
	}
	return 0;
}

int cof_credential_seal_seed(const cof_tpm_public *ek, cof_span seed, cof_buf *ret, cof_err *err)
{
	COF_AUTO_PTR(cof_ossl_key) key = NULL;
	uint8_t out[512];
	size_t n = sizeof out;
	if (ek->type != COF_TPM_ALG_RSA)
		return cof_err_set(err, COF_E_CRYPTO, "ek-template", "the EK is no RSA key");
	int r = cof_tpm_public_key(ek, &key, err);
	if (r < 0)
		return r;
	COF_AUTO_PTR(cof_ossl_key_ctx) ctx = EVP_PKEY_CTX_new(key, NULL);
	if (ctx == NULL || EVP_PKEY_encrypt_init(ctx) <= 0)
		return openssl_failed(err);
	r = cof_credential_oaep(ctx, ek->name_alg, err);
	if (r < 0)
		return r;
	if (EVP_PKEY_encrypt(ctx, out, &n, seed.data, seed.len) <= 0)
		return openssl_failed(err);
	cof_wr w = cof_wr_to(ret);
	cof_wr_span_u16be(&w, cof_span_of(out, n));
	return cof_wr_done(&w, err);
}
