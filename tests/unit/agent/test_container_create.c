/* SPDX-License-Identifier: Apache-2.0 */
/* Creation, and every way in which a part of it fails: the caller hears the first reason and nothing is left. */
#include "tests/unit/agent/box.h"

static void assert_fails_with(const char *image, const char *how, const char *reason)
{
	box b;
	rig_reply reply = {0};
	box_init(&b);
	if (how != NULL)
		box_how(&b, how);
	box_create(&b, "c1", image, &reply);
	rig_turn(&b.r, &reply.n, 1);
	if (reply.code == COF_RPC_OK || strncmp(reply.message, reason, strlen(reason)) != 0)
		fail_msg("%s: '%s', not '%s'", image, reply.message, reason);
	for (int i = 0; b.a.container != NULL && i < 250; i++) {
		const struct timeval step = {.tv_usec = 20000};
		(void)event_base_loopexit(b.r.base, &step);
		(void)event_base_loop(b.r.base, EVLOOP_ONCE);
	}
	box_assert_empty(&b);
	assert_int_equal(reply.n, 1);
	cof_buf_release(&reply.payload);
	/* The id is free again, and nothing of the first is in the second's way. */
	reply.n = 0;
	box_create(&b, "c1", "runs", &reply);
	rig_expect(&b.r, &reply, COF_RPC_OK, "");
	box_release(&b);
}

static void t009_pull_fails(void **state)
{
	(void)state;
	assert_fails_with("other image", NULL, "policy-denied");
	assert_fails_with("end", NULL, "fetcher-died");
	assert_fails_with("unpacker digest", NULL, "layer-digest-mismatch");
}

static void image_names_nothing_to_run(void **state)
{
	(void)state;
	assert_fails_with("good", NULL, "image-config-malformed");
}

/* T-94: the runtime fails at each of its steps. */
static void t094_runtime_fails(void **state)
{
	(void)state;
	assert_fails_with("runs", "create", "runtime-failed: crun ended with 1: boom");
	assert_fails_with("runs", "late", "runtime-failed: crun ended with 1: ");
	assert_fails_with("runs", "no pid", "no-such-file");
	assert_fails_with("runs", "pid 1", "runtime-failed: crun wrote no pid");
}

static void t094_runtime_is_not_there(void **state)
{
	box b;
	rig_reply reply = {0};
	(void)state;
	box_init(&b);
	b.a.crun.exe = "/nonexistent/crun";
	box_create(&b, "c1", "runs", &reply);
	rig_expect(&b.r, &reply, COF_RPC_INTERNAL, "exec-failed");
	box_assert_empty(&b);
	box_release(&b);
}

static void t051_out_of_turn(void **state)
{
	box b;
	rig_reply first = {0}, second = {0};
	(void)state;
	box_init(&b);
	b.a.sandbox = false;
	box_create(&b, "c1", "runs", &first);
	rig_expect(&b.r, &first, COF_RPC_FAILED_PRECONDITION, "there is no sandbox");
	box_assert_empty(&b);
	b.a.sandbox = true;
	box_create(&b, "c1", "runs", &first);
	box_create(&b, "c1", "runs", &second);
	rig_expect(&b.r, &second, COF_RPC_FAILED_PRECONDITION, "there is a container already");
	box_create(&b, "c2", "runs", &second);
	rig_expect(&b.r, &second, COF_RPC_FAILED_PRECONDITION, "there is a container already");
	rig_expect(&b.r, &first, COF_RPC_OK, "");
	box_create(&b, "c2", "runs", &second);
	rig_expect(&b.r, &second, COF_RPC_FAILED_PRECONDITION, "there is a container already");
	assert_string_equal(b.a.container->id, "c1");
	box_release(&b);
}

/* T-51: removal at each step of the creation. */
static void t051_removed_on_the_way(void **state)
{
	box b;
	rig_reply created = {0}, removed = {0};
	(void)state;
	box_init(&b);
	box_create(&b, "c1", "runs", &created);
	assert_int_equal(b.a.container->life, COF_LIFE_PULLING);
	cof_container_remove(b.a.container, rig_call(&b.r, &removed));
	rig_expect(&b.r, &created, COF_RPC_UNAVAILABLE, "cancelled");
	rig_expect(&b.r, &removed, COF_RPC_OK, "");
	box_assert_empty(&b);
	box_create(&b, "c1", "runs", &created);
	int64_t until = rig_now() + RIG_MS;
	while (b.a.container->life != COF_LIFE_CREATING && rig_now() < until)
		(void)event_base_loop(b.r.base, EVLOOP_ONCE);
	cof_container_remove(b.a.container, rig_call(&b.r, &removed));
	rig_turn(&b.r, &removed.n, 1);
	/* crun is at work: a host must wait for it, or it has come back meanwhile. */
	if (removed.code != COF_RPC_OK)
		rig_expect(&b.r, &removed, COF_RPC_FAILED_PRECONDITION, "bad-state");
	rig_turn(&b.r, &created.n, 1);
	cof_buf_release(&created.payload);
	cof_buf_release(&removed.payload);
	box_release(&b);
}

static void created(void **state)
{
	box b;
	(void)state;
	box_created(&b);
	const cof_container *c = b.a.container;
	assert_true(c->known_to_crun && c->init->pid > 1);
	assert_null(c->pull);
	assert_int_equal(kill(c->init->pid, 0), 0);
	assert_true(rig_has(&b.r, "bundles/c1/config.json"));
	/* The pid file is read once; nothing may put another pid there. */
	assert_false(rig_has(&b.r, "run/c1.pid"));
	box_release(&b);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(t009_pull_fails),
		cmocka_unit_test(image_names_nothing_to_run),
		cmocka_unit_test(t094_runtime_fails),
		cmocka_unit_test(t094_runtime_is_not_there),
		cmocka_unit_test(t051_out_of_turn),
		cmocka_unit_test(t051_removed_on_the_way),
		cmocka_unit_test(created),
	};
	box_main(argc, argv);
	return cmocka_run_group_tests(tests, box_group, NULL);
}
