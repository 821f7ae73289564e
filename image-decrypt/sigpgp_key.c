/* SPDX-License-Identifier: Apache-2.0 */
/* Public keys out of their packets. spec: RFC 4880 5.5.2 and 12.2; RFC 6637 9 and 11 */
#include "common/secret.h"
#include "image-decrypt/sigpgp_packet.h"

enum {
	KEY_BODY_MAX = 4096,
	RSA_BYTES_MIN = 256,
	RSA_BYTES_MAX = 1024,
	POINT_MAX = 1 + 2 * 66,
	ED25519_LEN = 32,
	ALG_RSA = 1,
	ALG_RSA_SIGN = 3,
	ALG_ECDSA = 19,
	ALG_EDDSA = 22,
};

void cof_pgp_key_release(cof_pgp_key *k)
{
	EVP_PKEY_free(k->key);
	*k = (cof_pgp_key){0};
}

static EVP_PKEY *from_params(const char *type, OSSL_PARAM *params)
{
	COF_AUTO_PTR(cof_ossl_key_ctx) ctx = EVP_PKEY_CTX_new_from_name(NULL, type, NULL);
	EVP_PKEY *key = NULL;
	if (ctx == NULL || EVP_PKEY_fromdata_init(ctx) != 1 ||
	    EVP_PKEY_fromdata(ctx, &key, EVP_PKEY_PUBLIC_KEY, params) != 1)
		return NULL;
	return key;
}

static EVP_PKEY *rsa_from(cof_span n, cof_span e)
{
	COF_AUTO_PTR(cof_ossl_bn) bn_n = BN_bin2bn(n.data, (int)n.len, NULL);
	COF_AUTO_PTR(cof_ossl_bn) bn_e = BN_bin2bn(e.data, (int)e.len, NULL);
	COF_AUTO_PTR(cof_ossl_param_bld) build = OSSL_PARAM_BLD_new();
	if (bn_n == NULL || bn_e == NULL || build == NULL || !BN_is_odd(bn_n) || !BN_is_odd(bn_e) || BN_is_one(bn_e) ||
	    OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_RSA_N, bn_n) != 1 ||
	    OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_RSA_E, bn_e) != 1)
		return NULL;
	COF_AUTO_PTR(cof_ossl_params) params = OSSL_PARAM_BLD_to_param(build);
	return params != NULL ? from_params("RSA", params) : NULL;
}

static cof_pgp_key_kind read_rsa(cof_rd *r, const char *group, EVP_PKEY **ret)
{
	(void)group;
	cof_span n = cof_pgp_mpi(r, RSA_BYTES_MAX), e = cof_pgp_mpi(r, 4);
	if (!cof_rd_end(r) || e.len == 0)
		return COF_PGP_KEY_DAMAGED;
	if (n.len < RSA_BYTES_MIN || (n.len == RSA_BYTES_MIN && n.data[0] < 0x80))
		return COF_PGP_KEY_OTHER; /* too short to prove anything */
	*ret = rsa_from(n, e);
	return *ret != NULL ? COF_PGP_KEY_OURS : COF_PGP_KEY_DAMAGED;
}

static cof_pgp_key_kind read_point(cof_rd *r, const char *group, EVP_PKEY **ret)
{
	cof_span point = cof_pgp_mpi(r, POINT_MAX);
	if (!cof_rd_end(r) || point.len == 0)
		return COF_PGP_KEY_DAMAGED;
	OSSL_PARAM params[] = {
		OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, (char *)(uintptr_t)group, 0),
		OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, (void *)(uintptr_t)point.data, point.len),
		OSSL_PARAM_construct_end(),
	};
	*ret = from_params("EC", params);
	return *ret != NULL ? COF_PGP_KEY_OURS : COF_PGP_KEY_DAMAGED;
}

/* spec: RFC 9580 11.2.2: a native point behind the octet 0x40 */
static cof_pgp_key_kind read_ed25519(cof_rd *r, const char *group, EVP_PKEY **ret)
{
	(void)group;
	cof_span point = cof_pgp_mpi(r, 1 + ED25519_LEN);
	if (!cof_rd_end(r) || point.len != 1 + ED25519_LEN || point.data[0] != 0x40)
		return COF_PGP_KEY_DAMAGED;
	*ret = EVP_PKEY_new_raw_public_key_ex(NULL, "ED25519", NULL, point.data + 1, ED25519_LEN);
	return *ret != NULL ? COF_PGP_KEY_OURS : COF_PGP_KEY_DAMAGED;
}

static const struct {
	uint8_t algorithm;
	uint8_t oid[10], oid_len;
	const char *group;
	cof_pgp_key_kind (*read)(cof_rd *r, const char *group, EVP_PKEY **ret);
} curves[] = {
	{ALG_ECDSA, {0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07}, 8, SN_X9_62_prime256v1, read_point},
	{ALG_ECDSA, {0x2b, 0x81, 0x04, 0x00, 0x22}, 5, SN_secp384r1, read_point},
	{ALG_ECDSA, {0x2b, 0x81, 0x04, 0x00, 0x23}, 5, SN_secp521r1, read_point},
	{ALG_EDDSA, {0x2b, 0x06, 0x01, 0x04, 0x01, 0xda, 0x47, 0x0f, 0x01}, 9, NULL, read_ed25519},
};

static cof_pgp_key_kind read_curve(cof_rd *r, cof_pgp_key *k)
{
	cof_span oid = cof_rd_bytes(r, cof_rd_u8(r));
	if (!cof_rd_ok(r))
		return COF_PGP_KEY_DAMAGED;
	for (size_t i = 0; i < COF_COUNT(curves); i++)
		if (curves[i].algorithm == k->algorithm && curves[i].oid_len == oid.len &&
		    cof_ct_equal(cof_span_of(curves[i].oid, oid.len), oid))
			return curves[i].read(r, curves[i].group, &k->key);
	return COF_PGP_KEY_OTHER;
}

/* spec: RFC 4880 12.2: SHA-1 here names a key and proves nothing */
static bool take_fingerprint(cof_span body, cof_pgp_key *k)
{
	COF_AUTO(cof_buf) in = {0};
	cof_digest d;
	const uint8_t head[] = {0x99, (uint8_t)(body.len >> 8), (uint8_t)body.len};
	if (cof_buf_add(&in, head, sizeof head, NULL) < 0 || cof_buf_add(&in, body.data, body.len, NULL) < 0 ||
	    cof_digest_of(COF_SHA1, cof_buf_span(&in), &d, NULL) < 0)
		return false;
	memcpy(k->fingerprint, d.bytes, COF_PGP_FINGERPRINT_LEN);
	return true;
}

static cof_pgp_key_kind read_material(cof_rd *r, cof_pgp_key *k)
{
	switch (k->algorithm) {
	case ALG_RSA:
	case ALG_RSA_SIGN:
		return read_rsa(r, NULL, &k->key);
	case ALG_ECDSA:
	case ALG_EDDSA:
		return read_curve(r, k);
	default:
		return COF_PGP_KEY_OTHER;
	}
}

cof_pgp_key_kind cof_pgp_key_read(cof_span body, cof_pgp_key *ret)
{
	COF_AUTO(cof_pgp_key) k = {.body = body};
	cof_rd r = cof_rd_of(body);
	uint8_t version = cof_rd_u8(&r);
	k.created = cof_rd_u32be(&r);
	k.algorithm = cof_rd_u8(&r);
	if (!cof_rd_ok(&r) || body.len > KEY_BODY_MAX)
		return COF_PGP_KEY_DAMAGED;
	cof_pgp_key_kind kind = version == 4 ? read_material(&r, &k) : COF_PGP_KEY_OTHER;
	if (kind != COF_PGP_KEY_OURS)
		return kind;
	if (!take_fingerprint(body, &k))
		return COF_PGP_KEY_DAMAGED;
	*ret = k;
	k = (cof_pgp_key){0};
	return kind;
}
