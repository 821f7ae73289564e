/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/vm/ring.h"

#include <errno.h>
#include <unistd.h>

enum { CHUNK = 8192, CHUNKS_MAX = 32 };

int cof_ring_new(cof_ring *ret, size_t cap, cof_err *err)
{
	uint8_t *data = malloc(cap);
	if (data == NULL)
		return cof_err_oom(err);
	*ret = (cof_ring){data, cap, 0};
	return 0;
}

void cof_ring_release(cof_ring *r)
{
	free(r->data);
	*r = (cof_ring){0};
}

void cof_ring_put(cof_ring *r, cof_span in)
{
	if (r->cap == 0)
		return;
	if (in.len > r->cap) {
		r->total += in.len - r->cap;
		in = cof_span_of(in.data + (in.len - r->cap), r->cap);
	}
	size_t at = (size_t)(r->total % r->cap);
	size_t first = r->cap - at < in.len ? r->cap - at : in.len;
	if (in.len > 0) {
		memcpy(r->data + at, in.data, first);
		memcpy(r->data, in.data + first, in.len - first);
	}
	r->total += in.len;
}

int cof_ring_tail(const cof_ring *r, size_t max, cof_buf *ret, cof_err *err)
{
	size_t kept = r->total < r->cap ? (size_t)r->total : r->cap;
	size_t want = max < kept ? max : kept;
	if (want == 0)
		return 0;
	size_t at = (size_t)((r->total - want) % r->cap);
	size_t first = r->cap - at < want ? r->cap - at : want;
	int res = cof_buf_add(ret, r->data + at, first, err);
	return res < 0 ? res : cof_buf_add(ret, r->data, want - first, err);
}

/* The bound keeps one flooding guest from holding the event loop. */
bool cof_ring_drain(cof_ring *r, int fd)
{
	uint8_t chunk[CHUNK];
	for (int i = 0; i < CHUNKS_MAX; i++) {
		ssize_t n = read(fd, chunk, sizeof chunk);
		if (n < 0)
			return errno == EAGAIN || errno == EINTR;
		if (n == 0)
			return false;
		cof_ring_put(r, cof_span_of(chunk, (size_t)n));
	}
	return true;
}
