/* SPDX-License-Identifier: Apache-2.0 */
/* A tar of a layout as a depot: read where it lies, or written whole. */
#include <stdio.h>

#include "image-decrypt/archive.h"
#include "image-decrypt/archive_new.h"
#include "image-decrypt/depot_int.h"
#include "image-decrypt/layout_index.h"
#include "image-decrypt/layout_read.h"

enum { VERSION_MAX = 4 << 10, BLOB_NAME_MAX = 8 + COF_DIGEST_STR_MAX };

typedef struct oci_archive {
	cof_archive *in; /* NULL while writing */
	cof_archive_new *out;
	json_t *index;
	cof_digest *have; /* blobs that were written */
	size_t n, room;
} oci_archive;

static void free_archive(void *impl)
{
	oci_archive *o = impl;
	if (o->in != NULL)
		cof_archive_free(o->in);
	if (o->out != NULL)
		cof_archive_new_free(o->out);
	json_decref(o->index);
	free(o->have);
	free(o);
}

static int read_whole(const oci_archive *o, const char *name, size_t max, cof_buf *ret, cof_err *err)
{
	const cof_archive_file *f = o->in == NULL ? NULL : cof_archive_find(o->in, name);
	if (f == NULL)
		return cof_err_set(err, COF_E_MALFORMED, "layout-malformed", "the archive has no %s", name);
	return cof_archive_read(o->in, f, max, ret, err);
}

static int open_for_reading(oci_archive *o, const char *path, cof_err *err)
{
	COF_AUTO(cof_buf) version = {0};
	int r = cof_archive_open(&o->in, path, err);
	if (r == 0)
		r = read_whole(o, "oci-layout", VERSION_MAX, &version, err);
	return r < 0 ? r : cof_layout_version_check(cof_buf_span(&version), err);
}

static int open_for_writing(oci_archive *o, const char *path, cof_err *err)
{
	int r = cof_layout_index_parse(cof_span_str(COF_LAYOUT_INDEX_EMPTY), &o->index, err);
	if (r == 0)
		r = cof_archive_create(&o->out, path, err);
	return r < 0 ? r : cof_archive_add(o->out, "oci-layout", cof_span_str(COF_LAYOUT_VERSION), err);
}

static int open_archive(cof_depot *p, const cof_depot_opts *opts, cof_err *err)
{
	(void)opts;
	p->impl = calloc(1, sizeof(oci_archive));
	if (p->impl == NULL)
		return cof_err_oom(err);
	return p->write ? open_for_writing(p->impl, p->name.path, err) : open_for_reading(p->impl, p->name.path, err);
}

/* --- reading --- */

static void blob_name(const cof_digest *d, char out[BLOB_NAME_MAX])
{
	char text[COF_DIGEST_STR_MAX];
	cof_digest_str(d, text);
	*strchr(text, ':') = '/';
	(void)snprintf(out, BLOB_NAME_MAX, "blobs/%s", text);
}

static int find_blob(const oci_archive *o, const cof_digest *d, const cof_archive_file **ret, cof_err *err)
{
	char name[BLOB_NAME_MAX];
	blob_name(d, name);
	*ret = o->in == NULL ? NULL : cof_archive_find(o->in, name);
	return *ret != NULL ? 0 : cof_err_set(err, COF_E_MALFORMED, "blob-missing", "%s is not in the archive", name);
}

static int read_index(void *arg, cof_buf *ret, cof_err *err)
{
	return read_whole(arg, "index.json", COF_LAYOUT_INDEX_MAX, ret, err);
}

static int read_blob(void *arg, const cof_digest *d, size_t max, cof_buf *ret, cof_err *err)
{
	const oci_archive *o = arg;
	const cof_archive_file *f = NULL;
	int r = find_blob(o, d, &f, err);
	return r < 0 ? r : cof_archive_read(o->in, f, max, ret, err);
}

static cof_layout_files files_of(void *o)
{
	return (cof_layout_files){.arg = o, .index = read_index, .blob = read_blob};
}

static int source_manifest(void *arg, const char *wanted, cof_fetched *ret, cof_err *err)
{
	const cof_layout_files files = files_of(arg);
	return cof_layout_manifest(&files, wanted, ret, err);
}

static int source_blob(void *arg, const cof_desc *d, size_t max, cof_buf *ret, cof_err *err)
{
	return read_blob(arg, &d->digest, max, ret, err);
}

static int source_stream(void *arg, const cof_desc *d, cof_sink sink, void *sink_arg, cof_err *err)
{
	const oci_archive *o = arg;
	const cof_archive_file *f = NULL;
	int r = find_blob(o, &d->digest, &f, err);
	return r < 0 ? r : cof_archive_stream(o->in, f, sink, sink_arg, err);
}

static int source_referrers(void *arg, const cof_digest *subject, cof_fetched *ret, cof_err *err)
{
	const cof_layout_files files = files_of(arg);
	return cof_layout_referrers(&files, subject, ret, err);
}

static cof_image_source source(void *impl)
{
	return (cof_image_source){.arg = impl,
				  .manifest = source_manifest,
				  .blob = source_blob,
				  .stream = source_stream,
				  .referrers = source_referrers};
}

/* --- writing --- */

static bool written(const oci_archive *o, const cof_digest *d)
{
	for (size_t i = 0; i < o->n; i++)
		if (cof_digest_equal(&o->have[i], d))
			return true;
	return false;
}

static int has(void *impl, const cof_desc *d, bool *ret, cof_err *err)
{
	(void)err;
	*ret = written(impl, &d->digest);
	return 0;
}

static int begin(void *impl, cof_blob_new *b, cof_err *err)
{
	oci_archive *o = impl;
	return cof_archive_begin(o->out, &b->fd, err);
}

static int remember(oci_archive *o, const cof_digest *d, cof_err *err)
{
	if (o->n == o->room) {
		size_t room = o->room == 0 ? 16 : o->room * 2;
		cof_digest *grown = reallocarray(o->have, room, sizeof *grown);
		if (grown == NULL)
			return cof_err_oom(err);
		o->have = grown;
		o->room = room;
	}
	o->have[o->n++] = *d;
	return 0;
}

/* A name may stand in an archive once. */
static int end(void *impl, cof_blob_new *b, const cof_digest *d, cof_err *err)
{
	oci_archive *o = impl;
	char name[BLOB_NAME_MAX];
	if (written(o, d)) {
		cof_archive_abort(o->out);
		return 0;
	}
	blob_name(d, name);
	if (strlen(name) > COF_ARCHIVE_NAME_MAX)
		return cof_err_set(err, COF_E_USAGE, "digest-algorithm",
				   "archives are written with SHA-256 digests alone, not %s", name);
	int r = remember(o, d, err);
	(void)b;
	return r < 0 ? r : cof_archive_end(o->out, name, err);
}

static void forget(void *impl, cof_blob_new *b)
{
	oci_archive *o = impl;
	if (!b->ended && b->fd >= 0)
		cof_archive_abort(o->out);
}

static int put_manifest(void *impl, const char *media_type, cof_span body, const char *tag, const cof_digest *d,
			cof_err *err)
{
	oci_archive *o = impl;
	char name[BLOB_NAME_MAX];
	blob_name(d, name);
	int r = written(o, d) ? 0 : cof_archive_add(o->out, name, body, err);
	if (r == 0 && !written(o, d))
		r = remember(o, d, err);
	return r < 0 || tag == NULL ? r : cof_layout_index_set(o->index, tag, media_type, d, body.len, err);
}

static int close_archive(void *impl, cof_err *err)
{
	oci_archive *o = impl;
	COF_AUTO(cof_buf) text = {0};
	int r = o->out == NULL ? 0 : cof_json_dump(o->index, &text, err);
	if (r < 0 || o->out == NULL)
		return r;
	r = cof_archive_add(o->out, "index.json", cof_buf_span(&text), err);
	return r < 0 ? r : cof_archive_commit(o->out, err);
}

const cof_depot_ops cof_depot_oci_archive = {
	.open = open_archive,
	.free = free_archive,
	.source = source,
	.has = has,
	.begin = begin,
	.end = end,
	.forget = forget,
	.put_manifest = put_manifest,
	.close = close_archive,
};
