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
	bool open; /* not known beforehand: any one event of this type is right here, and digest is zero */
} cof_ref_event;

/*
 * Replays events of one bank into start values, as of a TPM that was started from locality 0. Reason
 * "reference-malformed": a register that no event extends, a digest of another bank, or an open event.
 */
COF_WUR int cof_ref_events_replay(const cof_ref_event *events, size_t n, cof_log_kind kind, cof_hash bank,
				  cof_digest ret[COF_REGS_MAX], cof_err *err);

typedef struct cof_event_diff {
	uint32_t reg;
	char name[COF_EVENT_NAME_MAX]; /* the reference's name; for a surplus event the log's own label */
	bool missing;		       /* expected, and the log ended without it: nothing was found */
	bool surplus;		       /* logged, and nothing more was expected */
	uint32_t expected_type, found_type;
	cof_digest expected, found;
} cof_event_diff;

/*
 * Compares the events of the registers in judged with a log, register by register, and finds the first difference
 * in the log's order. The lists must be equal: a surplus, missing, moved or retyped event is a difference, whatever
 * it says. Events of other registers are skipped. Returns true when they differ and then fills ret.
 */
bool cof_ref_events_differ(const cof_ref_event *want, size_t n, cof_reg_set judged, const cof_eventlog *got,
			   cof_event_diff *ret);
