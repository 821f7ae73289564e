/* SPDX-License-Identifier: Apache-2.0 */
#include "image-decrypt/archive_new.h"

#include <stdio.h>

#include "common/file.h"
#include "image-decrypt/newfile.h"
#include "image-decrypt/tar.h"

enum { SIZE_AT = 124, SIZE_LEN = 12, SUM_AT = 148, SUM_LEN = 8, RECORD = 20 * COF_TAR_BLOCK };

struct cof_archive_new {
	cof_newfile file;
	char *path;
	off_t header; /* of the file that was begun; -1: none was */
};

void cof_archive_new_free(cof_archive_new *a)
{
	cof_newfile_release(&a->file);
	free(a->path);
	free(a);
}

/* The folder that a path is in; heap. */
static char *folder_of(const char *path)
{
	const char *slash = strrchr(path, '/');
	if (slash == NULL)
		return strdup(".");
	return slash == path ? strdup("/") : strndup(path, (size_t)(slash - path));
}

int cof_archive_create(cof_archive_new **ret, const char *path, cof_err *err)
{
	COF_AUTO_PTR(cof_archive_new) a = calloc(1, sizeof *a);
	COF_AUTO_FREE char *folder = folder_of(path);
	if (a == NULL)
		return cof_err_oom(err);
	*a = (cof_archive_new){.file = COF_NEWFILE_NONE, .header = -1, .path = strdup(path)};
	if (a->path == NULL || folder == NULL)
		return cof_err_oom(err);
	int r = cof_newfile_create(folder, &a->file, err);
	if (r < 0)
		return r;
	*ret = cof_steal(&a);
	return 0;
}

int cof_archive_begin(cof_archive_new *a, int *ret_fd, cof_err *err)
{
	static const uint8_t room[COF_TAR_BLOCK];
	off_t at = lseek(a->file.fd, 0, SEEK_END);
	if (at < 0)
		return cof_err_sys(err, "write-failed", "%s", a->path);
	int r = cof_fd_write_all(a->file.fd, cof_span_of(room, sizeof room), err);
	if (r < 0)
		return r;
	a->header = at;
	*ret_fd = a->file.fd;
	return 0;
}

void cof_archive_abort(cof_archive_new *a)
{
	if (a->header >= 0 && ftruncate(a->file.fd, a->header) < 0)
		cof_newfile_release(&a->file); /* what is left there must not become part of an archive */
	a->header = -1;
}

/* Octal digits where they fit, else the number itself behind a set first bit, as GNU writes it. */
static void put_size(uint8_t *field, uint64_t size)
{
	uint64_t left = size;
	bool fits = size >> 33 == 0;
	for (size_t i = SIZE_LEN - (fits ? 1 : 0); i-- > 0;) {
		field[i] = (uint8_t)(fits ? '0' + left % 8 : left % 256);
		left /= fits ? 8 : 256;
	}
	if (!fits)
		field[0] = 0x80;
}

/* What is the same in every header; a NUL is behind each already. */
static const struct {
	size_t at;
	const char *text;
} fields[] = {
	{100, "0000644"},     /* mode */
	{108, "0000000"},     /* owner */
	{116, "0000000"},     /* group */
	{136, "00000000000"}, /* time */
	{SUM_AT, "        "}, /* the checksum, while it is made */
	{156, "0"},	      /* a file */
	{257, "ustar"},	      {263, "00"},
};

static void put_text(uint8_t block[COF_TAR_BLOCK], size_t at, const char *text)
{
	for (size_t i = 0; text[i] != '\0'; i++)
		block[at + i] = (uint8_t)text[i];
}

static void make_header(uint8_t block[COF_TAR_BLOCK], const char *name, uint64_t size)
{
	char sum_text[SUM_LEN];
	unsigned sum = 0;
	memset(block, 0, COF_TAR_BLOCK);
	put_text(block, 0, name);
	for (size_t i = 0; i < COF_COUNT(fields); i++)
		put_text(block, fields[i].at, fields[i].text);
	put_size(block + SIZE_AT, size);
	for (size_t i = 0; i < COF_TAR_BLOCK; i++)
		sum += block[i];
	(void)snprintf(sum_text, sizeof sum_text, "%06o", sum & 0777777);
	put_text(block, SUM_AT, sum_text);
	block[SUM_AT + SUM_LEN - 2] = '\0';
}

/* Zeros up to a multiple of unit. */
static int fill(const cof_archive_new *a, uint64_t have, uint64_t unit, cof_err *err)
{
	static const uint8_t zeros[RECORD];
	return cof_fd_write_all(a->file.fd, cof_span_of(zeros, (size_t)((unit - have % unit) % unit)), err);
}

int cof_archive_end(cof_archive_new *a, const char *name, cof_err *err)
{
	uint8_t block[COF_TAR_BLOCK];
	off_t end = lseek(a->file.fd, 0, SEEK_END);
	if (strlen(name) > COF_ARCHIVE_NAME_MAX)
		return cof_err_set(err, COF_E_INTERNAL, "archive-name", "a name of %zu bytes", strlen(name));
	if (end < 0)
		return cof_err_sys(err, "write-failed", "%s", a->path);
	uint64_t size = (uint64_t)(end - a->header) - COF_TAR_BLOCK;
	make_header(block, name, size);
	if (pwrite(a->file.fd, block, sizeof block, a->header) != (ssize_t)sizeof block)
		return cof_err_sys(err, "write-failed", "%s", a->path);
	int r = fill(a, size, COF_TAR_BLOCK, err);
	a->header = r == 0 ? -1 : a->header;
	return r;
}

int cof_archive_add(cof_archive_new *a, const char *name, cof_span bytes, cof_err *err)
{
	int fd = -EBADF;
	int r = cof_archive_begin(a, &fd, err);
	if (r == 0)
		r = cof_fd_write_all(fd, bytes, err);
	return r < 0 ? r : cof_archive_end(a, name, err);
}

/* spec: two blocks of zeros end it; tar programs fill a record of twenty */
int cof_archive_commit(cof_archive_new *a, cof_err *err)
{
	static const uint8_t zeros[2 * COF_TAR_BLOCK];
	int r = cof_fd_write_all(a->file.fd, cof_span_of(zeros, sizeof zeros), err);
	off_t end = r < 0 ? 0 : lseek(a->file.fd, 0, SEEK_END);
	if (r == 0)
		r = fill(a, (uint64_t)end, RECORD, err);
	return r < 0 ? r : cof_newfile_publish(&a->file, a->path, 0644, err);
}
