/* SPDX-License-Identifier: Apache-2.0 */
/* The manifest's map: its members, its tags, and the rules of a profile that is known. */
#include "attestation/refvalue/comid_int.h"
#include "attestation/refvalue/corim_int.h"
#include "attestation/refvalue/kind_corim.h"
#include "attestation/token/kind_token.h"
#include "common/digest.h"
#include "common/hex.h"

/* spec: draft-ietf-rats-corim, 4.1 */
enum {
	ID = 0,
	TAGS = 1,
	DEPENDENT = 2,
	PROFILE = 3,
	VALIDITY = 4,
	ENTITIES = 5,
	TAG_COSWID = 505,
	TAG_COTL = 508,
	TAGS_MAX = 256,
	TAG_DIGEST_SHOWN = 8,
};

static int refuse(cof_verdict *v, const cof_err *why, cof_err *err)
{
	return cof_token_refuse(&v->checks, cof_err_is(why, "corim-validity") ? COF_STAGE_VALIDITY : COF_STAGE_PARSE,
				why, err);
}

/* ---- members ---- */

static bool is_profile(const cof_cbor *v)
{
	cof_span oid;
	return cof_comid_is_text(v) || cof_comid_is_text(cof_cbor_untag(v, COF_CORIM_TAG_URI)) ||
	       (cof_cbor_bytes(cof_cbor_untag(v, COF_CORIM_TAG_OID), &oid) && oid.len > 0);
}

static bool is_href(const cof_cbor *v)
{
	return cof_comid_is_text(cof_cbor_untag(v, COF_CORIM_TAG_URI));
}

static bool is_locator(const cof_cbor *v)
{
	static const int64_t keys[] = {0, 1};
	const cof_cbor *href = cof_cbor_get(v, 0);
	size_t n = 0;
	return cof_comid_only(v, keys, COF_COUNT(keys), false) && (is_href(href) || cof_comid_list(href, 1, is_href)) &&
	       (cof_cbor_get(v, 1) == NULL || (cof_cbor_array(cof_cbor_get(v, 1), &n) && n > 0));
}

static bool is_some_map(const cof_cbor *v)
{
	size_t n = 0;
	return cof_cbor_map(v, &n) && n > 0;
}

static int check_map(const cof_cbor *map, cof_err *err)
{
	static const int64_t keys[] = {ID, TAGS, DEPENDENT, PROFILE, VALIDITY, ENTITIES};
	const cof_cbor *profile = cof_cbor_get(map, PROFILE), *dependent = cof_cbor_get(map, DEPENDENT),
		       *entities = cof_cbor_get(map, ENTITIES);
	COF_AUTO_PTR(json_t) id = cof_comid_id(cof_cbor_get(map, ID));
	if (id == NULL)
		return cof_corim_malformed(err, "id");
	if (profile != NULL && !is_profile(profile))
		return cof_corim_malformed(err, "profile");
	if (!cof_comid_only(map, keys, COF_COUNT(keys), profile != NULL))
		return cof_corim_malformed(err, "a member that nobody knows");
	if (dependent != NULL && !cof_comid_list(dependent, 1, is_locator))
		return cof_corim_malformed(err, "dependent manifests");
	if (entities != NULL && !cof_comid_list(entities, 1, is_some_map))
		return cof_corim_malformed(err, "entities");
	return 0;
}

static int put_profile(const cof_cbor *v, json_t *fields, cof_err *err)
{
	const cof_cbor *uri = cof_cbor_untag(v, COF_CORIM_TAG_URI), *oid = cof_cbor_untag(v, COF_CORIM_TAG_OID);
	cof_span s;
	json_t *o = json_null();
	if (cof_cbor_text(v, &s))
		o = json_stringn((const char *)s.data, s.len);
	else if (cof_cbor_text(uri, &s))
		o = json_pack("{s:i, s:s%}", "tag", COF_CORIM_TAG_URI, "value", (const char *)s.data, s.len);
	else if (cof_cbor_bytes(oid, &s)) {
		COF_AUTO_FREE char *hex = cof_hex_dup(s);
		o = hex == NULL ? NULL : json_pack("{s:i, s:s}", "tag", COF_CORIM_TAG_OID, "value", hex);
	}
	return cof_json_set_new(fields, "profile", o, err);
}

static int judge_validity(const cof_cbor *map, int64_t now, cof_verdict *v, cof_err *err)
{
	const cof_cbor *validity = cof_cbor_get(map, VALIDITY);
	int64_t t[2];
	cof_err why = {0};
	if (validity == NULL)
		return 0;
	if (cof_corim_read_validity(validity, "the manifest", now, t, &why) < 0)
		return refuse(v, &why, err);
	(void)cof_check_that(&v->checks, COF_STAGE_VALIDITY, "corim-validity", true);
	return 0;
}

/* ---- the SNP profile's keys ---- */

static bool is_snp(const cof_cbor *profile)
{
	const cof_cbor *uri = cof_cbor_untag(profile, COF_CORIM_TAG_URI);
	return cof_corim_text_is(uri, COF_CORIM_PROFILE_SNP) ||
	       cof_corim_text_is(uri, "tag:amd.com,2024:snp-corim-profile");
}

/* spec: draft-deeglaze-amd-sev-snp-corim-profile: the measurement keys; only flags stand without one */
static bool is_snp_measurement(const cof_cbor *m)
{
	static const uint64_t keys[] = {0,   1,	  2,   3,   4,	 5,   6,   7,	 640,  641,  642,  643,
					644, 645, 646, 647, 648, 649, 650, 3328, 3329, 3330, 3936, 3968};
	static const int64_t flags[] = {3};
	uint64_t k = 0;
	if (cof_cbor_get(m, COF_CORIM_MKEY) == NULL)
		return cof_comid_only(cof_cbor_get(m, COF_CORIM_MVAL), flags, COF_COUNT(flags), true);
	for (size_t i = 0; cof_cbor_uint(cof_cbor_get(m, COF_CORIM_MKEY), UINT64_MAX, &k) && i < COF_COUNT(keys); i++) {
		if (keys[i] == k)
			return true;
	}
	return false;
}

static bool is_snp_record(const cof_cbor *record)
{
	return cof_comid_list(cof_cbor_at(record, 1), 1, is_snp_measurement);
}

static bool is_snp_comid(const cof_cbor *comid)
{
	enum { TRIPLES = 4, REFERENCES = 0 };
	const cof_cbor *references = cof_cbor_get(cof_cbor_get(comid, TRIPLES), REFERENCES);
	return references == NULL || cof_comid_list(references, 1, is_snp_record);
}

/* ---- tags ---- */

static int put_tag(cof_span bytes, uint64_t tag, json_t *fields, cof_err *err)
{
	cof_digest d;
	char hex[2 * TAG_DIGEST_SHOWN + 1];
	int rc = cof_digest_of(COF_SHA256, bytes, &d, err);
	if (rc < 0)
		return rc;
	cof_hex(cof_span_of(d.bytes, TAG_DIGEST_SHOWN), hex);
	json_t *o = json_pack("[I, s]", (json_int_t)tag, hex);
	return json_array_append_new(json_object_get(fields, "tags"), o) < 0 ? cof_err_oom(err) : 0;
}

static int judge_comid(const cof_cbor *map, const cof_cbor *comid, cof_verdict *v, cof_err *err)
{
	const cof_cbor *profile = cof_cbor_get(map, PROFILE);
	json_t *o = NULL;
	cof_err why = {0};
	if (cof_comid_check(comid, profile != NULL, &why) < 0)
		return refuse(v, &why, err);
	(void)cof_check_that(&v->checks, COF_STAGE_PARSE, "comid-malformed", true);
	if (is_snp(profile))
		(void)cof_check_that(&v->checks, COF_STAGE_PROFILE, "snp-measurement-key", is_snp_comid(comid));
	int rc = cof_comid_fields(comid, &o, err);
	if (rc < 0)
		return rc;
	return json_array_append_new(json_object_get(v->fields, "comids"), o) < 0 ? cof_err_oom(err) : 0;
}

/* Software tags and trust lists are well-formed CBOR, and no more is asked of them. */
static int judge_tag(const cof_cbor *map, const cof_cbor *item, cof_verdict *v, cof_err *err)
{
	static const uint64_t known[] = {COF_CORIM_TAG_COMID, TAG_COSWID, TAG_COTL};
	COF_AUTO_PTR(cof_cbor) content = NULL;
	cof_err why = {0};
	cof_span bytes;
	size_t i = 0;
	while (i < COF_COUNT(known) && cof_cbor_untag(item, known[i]) == NULL)
		i++;
	if (!cof_check_that(&v->checks, COF_STAGE_PARSE, "corim-tag",
			    i < COF_COUNT(known) && cof_cbor_bytes(cof_cbor_untag(item, known[i]), &bytes)))
		return 0;
	if (cof_cbor_load(bytes, &content, &why) < 0)
		return refuse(v, &why, err);
	int rc = put_tag(bytes, known[i], v->fields, err);
	return rc < 0 || i > 0 ? rc : judge_comid(map, content, v, err);
}

static int judge_tags(const cof_cbor *map, cof_verdict *v, cof_err *err)
{
	const cof_cbor *tags = cof_cbor_get(map, TAGS);
	size_t n = 0;
	int rc = 0;
	bool fine = cof_cbor_array(tags, &n) && n > 0 && n <= TAGS_MAX;
	if (!cof_check_that(&v->checks, COF_STAGE_PARSE, "corim-tags", fine))
		return 0;
	/* The first that is wrong ends it: a list of thousands says no more than one. */
	for (size_t i = 0; rc == 0 && v->checks.failed == 0 && i < n; i++)
		rc = judge_tag(map, cof_cbor_at(tags, i), v, err);
	return rc;
}

/* ---- the whole ---- */

static int put_fields(const cof_cbor *map, json_t *fields, cof_err *err)
{
	int rc = cof_json_set_new(fields, "corim_id", cof_comid_id(cof_cbor_get(map, ID)), err);
	if (rc == 0)
		rc = put_profile(cof_cbor_get(map, PROFILE), fields, err);
	if (rc == 0)
		rc = cof_json_set_new(fields, "tags", json_array(), err);
	return rc < 0 ? rc : cof_json_set_new(fields, "comids", json_array(), err);
}

int cof_corim_judge(cof_span bytes, int64_t now, cof_verdict *v, cof_err *err)
{
	COF_AUTO_PTR(cof_cbor) item = NULL;
	cof_err why = {0};
	if (cof_cbor_load(bytes, &item, &why) < 0)
		return refuse(v, &why, err);
	const cof_cbor *map = cof_cbor_untag(item, COF_CORIM_TAG_RIM);
	if (!cof_check_text(&v->checks, COF_STAGE_PARSE, "corim-untagged", map != NULL, "tag 501", NULL))
		return 0;
	if (check_map(map, &why) < 0)
		return refuse(v, &why, err);
	(void)cof_check_that(&v->checks, COF_STAGE_PARSE, "corim-malformed", true);
	int rc = put_fields(map, v->fields, err);
	if (rc == 0)
		rc = judge_validity(map, now, v, err);
	return rc < 0 ? rc : judge_tags(map, v, err);
}
