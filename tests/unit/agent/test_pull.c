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

static void ports_of_a_reference(void **state)
{
	static const struct {
		const char *reference, *second;
	} cases[] = {
		{"r.test/a@" PIN, NULL},
		{"r.test:5000/a@" PIN, "5000"},
		{"r.test:443/a", NULL},
		{"r.test:/a", NULL},
		{"r.test:50x0/a", NULL},
		{"r.test:123456789/a", NULL},
		{"r.test/a:5000", NULL},
		{"", NULL},
		{"a:1", "1"},
		{"r.test:99999999999999999/a", NULL},
		{":80/a", "80"},
	};
	(void)state;
	for (size_t i = 0; i < COF_COUNT(cases); i++) {
		char port[8];
		const char *out[3];
		cof_pull_ports(cases[i].reference, port, out);
		assert_string_equal(out[0], "443");
		assert_null(out[2]);
		if ((out[1] == NULL) != (cases[i].second == NULL) ||
		    (out[1] != NULL && strcmp(out[1], cases[i].second) != 0))
			fail_msg("%s: %s", cases[i].reference, out[1] == NULL ? "none" : out[1]);
	}
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(attested_and_pulled),
		cmocka_unit_test(t094_given_up),
		cmocka_unit_test(ports_of_a_reference),
	};
	pull_play(argc, argv);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
