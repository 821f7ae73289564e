/* SPDX-License-Identifier: Apache-2.0 */
/*
 * AMD's profile: each measurement key is a field of the report, in the one form that the profile has for it. The
 * environment's instance is the chip, or the provider where a VLEK signs.
 *
 * spec: draft-deeglaze-amd-sev-snp-corim-profile at 0fbed55
 */
#include "attestation/refvalue/corim_int.h"
#include "attestation/refvalue/rim_value.h"

/* 1.3.6.1.4.1.3704.3.1 (a chip's key signs) and .3.2 (a provider's) */
static const uint8_t oid_vcek[] = {0x2b, 0x06, 0x01, 0x04, 0x01, 0x9c, 0x78, 0x03, 0x01};
static const uint8_t oid_vlek[] = {0x2b, 0x06, 0x01, 0x04, 0x01, 0x9c, 0x78, 0x03, 0x02};

enum {
	MKEY_NONE = -1,
	VERSION_SCHEME = 1,
	SCHEME_DECIMAL = 4,
	SCHEME_SEMVER = 16384,
	CHIP_ID_SHORT_LEN = 8,
	FLAG_BITS = 8,
	/* debug, replay protected, integrity protected, confidentiality protected: what a report tells */
	FLAGS_STATED = 1 << 3 | 1 << 4 | 1 << 5 | 1 << 9,
};

/* A measurement of the profile. */
typedef struct measurement {
	int64_t mkey;
	int64_t code_point;
	cof_rim_field field;
	cof_corim_order order; /* of raw bytes */
} measurement;

/* In the order of the keys. */
static const measurement measurements_known[] = {
	{MKEY_NONE, COF_CORIM_FLAGS, COF_RIM_FLAGS, COF_CORIM_AS_IS},
	{0, COF_CORIM_VERSION, COF_RIM_VERSION, COF_CORIM_AS_IS},
	{1, COF_CORIM_SVN, COF_RIM_GUEST_SVN, COF_CORIM_AS_IS},
	{2, COF_CORIM_RAW, COF_RIM_POLICY, COF_CORIM_REVERSED},
	{3, COF_CORIM_RAW, COF_RIM_FAMILY_ID, COF_CORIM_AS_IS},
	{4, COF_CORIM_RAW, COF_RIM_IMAGE_ID, COF_CORIM_AS_IS},
	{5, COF_CORIM_INT, COF_RIM_VMPL, COF_CORIM_AS_IS},
	{6, COF_CORIM_SVN, COF_RIM_CURRENT_TCB, COF_CORIM_AS_IS},
	{7, COF_CORIM_RAW, COF_RIM_PLATFORM_INFO, COF_CORIM_REVERSED},
	{640, COF_CORIM_RAW, COF_RIM_REPORT_DATA, COF_CORIM_AS_IS},
	{641, COF_CORIM_DIGESTS, COF_RIM_MEASUREMENT, COF_CORIM_AS_IS},
	{642, COF_CORIM_DIGESTS, COF_RIM_HOST_DATA, COF_CORIM_AS_IS},
	{643, COF_CORIM_DIGESTS, COF_RIM_ID_KEY_DIGEST, COF_CORIM_AS_IS},
	{644, COF_CORIM_DIGESTS, COF_RIM_AUTHOR_KEY_DIGEST, COF_CORIM_AS_IS},
	{645, COF_CORIM_RAW, COF_RIM_REPORT_ID, COF_CORIM_AS_IS},
	{646, COF_CORIM_RAW, COF_RIM_REPORT_ID_MA, COF_CORIM_AS_IS},
	{647, COF_CORIM_SVN, COF_RIM_REPORTED_TCB, COF_CORIM_AS_IS},
	{648, COF_CORIM_INT, COF_RIM_CPUID_FAMILY, COF_CORIM_AS_IS},
	{649, COF_CORIM_INT, COF_RIM_CPUID_MODEL, COF_CORIM_AS_IS},
	{650, COF_CORIM_INT, COF_RIM_CPUID_STEPPING, COF_CORIM_AS_IS},
	{3328, COF_CORIM_RAW, COF_RIM_CHIP_ID, COF_CORIM_AS_IS},
	{3329, COF_CORIM_SVN, COF_RIM_COMMITTED_TCB, COF_CORIM_AS_IS},
	{3330, COF_CORIM_VERSION, COF_RIM_CURRENT_VERSION, COF_CORIM_AS_IS},
	{3936, COF_CORIM_VERSION, COF_RIM_COMMITTED_VERSION, COF_CORIM_AS_IS},
	{3968, COF_CORIM_SVN, COF_RIM_LAUNCH_TCB, COF_CORIM_AS_IS},
};

/* ---- writing ---- */

static int put_version(cof_wr *w, const cof_rim_cond *c, cof_err *err)
{
	char text[COF_RIM_VALUE_MAX];
	bool is_dotted = cof_rim_field_of(c->field)->form == COF_RIM_DOTTED;
	if (c->op != COF_RIM_IS || c->n != 1)
		return cof_corim_unsupported(err, "one of several versions, or a range");
	cof_rim_value_text(c->field, cof_rim_value(c, 0), text, sizeof text);
	cof_cbor_put_map(w, 2);
	cof_cbor_put_uint(w, 0);
	cof_cbor_put_text(w, text);
	cof_cbor_put_uint(w, VERSION_SCHEME);
	cof_cbor_put_uint(w, is_dotted ? SCHEME_SEMVER : SCHEME_DECIMAL);
	return 0;
}

/* Bit n of two bytes, the second of which has the lowest. */
static bool flag_of(cof_span s, size_t n)
{
	return (s.data[1 - n / FLAG_BITS] >> n % FLAG_BITS & 1) != 0;
}

static int put_flags(cof_wr *w, const cof_rim_cond *c, cof_err *err)
{
	uint64_t n = 0;
	if (c->op != COF_RIM_MASKED)
		return cof_corim_unsupported(err, "flags without a mask");
	cof_span value = cof_rim_value(c, 0), mask = cof_rim_value(c, 1);
	for (size_t i = 0; i < 2 * FLAG_BITS; i++)
		n += flag_of(mask, i);
	cof_cbor_put_map(w, n);
	for (size_t i = 0; i < 2 * FLAG_BITS; i++) {
		if (!flag_of(mask, i))
			continue;
		cof_cbor_put_uint(w, i);
		cof_cbor_put_bool(w, flag_of(value, i));
	}
	return 0;
}

static int put_value(cof_wr *w, const measurement *m, const cof_rim_cond *c, cof_err *err)
{
	/* The draft calls HOST_DATA's 32 bytes SHA-384; readers that check lengths take only the honest name. */
	int64_t alg = m->field == COF_RIM_HOST_DATA ? COF_CORIM_SHA256 : COF_CORIM_SHA384;
	switch (m->code_point) {
	case COF_CORIM_VERSION:
		return put_version(w, c, err);
	case COF_CORIM_SVN:
		return cof_corim_put_cond_svn(w, c, err);
	case COF_CORIM_DIGESTS:
		return cof_corim_put_cond_digests(w, alg, c, err);
	case COF_CORIM_FLAGS:
		return put_flags(w, c, err);
	case COF_CORIM_RAW:
		return cof_corim_put_cond_raw(w, m->order, c, err);
	default:
		return cof_corim_put_cond_int(w, c, err);
	}
}

static int put_measurement(cof_wr *w, const measurement *m, const cof_rim_cond *c, cof_err *err)
{
	cof_cbor_put_map(w, m->mkey == MKEY_NONE ? 1 : 2);
	if (m->mkey != MKEY_NONE) {
		cof_cbor_put_uint(w, COF_CORIM_MKEY);
		cof_cbor_put_int(w, m->mkey);
	}
	cof_cbor_put_uint(w, COF_CORIM_MVAL);
	cof_cbor_put_map(w, 1);
	cof_cbor_put_int(w, m->code_point);
	return put_value(w, m, c, err);
}

/* A provider has no measurement key: it is the environment's instance. */
static int put_environment(cof_wr *w, const cof_rim_entry *e, cof_err *err)
{
	const cof_rim_cond *csp = cof_rim_cond_on(e, COF_RIM_CSP_ID);
	cof_span oid = e->launch.vlek ? cof_span_of(oid_vlek, sizeof oid_vlek) : cof_span_of(oid_vcek, sizeof oid_vcek);
	if (csp != NULL && (csp->n != 1 || !e->launch.vlek))
		return cof_corim_unsupported(err, "one of several providers, or one of a chip's key");
	cof_cbor_put_map(w, csp != NULL ? 2 : 1);
	cof_cbor_put_uint(w, COF_CORIM_CLASS);
	cof_cbor_put_map(w, 1);
	cof_cbor_put_uint(w, COF_CORIM_CLASS_ID);
	cof_corim_put_oid(w, oid);
	if (csp == NULL)
		return 0;
	cof_cbor_put_uint(w, COF_CORIM_INSTANCE);
	cof_cbor_put_tag(w, COF_CORIM_TAG_BYTES);
	cof_cbor_put_bytes(w, cof_span_str((const char *)cof_rim_value(csp, 0).data)); /* zeros stand behind it */
	return 0;
}

static int write_snp(const cof_rim_entry *e, cof_wr *w, cof_err *err)
{
	uint64_t n = 0;
	for (size_t i = 0; i < COF_COUNT(measurements_known); i++)
		n += cof_rim_cond_on(e, measurements_known[i].field) != NULL;
	cof_cbor_put_array(w, 2);
	int rc = put_environment(w, e, err);
	if (rc == 0 && n == 0)
		rc = cof_corim_unsupported(err, "an entry without a measurement");
	cof_cbor_put_array(w, n);
	for (size_t i = 0; rc == 0 && i < COF_COUNT(measurements_known); i++) {
		const cof_rim_cond *c = cof_rim_cond_on(e, measurements_known[i].field);
		if (c != NULL)
			rc = put_measurement(w, &measurements_known[i], c, err);
	}
	return rc;
}

/* ---- reading ---- */

/* 32 bytes, whether they are called SHA-256 or (as the draft has it) SHA-384. */
static int demand_host_data(const cof_cbor *v, cof_rim_entry *e, cof_err *err)
{
	const cof_cbor *first = cof_cbor_at(v, 0);
	size_t n = 0, m = 0;
	int64_t alg = 0;
	cof_span bytes;
	if (cof_cbor_array(v, &n) && n == 1 && cof_cbor_array(first, &m) && m == 2 &&
	    cof_cbor_int(cof_cbor_at(first, 0), &alg) && alg == COF_CORIM_SHA384 &&
	    cof_cbor_bytes(cof_cbor_at(first, 1), &bytes) && bytes.len == COF_SHA256_LEN)
		return cof_rim_demand(e, COF_RIM_HOST_DATA, COF_RIM_IS, bytes, err);
	return cof_corim_demand_digests(v, COF_CORIM_SHA256, COF_RIM_HOST_DATA, e, err);
}

/* "3", or "1.55.40". */
static int demand_version(const cof_cbor *v, cof_rim_field f, cof_rim_entry *e, cof_err *err)
{
	static const int64_t keys[] = {0, VERSION_SCHEME};
	bool is_dotted = cof_rim_field_of(f)->form == COF_RIM_DOTTED;
	const cof_cbor *scheme = cof_cbor_get(v, VERSION_SCHEME);
	uint8_t parts[COF_RIM_DOTTED_LEN];
	uint64_t known = 0;
	cof_span text;
	int rc = cof_corim_only(v, keys, COF_COUNT(keys), "a version", err);
	if (rc < 0)
		return rc;
	if (scheme != NULL && (!cof_cbor_uint(scheme, UINT64_MAX, &known) ||
			       known != (uint64_t)(is_dotted ? SCHEME_SEMVER : SCHEME_DECIMAL)))
		return cof_corim_unsupported(err, "a version of another scheme");
	if (!cof_cbor_text(cof_cbor_get(v, 0), &text))
		return cof_corim_malformed(err, "a version");
	if (is_dotted)
		return cof_rim_dotted(text, parts)
			       ? cof_rim_demand(e, f, COF_RIM_IS, cof_span_of(parts, sizeof parts), err)
			       : cof_corim_malformed(err, "a version of three parts");
	/* Report versions have one digit, and no more are known. */
	if (text.len != 1 || text.data[0] < '0' || text.data[0] > '9')
		return cof_corim_malformed(err, "a version of one digit");
	return cof_rim_demand_number(e, f, COF_RIM_IS, text.data[0] - '0', 0, err);
}

static int demand_flags(const cof_cbor *v, cof_rim_entry *e, cof_err *err)
{
	uint8_t both[4] = {0}; /* value, mask */
	size_t n = 0;
	if (!cof_cbor_map(v, &n) || n == 0)
		return cof_corim_malformed(err, "flags");
	for (size_t i = 0; i < n; i++) {
		uint64_t flag = 0;
		bool set = false;
		if (!cof_cbor_uint(cof_cbor_key(v, i), 2 * FLAG_BITS - 1, &flag) ||
		    !cof_cbor_bool(cof_cbor_value(v, i), &set))
			return cof_corim_malformed(err, "a flag");
		if ((FLAGS_STATED >> flag & 1) == 0)
			return cof_corim_unsupported(err, "a flag that no report states");
		size_t byte = 1 - flag / FLAG_BITS;
		both[byte] |= (uint8_t)(set << flag % FLAG_BITS);
		both[2 + byte] |= (uint8_t)(1 << flag % FLAG_BITS);
	}
	return cof_rim_demand(e, COF_RIM_FLAGS, COF_RIM_MASKED, cof_span_of(both, sizeof both), err);
}

static int demand_value(const measurement *m, const cof_cbor *mval, cof_rim_entry *e, cof_err *err)
{
	const cof_cbor *v = cof_cbor_get(mval, m->code_point);
	const cof_corim_raw_in raw = {
		.value = v, .old_mask = cof_cbor_get(mval, COF_CORIM_OLD_MASK), .order = m->order};
	switch (m->code_point) {
	case COF_CORIM_VERSION:
		return demand_version(v, m->field, e, err);
	case COF_CORIM_SVN:
		return cof_corim_demand_svn(v, m->field, e, err);
	case COF_CORIM_DIGESTS:
		return m->field == COF_RIM_HOST_DATA ? demand_host_data(v, e, err)
						     : cof_corim_demand_digests(v, COF_CORIM_SHA384, m->field, e, err);
	case COF_CORIM_FLAGS:
		return demand_flags(v, e, err);
	case COF_CORIM_RAW:
		return cof_corim_demand_raw(&raw, m->field, e, err);
	default:
		return cof_corim_demand_int(v, m->field, e, err);
	}
}

/* The one value that this field may have, in the one form; a second one would be lost. */
static int read_value(const measurement *m, const cof_cbor *mval, cof_rim_entry *e, cof_err *err)
{
	const int64_t keys[] = {m->code_point, COF_CORIM_OLD_MASK};
	int rc = cof_corim_only(mval, keys, m->code_point == COF_CORIM_RAW ? 2 : 1, "a measurement", err);
	if (rc == 0 && cof_rim_cond_on(e, m->field) != NULL)
		rc = cof_corim_malformed(err, "a field of the report stands twice");
	return rc < 0 ? rc : demand_value(m, mval, e, err);
}

static int read_measurement(const cof_cbor *m, cof_rim_entry *e, cof_err *err)
{
	const cof_cbor *key = cof_cbor_get(m, COF_CORIM_MKEY);
	int64_t mkey = MKEY_NONE;
	if (key != NULL && (!cof_cbor_int(key, &mkey) || mkey < 0))
		return cof_corim_unsupported(err, "a measurement that is no field of the report");
	for (size_t i = 0; i < COF_COUNT(measurements_known); i++) {
		if (measurements_known[i].mkey == mkey)
			return read_value(&measurements_known[i], cof_cbor_get(m, COF_CORIM_MVAL), e, err);
	}
	return cof_err_set(err, COF_E_POLICY, "corim-unsupported", "CoRIM: field %lld of the report: no place for it",
			   (long long)mkey);
}

/* A chip's id, which Turin states in eight bytes and zeros, or a provider's name. */
static int read_instance(const cof_cbor *v, cof_rim_entry *e, cof_err *err)
{
	uint8_t padded[COF_RIM_VALUE_MAX] = {0};
	cof_rim_field f = e->launch.vlek ? COF_RIM_CSP_ID : COF_RIM_CHIP_ID;
	size_t len = cof_rim_field_of(f)->len;
	cof_span bytes;
	if (!cof_cbor_bytes(cof_cbor_untag(v, COF_CORIM_TAG_BYTES), &bytes))
		return cof_corim_unsupported(err, "an instance of another form");
	bool fits = f == COF_RIM_CHIP_ID ? bytes.len == len || bytes.len == CHIP_ID_SHORT_LEN : bytes.len < len;
	if (!fits)
		return cof_corim_malformed(err, "an instance's length");
	memcpy(padded, bytes.data, bytes.len);
	return cof_rim_demand(e, f, COF_RIM_IS, cof_span_of(padded, len), err);
}

static int read_class(const cof_cbor *class, cof_rim_entry *e, cof_err *err)
{
	static const int64_t class_keys[] = {COF_CORIM_CLASS_ID};
	const cof_cbor *id = cof_cbor_get(class, COF_CORIM_CLASS_ID);
	int rc = cof_corim_only(class, class_keys, COF_COUNT(class_keys), "a class", err);
	if (rc < 0)
		return rc;
	e->tee = COF_RIM_SNP;
	e->launch.vlek = cof_corim_oid_is(id, cof_span_of(oid_vlek, sizeof oid_vlek));
	if (!e->launch.vlek && !cof_corim_oid_is(id, cof_span_of(oid_vcek, sizeof oid_vcek)))
		return cof_corim_unsupported(err, "a class that the profile does not name");
	return 0;
}

static int read_snp(const cof_cbor *environment, const cof_cbor *measurements, cof_rim_entry *e, cof_err *err)
{
	const cof_cbor *instance = cof_cbor_get(environment, COF_CORIM_INSTANCE);
	size_t n = 0;
	int rc = read_class(cof_cbor_get(environment, COF_CORIM_CLASS), e, err);
	if (rc == 0 && instance != NULL)
		rc = read_instance(instance, e, err);
	(void)cof_cbor_array(measurements, &n);
	for (size_t i = 0; rc == 0 && i < n; i++)
		rc = read_measurement(cof_cbor_at(measurements, i), e, err);
	return rc;
}

const cof_corim_profile *cof_corim_profile_snp(void)
{
	static const cof_corim_profile p = {.uri = COF_CORIM_PROFILE_SNP,
					    .takes = {[COF_RIM_SNP] = true},
					    .takes_instance = true,
					    .write = write_snp,
					    .read = read_snp};
	return &p;
}
