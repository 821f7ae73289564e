/* SPDX-License-Identifier: Apache-2.0 */
/* Names, algorithms and times of certificates and revocation lists. */
#include <stdio.h>
#include <time.h>

#include "attestation/verify/snp_x509.h"
#include "common/secret.h"

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

/* ---- algorithms ---- */

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
