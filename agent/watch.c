/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/watch.h"

#include <time.h>

#include "common/json.h"

typedef struct watcher {
	uint64_t seq;
	cof_watch_done done; /* NULL: free */
	void *arg;
} watcher;

struct cof_watch {
	struct event *news;
	json_t *state;
	uint64_t seq;
	bool failed;
	watcher waiting[COF_WATCHERS_MAX];
};

static const char *const phase_names[] = {
	[COF_PHASE_BOOT] = "boot",     [COF_PHASE_ATTEST] = "attest",	[COF_PHASE_PULL] = "pull",
	[COF_PHASE_START] = "start",   [COF_PHASE_RUNNING] = "running", [COF_PHASE_EXITED] = "exited",
	[COF_PHASE_FAILED] = "failed",
};

static void answer(cof_watch *w, watcher *who)
{
	watcher taken = *who;
	COF_AUTO_FREE char *text = json_dumps(w->state, JSON_COMPACT);
	*who = (watcher){0};
	taken.done(taken.arg, w->seq, text == NULL ? "{}" : text, NULL);
}

/* Changes of one turn of the loop go out as one answer. */
static void on_news(evutil_socket_t fd, short what, void *arg)
{
	cof_watch *w = arg;
	(void)fd;
	(void)what;
	for (size_t i = 0; i < COF_WATCHERS_MAX; i++)
		if (w->waiting[i].done != NULL && w->waiting[i].seq < w->seq)
			answer(w, &w->waiting[i]);
}

static void changed(cof_watch *w)
{
	w->seq++;
	event_active(w->news, EV_TIMEOUT, 0);
}

int cof_watch_new(cof_watch **ret, struct event_base *base, cof_err *err)
{
	COF_AUTO_PTR(cof_watch) w = calloc(1, sizeof *w);
	if (w == NULL)
		return cof_err_oom(err);
	w->news = event_new(base, -1, 0, on_news, w);
	w->state = json_pack("{s:s, s:{}, s:{s:i, s:i}, s:[], s:n, s:n, s:n, s:n, s:n, s:n}", "phase", "boot",
			     "phases_ms", "bytes", "pulled", 0, "total", 0, "layers", "verdict", "image_digest", "pcrs",
			     "reason", "message", "refusal");
	if (w->news == NULL || w->state == NULL)
		return cof_err_oom(err);
	w->seq = 1;
	*ret = cof_steal(&w);
	return 0;
}

void cof_watch_free(cof_watch *w)
{
	cof_watch_cancel(w, NULL);
	if (w->news != NULL)
		event_free(w->news);
	json_decref(w->state);
	free(w);
}

int cof_watch_wait(cof_watch *w, uint64_t seq, cof_watch_done done, void *arg, cof_err *err)
{
	for (size_t i = 0; i < COF_WATCHERS_MAX; i++) {
		if (w->waiting[i].done == NULL) {
			w->waiting[i] = (watcher){seq, done, arg};
			event_active(w->news, EV_TIMEOUT, 0);
			return 0;
		}
	}
	return cof_err_set(err, COF_E_UNAVAILABLE, "too-many-calls", "%d watchers wait already", COF_WATCHERS_MAX);
}

void cof_watch_cancel(cof_watch *w, bool (*gone)(const void *arg))
{
	cof_err why = {0};
	int ignored = cof_err_set(&why, COF_E_UNAVAILABLE, "cancelled", "the watcher went away");
	(void)ignored;
	for (size_t i = 0; i < COF_WATCHERS_MAX; i++) {
		watcher taken = w->waiting[i];
		if (taken.done == NULL || (gone != NULL && !gone(taken.arg)))
			continue;
		w->waiting[i] = (watcher){0};
		taken.done(taken.arg, w->seq, NULL, &why);
	}
}

void cof_watch_phase(cof_watch *w, cof_phase phase)
{
	if (w->failed)
		return;
	(void)json_object_set_new(w->state, "phase", json_string(phase_names[phase]));
	changed(w);
}

void cof_watch_time(cof_watch *w, const char *name, int64_t ms)
{
	(void)json_object_set_new(json_object_get(w->state, "phases_ms"), name, json_integer(ms));
	changed(w);
}

static json_t *amount(uint64_t pulled, uint64_t total)
{
	return json_pack("{s:I, s:I}", "pulled", (json_int_t)pulled, "total", (json_int_t)total);
}

void cof_watch_bytes(cof_watch *w, uint64_t pulled, uint64_t total)
{
	(void)json_object_set_new(w->state, "bytes", amount(pulled, total));
	changed(w);
}

void cof_watch_layer(cof_watch *w, size_t layer, uint64_t pulled, uint64_t total)
{
	json_t *layers = json_object_get(w->state, "layers");
	if (layer < json_array_size(layers))
		(void)json_array_set_new(layers, layer, amount(pulled, total));
	else
		(void)json_array_append_new(layers, amount(pulled, total));
	changed(w);
}

void cof_watch_fact(cof_watch *w, const char *name, json_t *value)
{
	(void)json_object_set_new(w->state, name, value == NULL ? json_null() : value);
	changed(w);
}

void cof_watch_failed(cof_watch *w, const cof_err *why)
{
	if (w->failed)
		return;
	cof_watch_phase(w, COF_PHASE_FAILED);
	w->failed = true;
	cof_watch_fact(w, "reason", json_string(why->reason));
	cof_watch_fact(w, "message", json_string(why->text));
}
