/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reference events: what a boot is expected to log, in order, for whatever registers the machine has (TPM PCRs, TDX
 * RTMRs). Pure: digests in, registers out; and the first event of a log that differs.
 */
#pragma once

#include "firmware/eventlog.h"

typedef struct cof_ref_event {
	uint32_t reg; /* as the log numbers them: the PCR; for TDX the RTMR + 1 (0 is MRTD) */
	uint32_t type;
	char name[COF_EVENT_NAME_MAX];
	cof_digest digest;
} cof_ref_event;
