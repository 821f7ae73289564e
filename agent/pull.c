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

static void tell_times(cof_pull *p)
{
	int64_t decrypt = 0, unpack = 0;
	for (size_t i = 0; i < p->manifest.n_layers; i++) {
		decrypt += (int64_t)p->layers[i].report.decrypt_ms;
		unpack += (int64_t)p->layers[i].report.unpack_ms;
	}
	cof_watch_time(p->opts.watch, "decrypt", decrypt);
	cof_watch_time(p->opts.watch, "unpack", unpack);
}

void cof_pull_maybe_done(cof_pull *p)
{
	if (p->ended || !p->attested || p->layers == NULL || p->published < p->manifest.n_layers)
		return;
	p->ended = true;
	tell_times(p);
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
	if (p->layers != NULL)
		cof_watch_phase(p->opts.watch, COF_PHASE_PULL);
	cof_pull_maybe_done(p);
}

/* --- start and end --- */

static int open_folder(cof_pull *p, cof_err *err)
{
	p->folder_fd = open(p->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	return p->folder_fd < 0 ? cof_err_sys(err, "unpack-io", "the layers' folder") : 0;
}

static int attest(cof_pull *p, cof_err *err)
{
	p->attested = p->opts.trust == NULL;
	if (p->attested)
		return 0;
	cof_watch_phase(p->opts.watch, COF_PHASE_ATTEST);
	return cof_trust_attest(p->opts.trust, COF_TRUST_KEY_MS, on_attested, p, err);
}

static int begin(cof_pull *p, cof_err *err)
{
	cof_helper_opts fetcher = p->opts.helper;
	fetcher.role = "fetcher";
	fetcher.readable = cof_pull_on_fetcher;
	fetcher.arg = p;
	int r = open_folder(p, err);
	if (r == 0)
		r = cof_helper_start(&p->fetcher, &fetcher, err);
	if (r < 0)
		return r;
	cof_pull_progressed(p);
	p->started_ms = cof_now_ms();
	r = attest(p, err);
	return r < 0 ? r : cof_pull_ask_image(p, err);
}

int cof_pull_start(cof_pull **ret, const cof_pull_opts *opts, cof_err *err)
{
	COF_AUTO_PTR(cof_pull) p = calloc(1, sizeof *p);
	if (p == NULL)
		return cof_err_oom(err);
	p->opts = *opts;
	if (p->opts.parallel == 0 || p->opts.parallel > COF_FETCHES_MAX)
		p->opts.parallel = COF_PULL_PARALLEL;
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
	if (p->opts.keeper != NULL)
		cof_trust_forget(p->opts.keeper, p);
	if (p->fetcher != NULL)
		cof_helper_free(p->fetcher);
	cof_pull_layers_free(p);
	if (p->silence != NULL)
		event_free(p->silence);
	if (p->end != NULL)
		event_free(p->end);
	cof_fd_close(&p->folder_fd);
	if (!p->kept && p->folder != NULL)
		cof_store_remove(p->folder);
	cof_role_manifest_release(&p->manifest);
	free(p->folder);
	free(p->reference);
	free(p->digest);
	free(p);
}
