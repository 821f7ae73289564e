/* SPDX-License-Identifier: Apache-2.0 */
/* A folder as a depot. */
#include "image-decrypt/depot_int.h"
#include "image-decrypt/layout.h"

static int open_layout(cof_depot *p, const cof_depot_opts *opts, cof_err *err)
{
	cof_layout *l = NULL;
	(void)opts;
	int r = cof_layout_open(&l, p->name.path, p->write, err);
	p->impl = l;
	return r;
}

static void free_layout(void *impl)
{
	cof_layout_free(impl);
}

static cof_image_source source(void *impl)
{
	return cof_layout_source(impl);
}

/* The name of a file says what it was when it was written; a damaged one is mended by writing it again. */
static int has(void *impl, const cof_desc *d, bool *ret, cof_err *err)
{
	int fd = -EBADF;
	(void)err;
	*ret = cof_layout_blob(impl, &d->digest, &fd, NULL) == 0 && lseek(fd, 0, SEEK_END) == (off_t)d->size;
	cof_fd_close(&fd);
	return 0;
}

static int begin(void *impl, cof_blob_new *b, cof_err *err)
{
	cof_newfile *n = calloc(1, sizeof *n);
	if (n == NULL)
		return cof_err_oom(err);
	*n = COF_NEWFILE_NONE;
	b->own = n;
	int r = cof_layout_begin(impl, n, err);
	b->fd = n->fd;
	return r;
}

static int end(void *impl, cof_blob_new *b, const cof_digest *d, cof_err *err)
{
	return cof_layout_commit(impl, b->own, d, err);
}

static void forget(void *impl, cof_blob_new *b)
{
	(void)impl;
	if (b->own != NULL)
		cof_newfile_release(b->own);
	free(b->own);
}

static int file(void *impl, const cof_desc *d, int *ret_fd, cof_err *err)
{
	return cof_layout_blob(impl, &d->digest, ret_fd, err);
}

static int put_manifest(void *impl, const char *media_type, cof_span body, const char *tag, const cof_digest *d,
			cof_err *err)
{
	cof_digest same;
	int r = cof_layout_put(impl, body, &same, err);
	return r < 0 || tag == NULL ? r : cof_layout_tag(impl, tag, media_type, d, body.len, err);
}

const cof_depot_ops cof_depot_layout = {
	.open = open_layout,
	.free = free_layout,
	.source = source,
	.has = has,
	.begin = begin,
	.end = end,
	.forget = forget,
	.file = file,
	.put_manifest = put_manifest,
};
