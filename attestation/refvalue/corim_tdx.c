/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Intel's profile, for a trust domain: MRTD as MRTEE, RTMRs as integrity registers by index, TDATTRIBUTES, the module's
 * SVNs and the TCB status under their code points. It has none for the TD's other fields, which are raw values under
 * keys of their names here.
 *
 * spec: draft-cds-rats-intel-corim-profile-07
 */
#include "attestation/refvalue/corim_int.h"

/* 2.16.840.1.113741.1.16.1 */
static const uint8_t oid_intel[] = {0x60, 0x86, 0x48, 0x01, 0x86, 0xf8, 0x4d, 0x01, 0x10, 0x01};
static const char vendor[] = "Intel Corporation", model[] = "TDX TD";

enum {
	ATTRIBUTES = -82,
	MRTEE = -83,
	TCB_STATUS = -88,
	TCB_SVNS = -125,
	TAG_NUMERIC = 60010,
	TAG_DIGESTS = 60020,
	TAG_TEXTS = 60021,
	OP_GE = 2,
	OP_MEMBER = 6,
	RTMRS = 4,
	SVNS = 16,
};

/* Fields that are measurements of their own. */
static const struct {
	const char *mkey;
	cof_rim_field field;
} named[] = {{"mrconfigid", COF_RIM_MRCONFIGID},
	     {"mrowner", COF_RIM_MROWNER},
	     {"mrownerconfig", COF_RIM_MROWNERCONFIG},
	     {"xfam", COF_RIM_XFAM},
	     {"report_data", COF_RIM_TD_REPORT_DATA}};

/* ---- writing ---- */

static int put_registers(cof_wr *w, const cof_rim_entry *e, cof_err *err)
{
	uint64_t n = 0;
	int rc = 0;
	for (unsigned i = 0; i < RTMRS; i++)
		n += cof_rim_cond_on(e, COF_RIM_RTMR0 + i) != NULL;
	if (n == 0)
		return 0;
	cof_cbor_put_uint(w, COF_CORIM_REGISTERS);
	cof_cbor_put_map(w, n);
	for (unsigned i = 0; rc == 0 && i < RTMRS; i++) {
		const cof_rim_cond *c = cof_rim_cond_on(e, COF_RIM_RTMR0 + i);
		if (c == NULL)
			continue;
		cof_cbor_put_uint(w, i);
		rc = cof_corim_put_cond_digests(w, COF_CORIM_SHA384, c, err);
	}
	return rc;
}

/* tag([ member, [ … ] ]) follows; the count of what is listed comes last. */
static void put_member_of(cof_wr *w, uint64_t tag, uint64_t n)
{
	cof_cbor_put_tag(w, tag);
	cof_cbor_put_array(w, 2);
	cof_cbor_put_uint(w, OP_MEMBER);
	cof_cbor_put_array(w, n);
}

static void put_mrtee(cof_wr *w, const cof_rim_cond *c)
{
	cof_cbor_put_int(w, MRTEE);
	if (c->n > 1)
		put_member_of(w, TAG_DIGESTS, c->n);
	for (size_t i = 0; i < c->n; i++)
		cof_corim_put_digest(w, COF_CORIM_SHA384, cof_rim_value(c, i));
}

static void put_status(cof_wr *w, const cof_rim_cond *c)
{
	cof_cbor_put_int(w, TCB_STATUS);
	if (c->n > 1)
		put_member_of(w, TAG_TEXTS, c->n);
	else
		cof_cbor_put_array(w, 1);
	for (size_t i = 0; i < c->n; i++)
		cof_cbor_put_text(w, (const char *)cof_rim_value(c, i).data); /* zeros stand behind it */
}

static int put_svns(cof_wr *w, const cof_rim_cond *c, cof_err *err)
{
	cof_span value = cof_rim_value(c, 0);
	if (c->n != 1)
		return cof_corim_unsupported(err, "one of several sets of SVNs");
	cof_cbor_put_int(w, TCB_SVNS);
	cof_cbor_put_array(w, value.len);
	for (size_t i = 0; i < value.len; i++) {
		if (c->op == COF_RIM_AT_LEAST) {
			cof_cbor_put_tag(w, TAG_NUMERIC);
			cof_cbor_put_array(w, 2);
			cof_cbor_put_uint(w, OP_GE);
		}
		cof_cbor_put_uint(w, value.data[i]);
	}
	return 0;
}

/* What has a code point: all of them in one measurement without a key. */
static int put_values(cof_wr *w, const cof_rim_entry *e, cof_err *err)
{
	const cof_rim_cond *mrtd = cof_rim_cond_on(e, COF_RIM_MRTD),
			   *attributes = cof_rim_cond_on(e, COF_RIM_TD_ATTRIBUTES),
			   *status = cof_rim_cond_on(e, COF_RIM_TCB_STATUS),
			   *svns = cof_rim_cond_on(e, COF_RIM_TEE_TCB_SVN);
	bool has_rtmr = false;
	for (unsigned i = 0; i < RTMRS; i++)
		has_rtmr = has_rtmr || cof_rim_cond_on(e, COF_RIM_RTMR0 + i) != NULL;
	const bool has[] = {has_rtmr, mrtd != NULL, attributes != NULL, status != NULL, svns != NULL};
	uint64_t n = 0;
	for (size_t i = 0; i < COF_COUNT(has); i++)
		n += has[i];
	if (n == 0)
		return cof_corim_unsupported(err, "an entry without values");
	cof_cbor_put_map(w, 1);
	cof_cbor_put_uint(w, COF_CORIM_MVAL);
	cof_cbor_put_map(w, n);
	int rc = put_registers(w, e, err);
	if (rc == 0 && attributes != NULL) {
		cof_cbor_put_int(w, ATTRIBUTES);
		rc = cof_corim_put_cond_raw(w, COF_CORIM_AS_IS, attributes, err);
	}
	if (mrtd != NULL)
		put_mrtee(w, mrtd);
	if (status != NULL)
		put_status(w, status);
	return rc == 0 && svns != NULL ? put_svns(w, svns, err) : rc;
}

static int write_tdx(const cof_rim_entry *e, cof_wr *w, cof_err *err)
{
	uint64_t n = 1;
	for (size_t i = 0; i < COF_COUNT(named); i++)
		n += cof_rim_cond_on(e, named[i].field) != NULL;
	cof_cbor_put_array(w, 2);
	cof_corim_put_class(w, vendor, model);
	cof_cbor_put_array(w, n);
	int rc = put_values(w, e, err);
	for (size_t i = 0; rc == 0 && i < COF_COUNT(named); i++) {
		const cof_rim_cond *c = cof_rim_cond_on(e, named[i].field);
		if (c == NULL)
			continue;
		cof_cbor_put_map(w, 2);
		cof_cbor_put_uint(w, COF_CORIM_MKEY);
		cof_cbor_put_text(w, named[i].mkey);
		cof_cbor_put_uint(w, COF_CORIM_MVAL);
		cof_cbor_put_map(w, 1);
		cof_cbor_put_uint(w, COF_CORIM_RAW);
		rc = cof_corim_put_cond_raw(w, COF_CORIM_AS_IS, c, err);
	}
	return rc;
}

/* ---- reading ---- */

/* What is listed behind the operator, which must be this one; NULL where it is another expression. */
static const cof_cbor *member_of(const cof_cbor *v, uint64_t tag)
{
	const cof_cbor *expression = cof_cbor_untag(v, tag);
	uint64_t op = 0;
	size_t n = 0;
	bool fine = cof_cbor_array(expression, &n) && n == 2 &&
		    cof_cbor_uint(cof_cbor_at(expression, 0), UINT64_MAX, &op) && op == OP_MEMBER;
	return fine ? cof_cbor_at(expression, 1) : NULL;
}

static int read_registers(const cof_cbor *v, cof_rim_entry *e, cof_err *err)
{
	size_t n = 0;
	int rc = 0;
	if (!cof_cbor_map(v, &n) || n == 0)
		return cof_corim_malformed(err, "integrity registers");
	for (size_t i = 0; rc == 0 && i < n; i++) {
		uint64_t index = 0;
		if (!cof_cbor_uint(cof_cbor_key(v, i), RTMRS - 1, &index))
			return cof_corim_unsupported(err, "an integrity register that is no RTMR");
		rc = cof_corim_demand_digests(cof_cbor_value(v, i), COF_CORIM_SHA384,
					      COF_RIM_RTMR0 + (cof_rim_field)index, e, err);
	}
	return rc;
}

static int read_digest_set(const cof_cbor *list, cof_rim_entry *e, cof_err *err)
{
	COF_AUTO(cof_buf) values = {0};
	uint8_t digest[COF_DIGEST_MAX];
	size_t n = 0;
	int rc = cof_cbor_array(list, &n) && n > 0 ? 0 : cof_corim_malformed(err, "a set of digests");
	for (size_t i = 0; rc == 0 && i < n; i++) {
		rc = cof_corim_digest(cof_cbor_at(list, i), COF_CORIM_SHA384, digest, err);
		if (rc == 0)
			rc = cof_buf_add(&values, digest, COF_SHA384_LEN, err);
	}
	return rc < 0 ? rc : cof_rim_demand(e, COF_RIM_MRTD, COF_RIM_IS, cof_buf_span(&values), err);
}

/* One digest, a list of one of each algorithm, or a set of which it must be a member. */
static int read_mrtee(const cof_cbor *v, cof_rim_entry *e, cof_err *err)
{
	const cof_cbor *set = member_of(v, TAG_DIGESTS);
	uint8_t digest[COF_DIGEST_MAX];
	size_t n = 0;
	if (set != NULL)
		return read_digest_set(set, e, err);
	if (!cof_cbor_array(v, &n))
		return cof_corim_unsupported(err, "MRTD as another expression");
	if (n == 0 || cof_cbor_array(cof_cbor_at(v, 0), &n))
		return cof_corim_demand_digests(v, COF_CORIM_SHA384, COF_RIM_MRTD, e, err);
	int rc = cof_corim_digest(v, COF_CORIM_SHA384, digest, err);
	return rc < 0 ? rc : cof_rim_demand(e, COF_RIM_MRTD, COF_RIM_IS, cof_span_of(digest, COF_SHA384_LEN), err);
}

static int read_attributes(const cof_cbor *v, cof_rim_entry *e, cof_err *err)
{
	const cof_corim_raw_in raw = {.value = v, .allow_bare = true};
	return cof_corim_demand_raw(&raw, COF_RIM_TD_ATTRIBUTES, e, err);
}

/* A quote has one status: a list of more than one is a set that it cannot equal. */
static int read_status(const cof_cbor *v, cof_rim_entry *e, cof_err *err)
{
	COF_AUTO(cof_buf) values = {0};
	const cof_cbor *set = member_of(v, TAG_TEXTS), *list = set != NULL ? set : v;
	size_t n = 0, len = cof_rim_field_of(COF_RIM_TCB_STATUS)->len;
	int rc = 0;
	if (!cof_cbor_array(list, &n) || n == 0 || (set == NULL && n > 1))
		return cof_corim_unsupported(err, "a TCB status as another expression");
	for (size_t i = 0; rc == 0 && i < n; i++) {
		uint8_t padded[COF_RIM_VALUE_MAX] = {0};
		cof_span s;
		if (!cof_cbor_text(cof_cbor_at(list, i), &s) || s.len >= len)
			return cof_corim_malformed(err, "a TCB status");
		memcpy(padded, s.data, s.len);
		rc = cof_buf_add(&values, padded, len, err);
	}
	return rc < 0 ? rc : cof_rim_demand(e, COF_RIM_TCB_STATUS, COF_RIM_IS, cof_buf_span(&values), err);
}

/* One SVN, alone or behind "at least"; *is_least says which. */
static bool read_svn(const cof_cbor *v, bool *is_least, uint64_t *ret)
{
	const cof_cbor *expression = cof_cbor_untag(v, TAG_NUMERIC);
	uint64_t op = 0;
	size_t n = 0;
	*is_least = expression != NULL;
	if (expression == NULL)
		return cof_cbor_uint(v, UINT8_MAX, ret);
	return cof_cbor_array(expression, &n) && n == 2 && cof_cbor_uint(cof_cbor_at(expression, 0), UINT64_MAX, &op) &&
	       op == OP_GE && cof_cbor_uint(cof_cbor_at(expression, 1), UINT8_MAX, ret);
}

/* All sixteen alike: a mixture has no place. */
static int read_svns(const cof_cbor *v, cof_rim_entry *e, cof_err *err)
{
	uint8_t svns[SVNS];
	bool first = false, is_least = false;
	size_t n = 0;
	if (!cof_cbor_array(v, &n) || n != SVNS)
		return cof_corim_malformed(err, "not sixteen SVNs");
	for (size_t i = 0; i < n; i++) {
		uint64_t svn = 0;
		if (!read_svn(cof_cbor_at(v, i), &is_least, &svn) || (i > 0 && is_least != first))
			return cof_corim_unsupported(err, "SVNs of another form");
		first = is_least;
		svns[i] = (uint8_t)svn;
	}
	return cof_rim_demand(e, COF_RIM_TEE_TCB_SVN, is_least ? COF_RIM_AT_LEAST : COF_RIM_IS,
			      cof_span_of(svns, sizeof svns), err);
}

static const struct {
	int64_t key;
	int (*read)(const cof_cbor *v, cof_rim_entry *e, cof_err *err);
} values_known[] = {{COF_CORIM_REGISTERS, read_registers},
		    {ATTRIBUTES, read_attributes},
		    {MRTEE, read_mrtee},
		    {TCB_STATUS, read_status},
		    {TCB_SVNS, read_svns}};

static int read_values(const cof_cbor *mval, cof_rim_entry *e, cof_err *err)
{
	int64_t keys[COF_COUNT(values_known)];
	for (size_t i = 0; i < COF_COUNT(values_known); i++)
		keys[i] = values_known[i].key;
	int rc = cof_corim_only(mval, keys, COF_COUNT(keys), "a measurement", err);
	for (size_t i = 0; rc == 0 && i < COF_COUNT(values_known); i++) {
		const cof_cbor *v = cof_cbor_get(mval, keys[i]);
		if (v != NULL)
			rc = values_known[i].read(v, e, err);
	}
	return rc;
}

static int read_named(const cof_cbor *mval, cof_rim_field f, cof_rim_entry *e, cof_err *err)
{
	static const int64_t keys[] = {COF_CORIM_RAW};
	const cof_corim_raw_in raw = {.value = cof_cbor_get(mval, COF_CORIM_RAW)};
	int rc = cof_corim_only(mval, keys, COF_COUNT(keys), "a measurement", err);
	if (rc == 0 && cof_rim_cond_on(e, f) != NULL)
		rc = cof_corim_malformed(err, "a field of the quote stands twice");
	return rc < 0 ? rc : cof_corim_demand_raw(&raw, f, e, err);
}

static int read_measurement(const cof_cbor *m, cof_rim_entry *e, bool *has_values, cof_err *err)
{
	const cof_cbor *mkey = cof_cbor_get(m, COF_CORIM_MKEY), *mval = cof_cbor_get(m, COF_CORIM_MVAL);
	for (size_t i = 0; i < COF_COUNT(named); i++) {
		if (cof_corim_text_is(mkey, named[i].mkey))
			return read_named(mval, named[i].field, e, err);
	}
	if (mkey != NULL)
		return cof_corim_unsupported(err, "a measurement's key");
	if (*has_values)
		return cof_corim_malformed(err, "values without a key stand twice");
	*has_values = true;
	return read_values(mval, e, err);
}

static int read_tdx(const cof_cbor *environment, const cof_cbor *measurements, cof_rim_entry *e, cof_err *err)
{
	static const int64_t class_keys[] = {COF_CORIM_VENDOR, COF_CORIM_MODEL};
	const cof_cbor *class = cof_cbor_get(environment, COF_CORIM_CLASS);
	bool has_values = false;
	size_t n = 0;
	int rc = cof_corim_only(class, class_keys, COF_COUNT(class_keys), "a class", err);
	if (rc < 0)
		return rc;
	e->tee = COF_RIM_TDX;
	if (!cof_corim_text_is(cof_cbor_get(class, COF_CORIM_VENDOR), vendor) ||
	    !cof_corim_text_is(cof_cbor_get(class, COF_CORIM_MODEL), model))
		return cof_corim_unsupported(err, "a class that is no trust domain");
	(void)cof_cbor_array(measurements, &n);
	for (size_t i = 0; rc == 0 && i < n; i++)
		rc = read_measurement(cof_cbor_at(measurements, i), e, &has_values, err);
	return rc;
}

const cof_corim_profile *cof_corim_profile_tdx(void)
{
	static const cof_corim_profile p = {.oid = {oid_intel, sizeof oid_intel},
					    .takes = {[COF_RIM_TDX] = true},
					    .write = write_tdx,
					    .read = read_tdx};
	return &p;
}
