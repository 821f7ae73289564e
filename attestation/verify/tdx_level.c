/* SPDX-License-Identifier: Apache-2.0 */
#include "attestation/verify/tdx_level.h"

#include <stdio.h>
#include <time.h>

#include "common/hex.h"
#include "common/json.h"

static int wrong(cof_err *err, const char *what)
{
	return cof_err_set(err, COF_E_MALFORMED, "json-type", "%s", what);
}

int cof_tdx_json_hex(const json_t *o, const char *key, void *out, size_t len, cof_err *err)
{
	const char *text = NULL;
	int rc = cof_json_str(o, key, &text, err);
	if (rc == 0 && cof_unhex(text, out, len, NULL) < 0)
		rc = cof_err_set(err, COF_E_MALFORMED, "json-type", "'%s' is not %zu hex digits", key, 2 * len);
	return rc;
}

/* spec: RFC 3339, in the one form that Intel uses; written again it must be the same text */
int cof_tdx_time_parse(const char *text, int64_t *ret, cof_err *err)
{
	struct tm tm = {0};
	char again[32] = "";
	bool read = strptime(text, "%Y-%m-%dT%H:%M:%SZ", &tm) != NULL;
	int64_t t = timegm(&tm);
	if (!read || strftime(again, sizeof again, "%Y-%m-%dT%H:%M:%SZ", &tm) == 0 || strcmp(again, text) != 0)
		return wrong(err, "not a time in UTC");
	*ret = t;
	return 0;
}

static int read_time(const json_t *o, const char *key, int64_t *ret, cof_err *err)
{
	const char *text = NULL;
	int rc = cof_json_str(o, key, &text, err);
	return rc < 0 ? rc : cof_tdx_time_parse(text, ret, err);
}

int cof_tdx_json_dates(const json_t *o, cof_tdx_dates *ret, cof_err *err)
{
	json_int_t evaluation = 0;
	int rc = read_time(o, "issueDate", &ret->issued, err);
	if (rc == 0)
		rc = read_time(o, "nextUpdate", &ret->next_update, err);
	if (rc == 0)
		rc = cof_json_int(o, "tcbEvaluationDataNumber", 0, UINT16_MAX, &evaluation, err);
	ret->evaluation = (uint32_t)evaluation;
	return rc;
}

static int check_advisories(const json_t *list, cof_err *err)
{
	if (list == NULL)
		return 0;
	if (!json_is_array(list) || json_array_size(list) > COF_TDX_ADVISORIES_MAX)
		return wrong(err, "advisoryIDs");
	for (size_t i = 0; i < json_array_size(list); i++) {
		if (!json_is_string(json_array_get(list, i)))
			return wrong(err, "advisoryIDs");
	}
	return 0;
}

int cof_tdx_json_head(const json_t *level, cof_tdx_level_head *ret, cof_err *err)
{
	const char *status = NULL;
	int64_t date = 0;
	ret->advisories = json_object_get(level, "advisoryIDs");
	int rc = cof_json_str(level, "tcbStatus", &status, err);
	if (rc == 0)
		rc = cof_json_str(level, "tcbDate", &ret->date, err);
	if (rc == 0)
		rc = cof_tdx_time_parse(ret->date, &date, err);
	if (rc == 0)
		rc = check_advisories(ret->advisories, err);
	if (rc == 0 && !cof_tdx_status_by_name(status, COF_TDX_LAST_SIGNED, &ret->status))
		rc = wrong(err, "an unknown tcbStatus");
	return rc;
}

static int read_svn_level(const json_t *o, cof_tdx_svn_level *l, cof_err *err)
{
	json_t *tcb = NULL;
	json_int_t svn = 0;
	int rc = cof_json_obj(o, "tcb", &tcb, err);
	if (rc == 0)
		rc = cof_json_int(tcb, "isvsvn", 0, UINT16_MAX, &svn, err);
	if (rc == 0)
		rc = cof_tdx_json_head(o, &l->head, err);
	l->isvsvn = (uint32_t)svn;
	/* No rule says how another one would change the platform's. */
	if (rc == 0 && l->head.status != COF_TDX_UP_TO_DATE && l->head.status != COF_TDX_OUT_OF_DATE &&
	    l->head.status != COF_TDX_REVOKED)
		rc = wrong(err, "a tcbStatus that a module or enclave cannot have");
	return rc;
}

int cof_tdx_json_svn_levels(const json_t *o, cof_tdx_svn_level ret[COF_TDX_SVN_LEVELS_MAX], size_t *ret_n, cof_err *err)
{
	json_t *list = NULL;
	int rc = cof_json_arr(o, "tcbLevels", &list, err);
	size_t n = rc < 0 ? 0 : json_array_size(list);
	if (rc == 0 && (n == 0 || n > COF_TDX_SVN_LEVELS_MAX))
		rc = wrong(err, "number of tcbLevels");
	for (size_t i = 0; rc == 0 && i < n; i++)
		rc = read_svn_level(json_array_get(list, i), &ret[i], err);
	if (rc == 0)
		*ret_n = n;
	return rc;
}
