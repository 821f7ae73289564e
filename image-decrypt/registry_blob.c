/* SPDX-License-Identifier: Apache-2.0 */
/* Blobs down: in order, resumed where the connection broke, counted and hashed on the way. */
#include <stdio.h>

#include "image-decrypt/registry_int.h"

typedef struct download {
	const cof_desc *d;
	cof_hasher *hasher;
	cof_sink sink;
	void *arg;
	uint64_t have; /* bytes that sink has */
	uint64_t skip; /* of this answer: a registry that ignores Range starts at zero */
	bool broken;   /* sink or a check said no: never asked again */
} download;

static int too_long(const download *w, cof_err *err)
{
	return cof_err_set(err, COF_E_CRYPTO, "layer-size-mismatch", "more than %llu bytes came",
			   (unsigned long long)w->d->size);
}

static int hand_on(download *w, cof_span chunk, cof_err *err)
{
	if (chunk.len > w->d->size - w->have)
		return too_long(w, err);
	int rc = cof_hasher_add(w->hasher, chunk, err);
	if (rc == 0)
		rc = w->sink(w->arg, chunk, err);
	w->have += chunk.len;
	return rc;
}

static int on_chunk(void *arg, cof_span chunk, cof_err *err)
{
	download *w = arg;
	size_t skip = chunk.len < w->skip ? chunk.len : (size_t)w->skip;
	w->skip -= skip;
	if (skip == chunk.len)
		return 0;
	int rc = hand_on(w, (cof_span){chunk.data + skip, chunk.len - skip}, err);
	w->broken = rc < 0;
	return rc;
}

static bool range_kept(const cof_http_resp *head, uint64_t from)
{
	char want[64];
	COF_AUTO_FREE char *got = cof_http_header(head, "Content-Range");
	(void)snprintf(want, sizeof want, "bytes %llu-", (unsigned long long)from);
	return got != NULL && strncmp(got, want, strlen(want)) == 0;
}

/* 200 is the whole blob again; 206 must go on exactly where we are. */
static int on_begin(void *arg, const cof_http_resp *head, cof_err *err)
{
	download *w = arg;
	w->skip = head->status == 200 ? w->have : 0;
	if (head->status == 200 || (head->status == 206 && range_kept(head, w->have)))
		return 0;
	w->broken = true;
	return cof_err_set(err, COF_E_MALFORMED, "registry-range", "the registry answered %ld with another range",
			   head->status);
}

static int fetch(cof_registry *r, download *w, const char *url, cof_http_resp *ret, cof_err *err)
{
	char range[64];
	const char *const headers[] = {w->have > 0 ? range : NULL, NULL};
	(void)snprintf(range, sizeof range, "Range: bytes=%llu-", (unsigned long long)w->have);
	const cof_http_req req = {.method = "GET", .url = url, .begin = on_begin, .sink = on_chunk, .sink_arg = w};
	return cof_registry_do(r, &req, headers, ret, err);
}

static int finish(download *w, cof_err *err)
{
	cof_digest found;
	if (w->have != w->d->size)
		return cof_err_set(err, COF_E_CRYPTO, "layer-size-mismatch", "%llu bytes came, not %llu",
				   (unsigned long long)w->have, (unsigned long long)w->d->size);
	int rc = cof_hasher_end(w->hasher, &found, err);
	if (rc == 0 && !cof_digest_equal(&found, &w->d->digest))
		return cof_err_set(err, COF_E_CRYPTO, "layer-digest-mismatch",
				   "the registry's bytes are not the ones asked for");
	return rc;
}

static int run(cof_registry *r, download *w, const char *url, cof_err *err)
{
	for (unsigned attempt = 0;; attempt++) {
		COF_AUTO(cof_http_resp) resp = {0};
		uint64_t before = w->have;
		int rc = fetch(r, w, url, &resp, err);
		if (rc == 0 && (resp.status == 200 || resp.status == 206))
			return finish(w, err);
		if (w->have > before)
			attempt = 0; /* it moves: the deadline is extended by progress */
		if (w->broken || attempt >= r->retries || !cof_registry_may_pass(&resp, rc))
			return rc < 0 ? rc : cof_registry_status(&resp, "a blob", err);
		cof_registry_pause(attempt);
	}
}

int cof_registry_blob(cof_registry *r, const cof_desc *d, cof_sink sink, void *arg, cof_err *err)
{
	COF_AUTO_FREE char *url = NULL;
	COF_AUTO_PTR(cof_hasher) hasher = NULL;
	char digest[COF_DIGEST_STR_MAX];
	cof_digest_str(&d->digest, digest);
	if (asprintf(&url, "%s/blobs/%s", r->base, digest) < 0)
		return cof_err_oom(err);
	int rc = cof_hasher_new(&hasher, d->digest.alg, err);
	download w = {.d = d, .hasher = hasher, .sink = sink, .arg = arg};
	return rc < 0 ? rc : run(r, &w, url, err);
}
