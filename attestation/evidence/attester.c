/* SPDX-License-Identifier: Apache-2.0 */
#include "attestation/evidence/attester.h"

#include "attestation/evidence/backend.h"

/* In the order in which a machine is asked: what the processor vouches for goes before what the host does. */
static const cof_attester_backend *const backends[] = {&cof_backend_snp, &cof_backend_tdx, &cof_backend_tpm};

int cof_attester_backend_by_name(const char *tee, const cof_attester_backend **ret, cof_err *err)
{
	for (size_t i = 0; i < COF_COUNT(backends); i++) {
		if (strcmp(backends[i]->tee, tee) == 0) {
			*ret = backends[i];
			return 0;
		}
	}
	return cof_err_set(err, COF_E_USAGE, "tee-unknown", "no attester for TEE '%.32s'", tee);
}

int cof_attester_detect(const cof_attester_opts *opts, const cof_attester_backend **ret, cof_err *err)
{
	for (size_t i = 0; i < COF_COUNT(backends); i++) {
		if (backends[i]->present(opts)) {
			*ret = backends[i];
			return 0;
		}
	}
	return cof_err_set(err, COF_E_UNAVAILABLE, "tee-absent",
			   "the kernel offers no SEV-SNP, no TDX and no TPM to prove this machine with");
}

int cof_attester_extend_runtime(const cof_attester_backend *b, cof_attester *a, const cof_runtime_event *e,
				cof_err *err)
{
	if (b->extend_runtime == NULL || a->runtime_log == NULL)
		return cof_err_set(err, COF_E_UNAVAILABLE, "extend-unsupported",
				   "nothing is measured after boot on this machine (%s)", b->tee);
	return b->extend_runtime(a, e, err);
}
