/* SPDX-License-Identifier: Apache-2.0 */
#include "attestation/verify/x509.h"

#include "attestation/verify/x509_part.h"
#include "common/ossl.h"
#include "common/secret.h"

enum { RSA_LEN = 512, EXPONENT = 65537, VERSION_MAX = 2 /* of version 3 */ };
enum { TAG_VERSION = COF_DER_CONTEXT, TAG_EXTENSIONS = COF_DER_CONTEXT + 3 };

void cof_x509_free(cof_x509 *c)
{
	if (c == NULL)
		return;
	EVP_PKEY_free(c->key);
	cof_buf_release(&c->der);
	free(c);
}

static int malformed(cof_err *err, const char *why)
{
	return cof_err_set(err, COF_E_MALFORMED, "certificate-malformed", "certificate: %s", why);
}

/* ---- reading ---- */

/* spec: RFC 5280, 4.1.2.1: left out in version 1 */
static uint64_t read_version(cof_rd *r)
{
	if (!cof_der_is(r, TAG_VERSION))
		return 1;
	cof_rd inner = cof_der_enter(r, TAG_VERSION);
	uint64_t v = cof_der_u64(&inner, COF_DER_INTEGER);
	if (!cof_rd_end(&inner) || v == 0 || v > VERSION_MAX)
		cof_rd_fail(r);
	return v + 1;
}

static cof_x509_validity read_validity(cof_rd *r)
{
	cof_rd inner = cof_der_enter(r, COF_DER_SEQUENCE);
	cof_x509_validity v = {0};
	v.from = cof_der_time(&inner);
	v.to = cof_der_time(&inner);
	if (!cof_rd_end(&inner))
		cof_rd_fail(r);
	return v;
}

static void read_spki(cof_rd *r, cof_x509 *c)
{
	cof_rd look = *r;
	c->spki = cof_der_whole(r, COF_DER_SEQUENCE);
	cof_rd inner = cof_der_enter(&look, COF_DER_SEQUENCE);
	c->key_alg = cof_der_whole(&inner, COF_DER_SEQUENCE);
	c->key_bits = cof_der_bits(&inner);
	if (!cof_rd_end(&inner))
		cof_rd_fail(r);
}

/* spec: RFC 5280, 4.1.2.2: a positive number */
static cof_span read_serial(cof_rd *r)
{
	cof_span serial = cof_der_take(r, COF_DER_INTEGER);
	cof_rd first = cof_rd_of(serial);
	if (cof_rd_u8(&first) >= 0x80)
		cof_rd_fail(r);
	return serial;
}

static void read_tbs(cof_rd *r, cof_x509 *c)
{
	c->version = read_version(r);
	c->serial = read_serial(r);
	c->sig.inner_alg = cof_der_whole(r, COF_DER_SEQUENCE);
	c->issuer = cof_der_whole(r, COF_DER_SEQUENCE);
	c->validity = read_validity(r);
	c->subject = cof_der_whole(r, COF_DER_SEQUENCE);
	read_spki(r, c);
	if (cof_der_is(r, TAG_EXTENSIONS))
		cof_x509_read_extensions(r, TAG_EXTENSIONS, &c->ext);
	if (!cof_x509_is_name(c->issuer) || !cof_x509_is_name(c->subject))
		cof_rd_fail(r);
}

int cof_x509_read(cof_span der, cof_x509 **ret, cof_err *err)
{
	cof_rd tbs;
	if (der.len == 0 || der.len > COF_X509_MAX)
		return malformed(err, "size");
	if (!cof_der_is_strict(der))
		return malformed(err, "not one certificate in DER");
	COF_AUTO_PTR(cof_x509) c = calloc(1, sizeof *c);
	if (c == NULL)
		return cof_err_oom(err);
	int rc = cof_buf_add(&c->der, der.data, der.len, err);
	if (rc < 0)
		return rc;
	if (!cof_x509_read_signed(cof_buf_span(&c->der), &c->sig, &tbs))
		return malformed(err, "not one certificate in DER");
	read_tbs(&tbs, c);
	if (!cof_rd_end(&tbs))
		return malformed(err, "not one certificate in DER");
	*ret = cof_steal(&c);
	return 0;
}

/* ---- keys ---- */

/* spec: RFC 3279, 2.3; RFC 5480, 2.1: AlgorithmIdentifier with the one parameter that is right */
static const uint8_t alg_rsa[] = {0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86,
				  0xf7, 0x0d, 0x01, 0x01, 0x01, 0x05, 0x00};
static const uint8_t alg_p256[] = {0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01,
				   0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07};
static const uint8_t alg_p384[] = {0x30, 0x10, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d,
				   0x02, 0x01, 0x06, 0x05, 0x2b, 0x81, 0x04, 0x00, 0x22};

static const struct {
	cof_x509_kind kind;
	cof_span alg;
	const char *group;
	size_t len;
} algs[] = {
	{COF_X509_P256, {alg_p256, sizeof alg_p256}, SN_X9_62_prime256v1, 65},
	{COF_X509_P384, {alg_p384, sizeof alg_p384}, SN_secp384r1, 97},
	{COF_X509_RSA4096, {alg_rsa, sizeof alg_rsa}, NULL, 0},
};

/* The modulus without a sign byte; empty unless it has 4096 bits and the exponent is 65537. */
static cof_span modulus_of(cof_span bits)
{
	cof_rd r = cof_rd_of(bits);
	cof_rd inner = cof_der_enter(&r, COF_DER_SEQUENCE);
	cof_span n = cof_der_take(&inner, COF_DER_INTEGER);
	uint64_t e = cof_der_u64(&inner, COF_DER_INTEGER);
	cof_span m = cof_der_magnitude(n);
	cof_rd first = cof_rd_of(m);
	bool whole = cof_rd_end(&inner) && cof_rd_end(&r) && cof_der_is_strict(bits);
	bool fits = m.len == RSA_LEN && n.len == RSA_LEN + 1 && cof_rd_u8(&first) >= 0x80;
	return whole && fits && e == EXPONENT ? m : (cof_span){0};
}

static size_t find_alg(const cof_x509 *c)
{
	size_t i = 0;
	while (i < COF_COUNT(algs) && !cof_ct_equal(c->key_alg, algs[i].alg))
		i++;
	return i;
}

cof_x509_kind cof_x509_key_kind(const cof_x509 *c)
{
	size_t i = find_alg(c);
	if (i == COF_COUNT(algs))
		return COF_X509_NO_KEY;
	cof_rd r = cof_rd_of(c->key_bits);
	bool fits = algs[i].kind == COF_X509_RSA4096
			    ? modulus_of(c->key_bits).len > 0
			    : c->key_bits.len == algs[i].len && cof_rd_u8(&r) == POINT_CONVERSION_UNCOMPRESSED;
	return fits ? algs[i].kind : COF_X509_NO_KEY;
}

static EVP_PKEY *rsa_key(cof_span modulus)
{
	EVP_PKEY *key = NULL;
	COF_AUTO_PTR(cof_ossl_bn) n = BN_bin2bn(modulus.data, (int)modulus.len, NULL);
	COF_AUTO_PTR(cof_ossl_param_bld) bld = OSSL_PARAM_BLD_new();
	if (n == NULL || bld == NULL || OSSL_PARAM_BLD_push_BN(bld, OSSL_PKEY_PARAM_RSA_N, n) != 1 ||
	    OSSL_PARAM_BLD_push_uint(bld, OSSL_PKEY_PARAM_RSA_E, EXPONENT) != 1)
		return NULL;
	COF_AUTO_PTR(cof_ossl_params) params = OSSL_PARAM_BLD_to_param(bld);
	COF_AUTO_PTR(cof_ossl_key_ctx) ctx = EVP_PKEY_CTX_new_from_name(NULL, "RSA", NULL);
	if (params == NULL || ctx == NULL || EVP_PKEY_fromdata_init(ctx) != 1 ||
	    EVP_PKEY_fromdata(ctx, &key, EVP_PKEY_PUBLIC_KEY, params) != 1)
		return NULL;
	return key;
}

static EVP_PKEY *make_key(const cof_x509 *c, cof_x509_kind kind, EVP_PKEY *like)
{
	if (kind == COF_X509_NO_KEY || cof_x509_key_kind(c) != kind)
		return NULL;
	if (kind == COF_X509_RSA4096)
		return rsa_key(modulus_of(c->key_bits));
	return cof_x509_point(algs[find_alg(c)].group, c->key_bits, like);
}

EVP_PKEY *cof_x509_key_like(cof_x509 *c, cof_x509_kind kind, EVP_PKEY *like)
{
	if (c->key != NULL)
		return c->key_kind == kind ? c->key : NULL;
	EVP_PKEY *key = make_key(c, kind, like);
	if (key != NULL) {
		c->key = key;
		c->key_kind = kind;
	}
	return key;
}

EVP_PKEY *cof_x509_key(cof_x509 *c, cof_x509_kind kind)
{
	return cof_x509_key_like(c, kind, NULL);
}

static EVP_PKEY *fresh_point(const char *group, cof_span point)
{
	char name[16];
	EVP_PKEY *key = NULL;
	(void)snprintf(name, sizeof name, "%s", group);
	const OSSL_PARAM params[] = {
		OSSL_PARAM_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, name, strlen(name)),
		OSSL_PARAM_octet_string(OSSL_PKEY_PARAM_PUB_KEY, (void *)(uintptr_t)point.data, point.len),
		OSSL_PARAM_END};
	COF_AUTO_PTR(cof_ossl_key_ctx) ctx = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
	if (ctx == NULL || EVP_PKEY_fromdata_init(ctx) != 1 ||
	    EVP_PKEY_fromdata(ctx, &key, EVP_PKEY_PUBLIC_KEY, (OSSL_PARAM *)(uintptr_t)params) != 1)
		return NULL;
	return key;
}

/* Either way OpenSSL looks whether the point is on the curve. */
EVP_PKEY *cof_x509_point(const char *group, cof_span point, EVP_PKEY *like)
{
	if (like == NULL)
		return fresh_point(group, point);
	COF_AUTO_PTR(cof_ossl_key) key = EVP_PKEY_dup(like);
	if (key == NULL || EVP_PKEY_set1_encoded_public_key(key, point.data, point.len) != 1)
		return NULL;
	return cof_steal(&key);
}
