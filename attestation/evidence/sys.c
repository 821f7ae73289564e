/* SPDX-License-Identifier: Apache-2.0 */
#include "attestation/evidence/sys.h"

#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <time.h>

enum { CHUNK = 4096 };

static int kernel_mkdir(void *arg, const char *path)
{
	(void)arg;
	return mkdir(path, 0700);
}

static int kernel_rmdir(void *arg, const char *path)
{
	(void)arg;
	return rmdir(path);
}

static int kernel_open(void *arg, const char *path, int flags)
{
	(void)arg;
	return open(path, flags | O_CLOEXEC | O_NOCTTY);
}

static ssize_t kernel_read(void *arg, int fd, void *to, size_t len)
{
	(void)arg;
	return read(fd, to, len);
}

static ssize_t kernel_write(void *arg, int fd, const void *from, size_t len)
{
	(void)arg;
	return write(fd, from, len);
}

static int kernel_ioctl(void *arg, int fd, unsigned long request, void *data)
{
	(void)arg;
	return ioctl(fd, request, data);
}

static void kernel_close(void *arg, int fd)
{
	(void)arg;
	cof_fd_close(&fd);
}

static void kernel_pause(void *arg, int ms)
{
	struct timespec t = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000L};
	(void)arg;
	(void)nanosleep(&t, NULL);
}

const cof_sys cof_sys_kernel = {
	.mkdir = kernel_mkdir,
	.rmdir = kernel_rmdir,
	.open = kernel_open,
	.read = kernel_read,
	.write = kernel_write,
	.ioctl = kernel_ioctl,
	.close = kernel_close,
	.pause = kernel_pause,
};

bool cof_sys_there(const cof_sys *sys, const char *path)
{
	int fd = sys->open(sys->arg, path, O_RDONLY);
	if (fd >= 0)
		sys->close(sys->arg, fd);
	return fd >= 0;
}

static int read_to_end(const cof_sys *sys, int fd, size_t max, cof_buf *ret)
{
	size_t got = 0;
	for (;;) {
		if (cof_buf_reserve(ret, CHUNK, NULL) < 0)
			return -ENOMEM;
		ssize_t n = sys->read(sys->arg, fd, ret->data + ret->len, CHUNK);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			return 0;
		if ((size_t)n > CHUNK || (size_t)n > max - got)
			return -EFBIG;
		got += (size_t)n;
		ret->len += (size_t)n;
		ret->data[ret->len] = 0;
	}
}

int cof_sys_read_all(const cof_sys *sys, const char *path, size_t max, cof_buf *ret)
{
	int fd = sys->open(sys->arg, path, O_RDONLY);
	if (fd < 0)
		return -errno;
	int r = read_to_end(sys, fd, max, ret);
	sys->close(sys->arg, fd);
	return r;
}

int cof_sys_write_once(const cof_sys *sys, const char *path, cof_span bytes)
{
	int fd = sys->open(sys->arg, path, O_WRONLY);
	if (fd < 0)
		return -errno;
	ssize_t n = sys->write(sys->arg, fd, bytes.data, bytes.len);
	int r = n < 0 ? -errno : (size_t)n == bytes.len ? 0 : -EIO;
	sys->close(sys->arg, fd);
	return r;
}
