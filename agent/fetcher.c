/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The fetcher: the guest's only process that talks to the registry. It holds no key and writes no file; what it hands
 * on is a checked description of the image and streams of stored bytes, each by a thread and a connection of its own.
 */
#include <pthread.h>
#include <signal.h>
#include <stdio.h>

#include "agent/roles.h"
#include "common/file.h"
#include "common/hex.h"
#include "common/lockdown.h"
#include "common/rd.h"
#include "common/seccomp.h"
#include "image-decrypt/ocicrypt.h"
#include "image-decrypt/registry.h"

enum { FILES_MAX = 64, RESOLVE_MAX = 256, PROGRESS_EVERY = 256 << 10 };

typedef struct pull_request {
	const char *reference, *ca, *proxy;
	const char *resolve[RESOLVE_MAX + 1];
} pull_request;

typedef struct fetcher fetcher;

/* Whoever streams a layer. Its connection is kept for the next one. */
typedef struct worker {
	fetcher *f;
	cof_registry *registry;
	bool busy;
	size_t layer;
	int pipe;
	uint64_t done, said;
} worker;

struct fetcher {
	int chan;
	pthread_mutex_t lock; /* of what is sent on chan once there are threads, and of each worker's busy */
	json_t *doc;	      /* the PULL request, owner of what p borrows */
	pull_request p;
	cof_ref ref;
	cof_image image;
	worker workers[COF_FETCHES_MAX]; /* the first one's connection has asked for the image */
};

/* --- PULL --- */

static int parse_resolve(const json_t *doc, pull_request *p, cof_err *err)
{
	json_t *list = NULL;
	int r = cof_json_arr(doc, "resolve", &list, err);
	if (r < 0)
		return r;
	for (size_t i = 0; i < json_array_size(list) && i < RESOLVE_MAX; i++) {
		p->resolve[i] = json_string_value(json_array_get(list, i));
		if (p->resolve[i] == NULL)
			return cof_err_set(err, COF_E_MALFORMED, "json-type", "'resolve' holds more than strings");
	}
	return 0;
}

static int parse_pull(const json_t *doc, pull_request *p, cof_err *err)
{
	int r = cof_json_str(doc, "reference", &p->reference, err);
	if (r == 0)
		r = cof_json_str(doc, "ca", &p->ca, err);
	if (r == 0 && !json_is_null(json_object_get(doc, "proxy")))
		r = cof_json_opt_str(doc, "proxy", &p->proxy, err);
	return r < 0 ? r : parse_resolve(doc, p, err);
}

static json_t *layer_json(const cof_desc *d, const cof_digest *diff_id)
{
	char digest[COF_DIGEST_STR_MAX], diff[COF_DIGEST_STR_MAX];
	cof_digest_str(&d->digest, digest);
	cof_digest_str(diff_id, diff);
	return json_pack("{s:s, s:s, s:I, s:s, s:s?, s:s?}", "media_type", d->media_type, "digest", digest, "size",
			 (json_int_t)d->size, "diff_id", diff, "pubopts",
			 cof_desc_annotation(d, COF_ENC_ANNOTATION_PUBOPTS), "packet",
			 cof_desc_annotation(d, COF_ENC_ANNOTATION_PROVIDER));
}

static int send_manifest(const fetcher *f, cof_err *err)
{
	char asked[COF_DIGEST_STR_MAX], digest[COF_DIGEST_STR_MAX];
	COF_AUTO(cof_buf) body = {0};
	COF_AUTO_FREE char *config = cof_b64_dup(cof_buf_span(&f->image.config_bytes));
	cof_digest_str(&f->image.asked, asked);
	cof_digest_str(&f->image.digest, digest);
	json_t *layers = json_array();
	for (size_t i = 0; i < f->image.manifest.n_layers; i++)
		(void)json_array_append_new(layers,
					    layer_json(&f->image.manifest.layers[i], &f->image.config.diff_ids[i]));
	COF_AUTO_PTR(json_t)
	doc = json_pack("{s:s, s:s, s:s, s:o}", "asked", asked, "digest", digest, "config",
			config == NULL ? "" : config, "layers", layers);
	if (doc == NULL)
		return cof_err_oom(err);
	int r = cof_json_dump(doc, &body, err);
	return r < 0 ? r : cof_chan_send(f->chan, COF_ROLE_MANIFEST, cof_buf_span(&body), NULL, 0, err);
}

static int connect_registry(const fetcher *f, cof_registry **ret, cof_err *err)
{
	const cof_registry_opts opts = {.ca_pem = cof_span_str(f->p.ca), .resolve = f->p.resolve, .proxy = f->p.proxy};
	return cof_registry_new(ret, &f->ref, &opts, err);
}

static int pull(fetcher *f, cof_err *err)
{
	char wanted[COF_DIGEST_STR_MAX];
	int r = cof_ref_parse(f->p.reference, &f->ref, err);
	if (r < 0)
		return r;
	cof_ref_wanted(&f->ref, wanted);
	r = connect_registry(f, &f->workers[0].registry, err);
	if (r < 0)
		return r;
	cof_image_source source = cof_registry_source(f->workers[0].registry);
	r = cof_image_load(&source, wanted, COF_PLATFORM_DEFAULT, &f->image, err);
	return r < 0 ? r : send_manifest(f, err);
}

static int serve_pull(fetcher *f, const cof_msg *m, cof_err *err)
{
	if (f->doc != NULL)
		return cof_err_set(err, COF_E_USAGE, "fetcher-busy", "one image for each fetcher");
	int r = cof_json_parse(cof_buf_span(&m->body), &f->doc, err);
	if (r == 0)
		r = parse_pull(f->doc, &f->p, err);
	return r < 0 ? r : pull(f, err);
}

/* --- FETCH: a thread for each layer under way --- */

static int say(const worker *w, uint32_t type, const cof_role_news *n, cof_err *err)
{
	(void)pthread_mutex_lock(&w->f->lock);
	int r = cof_role_news_send(w->f->chan, type, n, err);
	(void)pthread_mutex_unlock(&w->f->lock);
	return r;
}

static int say_progress(worker *w, cof_err *err)
{
	w->said = w->done;
	return say(w, COF_ROLE_PROGRESS, &(cof_role_news){.layer = (uint32_t)w->layer, .bytes = w->done}, err);
}

static int on_chunk(void *arg, cof_span chunk, cof_err *err)
{
	worker *w = arg;
	if (cof_fd_write_all(w->pipe, chunk, NULL) < 0)
		return cof_err_set(err, COF_E_UNAVAILABLE, "pipe-closed", "the unpacker takes no more");
	w->done += chunk.len;
	return w->done - w->said < PROGRESS_EVERY ? 0 : say_progress(w, err);
}

static int fetch(worker *w, cof_err *err)
{
	int r = w->registry != NULL ? 0 : connect_registry(w->f, &w->registry, err);
	if (r == 0)
		r = cof_registry_blob(w->registry, &w->f->image.manifest.layers[w->layer], on_chunk, w, err);
	cof_fd_close(&w->pipe);
	return r < 0 ? r : say_progress(w, err);
}

static void *run_worker(void *arg)
{
	worker *w = arg;
	cof_role_news n = {.layer = (uint32_t)w->layer};
	uint32_t type = fetch(w, &n.why) < 0 ? COF_ROLE_LAYER_ERR : COF_ROLE_DONE;
	/* Free before the word is out: it may bring the next layer. */
	(void)pthread_mutex_lock(&w->f->lock);
	w->busy = false;
	(void)!cof_role_news_send(w->f->chan, type, &n, NULL);
	(void)pthread_mutex_unlock(&w->f->lock);
	return NULL;
}

static worker *take_worker(fetcher *f)
{
	worker *found = NULL;
	(void)pthread_mutex_lock(&f->lock);
	for (size_t i = 0; i < COF_COUNT(f->workers) && found == NULL; i++)
		if (!f->workers[i].busy)
			found = &f->workers[i];
	if (found != NULL)
		found->busy = true;
	(void)pthread_mutex_unlock(&f->lock);
	return found;
}

static int start_worker(worker *w, cof_err *err)
{
	pthread_t thread;
	int r = pthread_create(&thread, NULL, run_worker, w);
	if (r == 0)
		r = pthread_detach(thread);
	return r == 0 ? 0 : cof_err_set(err, COF_E_INTERNAL, "fetcher-threads", "no thread for a layer (%d)", r);
}

static int serve_fetch(fetcher *f, cof_msg *m, cof_err *err)
{
	cof_rd in = cof_rd_of(cof_buf_span(&m->body));
	size_t index = cof_rd_u32le(&in);
	if (!cof_rd_end(&in) || index >= f->image.manifest.n_layers || m->n_fds != 1)
		return cof_err_set(err, COF_E_USAGE, "fetcher-malformed", "no such layer");
	worker *w = take_worker(f);
	if (w == NULL)
		return cof_err_set(err, COF_E_USAGE, "fetcher-busy", "too many layers at once");
	w->f = f;
	w->layer = index;
	w->done = w->said = 0;
	w->pipe = cof_steal_fd(&m->fds[0]);
	return start_worker(w, err);
}

/* --- the process --- */

static int serve(fetcher *f, cof_msg *m, cof_err *err)
{
	if (m->type == COF_FETCHER_PULL)
		return serve_pull(f, m, err);
	if (m->type == COF_FETCHER_FETCH)
		return serve_fetch(f, m, err);
	return cof_err_set(err, COF_E_USAGE, "fetcher-malformed", "unknown request");
}

static int lock(cof_err *err)
{
	int r = cof_lockdown_limits(FILES_MAX, err);
	if (r == 0)
		r = cof_lockdown_caps(0, err);
	return r < 0 ? r : cof_seccomp_fetcher(err);
}

static void say_error(fetcher *f, const cof_err *why)
{
	(void)pthread_mutex_lock(&f->lock);
	(void)!cof_chan_send_err(f->chan, COF_ROLE_ERR, why, NULL);
	(void)pthread_mutex_unlock(&f->lock);
}

/* The process ends with it: threads may still be at work on what it holds. */
int cof_fetcher_main(int chan_fd)
{
	fetcher f = {.chan = chan_fd, .lock = PTHREAD_MUTEX_INITIALIZER};
	cof_err err = {0};
	(void)signal(SIGPIPE, SIG_IGN);
	int r = lock(&err);
	while (r == 0) {
		COF_AUTO(cof_msg) m = {0};
		if (cof_chan_recv(chan_fd, &m, NULL) < 0)
			break;
		r = serve(&f, &m, &err);
	}
	if (r < 0)
		say_error(&f, &err);
	_exit(r < 0 ? 1 : 0);
}
