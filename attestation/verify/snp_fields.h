/* SPDX-License-Identifier: Apache-2.0 */
/* What a report says, as JSON for people, tokens and logs; whether it is believed is said elsewhere. */
#pragma once

#include <jansson.h>

#include "attestation/verify/snp_report.h"

/* Hex in lower case, 64-bit words with the most significant digit first, TCBs byte by byte as they lie; members that a
 * version does not have are absent. A new reference. */
COF_WUR int cof_snp_fields(const cof_snp_report *r, cof_snp_line line, json_t **ret, cof_err *err);
