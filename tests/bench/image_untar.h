/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Untar without any check, for archives that GNU tar made: what unpacking costs when nobody is an enemy. Paths go to
 * the kernel as they are; mode, owner and time are set.
 */
#pragma once

#include <err.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

typedef struct untar {
	uint8_t head[512];
	size_t have;
	uint64_t left, pad; /* of the data in hand */
	char *text;	    /* a long name is being read */
	size_t text_at;
	char name[4352], link[4352];
	bool long_name, long_link;
	int fd;
} untar;

static inline uint64_t untar_octal(const uint8_t *p, size_t n)
{
	uint64_t v = 0;
	for (size_t i = 0; i < n && p[i] >= '0' && p[i] <= '7'; i++)
		v = v << 3 | (uint64_t)(p[i] - '0');
	return v;
}

static inline void untar_names(untar *u)
{
	const char *h = (const char *)u->head;
	bool ustar = memcmp(h + 257, "ustar", 6) == 0;
	if (!u->long_name)
		(void)snprintf(u->name, sizeof u->name, "%.155s%s%.100s", ustar ? h + 345 : "",
			       ustar && h[345] != '\0' ? "/" : "", h);
	if (!u->long_link)
		(void)snprintf(u->link, sizeof u->link, "%.100s", h + 157);
	u->long_name = u->long_link = false;
}

static inline void untar_meta(const untar *u, int fd)
{
	const struct timespec times[2] = {{0, UTIME_OMIT}, {(time_t)untar_octal(u->head + 136, 11), 0}};
	if (fchown(fd, (uid_t)untar_octal(u->head + 108, 7), (gid_t)untar_octal(u->head + 116, 7)) < 0 ||
	    fchmod(fd, (mode_t)untar_octal(u->head + 100, 7) & 07777) < 0 || futimens(fd, times) < 0)
		err(2, "%s", u->name);
}

static inline void untar_dir(const untar *u)
{
	(void)mkdir(u->name, 0700);
	int fd = open(u->name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		err(2, "%s", u->name);
	untar_meta(u, fd);
	(void)close(fd);
}

static inline void untar_file_done(untar *u)
{
	if (u->fd < 0)
		return;
	untar_meta(u, u->fd);
	(void)close(u->fd);
	u->fd = -1;
}

static inline void untar_long(untar *u, char *to, bool *flag)
{
	u->text = to;
	u->text_at = 0;
	*flag = true;
	if (u->left >= 4352)
		errx(2, "a name is too long");
}

static inline void untar_entry(untar *u)
{
	char type = (char)u->head[156];
	u->left = untar_octal(u->head + 124, 11);
	u->pad = -u->left & 511;
	if (type == 'L') {
		untar_long(u, u->name, &u->long_name);
		return;
	}
	if (type == 'K') {
		untar_long(u, u->link, &u->long_link);
		return;
	}
	untar_names(u);
	if (type == '5')
		untar_dir(u);
	else if (type == '2')
		(void)!symlink(u->link, u->name);
	else if (type == '1')
		(void)!link(u->link, u->name);
	else
		u->fd = open(u->name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (u->fd >= 0 && u->left == 0)
		untar_file_done(u);
}

static inline void untar_data(untar *u, const uint8_t *p, size_t n)
{
	if (u->text != NULL) {
		memcpy(u->text + u->text_at, p, n);
		u->text_at += n;
		u->text[u->text_at] = '\0';
	} else if (u->fd >= 0 && write(u->fd, p, n) != (ssize_t)n) {
		err(2, "%s", u->name);
	}
	u->left -= n;
	if (u->left > 0)
		return;
	u->text = NULL;
	untar_file_done(u);
}

static inline void untar_add(untar *u, const uint8_t *p, size_t len)
{
	while (len > 0) {
		uint64_t want = u->left > 0 ? u->left : u->pad > 0 ? u->pad : sizeof u->head - u->have;
		size_t n = len < want ? len : (size_t)want;
		if (u->left > 0) {
			untar_data(u, p, n);
		} else if (u->pad > 0) {
			u->pad -= n;
		} else {
			memcpy(u->head + u->have, p, n);
			u->have = (u->have + n) % sizeof u->head;
			if (u->have == 0 && u->head[0] != '\0')
				untar_entry(u);
		}
		p += n;
		len -= n;
	}
}
