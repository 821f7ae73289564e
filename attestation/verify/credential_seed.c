/* SPDX-License-Identifier: Apache-2.0 */
/* How an EK's TPM learns the seed: OAEP for RSA, an exchange with an ephemeral key for EC. */
#include <openssl/rand.h>

#include "attestation/verify/credential.h"
#include "common/ossl.h"
#include "common/rd.h"
#include "common/wr.h"

static int openssl_failed(cof_err *err)
{
	return cof_err_set(err, COF_E_INTERNAL, "openssl", "a seed could not be made");
}

/* ---- EC ---- */

static const char label[] = "IDENTITY";

int cof_kdfe(const cof_kdfe_in *in, uint8_t *ret, cof_err *err)
{
	static const uint8_t first[] = {0, 0, 0, 1};
	COF_AUTO_PTR(cof_hasher) h = NULL;
	cof_digest d = {0};
	if (in->bits % 8 != 0 || in->bits / 8 > cof_hash_len(in->hash))
		return openssl_failed(err);
	int r = cof_hasher_new(&h, in->hash, err);
	const cof_span parts[] = {cof_span_of(first, sizeof first), in->z,
				  cof_span_of(in->label, strlen(in->label) + 1), in->u, in->v};
	for (size_t i = 0; r == 0 && i < COF_COUNT(parts); i++)
		r = cof_hasher_add(h, parts[i], err);
	if (r == 0)
		r = cof_hasher_end(h, &d, err);
	if (r == 0)
		memcpy(ret, d.bytes, in->bits / 8);
	cof_wipe(&d, sizeof d);
	return r;
}

static int exchange(const cof_credential_exchange *in, uint8_t z[COF_CREDENTIAL_Z_MAX], cof_err *err)
{
	size_t n = COF_CREDENTIAL_Z_MAX;
	COF_AUTO_PTR(cof_ossl_key_ctx) ctx = EVP_PKEY_CTX_new(in->own, NULL);
	if (ctx == NULL || EVP_PKEY_derive_init(ctx) <= 0 || EVP_PKEY_derive_set_peer(ctx, in->peer) <= 0 ||
	    EVP_PKEY_derive(ctx, z, &n) <= 0 || n != in->ek_x.len)
		return openssl_failed(err);
	return 0;
}

int cof_credential_exchange_seed(const cof_credential_exchange *in, uint8_t z[COF_CREDENTIAL_Z_MAX],
				 uint8_t seed[COF_DIGEST_MAX], cof_err *err)
{
	int r = exchange(in, z, err);
	const cof_kdfe_in k = {.hash = in->hash,
			       .z = {z, in->ek_x.len},
			       .label = label,
			       .u = in->ephemeral_x,
			       .v = in->ek_x,
			       .bits = (uint32_t)cof_hash_len(in->hash) * 8};
	return r < 0 ? r : cof_kdfe(&k, seed, err);
}

static bool coordinate(const EVP_PKEY *key, const char *which, uint8_t *out, size_t len)
{
	BIGNUM *n = NULL;
	if (EVP_PKEY_get_bn_param(key, which, &n) != 1)
		return false;
	bool fits = BN_bn2binpad(n, out, (int)len) == (int)len;
	BN_free(n);
	return fits;
}

size_t cof_credential_point(const EVP_PKEY *key, uint8_t x[COF_CREDENTIAL_Z_MAX], uint8_t y[COF_CREDENTIAL_Z_MAX])
{
	size_t len = cof_tpm_curve_len(cof_tpm_curve_of(key));
	bool good = len > 0 && coordinate(key, OSSL_PKEY_PARAM_EC_PUB_X, x, len) &&
		    coordinate(key, OSSL_PKEY_PARAM_EC_PUB_Y, y, len);
	return good ? len : 0;
}

static int put_point(cof_span x, cof_span y, cof_buf *ret, cof_err *err)
{
	cof_wr w = cof_wr_to(ret);
	size_t outer = cof_wr_begin_u16be(&w);
	cof_wr_span_u16be(&w, x);
	cof_wr_span_u16be(&w, y);
	cof_wr_end_u16be(&w, outer);
	return cof_wr_done(&w, err);
}

static int make_ecc(const cof_tpm_public *ek, uint8_t seed[COF_DIGEST_MAX], cof_buf *ret, cof_err *err)
{
	uint8_t x[COF_CREDENTIAL_Z_MAX], y[COF_CREDENTIAL_Z_MAX], ek_x[COF_CREDENTIAL_Z_MAX];
	uint8_t ek_y[COF_CREDENTIAL_Z_MAX], z[COF_CREDENTIAL_Z_MAX] = {0};
	COF_AUTO_PTR(cof_ossl_key) peer = NULL;
	int r = cof_tpm_public_key(ek, &peer, err);
	if (r < 0)
		return r;
	size_t len = cof_credential_point(peer, ek_x, ek_y);
	COF_AUTO_PTR(cof_ossl_key_ctx) ctx = EVP_PKEY_CTX_new(peer, NULL);
	EVP_PKEY *made = NULL;
	if (len == 0 || ctx == NULL || EVP_PKEY_keygen_init(ctx) <= 0 || EVP_PKEY_keygen(ctx, &made) <= 0)
		return openssl_failed(err);
	COF_AUTO_PTR(cof_ossl_key) own = made;
	if (cof_credential_point(own, x, y) != len)
		return openssl_failed(err);
	const cof_credential_exchange in = {ek->name_alg, own, peer, {x, len}, {ek_x, len}};
	r = cof_credential_exchange_seed(&in, z, seed, err);
	cof_wipe(z, sizeof z);
	return r < 0 ? r : put_point(cof_span_of(x, len), cof_span_of(y, len), ret, err);
}

/* ---- both ---- */

int cof_credential_make_seed(const cof_tpm_public *ek, uint8_t seed[COF_DIGEST_MAX], cof_buf *ret_secret, cof_err *err)
{
	size_t len = cof_hash_len(ek->name_alg);
	if (ek->type == COF_TPM_ALG_ECC)
		return make_ecc(ek, seed, ret_secret, err);
	/* spec: TPM 2.0 part 1, B.10.4: the seed has the length of the EK's name digest */
	if (RAND_bytes(seed, (int)len) != 1)
		return cof_err_set(err, COF_E_INTERNAL, "random", "no random bytes");
	return cof_credential_seal_seed(ek, cof_span_of(seed, len), ret_secret, err);
}
