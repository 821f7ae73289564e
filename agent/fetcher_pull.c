/* SPDX-License-Identifier: Apache-2.0 */
/* The image: found as the owner wants, described, and judged by its signatures before a byte of it is handed on. */
#include <time.h>

#include "agent/cdh.h"
#include "agent/fetcher_int.h"
#include "agent/keeper.h"
#include "agent/signers.h"
#include "common/file.h"
#include "common/hex.h"
#include "image-decrypt/ocicrypt.h"
#include "image-decrypt/sigcheck.h"

enum { WIDE_STREAMS = 2 };

/* --- the request --- */

static int parse_texts(const json_t *doc, const char *key, size_t max, const char **ret, cof_err *err)
{
	json_t *list = NULL;
	int r = cof_json_arr(doc, key, &list, err);
	if (r < 0)
		return r;
	for (size_t i = 0; i < json_array_size(list) && i < max; i++) {
		ret[i] = json_string_value(json_array_get(list, i));
		if (ret[i] == NULL)
			return cof_err_set(err, COF_E_MALFORMED, "json-type", "'%s' holds more than strings", key);
	}
	return 0;
}

static int parse_pull(const json_t *doc, cof_fetcher_ask *p, cof_err *err)
{
	int r = cof_json_str(doc, "reference", &p->reference, err);
	if (r == 0)
		r = cof_json_str(doc, "ca", &p->ca, err);
	if (r == 0 && !json_is_null(json_object_get(doc, "proxy")))
		r = cof_json_opt_str(doc, "proxy", &p->proxy, err);
	if (r == 0)
		r = parse_texts(doc, "no_proxy", COF_POLICY_WORDS_MAX, p->no_proxy, err);
	if (r == 0)
		r = parse_texts(doc, "token_servers", COF_MIRRORS_MAX, p->token_servers, err);
	if (r == 0)
		r = parse_texts(doc, "mirrors", COF_MIRRORS_MAX, p->mirrors, err);
	if (r == 0)
		r = parse_texts(doc, "resolve", COF_FETCHER_RESOLVE_MAX, p->resolve, err);
	if (r == 0)
		r = cof_json_bool(doc, "logins", &p->logins, err);
	return r < 0 ? r : cof_json_bool(doc, "signers", &p->signers, err);
}

/* --- the owner's settings, by pipes from the keeper --- */

/* An empty one says that the keeper had none to give, and why, to init. */
static int read_record(int fd, cof_buf *ret, cof_err *err)
{
	int r = cof_fd_read_all(fd, COF_KEEPER_RECORD_MAX, ret, err);
	if (r == 0 && ret->len == 0)
		return cof_err_set(err, COF_E_POLICY, "settings-missing", "the keeper gave nothing for this image");
	return r;
}

static int take_logins(cof_fetcher *f, int fd, cof_err *err)
{
	COF_AUTO(cof_buf) file = {0};
	int r = read_record(fd, &file, err);
	if (r == 0)
		r = cof_authfile_find(cof_buf_span(&file), &f->ref, &f->login, err);
	for (size_t i = 0; r == 0 && f->p.mirrors[i] != NULL; i++) {
		COF_AUTO_FREE char *host = cof_cdh_mirror_host(f->p.mirrors[i]);
		r = host == NULL
			    ? cof_err_oom(err)
			    : cof_authfile_find_at(cof_buf_span(&file), host, f->ref.repo, &f->mirror_logins[i], err);
	}
	cof_buf_wipe(&file);
	return r;
}

/* Nothing of the image is handed on before this says yes. */
static int judge(cof_fetcher *f, int fd, cof_err *err)
{
	COF_AUTO(cof_buf) record = {0};
	COF_AUTO(cof_signers) signers = {0};
	COF_AUTO_PTR(cof_sigpolicy) policy = NULL;
	const cof_image_source source = cof_registry_source(f->registry);
	int r = read_record(fd, &record, err);
	if (r == 0)
		r = cof_signers_parse(cof_buf_span(&record), &signers, err);
	if (r == 0)
		r = cof_sigpolicy_parse(cof_buf_span(&signers.policy), &policy, err);
	if (r < 0)
		return r;
	const cof_sigcheck in = {.policy = policy,
				 .place = {.transport = "docker", .ref = &f->ref},
				 .asked = &f->image.asked,
				 .chosen = &f->image.digest,
				 .source = &source,
				 .read_key = cof_signers_read_key,
				 .read_key_arg = &signers,
				 .now = time(NULL)};
	return cof_sigcheck_run(&in, NULL, err);
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

static int send_manifest(const cof_fetcher *f, cof_err *err)
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

/* --- the image --- */

static int connect_registry(const cof_fetcher *f, unsigned streams, cof_registry **ret, cof_err *err)
{
	cof_registry_mirror mirrors[COF_MIRRORS_MAX];
	cof_registry_opts opts = {.ca_pem = cof_span_str(f->p.ca),
				  .resolve = f->p.resolve,
				  .proxy = f->p.proxy,
				  .no_proxy = f->p.no_proxy,
				  .login = &f->login,
				  .partners = f->p.token_servers,
				  .mirrors = mirrors,
				  .streams = streams};
	for (; f->p.mirrors[opts.n_mirrors] != NULL; opts.n_mirrors++)
		mirrors[opts.n_mirrors] = (cof_registry_mirror){.url = f->p.mirrors[opts.n_mirrors],
								.login = &f->mirror_logins[opts.n_mirrors]};
	return cof_registry_new(ret, &f->ref, &opts, err);
}

static int load_image(cof_fetcher *f, cof_err *err)
{
	char wanted[COF_DIGEST_STR_MAX];
	int r = connect_registry(f, 1, &f->registry, err);
	if (r < 0)
		return r;
	cof_image_source source = cof_registry_source(f->registry);
	cof_ref_wanted(&f->ref, wanted);
	return cof_image_load(&source, wanted, COF_PLATFORM_DEFAULT, &f->image, err);
}

/* One layer at most is worth the memory of several requests at once. */
static int widen(cof_fetcher *f, cof_err *err)
{
	const cof_image_manifest *m = &f->image.manifest;
	int r = 0;
	for (size_t i = 0; i < m->n_layers; i++)
		if (__builtin_add_overflow(f->total, m->layers[i].size, &f->total))
			f->total = INT64_MAX;
	for (size_t i = 0; r == 0 && i < m->n_layers; i++)
		if (f->wide == NULL && cof_role_wide(m->layers[i].size, f->total))
			r = connect_registry(f, WIDE_STREAMS, &f->wide, err);
	return r;
}

static int pull(cof_fetcher *f, const cof_msg *m, cof_err *err)
{
	if (m->n_fds != (size_t)f->p.logins + (size_t)f->p.signers)
		return cof_err_set(err, COF_E_USAGE, "fetcher-malformed", "the owner's settings without their pipes");
	int r = cof_ref_parse(f->p.reference, &f->ref, err);
	if (r == 0 && f->p.logins)
		r = take_logins(f, m->fds[0], err);
	if (r == 0)
		r = load_image(f, err);
	if (r == 0 && f->p.signers)
		r = judge(f, m->fds[m->n_fds - 1], err);
	if (r == 0)
		r = widen(f, err);
	return r < 0 ? r : send_manifest(f, err);
}

int cof_fetcher_pull(cof_fetcher *f, const cof_msg *m, cof_err *err)
{
	if (f->doc != NULL)
		return cof_err_set(err, COF_E_USAGE, "fetcher-busy", "one image for each fetcher");
	int r = cof_json_parse(cof_buf_span(&m->body), &f->doc, err);
	if (r == 0)
		r = parse_pull(f->doc, &f->p, err);
	return r < 0 ? r : pull(f, m, err);
}
