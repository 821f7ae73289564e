/* SPDX-License-Identifier: Apache-2.0 */
/* One layer after the other: its unpacker, its key, its name. */
#include "tests/unit/agent/pull_rig.h"

static void t059_unpacker_breaks_its_protocol(void **state)
{
	static const char *const how[] = {"unpacker no report",		"unpacker report of a list",
					  "unpacker report below zero", "unpacker manifest",
					  "unpacker unknown",		"unpacker error without words"};
	(void)state;
	for (size_t i = 0; i < COF_COUNT(how); i++)
		assert_pull_fails(how[i], "peer-malformed", false);
	assert_pull_fails("unpacker end", "unpacker-died", false);
	assert_pull_fails("unpacker no staging", "publish-failed", false);
}

static void t036_a_wrong_digest_publishes_nothing(void **state)
{
	(void)state;
	assert_pull_fails("unpacker digest", "layer-digest-mismatch", false);
}

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

static void t034_an_opaque_root_hides_what_is_below(void **state)
{
	bed b;
	(void)state;
	setup(&b);
	start(&b, "unpacker opaque");
	assert_layers(&b, 1);
	teardown(&b);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(t059_unpacker_breaks_its_protocol),
		cmocka_unit_test(t036_a_wrong_digest_publishes_nothing),
		cmocka_unit_test(t029_no_key_no_layer),
		cmocka_unit_test(layers_get_their_names),
		cmocka_unit_test(t034_an_opaque_root_hides_what_is_below),
	};
	pull_play(argc, argv);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
