/* SPDX-License-Identifier: Apache-2.0 */
#include "attestation/verify/claims.h"

#include <stdio.h>

#include "common/hex.h"

static int set_pcrs(json_t *o, const cof_tpm_verdict *v, cof_err *err)
{
	int r = 0;
	for (unsigned i = 0; r == 0 && i < COF_TPM_VERIFY_PCRS; i++) {
		char key[16];
		(void)snprintf(key, sizeof key, "pcr%02u", i);
		r = cof_json_set_hex(o, key, cof_span_of(v->pcrs[i], COF_SHA256_LEN), err);
	}
	return r;
}

static int set_ak(json_t *o, const cof_tpm_verdict *v, cof_span ak_spki, cof_err *err)
{
	COF_AUTO_FREE char *b64 = cof_b64_dup(ak_spki);
	int r = b64 == NULL ? cof_err_oom(err) : cof_json_set_str(o, "ak_public", b64, err);
	return r < 0 ? r : cof_json_set_hex(o, "ak_name", cof_span_of(v->ak_name, COF_SHA256_LEN), err);
}

int cof_tpm_claims(const cof_tpm_verdict *v, cof_span ak_spki, cof_span report_data, bool has_log, json_t **ret,
		   cof_err *err)
{
	COF_AUTO_PTR(json_t) o = json_object();
	int r = o == NULL ? cof_err_oom(err) : set_pcrs(o, v, err);
	if (r == 0)
		r = set_ak(o, v, ak_spki, err);
	if (r == 0)
		r = cof_json_set_hex(o, "init_data", cof_span_of(v->pcrs[8], COF_SHA256_LEN), err);
	if (r == 0)
		r = cof_json_set_hex(o, "report_data", report_data, err);
	if (r == 0)
		r = cof_json_set_str(o, "reference", v->reference[0] == '\0' ? NULL : v->reference, err);
	if (r == 0)
		r = cof_json_set_new(o, "eventlog", json_boolean(has_log), err);
	/* Said in every token, so that no rule mistakes a host's TPM for memory protection. */
	if (r == 0)
		r = cof_json_set_str(o, "tier", "measured", err);
	if (r == 0)
		*ret = cof_steal(&o);
	return r;
}
