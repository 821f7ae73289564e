/* SPDX-License-Identifier: Apache-2.0 */
#include "attestation/verify/snp_x509.h"

#include <openssl/rsa.h>

#include "common/der.h"
#include "common/ossl.h"
#include "common/secret.h"

enum { SALT_LEN = 48 };

/* ---- names ---- */

/* Types of attributes, as contents of their OIDs. */
static const struct {
	uint8_t oid[3];
	const char *value; /* NULL: the common name */
} amd_name[] = {
	{{0x55, 0x04, 0x0b}, "Engineering"},
	{{0x55, 0x04, 0x06}, "US"},
	{{0x55, 0x04, 0x07}, "Santa Clara"},
	{{0x55, 0x04, 0x08}, "CA"},
	{{0x55, 0x04, 0x0a}, "Advanced Micro Devices"},
	{{0x55, 0x04, 0x03}, NULL},
};

bool cof_snp_name_is(cof_span name, const char *cn)
{
	bool same = cof_x509_name_count(name) == COF_COUNT(amd_name);
	for (size_t i = 0; i < COF_COUNT(amd_name); i++) {
		cof_span is = cof_x509_name_value(name, cof_span_of(amd_name[i].oid, sizeof amd_name[i].oid));
		const char *want = amd_name[i].value != NULL ? amd_name[i].value : cn;
		same = same && cof_ct_equal(is, cof_span_str(want));
	}
	return same;
}

/* ---- signatures ---- */

/* SEQUENCE of id-RSASSA-PSS and of [0] SHA-384, [1] MGF1 with SHA-384, [2] 48, behind its header; AMD writes the
 * default trailer [3] 1 too */
static const uint8_t pss_oid[] = {0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x0a};
static const uint8_t pss_params[] = {
	0xa0, 0x0f, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x02,
	0x05, 0x00, 0xa1, 0x1c, 0x30, 0x1a, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01,
	0x01, 0x08, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x02,
	0x05, 0x00, 0xa2, 0x03, 0x02, 0x01, 0x30, 0xa3, 0x03, 0x02, 0x01, 0x01,
};
enum { PSS_TRAILER_LEN = 5 };

static bool is_pss(cof_span alg)
{
	cof_rd whole = cof_rd_of(alg);
	cof_rd r = cof_der_enter(&whole, COF_DER_SEQUENCE);
	cof_span oid = cof_der_whole(&r, COF_DER_OID), params = cof_der_take(&r, COF_DER_SEQUENCE);
	size_t n = sizeof pss_params - (params.len == sizeof pss_params ? 0 : PSS_TRAILER_LEN);
	return cof_rd_end(&r) && cof_rd_end(&whole) && cof_ct_equal(oid, cof_span_of(pss_oid, sizeof pss_oid)) &&
	       cof_ct_equal(params, cof_span_of(pss_params, n));
}

bool cof_snp_alg_is_amd(const cof_x509_signed *s)
{
	return is_pss(s->alg) && cof_ct_equal(s->alg, s->inner_alg);
}

bool cof_snp_is_signed_by(const cof_x509_signed *s, EVP_PKEY *key)
{
	EVP_PKEY_CTX *pss = NULL;
	COF_AUTO_PTR(cof_ossl_md) ctx = EVP_MD_CTX_new();
	return ctx != NULL && key != NULL && EVP_DigestVerifyInit_ex(ctx, &pss, "SHA384", NULL, NULL, key, NULL) == 1 &&
	       EVP_PKEY_CTX_set_rsa_padding(pss, RSA_PKCS1_PSS_PADDING) > 0 &&
	       EVP_PKEY_CTX_set_rsa_mgf1_md_name(pss, "SHA384", NULL) > 0 &&
	       EVP_PKEY_CTX_set_rsa_pss_saltlen(pss, SALT_LEN) > 0 &&
	       EVP_DigestVerify(ctx, s->signature.data, s->signature.len, s->bytes.data, s->bytes.len) == 1;
}

/* ---- extensions ---- */

static bool may(const cof_x509 *c, enum cof_x509_use use)
{
	cof_x509_usage u;
	return cof_x509_usage_read(c, &u) && u.critical && (u.bits & use) != 0;
}

bool cof_snp_is_ca(const cof_x509 *c, uint64_t below)
{
	cof_x509_constraints b;
	if (!cof_x509_constraints_read(c, &b) || !b.critical || !b.ca)
		return false;
	return (!b.has_room || b.room >= below) && may(c, COF_X509_CERT_SIGN);
}

/* source: genuine VEKs carry neither constraints nor usage; one that does must be what it is */
bool cof_snp_is_leaf(const cof_x509 *c)
{
	cof_x509_constraints b;
	cof_x509_usage u;
	if (!cof_x509_constraints_read(c, &b) || b.ca || !cof_x509_usage_read(c, &u))
		return false;
	return !u.present || (may(c, COF_X509_DIGITAL_SIGNATURE) && !may(c, COF_X509_CERT_SIGN));
}

bool cof_snp_may_revoke(const cof_x509 *c)
{
	return may(c, COF_X509_CRL_SIGN);
}
