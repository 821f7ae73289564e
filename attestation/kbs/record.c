/* SPDX-License-Identifier: Apache-2.0 */
#include "attestation/kbs/record.h"

#include "common/hex.h"

enum { SHORT_HASH = 8 };

void cof_record_release(cof_record *r)
{
	json_decref(r->o);
	r->o = NULL;
}

void cof_record_text(cof_record *r, const char *key, cof_span text)
{
	char safe[COF_RECORD_TEXT_MAX + 1];
	size_t n = text.len < COF_RECORD_TEXT_MAX ? text.len : COF_RECORD_TEXT_MAX;
	if (n == 0 || r->failed)
		return;
	for (size_t i = 0; i < n; i++)
		safe[i] = (char)(text.data[i] >= 0x20 && text.data[i] < 0x7f ? text.data[i] : '?');
	safe[n] = '\0';
	if (cof_json_set_str(r->o, key, safe, NULL) < 0)
		r->failed = true;
}

void cof_record_int(cof_record *r, const char *key, int64_t v)
{
	if (!r->failed && cof_json_set_new(r->o, key, json_integer(v), NULL) < 0)
		r->failed = true;
}

cof_record cof_record_new(const char *what, const char *outcome)
{
	cof_record r = {.o = json_object()};
	r.failed = r.o == NULL;
	cof_record_text(&r, "event", cof_span_str(what));
	cof_record_text(&r, "outcome", cof_span_str(outcome));
	return r;
}

void cof_record_session(cof_record *r, const cof_session *s)
{
	uint8_t d[COF_SHA256_LEN];
	char hex[2 * SHORT_HASH + 1];
	if (r->failed || cof_sha256(cof_span_of(s->id, COF_KB_SESSION_LEN), d, NULL) < 0) {
		r->failed = true;
		return;
	}
	cof_hex(cof_span_of(d, SHORT_HASH), hex);
	cof_record_text(r, "session", cof_span_str(hex));
	cof_record_text(r, "peer", cof_span_str(s->peer));
	cof_record_text(r, "tee", cof_span_str(s->tee));
}

void cof_record_verdict(cof_record *r, const cof_session_verdict *v)
{
	cof_record_text(r, "reference", cof_span_str(v->reference));
	cof_record_text(r, "initdata", cof_span_str(v->initdata));
	cof_record_text(r, "ak", cof_span_str(v->ak_name));
	cof_record_text(r, "reason", cof_span_str(v->reason));
	if (v->reason[0] != '\0' && v->pcr != COF_KB_NO_PCR)
		cof_record_int(r, "pcr", v->pcr);
	cof_record_text(r, "pcr_event", cof_span_str(v->event));
	cof_record_text(r, "expected", cof_span_str(v->expected));
	cof_record_text(r, "found", cof_span_str(v->found));
	cof_record_text(r, "detail", cof_span_str(v->detail));
}

void cof_record_err(cof_record *r, const cof_err *why)
{
	cof_record_text(r, "class", cof_span_str(cof_class_name(why->cls)));
	cof_record_text(r, "reason", cof_span_str(why->reason));
	cof_record_text(r, "detail", cof_span_str(why->text));
}

int cof_record_done(const cof_record *r, cof_err *err)
{
	return r->failed ? cof_err_oom(err) : 0;
}
