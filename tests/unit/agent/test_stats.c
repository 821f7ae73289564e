/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/agent/rig.h"

#include "agent/reply.h"

static ProtobufCMessage *answered(rig *r, const cof_cgroup_stats *s)
{
	rig_reply reply = {0};
	ProtobufCMessage *any = NULL;
	cof_reply_stats(rig_call(r, &reply), s);
	rig_turn(r, &reply.n, 1);
	assert_ok(cof_pb_unpack(&grpc__stats_container_response__descriptor, cof_buf_span(&reply.payload), COF_PB_MAX,
				&any, &err));
	rig_expect(r, &reply, COF_RPC_OK, "");
	return any;
}

/* Every number has its own place: a reader bills and limits by them. */
static void each_number_in_its_place(void **state)
{
	const cof_cgroup_stats s = {.cpu_total_ns = 1,
				    .cpu_user_ns = 2,
				    .cpu_system_ns = 3,
				    .periods = 4,
				    .throttled_periods = 5,
				    .throttled_ns = 6,
				    .memory = 7,
				    .memory_max_seen = 8,
				    .memory_limit = 9,
				    .memory_fails = 10,
				    .cache = 11,
				    .inactive_file = 12,
				    .kernel = 13,
				    .swap = 14,
				    .swap_limit = 15,
				    .pids = 16,
				    .pids_limit = 17};
	rig r;
	(void)state;
	rig_init(&r);
	COF_AUTO_PTR(ProtobufCMessage) any = answered(&r, &s);
	const Grpc__CgroupStats *g = cof_pb_as(Grpc__StatsContainerResponse, any)->cgroup_stats;
	assert_int_equal(g->cpu_stats->cpu_usage->total_usage, 1);
	assert_int_equal(g->cpu_stats->cpu_usage->usage_in_usermode, 2);
	assert_int_equal(g->cpu_stats->cpu_usage->usage_in_kernelmode, 3);
	assert_int_equal(g->cpu_stats->throttling_data->periods, 4);
	assert_int_equal(g->cpu_stats->throttling_data->throttled_periods, 5);
	assert_int_equal(g->cpu_stats->throttling_data->throttled_time, 6);
	assert_int_equal(g->memory_stats->usage->usage, 7);
	assert_int_equal(g->memory_stats->usage->max_usage, 8);
	assert_int_equal(g->memory_stats->usage->limit, 9);
	assert_int_equal(g->memory_stats->usage->failcnt, 10);
	assert_int_equal(g->memory_stats->cache, 11);
	assert_int_equal(g->memory_stats->n_stats, 1);
	assert_string_equal(g->memory_stats->stats[0]->key, "inactive_file");
	assert_int_equal(g->memory_stats->stats[0]->value, 12);
	assert_int_equal(g->memory_stats->kernel_usage->usage, 13);
	assert_int_equal(g->memory_stats->swap_usage->usage, 14);
	assert_int_equal(g->memory_stats->swap_usage->limit, 15);
	assert_int_equal(g->pids_stats->current, 16);
	assert_int_equal(g->pids_stats->limit, 17);
	rig_release(&r);
}

/* T-13: numbers only; nothing that a workload could name, and nothing about devices or the network. */
static void t013_numbers_and_no_names(void **state)
{
	const cof_cgroup_stats s = {.memory = UINT64_MAX, .cpu_total_ns = UINT64_MAX};
	rig r;
	(void)state;
	rig_init(&r);
	COF_AUTO_PTR(ProtobufCMessage) any = answered(&r, &s);
	const Grpc__StatsContainerResponse *m = cof_pb_as(Grpc__StatsContainerResponse, any);
	assert_int_equal(m->n_network_stats, 0);
	assert_null(m->cgroup_stats->blkio_stats);
	assert_int_equal(m->cgroup_stats->n_hugetlb_stats, 0);
	assert_true(m->cgroup_stats->memory_stats->usage->usage == UINT64_MAX);
	assert_true(m->cgroup_stats->cpu_stats->cpu_usage->total_usage == UINT64_MAX);
	rig_release(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_number_in_its_place),
		cmocka_unit_test(t013_numbers_and_no_names),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
