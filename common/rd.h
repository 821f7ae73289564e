/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The one bounds-checked cursor for hostile bytes. Every read passes one check; after a failure every read gives
 * zero or an empty span and the cursor stays failed. A value that steers a loop, an index or a type choice is used
 * only after cof_rd_ok(); cof_rd_end() is the one check at the end and refuses leftovers too.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/buf.h"

typedef struct cof_rd {
	const uint8_t *at;
	size_t left;
	bool failed;
} cof_rd;

static inline cof_rd cof_rd_of(cof_span s)
{
	return (cof_rd){s.data, s.len, false};
}

/* Marks the cursor failed: for checks of the caller's own. A failed one has nothing left. */
void cof_rd_fail(cof_rd *r);

/* The next n bytes, borrowed from the input; empty after a failure. */
cof_span cof_rd_bytes(cof_rd *r, size_t n);
/* The last n bytes, taken away from the end (OVMF's tables are walked backwards). */
cof_span cof_rd_tail(cof_rd *r, size_t n);
/* Everything that is left. */
cof_span cof_rd_rest(cof_rd *r);
/* A cursor over the next n bytes; fails with its parent. */
cof_rd cof_rd_sub(cof_rd *r, size_t n);
void cof_rd_skip(cof_rd *r, size_t n);
/* Copies n bytes out; zero-fills out after a failure. */
void cof_rd_copy(cof_rd *r, void *out, size_t n);

/* Here, so that a loop over every byte costs what it should. */
static inline uint8_t cof_rd_u8(cof_rd *r)
{
	if (r->left == 0) {
		cof_rd_fail(r);
		return 0;
	}
	r->left--;
	return *r->at++;
}

uint16_t cof_rd_u16le(cof_rd *r);
uint32_t cof_rd_u32le(cof_rd *r);
uint64_t cof_rd_u64le(cof_rd *r);
uint16_t cof_rd_u16be(cof_rd *r);
uint32_t cof_rd_u32be(cof_rd *r);
uint64_t cof_rd_u64be(cof_rd *r);

/* Length-prefixed spans, big-endian as TPM and TLS write them. */
cof_span cof_rd_span_u16be(cof_rd *r);
cof_span cof_rd_span_u32be(cof_rd *r);

/* How many bytes there are before the first that is this one: all that are left when none is. Takes nothing. */
size_t cof_rd_find(const cof_rd *r, uint8_t byte);

/* Takes n bytes; false when they are not there, or not all zero. */
bool cof_rd_zeros(cof_rd *r, size_t n);

static inline bool cof_rd_ok(const cof_rd *r)
{
	return !r->failed;
}

/* True when nothing failed and nothing is left. */
static inline bool cof_rd_end(const cof_rd *r)
{
	return !r->failed && r->left == 0;
}
