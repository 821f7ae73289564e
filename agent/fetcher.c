/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The fetcher: the guest's only process that talks to the registry. It holds no layer's key and writes no file; what it
 * hands on is a checked description of the image and streams of stored bytes, each by a thread of its own.
 */
#include <signal.h>

#include "agent/fetcher_int.h"
#include "common/file.h"
#include "common/lockdown.h"
#include "common/rd.h"
#include "common/seccomp.h"

enum { FILES_MAX = 64, PROGRESS_EVERY = 256 << 10 };

/* --- FETCH: a thread for each layer under way --- */

static int say(const cof_fetcher_worker *w, uint32_t type, const cof_role_news *n, cof_err *err)
{
	(void)pthread_mutex_lock(&w->f->lock);
	int r = cof_role_news_send(w->f->chan, type, n, err);
	(void)pthread_mutex_unlock(&w->f->lock);
	return r;
}

static int say_progress(cof_fetcher_worker *w, cof_err *err)
{
	w->said = w->done;
	return say(w, COF_ROLE_PROGRESS, &(cof_role_news){.layer = (uint32_t)w->layer, .bytes = w->done}, err);
}

static int on_chunk(void *arg, cof_span chunk, cof_err *err)
{
	cof_fetcher_worker *w = arg;
	if (cof_fd_write_all(w->pipe, chunk, NULL) < 0)
		return cof_err_set(err, COF_E_UNAVAILABLE, "pipe-closed", "the unpacker takes no more");
	w->done += chunk.len;
	return w->done - w->said < PROGRESS_EVERY ? 0 : say_progress(w, err);
}

/* Who unpacks the bytes counts and hashes them; here they are only carried. */
static int fetch(cof_fetcher_worker *w, cof_err *err)
{
	const cof_fetcher *f = w->f;
	const cof_desc *d = &f->image.manifest.layers[w->layer];
	const cof_image_source source = cof_registry_source(cof_role_wide(d->size, f->total) ? f->wide : f->registry);
	int r = source.stream(source.arg, d, on_chunk, w, err);
	cof_fd_close(&w->pipe);
	return r < 0 ? r : say_progress(w, err);
}

static void *run_worker(void *arg)
{
	cof_fetcher_worker *w = arg;
	cof_role_news n = {.layer = (uint32_t)w->layer};
	uint32_t type = fetch(w, &n.why) < 0 ? COF_ROLE_LAYER_ERR : COF_ROLE_DONE;
	/* Free before the word is out: it may bring the next layer. */
	(void)pthread_mutex_lock(&w->f->lock);
	w->busy = false;
	(void)!cof_role_news_send(w->f->chan, type, &n, NULL);
	(void)pthread_mutex_unlock(&w->f->lock);
	return NULL;
}

static cof_fetcher_worker *take_worker(cof_fetcher *f)
{
	cof_fetcher_worker *found = NULL;
	(void)pthread_mutex_lock(&f->lock);
	for (size_t i = 0; i < COF_COUNT(f->workers) && found == NULL; i++)
		if (!f->workers[i].busy)
			found = &f->workers[i];
	if (found != NULL)
		found->busy = true;
	(void)pthread_mutex_unlock(&f->lock);
	return found;
}

static int start_worker(cof_fetcher_worker *w, cof_err *err)
{
	pthread_t thread;
	int r = pthread_create(&thread, NULL, run_worker, w);
	if (r == 0)
		r = pthread_detach(thread);
	return r == 0 ? 0 : cof_err_set(err, COF_E_INTERNAL, "fetcher-threads", "no thread for a layer (%d)", r);
}

static int serve_fetch(cof_fetcher *f, cof_msg *m, cof_err *err)
{
	cof_rd in = cof_rd_of(cof_buf_span(&m->body));
	size_t index = cof_rd_u32le(&in);
	if (!cof_rd_end(&in) || index >= f->image.manifest.n_layers || m->n_fds != 1)
		return cof_err_set(err, COF_E_USAGE, "fetcher-malformed", "no such layer");
	cof_fetcher_worker *w = take_worker(f);
	if (w == NULL)
		return cof_err_set(err, COF_E_USAGE, "fetcher-busy", "too many layers at once");
	w->f = f;
	w->layer = index;
	w->done = w->said = 0;
	w->pipe = cof_steal_fd(&m->fds[0]);
	return start_worker(w, err);
}

/* --- the process --- */

static int serve(cof_fetcher *f, cof_msg *m, cof_err *err)
{
	if (m->type == COF_FETCHER_PULL)
		return cof_fetcher_pull(f, m, err);
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

static void say_error(cof_fetcher *f, const cof_err *why)
{
	(void)pthread_mutex_lock(&f->lock);
	(void)!cof_chan_send_err(f->chan, COF_ROLE_ERR, why, NULL);
	(void)pthread_mutex_unlock(&f->lock);
}

/* The process ends with it: threads may still be at work on what it holds. */
int cof_fetcher_main(int chan_fd)
{
	cof_fetcher f = {.chan = chan_fd, .lock = PTHREAD_MUTEX_INITIALIZER};
	cof_err err = {0};
	cof_secret_process_init(); /* of the owner's, it holds the login of this registry */
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
