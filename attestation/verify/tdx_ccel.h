/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The firmware's event log of a TD (hostile) against a quote's RTMRs, its data re-hashed where the data is what was
 * measured. MRTD is final before the first event, and not part of it.
 *
 * spec: UEFI 2.10, 38.4 (CC event log); TCG PC Client Platform Firmware Profile 1.05, 10
 */
#pragma once

#include <jansson.h>

#include "attestation/verify/check.h"
#include "attestation/verify/tdx_quote.h"

/*
 * Adds "eventlog-kind", "eventlog-rtmr0" to "eventlog-rtmr3" and "eventlog-data-mismatch" of stage eventlog; a log that
 * does not parse is one failed check of stage parse with the parser's reason, and leaves *ret NULL. *ret is a new
 * object:
 * {"events","log_length","replay","quote_rtmr","match"}. Fails for memory alone.
 */
COF_WUR int cof_tdx_ccel_check(cof_checks *c, cof_span log, const cof_tdx_td *td, json_t **ret, cof_err *err);
