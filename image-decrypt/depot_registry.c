/* SPDX-License-Identifier: Apache-2.0 */
/* A repository of a registry as a depot. A blob waits in a file without a name until its digest is known. */
#include "image-decrypt/depot_int.h"
#include "image-decrypt/registry.h"
#include "image-decrypt/spool.h"

typedef struct login {
	char *user;
	cof_secret password;
} login;

static void login_release(login *l)
{
	free(l->user);
	cof_secret_release(&l->password);
	*l = (login){0};
}
COF_DEFINE_AUTO(login, login_release)

/* source: docker's config.json: {"auths": {HOST: {"auth": base64(USER:PASSWORD)}}} */
static int read_login(cof_span file, const char *host, login *ret, cof_err *err)
{
	COF_AUTO_PTR(json_t) doc = NULL;
	COF_AUTO(cof_buf) text = {0};
	if (file.len == 0)
		return 0;
	int r = cof_json_parse(file, &doc, err);
	if (r == 0)
		r = cof_json_b64(json_object_get(json_object_get(doc, "auths"), host), "auth", &text, err);
	if (r < 0)
		return cof_err_wrap(err, "credentials for %s", host);
	const char *colon = strchr(cof_buf_str(&text), ':');
	size_t n = colon == NULL ? 0 : (size_t)(colon - cof_buf_str(&text));
	ret->user = cof_span_dup_str(cof_span_of(text.data, n));
	if (n == 0 || ret->user == NULL)
		r = cof_err_set(err, COF_E_MALFORMED, "auth-malformed", "there is no USER:PASSWORD for %s", host);
	else
		r = cof_secret_from(&ret->password, cof_span_of(text.data + n + 1, text.len - n - 1), err);
	cof_buf_wipe(&text);
	return r;
}

static int open_registry(cof_depot *p, const cof_depot_opts *o, cof_err *err)
{
	COF_AUTO(login) who = {0};
	cof_registry *registry = NULL;
	int r = read_login(o->auth, p->name.registry.host, &who, err);
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
