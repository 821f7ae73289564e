/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Measurement registers, as event logs number them: the PCRs of a TPM, or (CCEL logs) MRTD and the RTMRs of TDX.
 *
 * spec: TCG PC Client PTP 1.05, 4.6 (PCRs); UEFI 2.10, 38.4 (MRTD is index 0, RTMR n is index n + 1)
 */
#pragma once

#include "common/digest.h"

typedef enum cof_log_kind { COF_LOG_TPM, COF_LOG_CCEL } cof_log_kind;

enum {
	COF_PCRS = 24,
	COF_CC_REGS = 5,
	COF_REGS_MAX = COF_PCRS,
	COF_REG_NAME_MAX = 8,
};

/* Bit n: register n. */
typedef uint32_t cof_reg_set;

uint32_t cof_reg_count(cof_log_kind kind);
/* False for numbers that no register has, and for MRTD, which is final before the first event. */
bool cof_reg_is_extended(cof_log_kind kind, uint32_t reg);
bool cof_reg_in(cof_reg_set set, uint32_t reg);
/* "PCR 7", "RTMR0", "MRTD"; reg is one of the kind's. */
void cof_reg_name(cof_log_kind kind, uint32_t reg, char out[COF_REG_NAME_MAX]);

/* The value a register has before the first extend; locality is the one that started the TPM, and counts for PCR 0. */
void cof_reg_start(cof_log_kind kind, cof_hash bank, uint32_t reg, uint8_t locality, cof_digest *ret);
/* reg = H(reg || digest); both of one algorithm, else reason "digest-bank" (internal). */
COF_WUR int cof_reg_extend(cof_digest *reg, const cof_digest *digest, cof_err *err);
