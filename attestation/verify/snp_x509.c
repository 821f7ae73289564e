/* SPDX-License-Identifier: Apache-2.0 */
#include "attestation/verify/snp_x509.h"

#include <stdio.h>
#include <time.h>

#include "common/secret.h"

enum { RSA_BITS = 4096, P384_POINT_LEN = 97 };

static int malformed(cof_err *err, const char *why)
{
	return cof_err_set(err, COF_E_MALFORMED, "certificate-malformed", "certificate: %s", why);
}

/* OpenSSL reads BER; what it would write again must be what came. */
static bool is_der(X509 *c, cof_span der)
{
	uint8_t again[COF_SNP_CERT_MAX];
	uint8_t *at = again;
	if (i2d_X509(c, NULL) != (int)der.len)
		return false;
	int n = i2d_X509(c, &at);
	return n >= 0 && cof_ct_equal(der, cof_span_of(again, (size_t)n));
}

int cof_snp_cert_read(cof_span der, X509 **ret, cof_err *err)
{
	const uint8_t *at = der.data;
	if (der.len == 0 || der.len > COF_SNP_CERT_MAX)
		return malformed(err, "size");
	COF_AUTO_PTR(cof_ossl_cert) c = d2i_X509(NULL, &at, (long)der.len);
	if (c == NULL || at != der.data + der.len || !is_der(c, der))
		return malformed(err, "not one certificate in DER");
	if (X509_get_version(c) != X509_VERSION_3)
		return malformed(err, "not of version 3");
	if (X509_get_ext_count(c) > COF_SNP_EXTENSIONS_MAX)
		return malformed(err, "too many extensions");
	*ret = cof_steal(&c);
	return 0;
}

/* ---- names ---- */

typedef struct name_part {
	int nid;
	const char *value;
} name_part;

static const name_part amd_name[] = {
	{NID_organizationalUnitName, "Engineering"},
	{NID_countryName, "US"},
	{NID_localityName, "Santa Clara"},
	{NID_stateOrProvinceName, "CA"},
	{NID_organizationName, "Advanced Micro Devices"},
};

static cof_span name_value(const X509_NAME *name, int nid)
{
	int at = X509_NAME_get_index_by_NID(name, nid, -1);
	if (at < 0 || X509_NAME_get_index_by_NID(name, nid, at) >= 0)
		return (cof_span){0};
	const ASN1_STRING *s = X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, at));
	return cof_span_of(ASN1_STRING_get0_data(s), (size_t)ASN1_STRING_length(s));
}

bool cof_snp_name_is(const X509_NAME *name, const char *cn)
{
	if (X509_NAME_entry_count(name) != COF_COUNT(amd_name) + 1)
		return false;
	for (size_t i = 0; i < COF_COUNT(amd_name); i++) {
		if (!cof_ct_equal(name_value(name, amd_name[i].nid), cof_span_str(amd_name[i].value)))
			return false;
	}
	return cof_ct_equal(name_value(name, NID_commonName), cof_span_str(cn));
}

void cof_snp_name_text(const X509_NAME *name, char *out, size_t size)
{
	cof_span cn = name_value(name, NID_commonName);
	(void)snprintf(out, size, "%.*s", cn.len < size ? (int)cn.len : (int)size - 1, (const char *)cn.data);
}

bool cof_snp_name_equal(const X509_NAME *a, const X509_NAME *b)
{
	const unsigned char *da = NULL, *db = NULL;
	size_t na = 0, nb = 0;
	return X509_NAME_get0_der(a, &da, &na) == 1 && X509_NAME_get0_der(b, &db, &nb) == 1 &&
	       cof_ct_equal(cof_span_of(da, na), cof_span_of(db, nb));
}

/* ---- algorithms and keys ---- */

/* SEQUENCE of [0] SHA-384, [1] MGF1 with SHA-384, [2] 48, behind its header; AMD writes the default trailer [3] 1 too
 */
static const uint8_t pss_params[] = {
	0xa0, 0x0f, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x02,
	0x05, 0x00, 0xa1, 0x1c, 0x30, 0x1a, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01,
	0x01, 0x08, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x02,
	0x05, 0x00, 0xa2, 0x03, 0x02, 0x01, 0x30, 0xa3, 0x03, 0x02, 0x01, 0x01,
};
enum { PSS_TRAILER_LEN = 5 };

static bool is_pss_sequence(cof_span s)
{
	bool with_trailer = s.len == 2 + sizeof pss_params;
	size_t n = sizeof pss_params - (with_trailer ? 0 : PSS_TRAILER_LEN);
	const uint8_t head[2] = {0x30, (uint8_t)n};
	return s.len == 2 + n && cof_ct_equal(cof_span_of(s.data, 2), cof_span_of(head, 2)) &&
	       cof_ct_equal(cof_span_of(s.data + 2, n), cof_span_of(pss_params, n));
}

bool cof_snp_pss_is_amd(const X509_ALGOR *alg)
{
	const ASN1_OBJECT *oid = NULL;
	const void *value = NULL;
	int type = V_ASN1_UNDEF;
	X509_ALGOR_get0(&oid, &type, &value, alg);
	if (OBJ_obj2nid(oid) != NID_rsassaPss || type != V_ASN1_SEQUENCE)
		return false;
	const ASN1_STRING *s = value;
	return is_pss_sequence(cof_span_of(ASN1_STRING_get0_data(s), (size_t)ASN1_STRING_length(s)));
}

bool cof_snp_key_is_rsa4096(const X509 *c)
{
	ASN1_OBJECT *oid = NULL;
	const EVP_PKEY *key = X509_get0_pubkey(c);
	return X509_PUBKEY_get0_param(&oid, NULL, NULL, NULL, X509_get_X509_PUBKEY(c)) == 1 &&
	       OBJ_obj2nid(oid) == NID_rsaEncryption && key != NULL && EVP_PKEY_get_bits(key) == RSA_BITS;
}

bool cof_snp_key_is_p384(const X509 *c)
{
	X509_ALGOR *alg = NULL;
	const ASN1_OBJECT *oid = NULL;
	const void *curve = NULL;
	const unsigned char *point = NULL;
	int len = 0, type = V_ASN1_UNDEF;
	if (X509_PUBKEY_get0_param(NULL, &point, &len, &alg, X509_get_X509_PUBKEY(c)) != 1)
		return false;
	X509_ALGOR_get0(&oid, &type, &curve, alg);
	return OBJ_obj2nid(oid) == NID_X9_62_id_ecPublicKey && type == V_ASN1_OBJECT &&
	       OBJ_obj2nid(curve) == NID_secp384r1 && len == P384_POINT_LEN && X509_get0_pubkey(c) != NULL;
}

/* ---- extensions ---- */

static bool is_repeated(const X509 *c, int at)
{
	const ASN1_OBJECT *oid = X509_EXTENSION_get_object(X509_get_ext(c, at));
	return X509_get_ext_by_OBJ(c, oid, at) >= 0;
}

static bool is_judged(X509_EXTENSION *e)
{
	int nid = OBJ_obj2nid(X509_EXTENSION_get_object(e));
	return X509_EXTENSION_get_critical(e) == 0 || nid == NID_basic_constraints || nid == NID_key_usage;
}

bool cof_snp_extensions_are_sound(X509 *c)
{
	for (int i = 0; i < X509_get_ext_count(c); i++) {
		if (is_repeated(c, i) || !is_judged(X509_get_ext(c, i)))
			return false;
	}
	return (X509_get_extension_flags(c) & (EXFLAG_INVALID | EXFLAG_CRITICAL)) == 0;
}

static bool is_critical(const X509 *c, int nid)
{
	int at = X509_get_ext_by_NID(c, nid, -1);
	return at >= 0 && X509_EXTENSION_get_critical(X509_get_ext(c, at)) == 1;
}

bool cof_snp_is_ca(X509 *c, long below)
{
	uint32_t flags = X509_get_extension_flags(c);
	uint32_t usage = X509_get_key_usage(c);
	long room = X509_get_pathlen(c);
	return (flags & EXFLAG_CA) != 0 && (flags & EXFLAG_KUSAGE) != 0 && (usage & KU_KEY_CERT_SIGN) != 0 &&
	       (room < 0 || room >= below) && is_critical(c, NID_basic_constraints) && is_critical(c, NID_key_usage);
}

bool cof_snp_is_leaf(X509 *c)
{
	uint32_t flags = X509_get_extension_flags(c);
	uint32_t usage = X509_get_key_usage(c);
	return (flags & EXFLAG_CA) == 0 && ((flags & EXFLAG_KUSAGE) == 0 || (usage & KU_DIGITAL_SIGNATURE) != 0) &&
	       ((flags & EXFLAG_KUSAGE) == 0 || (usage & KU_KEY_CERT_SIGN) == 0);
}

/* ---- times ---- */

bool cof_snp_time_read(const ASN1_TIME *t, int64_t *ret)
{
	struct tm tm = {0};
	if (t == NULL || ASN1_TIME_to_tm(t, &tm) != 1)
		return false;
	*ret = timegm(&tm);
	return true;
}

void cof_snp_time_text(int64_t t, char out[COF_SNP_TIME_TEXT_MAX])
{
	struct tm tm = {0};
	if (gmtime_r(&t, &tm) == NULL || strftime(out, COF_SNP_TIME_TEXT_MAX, "%Y-%m-%dT%H:%M:%SZ", &tm) == 0)
		(void)snprintf(out, COF_SNP_TIME_TEXT_MAX, "%lld", (long long)t);
}
