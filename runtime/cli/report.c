/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/cli/report.h"

#include <inttypes.h>
#include <string.h>

#define FORMAT "coffer-run-report/1"

static const char *const phase_order[] = {"firmware", "kernel",	 "scratch", "agent-ready",    "attest",
					  "pull",     "decrypt", "unpack",  "container-start"};

void cof_report_release(cof_report *r)
{
	cof_state_release(&r->state);
	*r = (cof_report){0};
}

const char *cof_report_outcome(cof_class cls)
{
	return cls == COF_E_POLICY || cls == COF_E_CRYPTO || cls == COF_E_MALFORMED ? "refused" : "failed";
}

static const char *or_null(const char *s)
{
	return s[0] != 0 ? s : NULL;
}

static bool exited(const cof_report *r)
{
	return strcmp(r->outcome, "exited") == 0;
}

/* The guest's word is better than ours where ours is only that it failed. */
static const char *reason_of(const cof_report *r)
{
	bool vague = cof_err_is(&r->why, "agent-error") && r->state.reason[0] != 0;
	return vague ? r->state.reason : r->why.reason;
}

/* --- phases --- */

static int64_t ms_of(const cof_report *r, const char *phase)
{
	const json_t *v = json_object_get(r->state.phases_ms, phase);
	return v != NULL ? (int64_t)json_integer_value(v) : -1;
}

/* Firmware has no clock that the guest could tell: it is what the guest's own times leave over. */
static int64_t firmware_ms(const cof_report *r)
{
	int64_t kernel = ms_of(r, "kernel");
	int64_t agent = ms_of(r, "agent-ready");
	if (r->ready_ms == 0 || kernel < 0)
		return -1;
	int64_t left = r->ready_ms - kernel - (agent > 0 ? agent : 0);
	return left > 0 ? left : 0;
}

static int64_t phase_ms(const cof_report *r, size_t i)
{
	return i == 0 ? firmware_ms(r) : ms_of(r, phase_order[i]);
}

static int phases(const cof_report *r, json_t *to, cof_err *err)
{
	json_t *all = json_object();
	int res = cof_json_set_new(to, "phases_ms", all, err);
	for (size_t i = 0; res == 0 && i < COF_COUNT(phase_order); i++) {
		int64_t ms = phase_ms(r, i);
		if (ms >= 0)
			res = cof_json_set_new(all, phase_order[i], json_integer(ms), err);
	}
	return res;
}

/* --- JSON --- */

static int heading(const cof_report *r, json_t *to, cof_err *err)
{
	bool ok = exited(r);
	int res = cof_json_set_str(to, "format", FORMAT, err);
	if (res == 0)
		res = cof_json_set_str(to, "outcome", r->outcome, err);
	if (res == 0)
		res = cof_json_set_new(to, "exit_code", ok ? json_integer(r->exit_code) : json_null(), err);
	if (res == 0)
		res = cof_json_set_str(to, "reason", ok ? NULL : reason_of(r), err);
	return res < 0 ? res : cof_json_set_str(to, "message", ok ? NULL : r->why.text, err);
}

static int texts(const cof_report *r, json_t *to, cof_err *err)
{
	const struct {
		const char *key, *value;
	} all[] = {{"tee", r->tee},
		   {"accel", r->accel},
		   {"profile", r->profile},
		   {"transport", r->transport},
		   {"image", r->image},
		   {"image_digest", or_null(r->state.image_digest)},
		   {"initdata_digest", or_null(r->initdata_digest)},
		   {"verdict", or_null(r->state.verdict)}};
	int res = 0;
	for (size_t i = 0; res == 0 && i < COF_COUNT(all); i++)
		res = cof_json_set_str(to, all[i].key, all[i].value, err);
	return res;
}

static int shared(json_t *to, const char *key, json_t *value, cof_err *err)
{
	return cof_json_set_new(to, key, value != NULL ? json_incref(value) : json_null(), err);
}

static int measured(const cof_report *r, json_t *to, cof_err *err)
{
	json_t *measurement = NULL;
	json_t *bytes = json_pack("{s:I}", "pulled", (json_int_t)r->state.pulled);
	int res = cof_json_set_new(to, "bytes", bytes, err);
	if (res == 0 && r->state.pcrs != NULL) {
		measurement = json_pack("{s:O}", "pcrs", r->state.pcrs);
		if (measurement == NULL)
			return cof_err_oom(err);
	}
	if (res == 0)
		res = cof_json_set_new(to, "measurement", measurement != NULL ? measurement : json_null(), err);
	return res < 0 ? res : shared(to, "refusal", r->state.refusal, err);
}

int cof_report_json(const cof_report *r, json_t **ret, cof_err *err)
{
	COF_AUTO_PTR(json_t) to = json_object();
	if (to == NULL)
		return cof_err_oom(err);
	int res = heading(r, to, err);
	if (res == 0)
		res = texts(r, to, err);
	if (res == 0)
		res = measured(r, to, err);
	if (res == 0)
		res = phases(r, to, err);
	if (res == 0)
		*ret = cof_steal(&to);
	return res;
}

/* --- for people --- */

static int ending(const cof_report *r, cof_buf *b, cof_err *err)
{
	if (exited(r))
		return 0;
	return cof_buf_printf(b, err, "coffer: %s: %s\n", reason_of(r), r->why.text);
}

static int refusal_line(const cof_report *r, cof_buf *b, cof_err *err)
{
	const json_t *o = r->state.refusal;
	const char *event = json_string_value(json_object_get(o, "event"));
	const char *expected = json_string_value(json_object_get(o, "expected"));
	const char *found = json_string_value(json_object_get(o, "found"));
	const json_t *pcr = json_object_get(o, "pcr");
	int res = o != NULL ? cof_buf_add_str(b, "coffer: refusal", err) : 0;
	if (o == NULL || res < 0)
		return res;
	if (json_is_integer(pcr))
		res = cof_buf_printf(b, err, ", PCR %d", (int)json_integer_value(pcr));
	if (res == 0 && event != NULL)
		res = cof_buf_printf(b, err, ", event %s", event);
	if (res == 0 && expected != NULL)
		res = cof_buf_printf(b, err, ", expected %s", expected);
	if (res == 0 && found != NULL)
		res = cof_buf_printf(b, err, ", found %s", found);
	return res < 0 ? res : cof_buf_add_str(b, "\n", err);
}

static int pcr_lines(const cof_report *r, cof_buf *b, cof_err *err)
{
	const char *name = NULL;
	json_t *hex = NULL;
	int res = 0;
	json_object_foreach (r->state.pcrs, name, hex) {
		if (res == 0 && strspn(json_string_value(hex), "0") != strlen(json_string_value(hex)) &&
		    strspn(json_string_value(hex), "f") != strlen(json_string_value(hex)))
			res = cof_buf_printf(b, err, "coffer: PCR %-2s %s\n", name, json_string_value(hex));
	}
	return res;
}

static int time_line(const cof_report *r, cof_buf *b, cof_err *err)
{
	const char *before = "coffer: times:";
	int res = 0;
	for (size_t i = 0; res == 0 && i < COF_COUNT(phase_order); i++) {
		int64_t ms = phase_ms(r, i);
		if (ms < 0)
			continue;
		res = cof_buf_printf(b, err, "%s %s %" PRId64 " ms", before, phase_order[i], ms);
		before = ",";
	}
	if (res == 0 && before[0] == ',')
		res = cof_buf_add_str(b, "\n", err);
	return res;
}

int cof_report_text(const cof_report *r, cof_buf *b, cof_err *err)
{
	int res = 0;
	if (r->tee != NULL)
		res = cof_buf_printf(b, err, "coffer: machine %s, tee %s, %s\n", r->profile, r->tee,
				     r->accel != NULL ? r->accel : "not started");
	if (res == 0)
		res = pcr_lines(r, b, err);
	if (res == 0 && r->state.verdict[0] != 0)
		res = cof_buf_printf(b, err, "coffer: verdict %s\n", r->state.verdict);
	if (res == 0 && r->state.image_digest[0] != 0)
		res = cof_buf_printf(b, err, "coffer: image %s, %" PRIu64 " bytes pulled\n", r->state.image_digest,
				     r->state.pulled);
	if (res == 0)
		res = time_line(r, b, err);
	if (res == 0)
		res = refusal_line(r, b, err);
	return res < 0 ? res : ending(r, b, err);
}
