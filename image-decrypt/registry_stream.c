/* SPDX-License-Identifier: Apache-2.0 */
/* Blobs down: in order, counted, resumed where the connection broke, and from the next place where one gives up. */
#include <stdio.h>

#include "common/clock.h"
#include "common/http_field.h"
#include "image-decrypt/registry_int.h"

enum {
	STEP_MAX = 64 << 10,
	SAMPLE = 8 << 20,
	SPLIT_MIN = 16 << 20,
	SLOW = 64 << 10, /* bytes a millisecond */
};

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

/* --- one stream, or several --- */

/* What is in flight at once is the windows; each is over after the first byte's time and its own at this pace. */
static bool several_are_faster(const cof_download *w, uint64_t bytes, int64_t ms)
{
	double pace = (double)bytes / (double)(ms > 0 ? ms : 1);
	double wait = (double)w->pace.first_ms + COF_WINDOW / pace;
	return pace < SLOW && (double)w->r->streams * COF_WINDOW / wait > pace * 3 / 2;
}

/* Where one stream is fast, more of them only cost: asking again has its price on both sides. So one is begun, and
 * looked at once it has passed its slow start. */
static bool judge_pace(cof_download *w)
{
	cof_pace *p = &w->pace;
	if (w->r->eager || p->judged || p->got < SAMPLE / 2)
		return false;
	int64_t ms = cof_now_ms() - p->began_ms - p->sink_ms;
	if (p->half_ms == 0)
		p->half_ms = ms;
	if (p->got < SAMPLE)
		return false;
	p->judged = true;
	return w->ranges && w->r->streams > 1 && w->d->size - w->have >= SPLIT_MIN &&
	       several_are_faster(w, SAMPLE / 2, ms - p->half_ms);
}

static int hand_on(cof_download *w, cof_span chunk, cof_err *err)
{
	int64_t since = cof_now_ms();
	int rc = cof_download_take(w, chunk, err);
	w->pace.sink_ms += cof_now_ms() - since;
	w->pace.got += chunk.len;
	if (rc < 0 || !judge_pace(w))
		return rc;
	w->windows = w->split = true;
	return cof_err_set(err, COF_E_UNAVAILABLE, "registry-slow", "one stream is too slow");
}

/* --- one request's answer --- */

static char *strong_etag(const cof_http_resp *head)
{
	COF_AUTO_FREE char *etag = cof_http_header(head, "ETag");
	return etag != NULL && cof_http_etag_strong(etag) ? cof_steal(&etag) : NULL;
}

static bool keeps_ranges(const cof_http_resp *head)
{
	COF_AUTO_FREE char *accepts = cof_http_header(head, "Accept-Ranges");
	return head->status == 206 || (accepts != NULL && strcmp(accepts, "bytes") == 0);
}

static int on_begin(void *arg, const cof_http_resp *head, cof_err *err)
{
	cof_download *w = arg;
	bool whole = false;
	int rc = cof_download_head(w, head, w->have, &whole, err);
	w->wrong = rc < 0;
	if (rc < 0)
		return rc;
	w->skip = whole ? w->have : 0;
	w->whole = whole && (w->have > 0 || w->most != UINT64_MAX); /* a part was asked for */
	if (whole)
		w->most = UINT64_MAX;
	w->ranges = keeps_ranges(head);
	w->windows = w->r->eager && head->status == 206;
	w->pace.first_ms = cof_now_ms() - w->pace.began_ms;
	free(w->direct);
	w->direct = head->moved == NULL ? NULL : strdup(head->moved);
	if (w->etag == NULL)
		w->etag = strong_etag(head);
	return 0;
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
	return hand_on(w, chunk, err);
}

static bool worth_windows(const cof_download *w)
{
	return w->r->streams > 1 && !w->whole && w->d->size - w->have >= 2 * (uint64_t)COF_WINDOW;
}

/* When several shall be, a first part tells whether there can be. */
static int fetch(cof_download *w, cof_http_resp *ret, cof_err *err)
{
	char range[COF_RANGE_LINE_MAX], etag[COF_RANGE_LINE_MAX];
	bool part = w->r->eager && worth_windows(w);
	cof_download_ask(w, w->have, part ? w->have + COF_WINDOW - 1 : UINT64_MAX, range, etag);
	w->most = part ? COF_WINDOW : UINT64_MAX;
	w->split = false;
	w->pace = (cof_pace){.began_ms = cof_now_ms()};
	const char *const headers[] = {range[0] != '\0' ? range : NULL, etag[0] != '\0' ? etag : NULL, NULL};
	const cof_http_req req = {.method = "GET", .url = w->url, .begin = on_begin, .sink = on_chunk, .sink_arg = w};
	return cof_registry_do(w->r, w->place, &req, headers, ret, err);
}

/* --- until it is there --- */

static int step(cof_download *w, cof_http_resp *ret, cof_err *err)
{
	if (!w->windows || !worth_windows(w))
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
		if (w->split) {
			w->split = false;
			continue;
		}
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
	w->windows = w->whole = w->wrong = false;
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
