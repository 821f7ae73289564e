/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/cgroup.h"

#include <fcntl.h>

#include "common/file.h"

enum { FILE_MAX = 16 << 10 };

/* Digits up to the first other byte; "max" is 0, which here says no limit. */
static uint64_t number(const char *s)
{
	uint64_t v = 0;
	for (; *s >= '0' && *s <= '9'; s++)
		if (__builtin_mul_overflow(v, 10, &v) || __builtin_add_overflow(v, (uint64_t)(*s - '0'), &v))
			return UINT64_MAX;
	return v;
}

static uint64_t one(int dir, const char *file)
{
	COF_AUTO(cof_buf) text = {0};
	return cof_file_read_at(dir, file, FILE_MAX, &text, NULL) < 0 ? 0 : number(cof_buf_str(&text));
}

/* "key value" lines. */
static uint64_t keyed(const cof_buf *text, const char *key)
{
	size_t n = strlen(key);
	for (const char *l = cof_buf_str(text); l != NULL && *l != '\0';) {
		if (strncmp(l, key, n) == 0 && l[n] == ' ')
			return number(l + n + 1);
		l = strchr(l, '\n');
		if (l != NULL)
			l++;
	}
	return 0;
}

static void read_cpu(int dir, cof_cgroup_stats *s)
{
	COF_AUTO(cof_buf) text = {0};
	if (cof_file_read_at(dir, "cpu.stat", FILE_MAX, &text, NULL) < 0)
		return;
	s->cpu_total_ns = keyed(&text, "usage_usec") * 1000;
	s->cpu_user_ns = keyed(&text, "user_usec") * 1000;
	s->cpu_system_ns = keyed(&text, "system_usec") * 1000;
	s->periods = keyed(&text, "nr_periods");
	s->throttled_periods = keyed(&text, "nr_throttled");
	s->throttled_ns = keyed(&text, "throttled_usec") * 1000;
}

static void read_memory(int dir, cof_cgroup_stats *s)
{
	COF_AUTO(cof_buf) stat = {0};
	COF_AUTO(cof_buf) events = {0};
	s->memory = one(dir, "memory.current");
	s->memory_max_seen = one(dir, "memory.peak");
	s->memory_limit = one(dir, "memory.max");
	s->swap = one(dir, "memory.swap.current");
	s->swap_limit = one(dir, "memory.swap.max");
	if (cof_file_read_at(dir, "memory.stat", FILE_MAX, &stat, NULL) == 0) {
		s->cache = keyed(&stat, "file");
		s->inactive_file = keyed(&stat, "inactive_file");
		s->kernel = keyed(&stat, "kernel");
	}
	if (cof_file_read_at(dir, "memory.events", FILE_MAX, &events, NULL) == 0)
		s->memory_fails = keyed(&events, "max");
}

int cof_cgroup_read(const char *path, cof_cgroup_stats *ret, cof_err *err)
{
	cof_cgroup_stats s = {0};
	COF_AUTO_FD int dir = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0)
		return cof_err_sys(err, "no-cgroup", "statistics");
	read_cpu(dir, &s);
	read_memory(dir, &s);
	s.pids = one(dir, "pids.current");
	s.pids_limit = one(dir, "pids.max");
	*ret = s;
	return 0;
}

int cof_cgroup_kill(const char *path, cof_err *err)
{
	COF_AUTO_FREE char *file = NULL;
	int r = cof_path(&file, err, "%s/cgroup.kill", path);
	if (r < 0)
		return r;
	COF_AUTO_FD int fd = open(file, O_WRONLY | O_CLOEXEC);
	if (fd < 0 && (errno == ENOENT || errno == ENOTDIR))
		return 0;
	if (fd < 0 || write(fd, "1", 1) != 1)
		return cof_err_sys(err, "kill-failed", "cgroup");
	return 0;
}
