/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A SEV platform of our own, from its AMD to its Diffie-Hellman key, every field settable before it is signed; and what
 * its firmware does with a session and with a secret.
 */
#pragma once

#include "tests/unit/test.h"

#include <openssl/rsa.h>

#include "attestation/verify/kind.h"
#include "attestation/verify/sev_packet.h"
#include "common/ossl.h"
#include "common/rd.h"
#include "common/wr.h"
#include "firmware/sev/idkey.h"
#include "firmware/sev/sev.h"

enum { SOFT_SEV_ARK, SOFT_SEV_ASK, SOFT_SEV_CEK, SOFT_SEV_OCA, SOFT_SEV_PEK, SOFT_SEV_PDH, SOFT_SEV_FILES };

typedef struct soft_sev_ca {
	uint32_t version, usage;
	uint8_t key_id[16], certifying_id[16], reserved[16];
	EVP_PKEY *key, *by;
	uint32_t exponent_bits, modulus_bits; /* 0: the key's */
	int exponent;			      /* 0: the key's */
	int salt;			      /* -1: the digest's */
} soft_sev_ca;

typedef struct soft_sev_signer {
	uint32_t usage, algo;
	EVP_PKEY *by; /* NULL: zeros */
	const char *hash;
} soft_sev_signer;

typedef struct soft_sev_cert {
	uint32_t version;
	uint8_t api_major, api_minor;
	uint16_t reserved;
	uint32_t usage, algo;
	EVP_PKEY *key;
	uint32_t curve;	 /* 0: the key's */
	size_t key_flip; /* this byte of the key's field; 0: none */
	soft_sev_signer by[2];
} soft_sev_cert;

typedef struct soft_sev {
	EVP_PKEY *ark_key, *ask_key, *stranger_rsa;
	EVP_PKEY *cek_key, *oca_key, *pek_key, *pdh_key, *stranger;
	soft_sev_ca ark, ask;
	soft_sev_cert cek, oca, pek, pdh;
	cof_buf files[SOFT_SEV_FILES];
} soft_sev;

/* ---- making ---- */

static inline void soft_le_number(const EVP_PKEY *key, const char *param, cof_wr *w, size_t len)
{
	uint8_t le[512];
	BIGNUM *n = NULL;
	assert_int_equal(EVP_PKEY_get_bn_param(key, param, &n), 1);
	assert_int_equal(BN_bn2lebinpad(n, le, (int)len), (int)len);
	cof_wr_bytes(w, cof_span_of(le, len));
	BN_free(n);
}

/* RSASSA-PSS, little-endian. */
static inline size_t soft_sign_rsa(EVP_PKEY *by, const char *hash, int salt, cof_span in, uint8_t out[512])
{
	EVP_PKEY_CTX *p = NULL;
	size_t n = 512;
	EVP_MD_CTX *m = EVP_MD_CTX_new();
	assert_int_equal(EVP_DigestSignInit_ex(m, &p, hash, NULL, NULL, by, NULL), 1);
	assert_int_equal(EVP_PKEY_CTX_set_rsa_padding(p, RSA_PKCS1_PSS_PADDING), 1);
	assert_int_equal(EVP_PKEY_CTX_set_rsa_pss_saltlen(p, salt < 0 ? RSA_PSS_SALTLEN_DIGEST : salt), 1);
	assert_int_equal(EVP_DigestSign(m, out, &n, in.data, in.len), 1);
	EVP_MD_CTX_free(m);
	for (size_t i = 0; i < n / 2; i++) {
		uint8_t swap = out[i];
		out[i] = out[n - 1 - i];
		out[n - 1 - i] = swap;
	}
	return n;
}

static inline void soft_sev_ca_make(const soft_sev_ca *c, cof_buf *ret)
{
	uint8_t sig[512];
	size_t n = (size_t)EVP_PKEY_get_size(c->key);
	cof_wr w = cof_wr_to(ret);
	cof_buf_release(ret);
	cof_wr_u32le(&w, c->version);
	cof_wr_bytes(&w, cof_span_of(c->key_id, 16));
	cof_wr_bytes(&w, cof_span_of(c->certifying_id, 16));
	cof_wr_u32le(&w, c->usage);
	cof_wr_bytes(&w, cof_span_of(c->reserved, 16));
	cof_wr_u32le(&w, c->exponent_bits != 0 ? c->exponent_bits : (uint32_t)n * 8);
	cof_wr_u32le(&w, c->modulus_bits != 0 ? c->modulus_bits : (uint32_t)n * 8);
	if (c->exponent != 0) {
		cof_wr_u32le(&w, (uint32_t)c->exponent);
		cof_wr_zeros(&w, n - 4);
	} else {
		soft_le_number(c->key, OSSL_PKEY_PARAM_RSA_E, &w, n);
	}
	soft_le_number(c->key, OSSL_PKEY_PARAM_RSA_N, &w, n);
	size_t signed_len = soft_sign_rsa(c->by, n == 256 ? "SHA256" : "SHA384", c->salt, cof_buf_span(ret), sig);
	cof_wr_bytes(&w, cof_span_of(sig, signed_len));
	assert_ok(cof_wr_done(&w, &err));
}

static inline void soft_sev_key_make(const soft_sev_cert *c, cof_wr *w)
{
	uint8_t key[COF_SEV_KEY_FIELD_LEN];
	COF_AUTO(cof_buf) b = {0};
	cof_wr to = cof_wr_to(&b);
	if (EVP_PKEY_is_a(c->key, "RSA")) {
		size_t n = (size_t)EVP_PKEY_get_size(c->key);
		cof_wr_u32le(&to, (uint32_t)n * 8);
		soft_le_number(c->key, OSSL_PKEY_PARAM_RSA_E, &to, 512);
		soft_le_number(c->key, OSSL_PKEY_PARAM_RSA_N, &to, n);
		cof_wr_zeros(&to, 512 - n);
	} else {
		assert_ok(cof_idkey_bytes(c->key, key, &err));
		cof_wr_bytes(&to, cof_span_of(key, sizeof key));
	}
	assert_int_equal(b.len, COF_SEV_KEY_FIELD_LEN);
	if (c->curve != 0)
		cof_put_le(b.data, 4, c->curve);
	if (c->key_flip != 0)
		b.data[c->key_flip] ^= 1;
	cof_wr_bytes(w, cof_buf_span(&b));
}

static inline void soft_sev_sign(const soft_sev_signer *s, cof_span in, cof_wr *w)
{
	uint8_t sig[COF_SEV_SIGNATURE_LEN] = {0};
	cof_hash alg = strcmp(s->hash != NULL ? s->hash : "SHA256", "SHA384") == 0 ? COF_SHA384 : COF_SHA256;
	cof_wr_u32le(w, s->usage);
	cof_wr_u32le(w, s->algo);
	if (s->by != NULL && EVP_PKEY_is_a(s->by, "RSA"))
		(void)soft_sign_rsa(s->by, cof_hash_name(alg), -1, in, sig);
	else if (s->by != NULL)
		assert_ok(cof_idkey_sign(s->by, alg, in, sig, &err));
	cof_wr_bytes(w, cof_span_of(sig, sizeof sig));
}

static inline void soft_sev_cert_make(const soft_sev_cert *c, cof_buf *ret)
{
	COF_AUTO(cof_buf) covered = {0};
	cof_wr w = cof_wr_to(&covered), out = cof_wr_to(ret);
	cof_buf_release(ret);
	cof_wr_u32le(&w, c->version);
	cof_wr_u8(&w, c->api_major);
	cof_wr_u8(&w, c->api_minor);
	cof_wr_u16le(&w, c->reserved);
	cof_wr_u32le(&w, c->usage);
	cof_wr_u32le(&w, c->algo);
	soft_sev_key_make(c, &w);
	cof_wr_bytes(&out, cof_buf_span(&covered));
	for (size_t i = 0; i < 2; i++)
		soft_sev_sign(&c->by[i], cof_buf_span(&covered), &out);
	assert_ok(cof_wr_done(&out, &err));
	assert_int_equal(ret->len, COF_SEV_CERT_LEN);
}

static inline void soft_sev_make(soft_sev *s)
{
	soft_sev_ca_make(&s->ark, &s->files[SOFT_SEV_ARK]);
	soft_sev_ca_make(&s->ask, &s->files[SOFT_SEV_ASK]);
	soft_sev_cert_make(&s->cek, &s->files[SOFT_SEV_CEK]);
	soft_sev_cert_make(&s->oca, &s->files[SOFT_SEV_OCA]);
	soft_sev_cert_make(&s->pek, &s->files[SOFT_SEV_PEK]);
	soft_sev_cert_make(&s->pdh, &s->files[SOFT_SEV_PDH]);
}

static inline soft_sev_cert soft_sev_cert_base(uint32_t usage, uint32_t algo, EVP_PKEY *key)
{
	static const soft_sev_signer nobody = {.usage = COF_SEV_NOBODY};
	return (soft_sev_cert){
		.version = 1, .api_minor = 24, .usage = usage, .algo = algo, .key = key, .by = {nobody, nobody}};
}

/* Everything as it should be, with the keys that are there. */
static inline void soft_sev_reset(soft_sev *s)
{
	bool large = EVP_PKEY_get_size(s->ark_key) == 512;
	uint32_t rsa = large ? COF_SEV_RSA_SHA384 : COF_SEV_RSA_SHA256;
	s->ark = (soft_sev_ca){.version = 1, .usage = COF_SEV_ARK, .key = s->ark_key, .by = s->ark_key, .salt = -1};
	s->ask = (soft_sev_ca){.version = 1, .usage = COF_SEV_ASK, .key = s->ask_key, .by = s->ark_key, .salt = -1};
	memset(s->ark.key_id, 0xa1, 16);
	memset(s->ark.certifying_id, 0xa1, 16);
	memset(s->ask.key_id, 0xa2, 16);
	memset(s->ask.certifying_id, 0xa1, 16);
	s->cek = soft_sev_cert_base(COF_SEV_CEK, COF_SEV_ECDSA_SHA256, s->cek_key);
	s->oca = soft_sev_cert_base(COF_SEV_OCA, COF_SEV_ECDSA_SHA256, s->oca_key);
	s->pek = soft_sev_cert_base(COF_SEV_PEK, COF_SEV_ECDSA_SHA256, s->pek_key);
	s->pdh = soft_sev_cert_base(COF_SEV_PDH, COF_SEV_ECDH_SHA256, s->pdh_key);
	s->cek.by[0] = (soft_sev_signer){COF_SEV_ASK, rsa, s->ask_key, large ? "SHA384" : "SHA256"};
	s->oca.by[0] = (soft_sev_signer){COF_SEV_OCA, COF_SEV_ECDSA_SHA256, s->oca_key, "SHA256"};
	s->pek.by[0] = s->oca.by[0];
	s->pek.by[1] = (soft_sev_signer){COF_SEV_CEK, COF_SEV_ECDSA_SHA256, s->cek_key, "SHA256"};
	s->pdh.by[0] = (soft_sev_signer){COF_SEV_PEK, COF_SEV_ECDSA_SHA256, s->pek_key, "SHA256"};
}

static inline void soft_sev_new(soft_sev *s, unsigned bits)
{
	*s = (soft_sev){
		.ark_key = EVP_RSA_gen(bits),
		.ask_key = EVP_RSA_gen(bits),
		.stranger_rsa = bits == 2048 ? EVP_RSA_gen(bits) : NULL,
		.cek_key = EVP_EC_gen("P-384"),
		.oca_key = EVP_EC_gen("P-384"),
		.pek_key = EVP_EC_gen("P-384"),
		.pdh_key = EVP_EC_gen("P-384"),
		.stranger = EVP_EC_gen("P-384"),
	};
	soft_sev_reset(s);
	soft_sev_make(s);
}

static inline void soft_sev_drop(soft_sev *s)
{
	EVP_PKEY *keys[] = {s->ark_key, s->ask_key, s->stranger_rsa, s->cek_key,
			    s->oca_key, s->pek_key, s->pdh_key,	     s->stranger};
	for (size_t i = 0; i < COF_COUNT(keys); i++)
		EVP_PKEY_free(keys[i]);
	for (size_t i = 0; i < SOFT_SEV_FILES; i++)
		cof_buf_release(&s->files[i]);
}

static inline cof_sev_chain_in soft_sev_in(const soft_sev *s)
{
	return (cof_sev_chain_in){cof_buf_span(&s->files[SOFT_SEV_ARK]), cof_buf_span(&s->files[SOFT_SEV_ASK]),
				  cof_buf_span(&s->files[SOFT_SEV_CEK]), cof_buf_span(&s->files[SOFT_SEV_OCA]),
				  cof_buf_span(&s->files[SOFT_SEV_PEK]), cof_buf_span(&s->files[SOFT_SEV_PDH])};
}

/* The platform of a chain that holds. */
static inline cof_sev_platform *soft_sev_platform(const soft_sev *s)
{
	static cof_checks checks;
	static const cof_sev_demands nothing;
	cof_sev_platform *p = NULL;
	const cof_sev_chain_in in = soft_sev_in(s);
	checks = (cof_checks){0};
	assert_ok(cof_sev_verify(&in, &nothing, &checks, NULL, &p, &err));
	assert_non_null(p);
	return p;
}

static inline bool soft_sev_failed(const cof_checks *c, const char *name)
{
	for (size_t i = 0; i < c->n; i++) {
		if (!c->list[i].passed && strcmp(c->list[i].name, name) == 0)
			return true;
	}
	return false;
}

/* ---- the firmware ---- */

typedef struct soft_firmware {
	EVP_PKEY *pdh;
	uint8_t tek[16], tik[16];
	uint32_t policy;
	uint8_t measure[32];
} soft_firmware;

/* LAUNCH_START: false where the firmware would refuse. */
static inline bool soft_launch_start(soft_firmware *f, cof_span godh, cof_span session, uint32_t policy)
{
	uint8_t z[48], wrap_mac[32], policy_mac[32], keys[32], word[4];
	size_t len = sizeof z;
	cof_sev_cert cert;
	cof_sev_keys k;
	cof_rd r = cof_rd_of(session);
	assert_ok(cof_sev_cert_parse(godh, &cert, &err));
	EVP_PKEY *owner = cof_sev_cert_key(&cert);
	if (owner == NULL || cert.usage != COF_SEV_PDH)
		return false;
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(f->pdh, NULL);
	assert_int_equal(EVP_PKEY_derive_init(ctx), 1);
	assert_int_equal(EVP_PKEY_derive_set_peer(ctx, owner), 1);
	assert_int_equal(EVP_PKEY_derive(ctx, z, &len), 1);
	EVP_PKEY_CTX_free(ctx);
	EVP_PKEY_free(owner);
	cof_span nonce = cof_rd_bytes(&r, 16), wrapped = cof_rd_bytes(&r, 32), iv = cof_rd_bytes(&r, 16);
	cof_span mac = cof_rd_bytes(&r, 32), pmac = cof_rd_bytes(&r, 32);
	assert_true(cof_rd_end(&r));
	assert_ok(cof_sev_keys_derive(cof_span_of(z, len), nonce.data, &k, &err));
	assert_ok(cof_hmac_sha256(cof_span_of(k.kik, 16), wrapped, wrap_mac, &err));
	if (!cof_ct_equal(mac, cof_span_of(wrap_mac, 32)))
		return false;
	assert_ok(cof_sev_cipher(cof_span_of(k.kek, 16), iv.data, wrapped, keys, &err));
	memcpy(f->tek, keys, 16);
	memcpy(f->tik, keys + 16, 16);
	f->policy = policy;
	cof_put_le(word, 4, policy);
	assert_ok(cof_hmac_sha256(cof_span_of(f->tik, 16), cof_span_of(word, 4), policy_mac, &err));
	return cof_ct_equal(pmac, cof_span_of(policy_mac, 32));
}

/* LAUNCH_MEASURE, as QEMU gives it, of API 0.24 build 20. */
static inline void soft_launch_measure(soft_firmware *f, const uint8_t digest[32], uint8_t ret[COF_SEV_MEASUREMENT_LEN])
{
	cof_sev_mac_in in = {.api_minor = 24, .build = 20, .policy = f->policy, .tik = cof_span_of(f->tik, 16)};
	memcpy(in.digest, digest, 32);
	memset(in.mnonce, 0x4e, sizeof in.mnonce);
	assert_ok(cof_sev_mac(&in, f->measure, &err));
	memcpy(ret, f->measure, 32);
	memcpy(ret + 32, in.mnonce, 16);
}
