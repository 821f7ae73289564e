/* SPDX-License-Identifier: Apache-2.0 */
#include "attestation/refvalue/refvalue.h"

#include <stdio.h>

#include "common/hex.h"
#include "firmware/eventlog.h"

enum { INITDATA_PCR = 8, FIRST_STATIC = 11, LAST_STATIC = 15, FIRST_DRTM = 17, LAST_DRTM = 22 };

#define FORMAT "coffer-reference-values/1"

void cof_refvalue_release(cof_refvalue *v)
{
	free(v->events);
	*v = (cof_refvalue){0};
}

static int malformed(cof_err *err, const char *what)
{
	return cof_err_set(err, COF_E_MALFORMED, "reference-malformed", "reference values: %s", what);
}

/* Keeps our own failures apart from what the document got wrong. */
static int as_malformed(const cof_err *why, cof_err *err)
{
	if (why->cls == COF_E_INTERNAL || cof_err_is(why, "reference-malformed"))
		return cof_err_set(err, why->cls, why->reason, "%s", why->text);
	return malformed(err, why->text);
}

static bool may_be_named(uint32_t pcr)
{
	return cof_pcr_is_predicted(pcr) || (pcr >= 11 && pcr <= 15);
}

/* "0" to "23" as JSON keys, in one spelling only. */
static int pcr_of_key(const char *key, uint32_t *ret)
{
	for (uint32_t i = 0; i < COF_PCRS; i++) {
		char name[8];
		(void)snprintf(name, sizeof name, "%u", i);
		if (strcmp(name, key) == 0) {
			*ret = i;
			return 0;
		}
	}
	return -1;
}

static int read_digest(const char *hex, cof_digest *ret, cof_err *err)
{
	cof_digest d = {.alg = COF_SHA256};
	if (hex[strspn(hex, "0123456789abcdef")] != '\0')
		return malformed(err, "a digest is not lower-case hex");
	int r = cof_unhex(hex, d.bytes, COF_SHA256_LEN, err);
	if (r == 0)
		*ret = d;
	return r;
}

/* A set that names too little would leave the rest of the boot to the host, so a gap refuses the set. */
static int read_pcrs(const json_t *doc, cof_refvalue *v, cof_err *err)
{
	json_t *pcrs = NULL, *value;
	const char *key;
	int r = cof_json_obj(doc, "pcrs", &pcrs, err);
	if (r < 0)
		return r;
	json_object_foreach (pcrs, key, value) {
		uint32_t pcr = 0;
		if (pcr_of_key(key, &pcr) < 0 || !may_be_named(pcr) || !json_is_string(value))
			return malformed(err, "'pcrs' names a register that is not judged by references");
		r = read_digest(json_string_value(value), &v->pcrs[pcr], err);
		if (r < 0)
			return r;
		v->has[pcr] = true;
	}
	for (uint32_t i = 0; i < COF_PCRS; i++) {
		if (cof_pcr_is_predicted(i) && !v->has[i])
			return cof_err_set(err, COF_E_MALFORMED, "reference-malformed",
					   "reference values: PCR %u is missing", i);
	}
	return 0;
}

static int read_name(const char *in, char *out, size_t size, cof_err *err)
{
	size_t n = strlen(in);
	for (size_t i = 0; i < n; i++) {
		if (in[i] < 0x20 || in[i] > 0x7e)
			return malformed(err, "a name is not printable");
	}
	if (n == 0 || n >= size)
		return malformed(err, "a name is empty or too long");
	memcpy(out, in, n + 1);
	return 0;
}

static int read_event(const json_t *o, const cof_refvalue *v, cof_ref_event *ret, cof_err *err)
{
	static const char *const known[] = {"pcr", "type", "name", "digest", NULL};
	cof_ref_event e = {0};
	json_int_t pcr = 0;
	const char *type = NULL, *name = NULL, *digest = NULL;
	int r = json_is_object(o) ? cof_json_only(o, known, err) : malformed(err, "an event is no object");
	if (r == 0)
		r = cof_json_int(o, "pcr", 0, COF_PCRS - 1, &pcr, err);
	if (r == 0)
		r = cof_json_str(o, "type", &type, err);
	if (r == 0)
		r = cof_json_str(o, "name", &name, err);
	if (r == 0)
		r = cof_json_str(o, "digest", &digest, err);
	if (r < 0)
		return r;
	e.reg = (uint32_t)pcr;
	if (!v->has[e.reg])
		return malformed(err, "an event is of a register that 'pcrs' does not name");
	if (!cof_event_type_by_name(type, &e.type))
		return malformed(err, "an event's type is unknown");
	r = read_name(name, e.name, sizeof e.name, err);
	if (r == 0)
		r = read_digest(digest, &e.digest, err);
	if (r == 0)
		*ret = e;
	return r;
}

static int read_events(const json_t *doc, cof_refvalue *v, cof_err *err)
{
	json_t *list = NULL;
	int r = cof_json_arr(doc, "events", &list, err);
	if (r < 0)
		return r;
	size_t n = json_array_size(list);
	if (n == 0 || n > COF_REFVALUE_EVENTS_MAX)
		return malformed(err, "number of events");
	v->events = calloc(n, sizeof *v->events);
	if (v->events == NULL)
		return cof_err_oom(err);
	for (; r == 0 && v->n < n; v->n++)
		r = read_event(json_array_get(list, v->n), v, &v->events[v->n], err);
	return r;
}

static int check_replay(const cof_refvalue *v, cof_err *err)
{
	cof_digest pcrs[COF_PCRS];
	int r = cof_ref_events_replay(v->events, v->n, COF_LOG_TPM, COF_SHA256, pcrs, err);
	for (uint32_t i = 0; r == 0 && i < COF_PCRS; i++) {
		if (v->has[i] && !cof_digest_equal(&pcrs[i], &v->pcrs[i]))
			return cof_err_set(err, COF_E_MALFORMED, "reference-malformed",
					   "reference values: the events do not replay to PCR %u", i);
	}
	return r;
}

static int check_head(const json_t *doc, cof_refvalue *v, cof_err *err)
{
	static const char *const known[] = {"format", "tee", "name", "pcrs", "events", NULL};
	const char *format = NULL, *tee = NULL, *name = NULL;
	int r = json_is_object(doc) ? cof_json_only(doc, known, err) : malformed(err, "not an object");
	if (r == 0)
		r = cof_json_str(doc, "format", &format, err);
	if (r == 0)
		r = cof_json_str(doc, "tee", &tee, err);
	if (r == 0)
		r = cof_json_str(doc, "name", &name, err);
	if (r < 0)
		return r;
	if (strcmp(format, FORMAT) != 0 || strcmp(tee, "tpm") != 0)
		return malformed(err, "format or tee");
	return read_name(name, v->name, sizeof v->name, err);
}

int cof_refvalue_parse(const json_t *doc, cof_refvalue *ret, cof_err *err)
{
	COF_AUTO(cof_refvalue) v = {0};
	cof_err why = {0};
	if (check_head(doc, &v, &why) < 0 || read_pcrs(doc, &v, &why) < 0 || read_events(doc, &v, &why) < 0 ||
	    check_replay(&v, &why) < 0)
		return as_malformed(&why, err);
	*ret = v;
	v = (cof_refvalue){0};
	return 0;
}

int cof_refvalue_read(cof_span text, cof_refvalue *ret, cof_err *err)
{
	COF_AUTO_PTR(json_t) doc = NULL;
	cof_err why = {0};
	if (text.len > COF_REFVALUE_FILE_MAX)
		return malformed(err, "too large");
	if (cof_json_parse(text, &doc, &why) < 0)
		return as_malformed(&why, err);
	return cof_refvalue_parse(doc, ret, err);
}

static int pcrs_json(const cof_refvalue *v, json_t *to, cof_err *err)
{
	int r = 0;
	for (uint32_t i = 0; r == 0 && i < COF_PCRS; i++) {
		char key[8], hex[2 * COF_DIGEST_MAX + 1];
		(void)snprintf(key, sizeof key, "%u", i);
		cof_hex(cof_digest_span(&v->pcrs[i]), hex);
		if (v->has[i])
			r = cof_json_set_str(to, key, hex, err);
	}
	return r;
}

static int event_json(const cof_ref_event *e, json_t *list, cof_err *err)
{
	char hex[2 * COF_DIGEST_MAX + 1];
	const char *type = cof_event_type_name(e->type);
	cof_hex(cof_digest_span(&e->digest), hex);
	json_t *o =
		json_pack("{s:i, s:s?, s:s, s:s}", "pcr", (int)e->reg, "type", type, "name", e->name, "digest", hex);
	return o == NULL || json_array_append_new(list, o) < 0 ? cof_err_oom(err) : 0;
}

int cof_refvalue_json(const cof_refvalue *v, json_t **ret, cof_err *err)
{
	COF_AUTO_PTR(json_t)
	doc = json_pack("{s:s, s:s, s:s, s:{}, s:[]}", "format", FORMAT, "tee", "tpm", "name", v->name, "pcrs",
			"events");
	int r = doc == NULL ? cof_err_oom(err) : pcrs_json(v, json_object_get(doc, "pcrs"), err);
	for (size_t i = 0; r == 0 && i < v->n; i++)
		r = event_json(&v->events[i], json_object_get(doc, "events"), err);
	if (r == 0)
		*ret = cof_steal(&doc);
	return r;
}

bool cof_refvalue_wants(const cof_refvalue *v, uint32_t pcr, uint8_t out[COF_SHA256_LEN])
{
	bool judged =
		pcr <= 9 || (pcr >= FIRST_STATIC && pcr <= LAST_STATIC) || (pcr >= FIRST_DRTM && pcr <= LAST_DRTM);
	if (!judged || pcr == INITDATA_PCR)
		return false;
	cof_digest start;
	cof_reg_start(COF_LOG_TPM, COF_SHA256, pcr, 0, &start);
	memcpy(out, v->has[pcr] ? v->pcrs[pcr].bytes : start.bytes, COF_SHA256_LEN);
	return true;
}
