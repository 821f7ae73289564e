/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Judges quoted registers: which reference the boot equals, which initdata is bound, and, when the answer is no, the
 * register and the event that a person must look at. All inputs but the log's labels are facts by now.
 */
#pragma once

#include "attestation/verify/tpm.h"
#include "firmware/eventlog.h"

/* log NULL: none was sent. Fills status, reason, text, pcr, event, expected, found, has_initdata, initdata_digest,
 * reference and trust of ret, whose pcrs are set. Fails only for references that are broken (reason
 * "reference-malformed") or sizes that the caller got wrong. */
COF_WUR int cof_tpm_appraise(const cof_tpm_verify_in *in, const cof_eventlog *log, cof_tpm_verdict *ret, cof_err *err);
