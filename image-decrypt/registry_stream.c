/* SPDX-License-Identifier: Apache-2.0 */
/* Blobs down: in order, counted, resumed where the connection broke, and from the next place where one gives up. */
#include <stdio.h>

#include "common/http_field.h"
#include "image-decrypt/registry_int.h"

enum { STEP_MAX = 64 << 10 };

/* --- what an answer may be --- */

static int too_long(const cof_download *w, cof_err *err)
{
	return cof_err_set(err, COF_E_CRYPTO, "layer-size-mismatch", "more than %llu bytes came",
			   (unsigned long long)w->d->size);
}

static int bad_range(const cof_http_resp *head, cof_err *err)
{
	return cof_err_set(err, COF_E_MALFORMED, "registry-range", "the registry answered %ld with another range",
			   head->status);
}

int cof_download_take(cof_download *w, cof_span chunk, cof_err *err)
{
	w->wrong = chunk.len > w->d->size - w->have;
	if (w->wrong)
		return too_long(w, err);
	int rc = w->sink(w->arg, chunk, err);
	w->broken = rc < 0;
	if (rc == 0)
		w->have += chunk.len;
	return rc;
}

/* The bytes of one tag are one blob's: another tag means that the parts would not fit. Without strong tags, the digest
 * tells at the end. */
static int check_etag(const cof_download *w, const cof_http_resp *head, cof_err *err)
{
	COF_AUTO_FREE char *etag = w->etag == NULL ? NULL : cof_http_header(head, "ETag");
	if (etag != NULL && cof_http_etag_strong(etag) && strcmp(etag, w->etag) != 0)
		return cof_err_set(err, COF_E_CRYPTO, "registry-changed", "the registry goes on with another blob");
	return 0;
}

int cof_download_head(const cof_download *w, const cof_http_resp *head, uint64_t from, bool *ret_whole, cof_err *err)
{
	COF_AUTO_FREE char *field = cof_http_header(head, "Content-Range");
	cof_content_range c;
	int rc = check_etag(w, head, err);
	if (rc < 0)
		return rc;
	*ret_whole = head->status == 200;
	if (*ret_whole)
		return 0;
	if (head->status != 206 || field == NULL || cof_content_range_parse(field, &c, NULL) < 0 || c.from != from)
		return bad_range(head, err);
	if (c.to >= w->d->size || (c.whole != UINT64_MAX && c.whole != w->d->size))
		return cof_err_set(err, COF_E_CRYPTO, "layer-size-mismatch", "the registry's blob has not %llu bytes",
				   (unsigned long long)w->d->size);
	return 0;
}

bool cof_download_moved(const cof_download *w, uint64_t bytes)
{
	uint64_t step = w->d->size / 256;
	return bytes > 0 && bytes >= (step < STEP_MAX ? step : STEP_MAX);
}

/* --- one request --- */

void cof_download_ask(const cof_download *w, uint64_t from, uint64_t to, char *range, char *etag)
{
	range[0] = etag[0] = '\0';
	if (from > 0 && to == UINT64_MAX)
		(void)snprintf(range, COF_RANGE_LINE_MAX, "Range: bytes=%llu-", (unsigned long long)from);
	else if (to != UINT64_MAX)
		(void)snprintf(range, COF_RANGE_LINE_MAX, "Range: bytes=%llu-%llu", (unsigned long long)from,
			       (unsigned long long)to);
	if (range[0] != '\0' && w->etag != NULL)
		(void)snprintf(etag, COF_RANGE_LINE_MAX, "If-Range: %s", w->etag);
}

static int on_begin(void *arg, const cof_http_resp *head, cof_err *err)
{
	cof_download *w = arg;
	bool whole = false;
	int rc = cof_download_head(w, head, w->have, &whole, err);
	w->wrong = rc < 0;
	w->skip = whole ? w->have : 0;
	if (whole)
		w->most = UINT64_MAX;
	w->whole = whole;
	w->ranges = !whole;
	if (rc == 0 && w->etag == NULL) {
		COF_AUTO_FREE char *etag = cof_http_header(head, "ETag");
		if (etag != NULL && cof_http_etag_strong(etag))
			w->etag = cof_steal(&etag);
	}
	return rc;
}

static int on_chunk(void *arg, cof_span chunk, cof_err *err)
{
	cof_download *w = arg;
	size_t skip = chunk.len < w->skip ? chunk.len : (size_t)w->skip;
	w->skip -= skip;
	chunk = (cof_span){chunk.data + skip, chunk.len - skip};
	if (chunk.len == 0)
		return 0;
	if (chunk.len > w->most) {
		w->wrong = true;
		return cof_err_set(err, COF_E_MALFORMED, "registry-range",
				   "the registry gives more than was asked for");
	}
	w->most -= chunk.len;
	return cof_download_take(w, chunk, err);
}

/* A large blob's first part tells whether there can be several at once. */
static bool worth_windows(const cof_download *w)
{
	return w->r->streams > 1 && !w->whole && w->d->size - w->have >= 2 * (uint64_t)COF_WINDOW;
}

static int fetch(cof_download *w, cof_http_resp *ret, cof_err *err)
{
	char range[COF_RANGE_LINE_MAX], etag[COF_RANGE_LINE_MAX];
	bool part = worth_windows(w);
	cof_download_ask(w, w->have, part ? w->have + COF_WINDOW - 1 : UINT64_MAX, range, etag);
	w->most = part ? COF_WINDOW : UINT64_MAX;
	const char *const headers[] = {range[0] != '\0' ? range : NULL, etag[0] != '\0' ? etag : NULL, NULL};
	const cof_http_req req = {.method = "GET", .url = w->url, .begin = on_begin, .sink = on_chunk, .sink_arg = w};
	int rc = cof_registry_do(w->r, w->place, &req, headers, ret, err);
	free(w->direct);
	w->direct = rc == 0 ? cof_steal(&ret->moved) : NULL;
	return rc;
}

/* --- until it is there --- */

static int step(cof_download *w, cof_http_resp *ret, cof_err *err)
{
	if (!w->ranges || !worth_windows(w))
		return fetch(w, ret, err);
	ret->status = 206;
	return cof_download_windows(w, err);
}

static int short_of(const cof_download *w, cof_err *err)
{
	return cof_err_set(err, COF_E_CRYPTO, "layer-size-mismatch", "%llu bytes came, not %llu",
			   (unsigned long long)w->have, (unsigned long long)w->d->size);
}

/* Patience is measured in progress: a place that gives next to nothing each time is left in the end. */
static int run(cof_download *w, cof_err *err)
{
	unsigned attempt = w->place == cof_registry_home(w->r) ? 0 : w->r->retries - 1;
	while (w->have < w->d->size) {
		COF_AUTO(cof_http_resp) resp = {0};
		uint64_t before = w->have;
		int rc = step(w, &resp, err);
		bool good = rc == 0 && (resp.status == 200 || resp.status == 206);
		if (w->broken || w->wrong)
			return rc;
		if (w->have == w->d->size)
			return 0; /* also when only the end of the answer was cut off */
		if (good && resp.status == 200)
			return short_of(w, err);
		if (cof_download_moved(w, w->have - before))
			attempt = 0;
		else if (good && ++attempt > w->r->retries)
			return short_of(w, err);
		if (!good && !cof_registry_again(w->r, &attempt, &resp, rc))
			return rc < 0 ? rc : cof_registry_status(&resp, "a blob", err);
	}
	return 0;
}

static int run_at(cof_download *w, cof_place *p, cof_err *err)
{
	char digest[COF_DIGEST_STR_MAX];
	cof_digest_str(&w->d->digest, digest);
	w->place = p;
	w->ranges = w->whole = w->wrong = false;
	int rc = asprintf(&w->url, "%s/blobs/%s%s", p->base, digest, p->query) < 0 ? cof_err_oom(err) : run(w, err);
	free(cof_steal(&w->url));
	free(cof_steal(&w->direct));
	free(cof_steal(&w->etag));
	return rc;
}

int cof_registry_stream(void *arg, const cof_desc *d, cof_sink sink, void *sink_arg, cof_err *err)
{
	cof_registry *r = arg;
	cof_download w = {.r = r, .d = d, .sink = sink, .arg = sink_arg};
	for (size_t i = 0; i + 1 < r->n_places; i++) {
		cof_place *p = &r->places[i];
		cof_err why = {0};
		if (atomic_load(&p->down))
			continue;
		int rc = run_at(&w, p, &why);
		if (rc < 0 && w.broken && err != NULL)
			*err = why;
		if (rc == 0 || w.broken)
			return rc;
		if (!cof_err_is(&why, "registry-not-found"))
			atomic_store(&p->down, true);
	}
	return run_at(&w, cof_registry_home(r), err);
}

/* --- with its digest --- */

typedef struct checked {
	cof_hasher *hasher;
	cof_sink sink;
	void *arg;
} checked;

static int on_checked(void *arg, cof_span chunk, cof_err *err)
{
	checked *c = arg;
	int rc = cof_hasher_add(c->hasher, chunk, err);
	return rc < 0 ? rc : c->sink(c->arg, chunk, err);
}

int cof_registry_blob(cof_registry *r, const cof_desc *d, cof_sink sink, void *arg, cof_err *err)
{
	COF_AUTO_PTR(cof_hasher) hasher = NULL;
	cof_digest found;
	int rc = cof_hasher_new(&hasher, d->digest.alg, err);
	checked c = {hasher, sink, arg};
	if (rc == 0)
		rc = cof_registry_stream(r, d, on_checked, &c, err);
	if (rc == 0)
		rc = cof_hasher_end(hasher, &found, err);
	if (rc == 0 && !cof_digest_equal(&found, &d->digest))
		rc = cof_err_set(err, COF_E_CRYPTO, "layer-digest-mismatch",
				 "the registry's bytes are not the ones asked for");
	return rc;
}
