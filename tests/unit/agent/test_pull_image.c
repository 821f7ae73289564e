/* SPDX-License-Identifier: Apache-2.0 */
/* What the fetcher says, which may have been taken over, and what init makes of it. */
#include "agent/pull_state.h"
#include "tests/unit/agent/pull_rig.h"

static void t059_fetcher_breaks_its_protocol(void **state)
{
	(void)state;
	for (size_t i = 0; i < COF_COUNT(instead); i++)
		assert_pull_fails(instead[i].name, "peer-malformed", false);
	assert_pull_fails("two manifests", "peer-malformed", false);
	assert_pull_fails("done twice", "peer-malformed", false);
	for (size_t i = 0; i < COF_COUNT(wrong_news); i++)
		assert_pull_fails(wrong_news[i].name, "peer-malformed", false);
}

static void t059_fetcher_ends(void **state)
{
	(void)state;
	assert_pull_fails("end", "fetcher-died", false);
	assert_pull_fails("dies while fetching", "fetcher-died", false);
	assert_pull_fails("registry", "registry-closed", false);
}

/* It says that the pipe broke, and goes on as if it had not: there is nobody left to ask for the next layer. */
static void t059_fetcher_says_two_things(void **state)
{
	(void)state;
	assert_pull_fails("pipe and done", "peer-malformed", false);
	assert_pull_fails("pipe and end", "pipe-closed", false);
}

/* The fetcher has checked the digest; somebody who has taken it over has not. */
static void t009_another_image(void **state)
{
	(void)state;
	assert_pull_fails("other image", "policy-denied", false);
}

/* A policy that wants encrypted layers takes no image that has a plain one, wherever it stands. */
static void t029_plain_where_encryption_is_required(void **state)
{
	(void)state;
	rig_require_encrypted = true;
	assert_pull_fails("good", "layer-not-encrypted", true);
	assert_pull_fails("half sealed", "layer-not-encrypted", true);
	assert_pull_fails("sealed", "attest-refused", true);
	rig_require_encrypted = false;
}

/* T-35: larger than any store, and larger than all numbers: refused before a layer is begun, with both figures. */
static void t035_larger_than_the_store(void **state)
{
	static const char *const how[] = {"huge", "endless"};
	(void)state;
	for (size_t i = 0; i < COF_COUNT(how); i++) {
		bed b;
		setup(&b);
		start(&b, how[i]);
		rig_turn(&b.r, &b.done, 1);
		assert_true(cof_err_is(&b.why, "image-too-large"));
		assert_non_null(strstr(b.why.text, "MiB as they are stored"));
		assert_non_null(strstr(b.why.text, "room for"));
		assert_int_equal(b.pull->next, 0);
		teardown(&b);
	}
}

static void on_state(void *arg, uint64_t seq, const char *json, const cof_err *why)
{
	(void)seq;
	if (why == NULL)
		assert_ok(cof_buf_add_str(arg, json, &err));
}

/* What a fetcher claims to have pulled (far more, here) never exceeds the sum, nor a layer's own size. */
static void progress_is_bounded(void **state)
{
	bed b;
	COF_AUTO(cof_buf) text = {0};
	(void)state;
	setup(&b);
	start(&b, "good");
	assert_layers(&b, 0);
	assert_ok(cof_watch_wait(b.watch, 0, on_state, &text, &err));
	rig_settle(&b.r);
	assert_non_null(strstr(cof_buf_str(&text), "\"bytes\":{\"pulled\":10,\"total\":10}"));
	assert_non_null(
		strstr(cof_buf_str(&text), "\"layers\":[{\"pulled\":5,\"total\":5},{\"pulled\":5,\"total\":5}]"));
	teardown(&b);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(t059_fetcher_breaks_its_protocol),
		cmocka_unit_test(t059_fetcher_ends),
		cmocka_unit_test(t059_fetcher_says_two_things),
		cmocka_unit_test(t009_another_image),
		cmocka_unit_test(t029_plain_where_encryption_is_required),
		cmocka_unit_test(t035_larger_than_the_store),
		cmocka_unit_test(progress_is_bounded),
	};
	pull_play(argc, argv);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
