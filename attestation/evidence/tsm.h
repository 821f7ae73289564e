/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reports by configfs-tsm: a folder of our own for each, so that no other user of the interface writes into it, and
 * the generation counted all the same, since any root process could. The kernel is trusted; what it hands on comes
 * from firmware and host, and is limited and then parsed by who asked.
 *
 * The folder is removed whatever happens; those of a process that was killed are by cof_tsm_sweep. A report is asked
 * for at the guest's own privilege level: where that is not 0, at the floor that the kernel names. The services of an
 * SVSM are not asked for: their reports bind a manifest in place of our report data.
 *
 * spec: Linux, Documentation/ABI/testing/configfs-tsm
 */
#pragma once

#include "attestation/evidence/sys.h"

#define COF_TSM_FOLDER "/sys/kernel/config/tsm/report"

enum { COF_TSM_INBLOB_LEN = 64, COF_TSM_PROVIDER_MAX = 32, COF_TSM_AUXBLOB_MAX = 64 << 10 };

typedef struct cof_tsm {
	const cof_sys *sys;
	const char *folder;   /* COF_TSM_FOLDER below the guest's root; borrowed */
	const char *provider; /* "sev_guest", "tdx_guest": another one's report is not what was asked for */
	size_t outblob_max;
} cof_tsm;

typedef struct cof_tsm_answer {
	cof_buf outblob;
	cof_buf auxblob; /* empty where the provider has none */
} cof_tsm_answer;

void cof_tsm_answer_release(cof_tsm_answer *a);
COF_DEFINE_AUTO(cof_tsm_answer, cof_tsm_answer_release)

/*
 * Blocks as long as the provider does. *ret must be zeroed. Reasons: (unavailable) "tsm-absent": no such folder;
 * "tsm-no-provider": nobody answers there; "tsm-busy", "tsm-moving": still in use, or written by somebody else, after
 * some tries; "tsm-timeout": the host did not answer, and asking again does not help. (policy) "tsm-provider": another
 * one. (malformed) "tsm-malformed": longer than it may be, or no number where one belongs. (io) "tsm-failed".
 */
COF_WUR int cof_tsm_get(const cof_tsm *t, const uint8_t inblob[COF_TSM_INBLOB_LEN], cof_tsm_answer *ret, cof_err *err);

/* Whose reports they are; false when there is no folder, no provider, or one with a strange name. */
bool cof_tsm_provider(const cof_sys *sys, const char *folder, char ret[COF_TSM_PROVIDER_MAX]);

/* Removes what an earlier process of ours left behind. */
void cof_tsm_sweep(const cof_sys *sys, const char *folder);
