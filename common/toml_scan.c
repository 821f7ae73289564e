/* SPDX-License-Identifier: Apache-2.0 */
#include "common/toml_scan.h"

#include <stdarg.h>
#include <stdio.h>

enum { INT_DIGITS_MAX = 18 };

int cof_toml_peek(const cof_toml_scan *s)
{
	return s->r.left == 0 ? COF_TOML_END : *s->r.at;
}

static int next(cof_toml_scan *s)
{
	if (s->r.left == 0)
		return COF_TOML_END;
	uint8_t c = cof_rd_u8(&s->r);
	if (c == '\n')
		s->line++;
	return c;
}

bool cof_toml_take(cof_toml_scan *s, char c)
{
	if (cof_toml_peek(s) != (unsigned char)c)
		return false;
	(void)next(s);
	return true;
}

bool cof_toml_take_text(cof_toml_scan *s, const char *text)
{
	size_t n = strlen(text);
	if (s->r.left < n || strncmp((const char *)s->r.at, text, n) != 0)
		return false;
	for (size_t i = 0; i < n; i++)
		(void)next(s);
	return true;
}

int cof_toml_bad(const cof_toml_scan *s, cof_err *err, const char *fmt, ...)
{
	char text[160];
	va_list args;
	va_start(args, fmt);
	(void)vsnprintf(text, sizeof text, fmt, args);
	va_end(args);
	return cof_err_set(err, COF_E_MALFORMED, "toml-malformed", "line %u: %s", s->line, text);
}

/* --- white space --- */

void cof_toml_blanks(cof_toml_scan *s)
{
	while (cof_toml_take(s, ' ') || cof_toml_take(s, '\t'))
		;
}

static bool take_newline(cof_toml_scan *s)
{
	return cof_toml_take(s, '\n') || cof_toml_take_text(s, "\r\n");
}

/* spec: TOML 1.0 "Comment": no control characters but tab */
static bool control(int c)
{
	return (c >= 0 && c < 0x20 && c != '\t') || c == 0x7f;
}

static void comment(cof_toml_scan *s)
{
	if (!cof_toml_take(s, '#'))
		return;
	while (cof_toml_peek(s) != COF_TOML_END && !control(cof_toml_peek(s)))
		(void)next(s);
}

int cof_toml_line_end(cof_toml_scan *s, cof_err *err)
{
	cof_toml_blanks(s);
	comment(s);
	if (cof_toml_peek(s) == COF_TOML_END || take_newline(s))
		return 0;
	return cof_toml_bad(s, err, "more on this line than a value");
}

int cof_toml_space(cof_toml_scan *s, cof_err *err)
{
	for (;;) {
		cof_toml_blanks(s);
		int c = cof_toml_peek(s);
		if (c != '#' && c != '\n' && c != '\r')
			return 0;
		int r = cof_toml_line_end(s, err);
		if (r < 0)
			return r;
	}
}

/* --- strings --- */

static int add_utf8(uint32_t cp, cof_buf *ret, cof_err *err)
{
	uint8_t b[4];
	size_t n = 0;
	if (cp < 0x80) {
		b[n++] = (uint8_t)cp;
	} else if (cp < 0x800) {
		b[n++] = (uint8_t)(0xc0 | cp >> 6);
	} else if (cp < 0x10000) {
		b[n++] = (uint8_t)(0xe0 | cp >> 12);
		b[n++] = (uint8_t)(0x80 | (cp >> 6 & 0x3f));
	} else {
		b[n++] = (uint8_t)(0xf0 | cp >> 18);
		b[n++] = (uint8_t)(0x80 | (cp >> 12 & 0x3f));
		b[n++] = (uint8_t)(0x80 | (cp >> 6 & 0x3f));
	}
	if (cp >= 0x80)
		b[n++] = (uint8_t)(0x80 | (cp & 0x3f));
	return cof_buf_add(ret, b, n, err);
}

static int hex_value(int c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

static int unicode(cof_toml_scan *s, int digits, cof_buf *ret, cof_err *err)
{
	uint32_t cp = 0;
	for (int i = 0; i < digits; i++) {
		int v = hex_value(next(s));
		if (v < 0)
			return cof_toml_bad(s, err, "a bad unicode escape");
		cp = cp << 4 | (uint32_t)v;
	}
	/* NUL too: what we hand on are C strings */
	if (cp == 0 || cp > 0x10ffff || (cp >= 0xd800 && cp < 0xe000))
		return cof_toml_bad(s, err, "an escape of no character");
	return add_utf8(cp, ret, err);
}

static int escape(cof_toml_scan *s, cof_buf *ret, cof_err *err)
{
	static const char from[] = "btnfr\"\\", to[] = "\b\t\n\f\r\"\\";
	int c = next(s);
	const char *at = c > 0 ? strchr(from, c) : NULL;
	if (at != NULL)
		return cof_buf_add(ret, &to[at - from], 1, err);
	if (c == 'u' || c == 'U')
		return unicode(s, c == 'u' ? 4 : 8, ret, err);
	return cof_toml_bad(s, err, "an unknown escape");
}

static int one_line(cof_toml_scan *s, char quote, cof_buf *ret, cof_err *err)
{
	int r = 0;
	while (r == 0 && !cof_toml_take(s, quote)) {
		int c = next(s);
		char byte = (char)c;
		if (c == COF_TOML_END || control(c))
			return cof_toml_bad(s, err, "a string without end");
		r = quote == '"' && c == '\\' ? escape(s, ret, err) : cof_buf_add(ret, &byte, 1, err);
	}
	return r;
}

/* A backslash at a line's end takes the line's end and all white space after it away. */
static bool fold(cof_toml_scan *s)
{
	cof_toml_scan ahead = *s;
	cof_toml_blanks(&ahead);
	if (!take_newline(&ahead))
		return false;
	do
		cof_toml_blanks(&ahead);
	while (take_newline(&ahead));
	*s = ahead;
	return true;
}

/* Up to two quotes may stand before the closing three. */
static bool closing(cof_toml_scan *s, char quote, cof_buf *ret, int *r, cof_err *err)
{
	const char three[] = {quote, quote, quote, '\0'};
	if (!cof_toml_take_text(s, three))
		return false;
	for (int i = 0; i < 2 && *r == 0 && cof_toml_take(s, quote); i++)
		*r = cof_buf_add(ret, &quote, 1, err);
	return true;
}

static int many_lines(cof_toml_scan *s, char quote, cof_buf *ret, cof_err *err)
{
	(void)take_newline(s); /* one right after the opening quotes is not meant */
	int r = 0;
	while (r == 0 && !closing(s, quote, ret, &r, err)) {
		if (quote == '"' && cof_toml_take(s, '\\')) {
			if (!fold(s))
				r = escape(s, ret, err);
			continue;
		}
		if (cof_toml_take_text(s, "\r\n")) {
			r = cof_buf_add(ret, "\r\n", 2, err);
			continue;
		}
		int c = next(s);
		char byte = (char)c;
		if (c == COF_TOML_END || (control(c) && c != '\n'))
			return cof_toml_bad(s, err, "a string without end");
		r = cof_buf_add(ret, &byte, 1, err);
	}
	return r;
}

int cof_toml_string(cof_toml_scan *s, bool multi_line, cof_buf *ret, cof_err *err)
{
	if (multi_line && cof_toml_take_text(s, "\"\"\""))
		return many_lines(s, '"', ret, err);
	if (multi_line && cof_toml_take_text(s, "'''"))
		return many_lines(s, '\'', ret, err);
	if (cof_toml_take(s, '"'))
		return one_line(s, '"', ret, err);
	if (cof_toml_take(s, '\''))
		return one_line(s, '\'', ret, err);
	return cof_toml_bad(s, err, "a string was expected");
}

/* --- integers and booleans --- */

static bool digit(int c)
{
	return c >= '0' && c <= '9';
}

/* Underscores only between digits, no leading zeros, no fraction, exponent or date. */
static int integer(cof_toml_scan *s, json_t **ret, cof_err *err)
{
	bool negative = cof_toml_take(s, '-');
	if (!negative)
		(void)cof_toml_take(s, '+');
	json_int_t value = 0;
	int digits = 0;
	bool zero_first = cof_toml_peek(s) == '0';
	while (digit(cof_toml_peek(s))) {
		if (++digits > INT_DIGITS_MAX)
			return cof_toml_bad(s, err, "too large an integer");
		value = value * 10 + (next(s) - '0');
		if (cof_toml_take(s, '_') && !digit(cof_toml_peek(s)))
			return cof_toml_bad(s, err, "a stray underscore");
	}
	int c = cof_toml_peek(s);
	bool ended = c == COF_TOML_END || strchr(" \t\r\n,]}#", c) != NULL;
	if (digits == 0 || !ended || c == 0 || (zero_first && digits > 1))
		return cof_toml_bad(s, err, "neither a string, a decimal integer nor a boolean");
	*ret = json_integer(negative ? -value : value);
	return *ret == NULL ? cof_err_oom(err) : 0;
}

int cof_toml_scalar(cof_toml_scan *s, json_t **ret, cof_err *err)
{
	if (cof_toml_take_text(s, "true")) {
		*ret = json_true();
		return 0;
	}
	if (cof_toml_take_text(s, "false")) {
		*ret = json_false();
		return 0;
	}
	return integer(s, ret, err);
}
