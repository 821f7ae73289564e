/* SPDX-License-Identifier: Apache-2.0 */
/* Environments, measurements, and the types of their values. */
#include "attestation/refvalue/comid_int.h"
#include "attestation/refvalue/corim_int.h"
#include "common/secret.h"

enum {
	UUID_LEN = 16,
	UEID_MIN = 7,
	UEID_MAX = 33,
	MAC_LONG = 8,
	MAC_SHORT = 6,
	IP4_LEN = 4,
	IP6_LEN = 16,
	FLAGS_MAX = 10,
	TAG_UEID = 550,
	TAG_MIN_SVN = 553,
	TAG_KEY_FIRST = 554,
	TAG_KEY_LAST = 562,
	TAG_MASKED = 563,
	TAG_RANGE = 564,
};

int cof_comid_malformed(cof_err *err, const char *what)
{
	return cof_err_set(err, COF_E_MALFORMED, "comid-malformed", "CoMID: %s", what);
}

bool cof_comid_is_text(const cof_cbor *v)
{
	cof_span s;
	return cof_cbor_text(v, &s) && s.len > 0;
}

bool cof_comid_only(const cof_cbor *map, const int64_t *keys, size_t n, bool allow_negative)
{
	size_t count = 0;
	if (!cof_cbor_map(map, &count) || count == 0)
		return false;
	for (size_t i = 0; i < count; i++) {
		int64_t k = 0;
		bool known = false;
		if (!cof_cbor_int(cof_cbor_key(map, i), &k))
			return false;
		for (size_t j = 0; j < n; j++)
			known = known || keys[j] == k;
		if (!known && (k >= 0 || !allow_negative))
			return false;
	}
	return true;
}

bool cof_comid_list(const cof_cbor *v, size_t min, cof_comid_is is)
{
	size_t n = 0;
	if (!cof_cbor_array(v, &n) || n < min || n > COF_COMID_LIST_MAX)
		return false;
	for (size_t i = 0; i < n; i++) {
		if (!is(cof_cbor_at(v, i)))
			return false;
	}
	return true;
}

/* ---- identifiers and keys ---- */

static bool is_sized(const cof_cbor *v, size_t min, size_t max)
{
	cof_span s;
	return cof_cbor_bytes(v, &s) && s.len >= min && s.len <= max;
}

static bool is_uint(const cof_cbor *v)
{
	uint64_t n = 0;
	return cof_cbor_uint(v, UINT64_MAX, &n);
}

static bool is_uuid(const cof_cbor *v)
{
	return is_sized(cof_cbor_untag(v, COF_CORIM_TAG_UUID), UUID_LEN, UUID_LEN);
}

static bool is_oid(const cof_cbor *v)
{
	return is_sized(cof_cbor_untag(v, COF_CORIM_TAG_OID), 1, UINT8_MAX);
}

static bool is_opaque(const cof_cbor *v)
{
	return is_sized(cof_cbor_untag(v, COF_CORIM_TAG_BYTES), 0, SIZE_MAX);
}

static bool is_digest(const cof_cbor *v);

/* spec: draft-ietf-rats-corim, 5.1.4.1.6: texts (PEM), thumbprints, COSE keys, bytes */
static bool is_key(const cof_cbor *v)
{
	for (uint64_t tag = TAG_KEY_FIRST; tag <= TAG_KEY_LAST; tag++) {
		const cof_cbor *in = cof_cbor_untag(v, tag);
		size_t n = 0;
		if (in != NULL)
			return cof_comid_is_text(in) || is_digest(in) || is_sized(in, 1, SIZE_MAX) ||
			       cof_cbor_map(in, &n);
	}
	return false;
}

bool cof_comid_keys(const cof_cbor *v)
{
	return cof_comid_list(v, 1, is_key);
}

/* ---- environments ---- */

static bool is_class_id(const cof_cbor *v)
{
	return is_oid(v) || is_uuid(v) || is_opaque(v);
}

static bool is_instance(const cof_cbor *v)
{
	return is_sized(cof_cbor_untag(v, TAG_UEID), UEID_MIN, UEID_MAX) || is_uuid(v) || is_opaque(v) || is_key(v);
}

static bool is_group(const cof_cbor *v)
{
	return is_uuid(v) || is_opaque(v);
}

/* A member by its key, and what it must be where it is there. */
typedef struct member {
	int64_t key;
	cof_comid_is is;
} member;

enum { MEMBERS_MAX = 16 };

static bool fits(const cof_cbor *map, const member *members, size_t n, bool allow_negative)
{
	int64_t keys[MEMBERS_MAX];
	if (n > MEMBERS_MAX)
		return false;
	for (size_t i = 0; i < n; i++) {
		const cof_cbor *v = cof_cbor_get(map, members[i].key);
		keys[i] = members[i].key;
		if (v != NULL && !members[i].is(v))
			return false;
	}
	return cof_comid_only(map, keys, n, allow_negative);
}

static bool is_class(const cof_cbor *v)
{
	static const member members[] = {
		{0, is_class_id}, {1, cof_comid_is_text}, {2, cof_comid_is_text}, {3, is_uint}, {4, is_uint}};
	return fits(v, members, COF_COUNT(members), false);
}

int cof_comid_environment(const cof_cbor *v, cof_err *err)
{
	static const member members[] = {{0, is_class}, {1, is_instance}, {2, is_group}};
	return fits(v, members, COF_COUNT(members), false) ? 0 : cof_comid_malformed(err, "an environment");
}

/* ---- values ---- */

/* source: IANA, Named Information Hash Algorithm Registry */
static const struct {
	uint64_t alg;
	size_t len;
} digest_lengths[] = {{1, 32}, {2, 16}, {3, 15}, {4, 12},  {5, 8},   {6, 4},
		      {7, 48}, {8, 64}, {9, 28}, {10, 32}, {11, 48}, {12, 64}};

/* An algorithm by number has its length; one by name has what its name says, which nobody knows here. */
static bool is_digest(const cof_cbor *v)
{
	size_t n = 0;
	uint64_t alg = 0;
	const cof_cbor *bytes = cof_cbor_at(v, 1);
	if (!cof_cbor_array(v, &n) || n != 2)
		return false;
	if (cof_comid_is_text(cof_cbor_at(v, 0)))
		return is_sized(bytes, 1, COF_DIGEST_MAX);
	for (size_t i = 0; cof_cbor_uint(cof_cbor_at(v, 0), UINT64_MAX, &alg) && i < COF_COUNT(digest_lengths); i++) {
		if (digest_lengths[i].alg == alg)
			return is_sized(bytes, digest_lengths[i].len, digest_lengths[i].len);
	}
	return false;
}

static bool same_algorithm(const cof_cbor *a, const cof_cbor *b)
{
	uint64_t x = 0, y = 0;
	cof_span s, t;
	if (cof_cbor_uint(a, UINT64_MAX, &x))
		return cof_cbor_uint(b, UINT64_MAX, &y) && x == y;
	return cof_cbor_text(a, &s) && cof_cbor_text(b, &t) && cof_ct_equal(s, t);
}

/* Each algorithm once: of two digests by one, nobody could say which holds. */
static bool is_digests(const cof_cbor *v)
{
	size_t n = 0;
	if (!cof_comid_list(v, 1, is_digest) || !cof_cbor_array(v, &n) || n > COF_COUNT(digest_lengths))
		return false;
	for (size_t i = 0; i < n; i++) {
		for (size_t k = 0; k < i; k++) {
			if (same_algorithm(cof_cbor_at(cof_cbor_at(v, i), 0), cof_cbor_at(cof_cbor_at(v, k), 0)))
				return false;
		}
	}
	return true;
}

static bool is_scheme(const cof_cbor *v)
{
	return is_uint(v) || cof_comid_is_text(v);
}

static bool is_version(const cof_cbor *v)
{
	static const member members[] = {{0, cof_comid_is_text}, {1, is_scheme}};
	return cof_cbor_get(v, 0) != NULL && fits(v, members, COF_COUNT(members), false);
}

static bool is_svn(const cof_cbor *v)
{
	return is_uint(v) || is_uint(cof_cbor_untag(v, COF_CORIM_TAG_SVN)) || is_uint(cof_cbor_untag(v, TAG_MIN_SVN));
}

static bool is_flags(const cof_cbor *v)
{
	size_t n = 0;
	if (!cof_cbor_map(v, &n) || n == 0)
		return false;
	for (size_t i = 0; i < n; i++) {
		uint64_t k = 0;
		bool b = false;
		if (!cof_cbor_uint(cof_cbor_key(v, i), FLAGS_MAX, &k) || !cof_cbor_bool(cof_cbor_value(v, i), &b))
			return false;
	}
	return true;
}

static bool is_raw(const cof_cbor *v)
{
	const cof_cbor *masked = cof_cbor_untag(v, TAG_MASKED);
	cof_span value, mask;
	size_t n = 0;
	if (masked == NULL)
		return is_opaque(v);
	return cof_cbor_array(masked, &n) && n == 2 && cof_cbor_bytes(cof_cbor_at(masked, 0), &value) &&
	       cof_cbor_bytes(cof_cbor_at(masked, 1), &mask) && value.len == mask.len;
}

static bool is_mask(const cof_cbor *v)
{
	return is_sized(v, 1, SIZE_MAX);
}

static bool is_mac(const cof_cbor *v)
{
	return is_sized(v, MAC_SHORT, MAC_SHORT) || is_sized(v, MAC_LONG, MAC_LONG);
}

static bool is_ip(const cof_cbor *v)
{
	return is_sized(v, IP4_LEN, IP4_LEN) || is_sized(v, IP6_LEN, IP6_LEN);
}

static bool is_ueid(const cof_cbor *v)
{
	const cof_cbor *in = cof_cbor_untag(v, TAG_UEID);
	return is_sized(in != NULL ? in : v, UEID_MIN, UEID_MAX);
}

static bool is_uuid_value(const cof_cbor *v)
{
	return is_uuid(v) || is_sized(v, UUID_LEN, UUID_LEN);
}

static bool is_registers(const cof_cbor *v)
{
	size_t n = 0;
	if (!cof_cbor_map(v, &n) || n == 0)
		return false;
	for (size_t i = 0; i < n; i++) {
		const cof_cbor *k = cof_cbor_key(v, i);
		if ((!is_uint(k) && !cof_comid_is_text(k)) || !is_digests(cof_cbor_value(v, i)))
			return false;
	}
	return true;
}

/* A number, or [ min or null, max or null ] of which one is a number, in this order. */
static bool is_range(const cof_cbor *v)
{
	const cof_cbor *r = cof_cbor_untag(v, TAG_RANGE);
	int64_t min = INT64_MIN, max = INT64_MAX;
	size_t n = 0;
	if (r == NULL)
		return cof_cbor_int(v, &min);
	bool has_min = cof_cbor_int(cof_cbor_at(r, 0), &min), has_max = cof_cbor_int(cof_cbor_at(r, 1), &max);
	return cof_cbor_array(r, &n) && n == 2 && (has_min || cof_cbor_is_null(cof_cbor_at(r, 0))) &&
	       (has_max || cof_cbor_is_null(cof_cbor_at(r, 1))) && (has_min || has_max) && min <= max;
}

static const member values[] = {
	{0, is_version},      {1, is_svn},	   {2, is_digests},
	{3, is_flags},	      {4, is_raw},	   {5, is_mask},
	{6, is_mac},	      {7, is_ip},	   {8, cof_comid_is_text},
	{9, is_ueid},	      {10, is_uuid_value}, {11, cof_comid_is_text},
	{13, cof_comid_keys}, {14, is_registers},  {15, is_range},
};

static bool is_mkey(const cof_cbor *v)
{
	return is_uint(v) || cof_comid_is_text(v) || is_oid(v) || is_uuid(v);
}

/* Some writers give one key where the draft has a list. */
static bool is_authority(const cof_cbor *v)
{
	return is_key(v) || cof_comid_keys(v);
}

static bool is_measurement(const cof_cbor *v, bool has_profile)
{
	static const int64_t keys[] = {COF_CORIM_MKEY, COF_CORIM_MVAL, 2};
	const cof_cbor *mkey = cof_cbor_get(v, COF_CORIM_MKEY), *by = cof_cbor_get(v, 2);
	return cof_comid_only(v, keys, COF_COUNT(keys), false) && (mkey == NULL || is_mkey(mkey)) &&
	       (by == NULL || is_authority(by)) &&
	       fits(cof_cbor_get(v, COF_CORIM_MVAL), values, COF_COUNT(values), has_profile);
}

int cof_comid_measurements(const cof_cbor *v, size_t min, bool has_profile, cof_err *err)
{
	size_t n = 0;
	if (!cof_cbor_array(v, &n) || n < min || n > COF_COMID_LIST_MAX)
		return cof_comid_malformed(err, "a list of measurements");
	for (size_t i = 0; i < n; i++) {
		if (!is_measurement(cof_cbor_at(v, i), has_profile))
			return cof_comid_malformed(err, "a measurement");
	}
	return 0;
}
