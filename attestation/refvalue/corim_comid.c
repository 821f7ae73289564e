/* SPDX-License-Identifier: Apache-2.0 */
/* One module's values: reference triples, of which each is an entry. */
#include <stdio.h>

#include "attestation/refvalue/corim_int.h"

/* spec: draft-ietf-rats-corim, 5.1: keys of the maps of a CoMID */
enum {
	LANGUAGE = 0,
	IDENTITY = 1,
	ENTITIES = 2,
	TRIPLES = 4,
	TAG_ID = 0,
	TAG_VERSION = 1,
	REFERENCE_TRIPLES = 0,
	UUID_LEN = 16,
};

/* ---- what a CoMID says of itself ---- */

/* One record takes the tag's own name; further ones are numbered. */
static int name_entry(const cof_cbor *identity, size_t record, cof_rim_entry *e, cof_err *err)
{
	char name[COF_RIM_NAME_MAX + 32] = "", uuid[37];
	const cof_cbor *id = cof_cbor_get(identity, TAG_ID);
	cof_span s;
	if (cof_cbor_bytes(id, &s) && s.len == UUID_LEN) {
		cof_corim_uuid(s, uuid);
		s = cof_span_str(uuid);
	} else if (!cof_cbor_text(id, &s) || !cof_rim_name_ok(s)) {
		return cof_corim_malformed(err, "a CoMID's identity");
	}
	memcpy(name, s.data, s.len);
	if (record > 0)
		(void)snprintf(name + s.len, sizeof name - s.len, "/%zu", record + 1);
	return cof_rim_entry_name(e, cof_span_str(name), err);
}

static int check_identity(const cof_cbor *v, uint64_t *ret_version, cof_err *err)
{
	static const int64_t keys[] = {TAG_ID, TAG_VERSION};
	const cof_cbor *version = cof_cbor_get(v, TAG_VERSION);
	int rc = cof_corim_only(v, keys, COF_COUNT(keys), "a CoMID's identity", err);
	if (rc == 0 && version != NULL && !cof_cbor_uint(version, INT64_MAX, ret_version))
		rc = cof_corim_malformed(err, "a CoMID's version");
	return rc;
}

/* Who made it and in which language: words for people, of the right form. */
static int check_words(const cof_cbor *comid, cof_err *err)
{
	const cof_cbor *language = cof_cbor_get(comid, LANGUAGE), *entities = cof_cbor_get(comid, ENTITIES);
	cof_span text;
	size_t n = 0;
	if (language != NULL && !cof_cbor_text(language, &text))
		return cof_corim_malformed(err, "a CoMID's language");
	if (entities != NULL && (!cof_cbor_array(entities, &n) || n == 0))
		return cof_corim_malformed(err, "a CoMID's entities");
	return 0;
}

/* ---- triples ---- */

static int check_measurement(const cof_cbor *m, cof_err *err)
{
	static const int64_t keys[] = {COF_CORIM_MKEY, COF_CORIM_MVAL};
	size_t n = 0;
	int rc = cof_corim_only(m, keys, COF_COUNT(keys), "a measurement", err);
	if (rc == 0 && (!cof_cbor_map(cof_cbor_get(m, COF_CORIM_MVAL), &n) || n == 0))
		rc = cof_corim_malformed(err, "a measurement without values");
	return rc;
}

static int check_measurements(const cof_cbor *v, cof_err *err)
{
	size_t n = 0;
	if (!cof_cbor_array(v, &n) || n == 0)
		return cof_corim_malformed(err, "the list of measurements");
	int rc = 0;
	for (size_t i = 0; rc == 0 && i < n; i++)
		rc = check_measurement(cof_cbor_at(v, i), err);
	return rc;
}

/* A group is a condition of its own kind, and so is an instance where the profile does not say what it is. */
static int check_environment(const cof_cbor *v, const cof_corim_profile *p, cof_err *err)
{
	static const int64_t keys[] = {COF_CORIM_CLASS, COF_CORIM_INSTANCE};
	size_t n = 0;
	int rc = cof_corim_only(v, keys, p->takes_instance ? 2 : 1, "an environment", err);
	if (rc < 0)
		return rc;
	if (!cof_cbor_map(cof_cbor_get(v, COF_CORIM_CLASS), &n) || n == 0)
		return cof_corim_malformed(err, "an environment without a class");
	return 0;
}

static int read_record(const cof_cbor *record, const cof_corim_profile *p, cof_rim_entry *e, cof_err *err)
{
	const cof_cbor *environment = cof_cbor_at(record, 0), *measurements = cof_cbor_at(record, 1);
	size_t n = 0;
	if (!cof_cbor_array(record, &n) || n != 2)
		return cof_corim_malformed(err, "a reference triple");
	int rc = check_environment(environment, p, err);
	if (rc == 0)
		rc = check_measurements(measurements, err);
	return rc < 0 ? rc : p->read(environment, measurements, e, err);
}

static int add_record(const cof_cbor *comid, size_t i, const cof_corim_profile *p, cof_rim *to, cof_err *err)
{
	const cof_cbor *records = cof_cbor_get(cof_cbor_get(comid, TRIPLES), REFERENCE_TRIPLES);
	const cof_cbor *identity = cof_cbor_get(comid, IDENTITY);
	COF_AUTO(cof_rim_entry) e = {0};
	uint64_t version = 0;
	int rc = read_record(cof_cbor_at(records, i), p, &e, err);
	if (rc == 0)
		rc = check_identity(identity, &version, err);
	if (rc == 0)
		rc = name_entry(identity, i, &e, err);
	e.version = version;
	return rc < 0 ? rc : cof_rim_add(to, &e, err);
}

int cof_corim_comid_read(cof_span bytes, const cof_corim_profile *p, cof_rim *to, cof_err *err)
{
	static const int64_t keys[] = {LANGUAGE, IDENTITY, ENTITIES, TRIPLES};
	static const int64_t triples_keys[] = {REFERENCE_TRIPLES};
	COF_AUTO_PTR(cof_cbor) comid = NULL;
	size_t n = 0;
	int rc = cof_cbor_load(bytes, &comid, err);
	if (rc == 0)
		rc = cof_corim_only(comid, keys, COF_COUNT(keys), "a CoMID", err);
	if (rc == 0)
		rc = check_words(comid, err);
	const cof_cbor *triples = cof_cbor_get(comid, TRIPLES);
	if (rc == 0 && (!cof_cbor_map(triples, &n) || n == 0))
		rc = cof_corim_malformed(err, "a CoMID without triples");
	/* Endorsements, keys and conditions say more than what a launch must measure. */
	if (rc == 0)
		rc = cof_corim_only(triples, triples_keys, COF_COUNT(triples_keys), "triples", err);
	if (rc == 0 && (!cof_cbor_array(cof_cbor_get(triples, REFERENCE_TRIPLES), &n) || n == 0))
		rc = cof_corim_malformed(err, "the list of reference triples");
	for (size_t i = 0; rc == 0 && i < n; i++)
		rc = add_record(comid, i, p, to, err);
	return rc;
}
