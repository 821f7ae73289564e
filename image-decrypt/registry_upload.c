/* SPDX-License-Identifier: Apache-2.0 */
/* Blobs and manifests up. spec: OCI distribution-spec "Push": POST for a place, PUT with the digest. */
#include <stdio.h>
#include <unistd.h>

#include "image-decrypt/registry_int.h"

typedef struct upload {
	cof_registry *r;
	int fd;
	uint64_t left;
} upload;

static long on_source(void *arg, void *buf, size_t len, cof_err *err)
{
	upload *u = arg;
	for (;;) {
		ssize_t n = read(u->fd, buf, len < u->left ? len : (size_t)u->left);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return cof_err_sys(err, "read-failed", "a blob");
		if (n == 0 && u->left > 0)
			return cof_err_set(err, COF_E_CRYPTO, "layer-size-mismatch", "a blob lost its last bytes");
		u->left -= (uint64_t)n;
		if (u->r->sent != NULL)
			u->r->sent(u->r->sent_arg, (uint64_t)n);
		return n;
	}
}

static int has_blob(cof_registry *r, const char *digest, bool *ret, cof_http_resp *resp, cof_err *err)
{
	COF_AUTO_FREE char *url = NULL;
	if (asprintf(&url, "%s/blobs/%s", cof_registry_home(r)->base, digest) < 0)
		return cof_err_oom(err);
	const cof_http_req req = {.method = "HEAD", .url = url};
	int rc = cof_registry_do(r, cof_registry_home(r), &req, NULL, resp, err);
	if (rc < 0)
		return rc;
	*ret = resp->status == 200;
	return *ret || resp->status == 404 ? 0 : cof_registry_status(resp, "a blob", err);
}

int cof_registry_has_blob(cof_registry *r, const cof_desc *d, bool *ret, cof_err *err)
{
	char digest[COF_DIGEST_STR_MAX];
	cof_digest_str(&d->digest, digest);
	for (unsigned attempt = 0;;) {
		COF_AUTO(cof_http_resp) resp = {0};
		int rc = has_blob(r, digest, ret, &resp, err);
		if (rc == 0 || !cof_registry_again(r, &attempt, &resp, resp.status != 0 ? 0 : rc))
			return rc;
	}
}

/* Our rights and the blob must not follow to a stranger. */
static int place_url(cof_registry *r, const char *url, const char *location, const char *digest, char **ret,
		     cof_err *err)
{
	COF_AUTO_FREE char *to = NULL;
	cof_origin o;
	if (cof_url_follow(url, location, &to, NULL) < 0 || cof_origin_of(to, &o, NULL) < 0 ||
	    !cof_origin_equal(&o, &cof_registry_home(r)->origin))
		return cof_err_set(err, COF_E_MALFORMED, "registry-location",
				   "the registry's upload place is not its own by https");
	to[strcspn(to, "#")] = '\0';
	char join = strchr(to, '?') != NULL ? '&' : '?';
	return asprintf(ret, "%s%cdigest=%s", to, join, digest) < 0 ? cof_err_oom(err) : 0;
}

static int open_place(cof_registry *r, const char *digest, char **ret, cof_http_resp *resp, cof_err *err)
{
	COF_AUTO_FREE char *url = NULL;
	if (asprintf(&url, "%s/blobs/uploads/", cof_registry_home(r)->base) < 0)
		return cof_err_oom(err);
	const cof_http_req req = {.method = "POST", .url = url, .max_body = COF_MANIFEST_MAX};
	int rc = cof_registry_do(r, cof_registry_home(r), &req, NULL, resp, err);
	if (rc < 0)
		return rc;
	if (resp->status != 202)
		return cof_registry_status(resp, "an upload", err);
	COF_AUTO_FREE char *location = cof_http_header(resp, "Location");
	if (location == NULL)
		return cof_err_set(err, COF_E_MALFORMED, "registry-location", "the registry names no upload place");
	return place_url(r, url, location, digest, ret, err);
}

static int put_once(cof_registry *r, const cof_desc *d, const char *url, int fd, cof_http_resp *ret, cof_err *err)
{
	static const char *const headers[] = {"Content-Type: application/octet-stream", NULL};
	upload u = {r, fd, d->size};
	if (lseek(fd, 0, SEEK_SET) < 0)
		return cof_err_sys(err, "read-failed", "a blob");
	const cof_http_req req = {.method = "PUT",
				  .url = url,
				  .source = on_source,
				  .source_len = (size_t)d->size,
				  .source_arg = &u,
				  .max_body = COF_MANIFEST_MAX};
	return cof_registry_do(r, cof_registry_home(r), &req, headers, ret, err);
}

static int put_blob(cof_registry *r, const cof_desc *d, const char *url, int fd, cof_http_resp *resp, cof_err *err)
{
	int rc = put_once(r, d, url, fd, resp, err);
	if (rc == 0 && resp->status == 401) /* the right ended since the place was given */
		rc = put_once(r, d, url, fd, resp, err);
	return rc == 0 && resp->status != 201 ? cof_registry_status(resp, "an upload", err) : rc;
}

/* resp is of the step that failed. */
static int push_once(cof_registry *r, const cof_desc *d, int fd, cof_http_resp *resp, cof_err *err)
{
	COF_AUTO_FREE char *url = NULL;
	char digest[COF_DIGEST_STR_MAX];
	bool there = false;
	cof_digest_str(&d->digest, digest);
	int rc = has_blob(r, digest, &there, resp, err);
	if (rc < 0 || there)
		return rc;
	rc = open_place(r, digest, &url, resp, err);
	return rc < 0 ? rc : put_blob(r, d, url, fd, resp, err);
}

/* An upload that broke is begun again; what arrived nevertheless is found there. */
int cof_registry_push_blob(cof_registry *r, const cof_desc *d, int fd, cof_err *err)
{
	for (unsigned attempt = 0;;) {
		COF_AUTO(cof_http_resp) resp = {0};
		int rc = push_once(r, d, fd, &resp, err);
		bool answered = resp.status != 0;
		if (rc == 0 || !cof_registry_again(r, &attempt, &resp, answered ? 0 : rc))
			return rc;
	}
}

int cof_registry_push_manifest(cof_registry *r, const char *name, const char *media_type, cof_span body, cof_err *err)
{
	COF_AUTO_FREE char *url = NULL;
	COF_AUTO_FREE char *type = NULL;
	if (asprintf(&url, "%s/manifests/%s", cof_registry_home(r)->base, name) < 0 ||
	    asprintf(&type, "Content-Type: %s", media_type) < 0)
		return cof_err_oom(err);
	const char *const headers[] = {type, NULL};
	const cof_http_req req = {.method = "PUT", .url = url, .body = body, .max_body = COF_MANIFEST_MAX};
	for (unsigned attempt = 0;;) {
		COF_AUTO(cof_http_resp) resp = {0};
		int rc = cof_registry_do(r, cof_registry_home(r), &req, headers, &resp, err);
		if (rc == 0 && resp.status == 201)
			return 0;
		if (!cof_registry_again(r, &attempt, &resp, rc))
			return rc < 0 ? rc : cof_registry_status(&resp, "a manifest", err);
	}
}
