/* SPDX-License-Identifier: Apache-2.0 */
#include "image-decrypt/flat.h"

#include <fcntl.h>
#include <stdio.h>

#include "common/file.h"
#include "image-decrypt/enc_provider.h"
#include "image-decrypt/layer.h"

typedef struct flat {
	cof_layout *from;
	const cof_flat_opts *opts;
	cof_image image;
	char *staging; /* removed unless it was renamed */
	int root;
	uint64_t before, total;
} flat;

static void flat_release(flat *f)
{
	cof_fd_close(&f->root);
	if (f->staging != NULL)
		(void)!cof_rm_tree(f->staging, NULL);
	free(f->staging);
	cof_image_release(&f->image);
}
COF_DEFINE_AUTO(flat, flat_release)

static int on_progress(void *arg, uint64_t done, uint64_t total)
{
	const flat *f = arg;
	(void)total;
	if (f->opts->progress != NULL)
		f->opts->progress(f->opts->progress_arg, f->before + done, f->total);
	return 0;
}

/* The first packet that the key opens; whose key it is named for is the broker's business, not the owner's. */
static int open_key(const flat *f, const cof_desc *d, cof_layer_key *ret, cof_err *err)
{
	COF_AUTO(cof_enc_packets) all = {0};
	int r = cof_err_set(err, COF_E_POLICY, "layer-key-refused",
			    "the layer is encrypted, and no key was given for it");
	const char *packets = cof_desc_annotation(d, COF_ENC_ANNOTATION_PROVIDER);
	if (f->opts->kek.len == 0 || packets == NULL)
		return r;
	r = cof_enc_packets_parse(packets, &all, err);
	if (r < 0)
		return r;
	for (size_t i = 0; i < all.n; i++) {
		r = cof_enc_unwrap(&all.at[i], f->opts->kek, f->opts->allow_ctr, ret, err);
		if (r == 0)
			return 0;
	}
	return r;
}

/* The pipeline takes its key from a pipe, here as in the guest. */
static int key_pipe(const flat *f, const cof_desc *d, int *ret_fd, cof_err *err)
{
	COF_AUTO(cof_layer_key) key = {0};
	int fds[2];
	int r = open_key(f, d, &key, err);
	if (r < 0)
		return r;
	if (pipe2(fds, O_CLOEXEC) < 0)
		return cof_err_sys(err, "pipe-failed", "a pipe");
	COF_AUTO_FD int in = fds[0];
	COF_AUTO_FD int out = fds[1];
	r = cof_layer_key_write(out, &key, err);
	if (r == 0)
		*ret_fd = cof_steal_fd(&in);
	return r;
}

static int unpack_layer(flat *f, size_t i, cof_err *err)
{
	const cof_desc *d = &f->image.manifest.layers[i];
	cof_layer_result done;
	int blob = -EBADF, key = -EBADF;
	int r = cof_layout_blob(f->from, &d->digest, &blob, err);
	COF_AUTO_FD int blob_fd = blob;
	if (r == 0 && d->media->encrypted)
		r = key_pipe(f, d, &key, err);
	COF_AUTO_FD int key_fd = key;
	if (r < 0)
		return r;
	const cof_layer_job job = {
		.media_type = d->media_type,
		.digest = d->digest,
		.size = d->size,
		.diff_id = f->image.config.diff_ids[i],
		.enc_pubopts = cof_desc_annotation(d, COF_ENC_ANNOTATION_PUBOPTS),
		.allow_plain = true,
		.blob_fd = blob_fd,
		.key_fd = key_fd,
		.unpack = {.root_fd = f->root, .form = COF_UNPACK_FLAT, .own_ids = geteuid() != 0},
		.progress = on_progress,
		.progress_arg = f,
	};
	r = cof_layer_unpack(&job, &done, err);
	f->before += d->size;
	return r < 0 ? cof_err_wrap(err, "layer %zu", i) : 0;
}

static int make_staging(flat *f, const char *target, cof_err *err)
{
	COF_AUTO_FREE char *path = NULL;
	if (access(target, F_OK) == 0)
		return cof_err_set(err, COF_E_USAGE, "target-exists", "%s is there already", target);
	int r = cof_path(&path, err, "%s.partial-XXXXXX", target);
	if (r < 0)
		return r;
	if (mkdtemp(path) == NULL)
		return cof_err_sys(err, "create-failed", "%s", path);
	f->staging = cof_steal(&path);
	f->root = open(f->staging, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	return f->root < 0 ? cof_err_sys(err, "create-failed", "%s", f->staging) : 0;
}

/* Its mode was 0700 until now: nobody else could look in. An archive that names its root has set another one. */
static int publish(flat *f, const char *target, cof_err *err)
{
	if (renameat2(AT_FDCWD, f->staging, AT_FDCWD, target, RENAME_NOREPLACE) < 0)
		return cof_err_sys(err, errno == EEXIST ? "target-exists" : "rename-failed", "%s", target);
	free(cof_steal(&f->staging));
	return 0;
}

int cof_flat_unpack(cof_layout *from, const char *tag, const char *target, const cof_flat_opts *opts, cof_digest *ret,
		    cof_err *err)
{
	COF_AUTO(flat) f = {.from = from, .opts = opts, .root = -EBADF};
	cof_image_source source = cof_layout_source(from);
	int r = cof_image_load(&source, tag, COF_PLATFORM_DEFAULT, &f.image, err);
	for (size_t i = 0; r == 0 && i < f.image.manifest.n_layers; i++)
		f.total += f.image.manifest.layers[i].size;
	if (r == 0)
		r = make_staging(&f, target, err);
	for (size_t i = 0; r == 0 && i < f.image.manifest.n_layers; i++)
		r = unpack_layer(&f, i, err);
	if (r == 0)
		r = publish(&f, target, err);
	if (r == 0)
		*ret = f.image.digest;
	return r;
}
