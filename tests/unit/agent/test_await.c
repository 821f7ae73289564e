/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/await.h"

#include "tests/unit/agent/rig.h"

static bool after(void *arg)
{
	int *looks = arg;
	return (*looks)-- <= 0;
}

static bool never(void *arg)
{
	(*(int *)arg)++;
	return false;
}

static void there_already(void **state)
{
	int looks = 0;
	(void)state;
	assert_ok(cof_await_device(after, &looks, 0, "the TPM", &err));
	assert_int_equal(looks, -1); /* one look was enough */
}

/* A device that the host leaves out ends the wait, in time and by name. */
static void a_device_that_never_comes(void **state)
{
	int looks = 0;
	cof_err err = {0};
	int64_t before = rig_now();
	(void)state;
	assert_true(cof_await_device(never, &looks, 30, "virtio port coffer.ctl", &err) < 0);
	int64_t took = rig_now() - before;
	assert_true(took >= 29 && took < 2000);
	assert_string_equal(err.reason, "device-missing");
	assert_non_null(strstr(err.text, "virtio port coffer.ctl"));
	assert_true(looks >= 1);
}

static void no_time_at_all(void **state)
{
	int looks = 0;
	(void)state;
	assert_fails(cof_await_device(never, &looks, 0, "x", &err), "device-missing");
	assert_fails(cof_await_device(never, &looks, -5, "x", &err), "device-missing");
	assert_int_equal(looks, 2);
}

static void nothing_stays_open(void **state)
{
	int looks = 0, before = rig_fds();
	(void)state;
	assert_fails(cof_await_device(never, &looks, 0, "x", &err), "device-missing");
	assert_ok(cof_await_device(after, &(int){0}, 0, "x", &err));
	assert_int_equal(rig_fds(), before);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(there_already),
		cmocka_unit_test(a_device_that_never_comes),
		cmocka_unit_test(no_time_at_all),
		cmocka_unit_test(nothing_stays_open),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
