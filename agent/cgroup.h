/* SPDX-License-Identifier: Apache-2.0 */
/* A container's numbers, read from its cgroup v2 folder. Files that a kernel has not count as zero. */
#pragma once

#include <stdint.h>

#include "common/buf.h"

typedef struct cof_cgroup_stats {
	uint64_t cpu_total_ns, cpu_user_ns, cpu_system_ns;
	uint64_t periods, throttled_periods, throttled_ns;
	uint64_t memory, memory_max_seen, memory_limit, memory_fails; /* limit 0: none */
	uint64_t cache, inactive_file, kernel, swap, swap_limit;
	uint64_t pids, pids_limit;
} cof_cgroup_stats;

/* Reason "no-cgroup" when the folder is not there. */
COF_WUR int cof_cgroup_read(const char *dir, cof_cgroup_stats *ret, cof_err *err);
/* Kills everything in the folder (cgroup.kill). Not there: nothing to kill. */
COF_WUR int cof_cgroup_kill(const char *dir, cof_err *err);
