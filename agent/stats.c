/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/reply.h"

/* spec: Kata StatsContainerResponse; cgroup v2 consumers look for inactive_file among the memory's details. */
void cof_reply_stats(cof_ttrpc_call *call, const cof_cgroup_stats *s)
{
	Grpc__CpuUsage usage = GRPC__CPU_USAGE__INIT;
	Grpc__ThrottlingData throttling = GRPC__THROTTLING_DATA__INIT;
	Grpc__CpuStats cpu = GRPC__CPU_STATS__INIT;
	Grpc__MemoryData memory = GRPC__MEMORY_DATA__INIT;
	Grpc__MemoryData swap = GRPC__MEMORY_DATA__INIT;
	Grpc__MemoryData kernel = GRPC__MEMORY_DATA__INIT;
	Grpc__StatEntry inactive = GRPC__STAT_ENTRY__INIT;
	Grpc__StatEntry *details[] = {&inactive};
	Grpc__MemoryStats mem = GRPC__MEMORY_STATS__INIT;
	Grpc__PidsStats pids = GRPC__PIDS_STATS__INIT;
	Grpc__CgroupStats all = GRPC__CGROUP_STATS__INIT;
	Grpc__StatsContainerResponse r = GRPC__STATS_CONTAINER_RESPONSE__INIT;
	usage.total_usage = s->cpu_total_ns;
	usage.usage_in_usermode = s->cpu_user_ns;
	usage.usage_in_kernelmode = s->cpu_system_ns;
	throttling.periods = s->periods;
	throttling.throttled_periods = s->throttled_periods;
	throttling.throttled_time = s->throttled_ns;
	cpu.cpu_usage = &usage;
	cpu.throttling_data = &throttling;
	memory.usage = s->memory;
	memory.max_usage = s->memory_max_seen;
	memory.limit = s->memory_limit;
	memory.failcnt = s->memory_fails;
	swap.usage = s->swap;
	swap.limit = s->swap_limit;
	kernel.usage = s->kernel;
	inactive.key = (char *)(uintptr_t) "inactive_file";
	inactive.value = s->inactive_file;
	mem.cache = s->cache;
	mem.usage = &memory;
	mem.swap_usage = &swap;
	mem.kernel_usage = &kernel;
	mem.stats = details;
	mem.n_stats = COF_COUNT(details);
	pids.current = s->pids;
	pids.limit = s->pids_limit;
	all.cpu_stats = &cpu;
	all.memory_stats = &mem;
	all.pids_stats = &pids;
	r.cgroup_stats = &all;
	cof_reply(call, &r.base);
}
