/* SPDX-License-Identifier: Apache-2.0 */
/* Entries as documents: strict in both directions. */
#include <stdio.h>

#include "attestation/refvalue/rim.h"
#include "common/hex.h"

#define FORMAT "coffer-reference-values/2"

enum { DIGEST_HEX_MAX = 2 * COF_SHA384_LEN, POLICY_LEN = 8, MEMBERS_MAX = 16 };

/* A member that is bytes in hex. */
typedef struct field {
	const char *key;
	size_t at; /* in cof_rim_entry */
	size_t len;
	size_t has; /* offset of the flag; 0: required */
} field;

#define FIELD(name, m, l, flag)                                                                                        \
	{                                                                                                              \
		name, offsetof(cof_rim_entry, m), l, flag                                                              \
	}
#define HAS(m) offsetof(cof_rim_entry, m)

static const field snp_fields[] = {
	FIELD("measurement", snp.measurement, COF_SHA384_LEN, 0),
	FIELD("host_data", snp.host_data, COF_SHA256_LEN, HAS(snp.has_host_data)),
	FIELD("id_key_digest", snp.id_key_digest, COF_SHA384_LEN, HAS(snp.has_id_key_digest)),
	FIELD("author_key_digest", snp.author_key_digest, COF_SHA384_LEN, HAS(snp.has_author_key_digest)),
};
static const field tdx_fields[] = {
	FIELD("mrtd", tdx.mrtd, COF_SHA384_LEN, 0),
	FIELD("rtmr0", tdx.rtmr[0], COF_SHA384_LEN, HAS(tdx.has_rtmr[0])),
	FIELD("rtmr1", tdx.rtmr[1], COF_SHA384_LEN, HAS(tdx.has_rtmr[1])),
	FIELD("rtmr2", tdx.rtmr[2], COF_SHA384_LEN, HAS(tdx.has_rtmr[2])),
	FIELD("rtmr3", tdx.rtmr[3], COF_SHA384_LEN, HAS(tdx.has_rtmr[3])),
	FIELD("mrconfigid", tdx.mrconfigid, COF_SHA384_LEN, HAS(tdx.has_mrconfigid)),
};
static const field sev_fields[] = {FIELD("digest", digest, COF_SHA256_LEN, 0)};

static const struct {
	const field *fields;
	size_t n;
} layouts[COF_RIM_TEES] = {
	[COF_RIM_SNP] = {snp_fields, COF_COUNT(snp_fields)},
	[COF_RIM_TDX] = {tdx_fields, COF_COUNT(tdx_fields)},
	[COF_RIM_SEV] = {sev_fields, COF_COUNT(sev_fields)},
	[COF_RIM_SEVES] = {sev_fields, COF_COUNT(sev_fields)},
};

static int malformed(cof_err *err, const char *what)
{
	return cof_err_set(err, COF_E_MALFORMED, "reference-malformed", "reference values: %s", what);
}

/* ---- writing ---- */

static bool is_set(const cof_rim_entry *e, const field *f)
{
	return f->has == 0 || *(const bool *)((const char *)e + f->has);
}

static int put_snp_numbers(const cof_rim_snp *s, json_t *o, cof_err *err)
{
	char policy[2 * POLICY_LEN + 1];
	int rc = 0;
	(void)snprintf(policy, sizeof policy, "%016llx", (unsigned long long)s->policy);
	if (s->vlek)
		rc = cof_json_set_new(o, "vlek", json_true(), err);
	if (rc == 0 && s->has_policy)
		rc = cof_json_set_str(o, "policy", policy, err);
	if (rc == 0 && s->has_guest_svn)
		rc = cof_json_set_new(o, "guest_svn", json_integer(s->guest_svn), err);
	return rc;
}

int cof_rim_entry_json(const cof_rim_entry *e, json_t **ret, cof_err *err)
{
	if (e->tee == COF_RIM_TPM)
		return cof_refvalue_json(&e->tpm, ret, err);
	COF_AUTO_PTR(json_t)
	o = json_pack("{s:s, s:s?, s:s}", "format", FORMAT, "tee", cof_rim_tee_name(e->tee), "name", e->name);
	int rc = o == NULL ? cof_err_oom(err) : 0;
	for (size_t i = 0; rc == 0 && i < layouts[e->tee].n; i++) {
		const field *f = &layouts[e->tee].fields[i];
		if (is_set(e, f))
			rc = cof_json_set_hex(o, f->key, cof_span_of((const char *)e + f->at, f->len), err);
	}
	if (rc == 0 && e->tee == COF_RIM_SNP)
		rc = put_snp_numbers(&e->snp, o, err);
	if (rc == 0)
		*ret = cof_steal(&o);
	return rc;
}

/* ---- reading ---- */

static int get_hex(const json_t *o, const char *key, void *out, size_t len, cof_err *err)
{
	const char *hex = NULL;
	int rc = cof_json_str(o, key, &hex, err);
	if (rc < 0)
		return rc;
	if (hex[strspn(hex, "0123456789abcdef")] != '\0')
		return malformed(err, "a value is not lower-case hex");
	return cof_unhex(hex, out, len, err);
}

static int get_field(const json_t *o, const field *f, cof_rim_entry *e, cof_err *err)
{
	if (f->has != 0 && json_object_get(o, f->key) == NULL)
		return 0;
	int rc = get_hex(o, f->key, (char *)e + f->at, f->len, err);
	if (rc == 0 && f->has != 0)
		*(bool *)((char *)e + f->has) = true;
	return rc;
}

static int get_snp_numbers(const json_t *o, cof_rim_snp *s, cof_err *err)
{
	uint8_t policy[POLICY_LEN];
	json_int_t svn = 0;
	s->vlek = json_object_get(o, "vlek") != NULL;
	s->has_policy = json_object_get(o, "policy") != NULL;
	s->has_guest_svn = json_object_get(o, "guest_svn") != NULL;
	if (s->vlek && !json_is_true(json_object_get(o, "vlek")))
		return malformed(err, "'vlek' is true or absent");
	int rc = s->has_policy ? get_hex(o, "policy", policy, sizeof policy, err) : 0;
	for (size_t i = 0; rc == 0 && s->has_policy && i < sizeof policy; i++)
		s->policy = s->policy << 8 | policy[i];
	if (rc == 0 && s->has_guest_svn)
		rc = cof_json_int(o, "guest_svn", 0, UINT32_MAX, &svn, err);
	s->guest_svn = (uint32_t)svn;
	return rc;
}

static int only_known(const json_t *o, cof_rim_tee tee, cof_err *err)
{
	static const char *const numbers[] = {"vlek", "policy", "guest_svn"};
	const char *known[MEMBERS_MAX + 1] = {"format", "tee", "name"};
	size_t n = 3;
	for (size_t i = 0; i < layouts[tee].n; i++)
		known[n++] = layouts[tee].fields[i].key;
	for (size_t i = 0; tee == COF_RIM_SNP && i < COF_COUNT(numbers); i++)
		known[n++] = numbers[i];
	return cof_json_only(o, known, err);
}

static int get_head(const json_t *doc, cof_rim_entry *e, cof_err *err)
{
	const char *format = NULL, *tee = NULL, *name = NULL;
	int rc = cof_json_str(doc, "format", &format, err);
	if (rc == 0)
		rc = cof_json_str(doc, "tee", &tee, err);
	if (rc == 0)
		rc = cof_json_str(doc, "name", &name, err);
	if (rc < 0)
		return rc;
	if (strcmp(format, FORMAT) != 0 || !cof_rim_tee_by_name(tee, &e->tee) || e->tee == COF_RIM_TPM)
		return malformed(err, "format or tee");
	if (!cof_rim_name_ok(cof_span_str(name)))
		return malformed(err, "a name is empty, too long or not printable");
	(void)snprintf(e->name, sizeof e->name, "%s", name);
	return only_known(doc, e->tee, err);
}

static int parse(const json_t *doc, cof_rim_entry *e, cof_err *err)
{
	int rc = json_is_object(doc) ? get_head(doc, e, err) : malformed(err, "not an object");
	if (rc < 0)
		return rc;
	for (size_t i = 0; rc == 0 && i < layouts[e->tee].n; i++)
		rc = get_field(doc, &layouts[e->tee].fields[i], e, err);
	if (rc == 0 && e->tee == COF_RIM_SNP)
		rc = get_snp_numbers(doc, &e->snp, err);
	return rc;
}

static int parse_tpm(const json_t *doc, cof_rim_entry *ret, cof_err *err)
{
	cof_rim_entry e = {.tee = COF_RIM_TPM};
	int rc = cof_refvalue_parse(doc, &e.tpm, err);
	if (rc < 0)
		return rc;
	memcpy(e.name, e.tpm.name, sizeof e.name);
	*ret = e;
	return 0;
}

int cof_rim_entry_parse(const json_t *doc, cof_rim_entry *ret, cof_err *err)
{
	cof_rim_entry e = {0};
	cof_err why = {0};
	const char *tee = json_string_value(json_object_get(doc, "tee"));
	if (tee != NULL && strcmp(tee, "tpm") == 0)
		return parse_tpm(doc, ret, err);
	if (parse(doc, &e, &why) == 0) {
		*ret = e;
		return 0;
	}
	bool ours = why.cls == COF_E_INTERNAL || cof_err_is(&why, "reference-malformed");
	return ours ? cof_err_set(err, why.cls, why.reason, "%s", why.text) : malformed(err, why.text);
}
