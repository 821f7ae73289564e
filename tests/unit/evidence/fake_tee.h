/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A kernel of a confidential guest, as far as the attester sees it: configfs-tsm with its generations, the drivers'
 * devices, and files. It stands behind cof_sys, so that any of its calls can be made to fail; what it is asked for is
 * made by a security processor of the test's (soft_snp.h, soft_tdx.h).
 *
 * Attributes behave as the kernel's do: a binary one takes effect when it is closed, and tells nobody that it did not;
 * what is read is fixed by the first read of an open file.
 */
#pragma once

#include "tests/unit/test.h"

#include <fcntl.h>
#include <linux/sev-guest.h>
#include <stdio.h>
#include <sys/ioctl.h>

#include "attestation/evidence/sys.h"
#include "attestation/evidence/tsm.h"
#include "common/digest.h"

enum { FAKE_DIRS = 16, FAKE_FDS = 8, FAKE_FILES = 8, FAKE_FAULTS = 4, FAKE_PATH = 256 };

struct fake_tee;

typedef struct fake_dir {
	char name[64]; /* empty: free */
	cof_buf inblob;
	uint64_t generation;
	unsigned level;
} fake_dir;

typedef struct fake_fd {
	bool used, filled;
	char path[FAKE_PATH];
	cof_buf bytes; /* to be read, or written */
	size_t at;
} fake_fd;

/* The next calls of this name, on paths that end so, fail. */
typedef struct fake_fault {
	const char *call, *path;
	int error, times;
	int after; /* so many go well before */
} fake_fault;

typedef struct fake_file {
	const char *path;
	cof_span bytes;
} fake_file;

typedef struct fake_tee {
	bool no_tsm;
	const char *provider; /* its attribute's text; NULL: none registered */
	bool levels;	      /* privlevel attributes, and auxblob */
	unsigned floor;
	cof_buf aux;
	/* A report or quote over 64 bytes. */
	void (*make)(struct fake_tee *f, const uint8_t *data, cof_buf *ret);
	void *arg;
	/* /dev/sev-guest and /dev/tdx_guest: 0, or an errno */
	int (*ioctl)(struct fake_tee *f, unsigned long request, void *data);
	bool sevguest, tdxguest;
	fake_file files[FAKE_FILES];
	/* RTMRs: extended by writing their file */
	bool rtmrs;
	uint8_t rtmr[4][48];
	/* what goes wrong */
	fake_fault faults[FAKE_FAULTS];
	int intruders; /* somebody else writes an inblob before so many of our reads of outblob */
	uint64_t first_generation;
	const char *odd_generation; /* what that attribute says instead */
	bool drop_inblobs;	    /* the kernel refuses them at close, where nobody hears it */
	size_t chunk;		    /* no read gives more; 0: no limit */
	/* what happened */
	int made, removed, pauses, pause_ms, ioctls;
	char last_name[64];
	fake_dir dirs[FAKE_DIRS];
	fake_fd fds[FAKE_FDS];
} fake_tee;

static inline int fake_errno(int error)
{
	errno = error;
	return -1;
}

static inline bool fake_ends(const char *path, const char *end)
{
	size_t n = strlen(path), m = strlen(end);
	return n >= m && strcmp(path + n - m, end) == 0;
}

static inline int fake_fails(fake_tee *f, const char *call, const char *path)
{
	for (size_t i = 0; i < FAKE_FAULTS; i++) {
		fake_fault *x = &f->faults[i];
		if (x->call == NULL || strcmp(x->call, call) != 0 || !fake_ends(path, x->path) || x->times == 0)
			continue;
		if (x->after-- > 0)
			continue;
		x->after = 0;
		x->times--;
		return x->error;
	}
	return 0;
}

/* The report object that a path names, and the attribute's name behind it (empty for the object itself). */
static inline fake_dir *fake_find(fake_tee *f, const char *path, const char **ret_attr)
{
	static const char folder[] = COF_TSM_FOLDER "/";
	if (strncmp(path, folder, sizeof folder - 1) != 0)
		return NULL;
	const char *name = path + sizeof folder - 1, *end = strchrnul(name, '/');
	*ret_attr = *end == '/' ? end + 1 : end;
	for (size_t i = 0; i < FAKE_DIRS; i++) {
		if (strncmp(f->dirs[i].name, name, (size_t)(end - name)) == 0 && f->dirs[i].name[end - name] == '\0' &&
		    end > name)
			return &f->dirs[i];
	}
	return NULL;
}

static inline int fake_mkdir(void *arg, const char *path)
{
	fake_tee *f = arg;
	const char *attr;
	int fault = fake_fails(f, "mkdir", path);
	if (fault != 0 || f->no_tsm)
		return fake_errno(f->no_tsm ? ENOENT : fault);
	if (strncmp(path, COF_TSM_FOLDER "/", sizeof COF_TSM_FOLDER) != 0)
		return fake_errno(ENOENT);
	if (f->provider == NULL)
		return fake_errno(ENXIO);
	if (fake_find(f, path, &attr) != NULL)
		return fake_errno(EEXIST);
	for (size_t i = 0; i < FAKE_DIRS; i++) {
		if (f->dirs[i].name[0] == '\0') {
			(void)snprintf(f->dirs[i].name, sizeof f->dirs[i].name, "%.60s", path + sizeof COF_TSM_FOLDER);
			(void)snprintf(f->last_name, sizeof f->last_name, "%s", f->dirs[i].name);
			f->dirs[i].generation = f->first_generation;
			f->made++;
			return 0;
		}
	}
	return fake_errno(ENOSPC);
}

static inline int fake_rmdir(void *arg, const char *path)
{
	fake_tee *f = arg;
	const char *attr;
	fake_dir *d = fake_find(f, path, &attr);
	if (d == NULL)
		return fake_errno(ENOENT);
	cof_buf_release(&d->inblob);
	*d = (fake_dir){0};
	f->removed++;
	return 0;
}

static inline bool fake_has_attr(const fake_tee *f, const char *attr)
{
	static const char *const always[] = {"inblob", "outblob", "provider", "generation"};
	static const char *const leveled[] = {"auxblob", "privlevel", "privlevel_floor"};
	for (size_t i = 0; i < COF_COUNT(always); i++)
		if (strcmp(attr, always[i]) == 0)
			return true;
	for (size_t i = 0; i < COF_COUNT(leveled); i++)
		if (strcmp(attr, leveled[i]) == 0)
			return f->levels;
	return false;
}

static inline const fake_file *fake_file_at(const fake_tee *f, const char *path)
{
	for (size_t i = 0; i < FAKE_FILES && f->files[i].path != NULL; i++)
		if (strcmp(f->files[i].path, path) == 0)
			return &f->files[i];
	return NULL;
}

/* The number of the RTMR whose attribute this is; -1: none's. */
static inline int fake_rtmr(const fake_tee *f, const char *path)
{
	static const char before[] = "/sys/devices/virtual/misc/tdx_guest/measurements/rtmr";
	const char *n = path + sizeof before - 1;
	if (!f->rtmrs || strncmp(path, before, sizeof before - 1) != 0 || strcmp(n + 1, ":sha384") != 0)
		return -1;
	return *n >= '0' && *n <= '3' ? *n - '0' : -1;
}

static inline bool fake_is_there(fake_tee *f, const char *path)
{
	const char *attr;
	if (strcmp(path, "/dev/sev-guest") == 0)
		return f->sevguest;
	if (strcmp(path, "/dev/tdx_guest") == 0)
		return f->tdxguest;
	if (fake_file_at(f, path) != NULL || fake_rtmr(f, path) >= 0)
		return true;
	return fake_find(f, path, &attr) != NULL && fake_has_attr(f, attr);
}

static inline int fake_open(void *arg, const char *path, int flags)
{
	fake_tee *f = arg;
	int fault = fake_fails(f, "open", path);
	(void)flags;
	if (fault != 0)
		return fake_errno(fault);
	if (!fake_is_there(f, path))
		return fake_errno(ENOENT);
	for (int i = 0; i < FAKE_FDS; i++) {
		if (!f->fds[i].used) {
			f->fds[i] = (fake_fd){.used = true};
			(void)snprintf(f->fds[i].path, FAKE_PATH, "%s", path);
			return 1000 + i;
		}
	}
	return fake_errno(EMFILE);
}

static inline fake_fd *fake_fd_of(fake_tee *f, int fd)
{
	assert_in_range(fd, 1000, 1000 + FAKE_FDS - 1);
	assert_true(f->fds[fd - 1000].used);
	return &f->fds[fd - 1000];
}

/* Another process that found our object. */
static inline void fake_intrude(fake_tee *f, fake_dir *d)
{
	if (f->intruders == 0)
		return;
	f->intruders--;
	d->generation++;
	memset(d->inblob.data, 0x66, d->inblob.len);
}

static inline int fake_outblob(fake_tee *f, fake_dir *d, cof_buf *ret)
{
	fake_intrude(f, d);
	if (d->inblob.len != COF_TSM_INBLOB_LEN || (f->levels && d->level < f->floor))
		return EINVAL;
	f->make(f, d->inblob.data, ret);
	return 0;
}

static inline int fake_fill_attr(fake_tee *f, fake_dir *d, const char *attr, cof_buf *ret)
{
	if (strcmp(attr, "outblob") == 0)
		return fake_outblob(f, d, ret);
	if (strcmp(attr, "auxblob") == 0)
		assert_ok(cof_buf_add(ret, f->aux.data, f->aux.len, &err));
	else if (strcmp(attr, "provider") == 0)
		assert_ok(cof_buf_add_str(ret, f->provider, &err));
	else if (strcmp(attr, "generation") == 0 && f->odd_generation != NULL)
		assert_ok(cof_buf_add_str(ret, f->odd_generation, &err));
	else if (strcmp(attr, "generation") == 0)
		assert_ok(cof_buf_printf(ret, &err, "%llu\n", (unsigned long long)d->generation));
	else if (strcmp(attr, "privlevel_floor") == 0)
		assert_ok(cof_buf_printf(ret, &err, "%u\n", f->floor));
	else
		return EACCES;
	return 0;
}

static inline int fake_fill(fake_tee *f, fake_fd *x)
{
	const char *attr;
	fake_dir *d = fake_find(f, x->path, &attr);
	const fake_file *file = fake_file_at(f, x->path);
	int rtmr = fake_rtmr(f, x->path);
	x->filled = true;
	if (d != NULL)
		return fake_fill_attr(f, d, attr, &x->bytes);
	if (rtmr >= 0)
		assert_ok(cof_buf_add(&x->bytes, f->rtmr[rtmr], 48, &err));
	else if (file != NULL)
		assert_ok(cof_buf_add(&x->bytes, file->bytes.data, file->bytes.len, &err));
	return 0;
}

static inline ssize_t fake_read(void *arg, int fd, void *to, size_t len)
{
	fake_tee *f = arg;
	fake_fd *x = fake_fd_of(f, fd);
	int fault = fake_fails(f, "read", x->path);
	if (fault == 0 && !x->filled)
		fault = fake_fill(f, x);
	if (fault != 0)
		return fake_errno(fault);
	size_t n = x->bytes.len - x->at;
	n = n < len ? n : len;
	n = f->chunk > 0 && n > f->chunk ? f->chunk : n;
	if (n > 0)
		memcpy(to, x->bytes.data + x->at, n);
	x->at += n;
	return (ssize_t)n;
}

static inline void fake_extend(fake_tee *f, int n, const uint8_t *digest)
{
	uint8_t both[96];
	cof_digest d;
	memcpy(both, f->rtmr[n], 48);
	memcpy(both + 48, digest, 48);
	assert_ok(cof_digest_of(COF_SHA384, cof_span_of(both, sizeof both), &d, &err));
	memcpy(f->rtmr[n], d.bytes, 48);
}

static inline ssize_t fake_write(void *arg, int fd, const void *from, size_t len)
{
	fake_tee *f = arg;
	const char *attr;
	fake_fd *x = fake_fd_of(f, fd);
	fake_dir *d = fake_find(f, x->path, &attr);
	int rtmr = fake_rtmr(f, x->path);
	int fault = fake_fails(f, "write", x->path);
	if (fault != 0)
		return fault == -1 ? (ssize_t)len - 1 : fake_errno(fault); /* -1: a part of it */
	if (rtmr >= 0 && len != 48)
		return fake_errno(EINVAL);
	if (rtmr >= 0)
		fake_extend(f, rtmr, from);
	assert_ok(cof_buf_add(&x->bytes, from, len, &err));
	if (d != NULL && strcmp(attr, "privlevel") == 0) {
		d->level = (unsigned)strtoul(cof_buf_str(&x->bytes), NULL, 10);
		d->generation++;
	}
	return (ssize_t)len;
}

static inline void fake_close(void *arg, int fd)
{
	fake_tee *f = arg;
	const char *attr;
	fake_fd *x = fake_fd_of(f, fd);
	fake_dir *d = fake_find(f, x->path, &attr);
	if (d != NULL && strcmp(attr, "inblob") == 0 && x->bytes.len > 0 && !f->drop_inblobs) {
		cof_buf_release(&d->inblob);
		d->inblob = x->bytes;
		x->bytes = (cof_buf){0};
		d->generation++;
	}
	cof_buf_release(&x->bytes);
	*x = (fake_fd){0};
}

static inline int fake_ioctl(void *arg, int fd, unsigned long request, void *data)
{
	fake_tee *f = arg;
	fake_fd *x = fake_fd_of(f, fd);
	int fault = fake_fails(f, "ioctl", x->path);
	f->ioctls++;
	if (fault == 0)
		fault = f->ioctl(f, request, data);
	return fault != 0 ? fake_errno(fault) : 0;
}

static inline void fake_pause(void *arg, int ms)
{
	fake_tee *f = arg;
	f->pauses++;
	f->pause_ms += ms;
}

static inline cof_sys fake_sys(fake_tee *f)
{
	return (cof_sys){fake_mkdir, fake_rmdir, fake_open,  fake_read, fake_write,
			 fake_ioctl, fake_close, fake_pause, f};
}

/* Nothing is left behind, whatever happened. */
static inline void fake_drop(fake_tee *f)
{
	assert_int_equal(f->made, f->removed);
	for (size_t i = 0; i < FAKE_FDS; i++)
		assert_false(f->fds[i].used);
	cof_buf_release(&f->aux);
}
