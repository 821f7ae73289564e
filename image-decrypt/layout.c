/* SPDX-License-Identifier: Apache-2.0 */
#include "image-decrypt/layout.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>

#include "common/file.h"
#include "image-decrypt/layout_index.h"
#include "image-decrypt/layout_read.h"

enum { VERSION_MAX = 4 << 10, CHUNK = 256 << 10 };

struct cof_layout {
	char *path;
};

void cof_layout_free(cof_layout *l)
{
	free(l->path);
	free(l);
}

static int read_file(const cof_layout *l, const char *name, size_t max, cof_buf *ret, cof_err *err)
{
	COF_AUTO_FREE char *path = NULL;
	int r = cof_path(&path, err, "%s/%s", l->path, name);
	if (r == 0 && cof_file_read(path, max, ret, NULL) < 0)
		r = cof_err_set(err, COF_E_MALFORMED, "layout-malformed", "%s cannot be read", path);
	return r;
}

static int check_version(const cof_layout *l, cof_err *err)
{
	COF_AUTO(cof_buf) text = {0};
	int r = read_file(l, "oci-layout", VERSION_MAX, &text, err);
	if (r == 0)
		r = cof_layout_version_check(cof_buf_span(&text), err);
	return r < 0 ? cof_err_wrap(err, "%s", l->path) : 0;
}

static int write_file(const cof_layout *l, const char *name, const char *text, cof_err *err)
{
	COF_AUTO_FREE char *path = NULL;
	int r = cof_path(&path, err, "%s/%s", l->path, name);
	return r < 0 ? r : cof_file_write(path, cof_span_str(text), 0644, err);
}

static int create(const cof_layout *l, cof_err *err)
{
	COF_AUTO_FREE char *blobs = NULL;
	int r = cof_path(&blobs, err, "%s/blobs/sha256", l->path);
	if (r == 0)
		r = cof_mkdirs(blobs, 0755, err);
	if (r == 0)
		r = write_file(l, "index.json", COF_LAYOUT_INDEX_EMPTY, err);
	/* Last: its presence says that the rest is there. */
	return r < 0 ? r : write_file(l, "oci-layout", COF_LAYOUT_VERSION, err);
}

static bool exists(const cof_layout *l)
{
	char *path = NULL;
	bool there = cof_path(&path, NULL, "%s/oci-layout", l->path) == 0 && access(path, F_OK) == 0;
	free(path);
	return there;
}

int cof_layout_open(cof_layout **ret, const char *path, bool make, cof_err *err)
{
	COF_AUTO_PTR(cof_layout) l = calloc(1, sizeof *l);
	if (l == NULL)
		return cof_err_oom(err);
	l->path = strdup(path);
	if (l->path == NULL)
		return cof_err_oom(err);
	int r = make && !exists(l) ? create(l, err) : check_version(l, err);
	if (r < 0)
		return r;
	*ret = cof_steal(&l);
	return 0;
}

/* --- blobs --- */

static int blob_path(const cof_layout *l, const cof_digest *d, char **ret, cof_err *err)
{
	char text[COF_DIGEST_STR_MAX];
	cof_digest_str(d, text);
	*strchr(text, ':') = '/';
	return cof_path(ret, err, "%s/blobs/%s", l->path, text);
}

int cof_layout_blob(const cof_layout *l, const cof_digest *d, int *ret_fd, cof_err *err)
{
	COF_AUTO_FREE char *path = NULL;
	struct stat st;
	int r = blob_path(l, d, &path, err);
	if (r < 0)
		return r;
	COF_AUTO_FD int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
		return cof_err_set(err, COF_E_MALFORMED, "blob-missing", "%s is not in the layout", path);
	*ret_fd = cof_steal_fd(&fd);
	return 0;
}

int cof_layout_begin(cof_layout *l, cof_newfile *ret, cof_err *err)
{
	COF_AUTO_FREE char *folder = NULL;
	int r = cof_path(&folder, err, "%s/blobs", l->path);
	return r < 0 ? r : cof_newfile_create(folder, ret, err);
}

int cof_layout_commit(cof_layout *l, cof_newfile *n, const cof_digest *d, cof_err *err)
{
	COF_AUTO_FREE char *path = NULL;
	int r = blob_path(l, d, &path, err);
	return r < 0 ? r : cof_newfile_publish(n, path, 0644, err);
}

int cof_layout_put(cof_layout *l, cof_span bytes, cof_digest *ret, cof_err *err)
{
	COF_AUTO(cof_newfile) n = COF_NEWFILE_NONE;
	cof_digest d;
	int r = cof_digest_of(COF_SHA256, bytes, &d, err);
	if (r == 0)
		r = cof_layout_begin(l, &n, err);
	if (r == 0)
		r = cof_fd_write_all(n.fd, bytes, err);
	if (r == 0)
		r = cof_layout_commit(l, &n, &d, err);
	if (r == 0)
		*ret = d;
	return r;
}

/* --- tags --- */

static int read_index(void *arg, cof_buf *ret, cof_err *err)
{
	return read_file(arg, "index.json", COF_LAYOUT_INDEX_MAX, ret, err);
}

static int read_blob(void *arg, const cof_digest *d, size_t max, cof_buf *ret, cof_err *err)
{
	int opened = -EBADF;
	int r = cof_layout_blob(arg, d, &opened, err);
	COF_AUTO_FD int fd = opened;
	return r < 0 ? r : cof_fd_read_all(fd, max, ret, err);
}

static cof_layout_files files_of(cof_layout *l)
{
	return (cof_layout_files){.arg = l, .index = read_index, .blob = read_blob};
}

static int source_manifest(void *arg, const char *wanted, cof_fetched *ret, cof_err *err)
{
	cof_layout *l = arg;
	const cof_layout_files files = files_of(l);
	return cof_layout_manifest(&files, wanted, ret, err) < 0 ? cof_err_wrap(err, "%s", l->path) : 0;
}

static int source_referrers(void *arg, const cof_digest *subject, cof_fetched *ret, cof_err *err)
{
	const cof_layout_files files = files_of(arg);
	return cof_layout_referrers(&files, subject, ret, err);
}

static int source_blob(void *arg, const cof_desc *d, size_t max, cof_buf *ret, cof_err *err)
{
	return read_blob(arg, &d->digest, max, ret, err);
}

static int source_stream(void *arg, const cof_desc *d, cof_sink sink, void *sink_arg, cof_err *err)
{
	int opened = -EBADF;
	int r = cof_layout_blob(arg, &d->digest, &opened, err);
	COF_AUTO_FD int fd = opened;
	COF_AUTO_FREE uint8_t *chunk = r < 0 ? NULL : malloc(CHUNK);
	if (r < 0)
		return r;
	if (chunk == NULL)
		return cof_err_oom(err);
	for (;;) {
		ssize_t n = read(fd, chunk, CHUNK);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n < 0 ? cof_err_sys(err, "read-failed", "a blob of %s", ((cof_layout *)arg)->path) : 0;
		r = sink(sink_arg, cof_span_of(chunk, (size_t)n), err);
		if (r < 0)
			return r;
	}
}

cof_image_source cof_layout_source(cof_layout *l)
{
	return (cof_image_source){.arg = l,
				  .manifest = source_manifest,
				  .blob = source_blob,
				  .stream = source_stream,
				  .referrers = source_referrers};
}

/* Two that change the tags of one layout at the same time wait for each other. */
static int lock(const cof_layout *l, int *ret_fd, cof_err *err)
{
	COF_AUTO_FREE char *path = NULL;
	int r = cof_path(&path, err, "%s/oci-layout", l->path);
	if (r < 0)
		return r;
	COF_AUTO_FD int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || flock(fd, LOCK_EX) < 0)
		return cof_err_sys(err, "lock-failed", "%s", path);
	*ret_fd = cof_steal_fd(&fd);
	return 0;
}

int cof_layout_tag(cof_layout *l, const char *tag, const char *media_type, const cof_digest *d, size_t size,
		   cof_err *err)
{
	COF_AUTO_PTR(json_t) index = NULL;
	COF_AUTO(cof_buf) old = {0};
	COF_AUTO(cof_buf) text = {0};
	int locked = -EBADF;
	int r = lock(l, &locked, err);
	COF_AUTO_FD int held = locked;
	if (r == 0)
		r = read_index(l, &old, err);
	if (r == 0)
		r = cof_layout_index_parse(cof_buf_span(&old), &index, err);
	if (r == 0)
		r = cof_layout_index_set(index, tag, media_type, d, size, err);
	if (r == 0)
		r = cof_json_dump(index, &text, err);
	return r < 0 ? r : write_file(l, "index.json", cof_buf_str(&text), err);
}
