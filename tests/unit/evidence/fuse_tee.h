/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The fake machine's configfs as a file system that is really mounted, so that a whole process can be tested on it by
 * the kernel's own calls. A child serves it; what the model answers to a call, errors too, is what the call gets. Where
 * nobody may mount, fuse_tee_mount says so, and the test skips.
 */
#pragma once

#include "tests/unit/evidence/fake_tee.h"

#include <linux/fuse.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "common/file.h"

enum { FUSE_NODES = 256, FUSE_MESSAGE = 128 << 10 };

typedef struct fuse_tee {
	fake_tee *f;
	int fd;
	pid_t pid;
	char paths[FUSE_NODES][FAKE_PATH]; /* by node number; 1 is the folder itself */
	size_t n;
} fuse_tee;

/* --- the server --- */

static inline void fuse_reply(const fuse_tee *t, uint64_t unique, int error, const void *body, size_t len)
{
	static uint8_t out[FUSE_MESSAGE];
	struct fuse_out_header h = {.len = (uint32_t)(sizeof h + len), .error = -error, .unique = unique};
	memcpy(out, &h, sizeof h);
	if (len > 0)
		memcpy(out + sizeof h, body, len);
	(void)!write(t->fd, out, sizeof h + len);
}

/* A folder, or an attribute; 0 in mode: neither. */
static inline struct fuse_attr fuse_attr_of(fuse_tee *t, const char *path, uint64_t node)
{
	const char *attr = "";
	bool root = strcmp(path, COF_TSM_FOLDER) == 0;
	bool dir = root || (fake_find(t->f, path, &attr) != NULL && attr[0] == '\0');
	uint32_t mode = dir ? S_IFDIR | 0700 : fake_is_there(t->f, path) ? S_IFREG | 0600 : 0;
	return (struct fuse_attr){.ino = node, .mode = mode, .nlink = 1, .size = dir ? 0 : 4096};
}

static inline uint64_t fuse_node(fuse_tee *t, const char *path)
{
	for (size_t i = 1; i < t->n; i++)
		if (strcmp(t->paths[i], path) == 0)
			return i;
	assert_true(t->n < FUSE_NODES);
	(void)snprintf(t->paths[t->n], FAKE_PATH, "%s", path);
	return t->n++;
}

static inline void fuse_entry(fuse_tee *t, uint64_t unique, const char *path)
{
	uint64_t node = fuse_node(t, path);
	struct fuse_entry_out e = {.nodeid = node, .attr = fuse_attr_of(t, path, node)};
	if (e.attr.mode == 0)
		fuse_reply(t, unique, ENOENT, NULL, 0);
	else
		fuse_reply(t, unique, 0, &e, sizeof e);
}

/* What a call of the model came to. */
static inline void fuse_done(const fuse_tee *t, uint64_t unique, int r)
{
	fuse_reply(t, unique, r < 0 ? errno : 0, NULL, 0);
}

static inline void fuse_names(fuse_tee *t, const struct fuse_in_header *h, const char *name)
{
	char path[FAKE_PATH];
	(void)snprintf(path, sizeof path, "%.120s/%.100s", t->paths[h->nodeid], name);
	if (h->opcode == FUSE_RMDIR)
		fuse_done(t, h->unique, fake_rmdir(t->f, path));
	else if (h->opcode == FUSE_MKDIR && fake_mkdir(t->f, path) < 0)
		fuse_reply(t, h->unique, errno, NULL, 0);
	else
		fuse_entry(t, h->unique, path);
}

static inline void fuse_open(fuse_tee *t, const struct fuse_in_header *h)
{
	int fd = fake_open(t->f, t->paths[h->nodeid], 0);
	struct fuse_open_out o = {.fh = (uint64_t)fd, .open_flags = FOPEN_DIRECT_IO};
	fuse_reply(t, h->unique, fd < 0 ? errno : 0, &o, fd < 0 ? 0 : sizeof o);
}

static inline void fuse_read_one(fuse_tee *t, const struct fuse_in_header *h, const struct fuse_read_in *in)
{
	static uint8_t bytes[FUSE_MESSAGE / 2];
	size_t len = in->size < sizeof bytes ? in->size : sizeof bytes;
	ssize_t n = fake_read(t->f, (int)in->fh, bytes, len);
	fuse_reply(t, h->unique, n < 0 ? errno : 0, bytes, n < 0 ? 0 : (size_t)n);
}

static inline void fuse_write_one(fuse_tee *t, const struct fuse_in_header *h, const struct fuse_write_in *in)
{
	ssize_t n = fake_write(t->f, (int)in->fh, in + 1, in->size);
	struct fuse_write_out o = {.size = n < 0 ? 0 : (uint32_t)n};
	fuse_reply(t, h->unique, n < 0 ? errno : 0, &o, n < 0 ? 0 : sizeof o);
}

static inline void fuse_serve(fuse_tee *t, const struct fuse_in_header *h, const void *body)
{
	const struct fuse_init_out init = {.major = 7, .minor = 31, .max_write = 4096, .max_background = 1};
	const struct fuse_attr_out attr = {.attr = fuse_attr_of(t, t->paths[h->nodeid % FUSE_NODES], h->nodeid)};
	const struct fuse_open_out folder = {0};
	switch (h->opcode) {
	case FUSE_INIT:
		fuse_reply(t, h->unique, 0, &init, sizeof init);
		break;
	case FUSE_GETATTR:
	case FUSE_SETATTR:
		fuse_reply(t, h->unique, 0, &attr, sizeof attr);
		break;
	case FUSE_LOOKUP:
	case FUSE_RMDIR:
		fuse_names(t, h, body);
		break;
	case FUSE_MKDIR:
		fuse_names(t, h, (const char *)body + sizeof(struct fuse_mkdir_in));
		break;
	case FUSE_OPEN:
		fuse_open(t, h);
		break;
	case FUSE_READ:
		fuse_read_one(t, h, body);
		break;
	case FUSE_WRITE:
		fuse_write_one(t, h, body);
		break;
	case FUSE_FLUSH: /* the caller's close waits for this one */
		fake_close(t->f, (int)((const struct fuse_flush_in *)body)->fh);
		fuse_reply(t, h->unique, 0, NULL, 0);
		break;
	case FUSE_OPENDIR:
		fuse_reply(t, h->unique, 0, &folder, sizeof folder);
		break;
	case FUSE_READDIR: /* empty */
	case FUSE_RELEASE:
	case FUSE_RELEASEDIR:
		fuse_reply(t, h->unique, 0, NULL, 0);
		break;
	case FUSE_FORGET:
	case FUSE_BATCH_FORGET:
	case FUSE_INTERRUPT:
		break;
	default:
		fuse_reply(t, h->unique, ENOSYS, NULL, 0);
	}
}

static inline void fuse_loop(fuse_tee *t)
{
	static _Alignas(8) uint8_t in[FUSE_MESSAGE];
	struct fuse_in_header h;
	for (;;) {
		ssize_t n = read(t->fd, in, sizeof in);
		if (n < 0 && (errno == EINTR || errno == ENOENT))
			continue;
		if (n < (ssize_t)sizeof h)
			return; /* no longer mounted */
		memcpy(&h, in, sizeof h);
		fuse_serve(t, &h, in + sizeof h);
	}
}

/* --- the test's side --- */

/* Mounts at root/sys/kernel/config/tsm/report, in a mount namespace of this process alone, and serves f from a child,
 * which has it as it is now. False where that is not possible. */
static inline bool fuse_tee_mount(fuse_tee *t, fake_tee *f, const char *root)
{
	char path[FAKE_PATH], options[96];
	(void)snprintf(path, sizeof path, "%s" COF_TSM_FOLDER, root);
	*t = (fuse_tee){.f = f, .fd = open("/dev/fuse", O_RDWR | O_CLOEXEC), .n = 2};
	(void)snprintf(t->paths[1], FAKE_PATH, "%s", COF_TSM_FOLDER);
	if (t->fd < 0 || unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		return false;
	assert_ok(cof_mkdirs(path, 0700, &err));
	(void)snprintf(options, sizeof options, "fd=%d,rootmode=40000,user_id=0,group_id=0", t->fd);
	if (mount("fake-tsm", path, "fuse", MS_NOSUID | MS_NODEV, options) < 0)
		return false;
	t->pid = fork();
	assert_true(t->pid >= 0);
	if (t->pid == 0) {
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
		fuse_loop(t);
		/* What was left behind is the exit code: report objects that nobody removed. */
		_exit(f->made == f->removed ? f->made > 0 ? 0 : 100 : 101);
	}
	cof_fd_close(&t->fd);
	return true;
}

/* 0: it was used, and all objects are gone again; 100: nobody made one; 101: some are left. */
static inline int fuse_tee_unmount(fuse_tee *t, const char *root)
{
	char path[FAKE_PATH];
	int status = -1;
	(void)snprintf(path, sizeof path, "%s" COF_TSM_FOLDER, root);
	assert_int_equal(umount2(path, MNT_DETACH), 0);
	assert_int_equal(waitpid(t->pid, &status, 0), t->pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}
