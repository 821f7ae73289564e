/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/pull.h"

#include "tests/unit/agent/pull_rig.h"

static void attested_and_pulled(void **state)
{
	bed b;
	(void)state;
	setup(&b);
	trusting(&b);
	start(&b, "good");
	assert_layers(&b, 0);
	teardown(&b);
}

/* T-94: a pull that is given up in the middle takes its helpers and its files along. */
static void t094_given_up(void **state)
{
	bed b;
	(void)state;
	setup(&b);
	int before = rig_fds();
	trusting(&b);
	start(&b, "good");
	assert_true(rig_has(&b.r, "layers"));
	cof_pull_free(b.pull);
	b.pull = NULL;
	cof_trust_free(b.trust);
	b.trust = NULL;
	rig_settle(&b.r);
	assert_int_equal(b.done, 0);
	assert_false(rig_has(&b.r, "layers"));
	assert_int_equal(rig_fds(), before);
	teardown(&b);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(attested_and_pulled),
		cmocka_unit_test(t094_given_up),
	};
	pull_play(argc, argv);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
