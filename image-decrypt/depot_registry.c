/* SPDX-License-Identifier: Apache-2.0 */
/* A repository of a registry as a depot. A blob waits in a file without a name until its digest is known. */
#include "image-decrypt/authfile.h"
#include "image-decrypt/depot_int.h"
#include "image-decrypt/registry.h"
#include "image-decrypt/spool.h"

static int open_registry(cof_depot *p, const cof_depot_opts *o, cof_err *err)
{
	COF_AUTO(cof_login) who = {0};
	cof_registry *registry = NULL;
	int r = o->auth.len == 0 ? 0 : cof_authfile_find(o->auth, &p->name.registry, &who, err);
	const cof_registry_opts opts = {.ca_pem = o->ca_pem,
					.resolve = o->resolve,
					.proxy = o->proxy,
					.user = who.user,
					.password = who.user != NULL ? &who.password : NULL,
					.push = p->write};
	if (r == 0)
		r = cof_registry_new(&registry, &p->name.registry, &opts, err);
	p->impl = registry;
	return r;
}

static void free_registry(void *impl)
{
	cof_registry_free(impl);
}

static cof_image_source source(void *impl)
{
	return cof_registry_source(impl);
}

static int has(void *impl, const cof_desc *d, bool *ret, cof_err *err)
{
	return cof_registry_has_blob(impl, d, ret, err);
}

static int begin(void *impl, cof_blob_new *b, cof_err *err)
{
	(void)impl;
	return cof_spool_open(&b->fd, err);
}

static int end(void *impl, cof_blob_new *b, const cof_digest *digest, cof_err *err)
{
	const cof_desc d = {.digest = *digest, .size = b->size};
	return cof_registry_push_blob(impl, &d, b->fd, err);
}

static void forget(void *impl, cof_blob_new *b)
{
	(void)impl;
	cof_fd_close(&b->fd);
}

static int put_manifest(void *impl, const char *media_type, cof_span body, const char *tag, const cof_digest *d,
			cof_err *err)
{
	char digest[COF_DIGEST_STR_MAX];
	cof_digest_str(d, digest);
	return cof_registry_push_manifest(impl, tag != NULL ? tag : digest, media_type, body, err);
}

const cof_depot_ops cof_depot_registry = {
	.open = open_registry,
	.free = free_registry,
	.source = source,
	.has = has,
	.begin = begin,
	.end = end,
	.forget = forget,
	.put_manifest = put_manifest,
};
