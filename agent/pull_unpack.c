/* SPDX-License-Identifier: Apache-2.0 */
/* What the unpackers say, and how layers get their names: each after all below it, and only when it is finished. */
#include <stdio.h>

#include "agent/pull_state.h"

/* --- names --- */

/* One that is over cannot be told; what it had to say is about to be heard. */
void cof_pull_tell_lowers(cof_pull_layer *l)
{
	if (l->lowers_told || l->unpacker == NULL || l->pull->published < cof_pull_layer_index(l))
		return;
	l->lowers_told = true;
	(void)!cof_chan_send(cof_helper_chan(l->unpacker), COF_UNPACKER_LOWERS, (cof_span){0}, NULL, 0, NULL);
}

static int publish_one(cof_pull *p, cof_err *err)
{
	char staging[32], name[32];
	(void)snprintf(staging, sizeof staging, "s%zu", p->published);
	(void)snprintf(name, sizeof name, "%zu", p->published);
	if (renameat(p->folder_fd, staging, p->folder_fd, name) < 0)
		return cof_err_set(err, COF_E_IO, "publish-failed", "a layer could not be published");
	if (p->layers[p->published].report.root_opaque)
		p->lowest = p->published;
	p->published++;
	return 0;
}

void cof_pull_publish(cof_pull *p)
{
	cof_err why = {0};
	int r = 0;
	while (r == 0 && p->published < p->next && p->layers[p->published].finished)
		r = publish_one(p, &why);
	if (r < 0)
		cof_pull_fail(p, &why);
	else if (p->published < p->next)
		cof_pull_tell_lowers(&p->layers[p->published]);
}

/* --- words --- */

static void let_go(cof_pull_layer *l)
{
	cof_helper_free(l->unpacker);
	l->unpacker = NULL;
}

/*
 * A pipe ends a moment before its sender says why: the keeper, that there is no key; the fetcher, that the registry
 * hung up. The wait is for its answer.
 */
static void take_error(cof_pull_layer *l, const cof_msg *m)
{
	cof_pull *p = l->pull;
	cof_err why = {0};
	cof_chan_parse_err(cof_buf_span(&m->body), &why);
	if (cof_err_is(&why, "layer-key-refused") && !l->keyed) {
		l->keyless = why;
	} else if (cof_err_is(&why, "layer-size-mismatch") && !l->fetched && l->stalled.cls == COF_OK) {
		l->cut = why;
	} else {
		if (cof_err_is(&why, "unpack-no-space"))
			(void)!cof_store_full(p->folder_fd, p->total, &why);
		cof_pull_fail(p, &why);
		return;
	}
	let_go(l);
}

static void take_done(cof_pull_layer *l, const cof_msg *m)
{
	cof_pull *p = l->pull;
	cof_err why = {0};
	if (cof_role_report_parse(cof_buf_span(&m->body), &l->report, &why) < 0) {
		cof_pull_fail_text(p, COF_E_MALFORMED, "peer-malformed", "the unpacker broke its protocol");
		return;
	}
	/* All went well, says one; the pipe broke, says the other. */
	if (l->stalled.cls != COF_OK) {
		cof_pull_fail(p, &l->stalled);
		return;
	}
	let_go(l);
	l->unpacked = true;
	cof_pull_layer_step(l);
}

void cof_pull_on_unpacker(void *arg)
{
	cof_pull_layer *l = arg;
	cof_pull *p = l->pull;
	COF_AUTO(cof_msg) m = {0};
	cof_err why = {0};
	if (p->ended) {
		let_go(l);
		return;
	}
	if (cof_chan_recv(cof_helper_chan(l->unpacker), &m, &why) < 0) {
		(void)!cof_helper_explain(l->unpacker, &why);
		cof_pull_fail(p, &why);
		return;
	}
	cof_pull_progressed(p);
	if (m.type == COF_ROLE_ERR)
		take_error(l, &m);
	else if (m.type == COF_ROLE_DONE)
		take_done(l, &m);
	else
		cof_pull_fail_text(p, COF_E_MALFORMED, "peer-malformed", "the unpacker broke its protocol");
}
