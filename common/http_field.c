/* SPDX-License-Identifier: Apache-2.0 */
#include "common/http_field.h"

#include <strings.h>
#include <time.h>

#include "common/rd.h"

/* --- Content-Range --- */

static void expect(cof_rd *r, const char *word)
{
	for (; *word != '\0'; word++)
		if (cof_rd_u8(r) != (uint8_t)*word)
			cof_rd_fail(r);
}

static bool digit_next(const cof_rd *r)
{
	return cof_rd_ok(r) && r->left > 0 && *r->at >= '0' && *r->at <= '9';
}

static uint64_t read_number(cof_rd *r)
{
	uint64_t v = 0;
	if (!digit_next(r))
		cof_rd_fail(r);
	while (digit_next(r))
		if (__builtin_mul_overflow(v, 10, &v) || __builtin_add_overflow(v, cof_rd_u8(r) - '0', &v))
			cof_rd_fail(r);
	return v;
}

int cof_content_range_parse(const char *value, cof_content_range *ret, cof_err *err)
{
	cof_content_range c = {.whole = UINT64_MAX};
	cof_rd r = cof_rd_of(cof_span_str(value));
	expect(&r, "bytes ");
	c.from = read_number(&r);
	expect(&r, "-");
	c.to = read_number(&r);
	expect(&r, "/");
	if (digit_next(&r))
		c.whole = read_number(&r);
	else
		expect(&r, "*");
	if (!cof_rd_end(&r) || c.from > c.to || c.to >= c.whole)
		return cof_err_set(err, COF_E_MALFORMED, "http-range", "the server's Content-Range");
	*ret = c;
	return 0;
}

/* --- Link --- */

static void skip_blanks(cof_rd *r)
{
	while (cof_rd_ok(r) && r->left > 0 && (*r->at == ' ' || *r->at == '\t'))
		cof_rd_skip(r, 1);
}

static bool take(cof_rd *r, char c)
{
	skip_blanks(r);
	if (!cof_rd_ok(r) || r->left == 0 || *r->at != (uint8_t)c)
		return false;
	cof_rd_skip(r, 1);
	return true;
}

/* Up to the first of these, which stays. */
static cof_span until(cof_rd *r, const char *ends)
{
	size_t n = 0;
	while (n < r->left && (r->at[n] == 0 || strchr(ends, r->at[n]) == NULL))
		n++;
	return cof_rd_bytes(r, n);
}

static cof_span quoted(cof_rd *r)
{
	size_t n = 0;
	while (n < r->left && r->at[n] != '"')
		n += r->at[n] == '\\' ? 2 : 1;
	cof_span s = cof_rd_bytes(r, n);
	cof_rd_skip(r, 1);
	return s;
}

static bool is_word(cof_span s, const char *word)
{
	return s.len == strlen(word) && strncasecmp((const char *)s.data, word, s.len) == 0;
}

/* "rel" may name several relations. */
static bool names_next(cof_span value)
{
	cof_rd r = cof_rd_of(value);
	while (r.left > 0) {
		if (is_word(until(&r, " \t"), "next"))
			return true;
		skip_blanks(&r);
	}
	return false;
}

/* The parameters behind a target. */
static bool read_relation(cof_rd *r)
{
	bool next = false, seen = false;
	while (take(r, ';')) {
		skip_blanks(r);
		cof_span name = until(r, "=;, \t");
		cof_span value = {0};
		if (take(r, '='))
			value = take(r, '"') ? quoted(r) : until(r, ";, \t");
		if (!seen && is_word(name, "rel")) { /* a second one does not count: 3.3 */
			seen = true;
			next = names_next(value);
		}
	}
	return next;
}

int cof_link_next_parse(const char *value, char **ret, cof_err *err)
{
	cof_rd r = cof_rd_of(cof_span_str(value));
	cof_span target = {0};
	while (cof_rd_ok(&r) && r.left > 0) {
		if (take(&r, ','))
			continue;
		if (!take(&r, '<'))
			cof_rd_fail(&r);
		cof_span to = until(&r, ">");
		cof_rd_skip(&r, 1);
		if (read_relation(&r) && target.data == NULL)
			target = to;
		skip_blanks(&r);
		if (r.left > 0 && *r.at != ',')
			cof_rd_fail(&r);
	}
	if (!cof_rd_end(&r))
		return cof_err_set(err, COF_E_MALFORMED, "http-link", "the server's Link");
	*ret = target.data == NULL ? NULL : cof_span_dup_str(target);
	return target.data != NULL && *ret == NULL ? cof_err_oom(err) : 0;
}

/* --- Retry-After --- */

int64_t cof_http_retry_after(const char *value, int64_t now)
{
	enum { DIGITS_MAX = 9 };
	struct tm tm = {0};
	size_t digits = strspn(value, "0123456789");
	if (digits > 0 && digits <= DIGITS_MAX && value[digits] == '\0') {
		int64_t s = 0;
		for (size_t i = 0; i < digits; i++)
			s = s * 10 + (value[i] - '0');
		return s * 1000;
	}
	const char *end = strptime(value, "%a, %d %b %Y %H:%M:%S GMT", &tm);
	if (end == NULL || *end != '\0')
		return 0;
	int64_t at = timegm(&tm);
	return at > now && at - now < INT32_MAX ? (at - now) * 1000 : 0;
}

/* --- ETag --- */

bool cof_http_etag_strong(const char *value)
{
	enum { ETAG_MAX = 256 };
	size_t n = strlen(value);
	if (n < 2 || n > ETAG_MAX || value[0] != '"' || value[n - 1] != '"')
		return false;
	for (size_t i = 1; i + 1 < n; i++)
		if (value[i] == '"' || value[i] < 0x21 || value[i] == 0x7f)
			return false;
	return true;
}
