/* SPDX-License-Identifier: Apache-2.0 */
#include "image-decrypt/depot.h"

#include <stdio.h>

#include "common/file.h"
#include "image-decrypt/depot_int.h"

static const cof_depot_ops *const kinds[] = {
	[COF_DEPOT_LAYOUT] = &cof_depot_layout,
	[COF_DEPOT_OCI_ARCHIVE] = &cof_depot_oci_archive,
	[COF_DEPOT_DOCKER_ARCHIVE] = &cof_depot_docker_archive,
	[COF_DEPOT_REGISTRY] = &cof_depot_registry,
};

void cof_depot_free(cof_depot *p)
{
	if (p->impl != NULL)
		p->ops->free(p->impl);
	cof_image_name_release(&p->name);
	free(p);
}

static int copy_name(cof_depot *p, const cof_image_name *n, cof_err *err)
{
	p->name = *n;
	p->name.path = n->path == NULL ? NULL : strdup(n->path);
	if (n->path != NULL && p->name.path == NULL)
		return cof_err_oom(err);
	if (n->has_digest)
		cof_digest_str(&n->digest, p->wanted);
	else
		(void)snprintf(p->wanted, sizeof p->wanted, "%s", n->tag);
	return 0;
}

int cof_depot_open(cof_depot **ret, const cof_image_name *n, bool write, const cof_depot_opts *opts, cof_err *err)
{
	static const cof_depot_opts none = {0};
	COF_AUTO_PTR(cof_depot) p = calloc(1, sizeof *p);
	if (p == NULL)
		return cof_err_oom(err);
	p->ops = kinds[n->kind];
	p->write = write;
	if (write && p->ops->begin == NULL)
		return cof_err_set(err, COF_E_USAGE, "depot-read-only", "%s: this kind of archive can only be read",
				   n->path);
	int r = copy_name(p, n, err);
	if (r == 0)
		r = p->ops->open(p, opts != NULL ? opts : &none, err);
	if (r < 0)
		return r;
	*ret = cof_steal(&p);
	return 0;
}

cof_image_source cof_depot_source(cof_depot *p)
{
	return p->ops->source(p->impl);
}

const char *cof_depot_wanted(const cof_depot *p)
{
	return p->wanted;
}

const char *cof_depot_tag(const cof_depot *p)
{
	if (p->name.tag[0] != '\0')
		return p->name.tag;
	return p->name.has_digest ? NULL : "latest";
}

/* --- writing --- */

int cof_depot_has(cof_depot *p, const cof_desc *d, bool *ret, cof_err *err)
{
	return p->ops->has(p->impl, d, ret, err);
}

int cof_blob_begin(cof_depot *p, cof_blob_new **ret, cof_err *err)
{
	cof_blob_new *b = calloc(1, sizeof *b);
	if (b == NULL)
		return cof_err_oom(err);
	*b = (cof_blob_new){.depot = p, .fd = -EBADF};
	int r = p->ops->begin(p->impl, b, err);
	if (r < 0)
		cof_blob_free(b);
	else
		*ret = b;
	return r;
}

int cof_blob_add(void *arg, cof_span chunk, cof_err *err)
{
	cof_blob_new *b = arg;
	b->size += chunk.len;
	return cof_fd_write_all(b->fd, chunk, err);
}

int cof_blob_end(cof_blob_new *b, const cof_digest *d, cof_err *err)
{
	int r = b->depot->ops->end(b->depot->impl, b, d, err);
	b->ended = r == 0;
	return r;
}

void cof_blob_free(cof_blob_new *b)
{
	b->depot->ops->forget(b->depot->impl, b);
	free(b);
}

bool cof_depot_direct(const cof_depot *from, const cof_depot *to)
{
	return from->ops->file != NULL && to->ops->send != NULL;
}

int cof_depot_send(cof_depot *from, cof_depot *to, const cof_desc *d, cof_err *err)
{
	int opened = -EBADF;
	int r = from->ops->file(from->impl, d, &opened, err);
	COF_AUTO_FD int fd = opened;
	return r < 0 ? r : to->ops->send(to->impl, d, fd, err);
}

int cof_depot_put(cof_depot *p, cof_span bytes, cof_digest *ret, cof_err *err)
{
	COF_AUTO_PTR(cof_blob_new) b = NULL;
	cof_digest d;
	int r = cof_digest_of(COF_SHA256, bytes, &d, err);
	if (r == 0)
		r = cof_blob_begin(p, &b, err);
	if (r == 0)
		r = cof_blob_add(b, bytes, err);
	if (r == 0)
		r = cof_blob_end(b, &d, err);
	if (r == 0)
		*ret = d;
	return r;
}

int cof_depot_put_manifest(cof_depot *p, const char *media_type, cof_span body, const char *tag, cof_digest *ret,
			   cof_err *err)
{
	cof_digest d;
	int r = cof_digest_of(COF_SHA256, body, &d, err);
	if (r == 0)
		r = p->ops->put_manifest(p->impl, media_type, body, tag, &d, err);
	if (r == 0)
		*ret = d;
	return r;
}

int cof_depot_close(cof_depot *p, cof_err *err)
{
	return p->ops->close == NULL ? 0 : p->ops->close(p->impl, err);
}
