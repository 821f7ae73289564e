/* SPDX-License-Identifier: Apache-2.0 */
/* The last bytes of an endless stream, in fixed memory: a guest's console may print for ever (threat T-92). */
#pragma once

#include <stdbool.h>

#include "common/buf.h"

typedef struct cof_ring {
	uint8_t *data;
	size_t cap;
	uint64_t total; /* bytes ever put in */
} cof_ring;

COF_WUR int cof_ring_new(cof_ring *ret, size_t cap, cof_err *err);
void cof_ring_release(cof_ring *r);
COF_DEFINE_AUTO(cof_ring, cof_ring_release)

void cof_ring_put(cof_ring *r, cof_span in);
/* Appends the last max bytes (or all that are kept) in order. */
COF_WUR int cof_ring_tail(const cof_ring *r, size_t max, cof_buf *ret, cof_err *err);
/* Reads fd (non-blocking) until it would block, at most a bounded amount; false at its end. */
bool cof_ring_drain(cof_ring *r, int fd);
