/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fetcher, unpacker and keeper as if somebody had taken them over: the reference tells the fetcher, a layer's media
 * type the unpacker, how to misbehave. What init does with them is the real thing.
 */
#pragma once

#include "agent/keeper.h"
#include "agent/roles.h"
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

/* Base64: an image that names nothing to run; the reference "runs" has one that does. */
static const char *image_config = "e30=";
#define RUNS_CONFIG "eyJjb25maWciOnsiRW50cnlwb2ludCI6WyIvYXBwIl19fQ=="

/* n layers of the type how; enc: the second half of each layer's description. */
static void say_manifest(const char *asked, const char *how, int n, const char *enc)
{
	char text[2048];
	int len = snprintf(text, sizeof text, "{\"asked\":\"%s\",\"digest\":\"" PIN "\",\"config\":\"%s\",\"layers\":[",
			   asked, image_config);
	for (int i = 0; i < n; i++)
		len += snprintf(text + len, sizeof text - (size_t)len,
				"%s{\"media_type\":\"%s\",\"digest\":\"" PIN "\",\"size\":5,\"diff_id\":\"" PIN
				"\",%s}",
				i > 0 ? "," : "", how, enc);
	(void)snprintf(text + len, sizeof text - (size_t)len, "]}");
	say(COF_ROLE_MANIFEST, text);
}

#define PLAIN "\"pubopts\":null,\"packet\":null"
#define SEALED "\"pubopts\":\"e30=\",\"packet\":\"e30=\""
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

/* Behind the manifest: each FETCH is answered as how wants it. */
__attribute__((noreturn)) static void serve_fetches(const char *how)
{
	COF_AUTO(cof_msg) m = {0};
	while (hear(&m)) {
		if (strcmp(how, "two manifests") == 0)
			say_manifest(PIN, "good", 2, PLAIN);
		if (strcmp(how, "long progress") == 0)
			say(COF_ROLE_PROGRESS, "123456789");
		if (strcmp(how, "dies while fetching") == 0)
			_exit(0);
		if (strncmp(how, "pipe and ", 9) == 0)
			say_error(COF_E_UNAVAILABLE, "pipe-closed");
		if (strcmp(how, "pipe and end") == 0)
			_exit(0);
		if (strcmp(how, "registry") == 0)
			say_error(COF_E_UNAVAILABLE, "registry-closed");
		say(COF_ROLE_PROGRESS, "\xff\xff\xff\xff\xff\xff\xff\xff");
		say(COF_ROLE_DONE, "");
		if (strcmp(how, "pipe and done") == 0)
			_exit(0);
	}
	_exit(0);
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
	if (strcmp(how, "other image") == 0)
		say_manifest(OTHER, "good", 1, PLAIN);
	else if (strcmp(how, "sealed") == 0)
		say_manifest(PIN, "good", 1, SEALED);
	else if (strcmp(how, "no packet") == 0)
		say_manifest(PIN, "good", 1, NO_PACKET);
	else if (strncmp(how, "unpacker ", 9) == 0)
		say_manifest(PIN, how + 9, 2, PLAIN);
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
	if (strcmp(how, "no staging") == 0)
		(void)unlinkat(m.fds[1], "s0", AT_REMOVEDIR);
	if (strcmp(how, "late") == 0)
		drain(m.fds[0]);
	say(COF_ROLE_PROGRESS, "any");
	say(COF_ROLE_DONE, strcmp(how, "opaque") == 0 && index == 1
				   ? "{\"decrypt_ms\":1,\"unpack_ms\":2,\"root_opaque\":true}"
				   : report);
	say(COF_ROLE_DONE, report);
	wait_for_end();
}

/* A keeper that opens no key, whatever is asked. */
__attribute__((noreturn)) static void play_keeper(void)
{
	COF_AUTO(cof_msg) m = {0};
	while (hear(&m))
		if (m.type == COF_KEEPER_UNWRAP)
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
