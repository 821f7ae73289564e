/* SPDX-License-Identifier: Apache-2.0 */
/* Layers under way: their keys, how many at once. */
#include "agent/pull_state.h"
#include "tests/unit/agent/pull_rig.h"

/* T-29: an encrypted layer without a broker, without a packet or without a key is never a plain one. */
static void t029_no_key_no_layer(void **state)
{
	(void)state;
	assert_pull_fails("sealed", "kbs-missing", false);
	assert_pull_fails("sealed", "attest-refused", true);
	assert_pull_fails("no packet", "layer-key-missing", true);
}

static void layers_get_their_names(void **state)
{
	bed b;
	struct stat st;
	(void)state;
	setup(&b);
	start(&b, "good");
	assert_layers(&b, 0);
	assert_int_equal(stat(b.folder, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0700);
	teardown(&b);
}

/* T-29, T-36: a keeper that answers for one layer has not answered for the next one. */
static void keys_are_asked_one_after_the_other(void **state)
{
	bed b;
	(void)state;
	setup(&b);
	trusting(&b);
	start(&b, "all sealed");
	rig_turn(&b.r, &b.done, 1);
	if (!b.good)
		fail_msg("%s: %s", b.why.reason, b.why.text);
	assert_int_equal(b.n_layers, 4);
	for (size_t i = 0; i < 4; i++)
		assert_true(b.pull->layers[i].keyed);
	assert_int_equal(b.pull->key_at, 4);
	cof_pull_free(cof_steal(&b.pull));
	teardown(&b);
}

/* The number of layers under way is the owner's to choose, within what a fetcher takes. */
static void how_many_at_once(void **state)
{
	static const struct {
		size_t asked, is;
	} cases[] = {{0, COF_PULL_PARALLEL},
		     {1, 1},
		     {COF_FETCHES_MAX, COF_FETCHES_MAX},
		     {COF_FETCHES_MAX + 1, COF_PULL_PARALLEL}};
	(void)state;
	for (size_t i = 0; i < COF_COUNT(cases); i++) {
		bed b;
		setup(&b);
		rig_parallel = cases[i].asked;
		start(&b, "good");
		assert_int_equal(b.pull->opts.parallel, cases[i].is);
		assert_layers(&b, 0);
		teardown(&b);
	}
	rig_parallel = 0;
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(t029_no_key_no_layer),
		cmocka_unit_test(keys_are_asked_one_after_the_other),
		cmocka_unit_test(how_many_at_once),
		cmocka_unit_test(layers_get_their_names),
	};
	pull_play(argc, argv);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
