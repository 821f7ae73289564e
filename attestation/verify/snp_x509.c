/* SPDX-License-Identifier: Apache-2.0 */
#include "attestation/verify/snp_x509.h"

#include <openssl/asn1t.h>

#include "attestation/verify/p384.h"
#include "attestation/verify/pss.h"
#include "common/digest.h"
#include "common/secret.h"

enum { RSA_BITS = 4096, SPKI_MAX = 1024, VERSION_3 = 2 };
/* spec: RFC 5280, 4.2.1.3: bits of KeyUsage */
enum { USE_DIGITAL_SIGNATURE = 0, USE_CERT_SIGN = 5, USE_CRL_SIGN = 6 };

/* clang-format off */
ASN1_SEQUENCE(cof_snp_spki) = {
	ASN1_SIMPLE(cof_snp_spki, alg, X509_ALGOR),
	ASN1_SIMPLE(cof_snp_spki, bits, ASN1_BIT_STRING),
} static_ASN1_SEQUENCE_END(cof_snp_spki);

/* Without the unique identifiers of version 2, which nobody judges. */
ASN1_SEQUENCE_enc(cof_snp_tbs, enc, 0) = {
	ASN1_EXP(cof_snp_tbs, version, ASN1_INTEGER, 0),
	ASN1_SIMPLE(cof_snp_tbs, serial, ASN1_INTEGER),
	ASN1_SIMPLE(cof_snp_tbs, alg, X509_ALGOR),
	ASN1_SIMPLE(cof_snp_tbs, issuer, X509_NAME),
	ASN1_SIMPLE(cof_snp_tbs, validity, X509_VAL),
	ASN1_SIMPLE(cof_snp_tbs, subject, X509_NAME),
	ASN1_SIMPLE(cof_snp_tbs, spki, cof_snp_spki),
	ASN1_EXP_SEQUENCE_OF_OPT(cof_snp_tbs, extensions, X509_EXTENSION, 3),
} static_ASN1_SEQUENCE_END_ref(cof_snp_tbs, cof_snp_tbs);

ASN1_SEQUENCE(cof_snp_x509) = {
	ASN1_SIMPLE(cof_snp_x509, tbs, cof_snp_tbs),
	ASN1_SIMPLE(cof_snp_x509, alg, X509_ALGOR),
	ASN1_SIMPLE(cof_snp_x509, signature, ASN1_BIT_STRING),
} static_ASN1_SEQUENCE_END(cof_snp_x509);
/* clang-format on */

void cof_snp_x509_free(cof_snp_x509 *c)
{
	if (c != NULL)
		EVP_PKEY_free(c->key);
	ASN1_item_free((ASN1_VALUE *)c, ASN1_ITEM_rptr(cof_snp_x509));
}

static int malformed(cof_err *err, const char *why)
{
	return cof_err_set(err, COF_E_MALFORMED, "certificate-malformed", "certificate: %s", why);
}

static cof_span string_span(const ASN1_STRING *s)
{
	return cof_span_of(ASN1_STRING_get0_data(s), (size_t)ASN1_STRING_length(s));
}

/* ---- keys ---- */

static bool is_whole_bytes(const ASN1_BIT_STRING *s)
{
	return (s->flags & 7) == 0;
}

static bool algorithm_is(const X509_ALGOR *alg, int nid, int param_type, int param_nid)
{
	const ASN1_OBJECT *oid = NULL;
	const void *param = NULL;
	int type = V_ASN1_UNDEF;
	X509_ALGOR_get0(&oid, &type, &param, alg);
	return OBJ_obj2nid(oid) == nid && type == param_type &&
	       (param_type != V_ASN1_OBJECT || OBJ_obj2nid(param) == param_nid);
}

static EVP_PKEY *rsa_key(cof_span bits)
{
	const uint8_t *at = bits.data;
	COF_AUTO_PTR(cof_ossl_key) key = d2i_PublicKey(EVP_PKEY_RSA, NULL, &at, (long)bits.len);
	if (key == NULL || at != bits.data + bits.len || EVP_PKEY_get_bits(key) != RSA_BITS)
		return NULL;
	return cof_steal(&key);
}

/* A key outside of the profile is not worked with: it may have any size. */
static EVP_PKEY *read_key(const cof_snp_spki *s)
{
	if (!is_whole_bytes(s->bits))
		return NULL;
	if (algorithm_is(s->alg, NID_rsaEncryption, V_ASN1_NULL, NID_undef))
		return rsa_key(string_span(s->bits));
	if (algorithm_is(s->alg, NID_X9_62_id_ecPublicKey, V_ASN1_OBJECT, NID_secp384r1))
		return cof_p384_key(string_span(s->bits));
	return NULL;
}

bool cof_snp_x509_has_rsa4096(const cof_snp_x509 *c)
{
	return c->key != NULL && EVP_PKEY_is_a(c->key, "RSA");
}

bool cof_snp_x509_has_p384(const cof_snp_x509 *c)
{
	return c->key != NULL && EVP_PKEY_is_a(c->key, "EC");
}

int cof_snp_x509_fingerprint(const cof_snp_x509 *c, uint8_t *out, cof_err *err)
{
	uint8_t spki[SPKI_MAX];
	uint8_t *at = spki;
	const ASN1_VALUE *v = (const ASN1_VALUE *)c->tbs->spki;
	int n = ASN1_item_i2d(v, NULL, ASN1_ITEM_rptr(cof_snp_spki));
	if (n <= 0 || n > SPKI_MAX || ASN1_item_i2d(v, &at, ASN1_ITEM_rptr(cof_snp_spki)) != n)
		n = 0; /* the digest of nothing is nobody's key */
	return cof_sha256(cof_span_of(spki, (size_t)n), out, err);
}

/* ---- reading ---- */

/* OpenSSL reads BER; what it would write again must be what came. */
static bool is_der(const cof_snp_x509 *c, cof_span der)
{
	uint8_t again[COF_SNP_CERT_MAX];
	uint8_t *at = again;
	const ASN1_VALUE *v = (const ASN1_VALUE *)c;
	if (ASN1_item_i2d(v, NULL, ASN1_ITEM_rptr(cof_snp_x509)) != (int)der.len)
		return false;
	int n = ASN1_item_i2d(v, &at, ASN1_ITEM_rptr(cof_snp_x509));
	return n >= 0 && cof_ct_equal(der, cof_span_of(again, (size_t)n));
}

int cof_snp_x509_read(cof_span der, cof_snp_x509 **ret, cof_err *err)
{
	const uint8_t *at = der.data;
	int64_t version = -1;
	if (der.len == 0 || der.len > COF_SNP_CERT_MAX)
		return malformed(err, "size");
	COF_AUTO_PTR(cof_snp_x509)
	c = (cof_snp_x509 *)ASN1_item_d2i(NULL, &at, (long)der.len, ASN1_ITEM_rptr(cof_snp_x509));
	if (c == NULL || at != der.data + der.len || !is_der(c, der))
		return malformed(err, "not one certificate in DER");
	if (ASN1_INTEGER_get_int64(&version, c->tbs->version) != 1 || version != VERSION_3)
		return malformed(err, "not of version 3");
	if (sk_X509_EXTENSION_num(c->tbs->extensions) > COF_SNP_EXTENSIONS_MAX)
		return malformed(err, "too many extensions");
	c->key = read_key(c->tbs->spki);
	*ret = cof_steal(&c);
	return 0;
}

/* ---- signatures ---- */

bool cof_snp_x509_has_amd_algorithm(const cof_snp_x509 *c)
{
	return cof_snp_pss_is_amd(c->alg) && cof_snp_pss_is_amd(c->tbs->alg);
}

bool cof_snp_x509_is_signed_by(const cof_snp_x509 *c, EVP_PKEY *key)
{
	cof_span covered = cof_span_of(c->tbs->enc.enc, (size_t)c->tbs->enc.len);
	return is_whole_bytes(c->signature) && c->tbs->enc.modified == 0 &&
	       cof_pss_verify(key, COF_SHA384, covered, string_span(c->signature));
}

/* ---- extensions ---- */

static bool is_judged(X509_EXTENSION *e)
{
	int nid = OBJ_obj2nid(X509_EXTENSION_get_object(e));
	return X509_EXTENSION_get_critical(e) == 0 || nid == NID_basic_constraints || nid == NID_key_usage;
}

bool cof_snp_x509_is_sound(const cof_snp_x509 *c)
{
	for (int i = 0; i < sk_X509_EXTENSION_num(c->tbs->extensions); i++) {
		X509_EXTENSION *e = sk_X509_EXTENSION_value(c->tbs->extensions, i);
		bool repeated = X509v3_get_ext_by_OBJ(c->tbs->extensions, X509_EXTENSION_get_object(e), i) >= 0;
		if (repeated || !is_judged(e))
			return false;
	}
	return true;
}

/* The value of an extension, read to its last byte; NULL when there is none or it cannot be read. */
static void *read_extension(const cof_snp_x509 *c, int nid, const ASN1_ITEM *item, bool critical)
{
	int at = X509v3_get_ext_by_NID(c->tbs->extensions, nid, -1);
	X509_EXTENSION *e = at < 0 ? NULL : X509v3_get_ext(c->tbs->extensions, at);
	if (e == NULL || (critical && X509_EXTENSION_get_critical(e) == 0))
		return NULL;
	cof_span value = string_span(X509_EXTENSION_get_data(e));
	const uint8_t *p = value.data;
	ASN1_VALUE *v = ASN1_item_d2i(NULL, &p, (long)value.len, item);
	if (v != NULL && p != value.data + value.len) {
		ASN1_item_free(v, item);
		return NULL;
	}
	return v;
}

static bool has_extension(const cof_snp_x509 *c, int nid)
{
	return X509v3_get_ext_by_NID(c->tbs->extensions, nid, -1) >= 0;
}

static bool may(const cof_snp_x509 *c, int use)
{
	COF_AUTO_PTR(cof_ossl_bits) bits = read_extension(c, NID_key_usage, ASN1_ITEM_rptr(ASN1_BIT_STRING), true);
	return bits != NULL && ASN1_BIT_STRING_get_bit(bits, use) == 1;
}

bool cof_snp_x509_is_ca(const cof_snp_x509 *c, int64_t below)
{
	int64_t room = below;
	COF_AUTO_PTR(cof_ossl_constraints)
	bc = read_extension(c, NID_basic_constraints, ASN1_ITEM_rptr(BASIC_CONSTRAINTS), true);
	if (bc == NULL || bc->ca == 0)
		return false;
	if (bc->pathlen != NULL && (ASN1_INTEGER_get_int64(&room, bc->pathlen) != 1 || room < below))
		return false;
	return may(c, USE_CERT_SIGN);
}

static bool is_no_authority(const cof_snp_x509 *c)
{
	COF_AUTO_PTR(cof_ossl_constraints)
	bc = read_extension(c, NID_basic_constraints, ASN1_ITEM_rptr(BASIC_CONSTRAINTS), false);
	return !has_extension(c, NID_basic_constraints) || (bc != NULL && bc->ca == 0);
}

/* source: genuine VEKs carry neither constraints nor usage; one that does must be what it is */
bool cof_snp_x509_is_leaf(const cof_snp_x509 *c)
{
	return is_no_authority(c) &&
	       (!has_extension(c, NID_key_usage) || (may(c, USE_DIGITAL_SIGNATURE) && !may(c, USE_CERT_SIGN)));
}

bool cof_snp_x509_may_revoke(const cof_snp_x509 *c)
{
	return may(c, USE_CRL_SIGN);
}
