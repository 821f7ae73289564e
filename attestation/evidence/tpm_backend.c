/* SPDX-License-Identifier: Apache-2.0 */
/* A TPM 2.0: boot measured, nothing encrypted. */
#include "attestation/evidence/backend.h"
#include "common/initdata.h"

static bool tpm_present(const cof_attester_opts *opts)
{
	static const char device[] = "device:";
	if (opts->tcti == NULL)
		return false;
	if (strncmp(opts->tcti, device, sizeof device - 1) != 0)
		return true;
	return cof_sys_there(cof_backend_sys(opts), opts->tcti + sizeof device - 1);
}

static int tpm_open(cof_attester **ret, const cof_attester_opts *opts, cof_err *err)
{
	COF_AUTO_PTR(cof_attester) a = NULL;
	if (opts->tcti == NULL)
		return cof_err_set(err, COF_E_USAGE, "tcti-unknown", "no TPM transport is named");
	int r = cof_backend_new(&a, opts, err);
	if (r == 0)
		r = cof_tpm_open(&a->tpm, opts->tcti, err);
	if (r == 0)
		*ret = cof_steal(&a);
	return r;
}

/* Nothing was bound at launch: it is done now, before anything that initdata says is followed. */
static int tpm_bind(cof_attester *a, const cof_digest *digest, cof_err *err)
{
	uint8_t field[COF_INITDATA_PCR];
	int r = cof_initdata_field(digest, sizeof field, field, err);
	return r < 0 ? r : cof_tpm_bind_initdata(a->tpm, field, err);
}

static int tpm_request_extra(cof_attester *a, json_t **ret, cof_err *err)
{
	return cof_tpm_request_extra(a->tpm, ret, err);
}

/* A broker that knows the AK already sends none. */
static int tpm_challenge_extra(cof_attester *a, const json_t *extra, cof_err *err)
{
	COF_AUTO(cof_buf) blob = {0};
	COF_AUTO(cof_buf) secret = {0};
	const json_t *tpm = json_object_get(extra, "tpm");
	if (tpm == NULL)
		return 0;
	int r = cof_json_b64(tpm, "credential_blob", &blob, err);
	if (r == 0)
		r = cof_json_b64(tpm, "encrypted_secret", &secret, err);
	return r < 0 ? r : cof_tpm_activate(a->tpm, cof_buf_span(&blob), cof_buf_span(&secret), err);
}

/* --- measurements after boot --- */

static int read_pcr(void *arg, uint32_t pcr, uint8_t *ret, cof_err *err)
{
	uint8_t pcrs[COF_TPM_PCRS][COF_SHA256_LEN];
	int r = cof_tpm_pcrs(arg, pcrs, err);
	if (r == 0)
		memcpy(ret, pcrs[pcr], COF_SHA256_LEN);
	return r;
}

static int extend_pcr(void *arg, uint32_t pcr, const uint8_t *digest, cof_err *err)
{
	return cof_tpm_extend(arg, pcr, digest, err);
}

static cof_runtimelog log_of(const cof_attester *a)
{
	return (cof_runtimelog){.path = a->runtime_log, .registers = {COF_SHA256, read_pcr, extend_pcr, a->tpm}};
}

static int tpm_extend_runtime(cof_attester *a, const cof_runtime_event *e, cof_err *err)
{
	const cof_runtimelog l = log_of(a);
	int pcr = e->register_index == -1 ? COF_RUNTIME_LAST : e->register_index;
	if (pcr < COF_RUNTIME_FIRST || pcr > COF_RUNTIME_LAST)
		return cof_backend_reserved(pcr, err);
	return cof_runtimelog_extend(&l, (uint32_t)pcr, e, err);
}

static int tpm_evidence(cof_attester *a, cof_span report_data, json_t **ret, cof_err *err)
{
	const cof_runtimelog l = log_of(a);
	COF_AUTO(cof_buf) records = {0};
	COF_AUTO_PTR(json_t) e = NULL;
	if (report_data.len != COF_TPM_EXTRA_LEN)
		return cof_err_set(err, COF_E_USAGE, "report-data", "report data of %zu bytes", report_data.len);
	int r = cof_backend_records(a, &l, &records, err);
	if (r == 0)
		r = cof_tpm_evidence(a->tpm, report_data.data, NULL, &e, err);
	if (r == 0)
		r = cof_tpm_set_eventlog(e, a->eventlog, cof_buf_span(&records), err);
	if (r == 0)
		*ret = cof_steal(&e);
	return r;
}

const cof_attester_backend cof_backend_tpm = {
	.tee = "tpm",
	.report_data_len = COF_TPM_EXTRA_LEN,
	.present = tpm_present,
	.open = tpm_open,
	.free = cof_backend_free,
	.bind_initdata = tpm_bind,
	.request_extra = tpm_request_extra,
	.challenge_extra = tpm_challenge_extra,
	.evidence = tpm_evidence,
	.extend_runtime = tpm_extend_runtime,
};
