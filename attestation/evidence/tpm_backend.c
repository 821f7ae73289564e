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

static int tpm_evidence(cof_attester *a, cof_span report_data, json_t **ret, cof_err *err)
{
	if (report_data.len != COF_TPM_EXTRA_LEN)
		return cof_err_set(err, COF_E_USAGE, "report-data", "report data of %zu bytes", report_data.len);
	return cof_tpm_evidence(a->tpm, report_data.data, a->eventlog, ret, err);
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
};
