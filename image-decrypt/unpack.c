/* SPDX-License-Identifier: Apache-2.0 */
#include "image-decrypt/unpack.h"

#include <fcntl.h>
#include <sys/vfs.h>

#include "image-decrypt/tar.h"
#include "image-decrypt/unpack_int.h"

/* Free space is asked for after so many bytes; an entry without data takes room too. */
enum { SPACE_STEP = 8 << 20, ENTRY_COST = 4 << 10, MIN_FREE_FILES = 1024 };

void cof_unpack_free(cof_unpack *u)
{
	cof_tree_leave(&u->tree);
	cof_fd_close(&u->file);
	cof_made_release(&u->made);
	cof_made_release(&u->hidden);
	cof_made_release(&u->copied);
	if (u->tar != NULL)
		cof_tar_free(u->tar);
	free(u);
}

/* --- limits --- */

static int check_space(const cof_unpack *u, cof_err *err)
{
	struct statfs fs;
	if (fstatfs(u->opts.root_fd, &fs) < 0)
		return cof_tree_sys(err, "asking for free space");
	bool room = fs.f_bavail >= u->opts.min_free / (uint64_t)fs.f_bsize;
	bool files = fs.f_files == 0 || fs.f_ffree >= MIN_FREE_FILES; /* some file systems have no such limit */
	return room && files
		       ? 0
		       : cof_err_set(err, COF_E_IO, "unpack-no-space", "less than %llu MiB or %d files would be left",
				     (unsigned long long)u->opts.min_free >> 20, MIN_FREE_FILES);
}

/* Counts what is written until the next look. */
static int spend(cof_unpack *u, uint64_t bytes, cof_err *err)
{
	u->unseen += bytes + ENTRY_COST;
	if (u->opts.min_free == 0 || u->unseen < SPACE_STEP)
		return 0;
	u->unseen = 0;
	return check_space(u, err);
}

int cof_unpack_count(cof_unpack *u, uint64_t bytes, cof_err *err)
{
	if (bytes > u->opts.max_bytes - u->bytes)
		return cof_err_set(err, COF_E_MALFORMED, "layer-too-large", "more than %llu bytes of tar",
				   (unsigned long long)u->opts.max_bytes);
	u->bytes += bytes;
	return spend(u, bytes, err);
}

/* The tree's own directory, by an entry for "./". */
static int on_root(cof_unpack *u, const cof_tar_entry *e, cof_err *err)
{
	if (e->type != COF_TAR_DIR)
		return cof_err_set(err, COF_E_MALFORMED, "tar-root", "the root is no directory");
	cof_tree_leave(&u->tree);
	COF_AUTO_FD int fd = cof_tree_open(u->tree.root, "", O_RDONLY | O_DIRECTORY);
	return fd < 0 ? cof_tree_sys(err, "opening the root") : cof_unpack_meta_again(u, fd, e, err);
}

/* Names that begin with .wh. belong to whiteouts, wherever they stand. */
static bool whiteout_parent(const char *path)
{
	for (const char *slash; (slash = strchr(path, '/')) != NULL; path = slash + 1)
		if (strncmp(path, COF_WHITEOUT, strlen(COF_WHITEOUT)) == 0)
			return true;
	return false;
}

static int apply(cof_unpack *u, const char *path, const cof_tar_entry *e, cof_err *err)
{
	if (whiteout_parent(path))
		return cof_err_set(err, COF_E_MALFORMED, "tar-whiteout", "a directory with a whiteout's name");
	int r = cof_tree_place(&u->tree, path, &u->at, err);
	if (r < 0)
		return r;
	if (strncmp(u->at.name, COF_WHITEOUT, strlen(COF_WHITEOUT)) == 0)
		return cof_unpack_whiteout(u, e, err);
	r = cof_unpack_make(u, e, err);
	/* What a whiteout must be able to tell from what lower layers have; all others are told apart by where they
	 * are. */
	bool remember = u->opts.form == COF_UNPACK_FLAT || e->type == COF_TAR_DIR || u->copied.n > 0;
	return r < 0 || !remember ? r : cof_made_add(&u->made, u->at.real, u->at.name, err);
}

static int on_entry(void *arg, const cof_tar_entry *e, cof_err *err)
{
	cof_unpack *u = arg;
	char path[PATH_MAX];
	if (++u->entries > u->opts.max_entries)
		return cof_err_set(err, COF_E_MALFORMED, "tar-too-many-entries", "more than %llu entries",
				   (unsigned long long)u->opts.max_entries);
	if (e->size > u->opts.max_bytes)
		return cof_err_set(err, COF_E_MALFORMED, "layer-too-large", "a file beyond the limit");
	u->meta_of = e;
	int r = cof_tree_normalise(e->path, path, err);
	if (r == 0)
		r = path[0] == '\0' ? on_root(u, e, err) : apply(u, path, e, err);
	/* No name: the host may come to see the text, and what is in an image is not its business. */
	return r < 0 ? cof_err_wrap(err, "entry %llu", (unsigned long long)u->entries) : 0;
}

static int on_data(void *arg, uint64_t offset, cof_span in, cof_err *err)
{
	cof_unpack *u = arg;
	while (u->file >= 0 && in.len > 0) {
		ssize_t n = pwrite(u->file, in.data, in.len, (off_t)offset);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return cof_tree_sys(err, "writing a file");
		in = cof_span_of(in.data + n, in.len - (size_t)n);
		offset += (uint64_t)n;
	}
	return 0;
}

static int on_done(void *arg, cof_err *err)
{
	cof_unpack *u = arg;
	if (u->file < 0)
		return 0;
	COF_AUTO_FD int fd = cof_steal_fd(&u->file);
	if (u->meta_of->sparse && ftruncate(fd, (off_t)u->meta_of->size) < 0)
		return cof_tree_sys(err, "sizing a file");
	return cof_unpack_meta(u, fd, u->meta_of, err);
}

int cof_unpack_new(cof_unpack **ret, const cof_unpack_opts *opts, cof_err *err)
{
	COF_AUTO_PTR(cof_unpack) u = calloc(1, sizeof *u);
	if (u == NULL)
		return cof_err_oom(err);
	u->opts = *opts;
	u->file = -EBADF;
	if (opts->max_bytes == 0)
		u->opts.max_bytes = COF_UNPACK_BYTES;
	if (opts->max_entries == 0)
		u->opts.max_entries = COF_UNPACK_ENTRIES;
	bool overlay = opts->form == COF_UNPACK_OVERLAY;
	cof_tree_init(&u->tree, opts->root_fd, opts->lower_fds, overlay ? opts->n_lowers : 0, overlay);
	cof_tree_gate(&u->tree, opts->lowers, opts->lowers_arg);
	const cof_tar_sink sink = {u, on_entry, on_data, on_done};
	int r = cof_tar_new(&u->tar, &sink, err);
	if (r < 0)
		return r;
	*ret = cof_steal(&u);
	return 0;
}

int cof_unpack_add(cof_unpack *u, cof_span in, cof_err *err)
{
	int r = cof_unpack_count(u, in.len, err);
	return r < 0 ? r : cof_tar_add(u->tar, in, err);
}

int cof_unpack_end(cof_unpack *u, cof_unpack_result *ret, cof_err *err)
{
	int r = cof_tar_end(u->tar, err);
	if (r < 0)
		return r;
	cof_tree_leave(&u->tree);
	*ret = (cof_unpack_result){u->entries, u->root_opaque};
	return 0;
}
