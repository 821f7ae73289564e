/* SPDX-License-Identifier: Apache-2.0 */
/* The report's own signature: ECDSA P-384 with SHA-384 over the bytes that came. */
#pragma once

#include "attestation/verify/snp_report.h"
#include "common/ossl.h"

/* in: the whole report, of which r was parsed. key: on P-384, or NULL: then it fails.
 * Appends checks of stage signature. Fails for memory alone. */
COF_WUR int cof_snp_signature_check(cof_span in, const cof_snp_report *r, EVP_PKEY *key, cof_checks *checks,
				    cof_err *err);
