/* SPDX-License-Identifier: Apache-2.0 */
#include "common/buf.h"

#include <stdarg.h>
#include <stdio.h>

#include "common/secret.h"

enum { GROW_MIN = 64 };

void cof_buf_release(cof_buf *b)
{
	free(b->data);
	*b = (cof_buf){.max = b->max};
}

void cof_buf_wipe(cof_buf *b)
{
	if (b->data != NULL)
		cof_wipe(b->data, b->cap);
	b->len = 0;
}

int cof_buf_reserve(cof_buf *b, size_t more, cof_err *err)
{
	size_t max = b->max != 0 ? b->max : COF_BUF_MAX;
	size_t need = 0;
	if (__builtin_add_overflow(b->len, more, &need) || need > max)
		return cof_err_set(err, COF_E_MALFORMED, "too-large", "more than %zu bytes", max);
	if (need < b->cap)
		return 0;
	size_t cap = b->cap + b->cap / 2;
	if (cap < need + 1)
		cap = need + 1; /* the byte behind the data */
	if (cap < GROW_MIN)
		cap = GROW_MIN;
	uint8_t *grown = realloc(b->data, cap);
	if (grown == NULL)
		return cof_err_oom(err);
	b->data = grown;
	b->cap = cap;
	b->data[b->len] = 0;
	return 0;
}

int cof_buf_add(cof_buf *b, const void *data, size_t len, cof_err *err)
{
	int r = cof_buf_reserve(b, len, err);
	if (r < 0)
		return r;
	if (len > 0)
		memcpy(b->data + b->len, data, len);
	b->len += len;
	b->data[b->len] = 0;
	return 0;
}

int cof_buf_add_str(cof_buf *b, const char *s, cof_err *err)
{
	return cof_buf_add(b, s, strlen(s), err);
}

int cof_buf_printf(cof_buf *b, cof_err *err, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	char *text = NULL;
	int n = vasprintf(&text, fmt, ap);
	va_end(ap);
	if (n < 0)
		return cof_err_oom(err);
	int r = cof_buf_add(b, text, (size_t)n, err);
	free(text);
	return r;
}

const char *cof_buf_str(const cof_buf *b)
{
	return b->data == NULL ? "" : (const char *)b->data;
}

char *cof_span_dup_str(cof_span s)
{
	if (s.len > 0 && memchr(s.data, 0, s.len) != NULL)
		return NULL;
	char *copy = malloc(s.len + 1);
	if (copy == NULL)
		return NULL;
	if (s.len > 0)
		memcpy(copy, s.data, s.len);
	copy[s.len] = '\0';
	return copy;
}
