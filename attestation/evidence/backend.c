/* SPDX-License-Identifier: Apache-2.0 */
#include "attestation/evidence/backend.h"

#include "attestation/evidence/tsm.h"
#include "common/file.h"
#include "common/initdata.h"
#include "common/secret.h"

const cof_sys *cof_backend_sys(const cof_attester_opts *opts)
{
	return opts->sys != NULL ? opts->sys : &cof_sys_kernel;
}

static const char *root_of(const cof_attester_opts *opts)
{
	return opts->root != NULL ? opts->root : "";
}

static int dup_text(const char *text, char **ret, cof_err *err)
{
	*ret = text != NULL ? strdup(text) : NULL;
	return text != NULL && *ret == NULL ? cof_err_oom(err) : 0;
}

int cof_backend_new(cof_attester **ret, const cof_attester_opts *opts, cof_err *err)
{
	COF_AUTO_PTR(cof_attester) a = calloc(1, sizeof *a);
	if (a == NULL)
		return cof_err_oom(err);
	a->sys = cof_backend_sys(opts);
	int r = dup_text(root_of(opts), &a->root, err);
	if (r == 0)
		r = dup_text(opts->eventlog, &a->eventlog, err);
	if (r == 0)
		r = dup_text(opts->runtime_log, &a->runtime_log, err);
	if (r == 0)
		*ret = cof_steal(&a);
	return r;
}

void cof_backend_free(cof_attester *a)
{
	if (a == NULL)
		return;
	cof_tpm_free(a->tpm);
	free(a->root);
	free(a->eventlog);
	free(a->runtime_log);
	free(a);
}

bool cof_backend_there(const cof_attester_opts *opts, const char *path)
{
	COF_AUTO_FREE char *full = NULL;
	return cof_path(&full, NULL, "%s%s", root_of(opts), path) == 0 && cof_sys_there(cof_backend_sys(opts), full);
}

bool cof_backend_provides(const cof_attester_opts *opts, const char *provider)
{
	char is[COF_TSM_PROVIDER_MAX];
	COF_AUTO_FREE char *folder = NULL;
	return cof_path(&folder, NULL, "%s" COF_TSM_FOLDER, root_of(opts)) == 0 &&
	       cof_tsm_provider(cof_backend_sys(opts), folder, is) && strcmp(is, provider) == 0;
}

int cof_backend_data(cof_span report_data, uint8_t ret[COF_BACKEND_DATA_LEN], cof_err *err)
{
	if (report_data.len == 0 || report_data.len > COF_BACKEND_DATA_LEN)
		return cof_err_set(err, COF_E_USAGE, "report-data", "report data of %zu bytes", report_data.len);
	memset(ret, 0, COF_BACKEND_DATA_LEN);
	memcpy(ret, report_data.data, report_data.len);
	return 0;
}

int cof_backend_records(const cof_attester *a, const cof_runtimelog *l, cof_buf *ret, cof_err *err)
{
	return a->runtime_log != NULL ? cof_runtimelog_records(l, ret, err) : 0;
}

int cof_backend_reserved(int index, cof_err *err)
{
	return cof_err_set(err, COF_E_POLICY, "register-reserved", "register %d is not free for measurements", index);
}

int cof_backend_bound(const cof_digest *digest, cof_span field, cof_err *err)
{
	uint8_t want[COF_DIGEST_MAX];
	int r = cof_initdata_field(digest, field.len, want, err);
	if (r == 0 && !cof_ct_equal(field, cof_span_of(want, field.len)))
		return cof_err_set(err, COF_E_POLICY, "initdata-mismatch",
				   "the machine was not launched with this initdata");
	return r;
}
