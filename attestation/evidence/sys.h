/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The calls by which the attester reaches the kernel's devices and its configfs. They exist as a table for one reason:
 * a test can put others in their place, and so let a device that no test machine has fail in every way that it can.
 * Results are those of the system calls: -1 and errno.
 */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

#include "common/buf.h"

typedef struct cof_sys {
	int (*mkdir)(void *arg, const char *path);
	int (*rmdir)(void *arg, const char *path);
	int (*open)(void *arg, const char *path, int flags); /* close on exec, and never a controlling terminal */
	ssize_t (*read)(void *arg, int fd, void *to, size_t len);
	ssize_t (*write)(void *arg, int fd, const void *from, size_t len);
	int (*ioctl)(void *arg, int fd, unsigned long request, void *data);
	void (*close)(void *arg, int fd);
	void (*pause)(void *arg, int ms);
	void *arg;
} cof_sys;

extern const cof_sys cof_sys_kernel;

/* Whether path can be opened for reading. */
bool cof_sys_there(const cof_sys *sys, const char *path);
/*
 * The whole of a file, appended to ret. 0, or -errno; -EFBIG for more than max bytes, -ENOMEM. An attribute of
 * configfs may give a part at a time.
 */
int cof_sys_read_all(const cof_sys *sys, const char *path, size_t max, cof_buf *ret);
/* All of it in one write, as attributes want it. 0, or -errno; -EIO when the kernel took a part. */
int cof_sys_write_once(const cof_sys *sys, const char *path, cof_span bytes);
