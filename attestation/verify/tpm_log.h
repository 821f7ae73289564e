/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A TPM's event log against the registers that were quoted: replayed in every bank that both have, and its data
 * hashed again. What the log says of a register that was not quoted is nobody's word.
 *
 * spec: TCG PC Client Platform Firmware Profile 1.05, 10
 */
#pragma once

#include <jansson.h>

#include "attestation/verify/check.h"
#include "attestation/verify/tpm_policy.h"

typedef struct cof_tpm_log_in {
	bool given;
	cof_span bytes;
	const cof_tpm_quote *quote;
	const cof_tpm_banks *values; /* those outside of the quote's selection are not looked at */
	const cof_tpm_demands *demands;
} cof_tpm_log_in;

/*
 * Appends the checks of stage eventlog. Into fields go "eventlog_events", "eventlog_pcrs" (replayed, by bank, where the
 * log has events), "unverified_events" (their data is not what was measured, or cannot be shown to be) and
 * "unverified_event_pcr", the first one's register. Fails for memory alone.
 */
COF_WUR int cof_tpm_log_check(cof_checks *c, const cof_tpm_log_in *in, json_t *fields, cof_err *err);
