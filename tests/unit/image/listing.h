/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A tree against a listing of the vectors: every path, its type, mode, owner, size, content, attributes, links and
 * time, and nothing beside them.
 */
#pragma once

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/xattr.h>

#include "common/digest.h"
#include "common/hex.h"
#include "common/json.h"
#include "tests/unit/image/vec.h"
#include "tests/unit/test.h"

typedef struct listing {
	const char *id; /* of the case, for messages */
	json_t *want;	/* path: entry */
	int root;
	size_t seen;
	bool owners; /* we could give files away */
} listing;

static inline const char *listing_str(const json_t *e, const char *key)
{
	const char *s = json_string_value(json_object_get(e, key));
	return s != NULL ? s : "";
}

static inline void listing_number(const listing *l, const char *path, const json_t *e, const char *key, long long got)
{
	const json_t *want = json_object_get(e, key);
	if (want != NULL && json_integer_value(want) != got)
		fail_msg("%s: %s: %s is %lld, not %lld", l->id, path, key, got, (long long)json_integer_value(want));
}

static inline void listing_xattr(const listing *l, const char *path, const json_t *e, int fd, const char *name)
{
	char value[4096];
	const char *want = json_string_value(json_object_get(json_object_get(e, "xattrs"), name));
	ssize_t n = fgetxattr(fd, name, value, sizeof value);
	assert_true(n >= 0);
	COF_AUTO_FREE char *got = cof_b64_dup(cof_span_of(value, (size_t)n));
	if (want == NULL || strcmp(got, want) != 0)
		fail_msg("%s: %s: attribute %s is %s, not %s", l->id, path, name, got, want != NULL ? want : "absent");
}

static inline void listing_xattrs(const listing *l, const char *path, const json_t *e, int fd)
{
	char names[4096];
	ssize_t n = flistxattr(fd, names, sizeof names);
	size_t found = 0;
	for (ssize_t i = 0; i < n; i += (ssize_t)strlen(names + i) + 1, found++)
		listing_xattr(l, path, e, fd, names + i);
	size_t want = json_object_size(json_object_get(e, "xattrs"));
	if (l->owners && found != want)
		fail_msg("%s: %s: %zu attributes, not %zu", l->id, path, found, want);
}

static inline void listing_file(const listing *l, const char *path, const json_t *e)
{
	COF_AUTO(cof_buf) body = {0};
	char hex[65];
	uint8_t digest[COF_SHA256_LEN];
	COF_AUTO_FD int fd = openat(l->root, path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	assert_true(fd >= 0);
	assert_ok(cof_fd_read_all(fd, 64 << 20, &body, &err));
	assert_ok(cof_sha256(cof_buf_span(&body), digest, &err));
	cof_hex(cof_span_of(digest, sizeof digest), hex);
	if (strcmp(hex, listing_str(e, "sha256")) != 0)
		fail_msg("%s: %s has another content", l->id, path);
	listing_number(l, path, e, "size", (long long)body.len);
	listing_xattrs(l, path, e, fd);
}

static inline void listing_hardlink(const listing *l, const char *path, const json_t *e, const struct stat *st)
{
	const char *first = json_string_value(json_object_get(e, "hardlink_of"));
	struct stat other;
	if (first == NULL)
		return;
	if (fstatat(l->root, first, &other, AT_SYMLINK_NOFOLLOW) < 0 || other.st_ino != st->st_ino)
		fail_msg("%s: %s is no link of %s", l->id, path, first);
}

static inline void listing_link(const listing *l, const char *path, const json_t *e)
{
	char target[PATH_MAX];
	ssize_t n = readlinkat(l->root, path, target, sizeof target - 1);
	assert_true(n > 0);
	target[n] = '\0';
	if (strcmp(target, listing_str(e, "target")) != 0)
		fail_msg("%s: %s points to %s", l->id, path, target);
}

static inline const char *listing_type(mode_t mode)
{
	return S_ISREG(mode)	? "file"
	       : S_ISDIR(mode)	? "dir"
	       : S_ISLNK(mode)	? "symlink"
	       : S_ISFIFO(mode) ? "fifo"
				: "?";
}

static inline void listing_one(listing *l, const char *path, const struct stat *st)
{
	const json_t *e = json_object_get(l->want, path);
	char mode[8];
	if (e == NULL)
		fail_msg("%s: %s should not be there", l->id, path);
	l->seen++;
	if (strcmp(listing_type(st->st_mode), listing_str(e, "type")) != 0)
		fail_msg("%s: %s is a %s", l->id, path, listing_type(st->st_mode));
	if (json_is_true(json_object_get(e, "implied")))
		return;
	(void)snprintf(mode, sizeof mode, "%04o", st->st_mode & 07777);
	if (json_object_get(e, "mode") != NULL && strcmp(mode, listing_str(e, "mode")) != 0)
		fail_msg("%s: %s has mode %s", l->id, path, mode);
	if (l->owners) {
		listing_number(l, path, e, "uid", st->st_uid);
		listing_number(l, path, e, "gid", st->st_gid);
	}
	listing_number(l, path, e, "mtime", st->st_mtime);
	listing_hardlink(l, path, e, st);
	if (S_ISREG(st->st_mode))
		listing_file(l, path, e);
	if (S_ISLNK(st->st_mode))
		listing_link(l, path, e);
}

static inline void listing_dir(listing *l, const char *dir)
{
	int fd = openat(l->root, dir[0] == '\0' ? "." : dir, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	assert_true(fd >= 0);
	if (dir[0] != '\0' && !json_is_true(json_object_get(json_object_get(l->want, dir), "implied")))
		listing_xattrs(l, dir, json_object_get(l->want, dir), fd);
	DIR *d = fdopendir(fd);
	for (struct dirent *e; (e = readdir(d)) != NULL;) {
		char path[PATH_MAX];
		struct stat st;
		if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
			continue;
		int n = snprintf(path, sizeof path, "%s%s%s", dir, dir[0] != '\0' ? "/" : "", e->d_name);
		assert_true(n > 0 && (size_t)n < sizeof path);
		assert_int_equal(fstatat(l->root, path, &st, AT_SYMLINK_NOFOLLOW), 0);
		listing_one(l, path, &st);
		if (S_ISDIR(st.st_mode))
			listing_dir(l, path);
	}
	(void)closedir(d);
}

/* name: of the listing below image/. */
static inline void assert_listing(const char *id, const char *tree, const char *name)
{
	COF_AUTO(cof_buf) text = {0};
	COF_AUTO_PTR(json_t) all = NULL;
	COF_AUTO_PTR(json_t) by_path = json_object();
	json_t *e = NULL;
	size_t i = 0;
	assert_int_equal(vector_read(name, &text), 0);
	assert_ok(cof_json_parse(cof_buf_span(&text), &all, &err));
	json_array_foreach (all, i, e)
		assert_int_equal(json_object_set(by_path, listing_str(e, "path"), e), 0);
	assert_int_equal(json_object_size(by_path), json_array_size(all));
	COF_AUTO_FD int root = open(tree, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	assert_true(root >= 0);
	listing l = {.id = id, .want = by_path, .root = root, .owners = geteuid() == 0};
	listing_dir(&l, "");
	if (l.seen != json_array_size(all))
		fail_msg("%s: %zu of %zu paths are there", id, l.seen, json_array_size(all));
}
