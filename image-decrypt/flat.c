/* SPDX-License-Identifier: Apache-2.0 */
#include "image-decrypt/flat.h"

#include "image-decrypt/enc_provider.h"

enum { CHUNK = 256 << 10 };

/* A tree may not take the last of what a machine needs to go on. */
#define MIN_FREE ((uint64_t)64 << 20)

struct cof_flat {
	const cof_flat_opts *opts;
	cof_unpack_child *child;
};

void cof_flat_free(cof_flat *f)
{
	if (f->child != NULL)
		cof_unpack_child_free(f->child);
	free(f);
}

int cof_flat_new(cof_flat **ret, int root, int life, const cof_flat_opts *opts, cof_err *err)
{
	COF_AUTO_PTR(cof_flat) f = calloc(1, sizeof *f);
	if (f == NULL)
		return cof_err_oom(err);
	f->opts = opts;
	const cof_unpack_opts unpack = {
		.root_fd = root,
		.form = COF_UNPACK_FLAT,
		.own_ids = geteuid() != 0,
		.devices = opts->devices,
		.max_bytes = opts->max_bytes != 0 ? opts->max_bytes : COF_UNPACK_BYTES,
		.max_entries = opts->max_entries != 0 ? opts->max_entries : COF_UNPACK_ENTRIES,
		.min_free = MIN_FREE,
	};
	int r = cof_unpack_child_start(&f->child, &unpack, life, err);
	if (r < 0)
		return r;
	*ret = cof_steal(&f);
	return 0;
}

/* --- stored bytes to the other process --- */

typedef struct pump {
	const cof_flat *f;
	size_t layer;
	int blob;
	bool refused; /* the other side has its answer already */
	uint64_t done, total;
} pump;

static int push(void *arg, cof_span chunk, cof_err *err)
{
	pump *p = arg;
	while (chunk.len > 0) {
		ssize_t n = write(p->blob, chunk.data, chunk.len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			p->refused = errno == EPIPE;
			return cof_err_sys(err, "pipe-failed", "to the process that unpacks");
		}
		chunk = cof_span_of(chunk.data + n, chunk.len - (size_t)n);
		p->done += (uint64_t)n;
	}
	if (p->f->opts->progress != NULL)
		p->f->opts->progress(p->f->opts->progress_arg, p->layer, p->done, p->total);
	return 0;
}

/* When the other side does not want more, its reason counts; else ours. */
static int finish(const cof_flat *f, pump *p, int streamed, cof_unpack_answer *ret, cof_err *err)
{
	cof_fd_close(&p->blob);
	return streamed < 0 && !p->refused ? streamed : cof_unpack_child_end(f->child, ret, err);
}

static int open_key(const cof_desc *d, const cof_flat_keys *keys, cof_layer_key *ret, cof_err *err)
{
	if (keys == NULL)
		return cof_err_set(err, COF_E_POLICY, "layer-key-refused",
				   "the layer is encrypted, and no key was given for it");
	return keys->open(keys->arg, d, ret, err);
}

static int unpack_layer(const cof_flat *f, const cof_image_source *src, const cof_image *image, size_t i,
			const cof_flat_keys *keys, cof_unpack_answer *ret, cof_err *err)
{
	const cof_desc *d = &image->manifest.layers[i];
	COF_AUTO(cof_layer_key) key = {0};
	pump p = {.f = f, .layer = i, .blob = -EBADF, .total = d->size};
	int r = d->media->encrypted ? open_key(d, keys, &key, err) : 0;
	if (r < 0)
		return r;
	const cof_unpack_task task = {
		.media_type = d->media_type,
		.enc_pubopts = cof_desc_annotation(d, COF_ENC_ANNOTATION_PUBOPTS),
		.key = d->media->encrypted ? &key : NULL,
		.digest = d->digest,
		.diff_id = image->config.diff_ids[i],
		.size = d->size,
	};
	r = cof_unpack_child_begin(f->child, &task, &p.blob, err);
	return r < 0 ? r : finish(f, &p, src->stream(src->arg, d, push, &p, err), ret, err);
}

int cof_flat_image(cof_flat *f, const cof_image_source *src, const cof_image *image, const cof_flat_keys *keys,
		   cof_unpack_answer *ret, cof_err *err)
{
	for (size_t i = 0; i < image->manifest.n_layers; i++)
		if (unpack_layer(f, src, image, i, keys, &ret[i], err) < 0)
			return cof_err_wrap(err, "layer %zu", i);
	return 0;
}

static int stream_file(int fd, pump *p, cof_err *err)
{
	COF_AUTO_FREE uint8_t *chunk = malloc(CHUNK);
	if (chunk == NULL)
		return cof_err_oom(err);
	for (;;) {
		ssize_t n = read(fd, chunk, CHUNK);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n == 0 ? 0 : cof_err_sys(err, "layer-read", "the layer");
		int r = push(p, cof_span_of(chunk, (size_t)n), err);
		if (r < 0)
			return r;
	}
}

int cof_flat_file(cof_flat *f, int fd, uint64_t size, cof_unpack_answer *ret, cof_err *err)
{
	const cof_unpack_task task = {0};
	pump p = {.f = f, .blob = -EBADF, .total = size};
	int r = cof_unpack_child_begin(f->child, &task, &p.blob, err);
	return r < 0 ? r : finish(f, &p, stream_file(fd, &p, err), ret, err);
}
