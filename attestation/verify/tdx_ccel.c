/* SPDX-License-Identifier: Apache-2.0 */
#include "attestation/verify/tdx_ccel.h"

#include <stdio.h>

#include "attestation/verify/kinds.h"
#include "attestation/verify/tdx.h"
#include "attestation/verify/tdx_policy.h"
#include "common/hex.h"
#include "common/json.h"
#include "common/secret.h"
#include "firmware/eventlog.h"

enum { RTMR_NAME_MAX = 8 };

/* A log numbers MRTD 0 and RTMR n with n + 1. */
static uint32_t reg_of(size_t rtmr)
{
	return (uint32_t)rtmr + 1;
}

static void rtmr_name(size_t i, char out[RTMR_NAME_MAX])
{
	(void)snprintf(out, RTMR_NAME_MAX, "rtmr%u", (unsigned)(i % COF_TDX_QUOTE_RTMRS));
}

static bool has_events(const cof_eventlog *log, uint32_t reg)
{
	for (size_t i = 0; i < log->n; i++) {
		if (log->events[i].reg == reg)
			return true;
	}
	return false;
}

static int set_hex(json_t *o, const char *name, cof_span bytes, cof_err *err)
{
	COF_AUTO_FREE char *hex = cof_hex_dup(bytes);
	return hex == NULL ? cof_err_oom(err) : cof_json_set_str(o, name, hex, err);
}

/* One register: compared, and shown; a replay is shown where the log has events for it. */
static int check_rtmr(cof_checks *c, size_t i, const cof_eventlog *log, const cof_digest *replayed, cof_span quoted,
		      json_t *o, cof_err *err)
{
	char name[RTMR_NAME_MAX], check[COF_CHECK_NAME_MAX];
	rtmr_name(i, name);
	(void)snprintf(check, sizeof check, "eventlog-%s", name);
	bool same = cof_check_bytes(c, COF_STAGE_EVENTLOG, check, quoted, cof_digest_span(replayed));
	int rc = set_hex(json_object_get(o, "quote_rtmr"), name, quoted, err);
	if (rc == 0 && has_events(log, reg_of(i)))
		rc = set_hex(json_object_get(o, "replay"), name, cof_digest_span(replayed), err);
	return rc < 0 ? rc : cof_json_set_new(json_object_get(o, "match"), name, json_boolean(same), err);
}

static int check_replay(cof_checks *c, const cof_eventlog *log, const cof_tdx_td *td, json_t *o, cof_err *err)
{
	cof_digest regs[COF_REGS_MAX];
	int rc = cof_eventlog_replay(log, regs, err);
	for (size_t i = 0; rc == 0 && i < COF_TDX_QUOTE_RTMRS; i++)
		rc = check_rtmr(c, i, log, &regs[reg_of(i)], td->rtmr[i], o, err);
	return rc;
}

/* A log whose registers are right can still carry data that was never measured. */
static void check_data(cof_checks *c, const cof_eventlog *log)
{
	cof_err why = {0};
	if (cof_eventlog_check_data(log, &why) < 0)
		cof_check_error(c, COF_STAGE_EVENTLOG, &why);
	else
		cof_check_that(c, COF_STAGE_EVENTLOG, "eventlog-data-mismatch", true);
}

int cof_tdx_ccel_check(cof_checks *c, cof_span in, const cof_tdx_td *td, json_t **ret, cof_err *err)
{
	COF_AUTO(cof_eventlog) log = {0};
	cof_err why = {0};
	if (cof_eventlog_parse(in, COF_SHA384, &log, &why) < 0) {
		cof_check_error(c, COF_STAGE_PARSE, &why);
		return 0;
	}
	/* A TPM's log has other registers under the same numbers. */
	if (!cof_check_that(c, COF_STAGE_EVENTLOG, "eventlog-kind", log.kind == COF_LOG_CCEL))
		return 0;
	COF_AUTO_PTR(json_t)
	o = json_pack("{s:I, s:I, s:{}, s:{}, s:{}}", "events", (json_int_t)log.n, "log_length", (json_int_t)log.size,
		      "replay", "quote_rtmr", "match");
	int rc = o == NULL ? cof_err_oom(err) : check_replay(c, &log, td, o, err);
	if (rc < 0)
		return rc;
	check_data(c, &log);
	*ret = cof_steal(&o);
	return 0;
}

/* --- the kind --- */

/* Without a word about trust, log and quote are compared with each other alone, and the answer says so. */
static int compare_alone(const cof_verify_in *in, cof_verdict *ret, cof_err *err)
{
	cof_tdx_policy policy;
	cof_tdx_quote q;
	cof_err why = {0};
	int rc = cof_tdx_policy_read(in->policy, &policy, err);
	if (rc < 0)
		return rc;
	if (cof_tdx_quote_parse(cof_role(in, "quote"), &q, &why) < 0) {
		cof_check_error(&ret->checks, COF_STAGE_PARSE, &why);
		return 0;
	}
	rc = cof_tdx_ccel_check(&ret->checks, cof_role(in, "event_log"), &q.td, &ret->fields, err);
	if (rc < 0 || ret->fields == NULL)
		return rc;
	cof_tdx_policy_check(&ret->checks, &policy, &q.td);
	return cof_json_set_new(ret->fields, "quote_verified", json_false(), err);
}

int cof_kind_ccel(const cof_verify_in *in, cof_verdict *ret, cof_err *err)
{
	COF_AUTO_PTR(cof_tdx_verified) v = NULL;
	if (in->n_files == 2)
		return compare_alone(in, ret, err);
	int rc = cof_tdx_verify(in, ret, &v, err);
	json_t *log = ret->fields == NULL ? NULL : json_object_get(ret->fields, "event_log");
	if (rc == 0 && json_is_object(log)) {
		rc = json_object_update(ret->fields, log) < 0 ? cof_err_oom(err) : 0;
		if (rc == 0)
			rc = cof_json_set_new(ret->fields, "quote_verified", json_boolean(v != NULL), err);
	}
	return rc;
}
