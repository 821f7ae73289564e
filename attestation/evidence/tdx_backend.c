/* SPDX-License-Identifier: Apache-2.0 */
/* TDX: quotes by configfs-tsm, and the firmware's event log beside them. */
#include "attestation/evidence/backend.h"
#include "attestation/evidence/tdxguest.h"
#include "attestation/evidence/tdxquote.h"
#include "attestation/evidence/tsm.h"
#include "common/file.h"
#include "common/hex.h"
#include "common/secret.h"

#define CCEL "/sys/firmware/acpi/tables/data/CCEL"

enum { PCR_MAX = 23 };

static const char provider[] = "tdx_guest";

static bool tdx_present(const cof_attester_opts *opts)
{
	return cof_backend_provides(opts, provider) || cof_backend_there(opts, COF_TDXGUEST_DEVICE);
}

/* The driver alone makes TDREPORTs, which only this machine could check. */
static int tdx_open(cof_attester **ret, const cof_attester_opts *opts, cof_err *err)
{
	COF_AUTO_PTR(cof_attester) a = NULL;
	COF_AUTO_FREE char *folder = NULL;
	int r = cof_backend_new(&a, opts, err);
	if (r == 0)
		r = cof_path(&folder, err, "%s" COF_TSM_FOLDER, a->root);
	if (r < 0)
		return r;
	cof_tsm_sweep(a->sys, folder);
	if (!cof_backend_provides(opts, provider))
		return cof_err_set(err, COF_E_UNAVAILABLE, "tdx-no-quotes",
				   "a TDX guest whose kernel has no configfs-tsm gets no quotes (Linux 6.7 has it)");
	*ret = cof_steal(&a);
	return 0;
}

/* MRCONFIGID as the TDX module has it: no quote, for which the host would be asked, and which would prove it to others
 * alone. */
static int tdx_bind(cof_attester *a, const cof_digest *digest, cof_err *err)
{
	uint8_t id[COF_SHA384_LEN];
	int r = cof_tdxguest_mrconfigid(a->sys, a->root, id, err);
	return r < 0 ? r : cof_backend_bound(digest, cof_span_of(id, sizeof id), err);
}

static int quote(const cof_attester *a, const uint8_t data[COF_BACKEND_DATA_LEN], cof_tsm_answer *got,
		 cof_tdxquote *ret, cof_err *err)
{
	COF_AUTO_FREE char *folder = NULL;
	int r = cof_path(&folder, err, "%s" COF_TSM_FOLDER, a->root);
	if (r < 0)
		return r;
	const cof_tsm t = {a->sys, folder, provider, COF_TDXQUOTE_MAX};
	r = cof_tsm_get(&t, data, got, err);
	if (r == 0)
		r = cof_tdxquote_parse(cof_buf_span(&got->outblob), ret, err);
	if (r == 0 && !cof_ct_equal(ret->report_data, cof_span_of(data, COF_BACKEND_DATA_LEN)))
		return cof_err_set(err, COF_E_MALFORMED, "report-data", "a quote that is not over our data");
	return r;
}

static int b64_json(cof_span bytes, json_t **ret, cof_err *err)
{
	COF_AUTO_FREE char *text = cof_b64_dup(bytes);
	*ret = text != NULL ? json_string(text) : NULL;
	return *ret == NULL ? cof_err_oom(err) : 0;
}

/* --- measurements after boot --- */

static int read_rtmr(void *arg, uint32_t n, uint8_t *ret, cof_err *err)
{
	const cof_attester *a = arg;
	return cof_tdxguest_rtmr(a->sys, a->root, n, ret, err);
}

static int extend_rtmr(void *arg, uint32_t n, const uint8_t *digest, cof_err *err)
{
	const cof_attester *a = arg;
	return cof_tdxguest_extend(a->sys, a->root, n, digest, err);
}

/* Index 0 of the log is MRTD. */
static cof_runtimelog log_of(cof_attester *a)
{
	return (cof_runtimelog){
		.path = a->runtime_log, .registers = {COF_SHA384, read_rtmr, extend_rtmr, a}, .first_index = 1};
}

/* spec: UEFI 2.10, 38.4.1: PCRs 8 to 15 are RTMR2; the rest is for who runs the workload: RTMR3 */
static int tdx_extend_runtime(cof_attester *a, const cof_runtime_event *e, cof_err *err)
{
	const cof_runtimelog l = log_of(a);
	int i = e->register_index == -1 ? PCR_MAX : e->register_index;
	if (i < COF_RUNTIME_FIRST || i > PCR_MAX)
		return cof_backend_reserved(i, err);
	return cof_runtimelog_extend(&l, i <= COF_RUNTIME_LAST ? 2 : 3, e, err);
}

/* --- evidence --- */

/* Our records go where the firmware's end. Firmware need not keep a log; the registers then speak for themselves. */
static int eventlog_json(const cof_attester *a, cof_span records, json_t **ret, cof_err *err)
{
	COF_AUTO(cof_buf) log = {0};
	cof_span used = {0};
	COF_AUTO_FREE char *path = NULL;
	int r = cof_path(&path, err, "%s" CCEL, a->root);
	if (r < 0)
		return r;
	r = cof_sys_read_all(a->sys, path, COF_CCLOG_MAX, &log);
	if (r == -ENOENT) {
		*ret = json_null();
		return 0;
	}
	errno = -r;
	if (r < 0)
		return cof_err_sys(err, "eventlog-unreadable", "%s", path);
	r = cof_cclog_parse(cof_buf_span(&log), &used, err);
	if (r < 0)
		return r;
	log.len = used.len;
	r = cof_buf_add(&log, records.data, records.len, err);
	return r < 0 ? r : b64_json(cof_buf_span(&log), ret, err);
}

static int tdx_evidence(cof_attester *a, cof_span report_data, json_t **ret, cof_err *err)
{
	const cof_runtimelog l = log_of(a);
	COF_AUTO(cof_buf) records = {0};
	COF_AUTO(cof_tsm_answer) got = {0};
	COF_AUTO_PTR(json_t) text = NULL;
	COF_AUTO_PTR(json_t) log = NULL;
	cof_tdxquote q;
	uint8_t data[COF_BACKEND_DATA_LEN];
	int r = cof_backend_data(report_data, data, err);
	if (r == 0)
		r = cof_backend_records(a, &l, &records, err);
	if (r == 0)
		r = quote(a, data, &got, &q, err);
	if (r == 0)
		r = b64_json(q.quote, &text, err);
	if (r == 0)
		r = eventlog_json(a, cof_buf_span(&records), &log, err);
	if (r < 0)
		return r;
	*ret = json_pack("{s:O, s:O}", "cc_eventlog", log, "quote", text);
	return *ret == NULL ? cof_err_oom(err) : 0;
}

const cof_attester_backend cof_backend_tdx = {
	.tee = "tdx",
	.report_data_len = COF_BACKEND_DATA_LEN,
	.present = tdx_present,
	.open = tdx_open,
	.free = cof_backend_free,
	.bind_initdata = tdx_bind,
	.evidence = tdx_evidence,
	.extend_runtime = tdx_extend_runtime,
};
