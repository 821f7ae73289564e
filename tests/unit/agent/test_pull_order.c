/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A layer needs three: fetcher, unpacker and keeper. Whatever each of them says in the end, and in every order in which
 * they can say it, the pull ends once, and well only if all three said so. Each speaks when the test lets it, through a
 * FIFO of its own.
 */
#include "agent/pull_state.h"
#include "tests/unit/agent/pull_rig.h"

enum { FETCHER, UNPACKER, KEEPER, PEERS };

static const char *const peers[] = {"fetcher", "unpacker", "keeper"};

/* What one of them may say at its end: a message, or (type 0) nothing any more. */
typedef struct last {
	const char *name;
	uint32_t type;
	cof_class cls;
	const char *reason; /* NULL: all is well */
} last;

static const last words[PEERS][4] = {
	{{"done", COF_ROLE_DONE, COF_OK, NULL},
	 {"pipe", COF_ROLE_LAYER_ERR, COF_E_UNAVAILABLE, "pipe-closed"},
	 {"cut", COF_ROLE_LAYER_ERR, COF_E_UNAVAILABLE, "registry-closed"},
	 {"dies", 0, COF_E_INTERNAL, "fetcher-died"}},
	{{"done", COF_ROLE_DONE, COF_OK, NULL},
	 {"keyless", COF_ROLE_ERR, COF_E_POLICY, "layer-key-refused"},
	 {"short", COF_ROLE_ERR, COF_E_CRYPTO, "layer-size-mismatch"},
	 {"dies", 0, COF_E_INTERNAL, "unpacker-died"}},
	{{"yes", COF_KEEPER_OK, COF_OK, NULL},
	 {"no", COF_KEEPER_ERR, COF_E_POLICY, "attest-refused"},
	 {"dies", 0, COF_E_INTERNAL, "keeper-died"}},
};
static const size_t n_words[PEERS] = {4, 4, 3};

/* --- the other side: how is "FETCHER,UNPACKER,KEEPER,FOLDER", each as an index into words --- */

/* Waits until the test lets this peer speak; then says its last word. */
__attribute__((noreturn)) static void speak(const char *how, int peer)
{
	char path[160], byte = 0;
	const last *w = &words[peer][how[2 * peer] - '0'];
	(void)snprintf(path, sizeof path, "%s/%s", how + 6, peers[peer]);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || read(fd, &byte, 1) != 1)
		_exit(1);
	if (w->type == COF_KEEPER_ERR)
		say(w->type, "{\"class\":5,\"reason\":\"attest-refused\",\"text\":\"no\"}");
	else if (w->type == COF_ROLE_ERR)
		say_error(w->cls, w->reason);
	else if (peer == FETCHER && w->type != 0)
		say_news(w->type, 0, 0, w->reason);
	else if (w->type != 0)
		say(w->type, peer == UNPACKER ? report : peer == KEEPER ? "{}" : "");
	if (w->type == 0 || w->type == COF_ROLE_ERR || w->type == COF_ROLE_LAYER_ERR)
		_exit(0);
	wait_for_end();
}

/* Where each reads how: the reference, the layer's type, its packet. */
static void play_order(const char *role)
{
	static const char *const keys[] = {"reference", "media_type", "packet"};
	COF_AUTO(cof_msg) m = {0};
	COF_AUTO_PTR(json_t) doc = NULL;
	const char *text = NULL;
	char how[128];
	int peer = 0;
	while (strcmp(peers[peer], role) != 0)
		peer++;
	while (hear(&m) && peer == KEEPER && m.type != COF_KEEPER_UNWRAP)
		say(COF_KEEPER_OK, "{\"verdict\":\"affirming\",\"pcrs\":{}}");
	if (cof_json_parse(cof_buf_span(&m.body), &doc, NULL) < 0 || cof_json_str(doc, keys[peer], &text, NULL) < 0)
		_exit(1);
	(void)snprintf(how, sizeof how, "%.*s", (int)strcspn(text, "@"), text);
	if (peer == FETCHER) {
		char sealed[192];
		(void)snprintf(sealed, sizeof sealed, "\"pubopts\":\"e30=\",\"packet\":\"%s\"", how);
		say_manifest(PIN, how, 1, sealed);
		(void)hear(&m);
	}
	speak(how, peer);
}

/* --- this side --- */

typedef struct order {
	int says[PEERS]; /* words */
	int first[PEERS];
} order;

static const char *reason_of(const order *o, int peer)
{
	return words[peer][o->says[peer]].reason;
}

static bool taken(const cof_pull *p, int peer)
{
	const cof_pull_layer *l = &p->layers[0];
	const bool done[PEERS] = {l->fetched || l->stalled.cls != COF_OK, l->unpacker == NULL, !p->key_pending};
	return p->ended || done[peer];
}

/* Lets one speak, and init hear it. */
static void let(bed *b, int fd, int peer)
{
	int64_t until = rig_now() + RIG_MS;
	assert_int_equal(write(fd, "x", 1), 1);
	while (b->done == 0 && !taken(b->pull, peer)) {
		const struct timeval step = {.tv_usec = 5000};
		(void)event_base_loopexit(b->r.base, &step);
		(void)event_base_loop(b->r.base, EVLOOP_ONCE);
		if (rig_now() > until)
			fail_msg("the %s was not heard", peers[peer]);
	}
}

/* The manifest has come, and the layer has its unpacker. */
static void until_layer(bed *b)
{
	int64_t until = rig_now() + RIG_MS;
	while ((b->pull->layers == NULL || b->pull->layers[0].unpacker == NULL) && rig_now() < until) {
		const struct timeval step = {.tv_usec = 5000};
		(void)event_base_loopexit(b->r.base, &step);
		(void)event_base_loop(b->r.base, EVLOOP_ONCE);
	}
	assert_true(b->pull->layers[0].unpacker != NULL && b->pull->key_pending);
}

/*
 * The reason that is the better one of two, whichever came first: NULL where the first counts. Who finds a pipe at its
 * end knows less than who held the other end.
 */
static const char *better(const order *o)
{
	const char *f = words[FETCHER][o->says[FETCHER]].name, *u = words[UNPACKER][o->says[UNPACKER]].name;
	bool key = reason_of(o, KEEPER) == NULL;
	if (strcmp(u, "keyless") == 0 && !key && (strcmp(f, "done") == 0 || strcmp(f, "pipe") == 0))
		return reason_of(o, KEEPER);
	if (key && strcmp(u, "short") == 0 && (strcmp(f, "cut") == 0 || strcmp(f, "dies") == 0))
		return reason_of(o, FETCHER);
	if (key && strcmp(f, "pipe") == 0 && strcmp(u, "done") != 0)
		return reason_of(o, UNPACKER);
	return NULL;
}

static void judge(const bed *b, const order *o, const char *how)
{
	bool well = true, known = false;
	for (int i = 0; i < PEERS; i++) {
		const char *reason = reason_of(o, i);
		well = well && reason == NULL;
		known = known || (reason != NULL && cof_err_is(&b->why, reason));
	}
	const char *best = better(o);
	if (b->done != 1 || b->good != well || (!well && !known) || (best != NULL && !cof_err_is(&b->why, best)))
		fail_msg("%s in order %d %d %d: %d ends, %s '%s' (%s)", how, o->first[0], o->first[1], o->first[2],
			 b->done, b->good ? "well" : "badly", b->why.reason, b->why.text);
}

static void try_order(const order *o)
{
	bed b;
	char how[96], path[160];
	int fds[PEERS];
	setup(&b);
	for (int i = 0; i < PEERS; i++) {
		rig_path(&b.r, peers[i], path);
		assert_int_equal(mkfifo(path, 0600), 0);
		fds[i] = open(path, O_RDWR | O_CLOEXEC | O_NONBLOCK);
		assert_true(fds[i] >= 0);
	}
	(void)snprintf(how, sizeof how, "%d,%d,%d,%s", o->says[0], o->says[1], o->says[2], b.r.dir);
	trusting(&b);
	start(&b, how);
	until_layer(&b);
	for (int i = 0; i < PEERS; i++)
		let(&b, fds[o->first[i]], o->first[i]);
	rig_turn(&b.r, &b.done, 1);
	rig_settle(&b.r);
	judge(&b, o, how);
	cof_pull_free(cof_steal(&b.pull));
	assert_int_equal(rig_has(&b.r, "layers"), b.good);
	for (int i = 0; i < PEERS; i++)
		(void)close(fds[i]);
	teardown(&b);
}

static void try_all_orders(int fetcher, int unpacker, int keeper)
{
	static const int all[][PEERS] = {{0, 1, 2}, {0, 2, 1}, {1, 0, 2}, {1, 2, 0}, {2, 0, 1}, {2, 1, 0}};
	for (size_t i = 0; i < COF_COUNT(all); i++) {
		order o = {.says = {fetcher, unpacker, keeper}};
		memcpy(o.first, all[i], sizeof o.first);
		try_order(&o);
	}
}

/* T-29: nobody's success stands for another's. */
static void t029_every_order_of_three_ends(void **state)
{
	(void)state;
	for (size_t f = 0; f < n_words[FETCHER]; f++)
		for (size_t u = 0; u < n_words[UNPACKER]; u++)
			for (size_t k = 0; k < n_words[KEEPER]; k++)
				try_all_orders((int)f, (int)u, (int)k);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(t029_every_order_of_three_ends)};
	if (rig_role(argc, argv) != NULL)
		play_order(rig_role(argc, argv));
	return cmocka_run_group_tests(tests, NULL, NULL);
}
