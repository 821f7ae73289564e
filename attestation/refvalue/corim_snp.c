/* SPDX-License-Identifier: Apache-2.0 */
/*
 * AMD's profile. Only the fields of a report that say what was launched have a place in the table; platform, TCB and
 * identity of a chip are conditions of another kind and are refused here.
 *
 * spec: draft-deeglaze-amd-sev-snp-corim-profile at 0fbed55
 */
#include "attestation/refvalue/corim_int.h"
#include "common/rd.h"

/* 1.3.6.1.4.1.3704.3.1 (a chip's key signs) and .3.2 (a provider's) */
static const uint8_t oid_vcek[] = {0x2b, 0x06, 0x01, 0x04, 0x01, 0x9c, 0x78, 0x03, 0x01};
static const uint8_t oid_vlek[] = {0x2b, 0x06, 0x01, 0x04, 0x01, 0x9c, 0x78, 0x03, 0x02};

enum {
	MKEY_GUEST_SVN = 1,
	MKEY_POLICY = 2,
	MKEY_MEASUREMENT = 641,
	MKEY_HOST_DATA = 642,
	MKEY_ID_KEY_DIGEST = 643,
	MKEY_AUTHOR_KEY_DIGEST = 644,
	POLICY_LEN = 8,
};

/* ---- writing ---- */

static void put_measurement(cof_wr *w, uint64_t mkey, int64_t code_point)
{
	cof_cbor_put_map(w, 2);
	cof_cbor_put_uint(w, COF_CORIM_MKEY);
	cof_cbor_put_uint(w, mkey);
	cof_cbor_put_uint(w, COF_CORIM_MVAL);
	cof_cbor_put_map(w, 1);
	cof_cbor_put_int(w, code_point);
}

static void put_digest(cof_wr *w, bool has, uint64_t mkey, int64_t alg, cof_span bytes)
{
	if (!has)
		return;
	put_measurement(w, mkey, COF_CORIM_DIGESTS);
	cof_corim_put_digests(w, alg, bytes);
}

static void put_numbers(cof_wr *w, const cof_rim_snp *s)
{
	if (s->has_guest_svn) {
		put_measurement(w, MKEY_GUEST_SVN, COF_CORIM_SVN);
		cof_cbor_put_tag(w, COF_CORIM_TAG_SVN);
		cof_cbor_put_uint(w, s->guest_svn);
	}
	if (s->has_policy) {
		uint8_t bytes[POLICY_LEN];
		for (size_t i = 0; i < sizeof bytes; i++)
			bytes[i] = (uint8_t)(s->policy >> (8 * i)); /* as the report has it */
		put_measurement(w, MKEY_POLICY, COF_CORIM_RAW);
		cof_cbor_put_tag(w, COF_CORIM_TAG_BYTES);
		cof_cbor_put_bytes(w, cof_span_of(bytes, sizeof bytes));
	}
}

static void write_snp(const cof_rim_entry *e, cof_wr *w)
{
	const cof_rim_snp *s = &e->snp;
	const bool more[] = {s->has_guest_svn, s->has_policy, s->has_host_data, s->has_id_key_digest,
			     s->has_author_key_digest};
	uint64_t n = 1;
	for (size_t i = 0; i < COF_COUNT(more); i++)
		n += more[i];
	cof_cbor_put_array(w, 2);
	cof_cbor_put_map(w, 1);
	cof_cbor_put_uint(w, 0);
	cof_cbor_put_map(w, 1);
	cof_cbor_put_uint(w, COF_CORIM_CLASS_ID);
	cof_corim_put_oid(w, s->vlek ? cof_span_of(oid_vlek, sizeof oid_vlek) : cof_span_of(oid_vcek, sizeof oid_vcek));
	cof_cbor_put_array(w, n);
	put_numbers(w, s);
	put_digest(w, true, MKEY_MEASUREMENT, COF_CORIM_SHA384, cof_span_of(s->measurement, COF_SHA384_LEN));
	/* The draft calls these 32 bytes SHA-384; readers that check lengths take only the honest name. */
	put_digest(w, s->has_host_data, MKEY_HOST_DATA, COF_CORIM_SHA256, cof_span_of(s->host_data, COF_SHA256_LEN));
	put_digest(w, s->has_id_key_digest, MKEY_ID_KEY_DIGEST, COF_CORIM_SHA384,
		   cof_span_of(s->id_key_digest, COF_SHA384_LEN));
	put_digest(w, s->has_author_key_digest, MKEY_AUTHOR_KEY_DIGEST, COF_CORIM_SHA384,
		   cof_span_of(s->author_key_digest, COF_SHA384_LEN));
}

/* ---- reading ---- */

/* The one value that this field may have; a second one would be lost. */
static int value_of(const cof_cbor *mval, int64_t code_point, const cof_cbor **ret, cof_err *err)
{
	int rc = cof_corim_only(mval, &code_point, 1, "a measurement", err);
	if (rc == 0)
		*ret = cof_cbor_get(mval, code_point);
	return rc;
}

static int read_svn(const cof_cbor *mval, cof_rim_snp *s, cof_err *err)
{
	const cof_cbor *v = NULL;
	uint64_t svn = 0;
	int rc = value_of(mval, COF_CORIM_SVN, &v, err);
	if (rc < 0)
		return rc;
	if (cof_cbor_untag(v, COF_CORIM_TAG_SVN) != NULL)
		v = cof_cbor_untag(v, COF_CORIM_TAG_SVN);
	if (!cof_cbor_uint(v, UINT32_MAX, &svn))
		return cof_corim_unsupported(err, "an SVN that is a minimum or of another form");
	s->guest_svn = (uint32_t)svn;
	s->has_guest_svn = true;
	return 0;
}

static int read_policy(const cof_cbor *mval, cof_rim_snp *s, cof_err *err)
{
	const cof_cbor *v = NULL;
	uint8_t bytes[POLICY_LEN];
	int rc = value_of(mval, COF_CORIM_RAW, &v, err);
	if (rc == 0)
		rc = cof_corim_raw(v, bytes, sizeof bytes, err);
	if (rc < 0)
		return rc;
	cof_rd r = cof_rd_of(cof_span_of(bytes, sizeof bytes));
	s->policy = cof_rd_u64le(&r);
	s->has_policy = true;
	return 0;
}

static int read_sha384(const cof_cbor *mval, uint8_t ret[COF_SHA384_LEN], cof_err *err)
{
	const cof_cbor *v = NULL;
	int rc = value_of(mval, COF_CORIM_DIGESTS, &v, err);
	return rc < 0 ? rc : cof_corim_digests(v, COF_CORIM_SHA384, ret, err);
}

static int read_measurement(const cof_cbor *mval, cof_rim_snp *s, cof_err *err)
{
	return read_sha384(mval, s->measurement, err);
}

/* 32 bytes, whether they are called SHA-256 or (as the draft has it) SHA-384. */
static int read_host_data(const cof_cbor *mval, cof_rim_snp *s, cof_err *err)
{
	const cof_cbor *v = NULL;
	size_t n = 0;
	int64_t alg = 0;
	cof_span bytes;
	int rc = value_of(mval, COF_CORIM_DIGESTS, &v, err);
	if (rc < 0)
		return rc;
	s->has_host_data = true;
	const cof_cbor *first = cof_cbor_at(v, 0);
	if (cof_cbor_array(v, &n) && n == 1 && cof_cbor_array(first, &n) && n == 2 &&
	    cof_cbor_int(cof_cbor_at(first, 0), &alg) && alg == COF_CORIM_SHA384 &&
	    cof_cbor_bytes(cof_cbor_at(first, 1), &bytes) && bytes.len == COF_SHA256_LEN) {
		memcpy(s->host_data, bytes.data, COF_SHA256_LEN);
		return 0;
	}
	return cof_corim_digests(v, COF_CORIM_SHA256, s->host_data, err);
}

static int read_id_key(const cof_cbor *mval, cof_rim_snp *s, cof_err *err)
{
	s->has_id_key_digest = true;
	return read_sha384(mval, s->id_key_digest, err);
}

static int read_author_key(const cof_cbor *mval, cof_rim_snp *s, cof_err *err)
{
	s->has_author_key_digest = true;
	return read_sha384(mval, s->author_key_digest, err);
}

static const struct {
	uint64_t mkey;
	int (*read)(const cof_cbor *mval, cof_rim_snp *s, cof_err *err);
} fields[] = {
	{MKEY_MEASUREMENT, read_measurement}, {MKEY_POLICY, read_policy},
	{MKEY_GUEST_SVN, read_svn},	      {MKEY_HOST_DATA, read_host_data},
	{MKEY_ID_KEY_DIGEST, read_id_key},    {MKEY_AUTHOR_KEY_DIGEST, read_author_key},
};

static int read_field(const cof_cbor *m, cof_rim_snp *s, bool seen[COF_COUNT(fields)], cof_err *err)
{
	uint64_t mkey = 0;
	if (!cof_cbor_uint(cof_cbor_get(m, COF_CORIM_MKEY), UINT64_MAX, &mkey))
		return cof_corim_unsupported(err, "a measurement without a field of the report");
	for (size_t i = 0; i < COF_COUNT(fields); i++) {
		if (fields[i].mkey != mkey)
			continue;
		if (seen[i])
			return cof_corim_malformed(err, "a field of the report stands twice");
		seen[i] = true;
		return fields[i].read(cof_cbor_get(m, COF_CORIM_MVAL), s, err);
	}
	return cof_err_set(err, COF_E_POLICY, "corim-unsupported", "CoRIM: field %llu of the report: no place for it",
			   (unsigned long long)mkey);
}

static int read_snp(const cof_cbor *class, const cof_cbor *measurements, cof_rim_entry *e, cof_err *err)
{
	static const int64_t class_keys[] = {COF_CORIM_CLASS_ID};
	bool seen[COF_COUNT(fields)] = {false};
	const cof_cbor *id = cof_cbor_get(class, COF_CORIM_CLASS_ID);
	size_t n = 0;
	int rc = cof_corim_only(class, class_keys, COF_COUNT(class_keys), "a class", err);
	if (rc < 0)
		return rc;
	e->tee = COF_RIM_SNP;
	e->snp.vlek = cof_corim_oid_is(id, cof_span_of(oid_vlek, sizeof oid_vlek));
	if (!e->snp.vlek && !cof_corim_oid_is(id, cof_span_of(oid_vcek, sizeof oid_vcek)))
		return cof_corim_unsupported(err, "a class that the profile does not name");
	(void)cof_cbor_array(measurements, &n);
	for (size_t i = 0; rc == 0 && i < n; i++)
		rc = read_field(cof_cbor_at(measurements, i), &e->snp, seen, err);
	if (rc == 0 && !seen[0])
		rc = cof_corim_unsupported(err, "values without the launch measurement");
	return rc;
}

const cof_corim_profile *cof_corim_profile_snp(void)
{
	static const cof_corim_profile p = {
		.uri = COF_CORIM_PROFILE_SNP, .takes = {[COF_RIM_SNP] = true}, .write = write_snp, .read = read_snp};
	return &p;
}
