/* SPDX-License-Identifier: Apache-2.0 */
/* What must not change while hostile archives are unpacked: the files that they aim at, and all above the root. */
#pragma once

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

#include "tests/unit/test.h"

/* Three folders below top; archives are to be unpacked into DIR/root. */
#define WATCH_BELOW "x/y/z"

typedef struct watch {
	cof_buf before;
	const char *top;
} watch;

/* Everything about a file that somebody could have changed by a write, a link, chmod or chown. */
static inline void watch_file(cof_buf *to, int dir, const char *name)
{
	struct stat st;
	if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		assert_ok(cof_buf_printf(to, &err, "%s: absent\n", name));
	else
		assert_ok(cof_buf_printf(to, &err, "%s: %lu %o %u:%u %lu %ld %ld.%09ld %ld.%09ld\n", name,
					 (unsigned long)st.st_ino, st.st_mode, st.st_uid, st.st_gid,
					 (unsigned long)st.st_nlink, (long)st.st_size, (long)st.st_mtim.tv_sec,
					 st.st_mtim.tv_nsec, (long)st.st_ctim.tv_sec, st.st_ctim.tv_nsec));
}

static inline void watch_names(cof_buf *to, const char *path)
{
	struct dirent **names = NULL;
	int n = scandir(path, &names, NULL, alphasort);
	for (int i = 0; i < n; i++) {
		/* What the caller makes there, and archives may fill. */
		if (strcmp(names[i]->d_name, "root") != 0 && strcmp(names[i]->d_name, "out") != 0)
			assert_ok(cof_buf_printf(to, &err, "%s/%s\n", path, names[i]->d_name));
		free(names[i]);
	}
	free(names);
}

/* Names that the archives of the vectors aim at; folders above the root by what they hold. */
static inline void watch_look(const char *top, cof_buf *to)
{
	static const char *const targets[] = {
		"/etc/passwd",	      "/etc/coffer-abs", "/etc/coffer-target", "/coffer-target",
		"/tmp/coffer-target", "/tmp/coffer-abs", "/dev/mem",	       "/dev/sda"};
	static const char *const above[] = {"", "/x", "/x/y", "/" WATCH_BELOW};
	char path[256];
	for (size_t i = 0; i < COF_COUNT(targets); i++)
		watch_file(to, AT_FDCWD, targets[i]);
	for (size_t i = 0; i < COF_COUNT(above); i++) {
		(void)snprintf(path, sizeof path, "%s%s", top, above[i]);
		watch_names(to, path);
	}
	(void)snprintf(path, sizeof path, "%s/x/canary", top);
	watch_file(to, AT_FDCWD, path);
}

static inline void watch_begin(watch *w, const char *top)
{
	*w = (watch){.top = top};
	watch_look(top, &w->before);
}

static inline void watch_end(watch *w, const char *what)
{
	COF_AUTO(cof_buf) after = {0};
	watch_look(w->top, &after);
	if (w->before.len != after.len || memcmp(w->before.data, after.data, after.len) != 0)
		fail_msg("%s changed something outside:\n%s\nwas:\n%s", what, cof_buf_str(&after),
			 cof_buf_str(&w->before));
	cof_buf_release(&w->before);
}
