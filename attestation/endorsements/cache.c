/* SPDX-License-Identifier: Apache-2.0 */
#include "attestation/endorsements/cache_int.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

#include "common/digest.h"
#include "common/file.h"
#include "common/hex.h"
#include "common/rd.h"
#include "common/secret.h"

void cof_ecache_free(cof_ecache *s)
{
	if (s == NULL)
		return;
	cof_fd_close(&s->fd);
	free(s);
}

/* --- opening --- */

static bool is_ours(const struct stat *st)
{
	return (st->st_uid == geteuid() || st->st_uid == 0) && (st->st_mode & (S_IWGRP | S_IWOTH)) == 0;
}

int cof_ecache_open(const char *dir, bool create, cof_ecache **ret, cof_err *err)
{
	struct stat st;
	int rc = create ? cof_mkdirs(dir, 0700, err) : 0;
	if (rc < 0)
		return rc;
	COF_AUTO_FD int fd = open(dir, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 && errno == ENOENT)
		return cof_err_set(err, COF_E_POLICY, "cache-missing", "%s: no endorsements were ever fetched into it",
				   dir);
	if (fd < 0 || fstat(fd, &st) < 0)
		return cof_err_sys(err, "cache-failed", "%s", dir);
	if (!is_ours(&st))
		return cof_err_set(err, COF_E_POLICY, "cache-unsafe", "%s: others may write to it", dir);
	cof_ecache *s = calloc(1, sizeof *s);
	if (s == NULL)
		return cof_err_oom(err);
	s->fd = cof_steal_fd(&fd);
	*ret = s;
	return 0;
}

/* --- files --- */

int cof_ecache_file(char kind, const char *name, char out[COF_ECACHE_FILE_MAX], cof_err *err)
{
	uint8_t digest[COF_SHA256_LEN];
	int rc = cof_sha256(cof_span_str(name), digest, err);
	if (rc < 0)
		return rc;
	out[0] = kind;
	out[1] = '-';
	cof_hex(cof_span_of(digest, sizeof digest), out + 2);
	return 0;
}

static int file_of(const cof_endorse_id *id, char out[COF_ECACHE_FILE_MAX], cof_err *err)
{
	char name[COF_ENDORSE_NAME_MAX];
	cof_endorse_name(id, name);
	return cof_ecache_file(COF_ECACHE_ENTRY, name, out, err);
}

static int damaged(cof_err *err, const char *file, const char *what)
{
	return cof_err_set(err, COF_E_MALFORMED, "cache-damaged", "%s: %s", file, what);
}

/* O_NONBLOCK: a pipe in its place must not hold us. */
static int read_file(const cof_ecache *s, const char *file, cof_buf *ret, cof_err *err)
{
	struct stat st;
	COF_AUTO_FD int fd = openat(s->fd, file, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (fd < 0 && errno == ENOENT)
		return cof_err_set(err, COF_E_POLICY, "endorsement-missing", "not in the cache");
	if (fd < 0 && (errno == ELOOP || errno == ENXIO))
		return damaged(err, file, "no regular file");
	if (fd < 0 || fstat(fd, &st) < 0)
		return cof_err_sys(err, "cache-failed", "%s", file);
	if (!S_ISREG(st.st_mode) || !is_ours(&st))
		return damaged(err, file, "no file of ours");
	return cof_fd_read_all(fd, COF_ENDORSE_ENTRY_MAX + COF_SHA256_LEN, ret, err);
}

static int load_file(const cof_ecache *s, const char *file, cof_endorsement *ret, cof_err *err)
{
	COF_AUTO(cof_buf) bytes = {0};
	COF_AUTO(cof_endorsement) e = {0};
	char belongs[COF_ECACHE_FILE_MAX];
	uint8_t digest[COF_SHA256_LEN];
	cof_err why = {0};
	int rc = read_file(s, file, &bytes, err);
	if (rc < 0)
		return cof_err_is(err, "file-too-large") ? damaged(err, file, "too large") : rc;
	cof_rd r = cof_rd_of(cof_buf_span(&bytes));
	cof_span want = cof_rd_bytes(&r, sizeof digest), record = cof_rd_rest(&r);
	if (!cof_rd_ok(&r) || cof_sha256(record, digest, &why) < 0 ||
	    !cof_ct_equal(want, cof_span_of(digest, sizeof digest)))
		return damaged(err, file, "cut or changed");
	if (cof_endorsement_parse(record, &e, &why) < 0)
		return damaged(err, file, why.text);
	/* One that stands in another's place would answer for it. */
	rc = file_of(&e.id, belongs, err);
	if (rc < 0 || strcmp(belongs, file) != 0)
		return rc < 0 ? rc : damaged(err, file, "it is another endorsement's");
	*ret = e;
	e = (cof_endorsement){0};
	return 0;
}

int cof_ecache_load(const cof_ecache *s, const cof_endorse_id *id, cof_endorsement *ret, cof_err *err)
{
	char file[COF_ECACHE_FILE_MAX];
	int rc = file_of(id, file, err);
	return rc < 0 ? rc : load_file(s, file, ret, err);
}

/* --- storing --- */

static int write_entry(const cof_ecache *s, const cof_endorsement *e, const char *tmp, cof_err *err)
{
	COF_AUTO(cof_buf) bytes = {0};
	uint8_t digest[COF_SHA256_LEN];
	cof_wr w = cof_wr_to(&bytes);
	cof_wr_zeros(&w, sizeof digest);
	cof_endorsement_write(e, &w);
	int rc = cof_wr_done(&w, err);
	if (rc == 0)
		rc = cof_sha256(cof_span_of(bytes.data + sizeof digest, bytes.len - sizeof digest), bytes.data, err);
	if (rc < 0)
		return rc;
	COF_AUTO_FD int fd = openat(s->fd, tmp, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return cof_err_sys(err, "cache-failed", "%s", tmp);
	rc = cof_fd_write_all(fd, cof_buf_span(&bytes), err);
	return rc == 0 && fsync(fd) < 0 ? cof_err_sys(err, "cache-failed", "%s", tmp) : rc;
}

static int check_rollback(const cof_ecache *s, const cof_endorsement *e, cof_err *err)
{
	COF_AUTO(cof_endorsement) old = {0};
	cof_err none = {0};
	if (cof_ecache_load(s, &e->id, &old, &none) < 0)
		return 0;
	if (e->number < old.number)
		return cof_err_set(err, COF_E_POLICY, "endorsement-rollback", "number %llu, and %llu is known",
				   (unsigned long long)e->number, (unsigned long long)old.number);
	if (e->issued < old.issued)
		return cof_err_set(err, COF_E_POLICY, "endorsement-rollback",
				   "issued %lld s before the one that is known", (long long)(old.issued - e->issued));
	return 0;
}

int cof_ecache_put(const cof_ecache *s, const cof_endorsement *e, cof_err *err)
{
	char file[COF_ECACHE_FILE_MAX], tmp[COF_ECACHE_FILE_MAX];
	int rc = check_rollback(s, e, err);
	if (rc == 0)
		rc = file_of(&e->id, file, err);
	if (rc < 0)
		return rc;
	memcpy(tmp, file, sizeof tmp);
	tmp[0] = COF_ECACHE_NEW;
	(void)unlinkat(s->fd, tmp, 0); /* of a writer that died: the lock is ours */
	rc = write_entry(s, e, tmp, err);
	if (rc == 0 && renameat(s->fd, tmp, s->fd, file) < 0)
		rc = cof_err_sys(err, "cache-failed", "%s", file);
	if (rc < 0)
		(void)unlinkat(s->fd, tmp, 0);
	return rc;
}

/* --- listing --- */

typedef struct listing {
	cof_endorsement *e;
	size_t n, room;
} listing;

static void listing_release(listing *l)
{
	for (size_t i = 0; i < l->n; i++)
		cof_endorsement_release(&l->e[i]);
	free(l->e);
	*l = (listing){0};
}
COF_DEFINE_AUTO(listing, listing_release)

static int by_name(const void *a, const void *b)
{
	char x[COF_ENDORSE_NAME_MAX], y[COF_ENDORSE_NAME_MAX];
	cof_endorse_name(&((const cof_endorsement *)a)->id, x);
	cof_endorse_name(&((const cof_endorsement *)b)->id, y);
	return strcmp(x, y);
}

static int room_for_one(listing *l, cof_err *err)
{
	if (l->n < l->room)
		return 0;
	if (l->n == COF_ECACHE_ENTRIES_MAX)
		return cof_err_set(err, COF_E_POLICY, "cache-full", "more than %d endorsements",
				   COF_ECACHE_ENTRIES_MAX);
	size_t room = l->room == 0 ? 64 : 2 * l->room;
	cof_endorsement *more = reallocarray(l->e, room, sizeof *more);
	if (more == NULL)
		return cof_err_oom(err);
	l->e = more;
	l->room = room;
	return 0;
}

/* The damaged ones are told at once: they have no name to be sorted by. */
static int take_file(const cof_ecache *s, const char *file, listing *l, cof_ecache_visit visit, void *arg, cof_err *err)
{
	cof_err why = {0};
	int rc = room_for_one(l, err);
	if (rc < 0)
		return rc;
	l->e[l->n] = (cof_endorsement){0};
	if (load_file(s, file, &l->e[l->n], &why) == 0) {
		l->n++;
		return 0;
	}
	/* Another process may have replaced it. */
	return cof_err_is(&why, "endorsement-missing") ? 0 : visit(arg, NULL, &why, err);
}

static int read_names(const cof_ecache *s, listing *l, cof_ecache_visit visit, void *arg, cof_err *err)
{
	int fd = openat(s->fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *d = fd < 0 ? NULL : fdopendir(fd);
	if (d == NULL) {
		cof_fd_close(&fd);
		return cof_err_sys(err, "cache-failed", "listing the cache");
	}
	int rc = 0;
	for (const struct dirent *f = readdir(d); rc == 0 && f != NULL; f = readdir(d)) {
		if (f->d_name[0] == COF_ECACHE_ENTRY && strlen(f->d_name) + 1 == COF_ECACHE_FILE_MAX)
			rc = take_file(s, f->d_name, l, visit, arg, err);
	}
	(void)closedir(d);
	return rc;
}

int cof_ecache_each(const cof_ecache *s, cof_ecache_visit visit, void *arg, cof_err *err)
{
	COF_AUTO(listing) l = {0};
	int rc = read_names(s, &l, visit, arg, err);
	if (rc == 0 && l.n > 1)
		qsort(l.e, l.n, sizeof *l.e, by_name);
	for (size_t i = 0; rc == 0 && i < l.n; i++)
		rc = visit(arg, &l.e[i], NULL, err);
	return rc;
}
