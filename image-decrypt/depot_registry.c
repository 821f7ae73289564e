/* SPDX-License-Identifier: Apache-2.0 */
/* A repository of a registry as a depot. A blob waits in a file without a name until its digest is known. */
#include <stdio.h>

#include "image-decrypt/authfile.h"
#include "image-decrypt/depot_int.h"
#include "image-decrypt/newfile.h"
#include "image-decrypt/registry.h"

/* What one opening of a registry needs until the client has copied it. */
typedef struct opening {
	cof_login who;
	cof_registry_mirror mirrors[COF_MIRRORS_MAX];
	cof_login logins[COF_MIRRORS_MAX];
	char *urls[COF_MIRRORS_MAX];
	size_t n;
} opening;

static void opening_release(opening *o)
{
	cof_login_release(&o->who);
	for (size_t i = 0; i < o->n; i++) {
		free(o->urls[i]);
		cof_login_release(&o->logins[i]);
	}
	*o = (opening){0};
}
COF_DEFINE_AUTO(opening, opening_release)

/* mirror: "HOST[:PORT][/PREFIX]"; its login is its own host's. */
static int add_mirror(opening *o, const char *mirror, const char *repo, cof_span auth, cof_err *err)
{
	size_t n = strcspn(mirror, "/"), at = o->n;
	if (at == COF_MIRRORS_MAX)
		return cof_err_set(err, COF_E_USAGE, "mirror-url", "more than %d mirrors", (int)COF_MIRRORS_MAX);
	COF_AUTO_FREE char *host = strndup(mirror, n);
	if (host == NULL || asprintf(&o->urls[at], "https://%s", mirror) < 0)
		return cof_err_oom(err);
	o->n++;
	o->mirrors[at] = (cof_registry_mirror){o->urls[at], &o->logins[at]};
	return auth.len == 0 ? 0 : cof_authfile_find_at(auth, host, repo, &o->logins[at], err);
}

static int open_registry(cof_depot *p, const cof_depot_opts *o, cof_err *err)
{
	COF_AUTO(opening) with = {0};
	cof_registry *registry = NULL;
	const cof_ref *ref = &p->name.registry;
	int r = o->auth.len == 0 ? 0 : cof_authfile_find(o->auth, ref, &with.who, err);
	for (const char *const *m = o->mirrors; r == 0 && !p->write && m != NULL && *m != NULL; m++)
		r = add_mirror(&with, *m, ref->repo, o->auth, err);
	const cof_registry_opts opts = {.ca_pem = o->ca_pem,
					.resolve = o->resolve,
					.proxy = o->proxy,
					.no_proxy = o->no_proxy,
					.login = &with.who,
					.mirrors = with.mirrors,
					.n_mirrors = with.n,
					.partners = o->partners,
					.push = p->write,
					.sent = o->sent,
					.sent_arg = o->sent_arg};
	if (r == 0)
		r = cof_registry_new(&registry, ref, &opts, err);
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
	return cof_newfile_spool(&b->fd, err);
}

static int send(void *impl, const cof_desc *d, int fd, cof_err *err)
{
	return cof_registry_push_blob(impl, d, fd, err);
}

static int end(void *impl, cof_blob_new *b, const cof_digest *digest, cof_err *err)
{
	const cof_desc d = {.digest = *digest, .size = b->size};
	return send(impl, &d, b->fd, err);
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
	.send = send,
	.put_manifest = put_manifest,
};
