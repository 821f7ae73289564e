/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The fetcher: the guest's only process that talks to the registry. It holds no key and writes no file; what it hands
 * on is a checked description of the image and streams of stored bytes.
 */
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

typedef struct fetcher {
	int chan;
	cof_registry *registry;
	cof_image image;
} fetcher;

/* --- PULL --- */

typedef struct pull_request {
	json_t *doc;
	const char *reference, *ca, *proxy;
	const char *resolve[RESOLVE_MAX + 1];
} pull_request;

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

static int pull(fetcher *f, const pull_request *p, cof_err *err)
{
	cof_ref ref;
	char wanted[COF_DIGEST_STR_MAX];
	int r = cof_ref_parse(p->reference, &ref, err);
	if (r < 0)
		return r;
	cof_registry_opts opts = {.ca_pem = cof_span_str(p->ca), .resolve = p->resolve, .proxy = p->proxy};
	cof_ref_wanted(&ref, wanted);
	r = cof_registry_new(&f->registry, &ref, &opts, err);
	if (r < 0)
		return r;
	cof_image_source source = cof_registry_source(f->registry);
	r = cof_image_load(&source, wanted, COF_PLATFORM_DEFAULT, &f->image, err);
	return r < 0 ? r : send_manifest(f, err);
}

static int serve_pull(fetcher *f, const cof_msg *m, cof_err *err)
{
	COF_AUTO_PTR(json_t) doc = NULL;
	pull_request p = {0};
	if (f->registry != NULL)
		return cof_err_set(err, COF_E_USAGE, "fetcher-busy", "one image for each fetcher");
	int r = cof_json_parse(cof_buf_span(&m->body), &doc, err);
	if (r == 0)
		r = parse_pull(doc, &p, err);
	return r < 0 ? r : pull(f, &p, err);
}

/* --- FETCH --- */

typedef struct stream {
	int chan, pipe;
	uint64_t done, said;
} stream;

static int on_chunk(void *arg, cof_span chunk, cof_err *err)
{
	stream *s = arg;
	if (cof_fd_write_all(s->pipe, chunk, NULL) < 0)
		return cof_err_set(err, COF_E_UNAVAILABLE, "pipe-closed", "the unpacker takes no more");
	s->done += chunk.len;
	if (s->done - s->said < PROGRESS_EVERY)
		return 0;
	s->said = s->done;
	return cof_role_progress_send(s->chan, s->done, err);
}

static int serve_fetch(fetcher *f, cof_msg *m, cof_err *err)
{
	cof_rd in = cof_rd_of(cof_buf_span(&m->body));
	size_t index = cof_rd_u32le(&in);
	if (!cof_rd_end(&in) || index >= f->image.manifest.n_layers || m->n_fds != 1)
		return cof_err_set(err, COF_E_USAGE, "fetcher-malformed", "no such layer");
	COF_AUTO_FD int pipe = cof_steal_fd(&m->fds[0]);
	stream s = {.chan = f->chan, .pipe = pipe};
	int r = cof_registry_blob(f->registry, &f->image.manifest.layers[index], on_chunk, &s, err);
	cof_fd_close(&pipe);
	if (r == 0)
		r = cof_role_progress_send(f->chan, s.done, err);
	return r < 0 ? r : cof_chan_send(f->chan, COF_ROLE_DONE, (cof_span){0}, NULL, 0, err);
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

int cof_fetcher_main(int chan_fd)
{
	fetcher f = {.chan = chan_fd};
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
		(void)!cof_chan_send_err(chan_fd, COF_ROLE_ERR, &err, NULL);
	cof_image_release(&f.image);
	if (f.registry != NULL)
		cof_registry_free(f.registry);
	return r < 0 ? 1 : 0;
}
