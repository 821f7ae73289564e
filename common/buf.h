/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bytes: a span borrows, a buf owns and grows up to a cap. A buf always keeps one zero byte behind its data, so
 * that text in it can be used as a C string (cof_buf_str).
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "common/cleanup.h"
#include "common/err.h"

typedef struct cof_span {
	const uint8_t *data;
	size_t len;
} cof_span;

typedef struct cof_buf {
	uint8_t *data;
	size_t len;
	size_t cap;
	size_t max; /* 0: COF_BUF_MAX */
} cof_buf;

#define COF_BUF_MAX ((size_t)1 << 30)

void cof_buf_release(cof_buf *b);
COF_DEFINE_AUTO(cof_buf, cof_buf_release)

/* A buf that refuses to grow beyond max bytes (reason "too-large"). */
static inline cof_buf cof_buf_capped(size_t max)
{
	return (cof_buf){.max = max};
}

/* Makes room for more bytes behind len. */
COF_WUR int cof_buf_reserve(cof_buf *b, size_t more, cof_err *err);
COF_WUR int cof_buf_add(cof_buf *b, const void *data, size_t len, cof_err *err);
COF_WUR int cof_buf_add_str(cof_buf *b, const char *s, cof_err *err);
COF_WUR COF_PRINTF(3, 4) int cof_buf_printf(cof_buf *b, cof_err *err, const char *fmt, ...);

/* Wipes the contents before forgetting them; for plain buffers that held something private. */
void cof_buf_wipe(cof_buf *b);

/* The text of b; "" when empty. The caller must know that it holds no NUL. */
const char *cof_buf_str(const cof_buf *b);

/* Takes bytes in order; a negative return, with the error it set, stops the giver. */
typedef int (*cof_sink)(void *arg, cof_span chunk, cof_err *err);

static inline cof_span cof_buf_span(const cof_buf *b)
{
	return (cof_span){b->data, b->len};
}

static inline cof_span cof_span_str(const char *s)
{
	return (cof_span){(const uint8_t *)s, strlen(s)};
}

static inline cof_span cof_span_of(const void *data, size_t len)
{
	return (cof_span){(const uint8_t *)data, len};
}

/* A heap copy as C string (a NUL is put behind it); NULL when memory ran out or the span holds a NUL. */
char *cof_span_dup_str(cof_span s);
