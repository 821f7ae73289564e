/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Secret bytes: their own pages, kept out of core dumps and locked into memory where the limit allows it (a guest
 * has no swap, so a refused mlock is not an error), empty in a forked child, wiped at release. There is no way to
 * print one. Compare with cof_ct_equal only.
 */
#pragma once

#include "common/buf.h"

typedef struct cof_secret {
	uint8_t *data;
	size_t len;
	size_t mapped;
} cof_secret;

#define COF_SECRET_MAX ((size_t)16 << 20)

/* Zeroed memory of len bytes (at most COF_SECRET_MAX). */
COF_WUR int cof_secret_new(cof_secret *ret, size_t len, cof_err *err);
COF_WUR int cof_secret_from(cof_secret *ret, cof_span bytes, cof_err *err);
void cof_secret_release(cof_secret *s);
COF_DEFINE_AUTO(cof_secret, cof_secret_release)

/* Moves; the source is empty afterwards. */
cof_secret cof_secret_steal(cof_secret *s);

static inline cof_span cof_secret_span(const cof_secret *s)
{
	return (cof_span){s->data, s->len};
}

/* Constant time in the contents; lengths are not secret. */
bool cof_ct_equal(cof_span a, cof_span b);

/* Overwrites memory in a way that the compiler keeps. */
void cof_wipe(void *p, size_t len);

/* Memory of jansson and OpenSSL is wiped when it is freed. Once, before either has given any out; what json_dumps gives
 * is freed by jansson's own function from then on. */
void cof_secret_wipe_heap(void);
/* For programs that hold keys, once at start: no core dumps, not attachable, jansson and OpenSSL memory wiped at free.
 */
void cof_secret_process_init(void);
