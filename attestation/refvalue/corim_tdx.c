/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Intel's profile, for a trust domain: MRTD as MRTEE, RTMRs as integrity registers by index. It has no code point for
 * MRCONFIGID, which is a raw value under a key of its name here.
 *
 * spec: draft-cds-rats-intel-corim-profile-07
 */
#include "attestation/refvalue/corim_int.h"

/* 2.16.840.1.113741.1.16.1 */
static const uint8_t oid_intel[] = {0x60, 0x86, 0x48, 0x01, 0x86, 0xf8, 0x4d, 0x01, 0x10, 0x01};
static const char vendor[] = "Intel Corporation", model[] = "TDX TD", mrconfigid[] = "mrconfigid";

enum { MRTEE = -83 };

/* ---- writing ---- */

static void put_registers(cof_wr *w, const cof_rim_tdx *t, uint64_t n)
{
	if (n == 0)
		return;
	cof_cbor_put_uint(w, COF_CORIM_REGISTERS);
	cof_cbor_put_map(w, n);
	for (size_t i = 0; i < COF_RIM_RTMRS; i++) {
		if (!t->has_rtmr[i])
			continue;
		cof_cbor_put_uint(w, i);
		cof_corim_put_digests(w, COF_CORIM_SHA384, cof_span_of(t->rtmr[i], COF_SHA384_LEN));
	}
}

static void put_mrconfigid(cof_wr *w, const cof_rim_tdx *t)
{
	cof_cbor_put_map(w, 2);
	cof_cbor_put_uint(w, COF_CORIM_MKEY);
	cof_cbor_put_text(w, mrconfigid);
	cof_cbor_put_uint(w, COF_CORIM_MVAL);
	cof_cbor_put_map(w, 1);
	cof_cbor_put_uint(w, COF_CORIM_RAW);
	cof_cbor_put_tag(w, COF_CORIM_TAG_BYTES);
	cof_cbor_put_bytes(w, cof_span_of(t->mrconfigid, COF_SHA384_LEN));
}

static void write_tdx(const cof_rim_entry *e, cof_wr *w)
{
	const cof_rim_tdx *t = &e->tdx;
	uint64_t n = 0;
	for (size_t i = 0; i < COF_RIM_RTMRS; i++)
		n += t->has_rtmr[i];
	cof_cbor_put_array(w, 2);
	cof_corim_put_class(w, vendor, model);
	cof_cbor_put_array(w, t->has_mrconfigid ? 2 : 1);
	cof_cbor_put_map(w, 1);
	cof_cbor_put_uint(w, COF_CORIM_MVAL);
	cof_cbor_put_map(w, n > 0 ? 2 : 1);
	put_registers(w, t, n);
	cof_cbor_put_int(w, MRTEE);
	cof_corim_put_digest(w, COF_CORIM_SHA384, cof_span_of(t->mrtd, COF_SHA384_LEN));
	if (t->has_mrconfigid)
		put_mrconfigid(w, t);
}

/* ---- reading ---- */

static int read_registers(const cof_cbor *v, cof_rim_tdx *t, cof_err *err)
{
	size_t n = 0;
	if (v == NULL)
		return 0;
	if (!cof_cbor_map(v, &n) || n == 0)
		return cof_corim_malformed(err, "integrity registers");
	for (size_t i = 0; i < n; i++) {
		uint64_t index = 0;
		if (!cof_cbor_uint(cof_cbor_key(v, i), COF_RIM_RTMRS - 1, &index))
			return cof_corim_unsupported(err, "an integrity register that is no RTMR");
		int rc = cof_corim_digests(cof_cbor_value(v, i), COF_CORIM_SHA384, t->rtmr[index], err);
		if (rc < 0)
			return rc;
		t->has_rtmr[index] = true;
	}
	return 0;
}

/* One digest, or a list of one: the profile has both forms. */
static int read_mrtee(const cof_cbor *v, cof_rim_tdx *t, cof_err *err)
{
	size_t n = 0;
	if (v == NULL)
		return cof_corim_unsupported(err, "values without MRTD");
	if (!cof_cbor_array(v, &n))
		return cof_corim_unsupported(err, "MRTD as an expression");
	bool is_list = cof_cbor_array(cof_cbor_at(v, 0), &n);
	return is_list ? cof_corim_digests(v, COF_CORIM_SHA384, t->mrtd, err)
		       : cof_corim_digest(v, COF_CORIM_SHA384, t->mrtd, err);
}

static int read_values(const cof_cbor *mval, cof_rim_tdx *t, cof_err *err)
{
	static const int64_t keys[] = {COF_CORIM_REGISTERS, MRTEE};
	int rc = cof_corim_only(mval, keys, COF_COUNT(keys), "a measurement", err);
	if (rc == 0)
		rc = read_registers(cof_cbor_get(mval, COF_CORIM_REGISTERS), t, err);
	return rc < 0 ? rc : read_mrtee(cof_cbor_get(mval, MRTEE), t, err);
}

static int read_mrconfigid(const cof_cbor *mval, cof_rim_tdx *t, cof_err *err)
{
	static const int64_t keys[] = {COF_CORIM_RAW};
	int rc = cof_corim_only(mval, keys, COF_COUNT(keys), "a measurement", err);
	if (rc == 0 && t->has_mrconfigid)
		rc = cof_corim_malformed(err, "MRCONFIGID stands twice");
	t->has_mrconfigid = true;
	return rc < 0 ? rc : cof_corim_raw(cof_cbor_get(mval, COF_CORIM_RAW), t->mrconfigid, sizeof t->mrconfigid, err);
}

static int read_measurement(const cof_cbor *m, cof_rim_tdx *t, bool *has_values, cof_err *err)
{
	const cof_cbor *mkey = cof_cbor_get(m, COF_CORIM_MKEY), *mval = cof_cbor_get(m, COF_CORIM_MVAL);
	if (cof_corim_text_is(mkey, mrconfigid))
		return read_mrconfigid(mval, t, err);
	if (mkey != NULL)
		return cof_corim_unsupported(err, "a measurement's key");
	if (*has_values)
		return cof_corim_malformed(err, "MRTD stands twice");
	*has_values = true;
	return read_values(mval, t, err);
}

static int read_tdx(const cof_cbor *class, const cof_cbor *measurements, cof_rim_entry *e, cof_err *err)
{
	static const int64_t class_keys[] = {COF_CORIM_VENDOR, COF_CORIM_MODEL};
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
		rc = read_measurement(cof_cbor_at(measurements, i), &e->tdx, &has_values, err);
	if (rc == 0 && !has_values)
		rc = cof_corim_unsupported(err, "values without MRTD");
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
