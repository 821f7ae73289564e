/* SPDX-License-Identifier: Apache-2.0 */
#include "image-decrypt/archive.h"

#include <fcntl.h>
#include <sys/stat.h>

#include "common/file.h"
#include "image-decrypt/inflate.h"
#include "image-decrypt/newfile.h"
#include "image-decrypt/tar.h"

enum { CHUNK = 256 << 10, MAGIC_LEN = 4, LINKS_MAX = 8 };

struct cof_archive_file {
	char *name;
	char *link; /* the name in the archive that it leads to; NULL for a file */
	uint64_t offset, size;
};

struct cof_archive {
	int fd;
	uint64_t len;
	cof_archive_file *files; /* sorted by name */
	size_t n, room;
};

void cof_archive_free(cof_archive *a)
{
	for (size_t i = 0; i < a->n; i++) {
		free(a->files[i].name);
		free(a->files[i].link);
	}
	free(a->files);
	cof_fd_close(&a->fd);
	free(a);
}

static int malformed(const char *why, cof_err *err)
{
	return cof_err_set(err, COF_E_MALFORMED, "archive-malformed", "%s", why);
}

/* At an offset, all or fewer at the end of the file. */
static int read_at(const cof_archive *a, uint64_t offset, uint8_t *to, size_t len, size_t *ret_len, cof_err *err)
{
	size_t have = 0;
	while (have < len) {
		ssize_t n = pread(a->fd, to + have, len - have, (off_t)(offset + have));
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return cof_err_sys(err, "read-failed", "an archive");
		if (n == 0)
			break;
		have += (size_t)n;
	}
	*ret_len = have;
	return 0;
}

/* --- names --- */

/* Takes one component off a path. */
static cof_span component(const char **at)
{
	*at += strspn(*at, "/");
	size_t n = strcspn(*at, "/");
	cof_span s = cof_span_of(*at, n);
	*at += n;
	return s;
}

static bool is_word(cof_span s, const char *word)
{
	return s.len == strlen(word) && strncmp((const char *)s.data, word, s.len) == 0;
}

/* Adds a path's components to what is there already; false when it climbs out. */
static bool add_path(cof_buf *to, const char *path)
{
	while (*path != '\0') {
		cof_span c = component(&path);
		if (c.len == 0 || is_word(c, "."))
			continue;
		if (!is_word(c, "..")) {
			if (cof_buf_printf(to, NULL, "%s%.*s", to->len > 0 ? "/" : "", (int)c.len,
					   (const char *)c.data) < 0)
				return false;
			continue;
		}
		if (to->len == 0)
			return false;
		while (to->len > 0 && to->data[to->len - 1] != '/')
			to->len--;
		to->len -= to->len > 0;
		to->data[to->len] = '\0';
	}
	return true;
}

/* A clean name: that of an entry, or what a link says, which a symbolic link says as seen from its own folder. NULL:
 * it leads out of the archive. */
static char *clean(const char *folder_of, const char *path)
{
	COF_AUTO(cof_buf) name = {0};
	const char *slash = folder_of == NULL ? NULL : strrchr(folder_of, '/');
	if (slash != NULL && cof_buf_add(&name, folder_of, (size_t)(slash - folder_of), NULL) < 0)
		return NULL;
	return add_path(&name, path) && name.len > 0 ? cof_span_dup_str(cof_buf_span(&name)) : NULL;
}

/* --- the walk --- */

typedef struct walk {
	cof_archive *a;
	uint64_t at;   /* of the block in hand */
	uint64_t skip; /* bytes of the entry's data, which is not looked at */
} walk;

static int make_room(cof_archive *a, cof_err *err)
{
	if (a->n == COF_ARCHIVE_FILES_MAX)
		return malformed("it has too many files", err);
	if (a->n < a->room)
		return 0;
	size_t room = a->room == 0 ? 64 : a->room * 2;
	cof_archive_file *grown = reallocarray(a->files, room, sizeof *grown);
	if (grown == NULL)
		return cof_err_oom(err);
	a->files = grown;
	a->room = room;
	return 0;
}

static int take_link(cof_archive_file *f, const cof_tar_entry *e, cof_err *err)
{
	bool relative = e->type == COF_TAR_SYMLINK && e->link[0] != '/';
	f->link = clean(relative ? f->name : NULL, e->link);
	if (f->link == NULL)
		f->link = strdup(""); /* it leads out of the archive: to nothing */
	return f->link == NULL ? cof_err_oom(err) : 0;
}

static int on_entry(void *arg, const cof_tar_entry *e, cof_err *err)
{
	walk *w = arg;
	bool file = e->type == COF_TAR_FILE;
	if (!file && e->type != COF_TAR_SYMLINK && e->type != COF_TAR_HARDLINK)
		return 0;
	int r = e->sparse ? malformed("a sparse file", err) : make_room(w->a, err);
	if (r < 0)
		return r;
	cof_archive_file *f = &w->a->files[w->a->n++];
	*f = (cof_archive_file){.offset = w->at + COF_TAR_BLOCK, .size = e->size};
	w->skip = e->size;
	f->name = clean(NULL, e->path);
	if (f->name == NULL)
		return malformed("a name that leads nowhere", err);
	if (!file)
		return take_link(f, e, err);
	return f->size <= w->a->len && f->offset <= w->a->len - f->size ? 0 : malformed("it was cut off", err);
}

static int on_data(void *arg, uint64_t offset, cof_span bytes, cof_err *err)
{
	(void)arg;
	(void)offset;
	(void)bytes;
	(void)err;
	return 0;
}

static int on_done(void *arg, cof_err *err)
{
	(void)arg;
	(void)err;
	return 0;
}

/* The reader is told zeros in the place of data that nobody reads now. */
static int skip_data(walk *w, cof_tar *t, cof_err *err)
{
	static const uint8_t zeros[64 << 10];
	uint64_t left = w->skip + (-w->skip & (COF_TAR_BLOCK - 1));
	w->at += left;
	w->skip = 0;
	while (left > 0) {
		size_t n = left < sizeof zeros ? (size_t)left : sizeof zeros;
		int r = cof_tar_add(t, cof_span_of(zeros, n), err);
		if (r < 0)
			return r;
		left -= n;
	}
	return 0;
}

static int walk_all(walk *w, cof_tar *t, cof_err *err)
{
	uint8_t block[COF_TAR_BLOCK];
	size_t n = 0;
	for (;;) {
		int r = read_at(w->a, w->at, block, sizeof block, &n, err);
		if (r < 0)
			return r;
		if (n == 0)
			return cof_tar_end(t, err);
		r = cof_tar_add(t, cof_span_of(block, n), err);
		if (r < 0)
			return r;
		w->at += n;
		if ((r = skip_data(w, t, err)) < 0)
			return r;
	}
}

static int by_name(const void *a, const void *b)
{
	return strcmp(((const cof_archive_file *)a)->name, ((const cof_archive_file *)b)->name);
}

static int index_files(cof_archive *a, cof_err *err)
{
	COF_AUTO_PTR(cof_tar) t = NULL;
	walk w = {.a = a};
	const cof_tar_sink sink = {.arg = &w, .entry = on_entry, .data = on_data, .done = on_done};
	int r = cof_tar_new(&t, &sink, err);
	if (r == 0)
		r = walk_all(&w, t, err);
	if (r < 0)
		return r;
	if (a->n > 0)
		qsort(a->files, a->n, sizeof *a->files, by_name);
	for (size_t i = 1; i < a->n; i++)
		if (strcmp(a->files[i - 1].name, a->files[i].name) == 0)
			return malformed("it has a file twice", err);
	return 0;
}

/* --- opening --- */

static int write_to(void *arg, cof_span chunk, cof_err *err)
{
	return cof_fd_write_all(*(const int *)arg, chunk, err);
}

static int inflate_all(const cof_archive *a, cof_compression comp, int to, cof_err *err)
{
	COF_AUTO_PTR(cof_inflate) z = NULL;
	int r = cof_inflate_new(&z, comp, write_to, &to, err);
	COF_AUTO_FREE uint8_t *chunk = malloc(CHUNK);
	if (r == 0 && chunk == NULL)
		r = cof_err_oom(err);
	for (uint64_t at = 0; r == 0 && at < a->len;) {
		size_t n = 0;
		r = read_at(a, at, chunk, CHUNK, &n, err);
		if (r == 0 && n == 0)
			break;
		if (r == 0)
			r = cof_inflate_add(z, cof_span_of(chunk, n), err);
		at += n;
	}
	return r < 0 ? r : cof_inflate_end(z, err);
}

static int take_len(cof_archive *a, cof_err *err)
{
	struct stat st;
	if (fstat(a->fd, &st) < 0)
		return cof_err_sys(err, "read-failed", "an archive");
	if (!S_ISREG(st.st_mode))
		return malformed("it is no file", err);
	a->len = (uint64_t)st.st_size;
	return 0;
}

static int inflate_if_needed(cof_archive *a, cof_err *err)
{
	uint8_t magic[MAGIC_LEN] = {0};
	size_t n = 0;
	int spool = -EBADF;
	int r = take_len(a, err);
	if (r == 0)
		r = read_at(a, 0, magic, sizeof magic, &n, err);
	cof_compression comp = cof_compression_of(cof_span_of(magic, n));
	if (r < 0 || comp == COF_COMP_NONE)
		return r;
	r = cof_newfile_spool(&spool, err);
	if (r == 0)
		r = inflate_all(a, comp, spool, err);
	if (r < 0) {
		cof_fd_close(&spool);
		return r;
	}
	cof_fd_close(&a->fd);
	a->fd = spool;
	return take_len(a, err);
}

int cof_archive_open(cof_archive **ret, const char *path, cof_err *err)
{
	COF_AUTO_PTR(cof_archive) a = calloc(1, sizeof *a);
	if (a == NULL)
		return cof_err_oom(err);
	a->fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (a->fd < 0)
		return cof_err_sys(err, errno == ENOENT ? "no-such-file" : "read-failed", "%s", path);
	int r = inflate_if_needed(a, err);
	if (r == 0)
		r = index_files(a, err);
	if (r < 0)
		return cof_err_wrap(err, "%s", path);
	*ret = cof_steal(&a);
	return 0;
}

/* --- files --- */

const cof_archive_file *cof_archive_find(const cof_archive *a, const char *name)
{
	for (int hops = 0; hops <= LINKS_MAX && a->n > 0; hops++) {
		const cof_archive_file key = {.name = (char *)(uintptr_t)name};
		const cof_archive_file *f = bsearch(&key, a->files, a->n, sizeof *a->files, by_name);
		if (f == NULL || f->link == NULL)
			return f;
		name = f->link;
	}
	return NULL;
}

uint64_t cof_archive_size(const cof_archive_file *f)
{
	return f->size;
}

int cof_archive_head(const cof_archive *a, const cof_archive_file *f, size_t n, cof_buf *ret, cof_err *err)
{
	size_t want = f->size < n ? (size_t)f->size : n, have = 0;
	int r = cof_buf_reserve(ret, want, err);
	if (r == 0)
		r = read_at(a, f->offset, ret->data + ret->len, want, &have, err);
	if (r == 0 && have != want)
		r = malformed("it has become shorter", err);
	if (r == 0) {
		ret->len += have;
		ret->data[ret->len] = '\0';
	}
	return r;
}

int cof_archive_read(const cof_archive *a, const cof_archive_file *f, size_t max, cof_buf *ret, cof_err *err)
{
	if (f->size > max)
		return cof_err_set(err, COF_E_MALFORMED, "file-too-large", "%s in an archive has more than %zu bytes",
				   f->name, max);
	return cof_archive_head(a, f, max, ret, err);
}

int cof_archive_stream(const cof_archive *a, const cof_archive_file *f, cof_sink sink, void *arg, cof_err *err)
{
	COF_AUTO_FREE uint8_t *chunk = malloc(CHUNK);
	if (chunk == NULL)
		return cof_err_oom(err);
	for (uint64_t at = 0; at < f->size;) {
		size_t want = f->size - at < CHUNK ? (size_t)(f->size - at) : CHUNK, n = 0;
		int r = read_at(a, f->offset + at, chunk, want, &n, err);
		if (r == 0 && n != want)
			r = malformed("it has become shorter", err);
		if (r == 0)
			r = sink(arg, cof_span_of(chunk, n), err);
		if (r < 0)
			return r;
		at += n;
	}
	return 0;
}
