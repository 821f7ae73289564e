/* SPDX-License-Identifier: Apache-2.0 */
#include "firmware/tee.h"

#include <stdio.h>

#include "firmware/tee_int.h"

const cof_tee_measure cof_tee_measures[] = {
	{.name = "sev",
	 .alg = COF_SHA256,
	 .confidential = true,
	 .needs_image = true,
	 .has_kernel_hashes = true,
	 .measure = cof_measure_sev},
	{.name = "seves",
	 .alg = COF_SHA256,
	 .confidential = true,
	 .needs_image = true,
	 .needs_cpu = true,
	 .has_kernel_hashes = true,
	 .measure = cof_measure_seves,
	 .upto = cof_measure_seves_upto},
	{.name = "snp",
	 .alg = COF_SHA384,
	 .confidential = true,
	 .parts = COF_PART_SEV,
	 .needs_cpu = true,
	 .counts_features = true,
	 .has_kernel_hashes = true,
	 .has_host_data = true,
	 .measure = cof_measure_snp,
	 .upto = cof_measure_snp_upto},
	{.name = "tdx",
	 .alg = COF_SHA384,
	 .confidential = true,
	 .parts = COF_PART_DIGEST | COF_PART_TDX,
	 .counts_memory = true,
	 .hashes_kernel = true,
	 .initrd_sha384 = true,
	 .has_mrconfigid = true,
	 .has_log = true,
	 .log_kind = COF_LOG_CCEL,
	 .measure = cof_measure_tdx},
	{.name = "tpm",
	 .alg = COF_SHA256,
	 .needs_image = true,
	 .counts_memory = true,
	 .hashes_kernel = true,
	 .wants_machine = true,
	 .has_log = true,
	 .log_kind = COF_LOG_TPM,
	 .measure = cof_measure_tpm,
	 .json = cof_tpm_measurement_json},
	{.name = NULL},
};

int cof_tee_measure_find(const char *name, const cof_tee_measure **ret, cof_err *err)
{
	for (const cof_tee_measure *t = cof_tee_measures; t->name != NULL; t++) {
		if (strcmp(t->name, name) == 0) {
			*ret = t;
			return 0;
		}
	}
	return cof_err_set(err, COF_E_USAGE, "tee-unknown", "%.40s is none of sev, seves, snp, tdx, tpm", name);
}

void cof_measurement_add(cof_measurement *m, const char *name, cof_hash alg, const uint8_t *digest)
{
	cof_register *r = &m->registers[m->n++];
	*r = (cof_register){.known = digest != NULL, .value = {.alg = alg}};
	(void)snprintf(r->name, sizeof r->name, "%s", name);
	if (digest != NULL)
		memcpy(r->value.bytes, digest, cof_hash_len(alg));
}

bool cof_measured(const uint8_t digest[COF_SHA384_LEN])
{
	uint8_t any = 0;
	for (size_t i = 0; i < COF_SHA384_LEN; i++)
		any |= digest[i];
	return any != 0;
}
