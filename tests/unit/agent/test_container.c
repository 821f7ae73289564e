/* SPDX-License-Identifier: Apache-2.0 */
/* A container's life behind its creation: wrong order, wrong ids, and a runtime that fails at each step. */
#include "tests/unit/agent/box.h"

static void t052_only_the_very_id(void **state)
{
	static const char *const ids[] = {"", "C1", "c", "c1x", "c1/", "../c1", "c1 ", "c2"};
	box b;
	cof_container *c = NULL;
	(void)state;
	box_init(&b);
	assert_fails(cof_container_find(&b.a, "c1", &c, &err), "no-such-container");
	assert_fails(cof_container_find(&b.a, "", &c, &err), "no-such-container");
	box_release(&b);
	box_created(&b);
	for (size_t i = 0; i < COF_COUNT(ids); i++)
		assert_fails(cof_container_find(&b.a, ids[i], &c, &err), "no-such-container");
	assert_ok(cof_container_find(&b.a, "c1", &c, &err));
	assert_ptr_equal(c, b.a.container);
	box_release(&b);
}

static void processes_by_id(void **state)
{
	box b;
	rig_reply reply = {0};
	cof_process *p = NULL;
	(void)state;
	box_init(&b);
	box_create(&b, "c1", "runs", &reply);
	/* While it is pulled it has no process at all. */
	assert_fails(cof_container_process(b.a.container, "", &p, &err), "bad-state");
	assert_fails(cof_container_process(b.a.container, "c1", &p, &err), "bad-state");
	rig_expect(&b.r, &reply, COF_RPC_OK, "");
	assert_fails(cof_container_process(b.a.container, "e1", &p, &err), "no-such-process");
	assert_ok(cof_container_process(b.a.container, "", &p, &err));
	assert_ptr_equal(p, b.a.container->init);
	assert_ok(cof_container_process(b.a.container, "c1", &p, &err));
	assert_ptr_equal(p, b.a.container->init);
	box_release(&b);
}

static void start(box *b, int code, const char *text)
{
	rig_reply reply = {0};
	cof_container_start(b->a.container, rig_call(&b->r, &reply));
	rig_expect(&b->r, &reply, code, text);
}

static void t051_start_out_of_turn(void **state)
{
	box b;
	rig_reply created = {0}, first = {0}, second = {0};
	(void)state;
	box_init(&b);
	box_create(&b, "c1", "runs", &created);
	start(&b, COF_RPC_FAILED_PRECONDITION, "the container is being pulled");
	rig_expect(&b.r, &created, COF_RPC_OK, "");
	cof_container_start(b.a.container, rig_call(&b.r, &first));
	cof_container_start(b.a.container, rig_call(&b.r, &second));
	rig_expect(&b.r, &second, COF_RPC_FAILED_PRECONDITION, "bad-state");
	rig_expect(&b.r, &first, COF_RPC_OK, "");
	start(&b, COF_RPC_FAILED_PRECONDITION, "the container runs");
	box_release(&b);
}

/* A start that failed is not a container that runs; it can be tried again. */
static void start_fails(void **state)
{
	box b;
	(void)state;
	box_created(&b);
	box_how(&b, "start");
	start(&b, COF_RPC_INTERNAL, "runtime-failed: crun ended with 1: boom");
	assert_int_equal(b.a.container->life, COF_LIFE_CREATED);
	box_how(&b, "");
	start(&b, COF_RPC_OK, "");
	assert_int_equal(b.a.container->life, COF_LIFE_RUNNING);
	box_release(&b);
}

/* Its process is gone before crun has failed to start it: that is nothing to try again. */
static void t051_over_before_the_start_failed(void **state)
{
	box b;
	rig_reply reply = {0};
	siginfo_t gone = {0};
	(void)state;
	box_created(&b);
	box_how(&b, "start");
	cof_ttrpc_call *call = rig_call(&b.r, &reply);
	assert_int_equal(kill(b.a.container->init->pid, SIGKILL), 0);
	assert_int_equal(waitid(P_PID, (id_t)b.a.container->init->pid, &gone, WEXITED | WNOWAIT), 0);
	cof_container_start(b.a.container, call);
	rig_expect(&b.r, &reply, COF_RPC_INTERNAL, "runtime-failed");
	assert_int_equal(b.a.container->life, COF_LIFE_STOPPED);
	start(&b, COF_RPC_FAILED_PRECONDITION, "the container has stopped");
	box_release(&b);
}

static void ended_stays_ended(void **state)
{
	box b;
	rig_reply reply = {0};
	(void)state;
	box_running(&b);
	cof_process_wait(b.a.container->init, rig_call(&b.r, &reply));
	cof_inlet_close(b.a.container->init->in);
	rig_expect(&b.r, &reply, COF_RPC_OK, "");
	assert_int_equal(b.a.container->init->status, 5);
	assert_int_equal(b.a.container->life, COF_LIFE_STOPPED);
	start(&b, COF_RPC_FAILED_PRECONDITION, "the container has stopped");
	box_release(&b);
}

static void killed(void **state)
{
	box b;
	rig_reply reply = {0};
	(void)state;
	box_running(&b);
	cof_process_wait(b.a.container->init, rig_call(&b.r, &reply));
	assert_ok(cof_container_kill(b.a.container, &err));
	rig_expect(&b.r, &reply, COF_RPC_OK, "");
	assert_int_equal(b.a.container->init->status, 128 + SIGKILL);
	box_release(&b);
}

/* --- removal --- */

static void t094_removal_leaves_nothing(void **state)
{
	static const char *const how[] = {"", "delete"}; /* crun may not manage it: what is left goes with its mounts */
	(void)state;
	for (size_t i = 0; i < COF_COUNT(how); i++) {
		box b;
		rig_reply reply = {0};
		box_running(&b);
		box_how(&b, how[i]);
		pid_t pid = b.a.container->init->pid;
		cof_container_remove(b.a.container, rig_call(&b.r, &reply));
		rig_expect(&b.r, &reply, COF_RPC_OK, "");
		box_assert_empty(&b);
		rig_gone(&b.r, pid);
		box_release(&b);
	}
}

static void t094_removal_without_a_runtime(void **state)
{
	box b;
	rig_reply reply = {0};
	(void)state;
	box_running(&b);
	b.a.crun.exe = "/nonexistent/crun";
	cof_container_remove(b.a.container, rig_call(&b.r, &reply));
	rig_expect(&b.r, &reply, COF_RPC_OK, "");
	box_assert_empty(&b);
	box_release(&b);
}

static void t051_removal_out_of_turn(void **state)
{
	box b;
	rig_reply started = {0}, first = {0}, second = {0};
	(void)state;
	box_created(&b);
	cof_ttrpc_call *calls[] = {rig_call(&b.r, &started), rig_call(&b.r, &first)};
	cof_container_start(b.a.container, calls[0]);
	cof_container_remove(b.a.container, calls[1]);
	rig_expect(&b.r, &first, COF_RPC_FAILED_PRECONDITION, "the container is being started");
	rig_expect(&b.r, &started, COF_RPC_OK, "");
	calls[0] = rig_call(&b.r, &first);
	calls[1] = rig_call(&b.r, &second);
	cof_container_remove(b.a.container, calls[0]);
	cof_container_remove(b.a.container, calls[1]);
	rig_expect(&b.r, &second, COF_RPC_FAILED_PRECONDITION, "the container is being removed");
	rig_expect(&b.r, &first, COF_RPC_OK, "");
	box_assert_empty(&b);
	box_release(&b);
}

/* The sandbox ends while the host's own removal is under way: each of the two gets its end, once. */
static void t051_the_end_overtakes(void **state)
{
	box b;
	rig_reply removed = {0}, started = {0};
	(void)state;
	box_created(&b);
	cof_container_start(b.a.container, rig_call(&b.r, &started));
	b.a.ending = true;
	cof_container_remove(b.a.container, NULL);
	rig_expect(&b.r, &started, COF_RPC_UNAVAILABLE, "cancelled");
	box_wait_end(&b);
	box_assert_empty(&b);
	box_release(&b);
	box_running(&b);
	cof_container_remove(b.a.container, rig_call(&b.r, &removed));
	b.a.ending = true;
	cof_container_remove(b.a.container, NULL); /* in the same turn: crun has not come back */
	rig_expect(&b.r, &removed, COF_RPC_UNAVAILABLE, "cancelled");
	box_wait_end(&b);
	box_assert_empty(&b);
	box_release(&b);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(t052_only_the_very_id),
		cmocka_unit_test(processes_by_id),
		cmocka_unit_test(t051_start_out_of_turn),
		cmocka_unit_test(start_fails),
		cmocka_unit_test(t051_over_before_the_start_failed),
		cmocka_unit_test(ended_stays_ended),
		cmocka_unit_test(killed),
		cmocka_unit_test(t094_removal_leaves_nothing),
		cmocka_unit_test(t094_removal_without_a_runtime),
		cmocka_unit_test(t051_removal_out_of_turn),
		cmocka_unit_test(t051_the_end_overtakes),
	};
	box_main(argc, argv);
	return cmocka_run_group_tests(tests, box_group, NULL);
}
