/* SPDX-License-Identifier: Apache-2.0 */
#include "attestation/verify/sev_cert.h"

#include "attestation/verify/pss.h"
#include "common/ossl.h"
#include "common/rd.h"
#include "firmware/sev/idkey.h"

enum {
	COVERED_LEN = 0x414,
	CA_HEAD_LEN = 64,
	RSA_MAX = 512, /* bytes of a number in a platform's certificate */
	RSA_SMALL_BITS = 2048,
	RSA_LARGE_BITS = 4096,
	ECDSA_NUMBER_LEN = 72,
	P384_LEN = 48,
	EXPONENT = 65537,
};

static int wrong_size(cof_err *err, const char *why)
{
	return cof_err_set(err, COF_E_MALFORMED, "sev-certificate-size", "%s", why);
}

/* ---- readers ---- */

static void read_signature(cof_rd *r, cof_sev_signature *ret)
{
	ret->usage = cof_rd_u32le(r);
	ret->algo = cof_rd_u32le(r);
	ret->bytes = cof_rd_bytes(r, COF_SEV_SIGNATURE_LEN);
}

int cof_sev_cert_parse(cof_span in, cof_sev_cert *ret, cof_err *err)
{
	cof_rd r = cof_rd_of(in), whole = r;
	cof_sev_cert c = {.covered = cof_rd_bytes(&whole, COVERED_LEN)};
	c.version = cof_rd_u32le(&r);
	c.api_major = cof_rd_u8(&r);
	c.api_minor = cof_rd_u8(&r);
	c.reserved_zero = cof_rd_u16le(&r) == 0;
	c.usage = cof_rd_u32le(&r);
	c.algo = cof_rd_u32le(&r);
	c.key = cof_rd_bytes(&r, COF_SEV_KEY_FIELD_LEN);
	for (size_t i = 0; i < COF_SEV_SIGNATURES; i++)
		read_signature(&r, &c.signatures[i]);
	if (!cof_rd_end(&r))
		return wrong_size(err, "not 2084 bytes");
	*ret = c;
	return 0;
}

int cof_sev_ca_parse(cof_span in, cof_sev_ca *ret, cof_err *err)
{
	cof_rd r = cof_rd_of(in), whole = r;
	cof_sev_ca c = {.version = cof_rd_u32le(&r)};
	cof_rd_copy(&r, c.key_id, sizeof c.key_id);
	cof_rd_copy(&r, c.certifying_id, sizeof c.certifying_id);
	c.usage = cof_rd_u32le(&r);
	cof_rd reserved = cof_rd_sub(&r, 16);
	c.reserved_zero = cof_rd_zeros(&reserved, 16);
	uint32_t exponent_bits = cof_rd_u32le(&r);
	c.bits = cof_rd_u32le(&r);
	if (!cof_rd_ok(&r) || (c.bits != RSA_SMALL_BITS && c.bits != RSA_LARGE_BITS) || exponent_bits != c.bits)
		return wrong_size(err, "numbers of neither 2048 nor 4096 bits");
	size_t n = c.bits / 8;
	c.exponent = cof_rd_bytes(&r, n);
	c.modulus = cof_rd_bytes(&r, n);
	c.signature = cof_rd_bytes(&r, n);
	c.covered = cof_rd_bytes(&whole, CA_HEAD_LEN + 2 * n);
	if (!cof_rd_end(&r))
		return wrong_size(err, "bytes more or less than its numbers have");
	*ret = c;
	return 0;
}

/* ---- keys ---- */

/* A modulus of exactly so many bits; AMD's exponent, so that no small one gets in. */
static EVP_PKEY *rsa_key(cof_span modulus, cof_span exponent)
{
	COF_AUTO_PTR(cof_ossl_bn) n = BN_lebin2bn(modulus.data, (int)modulus.len, NULL);
	COF_AUTO_PTR(cof_ossl_bn) e = BN_lebin2bn(exponent.data, (int)exponent.len, NULL);
	COF_AUTO_PTR(cof_ossl_param_bld) bld = OSSL_PARAM_BLD_new();
	COF_AUTO_PTR(cof_ossl_key_ctx) ctx = EVP_PKEY_CTX_new_from_name(NULL, "RSA", NULL);
	EVP_PKEY *key = NULL;
	if (n == NULL || e == NULL || bld == NULL || ctx == NULL || BN_num_bits(n) != (int)modulus.len * 8 ||
	    BN_is_odd(n) == 0 || BN_is_word(e, EXPONENT) == 0)
		return NULL;
	if (OSSL_PARAM_BLD_push_BN(bld, OSSL_PKEY_PARAM_RSA_N, n) != 1 ||
	    OSSL_PARAM_BLD_push_BN(bld, OSSL_PKEY_PARAM_RSA_E, e) != 1 || EVP_PKEY_fromdata_init(ctx) != 1)
		return NULL;
	COF_AUTO_PTR(cof_ossl_params) params = OSSL_PARAM_BLD_to_param(bld);
	if (params == NULL || EVP_PKEY_fromdata(ctx, &key, EVP_PKEY_PUBLIC_KEY, params) != 1)
		return NULL;
	return key;
}

EVP_PKEY *cof_sev_ca_key(const cof_sev_ca *c)
{
	return rsa_key(c->modulus, c->exponent);
}

/* spec: appendix C.2: the size, and both numbers in fields of 4096 bits */
static EVP_PKEY *rsa_field_key(cof_span field)
{
	cof_rd r = cof_rd_of(field);
	uint32_t bits = cof_rd_u32le(&r);
	cof_span exponent = cof_rd_bytes(&r, RSA_MAX);
	if (bits != RSA_SMALL_BITS && bits != RSA_LARGE_BITS)
		return NULL;
	cof_span modulus = cof_rd_bytes(&r, bits / 8);
	return cof_rd_zeros(&r, r.left) ? rsa_key(modulus, exponent) : NULL;
}

EVP_PKEY *cof_sev_cert_key(const cof_sev_cert *c)
{
	EVP_PKEY *key = NULL;
	if (cof_sev_algo_is_rsa(c->algo))
		return rsa_field_key(c->key);
	if (!cof_sev_algo_is_ecdsa(c->algo) && !cof_sev_algo_is_ecdh(c->algo))
		return NULL;
	return cof_idkey_parse(c->key, &key, NULL) == 0 ? key : NULL;
}

/* ---- algorithms ---- */

bool cof_sev_algo_is_rsa(uint32_t algo)
{
	return algo == COF_SEV_RSA_SHA256 || algo == COF_SEV_RSA_SHA384;
}

bool cof_sev_algo_is_ecdsa(uint32_t algo)
{
	return algo == COF_SEV_ECDSA_SHA256 || algo == COF_SEV_ECDSA_SHA384;
}

bool cof_sev_algo_is_ecdh(uint32_t algo)
{
	return algo == COF_SEV_ECDH_SHA256 || algo == COF_SEV_ECDH_SHA384;
}

cof_sev_algo cof_sev_ca_algo(const cof_sev_ca *c)
{
	return c->bits == RSA_LARGE_BITS ? COF_SEV_RSA_SHA384 : COF_SEV_RSA_SHA256;
}

static cof_hash hash_of(uint32_t algo)
{
	return algo == COF_SEV_RSA_SHA384 || algo == COF_SEV_ECDSA_SHA384 ? COF_SHA384 : COF_SHA256;
}

/* ---- signatures ---- */

static bool is_rsa(const EVP_PKEY *key)
{
	return EVP_PKEY_is_a(key, "RSA") == 1;
}

bool cof_sev_signature_padded(const EVP_PKEY *key, cof_span signature)
{
	cof_rd r = cof_rd_of(signature);
	if (is_rsa(key)) {
		cof_rd_skip(&r, (size_t)EVP_PKEY_get_size(key));
		return cof_rd_ok(&r) && cof_rd_zeros(&r, r.left);
	}
	bool zero = true;
	for (int number = 0; number < 2; number++) {
		cof_rd_skip(&r, P384_LEN);
		zero = cof_rd_zeros(&r, ECDSA_NUMBER_LEN - P384_LEN) && zero;
	}
	return cof_rd_zeros(&r, r.left) && zero;
}

static bool rsa_holds(EVP_PKEY *key, uint32_t algo, cof_span message, cof_span signature)
{
	uint8_t be[RSA_MAX];
	cof_rd r = cof_rd_of(signature);
	cof_span le = cof_rd_bytes(&r, (size_t)EVP_PKEY_get_size(key));
	for (size_t i = 0; i < le.len && le.len <= sizeof be; i++)
		be[le.len - 1 - i] = le.data[i];
	return le.len > 0 && le.len <= sizeof be &&
	       cof_pss_verify(key, hash_of(algo), message, cof_span_of(be, le.len));
}

int cof_sev_signature_verify(EVP_PKEY *key, uint32_t algo, cof_span message, cof_span signature, bool *ret,
			     cof_err *err)
{
	cof_err bad = {0};
	*ret = false;
	if (is_rsa(key) && cof_sev_algo_is_rsa(algo)) {
		*ret = rsa_holds(key, algo, message, signature);
		return 0;
	}
	if (is_rsa(key) || !cof_sev_algo_is_ecdsa(algo))
		return 0;
	*ret = cof_idkey_check(key, hash_of(algo), message, signature, &bad) == 0;
	return bad.cls == COF_E_INTERNAL ? cof_err_oom(err) : 0;
}
