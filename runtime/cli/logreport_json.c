/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include "common/hex.h"
#include "runtime/cli/logreport.h"

#define FORMAT "coffer-eventlog/1"

/* Readers count RTMRs from 0, as the registers are called; the log's own index is one more. */
static int number_of(const cof_log_report *r, uint32_t reg)
{
	return (int)reg - (r->kind == COF_LOG_CCEL ? 1 : 0);
}

static json_t *type_json(uint32_t type)
{
	char number[16];
	const char *name = cof_event_type_name(type);
	(void)snprintf(number, sizeof number, "0x%x", type);
	return json_string(name != NULL ? name : number);
}

static int registers_json(const cof_log_report *r, const cof_report_bank *b, json_t *to, cof_err *err)
{
	json_t *values = json_object();
	int rc = cof_json_set_new(to, cof_hash_name(b->log.bank), values, err);
	for (uint32_t i = 0; rc == 0 && i < cof_reg_count(r->kind); i++) {
		char key[16];
		(void)snprintf(key, sizeof key, "%d", number_of(r, i));
		if (cof_reg_is_extended(r->kind, i))
			rc = cof_json_set_hex(values, key, cof_digest_span(&b->regs[i]), err);
	}
	return rc;
}

static int banks_json(const cof_log_report *r, json_t *doc, cof_err *err)
{
	json_t *names = json_object_get(doc, "banks");
	json_t *regs = json_object();
	int rc = cof_json_set_new(doc, r->kind == COF_LOG_CCEL ? "rtmrs" : "pcrs", regs, err);
	for (size_t i = 0; rc == 0 && i < r->n; i++) {
		if (json_array_append_new(names, json_string(cof_hash_name(r->banks[i].log.bank))) < 0)
			return cof_err_oom(err);
		if (r->banks[i].why[0] == '\0')
			rc = registers_json(r, &r->banks[i], regs, err);
	}
	return rc;
}

static int event_json(const cof_log_report *r, size_t at, json_t *list, cof_err *err)
{
	static const char *const words[] = {
		[COF_DATA_LABEL] = "label", [COF_DATA_FACT] = "fact", [COF_DATA_LIE] = "mismatch"};
	const cof_log_event *e = &r->banks[r->shown].log.events[at];
	cof_event_data kind = COF_DATA_LABEL;
	char name[COF_EVENT_NAME_MAX];
	COF_AUTO_FREE char *data = cof_hex_dup(e->data);
	int rc = cof_event_check_data(e, &kind, err);
	if (rc < 0)
		return rc;
	cof_event_name(e, name);
	json_t *o = data == NULL ? NULL
				 : json_pack("{s:i, s:o, s:s, s:{}, s:s, s:s}", "register", number_of(r, e->reg),
					     "type", type_json(e->type), "name", name, "digests", "data", data,
					     "data_is", words[kind]);
	if (o == NULL || json_array_append_new(list, o) < 0)
		return cof_err_oom(err);
	for (size_t i = 0; rc == 0 && i < r->n; i++) {
		const cof_report_bank *b = &r->banks[i];
		if (b->why[0] == '\0')
			rc = cof_json_set_hex(json_object_get(o, "digests"), cof_hash_name(b->log.bank),
					      cof_digest_span(&b->log.events[at].digest), err);
	}
	return rc;
}

static int side_json(json_t *diff, const char *key, bool there, uint32_t type, const cof_digest *d, cof_err *err)
{
	if (!there)
		return cof_json_set_new(diff, key, json_null(), err);
	json_t *o = json_pack("{s:o}", "type", type_json(type));
	int rc = cof_json_set_new(diff, key, o, err);
	return rc < 0 ? rc : cof_json_set_hex(o, "digest", cof_digest_span(d), err);
}

static int diff_json(const cof_log_report *r, json_t *doc, cof_err *err)
{
	const cof_event_diff *d = &r->diff;
	json_t *o = json_pack("{s:i, s:s, s:b, s:b}", "register", number_of(r, d->reg), "name", d->name, "missing",
			      d->missing, "surplus", d->surplus);
	int rc = cof_json_set_new(doc, "diff", o, err);
	if (rc == 0)
		rc = side_json(o, "expected", !d->surplus, d->expected_type, &d->expected, err);
	return rc < 0 ? rc : side_json(o, "found", !d->missing, d->found_type, &d->found, err);
}

/* true, false, or null where nothing was given to compare with */
static json_t *answer(bool asked, bool yes)
{
	return asked ? json_boolean(yes) : json_null();
}

int cof_log_report_json(const cof_log_report *r, json_t **ret, cof_err *err)
{
	COF_AUTO_PTR(json_t)
	doc = json_pack("{s:s, s:s, s:[]}", "format", FORMAT, "kind", r->kind == COF_LOG_CCEL ? "ccel" : "tpm",
			"banks");
	json_t *events = json_array();
	int rc = doc == NULL ? cof_err_oom(err) : banks_json(r, doc, err);
	if (rc < 0 || events == NULL) {
		json_decref(events);
		return rc < 0 ? rc : cof_err_oom(err);
	}
	rc = cof_json_set_new(doc, "events", events, err);
	for (size_t i = 0; rc == 0 && i < r->banks[r->shown].log.n; i++)
		rc = event_json(r, i, events, err);
	if (rc == 0)
		rc = cof_json_set_new(doc, "replays", answer(r->read, !r->odd), err);
	if (rc == 0)
		rc = cof_json_set_new(doc, "matches", answer(r->compared, !r->differs), err);
	if (rc == 0)
		rc = r->differs ? diff_json(r, doc, err) : cof_json_set_new(doc, "diff", json_null(), err);
	if (rc == 0)
		*ret = cof_steal(&doc);
	return rc;
}
