/* SPDX-License-Identifier: Apache-2.0 */
/* The real fetcher as a process of its own, and what init says to it; this test's program is started as one. */
#pragma once

#include "agent/roles.h"
#include "common/json.h"
#include "tests/unit/agent/registry.h"
#include "tests/unit/agent/rig.h"

#define PIN "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define PULL(reference, ca, resolve)                                                                                   \
	"{\"reference\":\"" reference "\",\"ca\":\"" ca                                                                \
	"\",\"proxy\":null,\"no_proxy\":[],\"token_servers\":[],\"mirrors\":[],\"resolve\":" resolve                   \
	",\"logins\":false,\"signers\":false}"

typedef struct bed {
	rig r;
	cof_helper *helper;
	int heard;
	cof_msg m;
	cof_err why;
} bed;

static void on_readable(void *arg)
{
	bed *b = arg;
	cof_msg_release(&b->m);
	b->m = (cof_msg){0};
	b->why = (cof_err){0};
	b->heard++;
	if (cof_chan_recv(cof_helper_chan(b->helper), &b->m, &b->why) == 0 && b->m.type == COF_ROLE_ERR)
		cof_chan_parse_err(cof_buf_span(&b->m.body), &b->why);
}

__attribute__((unused)) static void setup(bed *b)
{
	*b = (bed){0};
	rig_init(&b->r);
	cof_helper_opts o = rig_helper(&b->r);
	o.role = "fetcher";
	o.readable = on_readable;
	o.arg = b;
	assert_ok(cof_helper_start(&b->helper, &o, &err));
}

__attribute__((unused)) static void teardown(bed *b)
{
	cof_helper_free(b->helper);
	cof_msg_release(&b->m);
	rig_release(&b->r);
}

/* The first answer is an error of this reason's kind, and the process ends behind it. */
__attribute__((unused)) static void assert_refuses(bed *b, const char *reason)
{
	rig_turn(&b->r, &b->heard, 1);
	if (b->m.type != COF_ROLE_ERR || strncmp(b->why.reason, reason, strlen(reason)) != 0)
		fail_msg("type %u '%s' (%s), not '%s'", b->m.type, b->why.reason, b->why.text, reason);
	rig_turn(&b->r, &b->heard, 2);
	assert_string_equal(b->why.reason, "peer-closed");
}

__attribute__((unused)) static void send_text(bed *b, uint32_t type, const char *text)
{
	assert_ok(cof_chan_send(cof_helper_chan(b->helper), type, cof_span_str(text), NULL, 0, &err));
}

/* PULL of this registry's image, as init asks; a pipe that is -1 is not there. */
__attribute__((unused)) static void send_pull_of(bed *b, const registry *g, int logins, int signers)
{
	char reference[256], resolve[64];
	COF_AUTO(cof_buf) text = {0};
	const int given[] = {logins >= 0 ? logins : signers, signers};
	(void)snprintf(reference, sizeof reference, "registry.coffer.test:%u/demo@%s", g->port, g->manifest_digest);
	(void)snprintf(resolve, sizeof resolve, "registry.coffer.test:%u:127.0.0.1", g->port);
	COF_AUTO_PTR(json_t)
	doc = json_pack("{s:s, s:s, s:n, s:[], s:[], s:[], s:[s], s:b, s:b}", "reference", reference, "ca",
			cof_buf_str(&g->ca), "proxy", "no_proxy", "token_servers", "mirrors", "resolve", resolve,
			"logins", logins >= 0, "signers", signers >= 0);
	assert_ok(cof_json_dump(doc, &text, &err));
	assert_ok(cof_chan_send(cof_helper_chan(b->helper), COF_FETCHER_PULL, cof_buf_span(&text), given,
				(size_t)(logins >= 0) + (size_t)(signers >= 0), &err));
}

/* The same without settings, up to its manifest. */
__attribute__((unused)) static void pull_image(bed *b, const registry *g)
{
	send_pull_of(b, g, -1, -1);
	rig_turn(&b->r, &b->heard, 1);
	if (b->m.type != COF_ROLE_MANIFEST)
		fail_msg("type %u '%s' (%s)", b->m.type, b->why.reason, b->why.text);
}
