/* SPDX-License-Identifier: Apache-2.0 */
/* The entries of the table in tee.c. */
#pragma once

#include "firmware/tee.h"
#include "firmware/tpm/pcr.h"

/* digest NULL: the register is there, and its value is not known. */
void cof_measurement_add(cof_measurement *m, const char *name, cof_hash alg, const uint8_t *digest);

/* A digest of the document's; zeros are one that was not made. */
bool cof_measured(const uint8_t digest[COF_SHA384_LEN]);

COF_WUR int cof_measure_sev(const cof_measure_in *in, cof_measurement *ret, cof_err *err);
COF_WUR int cof_measure_seves(const cof_measure_in *in, cof_measurement *ret, cof_err *err);
COF_WUR int cof_measure_seves_upto(const cof_measure_in *in, unsigned n, cof_digest *ret, cof_err *err);
COF_WUR int cof_measure_snp(const cof_measure_in *in, cof_measurement *ret, cof_err *err);
COF_WUR int cof_measure_snp_upto(const cof_measure_in *in, unsigned n, cof_digest *ret, cof_err *err);
COF_WUR int cof_measure_tdx(const cof_measure_in *in, cof_measurement *ret, cof_err *err);
COF_WUR int cof_measure_tpm(const cof_measure_in *in, cof_measurement *ret, cof_err *err);
COF_WUR int cof_tpm_measurement_json(const cof_measurement *m, const char *name, json_t **ret, cof_err *err);
