/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/pull.h"

#include <fcntl.h>
#include <stdio.h>

#include "agent/pull_state.h"
#include "common/file.h"

void cof_pull_fail(cof_pull *p, const cof_err *why)
{
	if (p->ended)
		return;
	p->ended = true;
	p->why = *why;
	event_active(p->end, EV_TIMEOUT, 0);
}

void cof_pull_fail_text(cof_pull *p, cof_class cls, const char *reason, const char *text)
{
	cof_err why = {0};
	int ignored = cof_err_set(&why, cls, reason, "%s", text);
	(void)ignored;
	cof_pull_fail(p, &why);
}

void cof_pull_maybe_done(cof_pull *p)
{
	if (p->ended || !p->attested || !p->have_manifest || p->current < p->manifest.n_layers)
		return;
	p->ended = true;
	cof_watch_time(p->opts.watch, "decrypt", p->decrypt_ms);
	cof_watch_time(p->opts.watch, "unpack", p->unpack_ms);
	event_active(p->end, EV_TIMEOUT, 0);
}

static void on_end(evutil_socket_t fd, short what, void *arg)
{
	cof_pull *p = arg;
	(void)fd;
	(void)what;
	cof_pull_result res = {.folder = p->folder,
			       .n_layers = p->manifest.n_layers,
			       .lowest = p->lowest,
			       .config = cof_buf_span(&p->manifest.config),
			       .digest = p->manifest.digest};
	p->kept = p->why.cls == COF_OK;
	p->opts.done(p->opts.arg, p->kept ? &res : NULL, p->kept ? NULL : &p->why);
}

static void on_silence(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	cof_pull_fail_text(arg, COF_E_UNAVAILABLE, "pull-timeout", "the pull made no progress");
}

void cof_pull_progressed(cof_pull *p)
{
	static const struct timeval limit = {.tv_sec = COF_PULL_SILENCE_S};
	(void)event_add(p->silence, &limit);
}

/* --- attestation --- */

static void on_attested(void *arg, const json_t *ok, const json_t *refusal, const cof_err *why)
{
	cof_pull *p = arg;
	if (refusal != NULL)
		cof_watch_fact(p->opts.watch, "refusal", json_deep_copy(refusal));
	if (why != NULL) {
		cof_pull_fail(p, why);
		return;
	}
	cof_pull_progressed(p);
	p->attested = true;
	cof_watch_time(p->opts.watch, "attest", cof_now_ms() - p->started_ms);
	cof_watch_fact(p->opts.watch, "verdict", json_deep_copy(json_object_get(ok, "verdict")));
	cof_watch_fact(p->opts.watch, "pcrs", json_deep_copy(json_object_get(ok, "pcrs")));
	if (p->have_manifest)
		cof_watch_phase(p->opts.watch, COF_PHASE_PULL);
	cof_pull_maybe_done(p);
}

/* --- the fetcher's answers --- */

static void take_manifest(cof_pull *p, const cof_msg *m)
{
	cof_err why = {0};
	if (p->have_manifest || cof_role_manifest_parse(cof_buf_span(&m->body), &p->manifest, &why) < 0) {
		cof_pull_fail_text(p, COF_E_MALFORMED, "peer-malformed", "the fetcher broke its protocol");
		return;
	}
	/* The fetcher compared it with the reference; init compares it with the policy. */
	if (strcmp(p->manifest.asked, p->digest) != 0) {
		cof_pull_fail_text(p, COF_E_POLICY, "policy-denied",
				   "the fetched image is not the one that the policy pins");
		return;
	}
	p->have_manifest = true;
	for (size_t i = 0; i < p->manifest.n_layers; i++)
		if (__builtin_add_overflow(p->total, p->manifest.layers[i].size, &p->total))
			p->total = INT64_MAX;
	cof_watch_fact(p->opts.watch, "image_digest", json_string(p->manifest.digest));
	cof_watch_bytes(p->opts.watch, 0, p->total);
	if (p->attested)
		cof_watch_phase(p->opts.watch, COF_PHASE_PULL);
	cof_pull_next_layer(p);
}

static void take_progress(cof_pull *p, const cof_msg *m)
{
	uint64_t bytes = 0;
	cof_err why = {0};
	if (!p->have_manifest || cof_role_progress_parse(cof_buf_span(&m->body), &bytes, &why) < 0)
		cof_pull_fail_text(p, COF_E_MALFORMED, "peer-malformed", "the fetcher broke its protocol");
	else
		cof_watch_bytes(p->opts.watch, p->pulled_before + (bytes < p->total ? bytes : p->total), p->total);
}

/* When the pipe broke, the unpacker knows why; it is about to say so, or the silence timer ends the wait. */
static void take_fetch_error(cof_pull *p, const cof_msg *m)
{
	cof_err why = {0};
	cof_chan_parse_err(cof_buf_span(&m->body), &why);
	bool closed = cof_err_is(&why, "pipe-closed");
	if (closed && p->cut.cls != COF_OK)
		cof_pull_fail(p, &p->cut);
	else if (closed && (p->unpacker != NULL || p->keyless.cls != COF_OK))
		p->stalled = why;
	else
		cof_pull_fail(p, &why);
}

/* All bytes went out, it says; they were too few, said the unpacker. */
static void take_fetched(cof_pull *p)
{
	p->fetched = true;
	if (p->cut.cls != COF_OK)
		cof_pull_fail(p, &p->cut);
	else
		cof_pull_layer_step(p);
}

static void take_fetcher(cof_pull *p, const cof_msg *m)
{
	if (p->stalled.cls != COF_OK) {
		/* It ends after an error; there is nobody to ask for another layer. */
		cof_pull_fail_text(p, COF_E_MALFORMED, "peer-malformed", "the fetcher broke its protocol");
	} else if (m->type == COF_ROLE_MANIFEST) {
		take_manifest(p, m);
	} else if (m->type == COF_ROLE_PROGRESS) {
		take_progress(p, m);
	} else if (m->type == COF_ROLE_ERR) {
		take_fetch_error(p, m);
	} else if (m->type == COF_ROLE_DONE && p->have_manifest && !p->fetched) {
		take_fetched(p);
	} else {
		cof_pull_fail_text(p, COF_E_MALFORMED, "peer-malformed", "the fetcher broke its protocol");
	}
}

static void on_fetcher(void *arg)
{
	cof_pull *p = arg;
	COF_AUTO(cof_msg) m = {0};
	cof_err why = {0};
	int r = p->ended ? -1 : cof_chan_recv(cof_helper_chan(p->fetcher), &m, &why);
	if (r == 0) {
		cof_pull_progressed(p);
		take_fetcher(p, &m);
		return;
	}
	if (!p->ended && p->stalled.cls == COF_OK) {
		(void)!cof_helper_explain(p->fetcher, &why);
		cof_pull_fail(p, &why);
	}
	cof_helper_free(p->fetcher);
	p->fetcher = NULL;
}

/* --- start and end --- */

void cof_pull_ports(const char *reference, char port[8], const char *out[3])
{
	size_t host = strcspn(reference, "/");
	const char *colon = memchr(reference, ':', host);
	size_t n = colon == NULL ? 0 : (size_t)(reference + host - colon - 1);
	port[0] = '\0';
	if (n > 0 && n < 8 && strspn(colon + 1, "0123456789") >= n) {
		memcpy(port, colon + 1, n);
		port[n] = '\0';
	}
	out[0] = "443";
	out[1] = port[0] != '\0' && strcmp(port, "443") != 0 ? port : NULL;
	out[2] = NULL;
}

static int send_pull(cof_pull *p, cof_err *err)
{
	char port[8];
	const char *ports[3];
	char **resolve = NULL;
	COF_AUTO(cof_buf) body = {0};
	cof_pull_ports(p->reference, port, ports);
	int r = cof_hosts_resolve(p->opts.hosts, ports, &resolve, err);
	if (r < 0)
		return r;
	json_t *words = json_array();
	for (size_t i = 0; resolve[i] != NULL; i++)
		(void)json_array_append_new(words, json_string(resolve[i]));
	cof_hosts_resolve_free(resolve);
	COF_AUTO_PTR(json_t)
	doc = json_pack("{s:s, s:s, s:s?, s:o}", "reference", p->reference, "ca", p->opts.ca, "proxy", p->opts.proxy,
			"resolve", words);
	if (doc == NULL)
		return cof_err_oom(err);
	r = cof_json_dump(doc, &body, err);
	if (r < 0)
		return r;
	r = cof_chan_send(cof_helper_chan(p->fetcher), COF_FETCHER_PULL, cof_buf_span(&body), NULL, 0, err);
	return r < 0 ? cof_helper_explain(p->fetcher, err) : 0;
}

static int make_folder(cof_pull *p, cof_err *err)
{
	int r = cof_mkdirs(p->folder, 0700, err);
	if (r < 0)
		return r;
	p->folder_fd = open(p->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	return p->folder_fd < 0 ? cof_err_sys(err, "unpack-io", "the layers' folder") : 0;
}

static int begin(cof_pull *p, cof_err *err)
{
	cof_helper_opts fetcher = p->opts.helper;
	fetcher.role = "fetcher";
	fetcher.readable = on_fetcher;
	fetcher.arg = p;
	int r = make_folder(p, err);
	if (r == 0)
		r = cof_helper_start(&p->fetcher, &fetcher, err);
	if (r == 0)
		r = send_pull(p, err);
	if (r < 0)
		return r;
	cof_pull_progressed(p);
	p->started_ms = cof_now_ms();
	p->attested = p->opts.trust == NULL;
	if (p->attested)
		return 0;
	cof_watch_phase(p->opts.watch, COF_PHASE_ATTEST);
	return cof_trust_attest(p->opts.trust, COF_TRUST_KEY_MS, on_attested, p, err);
}

int cof_pull_start(cof_pull **ret, const cof_pull_opts *opts, cof_err *err)
{
	COF_AUTO_PTR(cof_pull) p = calloc(1, sizeof *p);
	if (p == NULL)
		return cof_err_oom(err);
	p->opts = *opts;
	p->folder_fd = -EBADF;
	p->folder = strdup(opts->folder);
	p->reference = strdup(opts->reference);
	p->digest = strdup(opts->digest);
	p->silence = evtimer_new(opts->helper.base, on_silence, p);
	p->end = event_new(opts->helper.base, -1, 0, on_end, p);
	if (p->folder == NULL || p->reference == NULL || p->digest == NULL || p->silence == NULL || p->end == NULL)
		return cof_err_oom(err);
	int r = begin(p, err);
	if (r == 0)
		*ret = cof_steal(&p);
	return r;
}

void cof_pull_free(cof_pull *p)
{
	if (p->opts.trust != NULL)
		cof_trust_forget(p->opts.trust, p);
	if (p->fetcher != NULL)
		cof_helper_free(p->fetcher);
	if (p->unpacker != NULL)
		cof_helper_free(p->unpacker);
	if (p->silence != NULL)
		event_free(p->silence);
	if (p->end != NULL)
		event_free(p->end);
	cof_fd_close(&p->folder_fd);
	if (!p->kept && p->folder != NULL)
		(void)!cof_rm_tree(p->folder, NULL);
	cof_role_manifest_release(&p->manifest);
	free(p->folder);
	free(p->reference);
	free(p->digest);
	free(p);
}
