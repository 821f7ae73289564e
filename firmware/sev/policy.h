/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Guest policies of SEV, SEV-ES and SEV-SNP, taken apart for people.
 *
 * spec: AMD SEV API 0.24, table 2; SEV-SNP ABI 1.55, table 9
 */
#pragma once

#include <stdbool.h>

#include "common/buf.h"

/* QEMU's default for SNP. */
#define COF_SNP_POLICY_DEFAULT 0x30000ull

/* Reason "policy-malformed" (usage): bit 17 is clear, or a bit is set that the ABI has no name for. */
COF_WUR int cof_snp_policy_check(uint64_t policy, cof_err *err);
/* "abi >= 0.0, smt, no debug" */
COF_WUR int cof_snp_policy_text(uint64_t policy, cof_buf *ret, cof_err *err);
COF_WUR int cof_sev_policy_text(uint32_t policy, cof_buf *ret, cof_err *err);

/* What a guest's owner hardly ever gives away: the host may not read the guest, nor share its keys with another. */
#define COF_SEV_POLICY_NODBG (1u << 0)
#define COF_SEV_POLICY_NOKS (1u << 1)
/* "nodbg,noks,es,nosend,domain,sev,api=1.55", each once; "" is 0. Reason "policy-malformed" (usage). */
COF_WUR int cof_sev_policy_read(const char *words, uint32_t *ret, cof_err *err);
/* "1.55", each number of one byte. */
bool cof_sev_api_read(const char *text, uint8_t *ret_major, uint8_t *ret_minor);
