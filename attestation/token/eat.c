/* SPDX-License-Identifier: Apache-2.0 */
#include "attestation/token/eat.h"

#include "common/hex.h"
#include "common/rd.h"
#include "common/secret.h"

#include <stdio.h>

enum {
	KEY_EXP = 4,
	KEY_NBF = 5,
	KEY_IAT = 6,
	KEY_NONCE = 10,
	KEY_PROFILE = 265,
	NONCE_MIN = 8,
	NONCE_MAX = 64,
	NONCES_MAX = 16,
	DBGSTAT_MAX = 4,
	OEMID_IEEE = 3,
	OEMID_RANDOM = 16,
	HWMODEL_MAX = 32,
	BOOTSEED_MIN = 32,
	BOOTSEED_MAX = 64,
	OID_MAX = 128,
	UEID_RANDOM = 1,
	UEID_EUI = 2,
	UEID_IMEI = 3,
	IMEI_LEN = 15,
};

/* ---- shapes ---- */

static bool is_sized(const cof_cbor *v, size_t min, size_t max)
{
	cof_span s;
	return cof_cbor_bytes(v, &s) && s.len >= min && s.len <= max;
}

static bool is_text(const cof_cbor *v)
{
	cof_span s;
	return cof_cbor_text(v, &s) && s.len > 0;
}

static bool is_time(const cof_cbor *v)
{
	uint64_t n = 0;
	return cof_cbor_uint(v, INT64_MAX / 2, &n);
}

static bool is_count(const cof_cbor *v)
{
	uint64_t n = 0;
	return cof_cbor_uint(v, UINT64_MAX, &n);
}

static bool is_bool(const cof_cbor *v)
{
	bool b = false;
	return cof_cbor_bool(v, &b);
}

static bool is_map(const cof_cbor *v)
{
	size_t n = 0;
	return cof_cbor_map(v, &n) && n > 0;
}

static bool is_list(const cof_cbor *v)
{
	size_t n = 0;
	return cof_cbor_array(v, &n) && n > 0;
}

/* spec: RFC 9711, 4.1: one, or an array of at least two */
static bool is_nonce(const cof_cbor *v)
{
	size_t n = 0;
	bool fine = cof_cbor_array(v, &n) ? n >= 2 && n <= NONCES_MAX : is_sized(v, NONCE_MIN, NONCE_MAX);
	for (size_t i = 0; fine && i < n; i++)
		fine = is_sized(cof_cbor_at(v, i), NONCE_MIN, NONCE_MAX);
	return fine;
}

/* spec: RFC 9711, 4.2.1.1: a type, and what it says about the length */
static bool is_ueid(const cof_cbor *v)
{
	cof_span s;
	if (!cof_cbor_bytes(v, &s))
		return false;
	cof_rd r = cof_rd_of(s);
	uint8_t type = cof_rd_u8(&r);
	if (type == UEID_RANDOM)
		return r.left == 16 || r.left == 24 || r.left == 32;
	return (type == UEID_EUI && (r.left == 6 || r.left == 8)) || (type == UEID_IMEI && r.left == IMEI_LEN - 1);
}

static bool is_oemid(const cof_cbor *v)
{
	return is_count(v) || is_sized(v, OEMID_IEEE, OEMID_IEEE) || is_sized(v, OEMID_RANDOM, OEMID_RANDOM);
}

static bool is_hwmodel(const cof_cbor *v)
{
	return is_sized(v, 1, HWMODEL_MAX);
}

static bool is_hwversion(const cof_cbor *v)
{
	size_t n = 0;
	return cof_cbor_array(v, &n) && (n == 1 || n == 2) && is_text(cof_cbor_at(v, 0));
}

static bool is_dbgstat(const cof_cbor *v)
{
	uint64_t n = 0;
	return cof_cbor_uint(v, DBGSTAT_MAX, &n);
}

static bool is_profile(const cof_cbor *v)
{
	return is_text(v) || is_sized(v, 1, OID_MAX);
}

static bool is_bootseed(const cof_cbor *v)
{
	return is_sized(v, BOOTSEED_MIN, BOOTSEED_MAX);
}

static const struct {
	int64_t key;
	const char *check; /* its name */
	const char *field;
	const char *shape;
	bool (*is)(const cof_cbor *v);
} claims_known[] = {
	{1, "eat-iss", "iss", "text", is_text},
	{2, "eat-sub", "sub", "text", is_text},
	{KEY_EXP, "eat-exp", "exp", "whole seconds", is_time},
	{KEY_NBF, "eat-nbf", "nbf", "whole seconds", is_time},
	{KEY_IAT, "eat-iat", "iat", "whole seconds", is_time},
	{KEY_NONCE, "eat-nonce", "nonce", "8 to 64 bytes, or several", is_nonce},
	{256, "eat-ueid", "ueid", "a type, and as many bytes as it says", is_ueid},
	{257, "eat-sueids", "sueids", "map", is_map},
	{258, "eat-oemid", "oemid", "number, or 3 or 16 bytes", is_oemid},
	{259, "eat-hwmodel", "hwmodel", "1 to 32 bytes", is_hwmodel},
	{260, "eat-hwversion", "hwversion", "text and scheme", is_hwversion},
	{261, "eat-uptime", "uptime", "number", is_count},
	{262, "eat-oemboot", "oemboot", "true or false", is_bool},
	{263, "eat-dbgstat", "dbgstat", "0 to 4", is_dbgstat},
	{264, "eat-location", "location", "map", is_map},
	{KEY_PROFILE, "eat-profile", "profile", "URI, or OID in bytes", is_profile},
	{266, "eat-submods", "submods", "map", is_map},
	{267, "eat-bootcount", "bootcount", "number", is_count},
	{268, "eat-bootseed", "bootseed", "32 to 64 bytes", is_bootseed},
	{270, "eat-swname", "swname", "text", is_text},
	{272, "eat-manifests", "manifests", "list", is_list},
	{273, "eat-measurements", "measurements", "list", is_list},
};

static void describe(const cof_cbor *v, char out[COF_CHECK_TEXT_MAX])
{
	int64_t n = 0;
	size_t items = 0;
	cof_span s;
	out[0] = '\0';
	if (cof_cbor_int(v, &n))
		(void)snprintf(out, COF_CHECK_TEXT_MAX, "%lld", (long long)n);
	else if (cof_cbor_bytes(v, &s))
		(void)snprintf(out, COF_CHECK_TEXT_MAX, "%zu bytes", s.len);
	else if (cof_cbor_text(v, &s))
		(void)snprintf(out, COF_CHECK_TEXT_MAX, "text of %zu bytes", s.len);
	else if (cof_cbor_array(v, &items) || cof_cbor_map(v, &items))
		(void)snprintf(out, COF_CHECK_TEXT_MAX, "%zu items", items);
}

static void check_shapes(const cof_cbor *claims, cof_checks *c)
{
	for (size_t i = 0; i < COF_COUNT(claims_known); i++) {
		char found[COF_CHECK_TEXT_MAX];
		const cof_cbor *v = cof_cbor_get(claims, claims_known[i].key);
		if (v == NULL)
			continue;
		describe(v, found);
		(void)cof_check_text(c, COF_STAGE_CLAIMS, claims_known[i].check, claims_known[i].is(v),
				     claims_known[i].shape, found);
	}
}

/* ---- what the caller wants ---- */

/* A date that is there; one of another shape was refused above. */
static bool date_of(const cof_cbor *claims, int64_t key, int64_t *ret)
{
	const cof_cbor *v = cof_cbor_get(claims, key);
	return v != NULL && is_time(v) && cof_cbor_int(v, ret);
}

static void check_date(cof_checks *c, const char *name, bool passed, const char *than, int64_t limit, int64_t found)
{
	char expected[COF_CHECK_TEXT_MAX], text[COF_CHECK_TEXT_MAX];
	(void)snprintf(expected, sizeof expected, "%s %lld", than, (long long)limit);
	(void)snprintf(text, sizeof text, "%lld", (long long)found);
	(void)cof_check_text(c, COF_STAGE_CLAIMS, name, passed, expected, text);
}

static void check_dates(const cof_cbor *claims, int64_t now, cof_checks *c)
{
	int64_t t = 0;
	if (date_of(claims, KEY_IAT, &t))
		check_date(c, "token-not-yet", t <= now + COF_EAT_SKEW, "at most", now + COF_EAT_SKEW, t);
	if (date_of(claims, KEY_NBF, &t))
		check_date(c, "token-not-yet", t <= now + COF_EAT_SKEW, "at most", now + COF_EAT_SKEW, t);
	if (date_of(claims, KEY_EXP, &t))
		check_date(c, "token-expired", t > now, "above", now, t);
}

static cof_span bytes_of(const cof_cbor *v)
{
	cof_span s = {0};
	return cof_cbor_bytes(v, &s) || cof_cbor_text(v, &s) ? s : (cof_span){0};
}

/* The one that fits; where none does, the first. */
static cof_span find_nonce(const cof_cbor *v, cof_span want)
{
	size_t n = 0;
	if (!cof_cbor_array(v, &n))
		return bytes_of(v);
	for (size_t i = 0; i < n && i < NONCES_MAX; i++) {
		cof_span s = bytes_of(cof_cbor_at(v, i));
		if (cof_ct_equal(s, want))
			return s;
	}
	return bytes_of(cof_cbor_at(v, 0));
}

static void check_profile(const cof_cbor *claims, const char *want, cof_checks *c)
{
	char found[COF_CHECK_TEXT_MAX] = "none";
	cof_span s = {0};
	bool is_text_claim = cof_cbor_text(cof_cbor_get(claims, KEY_PROFILE), &s);
	if (is_text_claim)
		(void)snprintf(found, sizeof found, "%.*s", (int)s.len, (const char *)s.data);
	(void)cof_check_text(c, COF_STAGE_CLAIMS, "token-profile", is_text_claim && cof_ct_equal(s, cof_span_str(want)),
			     want, found);
}

void cof_eat_checks(const cof_cbor *claims, const cof_eat_want *want, cof_checks *ret)
{
	(void)cof_check_that(ret, COF_STAGE_CLAIMS, "eat-empty", is_map(claims));
	check_shapes(claims, ret);
	check_dates(claims, want->now, ret);
	if (want->has_nonce)
		(void)cof_check_bytes(ret, COF_STAGE_CLAIMS, "token-nonce", want->nonce,
				      find_nonce(cof_cbor_get(claims, KEY_NONCE), want->nonce));
	if (want->profile != NULL)
		check_profile(claims, want->profile, ret);
}

/* ---- fields ---- */

/* The value of a claim for a person; lists and maps are left out, *ret is NULL then. */
static int show(const cof_cbor *v, json_t **ret, cof_err *err)
{
	int64_t n = 0;
	cof_span s;
	bool b = false;
	if (cof_cbor_int(v, &n))
		*ret = json_integer(n);
	else if (cof_cbor_bool(v, &b))
		*ret = json_boolean(b);
	else if (cof_cbor_text(v, &s))
		*ret = json_stringn((const char *)s.data, s.len);
	else if (cof_cbor_bytes(v, &s)) {
		COF_AUTO_FREE char *hex = cof_hex_dup(s);
		*ret = hex != NULL ? json_string(hex) : NULL;
	} else
		return 0;
	return *ret != NULL ? 0 : cof_err_oom(err);
}

int cof_eat_fields(const cof_cbor *claims, json_t **ret, cof_err *err)
{
	COF_AUTO_PTR(json_t) o = json_object();
	int rc = o == NULL ? cof_err_oom(err) : 0;
	for (size_t i = 0; rc == 0 && i < COF_COUNT(claims_known); i++) {
		json_t *v = NULL;
		const cof_cbor *claim = cof_cbor_get(claims, claims_known[i].key);
		if (claim != NULL && claims_known[i].is(claim))
			rc = show(claim, &v, err);
		if (rc == 0 && v != NULL)
			rc = cof_json_set_new(o, claims_known[i].field, v, err);
	}
	if (rc == 0)
		*ret = cof_steal(&o);
	return rc;
}
