/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An SNP report as the key broker's protocol writes it: field by field. A verifier puts the bytes together again and
 * checks the signature over them, so whatever the JSON has no member for must be zero, and a report in which it is not
 * is refused here, where the reason is known.
 *
 * spec: KBS protocol, evidence of TEE "snp"; SEV-SNP Firmware ABI 56860, ATTESTATION_REPORT
 */
#pragma once

#include "common/json.h"

enum {
	COF_SNPREPORT_LEN = 1184,
	COF_SNPREPORT_DATA_LEN = 64,
	COF_SNPREPORT_AT_DATA = 0x50,
	COF_SNPREPORT_HOST_DATA_LEN = 32,
	COF_SNPREPORT_AT_HOST_DATA = 0xc0,
};

/* Reason "report-data" (malformed): no report of 1184 bytes over these 64. */
COF_WUR int cof_snpreport_check(cof_span report, const uint8_t data[COF_SNPREPORT_DATA_LEN], cof_err *err);

/*
 * The object "attestation_report", a new reference. Reasons (malformed) "report-version": a version of which not all
 * is known; "report-reserved": something that the JSON cannot say.
 */
COF_WUR int cof_snpreport_parse(cof_span report, json_t **ret, cof_err *err);
