/* SPDX-License-Identifier: Apache-2.0 */
/* An archive means the same in whatever pieces it comes, and data stays within the sizes that were announced. */
#include "image-decrypt/tar.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

typedef struct seen {
	uint64_t hash, size;
	bool open;
} seen;

static void mix(seen *s, const void *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		s->hash = (s->hash ^ ((const uint8_t *)p)[i]) * 1099511628211u;
}

static int on_entry(void *arg, const cof_tar_entry *e, cof_err *err)
{
	seen *s = arg;
	(void)err;
	if (s->open || e->path[0] == '\0' || strlen(e->path) > COF_TAR_NAME_MAX || e->mode > 07777)
		abort();
	s->open = true;
	s->size = e->size;
	mix(s, e->path, strlen(e->path) + 1);
	mix(s, e->link, strlen(e->link) + 1);
	mix(s, &e->size, sizeof e->size);
	for (size_t i = 0; i < e->n_xattrs; i++)
		mix(s, e->xattrs[i].value.data, e->xattrs[i].value.len);
	return 0;
}

static int on_data(void *arg, uint64_t offset, cof_span in, cof_err *err)
{
	seen *s = arg;
	(void)err;
	if (!s->open || offset > s->size || in.len > s->size - offset)
		abort();
	for (size_t i = 0; i < in.len; i++) {
		uint64_t at = offset + i;
		mix(s, &at, sizeof at);
		mix(s, in.data + i, 1);
	}
	return 0;
}

static int on_done(void *arg, cof_err *err)
{
	seen *s = arg;
	(void)err;
	if (!s->open)
		abort();
	s->open = false;
	return 0;
}

static int run(cof_span in, size_t step, seen *ret)
{
	const cof_tar_sink sink = {ret, on_entry, on_data, on_done};
	COF_AUTO_PTR(cof_tar) t = NULL;
	int r = cof_tar_new(&t, &sink, NULL);
	for (size_t at = 0; r == 0 && at < in.len; at += step)
		r = cof_tar_add(t, cof_span_of(in.data + at, in.len - at < step ? in.len - at : step), NULL);
	return r < 0 ? r : cof_tar_end(t, NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	seen whole = {0}, pieces = {0};
	int a = run(cof_span_of(data, len), len + 1, &whole);
	int b = run(cof_span_of(data, len), 7, &pieces);
	if ((a < 0) != (b < 0) || (a == 0 && whole.hash != pieces.hash))
		abort();
	return 0;
}
