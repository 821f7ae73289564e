/* SPDX-License-Identifier: Apache-2.0 */
/* One layer: key from the keeper, bytes from the fetcher, files by its unpacker, and its name at the end. */
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

#include "agent/pull_state.h"
#include "common/wr.h"

static void on_unwrapped(void *arg, const json_t *ok, const json_t *refusal, const cof_err *why)
{
	cof_pull *p = arg;
	(void)ok;
	if (refusal != NULL)
		cof_watch_fact(p->opts.watch, "refusal", json_deep_copy(refusal));
	p->key_pending = false;
	if (why != NULL) {
		cof_pull_fail(p, why);
	} else if (p->keyless.cls != COF_OK) {
		cof_pull_fail(p, &p->keyless);
	} else {
		cof_pull_progressed(p);
		cof_pull_layer_step(p);
	}
}

static const cof_role_layer *layer(const cof_pull *p)
{
	return &p->manifest.layers[p->current];
}

static void publish(cof_pull *p, const cof_unpack_report *report)
{
	char staging[32], name[32];
	(void)snprintf(staging, sizeof staging, "s%zu", p->current);
	(void)snprintf(name, sizeof name, "%zu", p->current);
	if (renameat(p->folder_fd, staging, p->folder_fd, name) < 0) {
		cof_pull_fail_text(p, COF_E_IO, "publish-failed", "a layer could not be published");
		return;
	}
	if (report->root_opaque)
		p->lowest = p->current;
	p->decrypt_ms += (int64_t)report->decrypt_ms;
	p->unpack_ms += (int64_t)report->unpack_ms;
}

/*
 * All are needed: every byte came, every byte was right, and the keeper said yes. An unpacker that is done before the
 * keeper has answered cannot have had the key.
 */
void cof_pull_layer_step(cof_pull *p)
{
	if (p->ended || !p->fetched || !p->unpacked || p->key_pending)
		return;
	p->pulled_before += layer(p)->size;
	p->current++;
	if (p->current == p->manifest.n_layers)
		cof_watch_time(p->opts.watch, "pull", cof_now_ms() - p->started_ms);
	if (p->current < p->manifest.n_layers)
		cof_pull_next_layer(p);
	else
		cof_pull_maybe_done(p);
}

/*
 * A pipe ends a moment before its sender says why: the keeper, that there is no key; the fetcher, that the registry
 * hung up. The wait is for its answer.
 */
static void take_unpack_error(cof_pull *p, const cof_msg *m)
{
	cof_err why = {0};
	cof_chan_parse_err(cof_buf_span(&m->body), &why);
	if (cof_err_is(&why, "layer-key-refused") && p->key_pending) {
		p->keyless = why;
	} else if (cof_err_is(&why, "layer-size-mismatch") && !p->fetched && p->stalled.cls == COF_OK) {
		p->cut = why;
	} else {
		cof_pull_fail(p, &why);
		return;
	}
	cof_helper_free(p->unpacker);
	p->unpacker = NULL;
}

static void take_unpacker(cof_pull *p, const cof_msg *m)
{
	cof_err why = {0};
	cof_unpack_report report;
	if (m->type == COF_ROLE_PROGRESS)
		return;
	if (m->type == COF_ROLE_ERR) {
		take_unpack_error(p, m);
		return;
	}
	if (m->type != COF_ROLE_DONE || cof_role_report_parse(cof_buf_span(&m->body), &report, &why) < 0) {
		cof_pull_fail_text(p, COF_E_MALFORMED, "peer-malformed", "the unpacker broke its protocol");
		return;
	}
	/* All went well, says one; the pipe broke, says the other. */
	if (p->stalled.cls != COF_OK) {
		cof_pull_fail(p, &p->stalled);
		return;
	}
	publish(p, &report);
	cof_helper_free(p->unpacker);
	p->unpacker = NULL;
	p->unpacked = true;
	cof_pull_layer_step(p);
}

static void on_unpacker(void *arg)
{
	cof_pull *p = arg;
	COF_AUTO(cof_msg) m = {0};
	cof_err why = {0};
	if (p->ended) {
		cof_helper_free(p->unpacker);
		p->unpacker = NULL;
		return;
	}
	if (cof_chan_recv(cof_helper_chan(p->unpacker), &m, &why) < 0) {
		(void)!cof_helper_explain(p->unpacker, &why);
		cof_pull_fail(p, &why);
		return;
	}
	cof_pull_progressed(p);
	take_unpacker(p, &m);
}

static int send_fetch(cof_pull *p, int pipe, cof_err *err)
{
	COF_AUTO(cof_buf) body = {0};
	cof_wr w = cof_wr_to(&body);
	cof_wr_u32le(&w, (uint32_t)p->current);
	int r = cof_wr_done(&w, err);
	if (r < 0)
		return r;
	r = cof_chan_send(cof_helper_chan(p->fetcher), COF_FETCHER_FETCH, cof_buf_span(&body), &pipe, 1, err);
	return r < 0 ? cof_helper_explain(p->fetcher, err) : 0;
}

static int ask_key(cof_pull *p, int key_pipe, cof_err *err)
{
	if (p->opts.trust == NULL)
		return cof_err_set(err, COF_E_POLICY, "kbs-missing",
				   "the image is encrypted and initdata names no key broker");
	if (layer(p)->packet == NULL)
		return cof_err_set(err, COF_E_MALFORMED, "layer-key-missing",
				   "an encrypted layer has no packet of our key provider");
	cof_watch_phase(p->opts.watch, COF_PHASE_DECRYPT);
	p->key_pending = true;
	return cof_trust_unwrap(p->opts.trust, layer(p)->packet, key_pipe, on_unwrapped, p, err);
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

static int start_unpacker(cof_pull *p, int blob, int key, cof_err *err)
{
	char staging[32];
	const int fds[] = {blob, p->folder_fd, key};
	(void)snprintf(staging, sizeof staging, "s%zu", p->current);
	if (mkdirat(p->folder_fd, staging, 0755) < 0)
		return cof_err_sys(err, "unpack-io", "a staging folder");
	cof_helper_opts opts = p->opts.helper;
	opts.role = "unpacker";
	opts.readable = on_unpacker;
	opts.arg = p;
	int r = cof_helper_start(&p->unpacker, &opts, err);
	if (r < 0)
		return r;
	r = cof_role_task_send(cof_helper_chan(p->unpacker), layer(p), p->current, fds, key >= 0 ? 3 : 2, err);
	return r < 0 ? cof_helper_explain(p->unpacker, err) : 0;
}

static int begin_layer(cof_pull *p, cof_err *err)
{
	COF_AUTO_FD int blob_read = -EBADF, blob_write = -EBADF, key_read = -EBADF, key_write = -EBADF;
	int r = make_pipe(&blob_read, &blob_write, err);
	if (r == 0 && layer(p)->pubopts != NULL) {
		r = make_pipe(&key_read, &key_write, err);
		if (r == 0)
			r = ask_key(p, key_write, err);
	}
	if (r == 0)
		r = start_unpacker(p, blob_read, key_read, err);
	return r < 0 ? r : send_fetch(p, blob_write, err);
}

void cof_pull_next_layer(cof_pull *p)
{
	cof_err why = {0};
	p->fetched = p->unpacked = false;
	if (begin_layer(p, &why) < 0)
		cof_pull_fail(p, &why);
}
