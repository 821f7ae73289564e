/* SPDX-License-Identifier: Apache-2.0 */
#include "attestation/evidence/attester.h"

#include "attestation/evidence/tpm.h"

/* Backends keep their state behind this; each frees what it made. */
struct cof_attester {
	cof_tpm *tpm;
	char *eventlog;
};

static void tpm_free(cof_attester *a)
{
	if (a == NULL)
		return;
	cof_tpm_free(a->tpm);
	free(a->eventlog);
	free(a);
}
typedef cof_attester attester;
COF_DEFINE_AUTO_PTR(attester, tpm_free)

static int tpm_open(cof_attester **ret, const cof_attester_opts *opts, cof_err *err)
{
	COF_AUTO_PTR(attester) a = calloc(1, sizeof *a);
	if (a == NULL)
		return cof_err_oom(err);
	if (opts->tcti == NULL)
		return cof_err_set(err, COF_E_USAGE, "tcti-unknown", "no TPM transport is named");
	if (opts->eventlog != NULL) {
		a->eventlog = strdup(opts->eventlog);
		if (a->eventlog == NULL)
			return cof_err_oom(err);
	}
	int r = cof_tpm_open(&a->tpm, opts->tcti, err);
	if (r == 0)
		*ret = cof_steal(&a);
	return r;
}

static int tpm_bind(cof_attester *a, const uint8_t digest[COF_SHA256_LEN], cof_err *err)
{
	return cof_tpm_bind_initdata(a->tpm, digest, err);
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

static const cof_attester_backend backends[] = {
	{.tee = "tpm",
	 .report_data_len = COF_TPM_EXTRA_LEN,
	 .open = tpm_open,
	 .free = tpm_free,
	 .bind_initdata = tpm_bind,
	 .request_extra = tpm_request_extra,
	 .challenge_extra = tpm_challenge_extra,
	 .evidence = tpm_evidence},
};

int cof_attester_backend_by_name(const char *tee, const cof_attester_backend **ret, cof_err *err)
{
	for (size_t i = 0; i < COF_COUNT(backends); i++) {
		if (strcmp(backends[i].tee, tee) == 0) {
			*ret = &backends[i];
			return 0;
		}
	}
	return cof_err_set(err, COF_E_USAGE, "tee-unknown", "no attester for TEE '%.32s'", tee);
}
