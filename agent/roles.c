/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/roles.h"

#include "common/digest.h"
#include "common/rd.h"
#include "common/wr.h"
#include "image-decrypt/manifest.h"

static void layer_release(cof_role_layer *l)
{
	free(l->media_type);
	free(l->digest);
	free(l->diff_id);
	free(l->pubopts);
	free(l->packet);
	*l = (cof_role_layer){0};
}

void cof_role_manifest_release(cof_role_manifest *m)
{
	for (size_t i = 0; i < m->n_layers; i++)
		layer_release(&m->layers[i]);
	free(m->layers);
	free(m->asked);
	free(m->digest);
	cof_buf_release(&m->config);
	*m = (cof_role_manifest){0};
}

/* --- strict reading --- */

static int take_str(const json_t *obj, const char *key, size_t max, char **ret, cof_err *err)
{
	const char *s = NULL;
	int r = cof_json_str(obj, key, &s, err);
	if (r < 0)
		return r;
	if (strlen(s) > max)
		return cof_err_set(err, COF_E_MALFORMED, "json-range", "'%s' is too long", key);
	*ret = strdup(s);
	return *ret == NULL ? cof_err_oom(err) : 0;
}

static int take_opt(const json_t *obj, const char *key, char **ret, cof_err *err)
{
	const json_t *v = json_object_get(obj, key);
	return v == NULL || json_is_null(v) ? 0 : take_str(obj, key, COF_ANNOTATION_MAX, ret, err);
}

static int take_digest(const json_t *obj, const char *key, char **ret, cof_err *err)
{
	cof_digest parsed;
	int r = take_str(obj, key, COF_DIGEST_STR_MAX, ret, err);
	return r < 0 ? r : cof_digest_parse(*ret, &parsed, err);
}

static int parse_layer(const json_t *v, cof_role_layer *l, cof_err *err)
{
	json_int_t size = 0;
	int r = take_str(v, "media_type", COF_MEDIA_TYPE_MAX, &l->media_type, err);
	if (r == 0)
		r = take_digest(v, "digest", &l->digest, err);
	if (r == 0)
		r = take_digest(v, "diff_id", &l->diff_id, err);
	if (r == 0)
		r = cof_json_int(v, "size", 0, INT64_MAX, &size, err);
	if (r == 0)
		r = take_opt(v, "pubopts", &l->pubopts, err);
	if (r == 0)
		r = take_opt(v, "packet", &l->packet, err);
	l->size = (uint64_t)size;
	return r;
}

static int parse_layers(const json_t *doc, cof_role_manifest *m, cof_err *err)
{
	json_t *list = NULL;
	int r = cof_json_arr(doc, "layers", &list, err);
	if (r < 0)
		return r;
	size_t n = json_array_size(list);
	if (n == 0 || n > COF_LAYERS_MAX)
		return cof_err_set(err, COF_E_MALFORMED, "json-range", "%zu layers", n);
	m->layers = calloc(n, sizeof *m->layers);
	if (m->layers == NULL)
		return cof_err_oom(err);
	m->n_layers = n;
	for (size_t i = 0; r == 0 && i < n; i++)
		r = parse_layer(json_array_get(list, i), &m->layers[i], err);
	return r;
}

int cof_role_manifest_parse(cof_span in, cof_role_manifest *ret, cof_err *err)
{
	COF_AUTO_PTR(json_t) doc = NULL;
	COF_AUTO(cof_role_manifest) m = {0};
	cof_err why = {0};
	int r = cof_json_parse(in, &doc, &why);
	if (r == 0)
		r = take_digest(doc, "asked", &m.asked, &why);
	if (r == 0)
		r = take_digest(doc, "digest", &m.digest, &why);
	if (r == 0)
		r = cof_json_b64(doc, "config", &m.config, &why);
	if (r == 0)
		r = parse_layers(doc, &m, &why);
	if (r < 0)
		return cof_err_set(err, COF_E_MALFORMED, "peer-malformed", "manifest of the fetcher: %s", why.text);
	*ret = m;
	m = (cof_role_manifest){0};
	return 0;
}

int cof_role_report_parse(cof_span in, cof_unpack_report *ret, cof_err *err)
{
	COF_AUTO_PTR(json_t) doc = NULL;
	json_int_t decrypt = 0, unpack = 0;
	cof_err why = {0};
	bool opaque = false;
	int r = cof_json_parse(in, &doc, &why);
	if (r == 0)
		r = cof_json_int(doc, "decrypt_ms", 0, INT32_MAX, &decrypt, &why);
	if (r == 0)
		r = cof_json_int(doc, "unpack_ms", 0, INT32_MAX, &unpack, &why);
	if (r == 0)
		r = cof_json_bool(doc, "root_opaque", &opaque, &why);
	if (r < 0)
		return cof_err_set(err, COF_E_MALFORMED, "peer-malformed", "report of the unpacker: %s", why.text);
	*ret = (cof_unpack_report){(uint64_t)decrypt, (uint64_t)unpack, opaque};
	return 0;
}

int cof_role_news_parse(const cof_msg *m, cof_role_news *ret, cof_err *err)
{
	cof_role_news n = {0};
	cof_rd r = cof_rd_of(cof_buf_span(&m->body));
	n.layer = cof_rd_u32le(&r);
	if (m->type == COF_ROLE_PROGRESS)
		n.bytes = cof_rd_u64le(&r);
	if (m->type == COF_ROLE_LAYER_ERR)
		cof_chan_parse_err(cof_rd_rest(&r), &n.why);
	if (!cof_rd_end(&r))
		return cof_err_set(err, COF_E_MALFORMED, "peer-malformed", "the fetcher's news of a layer");
	*ret = n;
	return 0;
}

int cof_role_news_send(int chan, uint32_t type, const cof_role_news *n, cof_err *err)
{
	COF_AUTO(cof_buf) body = {0};
	cof_wr w = cof_wr_to(&body);
	cof_wr_u32le(&w, n->layer);
	if (type == COF_ROLE_PROGRESS)
		cof_wr_u64le(&w, n->bytes);
	int r = cof_wr_done(&w, err);
	if (r == 0 && type == COF_ROLE_LAYER_ERR)
		r = cof_chan_add_err(&body, &n->why, err);
	return r < 0 ? r : cof_chan_send(chan, type, cof_buf_span(&body), NULL, 0, err);
}

bool cof_role_wide(uint64_t size, uint64_t total)
{
	return size > total / 2;
}

int cof_role_task_send(int chan, const cof_role_layer *l, size_t index, bool wide, const int *fds, size_t n_fds,
		       cof_err *err)
{
	COF_AUTO(cof_buf) body = {0};
	COF_AUTO_PTR(json_t)
	doc = json_pack("{s:I, s:b, s:s, s:s, s:I, s:s, s:s?}", "index", (json_int_t)index, "wide", wide, "media_type",
			l->media_type, "digest", l->digest, "size", (json_int_t)l->size, "diff_id", l->diff_id,
			"pubopts", l->pubopts);
	if (doc == NULL)
		return cof_err_oom(err);
	int r = cof_json_dump(doc, &body, err);
	return r < 0 ? r : cof_chan_send(chan, COF_UNPACKER_JOB, cof_buf_span(&body), fds, n_fds, err);
}
