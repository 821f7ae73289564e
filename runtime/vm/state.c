/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/vm/state.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

enum { MS_MAX = 1000 * 60 * 60 * 24 };

void cof_state_release(cof_state *s)
{
	json_decref(s->phases_ms);
	json_decref(s->pcrs);
	json_decref(s->refusal);
	*s = (cof_state){0};
}

static int malformed(cof_err *err, const char *key)
{
	return cof_err_set(err, COF_E_MALFORMED, "guest-state-malformed", "the guest's state: %s", key);
}

/* Terminals act on control characters, and on bytes above 0x7f in their own way. */
static void make_printable(char *s)
{
	for (; *s != 0; s++)
		if (*s < 0x20 || *s > 0x7e)
			*s = '?';
}

static int take_text(const json_t *o, const char *key, char *to, size_t max, cof_err *err)
{
	const json_t *v = json_object_get(o, key);
	const char *s = json_string_value(v);
	if (v == NULL || json_is_null(v))
		return 0;
	if (s == NULL)
		return malformed(err, key);
	size_t len = strnlen(s, max - 1);
	memcpy(to, s, len);
	to[len] = 0;
	make_printable(to);
	return 0;
}

/* A reason is a word that scripts compare: anything else is not passed on as one. */
static bool is_word(const char *s)
{
	for (; *s != 0; s++)
		if (!islower((unsigned char)*s) && !isdigit((unsigned char)*s) && *s != '-')
			return false;
	return true;
}

static int take_phases(const json_t *root, cof_state *s, cof_err *err)
{
	static const char *const known[] = {"kernel", "scratch", "agent-ready", "attest",
					    "pull",   "decrypt", "unpack",	"container-start"};
	const json_t *from = json_object_get(root, "phases_ms");
	s->phases_ms = json_object();
	if (s->phases_ms == NULL)
		return cof_err_oom(err);
	for (size_t i = 0; i < COF_COUNT(known); i++) {
		const json_t *v = json_object_get(from, known[i]);
		if (v == NULL || json_is_null(v))
			continue;
		json_int_t ms = json_integer_value(v);
		if (!json_is_integer(v) || ms < 0 || ms > MS_MAX)
			return malformed(err, known[i]);
		int r = cof_json_set_new(s->phases_ms, known[i], json_integer(ms), err);
		if (r < 0)
			return r;
	}
	return 0;
}

static bool is_hex(const char *s)
{
	size_t len = strlen(s);
	return len >= 40 && len <= 128 && strspn(s, "0123456789abcdef") == len;
}

static int take_pcrs(const json_t *root, cof_state *s, cof_err *err)
{
	const json_t *from = json_object_get(root, "pcrs");
	if (!json_is_object(from))
		return 0;
	s->pcrs = json_object();
	if (s->pcrs == NULL)
		return cof_err_oom(err);
	for (int i = 0; i < 24; i++) {
		char name[12];
		(void)snprintf(name, sizeof name, "%d", i);
		const char *hex = json_string_value(json_object_get(from, name));
		if (hex == NULL)
			continue;
		if (!is_hex(hex))
			return malformed(err, "pcrs");
		int r = cof_json_set_str(s->pcrs, name, hex, err);
		if (r < 0)
			return r;
	}
	return 0;
}

static int take_refusal(const json_t *root, cof_state *s, cof_err *err)
{
	static const char *const texts[] = {"event", "expected", "found"};
	char text[COF_STATE_TEXT_MAX];
	const json_t *from = json_object_get(root, "refusal");
	const json_t *pcr = json_object_get(from, "pcr");
	if (!json_is_object(from))
		return 0;
	s->refusal = json_object();
	if (s->refusal == NULL)
		return cof_err_oom(err);
	json_int_t n = json_integer_value(pcr);
	bool has = json_is_integer(pcr) && n >= 0 && n < 24;
	int r = cof_json_set_new(s->refusal, "pcr", has ? json_integer(n) : json_null(), err);
	for (size_t i = 0; r == 0 && i < COF_COUNT(texts); i++) {
		text[0] = 0;
		r = take_text(from, texts[i], text, sizeof text, err);
		if (r == 0)
			r = cof_json_set_str(s->refusal, texts[i], text[0] != 0 ? text : NULL, err);
	}
	return r;
}

static int take_amount(const json_t *v, const char *key, uint64_t *ret_done, uint64_t *ret_total, cof_err *err)
{
	json_int_t done = json_integer_value(json_object_get(v, "pulled"));
	json_int_t total = json_integer_value(json_object_get(v, "total"));
	if (done < 0 || total < 0)
		return malformed(err, key);
	*ret_done = (uint64_t)done;
	*ret_total = (uint64_t)total;
	return 0;
}

static int take_bytes(const json_t *root, cof_state *s, cof_err *err)
{
	const json_t *layers = json_object_get(root, "layers");
	int r = take_amount(json_object_get(root, "bytes"), "bytes", &s->pulled, &s->total, err);
	if (json_array_size(layers) > COF_STATE_LAYERS_MAX)
		return malformed(err, "layers");
	for (; r == 0 && s->n_layers < json_array_size(layers); s->n_layers++) {
		cof_amount *a = &s->layers[s->n_layers];
		r = take_amount(json_array_get(layers, s->n_layers), "layers", &a->done, &a->total, err);
	}
	return r;
}

static int take_texts(const json_t *root, cof_state *s, cof_err *err)
{
	int r = take_text(root, "phase", s->phase, sizeof s->phase, err);
	if (r == 0)
		r = take_text(root, "verdict", s->verdict, sizeof s->verdict, err);
	if (r == 0)
		r = take_text(root, "image_digest", s->image_digest, sizeof s->image_digest, err);
	if (r == 0)
		r = take_text(root, "reason", s->reason, sizeof s->reason, err);
	if (r == 0)
		r = take_text(root, "message", s->message, sizeof s->message, err);
	if (r == 0 && (!is_word(s->phase) || !is_word(s->reason) || !is_word(s->verdict)))
		return malformed(err, "a word that is none");
	return r;
}

int cof_state_parse(cof_span json, cof_state *ret, cof_err *err)
{
	COF_AUTO(cof_state) s = {0};
	COF_AUTO_PTR(json_t) root = NULL;
	if (json.len > COF_STATE_JSON_MAX)
		return malformed(err, "too large");
	if (cof_json_parse(json, &root, NULL) < 0 || !json_is_object(root))
		return malformed(err, "not a JSON object");
	int r = take_texts(root, &s, err);
	if (r == 0)
		r = take_phases(root, &s, err);
	if (r == 0)
		r = take_bytes(root, &s, err);
	if (r == 0)
		r = take_pcrs(root, &s, err);
	if (r == 0)
		r = take_refusal(root, &s, err);
	if (r < 0)
		return r;
	*ret = s;
	s = (cof_state){0};
	return 0;
}
