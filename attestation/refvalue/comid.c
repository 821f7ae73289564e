/* SPDX-License-Identifier: Apache-2.0 */
#include "attestation/refvalue/comid.h"

#include <stdio.h>

#include "attestation/refvalue/comid_int.h"
#include "attestation/refvalue/corim_int.h"
#include "common/hex.h"

enum { LANGUAGE = 0, IDENTITY = 1, ENTITIES = 2, LINKED = 3, TRIPLES = 4, UUID_LEN = 16, ROLES_MAX = 8 };

/* ---- identity, entities, links ---- */

json_t *cof_comid_id(const cof_cbor *v)
{
	cof_span s;
	const cof_cbor *uuid = cof_cbor_untag(v, COF_CORIM_TAG_UUID);
	if (cof_cbor_bytes(uuid != NULL ? uuid : v, &s) && s.len == UUID_LEN) {
		COF_AUTO_FREE char *hex = cof_hex_dup(s);
		return hex != NULL ? json_string(hex) : NULL;
	}
	COF_AUTO_FREE char *text = cof_cbor_text(v, &s) && s.len > 0 ? cof_span_dup_str(s) : NULL;
	return text != NULL ? json_string(text) : NULL;
}

static bool is_id(const cof_cbor *v)
{
	COF_AUTO_PTR(json_t) id = cof_comid_id(v);
	return id != NULL;
}

static bool is_identity(const cof_cbor *v)
{
	static const int64_t keys[] = {0, 1};
	const cof_cbor *version = cof_cbor_get(v, 1);
	uint64_t n = 0;
	return cof_comid_only(v, keys, COF_COUNT(keys), false) && is_id(cof_cbor_get(v, 0)) &&
	       (version == NULL || cof_cbor_uint(version, UINT64_MAX, &n));
}

static bool is_role(const cof_cbor *v)
{
	uint64_t n = 0;
	return cof_cbor_uint(v, ROLES_MAX, &n);
}

static bool is_entity(const cof_cbor *v, bool has_profile)
{
	static const int64_t keys[] = {0, 1, 2};
	const cof_cbor *uri = cof_cbor_get(v, 1);
	return cof_comid_only(v, keys, COF_COUNT(keys), has_profile) && cof_comid_is_text(cof_cbor_get(v, 0)) &&
	       (uri == NULL || cof_comid_is_text(cof_cbor_untag(uri, COF_CORIM_TAG_URI))) &&
	       cof_comid_list(cof_cbor_get(v, 2), 1, is_role);
}

static bool is_entities(const cof_cbor *v, bool has_profile)
{
	size_t n = 0;
	if (!cof_cbor_array(v, &n) || n == 0)
		return false;
	for (size_t i = 0; i < n; i++) {
		if (!is_entity(cof_cbor_at(v, i), has_profile))
			return false;
	}
	return true;
}

static bool is_link(const cof_cbor *v)
{
	static const int64_t keys[] = {0, 1};
	uint64_t relation = 0;
	return cof_comid_only(v, keys, COF_COUNT(keys), false) && is_id(cof_cbor_get(v, 0)) &&
	       cof_cbor_uint(cof_cbor_get(v, 1), 1, &relation);
}

/* ---- triples ---- */

static bool has_parts(const cof_cbor *v, size_t min, size_t max)
{
	size_t n = 0;
	return cof_cbor_array(v, &n) && n >= min && n <= max;
}

int cof_comid_record(const cof_cbor *r, bool has_profile, cof_err *err)
{
	if (!has_parts(r, 2, 2))
		return cof_comid_malformed(err, "a triple of two parts");
	int rc = cof_comid_environment(cof_cbor_at(r, 0), err);
	return rc < 0 ? rc : cof_comid_measurements(cof_cbor_at(r, 1), 1, has_profile, err);
}

/* [ environment, [ + key ], ? { mkey, authorized-by } ] */
static int check_keys(const cof_cbor *r, bool has_profile, cof_err *err)
{
	(void)has_profile;
	size_t n = 0;
	if (!has_parts(r, 2, 3) || !cof_comid_keys(cof_cbor_at(r, 1)) ||
	    (has_parts(r, 3, 3) && !cof_cbor_map(cof_cbor_at(r, 2), &n)))
		return cof_comid_malformed(err, "a key triple");
	return cof_comid_environment(cof_cbor_at(r, 0), err);
}

static bool is_environment(const cof_cbor *v)
{
	return cof_comid_environment(v, NULL) == 0;
}

/* [ domain, [ + domain ] ] */
static int check_domains(const cof_cbor *r, bool has_profile, cof_err *err)
{
	(void)has_profile;
	bool fine = has_parts(r, 2, 2) && is_environment(cof_cbor_at(r, 0)) &&
		    cof_comid_list(cof_cbor_at(r, 1), 1, is_environment);
	return fine ? 0 : cof_comid_malformed(err, "a domain triple");
}

/* [ environment, [ + tag id ] ] */
static int check_coswid(const cof_cbor *r, bool has_profile, cof_err *err)
{
	(void)has_profile;
	bool fine =
		has_parts(r, 2, 2) && is_environment(cof_cbor_at(r, 0)) && cof_comid_list(cof_cbor_at(r, 1), 1, is_id);
	return fine ? 0 : cof_comid_malformed(err, "a CoSWID triple");
}

/* [ [ + condition ], [ + addition ] ] */
static int check_series_step(const cof_cbor *v, bool has_profile, cof_err *err)
{
	if (!has_parts(v, 2, 2))
		return cof_comid_malformed(err, "a step of a series");
	int rc = cof_comid_measurements(cof_cbor_at(v, 0), 1, has_profile, err);
	return rc < 0 ? rc : cof_comid_measurements(cof_cbor_at(v, 1), 1, has_profile, err);
}

/* [ [ environment, [ * measurement ], ? authorized-by ], [ + step ] ] */
static int check_series(const cof_cbor *r, bool has_profile, cof_err *err)
{
	const cof_cbor *head = cof_cbor_at(r, 0), *steps = cof_cbor_at(r, 1);
	size_t n = 0;
	if (!has_parts(r, 2, 2) || !has_parts(head, 2, 3) || !cof_cbor_array(steps, &n) || n == 0 ||
	    n > COF_COMID_LIST_MAX || (has_parts(head, 3, 3) && !cof_comid_keys(cof_cbor_at(head, 2))))
		return cof_comid_malformed(err, "a conditional series");
	int rc = cof_comid_environment(cof_cbor_at(head, 0), err);
	if (rc == 0)
		rc = cof_comid_measurements(cof_cbor_at(head, 1), 0, has_profile, err);
	for (size_t i = 0; rc == 0 && i < n; i++)
		rc = check_series_step(cof_cbor_at(steps, i), has_profile, err);
	return rc;
}

static int check_records(const cof_cbor *v, bool has_profile, cof_err *err)
{
	size_t n = 0;
	int rc = 0;
	if (!cof_cbor_array(v, &n) || n == 0 || n > COF_COMID_LIST_MAX)
		return cof_comid_malformed(err, "a list of records");
	for (size_t i = 0; rc == 0 && i < n; i++)
		rc = cof_comid_record(cof_cbor_at(v, i), has_profile, err);
	return rc;
}

/* [ [ + record ], [ + record ] ] */
static int check_conditional(const cof_cbor *r, bool has_profile, cof_err *err)
{
	if (!has_parts(r, 2, 2))
		return cof_comid_malformed(err, "a conditional endorsement");
	int rc = check_records(cof_cbor_at(r, 0), has_profile, err);
	return rc < 0 ? rc : check_records(cof_cbor_at(r, 1), has_profile, err);
}

static const struct {
	int64_t key;
	int (*check)(const cof_cbor *record, bool has_profile, cof_err *err);
} triple_kinds[] = {
	{0, cof_comid_record}, {1, cof_comid_record}, {2, check_keys},	 {3, check_keys},	  {4, check_domains},
	{5, check_domains},    {6, check_coswid},     {8, check_series}, {10, check_conditional},
};

static int check_triple(const cof_cbor *list, size_t kind, bool has_profile, cof_err *err)
{
	size_t n = 0;
	int rc = 0;
	if (!cof_cbor_array(list, &n) || n == 0 || n > COF_COMID_TRIPLES_MAX)
		return cof_comid_malformed(err, "a list of triples");
	for (size_t i = 0; rc == 0 && i < n; i++)
		rc = triple_kinds[kind].check(cof_cbor_at(list, i), has_profile, err);
	return rc;
}

int cof_comid_triples(const cof_cbor *triples, bool has_profile, cof_err *err)
{
	int64_t keys[COF_COUNT(triple_kinds)];
	int rc = 0;
	for (size_t i = 0; i < COF_COUNT(triple_kinds); i++)
		keys[i] = triple_kinds[i].key;
	if (!cof_comid_only(triples, keys, COF_COUNT(keys), false))
		return cof_comid_malformed(err, "triples that are not known, or none");
	for (size_t i = 0; rc == 0 && i < COF_COUNT(triple_kinds); i++) {
		const cof_cbor *list = cof_cbor_get(triples, keys[i]);
		if (list != NULL)
			rc = check_triple(list, i, has_profile, err);
	}
	return rc;
}

/* ---- the whole ---- */

int cof_comid_check(const cof_cbor *comid, bool has_profile, cof_err *err)
{
	static const int64_t keys[] = {LANGUAGE, IDENTITY, ENTITIES, LINKED, TRIPLES};
	const cof_cbor *language = cof_cbor_get(comid, LANGUAGE), *entities = cof_cbor_get(comid, ENTITIES),
		       *linked = cof_cbor_get(comid, LINKED);
	if (!cof_comid_only(comid, keys, COF_COUNT(keys), has_profile))
		return cof_comid_malformed(err, "not a map of known members");
	if (language != NULL && !cof_comid_is_text(language))
		return cof_comid_malformed(err, "language");
	if (!is_identity(cof_cbor_get(comid, IDENTITY)))
		return cof_comid_malformed(err, "identity");
	if (entities != NULL && !is_entities(entities, has_profile))
		return cof_comid_malformed(err, "entities");
	if (linked != NULL && !cof_comid_list(linked, 1, is_link))
		return cof_comid_malformed(err, "linked tags");
	return cof_comid_triples(cof_cbor_get(comid, TRIPLES), has_profile, err);
}

static int put_count(const cof_cbor *list, int64_t key, json_t *to, cof_err *err)
{
	char name[24];
	size_t n = 0;
	if (!cof_cbor_array(list, &n))
		return 0;
	(void)snprintf(name, sizeof name, "%lld", (long long)key);
	return cof_json_set_new(to, name, json_integer((json_int_t)n), err);
}

int cof_comid_fields(const cof_cbor *comid, json_t **ret, cof_err *err)
{
	const cof_cbor *triples = cof_cbor_get(comid, TRIPLES);
	COF_AUTO_PTR(json_t)
	o = json_pack("{s:o, s:{}}", "tag_id", cof_comid_id(cof_cbor_get(cof_cbor_get(comid, IDENTITY), 0)), "triples");
	int rc = o == NULL ? cof_err_oom(err) : 0;
	for (size_t i = 0; rc == 0 && i < COF_COUNT(triple_kinds); i++)
		rc = put_count(cof_cbor_get(triples, triple_kinds[i].key), triple_kinds[i].key,
			       json_object_get(o, "triples"), err);
	if (rc == 0)
		*ret = cof_steal(&o);
	return rc;
}
