/* SPDX-License-Identifier: Apache-2.0 */
/* What unpackers say, and the names of layers: in order, whatever the order in which they are finished. */
#include "agent/pull_state.h"
#include "tests/unit/agent/pull_rig.h"

static void t059_unpacker_breaks_its_protocol(void **state)
{
	static const char *const how[] = {
		"unpacker no report", "unpacker report of a list",    "unpacker report below zero", "unpacker manifest",
		"unpacker unknown",   "unpacker error without words", "unpacker progress"};
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

static void t034_an_opaque_root_hides_what_is_below(void **state)
{
	bed b;
	(void)state;
	setup(&b);
	start(&b, "unpacker opaque");
	assert_layers(&b, 1);
	teardown(&b);
}

/* --- order --- */

enum { LAYERS = 4 };

typedef struct gates {
	int fds[LAYERS];
} gates;

static void open_gates(const bed *b, gates *g)
{
	for (int i = 0; i < LAYERS; i++) {
		char name[16], path[160];
		(void)snprintf(name, sizeof name, "gate%d", i);
		rig_path(&b->r, name, path);
		assert_int_equal(mkfifo(path, 0600), 0);
		g->fds[i] = open(path, O_RDWR | O_CLOEXEC | O_NONBLOCK);
		assert_true(g->fds[i] >= 0);
	}
}

static void close_gates(gates *g)
{
	for (int i = 0; i < LAYERS; i++)
		(void)close(g->fds[i]);
}

static bool has_layer(const bed *b, const char *prefix, int layer)
{
	char name[32];
	(void)snprintf(name, sizeof name, "%s%d", prefix, layer);
	return rig_has(&b->r, name);
}

static void until(bed *b, const size_t *n, size_t want)
{
	int64_t end = rig_now() + RIG_MS;
	while (*n < want) {
		const struct timeval step = {.tv_usec = 5000};
		(void)event_base_loopexit(b->r.base, &step);
		(void)event_base_loop(b->r.base, EVLOOP_ONCE);
		if (rig_now() > end)
			fail_msg("%zu of %zu", *n, want);
	}
}

static void begin_gated(bed *b, gates *g, size_t parallel)
{
	setup(b);
	open_gates(b, g);
	rig_parallel = parallel;
	start(b, "gated");
	until(b, (const size_t *)&b->pull, 1);
	while (b->pull->next < parallel)
		until(b, &b->pull->next, b->pull->next + 1);
}

static void let_finish(bed *b, const gates *g, int layer)
{
	assert_int_equal(write(g->fds[layer], "x", 1), 1);
	int64_t end = rig_now() + RIG_MS;
	while (!b->pull->layers[layer].finished) {
		const struct timeval step = {.tv_usec = 5000};
		(void)event_base_loopexit(b->r.base, &step);
		(void)event_base_loop(b->r.base, EVLOOP_ONCE);
		if (rig_now() > end)
			fail_msg("layer %d is not finished", layer);
	}
}

/* T-36: a layer that is right gets no name as long as one below it may still prove wrong. */
static void t036_names_come_in_order(void **state)
{
	bed b;
	gates g;
	(void)state;
	begin_gated(&b, &g, 3);
	assert_int_equal(b.pull->next, 3); /* and no more than three at once */
	let_finish(&b, &g, 2);
	assert_int_equal(b.pull->next, 4);
	let_finish(&b, &g, 1);
	assert_int_equal(b.pull->published, 0);
	for (int i = 0; i < 3; i++)
		assert_true(has_layer(&b, "layers/s", i) && !has_layer(&b, "layers/", i));
	let_finish(&b, &g, 0);
	assert_int_equal(b.pull->published, 3);
	for (int i = 0; i < 3; i++)
		assert_true(!has_layer(&b, "layers/s", i) && has_layer(&b, "layers/", i));
	let_finish(&b, &g, 3);
	rig_turn(&b.r, &b.done, 1);
	assert_true(b.good && b.n_layers == LAYERS);
	close_gates(&g);
	teardown(&b);
}

/* An unpacker hears that the layers below are there when they are, once. */
static void unpackers_hear_of_the_layers_below(void **state)
{
	bed b;
	gates g;
	(void)state;
	begin_gated(&b, &g, 4);
	assert_true(b.pull->layers[0].lowers_told && !b.pull->layers[1].lowers_told);
	let_finish(&b, &g, 1);
	assert_false(b.pull->layers[2].lowers_told);
	let_finish(&b, &g, 0);
	assert_true(b.pull->layers[2].lowers_told && !b.pull->layers[3].lowers_told);
	let_finish(&b, &g, 2);
	assert_true(b.pull->layers[3].lowers_told);
	let_finish(&b, &g, 3);
	rig_turn(&b.r, &b.done, 1);
	assert_true(b.good);
	assert_int_equal(rig_count_of(&b.r, "heard"), LAYERS - 1);
	close_gates(&g);
	teardown(&b);
}

/* T-36: one that fails takes all with it, those that have their names already too. */
static void t036_one_wrong_layer_takes_all_with_it(void **state)
{
	bed b;
	gates g;
	(void)state;
	begin_gated(&b, &g, 3);
	let_finish(&b, &g, 0);
	assert_true(has_layer(&b, "layers/", 0));
	assert_int_equal(write(g.fds[2], "!", 1), 1);
	rig_turn(&b.r, &b.done, 1);
	assert_true(!b.good && cof_err_is(&b.why, "layer-digest-mismatch"));
	cof_pull_free(cof_steal(&b.pull));
	assert_false(rig_has(&b.r, "layers"));
	close_gates(&g);
	teardown(&b);
}

/* T-35: the store is full, says the unpacker's file system: that is the image's size, with the figures. */
static void t035_the_store_is_full(void **state)
{
	bed b;
	(void)state;
	setup(&b);
	start(&b, "unpacker full");
	rig_turn(&b.r, &b.done, 1);
	assert_true(cof_err_is(&b.why, "image-too-large"));
	assert_non_null(strstr(b.why.text, "MiB that the guest has for them"));
	teardown(&b);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(t059_unpacker_breaks_its_protocol),
		cmocka_unit_test(t036_a_wrong_digest_publishes_nothing),
		cmocka_unit_test(t034_an_opaque_root_hides_what_is_below),
		cmocka_unit_test(t036_names_come_in_order),
		cmocka_unit_test(unpackers_hear_of_the_layers_below),
		cmocka_unit_test(t036_one_wrong_layer_takes_all_with_it),
		cmocka_unit_test(t035_the_store_is_full),
	};
	pull_play(argc, argv);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
