/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fetcher, unpacker and keeper as if somebody had taken them over: the reference tells the fetcher, a layer's media
 * type the unpacker, how to misbehave. What init does with them is the real thing.
 */
#pragma once

#include <poll.h>

#include "agent/keeper.h"
#include "agent/roles.h"
#include "common/rd.h"
#include "common/wr.h"
#include "tests/unit/agent/rig.h"

#define PIN "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define OTHER "sha256:1123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

/* --- the other side: words --- */

static void say(uint32_t type, const char *text)
{
	(void)!cof_chan_send(COF_HELPER_CHAN, type, cof_span_str(text), NULL, 0, NULL);
}

static void say_error(cof_class cls, const char *reason)
{
	cof_err e = {0};
	(void)!cof_err_set(&e, cls, reason, "as it says");
	(void)!cof_chan_send_err(COF_HELPER_CHAN, COF_ROLE_ERR, &e, NULL);
}

/* Of a layer; reason NULL: as it should be. */
static void say_news(uint32_t type, uint32_t layer, uint64_t bytes, const char *reason)
{
	cof_role_news n = {.layer = layer, .bytes = bytes};
	if (reason != NULL)
		(void)!cof_err_set(&n.why, COF_E_UNAVAILABLE, reason, "as it says");
	(void)!cof_role_news_send(COF_HELPER_CHAN, type, &n, NULL);
}

/* Base64: an image that names nothing to run; the reference "runs" has one that does. */
static const char *image_config = "e30=";
#define RUNS_CONFIG "eyJjb25maWciOnsiRW50cnlwb2ludCI6WyIvYXBwIl19fQ=="

/* Of each layer. */
static const char *layer_size = "5";

/* n layers of the type how; enc: the second half of each layer's description, last: the last one's. */
static void say_layers(const char *asked, const char *how, int n, const char *enc, const char *last)
{
	char text[2048];
	int len = snprintf(text, sizeof text, "{\"asked\":\"%s\",\"digest\":\"" PIN "\",\"config\":\"%s\",\"layers\":[",
			   asked, image_config);
	for (int i = 0; i < n; i++)
		len += snprintf(text + len, sizeof text - (size_t)len,
				"%s{\"media_type\":\"%s\",\"digest\":\"" PIN "\",\"size\":%s,\"diff_id\":\"" PIN
				"\",%s}",
				i > 0 ? "," : "", how, layer_size, i == n - 1 ? last : enc);
	(void)snprintf(text + len, sizeof text - (size_t)len, "]}");
	say(COF_ROLE_MANIFEST, text);
}

static void say_manifest(const char *asked, const char *how, int n, const char *enc)
{
	say_layers(asked, how, n, enc, enc);
}

#define PLAIN "\"pubopts\":null,\"packet\":null"
#define SEALED "\"pubopts\":\"e30=\",\"packet\":\"e30=\""
#define OPENS "\"pubopts\":\"e30=\",\"packet\":\"opens\""
#define NO_PACKET "\"pubopts\":\"e30=\",\"packet\":null"

static bool hear(cof_msg *m)
{
	cof_msg_release(m);
	*m = (cof_msg){0};
	return cof_chan_recv(COF_HELPER_CHAN, m, NULL) == 0;
}

/* --- the fetcher --- */

typedef struct word {
	const char *name;
	uint32_t type;
	const char *body;
} word;

/* Instead of a manifest. */
static const word instead[] = {
	{"done", COF_ROLE_DONE, ""},
	{"progress", COF_ROLE_PROGRESS, "12345678"},
	{"no manifest", COF_ROLE_MANIFEST, "{}"},
	{"empty manifest", COF_ROLE_MANIFEST, ""},
	{"job", COF_UNPACKER_JOB, "{}"},
	{"unknown", 4711, "{}"},
	{"error without words", COF_ROLE_ERR, ""},
	{"error that is none", COF_ROLE_ERR, "\0"},
};

__attribute__((noreturn)) static void wait_for_end(void)
{
	COF_AUTO(cof_msg) m = {0};
	while (hear(&m))
		;
	_exit(0);
}

/* News that no layer under way can have. */
static const struct {
	const char *name;
	uint32_t type, layer;
	size_t len;
} wrong_news[] = {
	{"long progress", COF_ROLE_PROGRESS, 0, 13}, {"short progress", COF_ROLE_PROGRESS, 0, 11},
	{"no layer", COF_ROLE_DONE, 0, 0},	     {"long done", COF_ROLE_DONE, 0, 5},
	{"other layer", COF_ROLE_DONE, 7, 4},	     {"far layer", COF_ROLE_PROGRESS, 0xffffffff, 12},
	{"layer to come", COF_ROLE_DONE, 3, 4},
};

static void say_wrong_news(const char *how)
{
	for (size_t i = 0; i < COF_COUNT(wrong_news); i++) {
		uint8_t body[16] = {0};
		if (strcmp(how, wrong_news[i].name) != 0)
			continue;
		cof_put_le(body, 4, wrong_news[i].layer);
		(void)!cof_chan_send(COF_HELPER_CHAN, wrong_news[i].type, cof_span_of(body, wrong_news[i].len), NULL, 0,
				     NULL);
	}
}

/* Behind the manifest: each FETCH is answered as how wants it. */
__attribute__((noreturn)) static void serve_fetches(const char *how)
{
	COF_AUTO(cof_msg) m = {0};
	while (hear(&m)) {
		cof_rd in = cof_rd_of(cof_buf_span(&m.body));
		uint32_t layer = cof_rd_u32le(&in);
		if (strcmp(how, "two manifests") == 0)
			say_manifest(PIN, "good", 2, PLAIN);
		say_wrong_news(how);
		if (strcmp(how, "dies while fetching") == 0)
			_exit(0);
		if (strncmp(how, "pipe and ", 9) == 0)
			say_news(COF_ROLE_LAYER_ERR, layer, 0, "pipe-closed");
		if (strcmp(how, "pipe and end") == 0)
			_exit(0);
		if (strcmp(how, "registry") == 0)
			say_news(COF_ROLE_LAYER_ERR, layer, 0, "registry-closed");
		say_news(COF_ROLE_PROGRESS, layer, UINT64_MAX, NULL);
		say_news(COF_ROLE_DONE, layer, 0, NULL);
		if (strcmp(how, "done twice") == 0)
			say_news(COF_ROLE_DONE, layer, 0, NULL);
		if (strcmp(how, "pipe and done") == 0)
			wait_for_end();
	}
	_exit(0);
}

/* Reads what comes by each pipe, and says what it makes of nothing as how wants it. */
static void take_settings(cof_msg *m, const char *how)
{
	char bytes[8];
	for (size_t i = 0; i < m->n_fds && strcmp(how, "unread") != 0; i++) {
		if (read(m->fds[i], bytes, sizeof bytes) == 3)
			continue;
		if (strcmp(how, "no logins ignored") != 0 && strcmp(how, "no signers ignored") != 0) {
			say_error(COF_E_POLICY, "settings-missing");
			_exit(0);
		}
	}
	if (strcmp(how, "yes then missing") == 0)
		say_error(COF_E_POLICY, "settings-missing");
}

__attribute__((noreturn)) static void play_fetcher(void)
{
	COF_AUTO(cof_msg) m = {0};
	COF_AUTO_PTR(json_t) doc = NULL;
	const char *ref = NULL;
	char how[64] = "";
	if (!hear(&m) || m.type != COF_FETCHER_PULL || cof_json_parse(cof_buf_span(&m.body), &doc, NULL) < 0 ||
	    cof_json_str(doc, "reference", &ref, NULL) < 0)
		_exit(1);
	(void)snprintf(how, sizeof how, "%.*s", (int)strcspn(ref, "@"), ref);
	if (strncmp(how, "settings ", 9) == 0)
		take_settings(&m, how + 9);
	if (strcmp(how, "end") == 0)
		_exit(0);
	if (strcmp(how, "runs") == 0)
		image_config = RUNS_CONFIG;
	for (size_t i = 0; i < COF_COUNT(instead); i++) {
		if (strcmp(how, instead[i].name) == 0) {
			say(instead[i].type, instead[i].body);
			wait_for_end();
		}
	}
	if (strcmp(how, "huge") == 0)
		layer_size = "4611686018427387903";
	if (strcmp(how, "endless") == 0)
		layer_size = "9223372036854775807";
	if (strcmp(how, "other image") == 0)
		say_manifest(OTHER, "good", 1, PLAIN);
	else if (strcmp(how, "sealed") == 0)
		say_manifest(PIN, "good", 1, SEALED);
	else if (strcmp(how, "no packet") == 0)
		say_manifest(PIN, "good", 1, NO_PACKET);
	else if (strncmp(how, "unpacker ", 9) == 0)
		say_manifest(PIN, how + 9, 2, PLAIN);
	else if (strcmp(how, "layer to come") == 0 || strcmp(how, "endless") == 0)
		say_manifest(PIN, "good", 4, PLAIN);
	else if (strcmp(how, "gated") == 0)
		say_manifest(PIN, "gated", 4, PLAIN);
	else if (strcmp(how, "all sealed") == 0)
		say_manifest(PIN, "good", 4, OPENS);
	else if (strcmp(how, "half sealed") == 0)
		say_layers(PIN, "good", 2, SEALED, PLAIN);
	else
		say_manifest(PIN, strncmp(how, "pipe and ", 9) == 0 ? "late" : "good", 2, PLAIN);
	serve_fetches(how);
}

/* --- the unpacker --- */

static const char report[] = "{\"decrypt_ms\":1,\"unpack_ms\":2,\"root_opaque\":false}";

/* Reads a pipe to its end. */
static void drain(int fd)
{
	char bytes[256];
	while (read(fd, bytes, sizeof bytes) > 0)
		;
}

/* What comes through the gate of this layer decides; a word about the layers below leaves a mark. */
static void wait_at_gate(int layers, json_int_t index)
{
	COF_AUTO(cof_msg) m = {0};
	char name[32], byte = 0;
	(void)snprintf(name, sizeof name, "../gate%d", (int)index);
	COF_AUTO_FD int gate = openat(layers, name, O_RDONLY | O_CLOEXEC);
	if (gate < 0 || read(gate, &byte, 1) != 1)
		_exit(1);
	if (byte == '!')
		say_error(COF_E_CRYPTO, "layer-digest-mismatch");
	(void)snprintf(name, sizeof name, "../heard%d", (int)index);
	struct pollfd p = {.fd = COF_HELPER_CHAN, .events = POLLIN};
	if (poll(&p, 1, 0) == 1 && hear(&m) && m.type == COF_UNPACKER_LOWERS && m.body.len == 0)
		(void)close(openat(layers, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
}

__attribute__((noreturn)) static void play_unpacker(void)
{
	static const word lies[] = {
		{"no report", COF_ROLE_DONE, ""},
		{"report of a list", COF_ROLE_DONE, "[]"},
		{"report below zero", COF_ROLE_DONE, "{\"decrypt_ms\":-1,\"unpack_ms\":2,\"root_opaque\":false}"},
		{"manifest", COF_ROLE_MANIFEST, "{}"},
		{"unknown", 4711, ""},
		{"error without words", COF_ROLE_ERR, "no"},
	};
	COF_AUTO(cof_msg) m = {0};
	COF_AUTO_PTR(json_t) doc = NULL;
	const char *how = NULL;
	json_int_t index = 0;
	if (!hear(&m) || m.type != COF_UNPACKER_JOB || cof_json_parse(cof_buf_span(&m.body), &doc, NULL) < 0 ||
	    cof_json_str(doc, "media_type", &how, NULL) < 0 || cof_json_int(doc, "index", 0, 9, &index, NULL) < 0)
		_exit(1);
	for (size_t i = 0; i < COF_COUNT(lies); i++)
		if (strcmp(how, lies[i].name) == 0)
			say(lies[i].type, lies[i].body);
	if (strcmp(how, "end") == 0)
		_exit(0);
	if (strcmp(how, "digest") == 0)
		say_error(COF_E_CRYPTO, "layer-digest-mismatch");
	if (strcmp(how, "progress") == 0)
		say(COF_ROLE_PROGRESS, "any");
	if (strcmp(how, "no staging") == 0)
		(void)unlinkat(m.fds[1], "s0", AT_REMOVEDIR);
	if (strcmp(how, "full") == 0)
		say_error(COF_E_IO, "unpack-no-space");
	if (strcmp(how, "late") == 0)
		drain(m.fds[0]);
	if (strcmp(how, "gated") == 0)
		wait_at_gate(m.fds[1], index);
	say(COF_ROLE_DONE, strcmp(how, "opaque") == 0 && index == 1
				   ? "{\"decrypt_ms\":1,\"unpack_ms\":2,\"root_opaque\":true}"
				   : report);
	say(COF_ROLE_DONE, report);
	wait_for_end();
}

static bool opens(const cof_msg *m)
{
	return strstr(cof_buf_str(&m->body), "\"opens\"") != NULL;
}

/* A record "yes" for the fetcher, unless the reference says that there is none; true when it was written. */
static bool gives(const cof_msg *m)
{
	bool yes = strstr(cof_buf_str(&m->body), m->type == COF_KEEPER_LOGINS ? "no logins" : "no signers") == NULL;
	return yes && m->n_fds == 1 && write(m->fds[0], "yes", 3) == 3;
}

/* A keeper that opens no key but of packets that say "opens". */
__attribute__((noreturn)) static void play_keeper(void)
{
	COF_AUTO(cof_msg) m = {0};
	while (hear(&m))
		if (m.type == COF_KEEPER_LOGINS || m.type == COF_KEEPER_SIGNERS) {
			bool given = gives(&m);
			cof_fd_close(&m.fds[0]);
			m.n_fds = 0;
			(void)nanosleep(&(struct timespec){.tv_nsec = 50000000}, NULL);
			say(given ? COF_KEEPER_OK : COF_KEEPER_ERR,
			    given ? "{}" : "{\"class\":5,\"reason\":\"resource-absent\",\"text\":\"no\"}");
		} else if (m.type == COF_KEEPER_UNWRAP && !opens(&m))
			say(COF_KEEPER_ERR,
			    "{\"class\":5,\"reason\":\"attest-refused\",\"text\":\"no\",\"refusal\":{\"pcr\":9}}");
		else
			say(COF_KEEPER_OK, "{\"verdict\":\"affirming\",\"pcrs\":{}}");
	_exit(0);
}

/* Returns in the test itself only. */
__attribute__((unused)) static void pull_play(int argc, char **argv)
{
	const char *role = rig_role(argc, argv);
	if (role != NULL && strcmp(role, "fetcher") == 0)
		play_fetcher();
	if (role != NULL && strcmp(role, "unpacker") == 0)
		play_unpacker();
	if (role != NULL)
		play_keeper();
}
