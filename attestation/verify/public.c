/* SPDX-License-Identifier: Apache-2.0 */
#include "attestation/verify/public.h"

#include "common/ossl.h"
#include "common/rd.h"

enum { RSA_BITS_MIN = 2048, RSA_BITS_MAX = 4096, RSA_EXPONENT = 65537 };

typedef struct curve_info {
	uint16_t curve;
	size_t len;
	const char *name;
	const char *group; /* as a key that was read tells it */
} curve_info;

static const curve_info curves[] = {
	{COF_TPM_CURVE_P256, 32, "P-256", SN_X9_62_prime256v1},
	{COF_TPM_CURVE_P384, 48, "P-384", SN_secp384r1},
	{COF_TPM_CURVE_P521, 66, "P-521", SN_secp521r1},
};

static const struct {
	uint16_t alg;
	cof_hash hash;
} hashes[] = {
	{COF_TPM_ALG_SHA256, COF_SHA256},
	{COF_TPM_ALG_SHA384, COF_SHA384},
	{COF_TPM_ALG_SHA512, COF_SHA512},
};

static int malformed(cof_err *err, const char *what)
{
	return cof_err_set(err, COF_E_MALFORMED, "tpm-malformed", "TPM public area: %s", what);
}

int cof_tpm_hash(uint16_t alg, cof_hash *ret, cof_err *err)
{
	for (size_t i = 0; i < COF_COUNT(hashes); i++) {
		if (hashes[i].alg == alg) {
			*ret = hashes[i].hash;
			return 0;
		}
	}
	return cof_err_set(err, COF_E_CRYPTO, "tpm-hash", "TPM hash algorithm 0x%04x is not accepted", alg);
}

static const curve_info *find_curve(uint16_t curve)
{
	for (size_t i = 0; i < COF_COUNT(curves); i++) {
		if (curves[i].curve == curve)
			return &curves[i];
	}
	return NULL;
}

size_t cof_tpm_curve_len(uint16_t curve)
{
	const curve_info *c = find_curve(curve);
	return c == NULL ? 0 : c->len;
}

/* Explicit parameters may describe another curve. */
uint16_t cof_tpm_curve_of(const EVP_PKEY *key)
{
	char name[32] = "";
	int explicit_params = 1;
	if (EVP_PKEY_get_base_id(key) != EVP_PKEY_EC || EVP_PKEY_get_group_name(key, name, sizeof name, NULL) != 1 ||
	    EVP_PKEY_get_int_param(key, OSSL_PKEY_PARAM_EC_DECODED_FROM_EXPLICIT_PARAMS, &explicit_params) != 1)
		return 0;
	for (size_t i = 0; explicit_params == 0 && i < COF_COUNT(curves); i++) {
		if (strcmp(curves[i].group, name) == 0)
			return curves[i].curve;
	}
	return 0;
}

/* With 1 every text would be its own signature. */
static bool has_usual_exponent(const EVP_PKEY *key)
{
	BIGNUM *n = NULL;
	if (EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_RSA_E, &n) != 1)
		return false;
	bool usual = BN_is_word(n, RSA_EXPONENT) == 1;
	BN_free(n);
	return usual;
}

bool cof_tpm_key_is_supported(const EVP_PKEY *key)
{
	int bits = EVP_PKEY_get_bits(key);
	if (EVP_PKEY_get_base_id(key) == EVP_PKEY_RSA)
		return bits >= RSA_BITS_MIN && bits <= RSA_BITS_MAX && has_usual_exponent(key);
	return cof_tpm_curve_of(key) != 0;
}

/* spec: TPM 2.0 part 2, 11.1.7 (TPMT_SYM_DEF_OBJECT) and 11.2.3.5 (asymmetric scheme): a NULL one has no parameters */
static void read_symmetric_and_scheme(cof_rd *r, cof_tpm_public *p)
{
	p->sym_alg = cof_rd_u16be(r);
	if (p->sym_alg != COF_TPM_ALG_NULL) {
		p->sym_bits = cof_rd_u16be(r);
		p->sym_mode = cof_rd_u16be(r);
	}
	p->scheme = cof_rd_u16be(r);
	if (p->scheme != COF_TPM_ALG_NULL)
		p->scheme_hash = cof_rd_u16be(r);
}

static int read_rsa(cof_rd *r, cof_tpm_public *p, cof_err *err)
{
	read_symmetric_and_scheme(r, p);
	p->bits = cof_rd_u16be(r);
	uint32_t exponent = cof_rd_u32be(r);
	p->exponent = exponent == 0 ? RSA_EXPONENT : exponent;
	p->modulus = cof_rd_span_u16be(r);
	if (!cof_rd_ok(r))
		return malformed(err, "cut off");
	if ((p->bits != 2048 && p->bits != 3072 && p->bits != 4096) || p->modulus.len != p->bits / 8 ||
	    (p->modulus.data[0] & 0x80) == 0)
		return malformed(err, "size of the RSA key");
	return p->exponent == RSA_EXPONENT ? 0 : malformed(err, "RSA exponent");
}

static int read_ecc(cof_rd *r, cof_tpm_public *p, cof_err *err)
{
	read_symmetric_and_scheme(r, p);
	p->curve = cof_rd_u16be(r);
	if (cof_rd_u16be(r) != COF_TPM_ALG_NULL)
		return malformed(err, "key derivation of an ECC key");
	p->x = cof_rd_span_u16be(r);
	p->y = cof_rd_span_u16be(r);
	const curve_info *c = find_curve(p->curve);
	if (!cof_rd_ok(r) || c == NULL)
		return malformed(err, "curve");
	return p->x.len <= c->len && p->y.len <= c->len && p->x.len > 0 && p->y.len > 0 ? 0 : malformed(err, "point");
}

static int set_name(cof_span area, uint16_t name_alg, cof_tpm_public *p, cof_err *err)
{
	cof_digest d;
	int r = cof_digest_of(p->name_alg, area, &d, err);
	if (r < 0)
		return r;
	p->name[0] = (uint8_t)(name_alg >> 8);
	p->name[1] = (uint8_t)name_alg;
	memcpy(p->name + 2, d.bytes, cof_hash_len(p->name_alg));
	p->name_len = 2 + cof_hash_len(p->name_alg);
	return 0;
}

int cof_tpm_public_parse(cof_span tpm2b, cof_tpm_public *ret, cof_err *err)
{
	cof_tpm_public p = {0};
	if (tpm2b.len > COF_TPM_PUBLIC_MAX)
		return malformed(err, "too long");
	cof_rd outer = cof_rd_of(tpm2b);
	cof_span area = cof_rd_span_u16be(&outer);
	if (!cof_rd_end(&outer))
		return malformed(err, "length");
	cof_rd r = cof_rd_of(area);
	p.type = cof_rd_u16be(&r);
	uint16_t name_alg = cof_rd_u16be(&r);
	p.attributes = cof_rd_u32be(&r);
	p.auth_policy = cof_rd_span_u16be(&r);
	if (!cof_rd_ok(&r) || (p.type != COF_TPM_ALG_RSA && p.type != COF_TPM_ALG_ECC))
		return malformed(err, "key type");
	int rc = cof_tpm_hash(name_alg, &p.name_alg, err);
	if (rc == 0)
		rc = p.type == COF_TPM_ALG_RSA ? read_rsa(&r, &p, err) : read_ecc(&r, &p, err);
	if (rc < 0)
		return rc;
	if (!cof_rd_end(&r))
		return malformed(err, "bytes left over");
	rc = set_name(area, name_alg, &p, err);
	if (rc == 0)
		*ret = p;
	return rc;
}

static int from_params(const char *type, OSSL_PARAM_BLD *bld, EVP_PKEY **ret, cof_err *err)
{
	COF_AUTO_PTR(cof_ossl_params) params = OSSL_PARAM_BLD_to_param(bld);
	COF_AUTO_PTR(cof_ossl_key_ctx) ctx = EVP_PKEY_CTX_new_from_name(NULL, type, NULL);
	EVP_PKEY *key = NULL;
	if (params == NULL || ctx == NULL || EVP_PKEY_fromdata_init(ctx) <= 0)
		return cof_err_oom(err);
	if (EVP_PKEY_fromdata(ctx, &key, EVP_PKEY_PUBLIC_KEY, params) <= 0)
		return malformed(err, "the numbers are no key");
	*ret = key;
	return 0;
}

static int rsa_key(const cof_tpm_public *p, EVP_PKEY **ret, cof_err *err)
{
	COF_AUTO_PTR(cof_ossl_param_bld) bld = OSSL_PARAM_BLD_new();
	COF_AUTO_PTR(cof_ossl_bn) n = BN_bin2bn(p->modulus.data, (int)p->modulus.len, NULL);
	if (bld == NULL || n == NULL || OSSL_PARAM_BLD_push_BN(bld, OSSL_PKEY_PARAM_RSA_N, n) != 1 ||
	    OSSL_PARAM_BLD_push_uint32(bld, OSSL_PKEY_PARAM_RSA_E, p->exponent) != 1)
		return cof_err_oom(err);
	return from_params("RSA", bld, ret, err);
}

/* Coordinates may come without their leading zeros. */
static int ecc_key(const cof_tpm_public *p, EVP_PKEY **ret, cof_err *err)
{
	const curve_info *c = find_curve(p->curve);
	COF_AUTO_PTR(cof_ossl_param_bld) bld = OSSL_PARAM_BLD_new();
	uint8_t point[1 + 2 * 66] = {0x04};
	if (c == NULL || p->x.len > c->len || p->y.len > c->len)
		return malformed(err, "curve");
	memcpy(point + 1 + c->len - p->x.len, p->x.data, p->x.len);
	memcpy(point + 1 + 2 * c->len - p->y.len, p->y.data, p->y.len);
	if (bld == NULL || OSSL_PARAM_BLD_push_utf8_string(bld, OSSL_PKEY_PARAM_GROUP_NAME, c->name, 0) != 1 ||
	    OSSL_PARAM_BLD_push_octet_string(bld, OSSL_PKEY_PARAM_PUB_KEY, point, 1 + 2 * c->len) != 1)
		return cof_err_oom(err);
	return from_params("EC", bld, ret, err);
}

int cof_tpm_public_key(const cof_tpm_public *p, EVP_PKEY **ret, cof_err *err)
{
	return p->type == COF_TPM_ALG_RSA ? rsa_key(p, ret, err) : ecc_key(p, ret, err);
}

enum { KEPT_IN_TPM = COF_TPM_FIXED_TPM | COF_TPM_FIXED_PARENT | COF_TPM_SENSITIVE_DATA_ORIGIN | COF_TPM_RESTRICTED };

int cof_tpm_ak_check(const cof_tpm_public *p, cof_err *err)
{
	/* An unrestricted key signs any bytes, a forged attest among them; a decrypting one could be an EK. */
	const uint32_t must = KEPT_IN_TPM | COF_TPM_SIGN;
	const uint32_t must_not = COF_TPM_DECRYPT | COF_TPM_ENCRYPTED_DUPLICATION;
	cof_hash hash;
	if ((p->attributes & must) != must || (p->attributes & must_not) != 0)
		return cof_err_set(err, COF_E_CRYPTO, "ak-attributes",
				   "AK attributes 0x%08x are not those of a restricted signing key", p->attributes);
	bool fits = p->type == COF_TPM_ALG_RSA ? p->scheme == COF_TPM_ALG_RSASSA || p->scheme == COF_TPM_ALG_RSAPSS
					       : p->scheme == COF_TPM_ALG_ECDSA;
	if (!fits || p->sym_alg != COF_TPM_ALG_NULL || cof_tpm_hash(p->scheme_hash, &hash, NULL) < 0)
		return cof_err_set(err, COF_E_CRYPTO, "ak-attributes", "AK scheme 0x%04x with hash 0x%04x", p->scheme,
				   p->scheme_hash);
	return 0;
}

int cof_tpm_ek_check(const cof_tpm_public *p, cof_err *err)
{
	const uint32_t must = KEPT_IN_TPM | COF_TPM_DECRYPT;
	if ((p->attributes & must) != must || (p->attributes & (COF_TPM_SIGN | COF_TPM_ENCRYPTED_DUPLICATION)) != 0)
		return cof_err_set(err, COF_E_CRYPTO, "ek-template",
				   "EK attributes 0x%08x are not those of a storage key", p->attributes);
	if (p->sym_alg != COF_TPM_ALG_AES || p->sym_mode != COF_TPM_ALG_CFB ||
	    (p->sym_bits != 128 && p->sym_bits != 256) || p->scheme != COF_TPM_ALG_NULL)
		return cof_err_set(err, COF_E_CRYPTO, "ek-template", "EK has cipher 0x%04x/%u, scheme 0x%04x",
				   p->sym_alg, p->sym_bits, p->scheme);
	return 0;
}
