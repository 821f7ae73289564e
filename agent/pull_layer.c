/* SPDX-License-Identifier: Apache-2.0 */
/* Layers under way, several at once: key from the keeper, bytes from the fetcher, files by an unpacker of its own. */
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

#include "agent/pull_state.h"
#include "common/wr.h"

size_t cof_pull_layer_index(const cof_pull_layer *l)
{
	return (size_t)(l - l->pull->layers);
}

const cof_role_layer *cof_pull_layer_of(const cof_pull_layer *l)
{
	return &l->pull->manifest.layers[cof_pull_layer_index(l)];
}

static int make_pipe(int *ret_read, int *ret_write, cof_err *err)
{
	int fds[2];
	if (pipe2(fds, O_CLOEXEC) < 0)
		return cof_err_sys(err, "pipe-failed", "a layer's pipe");
	/* Larger when the kernel lets us: fewer turns between the two processes. */
	(void)fcntl(fds[0], F_SETPIPE_SZ, 256 << 10);
	*ret_read = fds[0];
	*ret_write = fds[1];
	return 0;
}

/* --- keys --- */

/* What cannot be opened is found before a byte of any layer is fetched. */
static int check_keys(const cof_pull *p, cof_err *err)
{
	for (size_t i = 0; i < p->manifest.n_layers; i++) {
		const cof_role_layer *m = &p->manifest.layers[i];
		if (m->pubopts != NULL && p->opts.trust == NULL)
			return cof_err_set(err, COF_E_POLICY, "kbs-missing",
					   "the image is encrypted and initdata names no key broker");
		if (m->pubopts != NULL && m->packet == NULL)
			return cof_err_set(err, COF_E_MALFORMED, "layer-key-missing",
					   "an encrypted layer has no packet of our key provider");
	}
	return 0;
}

int cof_pull_layers_new(cof_pull *p, cof_err *err)
{
	int r = check_keys(p, err);
	if (r < 0)
		return r;
	p->layers = calloc(p->manifest.n_layers, sizeof *p->layers);
	if (p->layers == NULL)
		return cof_err_oom(err);
	for (size_t i = 0; i < p->manifest.n_layers; i++) {
		p->layers[i] = (cof_pull_layer){.pull = p, .key_read = -EBADF, .key_write = -EBADF};
		p->layers[i].keyed = p->manifest.layers[i].pubopts == NULL;
	}
	return 0;
}

void cof_pull_layers_free(cof_pull *p)
{
	for (size_t i = 0; p->layers != NULL && i < p->manifest.n_layers; i++) {
		if (p->layers[i].unpacker != NULL)
			cof_helper_free(p->layers[i].unpacker);
		cof_fd_close(&p->layers[i].key_read);
		cof_fd_close(&p->layers[i].key_write);
	}
	free(p->layers);
}

static void on_unwrapped(void *arg, const json_t *ok, const json_t *refusal, const cof_err *why)
{
	cof_pull *p = arg;
	cof_pull_layer *l = &p->layers[p->key_at];
	(void)ok;
	if (refusal != NULL)
		cof_watch_fact(p->opts.watch, "refusal", json_deep_copy(refusal));
	p->key_pending = false;
	if (why != NULL) {
		cof_pull_fail(p, why);
	} else if (l->keyless.cls != COF_OK) {
		cof_pull_fail(p, &l->keyless);
	} else {
		cof_pull_progressed(p);
		l->keyed = true;
		cof_pull_ask_keys(p);
		cof_pull_layer_step(l);
	}
}

static int need_key_pipe(cof_pull_layer *l, cof_err *err)
{
	return l->key_read >= 0 || l->key_write >= 0 ? 0 : make_pipe(&l->key_read, &l->key_write, err);
}

static int ask_key(cof_pull_layer *l, cof_err *err)
{
	cof_pull *p = l->pull;
	int r = need_key_pipe(l, err);
	if (r < 0)
		return r;
	COF_AUTO_FD int write_end = cof_steal_fd(&l->key_write);
	r = cof_trust_unwrap(p->opts.trust, cof_pull_layer_of(l)->packet, write_end, on_unwrapped, p, err);
	p->key_pending = r == 0;
	return r;
}

void cof_pull_ask_keys(cof_pull *p)
{
	cof_err why = {0};
	while (p->key_at < p->manifest.n_layers && p->layers[p->key_at].keyed)
		p->key_at++;
	if (!p->ended && p->key_at < p->manifest.n_layers && ask_key(&p->layers[p->key_at], &why) < 0)
		cof_pull_fail(p, &why);
}

/* --- begin --- */

/* A fetcher that is gone has said why, and that is about to be heard. */
static int send_fetch(cof_pull_layer *l, int pipe, cof_err *err)
{
	uint8_t index[4];
	cof_err why = {0};
	if (l->pull->fetcher == NULL)
		return 0;
	cof_put_le(index, sizeof index, cof_pull_layer_index(l));
	int r = cof_chan_send(cof_helper_chan(l->pull->fetcher), COF_FETCHER_FETCH, cof_span_of(index, sizeof index),
			      &pipe, 1, &why);
	if (r == 0 || cof_err_is(&why, "peer-closed"))
		return 0;
	(void)!cof_helper_explain(l->pull->fetcher, &why);
	return cof_err_set(err, why.cls, why.reason, "%s", why.text);
}

static int start_unpacker(cof_pull_layer *l, int blob, int key, cof_err *err)
{
	cof_pull *p = l->pull;
	char staging[32];
	const int fds[] = {blob, p->folder_fd, key};
	(void)snprintf(staging, sizeof staging, "s%zu", cof_pull_layer_index(l));
	if (mkdirat(p->folder_fd, staging, 0755) < 0)
		return cof_err_sys(err, "unpack-io", "a staging folder");
	cof_helper_opts opts = p->opts.helper;
	opts.role = "unpacker";
	opts.readable = cof_pull_on_unpacker;
	opts.arg = l;
	int r = cof_helper_start(&l->unpacker, &opts, err);
	if (r < 0)
		return r;
	bool wide = cof_role_wide(cof_pull_layer_of(l)->size, p->total);
	r = cof_role_task_send(cof_helper_chan(l->unpacker), cof_pull_layer_of(l), cof_pull_layer_index(l), wide, fds,
			       key >= 0 ? 3 : 2, err);
	if (r < 0)
		return cof_helper_explain(l->unpacker, err);
	cof_pull_tell_lowers(l);
	return 0;
}

static int begin_layer(cof_pull_layer *l, cof_err *err)
{
	COF_AUTO_FD int blob_read = -EBADF, blob_write = -EBADF;
	int r = make_pipe(&blob_read, &blob_write, err);
	if (r == 0 && cof_pull_layer_of(l)->pubopts != NULL)
		r = need_key_pipe(l, err);
	if (r < 0)
		return r;
	COF_AUTO_FD int key = cof_steal_fd(&l->key_read);
	r = start_unpacker(l, blob_read, key, err);
	return r < 0 ? r : send_fetch(l, blob_write, err);
}

void cof_pull_fill(cof_pull *p)
{
	cof_err why = {0};
	while (!p->ended && p->running < p->opts.parallel && p->next < p->manifest.n_layers) {
		p->running++;
		if (begin_layer(&p->layers[p->next++], &why) < 0)
			cof_pull_fail(p, &why);
	}
}

/* --- end --- */

/* An unpacker that is done before the keeper has answered cannot have had the key. */
void cof_pull_layer_step(cof_pull_layer *l)
{
	cof_pull *p = l->pull;
	if (p->ended || !l->fetched || !l->unpacked || !l->keyed)
		return;
	l->finished = true;
	p->running--;
	cof_pull_publish(p);
	cof_pull_fill(p);
	cof_pull_maybe_done(p);
}
