/* SPDX-License-Identifier: Apache-2.0 */
/* What the fetcher says: the image's description, and news of its layers. Init believes none of it: see roles.h. */
#include "agent/pull_state.h"

static void broke_protocol(cof_pull *p)
{
	cof_pull_fail_text(p, COF_E_MALFORMED, "peer-malformed", "the fetcher broke its protocol");
}

/* --- the image --- */

static int check_encrypted(const cof_pull *p, cof_err *err)
{
	for (size_t i = 0; p->opts.require_encrypted && i < p->manifest.n_layers; i++)
		if (p->manifest.layers[i].pubopts == NULL)
			return cof_err_set(err, COF_E_POLICY, "layer-not-encrypted",
					   "layer %zu is not encrypted, and the policy wants all to be", i);
	return 0;
}

static void add_sizes(cof_pull *p)
{
	for (size_t i = 0; i < p->manifest.n_layers; i++)
		if (__builtin_add_overflow(p->total, p->manifest.layers[i].size, &p->total))
			p->total = INT64_MAX;
}

static int admit(cof_pull *p, cof_err *err)
{
	/* The fetcher compared it with the reference; init compares it with the policy. */
	if (strcmp(p->manifest.asked, p->digest) != 0)
		return cof_err_set(err, COF_E_POLICY, "policy-denied",
				   "the fetched image is not the one that the policy pins");
	add_sizes(p);
	int r = check_encrypted(p, err);
	return r < 0 ? r : cof_store_admit(p->folder_fd, p->total, err);
}

static void take_manifest(cof_pull *p, const cof_msg *m)
{
	cof_err why = {0};
	if (p->layers != NULL || cof_role_manifest_parse(cof_buf_span(&m->body), &p->manifest, &why) < 0) {
		broke_protocol(p);
		return;
	}
	if (admit(p, &why) < 0 || cof_pull_layers_new(p, &why) < 0) {
		cof_pull_fail(p, &why);
		return;
	}
	cof_watch_fact(p->opts.watch, "image_digest", json_string(p->manifest.digest));
	for (size_t i = 0; i < p->manifest.n_layers; i++)
		cof_watch_layer(p->opts.watch, i, 0, p->manifest.layers[i].size);
	cof_watch_bytes(p->opts.watch, 0, p->total);
	if (p->attested)
		cof_watch_phase(p->opts.watch, COF_PHASE_PULL);
	cof_pull_begin_layers(p);
}

void cof_pull_begin_layers(cof_pull *p)
{
	if (p->ended || p->layers == NULL || p->settings > 0)
		return;
	cof_pull_ask_keys(p);
	cof_pull_fill(p);
}

/* --- a layer --- */

static void take_progress(cof_pull_layer *l, uint64_t bytes)
{
	cof_pull *p = l->pull;
	uint64_t size = cof_pull_layer_of(l)->size, sum = 0;
	l->pulled = bytes < size ? bytes : size;
	for (size_t i = 0; i < p->next; i++)
		sum += p->layers[i].pulled < p->total - sum ? p->layers[i].pulled : p->total - sum;
	cof_watch_layer(p->opts.watch, cof_pull_layer_index(l), l->pulled, size);
	cof_watch_bytes(p->opts.watch, sum, p->total);
}

/* When the pipe broke, the unpacker knows why; it is about to say so, or the silence timer ends the wait. */
static void take_layer_error(cof_pull_layer *l, const cof_err *why)
{
	bool closed = cof_err_is(why, "pipe-closed");
	if (closed && l->cut.cls != COF_OK)
		cof_pull_fail(l->pull, &l->cut);
	else if (closed && (l->unpacker != NULL || l->keyless.cls != COF_OK))
		l->stalled = *why;
	else
		cof_pull_fail(l->pull, why);
}

static bool all_fetched(const cof_pull *p)
{
	for (size_t i = 0; i < p->manifest.n_layers; i++)
		if (!p->layers[i].fetched)
			return false;
	return true;
}

/* All bytes went out, it says; they were too few, said the unpacker. */
static void take_layer_done(cof_pull_layer *l)
{
	cof_pull *p = l->pull;
	l->fetched = true;
	if (all_fetched(p))
		cof_watch_time(p->opts.watch, "pull", cof_now_ms() - p->started_ms);
	if (l->cut.cls != COF_OK)
		cof_pull_fail(p, &l->cut);
	else
		cof_pull_layer_step(l);
}

static void take_news(cof_pull *p, const cof_msg *m)
{
	cof_role_news n;
	cof_err why = {0};
	if (p->layers == NULL || cof_role_news_parse(m, &n, &why) < 0 || n.layer >= p->next ||
	    p->layers[n.layer].fetched || p->layers[n.layer].stalled.cls != COF_OK) {
		broke_protocol(p);
		return;
	}
	cof_pull_layer *l = &p->layers[n.layer];
	if (m->type == COF_ROLE_PROGRESS)
		take_progress(l, n.bytes);
	else if (m->type == COF_ROLE_DONE)
		take_layer_done(l);
	else
		take_layer_error(l, &n.why);
}

/* --- its channel --- */

static void take(cof_pull *p, const cof_msg *m)
{
	cof_err why = {0};
	if (m->type == COF_ROLE_MANIFEST) {
		take_manifest(p, m);
	} else if (m->type == COF_ROLE_PROGRESS || m->type == COF_ROLE_DONE || m->type == COF_ROLE_LAYER_ERR) {
		take_news(p, m);
	} else if (m->type == COF_ROLE_ERR) {
		cof_chan_parse_err(cof_buf_span(&m->body), &why);
		if (cof_err_is(&why, "settings-missing") && p->settings > 0)
			p->bare = why;
		else
			cof_pull_fail(p, &why);
	} else {
		broke_protocol(p);
	}
}

/* Some unpacker is about to say why its pipe broke, or the keeper why it wrote nothing: that is the better reason. */
static bool waits_for_another(const cof_pull *p)
{
	if (p->bare.cls != COF_OK)
		return true;
	for (size_t i = 0; i < p->next; i++)
		if (p->layers[i].stalled.cls != COF_OK)
			return true;
	return false;
}

void cof_pull_on_fetcher(void *arg)
{
	cof_pull *p = arg;
	COF_AUTO(cof_msg) m = {0};
	cof_err why = {0};
	int r = p->ended ? -1 : cof_chan_recv(cof_helper_chan(p->fetcher), &m, &why);
	if (r == 0) {
		cof_pull_progressed(p);
		take(p, &m);
		return;
	}
	if (!p->ended && !waits_for_another(p)) {
		(void)!cof_helper_explain(p->fetcher, &why);
		cof_pull_fail(p, &why);
	}
	cof_helper_free(p->fetcher);
	p->fetcher = NULL;
}
