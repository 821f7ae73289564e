/* SPDX-License-Identifier: Apache-2.0 */
#include "common/file.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/stat.h>

enum { READ_CHUNK = 64 << 10 };

static ssize_t read_some(int fd, void *to, size_t len)
{
	for (;;) {
		ssize_t n = read(fd, to, len);
		if (n >= 0 || errno != EINTR)
			return n;
	}
}

/* The end of the stream, or one byte too many. */
static int at_end(int fd, size_t max, cof_err *err)
{
	uint8_t more = 0;
	ssize_t n = read_some(fd, &more, 1);
	if (n < 0)
		return cof_err_sys(err, "read-failed", "reading");
	return n == 0 ? 0 : cof_err_set(err, COF_E_MALFORMED, "file-too-large", "more than %zu bytes", max);
}

/* What a regular file has, as far as it is allowed: read in one piece then, and without growing. Only a hint. */
static size_t size_hint(int fd, size_t max)
{
	struct stat st;
	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) || st.st_size <= 0 || (uint64_t)st.st_size >= max)
		return READ_CHUNK;
	return (size_t)st.st_size + 1;
}

int cof_fd_read_all(int fd, size_t max, cof_buf *ret, cof_err *err)
{
	const size_t most = size_hint(fd, max);
	for (size_t left = max; left > 0;) {
		size_t chunk = left < most ? left : most;
		int r = cof_buf_reserve(ret, chunk, err);
		if (r < 0)
			return r;
		ssize_t n = read_some(fd, ret->data + ret->len, chunk);
		if (n < 0)
			return cof_err_sys(err, "read-failed", "reading");
		ret->len += (size_t)n;
		ret->data[ret->len] = 0;
		left -= (size_t)n;
		if (n == 0)
			return 0;
	}
	return at_end(fd, max, err);
}

int cof_fd_read_secret(int fd, size_t max, cof_secret *ret, cof_err *err)
{
	COF_AUTO(cof_secret) room = {0};
	size_t have = 0;
	int r = cof_secret_new(&room, max, err);
	if (r < 0)
		return r;
	for (ssize_t n = 1; have < max && n > 0; have += (size_t)n) {
		n = read_some(fd, room.data + have, max - have);
		if (n < 0)
			return cof_err_sys(err, "read-failed", "reading");
	}
	if (have == max)
		r = at_end(fd, max, err);
	return r < 0 ? r : cof_secret_from(ret, cof_span_of(room.data, have), err);
}

int cof_file_read_at(int dirfd, const char *path, size_t max, cof_buf *ret, cof_err *err)
{
	COF_AUTO_FD int fd = openat(dirfd, path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	if (fd < 0)
		return cof_err_sys(err, errno == ENOENT ? "no-such-file" : "open-failed", "%s", path);
	if (cof_fd_read_all(fd, max, ret, err) < 0)
		return cof_err_wrap(err, "%s", path);
	return 0;
}

int cof_file_read(const char *path, size_t max, cof_buf *ret, cof_err *err)
{
	return cof_file_read_at(AT_FDCWD, path, max, ret, err);
}

int cof_fd_write_all(int fd, cof_span data, cof_err *err)
{
	while (data.len > 0) {
		ssize_t n = write(fd, data.data, data.len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return cof_err_sys(err, "write-failed", "writing");
		data.data += n;
		data.len -= (size_t)n;
	}
	return 0;
}

int cof_fd_read_exact(int fd, void *out, size_t len, cof_err *err)
{
	uint8_t *to = out;
	while (len > 0) {
		ssize_t n = read_some(fd, to, len);
		if (n < 0)
			return cof_err_sys(err, "read-failed", "reading");
		if (n == 0)
			return cof_err_set(err, COF_E_IO, "short-read", "the stream ended %zu bytes early", len);
		to += n;
		len -= (size_t)n;
	}
	return 0;
}

int cof_path(char **ret, cof_err *err, const char *fmt, ...)
{
	char *path = NULL;
	va_list ap;
	va_start(ap, fmt);
	int n = vasprintf(&path, fmt, ap);
	va_end(ap);
	if (n < 0)
		return cof_err_oom(err);
	if (n >= PATH_MAX) {
		free(path);
		return cof_err_set(err, COF_E_USAGE, "path-too-long", "a path of %d bytes", n);
	}
	*ret = path;
	return 0;
}

static int write_and_sync(const char *path, cof_span data, mode_t mode, cof_err *err)
{
	COF_AUTO_FD int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode);
	if (fd < 0)
		return cof_err_sys(err, "create-failed", "%s", path);
	if (cof_fd_write_all(fd, data, err) < 0)
		return cof_err_wrap(err, "%s", path);
	return fsync(fd) == 0 ? 0 : cof_err_sys(err, "write-failed", "%s", path);
}

int cof_file_write(const char *path, cof_span data, mode_t mode, cof_err *err)
{
	COF_AUTO_FREE char *tmp = NULL;
	int r = cof_path(&tmp, err, "%s.%ld.tmp", path, (long)getpid());
	if (r < 0)
		return r;
	(void)unlink(tmp); /* of a writer that died with our pid */
	r = write_and_sync(tmp, data, mode, err);
	if (r == 0 && rename(tmp, path) < 0)
		r = cof_err_sys(err, "rename-failed", "%s", path);
	if (r < 0)
		(void)unlink(tmp);
	return r;
}

int cof_mkdirs(const char *path, mode_t mode, cof_err *err)
{
	COF_AUTO_FREE char *copy = strdup(path);
	if (copy == NULL)
		return cof_err_oom(err);
	for (char *p = copy + 1; *copy != '\0' && *p != '\0'; p++) {
		if (*p != '/')
			continue;
		*p = '\0';
		if (mkdir(copy, mode) < 0 && errno != EEXIST)
			return cof_err_sys(err, "mkdir-failed", "%s", copy);
		*p = '/';
	}
	if (mkdir(copy, mode) < 0 && errno != EEXIST)
		return cof_err_sys(err, "mkdir-failed", "%s", copy);
	return 0;
}

static int rm_at(int dirfd, const char *name, dev_t dev, int depth, cof_err *err);

static int rm_entries(int fd, dev_t dev, int depth, cof_err *err)
{
	DIR *d = fdopendir(fd); /* takes fd */
	if (d == NULL) {
		(void)close(fd);
		return cof_err_sys(err, "remove-failed", "listing a directory");
	}
	int r = 0;
	for (struct dirent *e = readdir(d); r == 0 && e != NULL; e = readdir(d))
		if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0)
			r = rm_at(dirfd(d), e->d_name, dev, depth + 1, err);
	(void)closedir(d);
	return r;
}

static int rm_dir_at(int dirfd, const char *name, dev_t dev, int depth, cof_err *err)
{
	enum { DEPTH_MAX = 512 };
	if (depth > DEPTH_MAX)
		return cof_err_set(err, COF_E_IO, "remove-failed", "more than %d nested directories", DEPTH_MAX);
	int fd = openat(dirfd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return cof_err_sys(err, "remove-failed", "opening a directory");
	int r = rm_entries(fd, dev, depth, err);
	if (r == 0 && unlinkat(dirfd, name, AT_REMOVEDIR) < 0)
		r = cof_err_sys(err, "remove-failed", "removing a directory");
	return r;
}

static int rm_at(int dirfd, const char *name, dev_t dev, int depth, cof_err *err)
{
	struct stat st;
	if (fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? 0 : cof_err_sys(err, "remove-failed", "looking at a file");
	if (st.st_dev != dev)
		return cof_err_set(err, COF_E_IO, "remove-failed", "a mount point is in the way");
	if (S_ISDIR(st.st_mode))
		return rm_dir_at(dirfd, name, dev, depth, err);
	return unlinkat(dirfd, name, 0) == 0 ? 0 : cof_err_sys(err, "remove-failed", "removing a file");
}

int cof_rm_tree(const char *path, cof_err *err)
{
	struct stat st;
	if (lstat(path, &st) < 0)
		return errno == ENOENT ? 0 : cof_err_sys(err, "remove-failed", "%s", path);
	if (rm_at(AT_FDCWD, path, st.st_dev, 0, err) < 0)
		return cof_err_wrap(err, "%s", path);
	return 0;
}
