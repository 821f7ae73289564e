/* SPDX-License-Identifier: Apache-2.0 */
#include "common/der.h"

enum { LONG_FORM = 0x80, LENGTH_BYTES_MAX = 3, CONSTRUCTED = 0x20, NUMBER = 0x1f, UTC_LEN = 13, GENERAL_LEN = 15 };
enum { DAYS_TO_1970 = 719162 };

/* spec: X.690, 10.1: the shortest form; 0 and failure for any other */
static size_t take_length(cof_rd *r)
{
	uint8_t first = cof_rd_u8(r);
	if (first < LONG_FORM)
		return first;
	unsigned n = first - LONG_FORM;
	if (n == 0 || n > LENGTH_BYTES_MAX)
		cof_rd_fail(r);
	size_t len = 0;
	for (unsigned i = 0; i < n && cof_rd_ok(r); i++)
		len = len << 8 | cof_rd_u8(r);
	/* one byte more would have been too many */
	if (len < LONG_FORM || len >> (8 * (n - 1)) == 0)
		cof_rd_fail(r);
	return len;
}

/* Tags of one byte alone: no certificate, list or extension here has others. */
static uint8_t take_tag(cof_rd *r)
{
	uint8_t tag = cof_rd_u8(r);
	if ((tag & NUMBER) == NUMBER)
		cof_rd_fail(r);
	return tag;
}

bool cof_der_is(const cof_rd *r, uint8_t tag)
{
	cof_rd look = *r;
	return look.left > 0 && cof_rd_u8(&look) == tag;
}

cof_span cof_der_any(cof_rd *r, uint8_t *ret_tag)
{
	uint8_t tag = take_tag(r);
	size_t n = take_length(r);
	cof_span s = cof_rd_bytes(r, n);
	*ret_tag = cof_rd_ok(r) ? tag : 0;
	return s;
}

cof_span cof_der_take(cof_rd *r, uint8_t tag)
{
	uint8_t is = 0;
	cof_span s = cof_der_any(r, &is);
	if (is == tag && cof_rd_ok(r))
		return s;
	cof_rd_fail(r);
	return (cof_span){0};
}

cof_span cof_der_whole(cof_rd *r, uint8_t tag)
{
	cof_rd look = *r;
	(void)cof_der_take(&look, tag);
	if (!cof_rd_ok(&look))
		cof_rd_fail(r);
	return cof_rd_bytes(r, r->left - (cof_rd_ok(r) ? look.left : 0));
}

cof_rd cof_der_enter(cof_rd *r, uint8_t tag)
{
	cof_span s = cof_der_take(r, tag);
	return (cof_rd){s.data, s.len, r->failed};
}

/* ---- contents ---- */

/* spec: X.690, 8.3.2: the first nine bits are not all equal */
static bool is_number(cof_span s)
{
	cof_rd r = cof_rd_of(s);
	uint8_t first = cof_rd_u8(&r), second = s.len > 1 ? cof_rd_u8(&r) : 0;
	bool padded = s.len > 1 && ((first == 0x00 && second < 0x80) || (first == 0xff && second >= 0x80));
	return cof_rd_ok(&r) && !padded;
}

cof_span cof_der_magnitude(cof_span integer)
{
	cof_rd r = cof_rd_of(integer);
	if (integer.len > 1 && cof_rd_u8(&r) == 0)
		return cof_rd_rest(&r);
	return integer;
}

uint64_t cof_der_u64(cof_rd *r, uint8_t tag)
{
	cof_span s = cof_der_take(r, tag);
	cof_rd sign = cof_rd_of(s), number = cof_rd_of(cof_der_magnitude(s));
	uint64_t v = 0;
	if (!is_number(s) || cof_rd_u8(&sign) >= 0x80 || number.left > sizeof v)
		cof_rd_fail(r);
	while (cof_rd_ok(r) && number.left > 0)
		v = v << 8 | cof_rd_u8(&number);
	return v;
}

cof_span cof_der_bits(cof_rd *r)
{
	cof_rd s = cof_der_enter(r, COF_DER_BIT_STRING);
	if (cof_rd_u8(&s) != 0 || !cof_rd_ok(&s))
		cof_rd_fail(r);
	return cof_rd_ok(r) ? cof_rd_rest(&s) : (cof_span){0};
}

static bool is_bool(cof_span s)
{
	cof_rd r = cof_rd_of(s);
	uint8_t v = cof_rd_u8(&r);
	return cof_rd_end(&r) && (v == 0 || v == 0xff);
}

bool cof_der_bool(cof_rd *r)
{
	cof_span s = cof_der_take(r, COF_DER_BOOLEAN);
	if (!is_bool(s))
		cof_rd_fail(r);
	cof_rd v = cof_rd_of(s);
	return cof_rd_ok(r) && cof_rd_u8(&v) != 0;
}

/* ---- times ---- */

static int digits(cof_rd *r, size_t n)
{
	int v = 0;
	while (n-- > 0) {
		uint8_t c = cof_rd_u8(r);
		if (c < '0' || c > '9')
			cof_rd_fail(r);
		v = v * 10 + (c - '0');
	}
	return v;
}

static bool is_leap(int year)
{
	return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

/* A date of the Gregorian calendar, as days since 1970-01-01; false when there is no such day. Not timegm: a revocation
 * list has as many dates as entries. */
static bool days_of(int year, int month, int day, int64_t *ret)
{
	static const int before[] = {0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334, 365};
	if (month < 1 || month > 12)
		return false;
	int leap = is_leap(year) && month > 2;
	int last = before[month] - before[month - 1] + (is_leap(year) && month == 2);
	int64_t past = year - 1;
	*ret = past * 365 + past / 4 - past / 100 + past / 400 + before[month - 1] + leap + day - 1 - DAYS_TO_1970;
	return year > 0 && day >= 1 && day <= last;
}

int64_t cof_der_time(cof_rd *r)
{
	bool utc = cof_der_is(r, COF_DER_UTC_TIME);
	cof_rd s = cof_der_enter(r, utc ? COF_DER_UTC_TIME : COF_DER_GENERALIZED_TIME);
	int64_t days = 0;
	if (s.left != (utc ? UTC_LEN : GENERAL_LEN))
		cof_rd_fail(&s);
	int year = digits(&s, utc ? 2 : 4);
	if (utc)
		year += year >= 50 ? 1900 : 2000;
	int month = digits(&s, 2), day = digits(&s, 2);
	int hour = digits(&s, 2), minute = digits(&s, 2), second = digits(&s, 2);
	bool is_day = days_of(year, month, day, &days), is_time = hour < 24 && minute < 60 && second < 60;
	if (cof_rd_u8(&s) != 'Z' || !cof_rd_end(&s) || !is_day || !is_time)
		cof_rd_fail(r);
	return cof_rd_ok(r) ? ((days * 24 + hour) * 60 + minute) * 60 + second : 0;
}

/* ---- strictness ---- */

static bool is_bits(cof_span s)
{
	cof_rd r = cof_rd_of(s);
	uint8_t unused = cof_rd_u8(&r);
	if (!cof_rd_ok(&r) || unused > 7)
		return false;
	cof_rd last = cof_rd_of(unused > 0 ? cof_rd_tail(&r, 1) : (cof_span){0});
	return unused == 0 || (cof_rd_ok(&r) && (cof_rd_u8(&last) & ((1u << unused) - 1)) == 0);
}

static bool is_content(uint8_t tag, cof_span s)
{
	switch (tag) {
	case COF_DER_BOOLEAN:
		return is_bool(s);
	case COF_DER_INTEGER:
	case COF_DER_ENUMERATED:
		return is_number(s);
	case COF_DER_BIT_STRING:
		return is_bits(s);
	case COF_DER_NULL:
		return s.len == 0;
	default:
		return true;
	}
}

/* A walk without recursion: what is hostile does not choose the depth of our stack. */
bool cof_der_is_strict(cof_span in)
{
	cof_rd open[COF_DER_DEPTH_MAX] = {cof_rd_of(in)};
	size_t depth = 1;
	bool first = true;
	while (depth > 0) {
		cof_rd *r = &open[depth - 1];
		if (r->left == 0 && !first) {
			depth--;
			continue;
		}
		uint8_t tag = 0;
		cof_span s = cof_der_any(r, &tag);
		if (!cof_rd_ok(r) || !is_content(tag, s) || (first && r->left > 0))
			return false;
		first = false;
		if ((tag & CONSTRUCTED) == 0)
			continue;
		if (depth == COF_DER_DEPTH_MAX)
			return false;
		open[depth++] = cof_rd_of(s);
	}
	return true;
}
