/* SPDX-License-Identifier: Apache-2.0 */
/* A pull as init makes it, with peers of pull_peers.h. */
#pragma once

#include "agent/pull.h"
#include "agent/watch.h"
#include "tests/unit/agent/pull_peers.h"

typedef struct bed {
	rig r;
	cof_watch *watch;
	cof_trust *trust;
	cof_pull *pull;
	cof_hosts hosts;
	char folder[160];
	int done;
	bool good;
	size_t n_layers, lowest;
	cof_err why;
} bed;

/* Options of the next pulls. */
static bool rig_require_encrypted;
static size_t rig_parallel;
static cof_cdh rig_cdh = {.registry_ca = TEXT("")};

static void on_done(void *arg, const cof_pull_result *res, const cof_err *why)
{
	bed *b = arg;
	b->done++;
	assert_true((res == NULL) == (why != NULL));
	b->good = why == NULL;
	b->why = why != NULL ? *why : (cof_err){0};
	b->n_layers = res != NULL ? res->n_layers : 0;
	b->lowest = res != NULL ? res->lowest : 0;
}

static void on_trust(void *arg, const json_t *ok, const json_t *refusal, const cof_err *why)
{
	(void)arg;
	(void)ok;
	(void)refusal;
	(void)why;
}

__attribute__((unused)) static void setup(bed *b)
{
	*b = (bed){0};
	rig_init(&b->r);
	assert_ok(cof_watch_new(&b->watch, b->r.base, &err));
	rig_path(&b->r, "layers", b->folder);
	assert_ok(cof_mkdirs(b->folder, 0700, &err));
}

__attribute__((unused)) static void trusting(bed *b)
{
	const cof_keeper_start start = {
		.root = "", .runtime_log = "", .initdata = "x", .tcti = "x", .eventlog = "x", .rest_port = -1};
	cof_helper_opts o = rig_helper(&b->r);
	assert_ok(cof_trust_open(&b->trust, &o, &start, on_trust, NULL, &err));
}

__attribute__((unused)) static void start(bed *b, const char *how)
{
	char reference[256];
	(void)snprintf(reference, sizeof reference, "%s@" PIN, how);
	const cof_pull_opts o = {.helper = rig_helper(&b->r),
				 .trust = b->trust,
				 .watch = b->watch,
				 .folder = b->folder,
				 .reference = reference,
				 .digest = PIN,
				 .require_encrypted = rig_require_encrypted,
				 .parallel = rig_parallel,
				 .keeper = b->trust,
				 .cdh = &rig_cdh,
				 .hosts = &b->hosts,
				 .done = on_done,
				 .arg = b};
	assert_ok(cof_pull_start(&b->pull, &o, &err));
}

__attribute__((unused)) static void teardown(bed *b)
{
	if (b->pull != NULL)
		cof_pull_free(b->pull);
	if (b->trust != NULL)
		cof_trust_free(b->trust);
	cof_watch_free(b->watch);
	rig_release(&b->r);
}

/* The pull ends with this reason, once, and leaves nothing behind. */
__attribute__((unused)) static void assert_pull_fails(const char *how, const char *reason, bool with_trust)
{
	bed b;
	setup(&b);
	if (with_trust)
		trusting(&b);
	start(&b, how);
	rig_turn(&b.r, &b.done, 1);
	rig_settle(&b.r);
	if (b.done != 1 || b.good || !cof_err_is(&b.why, reason))
		fail_msg("%s: %d ends, '%s' (%s), not '%s'", how, b.done, b.why.reason, b.why.text, reason);
	assert_int_not_equal(b.why.cls, COF_OK);
	cof_pull_free(b.pull);
	b.pull = NULL;
	assert_false(rig_has(&b.r, "layers"));
	teardown(&b);
}

/* The pull makes both layers, and counts from lowest. */
__attribute__((unused)) static void assert_layers(bed *b, size_t lowest)
{
	rig_turn(&b->r, &b->done, 1);
	rig_settle(&b->r);
	if (!b->good)
		fail_msg("%s: %s", b->why.reason, b->why.text);
	assert_int_equal(b->done, 1);
	assert_int_equal(b->n_layers, 2);
	assert_int_equal(b->lowest, lowest);
	cof_pull_free(b->pull);
	b->pull = NULL;
	assert_true(rig_has(&b->r, "layers/0") && rig_has(&b->r, "layers/1"));
	assert_int_equal(rig_count(b->folder), 2 + 2);
}
