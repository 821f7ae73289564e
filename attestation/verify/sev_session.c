/* SPDX-License-Identifier: Apache-2.0 */
#include "attestation/verify/sev_session.h"

#include "common/ossl.h"
#include "common/secret.h"
#include "common/wr.h"
#include "firmware/sev/idkey.h"

enum { KEY_BITS = COF_SEV_TK_LEN * 8, WRAPPED_LEN = 2 * COF_SEV_TK_LEN, Z_LEN = 48, VERSION = 1 };

static int crypto_failed(cof_err *err)
{
	return cof_err_set(err, COF_E_INTERNAL, "openssl", "the cipher failed");
}

/* ---- keys ---- */

void cof_sev_keys_release(cof_sev_keys *k)
{
	cof_wipe(k, sizeof *k);
}

/* spec: NIST SP 800-108, 4.1 (counter mode) with HMAC-SHA256, of which half a block is enough */
static int derive(cof_span key, const char *label, cof_span context, uint8_t ret[COF_SEV_TK_LEN], cof_err *err)
{
	uint8_t block[COF_SHA256_LEN];
	COF_AUTO(cof_buf) b = {0};
	cof_wr w = cof_wr_to(&b);
	cof_wr_u32le(&w, 1);
	cof_wr_bytes(&w, cof_span_str(label));
	cof_wr_u8(&w, 0);
	cof_wr_bytes(&w, context);
	cof_wr_u32le(&w, KEY_BITS);
	int rc = cof_wr_done(&w, err);
	if (rc == 0)
		rc = cof_hmac_sha256(key, cof_buf_span(&b), block, err);
	if (rc == 0)
		memcpy(ret, block, COF_SEV_TK_LEN);
	cof_wipe(block, sizeof block);
	return rc;
}

int cof_sev_keys_derive(cof_span z, const uint8_t nonce[COF_SEV_NONCE_LEN], cof_sev_keys *ret, cof_err *err)
{
	COF_AUTO(cof_sev_keys) k = {0};
	cof_span master = cof_span_of(k.master, sizeof k.master);
	int rc = derive(z, "sev-master-secret", cof_span_of(nonce, COF_SEV_NONCE_LEN), k.master, err);
	if (rc == 0)
		rc = derive(master, "sev-kek", (cof_span){0}, k.kek, err);
	if (rc == 0)
		rc = derive(master, "sev-kik", (cof_span){0}, k.kik, err);
	if (rc == 0)
		*ret = k;
	return rc;
}

int cof_sev_cipher(cof_span key, const uint8_t iv[COF_SEV_IV_LEN], cof_span from, uint8_t *to, cof_err *err)
{
	int n = 0;
	COF_AUTO_PTR(cof_ossl_cipher) ctx = EVP_CIPHER_CTX_new();
	if (key.len != COF_SEV_TK_LEN || from.len > INT32_MAX || ctx == NULL ||
	    EVP_EncryptInit_ex2(ctx, EVP_aes_128_ctr(), key.data, iv, NULL) != 1 ||
	    EVP_EncryptUpdate(ctx, to, &n, from.data, (int)from.len) != 1 || (size_t)n != from.len)
		return crypto_failed(err);
	return 0;
}

/* ---- the session's blob ---- */

static int wrap_keys(const cof_sev_keys *keys, const cof_sev_session_in *in, uint8_t ret[WRAPPED_LEN], cof_err *err)
{
	uint8_t plain[WRAPPED_LEN];
	memcpy(plain, in->tek.data, COF_SEV_TK_LEN);
	memcpy(plain + COF_SEV_TK_LEN, in->tik.data, COF_SEV_TK_LEN);
	int rc = cof_sev_cipher(cof_span_of(keys->kek, sizeof keys->kek), in->iv, cof_span_of(plain, sizeof plain), ret,
				err);
	cof_wipe(plain, sizeof plain);
	return rc;
}

static int policy_mac(const cof_sev_session_in *in, uint8_t ret[COF_SHA256_LEN], cof_err *err)
{
	uint8_t policy[sizeof in->policy];
	cof_put_le(policy, sizeof policy, in->policy);
	return cof_hmac_sha256(in->tik, cof_span_of(policy, sizeof policy), ret, err);
}

static void put_session(const cof_sev_session_in *in, const uint8_t wrapped[WRAPPED_LEN],
			const uint8_t wrap_mac[COF_SHA256_LEN], const uint8_t mac[COF_SHA256_LEN],
			uint8_t ret[COF_SEV_SESSION_LEN])
{
	uint8_t *at = ret;
	const cof_span parts[] = {
		{in->nonce, COF_SEV_NONCE_LEN}, {wrapped, WRAPPED_LEN}, {in->iv, COF_SEV_IV_LEN},
		{wrap_mac, COF_SHA256_LEN},	{mac, COF_SHA256_LEN},
	};
	for (size_t i = 0; i < COF_COUNT(parts); i++) {
		memcpy(at, parts[i].data, parts[i].len);
		at += parts[i].len;
	}
}

int cof_sev_session_wrap(const cof_sev_keys *keys, const cof_sev_session_in *in, uint8_t ret[COF_SEV_SESSION_LEN],
			 cof_err *err)
{
	uint8_t wrapped[WRAPPED_LEN], wrap_mac[COF_SHA256_LEN], mac[COF_SHA256_LEN];
	if (in->tek.len != COF_SEV_TK_LEN || in->tik.len != COF_SEV_TK_LEN)
		return cof_err_set(err, COF_E_USAGE, "sev-key-size", "transport keys have 16 bytes each");
	int rc = wrap_keys(keys, in, wrapped, err);
	if (rc == 0)
		rc = cof_hmac_sha256(cof_span_of(keys->kik, sizeof keys->kik), cof_span_of(wrapped, sizeof wrapped),
				     wrap_mac, err);
	if (rc == 0)
		rc = policy_mac(in, mac, err);
	if (rc == 0)
		put_session(in, wrapped, wrap_mac, mac, ret);
	return rc;
}

/* ---- with a platform ---- */

static int agree(EVP_PKEY *own, EVP_PKEY *pdh, cof_secret *ret, cof_err *err)
{
	size_t len = Z_LEN;
	int rc = cof_secret_new(ret, Z_LEN, err);
	COF_AUTO_PTR(cof_ossl_key_ctx) ctx = EVP_PKEY_CTX_new(own, NULL);
	if (rc == 0 && (ctx == NULL || EVP_PKEY_derive_init(ctx) != 1 || EVP_PKEY_derive_set_peer(ctx, pdh) != 1 ||
			EVP_PKEY_derive(ctx, ret->data, &len) != 1 || len != Z_LEN))
		rc = cof_err_set(err, COF_E_USAGE, "sev-key", "a session is made with a key pair on P-384");
	return rc;
}

/* Firmware that is too old would refuse the launch, long after. */
static int check_api(const cof_sev_platform *p, uint32_t policy, cof_err *err)
{
	uint8_t major = (uint8_t)(policy >> 16), minor = (uint8_t)(policy >> 24);
	if (cof_sev_api_covers(cof_sev_platform_api_major(p), cof_sev_platform_api_minor(p), major, minor))
		return 0;
	return cof_err_set(err, COF_E_POLICY, "api-too-low", "the platform's firmware is of API %u.%u, not %u.%u",
			   cof_sev_platform_api_major(p), cof_sev_platform_api_minor(p), major, minor);
}

int cof_sev_session_make(const cof_sev_platform *platform, EVP_PKEY *own, const cof_sev_session_in *in,
			 uint8_t ret[COF_SEV_SESSION_LEN], cof_err *err)
{
	COF_AUTO(cof_secret) z = {0};
	COF_AUTO(cof_sev_keys) keys = {0};
	int rc = check_api(platform, in->policy, err);
	if (rc == 0)
		rc = agree(own, cof_sev_platform_pdh(platform), &z, err);
	if (rc == 0)
		rc = cof_sev_keys_derive(cof_secret_span(&z), in->nonce, &keys, err);
	return rc < 0 ? rc : cof_sev_session_wrap(&keys, in, ret, err);
}

int cof_sev_godh_make(const cof_sev_platform *platform, EVP_PKEY *own, uint8_t ret[COF_SEV_CERT_LEN], cof_err *err)
{
	uint8_t key[COF_SEV_KEY_FIELD_LEN];
	COF_AUTO(cof_buf) b = {0};
	cof_wr w = cof_wr_to(&b);
	int rc = cof_idkey_bytes(own, key, err);
	if (rc < 0)
		return rc;
	cof_wr_u32le(&w, VERSION);
	cof_wr_u8(&w, cof_sev_platform_api_major(platform));
	cof_wr_u8(&w, cof_sev_platform_api_minor(platform));
	cof_wr_zeros(&w, 2);
	cof_wr_u32le(&w, COF_SEV_PDH);
	cof_wr_u32le(&w, COF_SEV_ECDH_SHA256);
	cof_wr_bytes(&w, cof_span_of(key, sizeof key));
	for (int i = 0; i < COF_SEV_SIGNATURES; i++) {
		cof_wr_u32le(&w, COF_SEV_NOBODY);
		cof_wr_u32le(&w, COF_SEV_NONE);
		cof_wr_zeros(&w, COF_SEV_SIGNATURE_LEN);
	}
	rc = cof_wr_done(&w, err);
	if (rc == 0)
		memcpy(ret, b.data, COF_SEV_CERT_LEN);
	return rc;
}
